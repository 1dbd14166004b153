"""What a command shows or writes of patients, noted in the audit trail."""

import getpass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage_node.worklist import Worklist

ROLE, ADDRESS = "command line", "localhost"


def audit(worklist: "Worklist", action: str, study_instance_uid: str = "", query: str = "") -> None:
    """Note an access by the person at this machine, before it happens.

    Raises
    ------
    StorageError
        It cannot be written; then nothing may be shown either.
    """
    from triage_node.identity import Access

    trail = worklist.audit_trail
    access = Access(trail.clock(), getpass.getuser(), ROLE, ADDRESS, action, study_instance_uid, query)
    trail.append([access])
