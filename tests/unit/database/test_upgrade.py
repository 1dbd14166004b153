"""A data folder that version 0.1.0 left, under another name and used from another working folder."""

import io
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import ComprehensiveSRStorage
from sites import Site
from sqlalchemy import select

from triage_node.database import DeliveryRow
from triage_node.delivery import Caller, Dispatcher, RetryPolicy, sender_of
from triage_node.endpoints import Destination
from triage_node.identity import Role
from triage_node.report import summarize
from triage_node.worklist import Worklist

LEFT_BY_0_1_0 = Path(__file__).with_name("upgrade") / "data-0.1.0.tar.gz"
ANALYZED = "1.2.826.0.1.3680043.8.498.11018919034406210466233604628988693483"
NOT_ANALYZABLE = "1.2.826.0.1.3680043.8.498.12733517906346205464121910230052781346"
REPORTS = {
    ANALYZED: "2.25.75819007435658307334367514078788869006",
    NOT_ANALYZABLE: "2.25.140478499660181040563226829886963537417",
}
IMAGES = {ANALYZED: 20, NOT_ANALYZABLE: 3}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The data folder; it was `triage-data` of a working folder that is gone."""
    with tarfile.open(LEFT_BY_0_1_0) as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return (tmp_path / "triage-data").rename(tmp_path / "moved")


@pytest.fixture
def site(make_settings, folder):
    """The node of today on that folder."""
    settings = make_settings(data_dir=folder)
    with closing(Worklist(settings)) as worklist:
        worklist.prepare()
        with Site(settings, worklist) as opened:
            yield opened


def rows_in(folder: Path) -> dict[str, list[tuple]]:
    """Return the rows of the tables that 0.1.0 had written to, in columns that it had."""
    columns = {
        "study": "study_instance_uid, patient_name, state, decision, revision, first_received_at, workitem_uid",
        "instance": "sop_instance_uid, sop_class_uid, transfer_syntax_uid, size_bytes, received_at",
        "event": "study_id, at, actor, code, from_state, to_state, message",
        "outcome": "study_id, revision, status, decision, probabilities, report_sop_instance_uid",
        "delivery": "study_id, destination, sop_instance_uid, state, attempts, last_error",
        "daily": "*",
    }
    with closing(sqlite3.connect(folder / "worklist.sqlite")) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {names} FROM {table}").fetchall(), key=repr)
            for table, names in columns.items()
        }


def test_no_row_is_lost_or_changed(make_settings, folder):
    before = rows_in(folder)
    with closing(Worklist(make_settings(data_dir=folder))) as worklist:
        worklist.prepare()
    after = rows_in(folder)
    own = [row for row in after["instance"] if row[0] in REPORTS.values()]
    assert len(own) == len(REPORTS)
    assert after | {"instance": [row for row in after["instance"] if row not in own]} == before
    assert {table: len(rows) for table, rows in before.items()} == {
        "study": 2, "instance": 23, "event": 14, "outcome": 2, "delivery": 2, "daily": 25,
    }  # fmt: skip


def test_every_study_is_listed_with_what_was_said_of_it(site):
    program = site.program(Role.READER)
    found = {one["study_instance_uid"]: one for one in program.get("/api/studies").json()["studies"]}
    states = {uid: (one["state"], one["decision"]) for uid, one in found.items()}
    assert states == {ANALYZED: ("analyzed", "uncertain"), NOT_ANALYZABLE: ("unsuitable", None)}
    study = program.get(f"/api/studies/{ANALYZED}").json()
    assert study["probabilities"]["any"] == pytest.approx(0.999, abs=0.001)
    assert [one["code"] for one in study["outcomes"][-1]["reasons"]] == ["out_of_distribution"]
    scored = program.get(f"/api/studies/{ANALYZED}/slices").json()
    assert max(one["probabilities"]["any"] for one in scored["slices"]) > 0.9
    other = program.get(f"/api/studies/{NOT_ANALYZABLE}").json()
    assert [one["code"] for one in other["reasons"]] == ["no_positions"]


@pytest.mark.parametrize("uid", IMAGES)
def test_every_image_and_report_can_be_retrieved(site, uid):
    program = site.program(Role.READER)
    found = program.get(f"/dicomweb/studies/{uid}/instances").json()
    uids = {one["00080018"]["Value"][0]: one["0020000E"]["Value"][0] for one in found}
    assert len(uids) == IMAGES[uid] + 1
    place = f"/dicomweb/studies/{uid}/series/{uids[REPORTS[uid]]}/instances/{REPORTS[uid]}"
    answer = program.get(place, headers={"Accept": "application/dicom"})
    report = dcmread(io.BytesIO(answer.content[answer.content.index(b"DICM") - 128 :]))
    assert report.SOPInstanceUID == REPORTS[uid]
    assert summarize(report).decision == program.get(f"/api/studies/{uid}").json()["decision"]
    assert len(program.get(f"/dicomweb/studies/{uid}/metadata").json()) == IMAGES[uid] + 1


def test_the_report_that_waits_goes_out_and_the_delivered_one_does_not_again(site):
    received = []

    def keep(event: evt.Event) -> int:
        received.append(str(event.dataset.StudyInstanceUID))
        return 0x0000

    pacs = AE(ae_title="PACS")
    pacs.add_supported_context(ComprehensiveSRStorage)
    server = pacs.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)])
    try:
        destination = Destination.parse(f"PACS@127.0.0.1:{server.server_address[1]}")
        _move_destination(site.worklist, destination)
        policy = RetryPolicy(first_seconds=5, longest_seconds=600, give_up_seconds=72 * 3600)
        sender = sender_of(destination, Caller("TRIAGE", 5.0, 5.0), site.spool)
        dispatcher = Dispatcher(destination.name, sender, site.worklist, policy, 5.0)
        assert [dispatcher.deliver_next(), dispatcher.deliver_next()] == [True, False]
    finally:
        server.shutdown()
    assert received == [NOT_ANALYZABLE]
    for uid in IMAGES:
        [delivery] = site.worklist.study_details.study(uid).deliveries
        assert (delivery.state, delivery.sop_instance_uid) == ("delivered", REPORTS[uid])


def _move_destination(worklist: Worklist, destination: Destination) -> None:
    """Let the PACS of then have the port that is free now."""
    with worklist.database.write() as session:
        for row in session.scalars(select(DeliveryRow)):
            row.destination = str(destination)
