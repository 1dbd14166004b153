"""What an object storage that fails says, in sentences that name the way out."""

from typing import Any

from triage_node.errors import ObjectStorageAway, ObjectStorageError, ObjectStorageRefused
from triage_node.storage.bucket.options import BucketOptions

BUSY = frozenset(
    {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling", "ThrottlingException", "503"}
)
UNKNOWN = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthorizationHeaderMalformed"})
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})


def status_of(error: Any) -> int:
    """Return the status of an answer that refuses."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: Any) -> str:
    """Return the code of an answer that refuses."""
    return str(error.response.get("Error", {}).get("Code", ""))


def sentence_of(error: Exception, options: BucketOptions, action: str) -> ObjectStorageError:
    """Return what is to be said of a failure of boto3, which may be anything between a cut wire and a wrong key."""
    from botocore.exceptions import ClientError, NoCredentialsError, PartialCredentialsError, SSLError

    if isinstance(error, ClientError):
        return _answered(error, options, action)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return ObjectStorageRefused(
            f"There are no credentials for {options}: name a file of them in storage_credentials_file, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the node's environment."
        )
    if isinstance(error, SSLError):
        return ObjectStorageRefused(
            f"The certificate of {options} is not trusted; storage_tls_ca names who signs it: {error}"
        )
    return ObjectStorageAway(f"The object storage {options} does not answer ({action}): {_first_line(error)}")


def _answered(error: Any, options: BucketOptions, action: str) -> ObjectStorageError:
    code, status = code_of(error), status_of(error)
    if code == "NoSuchBucket":
        return ObjectStorageRefused(f"There is no bucket of {options}: make it, or set storage_url.")
    if code in EXPIRED:
        return ObjectStorageRefused(f"The credentials for {options} have expired: renew them ({code}).")
    if code in UNKNOWN:
        return ObjectStorageRefused(f"The credentials for {options} are wrong: {code}.")
    if code in BUSY or status >= 500 or status == 429:
        return ObjectStorageAway(f"The object storage {options} is busy or down ({action}): {status} {code}.")
    if status in (401, 403):
        return ObjectStorageRefused(f"The credentials for {options} do not permit to {action}: {code or status}.")
    return ObjectStorageRefused(f"The object storage {options} refuses to {action}: {status} {code}.")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
