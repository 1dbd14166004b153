"""Which SOP classes can be stored (PS3.4 Annex B and GG): all but those known to be something else."""

from pydicom.uid import UID

VERIFICATION = "1.2.840.10008.1.1"
# Named storage, and none: commitment is N-ACTION (PS3.4 Annex J), a DICOMDIR lives on media only (PS3.10 Section 8.6).
NOT_STORED = frozenset({"1.2.840.10008.1.20.1", "1.2.840.10008.1.20.2", "1.2.840.10008.1.3.10"})


def is_storage(uid: str) -> bool:
    """Tell whether instances of a class can be stored; what PS3.6 does not know, also a private class, is storage.

    A PACS forwards whole studies, and refusing one class can make it drop all.
    """
    known = UID(uid)
    if not known.type or (known.type == "SOP Class" and known.name in ("", uid)):
        return True
    return known.type == "SOP Class" and "Storage" in known.name and uid not in NOT_STORED
