"""What the node made is listed with what it received, also what an earlier version made."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import alembic.command
import alembic.config
import numpy as np
import pytest
from sqlalchemy import text

from triage_node.database import engine as database_module
from triage_node.report import build_connection_test, build_picture
from triage_node.storage import Layout, StoredResult

SERIES = "SELECT study_id, series_instance_uid, modality, series_number, instance_count, is_result FROM series"
INSTANCES = "SELECT study_id, sop_instance_uid, sop_class_uid, size_bytes, rows, result_file FROM instance"


@pytest.fixture
def layout(tmp_path) -> Layout:
    """Where the spool lies that an upgrade looks into."""
    return Layout.of(tmp_path / "data")


@pytest.fixture
def result(layout) -> Path:
    """The folder of a result of study 1.2.3, with a report and a picture."""
    folder = layout.result("1.2.3", "abc").folder
    folder.mkdir(parents=True)
    report = build_connection_test("TRIAGE", "2.25.7", datetime(2026, 3, 1, tzinfo=UTC))
    report.save_as(folder / "report-1.dcm", enforce_file_format=True)
    picture = build_picture(report, np.zeros((8, 6, 3), np.uint8))
    picture.save_as(folder / "picture.dcm", enforce_file_format=True)
    return folder


@pytest.fixture
def finish(worklist, receive, clock, flagged):
    """Receive a study and write an outcome that lies in a folder."""

    def finish(uid: str, folder: Path) -> None:
        receive(1, study=uid, series=f"{uid}.1")
        clock.forward(61)
        worklist.study_completion.advance()
        outcome = replace(
            flagged, series_instance_uid=f"{uid}.1", report_sop_instance_uid=f"{uid}.9", folder=str(folder)
        )
        assert worklist.claims.finish(worklist.claims.claim("w"), outcome, [], StoredResult(folder).objects())

    return finish


def rows_of(worklist, *queries):
    with worklist.database.read() as session:
        return [sorted(tuple(row) for row in session.execute(text(query))) for query in queries]


def revise(worklist, change, revision, layout=None):
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).with_name("migrations")))
    with worklist.database.engine.begin() as connection:
        config.attributes |= {"connection": connection, "layout": layout}
        change(config, revision)


def test_an_outcome_lists_its_report_and_its_picture(worklist, finish, result):
    finish("1.2.3", result)
    series, instances = rows_of(worklist, SERIES, INSTANCES)
    assert sorted((row[2], row[3], row[5]) for row in series) == [("", None, 0), ("OT", 9602, 1), ("SR", 9601, 1)]
    files = {row[5] for row in instances}
    assert files == {"", "results/abc/report-1.dcm", "results/abc/picture.dcm"}
    assert [one.result_file for one in worklist.stored_instances.find("1.2.3")] == [
        "",
        "results/abc/report-1.dcm",
        "results/abc/picture.dcm",
    ]


@pytest.mark.parametrize("is_told_where", [True, False], ids=["in the data folder", "by the path that was noted"])
def test_an_upgrade_lists_what_lies_on_the_disk_and_goes_on_past_damage(
    worklist, finish, result, layout, is_told_where
):
    damaged = layout.result("1.2.1", "damaged").folder
    damaged.mkdir(parents=True)
    (damaged / "report-1.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 99)
    finish("1.2.1", damaged)
    finish("1.2.2", layout.result("1.2.2", "gone").folder)
    finish("1.2.3", result)
    before = rows_of(worklist, SERIES, INSTANCES)
    revise(worklist, alembic.command.downgrade, "0007")
    [received] = rows_of(worklist, "SELECT sop_instance_uid FROM instance")
    assert len(received) == 3
    revise(worklist, alembic.command.upgrade, "head", layout if is_told_where else None)
    assert rows_of(worklist, SERIES, INSTANCES) == before
    assert len(before[1]) == 5
