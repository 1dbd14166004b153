"""A study unlike the training images stands where its score deserves, and never counts as flagged."""

from dataclasses import replace
from pathlib import Path

import alembic.command
import alembic.config
import pytest

from triage_node.database import engine as database_module
from triage_node.database.reading_order import rank_of
from triage_node.database.tables.schema import StudyRow
from triage_node.findings import LABELS, Decision, ImageDistance, Label
from triage_node.json_object import to_json
from triage_node.reasons import Reason, ReasonCode
from triage_node.search.workitems import HIGH, KEYS, MEDIUM, priority_of
from triage_node.storage import StoredResult
from triage_node.worklist import Filters, ReceivedInstance, StoredOutcome

CT_IMAGE, IMPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2"
UNLIKE = Reason.of(ReasonCode.OUT_OF_DISTRIBUTION, "Distance 3.00, limit 2.00.")


@pytest.fixture
def unfamiliar(worklist, receive, clock, flagged):
    """Receive a study and answer that it is unlike the training images."""

    def write(uid: str, score: float, withheld: tuple[Label, ...] | None, reasons=(UNLIKE,)) -> None:
        receive(1, study=uid, series=f"{uid}.1")
        clock.forward(61)
        worklist.study_completion.advance()
        outcome = replace(
            flagged,
            series_instance_uid=f"{uid}.1",
            decision=Decision.UNCERTAIN,
            flagged=(),
            uncertain=(Label.ANY,),
            withheld=withheld,
            reasons=reasons,
            probabilities=dict.fromkeys(LABELS, score),
            image_distance=ImageDistance(3.0, 2.0),
            report_sop_instance_uid=f"2.25.{uid.replace('.', '')}",
        )
        assert worklist.claims.finish(worklist.claims.claim("w"), outcome, [])

    return write


def listed(worklist):
    return [study.study_instance_uid for study in worklist.study_lists.open_studies().studies]


@pytest.fixture
def several(worklist, analyze, unfamiliar):
    """Flagged, uncertain and calm studies, and unfamiliar ones of high and low scores, of old and new models."""
    analyze("1.1", Decision.NOT_FLAGGED, 0.1)
    analyze("1.2", Decision.UNCERTAIN, 0.7)
    analyze("1.3")
    unfamiliar("1.4", 1.0, (Label.SUBDURAL, Label.ANY))
    unfamiliar("1.5", 0.2, ())
    unfamiliar("1.6", 0.97, None)
    unfamiliar("1.7", 0.3, None)
    analyze("1.8")


def test_an_unfamiliar_study_is_read_as_early_as_its_score_deserves(worklist, several):
    assert listed(worklist) == ["1.3", "1.4", "1.6", "1.8", "1.2", "1.5", "1.7", "1.1"]
    assert [row.study_instance_uid for row in worklist.study_details.worklist()] == listed(worklist)


def test_it_is_never_flagged(worklist, several):
    flagged = worklist.study_lists.studies(Filters(decision=("flagged",))).studies
    assert {study.study_instance_uid for study in flagged} == {"1.3", "1.8"}
    shown = {row.study_instance_uid: row for row in worklist.study_details.worklist()}
    assert (shown["1.4"].decision, shown["1.4"].flagged) == ("uncertain", [])


def test_what_was_withheld_and_why_is_shown(worklist, several):
    shown = {row.study_instance_uid: row for row in worklist.study_details.worklist()}
    assert shown["1.4"].withheld == ["subdural", "any"]
    assert shown["1.6"].withheld == ["any"]
    assert shown["1.5"].withheld == shown["1.3"].withheld == []
    assert [one.words for one in shown["1.5"].cautions] == ["unlike the training images"]
    assert [shown[uid].group for uid in ("1.3", "1.4", "1.5", "1.2")] == [
        "flagged", "unfamiliar", "uncertain", "uncertain",
    ]  # fmt: skip


def test_the_database_computes_the_same_rank(worklist, several):
    with worklist.database.read() as session:
        assert all(study.open_rank == rank_of(study) for study in session.query(StudyRow))


def test_workitems_have_the_priority_of_the_reading_order(worklist, several):
    def uids(priority):
        found = worklist.workitems.search([(KEYS["ScheduledProcedureStepPriority"], priority)], 20, 0)
        assert {priority_of(study) for study in found} == {priority}
        return {study.study_instance_uid for study in found}

    assert uids(HIGH) == {"1.3", "1.4", "1.6", "1.8"}
    assert uids(MEDIUM) == {"1.1", "1.2", "1.5", "1.7"}


def test_what_a_reader_put_aside_returns_when_a_later_answer_would_flag_it(worklist, receive, clock, unfamiliar):
    unfamiliar("1.1", 0.2, ())
    worklist.reader_actions.acknowledge("1.1", "person ana")
    receive(2, study="1.1", series="1.1.1")
    unfamiliar("1.1", 1.0, (Label.ANY,))
    assert listed(worklist) == ["1.1"]


def test_other_cautions_are_shown_in_their_words(worklist, unfamiliar):
    unfamiliar("1.1", 0.9, None, reasons=(Reason.of(ReasonCode.CONTRAST),))
    [shown] = worklist.study_details.worklist()
    assert [one.words for one in shown.cautions] == ["contrast"]
    assert (shown.withheld, shown.group) == ([], "uncertain")


def test_a_rebuilt_worklist_has_the_same_order(worklist, several, make_settings, make_worklist, clock, tmp_path):
    again = make_worklist(make_settings(data_dir=tmp_path / "again"), clock)
    for row in worklist.study_details.worklist():
        uid, at = row.study_instance_uid, row.first_received_at
        instance = ReceivedInstance(uid, f"{uid}.1", f"{uid}.1.1", CT_IMAGE, IMPLICIT, 1000, at, eligible=True)
        stored = StoredOutcome.of(
            StoredResult(tmp_path / "1"), clock(), to_json(worklist.study_details.study(uid).outcomes[-1])
        )
        assert not stored.damage
        again.rebuilding.restore([instance], [stored], [])
    assert listed(again) == listed(worklist)
    again.close()


def test_an_older_sqlite_worklist_learns_which_unfamiliar_studies_come_first(worklist, several):
    before = listed(worklist)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).with_name("migrations")))
    with worklist.database.engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.downgrade(config, "0007")
        rank = connection.exec_driver_sql("SELECT open_rank FROM study WHERE study_instance_uid = '1.4'").scalar()
        assert rank == 2
    worklist.prepare()
    assert listed(worklist) == before
