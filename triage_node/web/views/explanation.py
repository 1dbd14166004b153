"""Where the model looked: who may see it, and of which analysis it is."""

from triage_node.config import Settings
from triage_node.identity import Role
from triage_node.storage import Spool, StoredResult
from triage_node.worklist import Study

SEEN_BY = {
    "nobody": (),
    "administrators": (Role.ADMINISTRATOR,),
    "everybody": (Role.READER, Role.ADMINISTRATOR),
}


def may_see_explanations(settings: Settings, role: Role) -> bool:
    """Tell whether the site shows explanations to a role."""
    return role in SEEN_BY[settings.explanation_shown]


def has_explanation(study: Study, spool: Spool) -> bool:
    """Tell whether the latest analysis left a picture."""
    result = _latest_result(study, spool)
    return result is not None and result.has_explanation


def latest_explanation(study: Study, spool: Spool) -> bytes | None:
    """Return the PNG of the latest analysis, None where there is none: an older one would explain another answer."""
    result = _latest_result(study, spool)
    return None if result is None else result.explanation()


def _latest_result(study: Study, spool: Spool) -> StoredResult | None:
    latest = study.latest_outcome
    return spool.result(study.study_instance_uid, latest.folder) if latest and latest.folder else None
