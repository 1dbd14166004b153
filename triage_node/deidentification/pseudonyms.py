"""What takes the place of UIDs, patients and dates: derived from a secret key, so the same every time."""

import base64
import hmac
import uuid
from datetime import date, datetime, timedelta

from pydicom.uid import UID

EARLIEST_DAYS, LATEST_DAYS = 3650, 365
"""Dates go back by at least a year and at most ten."""
KNOWN_ROOT = "1.2.840.10008."
PATIENT_LENGTH = 12
KEY_BYTES = 32


class Pseudonyms:
    """Replace what names a patient, a study or a day.

    Parameters
    ----------
    key
        Who has it can tell which pseudonym an ID or a UID got, and by how much dates were shifted.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"the key has {len(key)} bytes, it needs {KEY_BYTES}")
        self._key = key

    def uid(self, uid: str, kind: str = "uid") -> str:
        """Return another UID (PS3.5 B.2), one for each kind; those of the Standard itself, as SOP classes, stay."""
        uid = uid.strip("\0 ")
        if not uid or uid.startswith(KNOWN_ROOT):
            return uid
        return UID(f"2.25.{uuid.UUID(bytes=self._digest(kind, uid)[:16], version=4).int}")

    def patient(self, patient: str) -> str:
        """Return the Patient ID, and name, that stands for a patient."""
        return base64.b32encode(self._digest("patient", patient.strip())).decode("ascii")[:PATIENT_LENGTH]

    def shift(self, patient: str) -> timedelta:
        """Return by how many whole days the dates of a patient go back."""
        number = int.from_bytes(self._digest("dates", patient.strip())[:8], "big")
        return timedelta(days=LATEST_DAYS + number % (EARLIEST_DAYS - LATEST_DAYS))

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\0{value}".encode("utf-8", "surrogateescape"), "sha256")


def earlier_date(value: str, shift: timedelta) -> str:
    """Return a DA value so many days earlier, "" when it is no date (PS3.5 Table 6.2-1)."""
    digits = value.strip("\0 ").replace(".", "")
    try:
        return (_day(digits) - shift).strftime("%Y%m%d").rjust(8, "0")
    except (ValueError, OverflowError):
        return ""


def earlier_time(value: str, shift: timedelta) -> str:
    """Return a DT value so many days earlier, without its offset from UTC; "" when it names no day."""
    moment = value.strip("\0 ").replace("-", "+").partition("+")[0]
    day = earlier_date(moment[:8], shift)
    return day + moment[8:] if day and moment[8:].replace(".", "").isdigit() | (len(moment) == 8) else ""


def _day(digits: str) -> date:
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{digits!r} is no day")
    return datetime.strptime(digits, "%Y%m%d").date()
