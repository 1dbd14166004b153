"""Errors of the node: the docstring is the operator's message, the data are attributes."""

import inspect
from enum import StrEnum
from typing import ClassVar

from triage_node.reasons import Reason


class TriageError(Exception):
    """Something went wrong in the node."""

    retryable: ClassVar[bool] = False

    def __init__(self, message: str = "", **data: object) -> None:
        self.data = data
        super().__init__(message or inspect.cleandoc(self.__doc__ or ""))


class SettingsError(TriageError):
    """A setting is missing or wrong."""


class StorageError(TriageError):
    """The node could not write to its data folder."""

    retryable = True


class StorageFull(StorageError):
    """The disk that holds the data folder is full."""


class ObjectStorageError(StorageError):
    """The object storage does not do what it is asked for."""


class ObjectStorageAway(ObjectStorageError):
    """The object storage does not answer now."""


class ObjectStorageRefused(ObjectStorageError):
    """The object storage refuses: the bucket, the credentials or what they permit must be set right."""


class AddressUnavailable(TriageError):
    """The node cannot listen on that address and port."""


class FolderInUse(StorageError):
    """Another node uses the data folder."""


class Interrupted(StorageError):
    """The node ended before it was done."""


class DatabaseDamaged(StorageError):
    """The worklist's database file is damaged; `triage-node rebuild` makes it anew from the spool."""

    retryable = False


class DatabaseRefused(StorageError):
    """The worklist's database takes or says nothing now, whatever it is asked."""


class RowRefused(StorageError):
    """The worklist's database does not take these values, and will not when they come again."""

    retryable = False


class InvalidInstance(TriageError):
    """The file is not a DICOM instance the node can keep."""


class UnsuitableSeries(TriageError):
    """The series cannot be analyzed."""

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reason.message for reason in reasons))


class ModelError(TriageError):
    """The model could not be loaded."""


class UnknownModel(ModelError, SettingsError):
    """There is no such model."""


class StudyNotFound(TriageError):
    """The worklist has no study with that Study Instance UID."""


class ReportNotFound(TriageError):
    """There is no report of that study: it is not analyzed yet, or shows no CT that a report could be about."""


class IllegalMove(TriageError):
    """The worklist does not allow that change of state."""


class AccountError(TriageError):
    """The account cannot be made or changed so."""


class SignInRefused(TriageError):
    """The name or the password is wrong."""


class TooManyAttempts(SignInRefused):
    """Too many attempts failed; ``data["seconds"]`` says how long to wait."""


class InvalidInput(TriageError):
    """The request says something the node cannot use."""


class Trouble(StrEnum):
    """What keeps a request from being taken, as a person on the phone would say it."""

    NO_ANSWER = "no_answer"
    NOT_REACHED = "not_reached"
    AE_TITLE_UNKNOWN = "ae_title_unknown"
    CALLED_AE_TITLE_UNKNOWN = "called_ae_title_unknown"
    NO_TLS = "no_tls"
    DENIED = "denied"
    BUSY = "busy"
    REFUSED = "refused"
    FAILED = "failed"


class PeerError(TriageError):
    """The other system did not take the request."""

    retry_after_seconds: float = 0.0
    usual_trouble: ClassVar[Trouble] = Trouble.FAILED

    @property
    def trouble(self) -> Trouble:
        """What it is, where whoever raised it knows more than the class says."""
        return Trouble(str(self.data.get("trouble", self.usual_trouble)))


class PeerUnreachable(PeerError):
    """The other system could not be reached."""

    retryable = True
    usual_trouble = Trouble.NO_ANSWER


class PeerBusy(PeerError):
    """The other system cannot take the request now."""

    retryable = True
    usual_trouble = Trouble.BUSY


class PeerCongested(PeerBusy):
    """The other system takes nothing now."""

    def __init__(self, message: str = "", retry_after_seconds: float = 0.0, **data: object) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message, **data)


class PeerDenied(PeerError):
    """The other system does not let us in; who sets it up, or us, must act."""

    retryable = True
    usual_trouble = Trouble.DENIED


class PeerRefused(PeerError):
    """The other system refuses the request, and will go on doing so."""

    usual_trouble = Trouble.REFUSED
