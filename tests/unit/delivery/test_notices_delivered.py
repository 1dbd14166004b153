"""Results told to real receivers on loopback through the outbox: once, after an outage too, by their ids."""

import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from receivers import Receivers

from triage_node.database import DeliveryState
from triage_node.delivery import Caller, Dispatcher, RetryPolicy, check_destination, sender_of, tell_test
from triage_node.endpoints import Destination
from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import build_connection_test, report_variants
from triage_node.storage import ResultContent, Spool
from triage_node.worklist import ReceivedInstance

CALLER = Caller("TRIAGE", 2.0, 2.0, "https://triage.example/")
POLICY = RetryPolicy(first_seconds=0.05, longest_seconds=0.1, give_up_seconds=3600)
RESULT = Outcome(
    Status.ANALYZED,
    ModelIdentity("net", "1", "ab"),
    decision=Decision.FLAGGED,
    probabilities=dict.fromkeys(LABELS, 0.9),
    flagged=(Label.SUBDURAL, Label.ANY),
)


@pytest.fixture
def receivers(tmp_path):
    receivers = Receivers(tmp_path)
    yield receivers
    receivers.close()


@pytest.fixture
def make_site(make_settings, make_worklist, tmp_path, receivers):
    opened = []

    def make_site(**options):
        tables = receivers.tables(**options)
        settings = make_settings(series_quiet_seconds=30, study_quiet_seconds=0.02, destinations=tables)
        site = NoticeSite(settings, make_worklist(settings, time.time))
        opened.append(site)
        return site

    yield make_site
    for one in opened:
        one.stop()
        one.worklist.close()


class NoticeSite:
    """A worklist with results in its spool, and a dispatcher for each receiver."""

    def __init__(self, settings, worklist) -> None:
        self.settings, self.worklist = settings, worklist
        self.spool = Spool(settings.data_dir / "spool")
        self.dispatchers: list[Dispatcher] = []

    def start(self) -> None:
        self.worklist.outbox.recover()
        self.dispatchers = [
            Dispatcher(one.name, sender_of(one, CALLER, self.spool), self.worklist, POLICY, 5.0)
            for one in self.settings.destinations
        ]
        for one in self.dispatchers:
            one.start()

    def stop(self) -> None:
        for one in self.dispatchers:
            one.end()
        for one in self.dispatchers:
            one.stop()
        self.dispatchers = []

    def finish(self, number: int, wait_for: Callable, outcome: Outcome = RESULT, **patient: str) -> str:
        """Have a study analyzed; its report names a patient."""
        study = f"1.2.{number}"
        uids = study, f"{study}.1", f"{study}.1.1"
        self.worklist.registration.register(
            [ReceivedInstance(*uids, "1.2", "1.2.840.10008.1.2.1", 9, time.time(), True)]
        )
        wait_for(self.worklist.study_completion.advance, "the study to be complete")
        claim = self.worklist.claims.claim("w")
        assert claim is not None
        [report, *_] = report_variants(build_connection_test("TRIAGE", "2.25.7", datetime.now(UTC)))
        report.SpecificCharacterSet = "ISO_IR 192"
        report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = f"2.25.{number}"
        for keyword, value in ({"PatientName": "Müller^Änne=山田^花子", "AccessionNumber": "ACC-9"} | patient).items():
            setattr(report, keyword, value)
        file = io.BytesIO()
        report.save_as(file, enforce_file_format=True)
        outcome = replace(
            outcome,
            series_instance_uid=f"{study}.1",
            report_sop_instance_uid=str(report.SOPInstanceUID),
            folder=str(number),
        )
        stored = outcome.as_dict() | {"revision": claim.revision, "created_at": time.time()}
        self.spool.result(study, str(number)).keep(ResultContent(stored, {1: file.getvalue()}))
        names = [one.name for one in self.settings.destinations]
        assert self.worklist.claims.finish(claim, outcome, names)
        return study

    def states(self, study: str) -> set[str]:
        return {one.state for one in self.worklist.study_details.study(study).deliveries}


def test_all_receivers_are_told_of_a_flagged_study_and_of_no_other(make_site, receivers, wait_for):
    site = make_site()
    receivers.on()
    site.start()
    study = site.finish(1, wait_for)
    wait_for(lambda: receivers.studies() == [[study]] * 3, "all to be told")
    wait_for(lambda: site.states(study) == {"delivered"}, "the deliveries to be noted")
    nothing = replace(RESULT, decision=Decision.NOT_FLAGGED, flagged=())
    other = site.finish(2, wait_for, nothing)
    assert site.states(other) == set()
    [message] = receivers.ris.parsed()
    assert message.validate()
    [segment] = [one for one in receivers.messages[0].split("\r") if one.startswith("PID")]
    assert segment.split("|")[5] == "Müller^Änne^^^^^L^A~山田^花子^^^^^L^I"
    assert "Müller" not in json.dumps(receivers.events, ensure_ascii=False)
    assert receivers.events[0]["data"]["link"] == "https://triage.example/studies/1.2.1"
    words = [one.message for one in site.worklist.study_details.study(study).events if one.code == "delivered"]
    assert len(words) == 3
    assert not any("ller" in one for one in words), "no patient in events"


def test_receivers_that_were_down_are_told_once_after_they_are_back(make_site, receivers, wait_for):
    site = make_site()
    site.start()
    studies = [site.finish(number, wait_for) for number in range(3)]
    wait_for(lambda: all(one.reach.answers is False for one in site.dispatchers), "the outage to be seen")
    receivers.on()
    wait_for(lambda: all(site.states(study) == {"delivered"} for study in studies), "all to be told")
    assert [sorted(told) for told in receivers.studies()] == [studies] * 3, "once each"


def test_a_notice_whose_answer_was_lost_comes_again_under_the_same_id(make_site, receivers, wait_for, monkeypatch):
    site = make_site()
    receivers.on()
    study = site.finish(1, wait_for)
    for destination in site.settings.destinations:
        sender = sender_of(destination, CALLER, site.spool)
        delivery = site.worklist.outbox.claim_next(destination.name)
        sender.send(delivery)  # the node is killed before it can note it
        sender.rest()
    site.start()
    wait_for(lambda: site.states(study) == {"delivered"}, "the deliveries to be noted")
    assert receivers.studies() == [[study] * 2] * 3, "told again rather than not"
    assert len({event["id"] for event in receivers.events}) == 1
    assert len(set(receivers.messages)) == 1, "the same message, so the same control ID"
    assert len({one["Message-ID"] for one in receivers.mails}) == 1


def test_who_is_told_when_nobody_acknowledges_is_told_that(make_site, receivers, wait_for):
    site = make_site(escalate_after_minutes=0.005)
    receivers.on()
    site.start()
    study = site.finish(1, wait_for)
    wait_for(lambda: receivers.studies() == [[study]] * 3, "all to be told")
    assert receivers.events[0]["type"] == "triage_node.study.unacknowledged"
    assert receivers.mails[0]["Subject"].endswith("not acknowledged after 0.005 min")


def test_a_study_that_was_not_analyzed_is_told_where_the_rules_want_it(make_site, receivers, wait_for):
    site = make_site(rules=[{"decision": ["not_analyzed"]}])
    receivers.on()
    site.start()
    reason = Reason.of(ReasonCode.NOT_HEAD)
    failed = Outcome(Status.UNSUITABLE, RESULT.model, reasons=(reason,))
    study = site.finish(1, wait_for, failed)
    wait_for(lambda: receivers.studies() == [[study]] * 3, "all to be told")
    assert receivers.events[0]["data"]["reasons"] == [reason.message]
    assert receivers.events[0]["type"] == "triage_node.study.not_analyzed"


@pytest.mark.parametrize("harm", ["outcome", "report"])
def test_a_result_that_cannot_be_read_is_told_to_nobody_and_holds_up_no_other(make_site, receivers, wait_for, harm):
    site = make_site()
    receivers.on()
    bad, good = (site.finish(number, wait_for) for number in (1, 2))
    name = {"outcome": "outcome.json", "report": "report-1.dcm"}[harm]
    (site.spool.result(bad, "1").folder / name).write_bytes(b"{}")
    site.start()
    wait_for(lambda: site.states(good) == {"delivered"}, "the other to be told")
    wait_for(lambda: "dead" in site.states(bad), "the damaged one to be given up")
    [ris] = [one for one in site.worklist.study_details.study(bad).deliveries if one.destination == "ris"]
    assert ris.state == DeliveryState.DEAD
    assert ris.last_error


def test_a_check_tells_nothing_and_a_test_tells_of_nobody(receivers):
    receivers.on()
    destinations = [Destination(**table) for table in receivers.tables()]
    for destination in destinations:
        assert " in " in check_destination(destination, CALLER)
    assert [receivers.messages, receivers.mails] == [[], []]
    answers = [tell_test(one, CALLER, time.time()) for one in destinations]
    assert len(receivers.ris.parsed()) == len(receivers.mails) == 1
    assert "TEST" in receivers.messages[0]
    assert len(receivers.events) == 1
    assert all(answers)
