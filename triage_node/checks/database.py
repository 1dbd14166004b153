"""The worklist's database: whether it answers, and whether its tables are of this version."""

from triage_node.checks.result import Result, failed, ok, warning
from triage_node.config import Settings
from triage_node.errors import SettingsError, StorageError, TriageError
from triage_node.worklist import Worklist


def check_database(settings: Settings) -> Result:
    """Look at it and change nothing."""
    if settings.database_url is None and not (settings.data_dir / "worklist.sqlite").exists():
        return ok("database", "none yet; the first start makes it")
    try:
        worklist = Worklist(settings)
    except SettingsError as error:
        return failed("database", f"{error} {_driver(settings)}")
    except StorageError as error:
        return failed("database", str(error))
    try:
        return _look(worklist)
    except TriageError as error:
        way = "" if settings.database_url is None else " Is the server running, and are name and password right?"
        return failed("database", f"{error}{way}")
    finally:
        worklist.close()


def _look(worklist: Worklist) -> Result:
    worklist.look_for_damage()
    revision, kind = worklist.database.revision(), worklist.database.url.get_backend_name()
    if revision.is_empty:
        return ok("database", f"an empty one, {kind}; the first start makes its tables")
    if revision.is_newer:
        return failed("database", revision.too_new)
    if revision.is_older:
        return warning(
            "database",
            f"It was written by an older version ({revision.found}): the next start brings it to {revision.known}, "
            "after which the older version cannot use it; make a backup first.",
        )
    return ok("database", f"{sum(worklist.study_details.studies_by_state().values())} studies, {kind}")


def _driver(settings: Settings) -> str:
    url = settings.database_url or ""
    return "pip install 'triage-node[postgresql]' brings the driver." if url.startswith("postgresql") else ""
