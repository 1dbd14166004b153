"""Who looks at the images of which study: many requests, one access in the audit trail."""

import threading
from typing import TYPE_CHECKING

from cachetools import TTLCache

if TYPE_CHECKING:
    from triage_node.web.security.principal import Principal

ONE_VIEW_SECONDS = 900.0
MOST_VIEWS = 10_000


class ImageViews:
    """Who looks at the images of which study: the slices of one view are one access, not hundreds."""

    def __init__(self) -> None:
        # Its time is that of the steady clock; the requests that note come from several threads.
        self._noted: TTLCache[tuple[str, str, str], bool] = TTLCache(MOST_VIEWS, ONE_VIEW_SECONDS)
        self._lock = threading.Lock()

    def note(self, principal: "Principal", study_instance_uid: str) -> None:
        """Remember an access that was kept."""
        with self._lock:
            self._noted[principal.name, principal.session_id, study_instance_uid] = True

    def is_noted(self, principal: "Principal", study_instance_uid: str) -> bool:
        """Tell whether the same session's access to the study was kept lately."""
        with self._lock:
            return (principal.name, principal.session_id, study_instance_uid) in self._noted
