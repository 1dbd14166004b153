"""UIDs the report makes and UIDs it carries over."""

import hashlib
import re

from pydicom import config
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

VALID_UID = re.compile(r"(?=.{1,64}$)[0-2](\.(0|[1-9]\d*))+", re.ASCII)
"""PS3.5 9.1."""

HARMLESS_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
"""What systems are seen to send and a value of VR UI can hold."""


def is_valid_uid(uid: str) -> bool:
    """Tell whether a UID keeps PS3.5 9.1; unlike pydicom's `UID`, without a warning in the log when it does not."""
    return VALID_UID.fullmatch(uid) is not None


def hashed_uid(*parts: str) -> str:
    """Return a UID under ``2.25`` from the first 16 bytes of the SHA-256 over the parts (PS3.5 B.2)."""
    digest = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def carried_uid(received: str) -> str:
    """Return a received UID as the report carries it.

    A UID is copied as received even where PS3.5 9.1 does not allow it (RSNA's ``ID_...``): the PACS knows the
    instance by that name and by no other, and a replaced Study Instance UID would file the report into a study of its
    own. Only what a value of VR UI cannot hold (empty, over 64 characters, backslash, control or non-ASCII
    characters) is replaced, always by the same ``2.25`` UID.
    """
    return received if HARMLESS_UID.fullmatch(received) else hashed_uid("carried", received)


def set_uid(ds: Dataset, keyword: str, uid: str) -> None:
    """Set a UID without pydicom's validation, which would warn of a harmless odd one."""
    ds[keyword] = DataElement(keyword, "UI", uid, validation_mode=config.IGNORE)
