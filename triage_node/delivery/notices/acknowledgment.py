"""What a receiver of HL7 v2 messages answers: MSA and the code of ERR (HL7 v2.5, 2.9)."""

import re
from dataclasses import dataclass
from typing import Self

ACCEPTED = frozenset(["AA", "CA"])
REJECTED = frozenset(["AR", "CR"])
CODES = ACCEPTED | REJECTED | {"AE", "CE"}
"""Table 0008: application and commit, accept, reject and error."""
NEVER = frozenset(["100", "101", "102", "103", "104", "200", "201", "202", "203", "204", "205"])
LATER = frozenset(["206", "207"])
"""Table 0357: what is wrong with the message stays so; a locked record and an internal error do not."""


@dataclass(frozen=True)
class Acknowledgment:
    """The code of MSA-1, the message that MSA-2 names, and the number in ERR-3 where there is one."""

    code: str
    control_id: str
    error: str = ""

    @classmethod
    def read(cls, message: bytes) -> Self | None:
        """Read an answer, tolerant of what is around; None when it acknowledges nothing."""
        segments = re.split(r"[\r\n]+", message.decode("utf-8", "replace").strip("\x0b\x1c\r\n "))
        header = next((one for one in segments if one.startswith("MSH") and len(one) > 4), None)
        if header is None:
            return None
        separator, component = header[3], header[4]
        fields = {one.partition(separator)[0]: one.split(separator) for one in reversed(segments)}
        answer = [*fields.get("MSA", []), "", "", ""]
        code = answer[1].strip().upper()
        if answer[0] != "MSA" or code not in CODES:
            return None
        return cls(code, answer[2].strip(), _error(fields.get("ERR", []), component))

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has the message."""
        return self.code in ACCEPTED

    @property
    def is_final(self) -> bool:
        """Whether it will refuse the message again; an error without a number may be gone the next time."""
        if self.error in LATER:
            return False
        return self.code in REJECTED or self.error in NEVER


def _error(fields: list[str], component: str) -> str:
    """Return ERR-3.1, which is a number of table 0357; words of the receiver may name the patient."""
    number = fields[3].partition(component)[0].strip() if len(fields) > 3 else ""
    return number if re.fullmatch(r"\d{1,4}", number, re.ASCII) else ""
