"""Who has the images of which study open: many requests, one access in the audit trail."""

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage_node.web.security.principal import Principal

ONE_OPENING_SECONDS = 900.0
KEPT_OPENINGS = 10_000


class Openings:
    """Who looks at the images of which study: the slices of one opening are one access, not hundreds."""

    def __init__(self) -> None:
        self._until: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def note(self, principal: "Principal", study_instance_uid: str) -> None:
        """Remember an access that was kept."""
        key = (principal.name, principal.session_id, study_instance_uid)
        self._until[key] = time.monotonic() + ONE_OPENING_SECONDS
        self._until.move_to_end(key)
        while len(self._until) > KEPT_OPENINGS:
            self._until.popitem(last=False)

    def is_noted(self, principal: "Principal", study_instance_uid: str) -> bool:
        """Tell whether the same session's access to the study was kept lately."""
        key = (principal.name, principal.session_id, study_instance_uid)
        return self._until.get(key, 0.0) > time.monotonic()
