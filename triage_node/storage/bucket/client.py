"""The client of a bucket: boto3, loaded only where a bucket is set."""

from typing import Any

from triage_node.errors import SettingsError
from triage_node.storage.bucket.options import BucketOptions

TRIES = 3
"""Of one request, after growing pauses with jitter; what is longer away is waited for (`Answering`)."""


def check_installed() -> None:
    """Refuse a bucket where the extra is missing.

    Raises
    ------
    SettingsError
        It is not installed.
    """
    try:
        import boto3  # noqa: F401
    except ImportError as error:
        raise SettingsError("storage_url needs the extra s3: pip install 'triage-node[s3]'.") from error


def client_of(options: BucketOptions) -> Any:
    """Return a client, which threads may share; nothing is sent yet.

    Raises
    ------
    SettingsError
        The extra is not installed, or a file of the settings cannot be used.
    """
    check_installed()
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    session = botocore.session.get_session()
    if options.credentials_file is not None:
        _check_readable("storage_credentials_file", options.credentials_file)
        # Keys in the environment would come first, and the file is what was set.
        session.set_config_variable("credentials_file", str(options.credentials_file))
        session.get_component("credential_provider").remove("env")
    if options.tls_ca is not None:
        _check_readable("storage_tls_ca", options.tls_ca)
    config = Config(
        connect_timeout=min(options.timeout_seconds, 10.0),
        read_timeout=options.timeout_seconds,
        max_pool_connections=2 * options.connections,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        s3={"addressing_style": "path" if options.endpoint else "auto"},
        # Each file that is stored carries a checksum of ours, and each that is fetched is compared with it.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return boto3.Session(botocore_session=session, region_name=options.region).client(
            "s3",
            endpoint_url=options.endpoint,
            region_name=options.region or (None if session.get_config_variable("region") else "us-east-1"),
            verify=None if options.tls_ca is None else str(options.tls_ca),
            config=config,
        )
    except (BotoCoreError, ValueError, OSError) as error:
        raise SettingsError(f"storage_url: the client cannot be made: {error}") from error


def _check_readable(setting: str, path: Any) -> None:
    try:
        path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{setting}: {path} cannot be read: {error.strerror}.") from error
