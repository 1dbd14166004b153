"""Every access leaves a row before its answer, and a DICOM audit message at a syslog server."""

import base64
import re
import socket
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, Request
from lxml import etree
from sites import ADMINISTRATOR, READER, token_in

from triage_node.errors import SettingsError, StorageError
from triage_node.identity import Access, Role
from triage_node.web.security.audit import Auditor
from triage_node.web.security.audit_forwarding import forwarder
from triage_node.web.security.audit_message import audit_message
from triage_node.web.security.authorization import audited
from triage_node.web.security.principal import Principal
from triage_node.web.security.syslog import Syslog

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).resolve().parents[2] / "support" / "audit_message.rng"))
ACCESS = Access(1_700_000_000.25, READER, "reader", "10.0.0.9", "study_viewed", "1.2.3")


def add_route(site, role):
    def study(principal: Annotated[Principal, Depends(audited("study_viewed", role))], request: Request):
        return {"kept": len(site.worklist.audit_trail.latest(study_instance_uid="1.2.3"))}

    site.application.add_api_route("/api/test/{study_instance_uid}", study)


def test_an_access_is_kept_before_it_is_answered(site, clock):
    add_route(site, Role.READER)
    browser = site.signed_in()
    answer = browser.get("/api/test/1.2.3", params={"patient_name": "Doe^Jane", "state": "ready"})
    assert answer.json() == {"kept": 1}
    [row] = site.worklist.audit_trail.latest(study_instance_uid="1.2.3")
    assert (row.user_name, row.role, row.action) == (READER, "reader", "study_viewed")
    assert (row.allowed, row.at) == (True, clock())
    assert row.query == "patient_name=…&state=ready"
    assert row.address == "testclient"


def test_a_request_that_was_given_up_while_the_database_refused_holds_up_no_other(site):
    auditor = Auditor(site.worklist.audit_trail)
    with site.worklist.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE audit RENAME TO kept")
    given_up, waited_for = (auditor.write(ACCESS) for _ in range(2))
    assert given_up.cancel()
    auditor.start()
    with pytest.raises(StorageError):
        waited_for.result(10)
    with site.worklist.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE kept RENAME TO audit")
    assert auditor.write(ACCESS).result(10) is None
    auditor.stop()


def test_an_access_that_the_role_forbids_is_kept_as_such(site):
    add_route(site, Role.ADMINISTRATOR)
    assert site.signed_in(READER).get("/api/test/1.2.3").status_code == 403
    [row] = site.worklist.audit_trail.latest(study_instance_uid="1.2.3")
    assert (row.user_name, row.allowed) == (READER, False)
    assert site.signed_in(ADMINISTRATOR).get("/api/test/1.2.3").status_code == 200


def test_without_the_audit_there_are_no_data(site, monkeypatch):
    add_route(site, Role.READER)
    browser = site.signed_in()
    with site.worklist.database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE audit")
    answer = browser.get("/api/test/1.2.3")
    assert answer.status_code == 503
    assert "kept" not in answer.text


ODD = ["a\0b", "\0", "half \ud800", "\udfff"]


@pytest.mark.parametrize("odd", ODD)
def test_what_no_database_takes_is_kept_with_a_mark(site, clock, odd):
    site.worklist.audit_trail.append([Access(clock(), odd, "reader", odd, "study_viewed", odd, f"state={odd}")])
    [row] = site.worklist.audit_trail.latest()
    assert row.action == "study_viewed"
    for text in (row.user_name, row.address, row.query):
        assert "\0" not in text.encode().decode(), "no NUL, and what has no UTF-8 cannot be encoded"


def test_one_access_that_is_refused_takes_no_other_with_it(site, clock):
    auditor = Auditor(site.worklist.audit_trail)
    # What is queued before the start is written together.
    answers = [True, False, "neither", True]
    futures = [auditor.write(Access(clock(), "u", "reader", "a", "study_viewed", allowed=answer)) for answer in answers]
    auditor.start()
    try:
        assert [future.exception(timeout=10) is None for future in futures] == [True, True, False, True]
    finally:
        auditor.stop()


def test_signing_in_and_failing_to_are_kept(site, wait_for):
    browser = site.browser()
    token_in(browser, browser.get("/sign-in").text)
    browser.submit("/sign-in", name="eve", password="wrong wrong wrong")
    site.signed_in()
    rows = wait_for(lambda: len(found := site.worklist.audit_trail.latest()) == 2 and found, "both rows")
    assert [(row.user_name, row.action, row.allowed) for row in rows] == [
        (READER, "signed_in", True),
        ("eve", "signed_in", False),
    ]


@pytest.mark.parametrize(
    ("access", "event"),
    [
        (ACCESS, "110103"),
        (Access(1.0, "token viewer", "service", "ct1", "study_requeued", "1.2.3", allowed=False), "110103"),
        (Access(1.0, READER, "reader", "::1", "worklist_viewed", "", "state=ready&patient_name=…"), "110112"),
        (Access(1.0, READER, "reader", "::1", "signed_in"), "110114"),
        (Access(1.0, "", "", "::1", "signed_in", allowed=False), "110114"),
        (Access(1.0, READER, "reader", "::1", "signed_out"), "110114"),
        (Access(1.0, READER, "reader", "::1", "password_changed"), "110113"),
        (Access(1.0, '<"&\x00\x1b>', "reader", "\"'", "study_viewed", "\x00<1>"), "110103"),
    ],
)
def test_the_message_is_what_the_schema_of_the_standard_asks_for(access, event):
    tree = etree.fromstring(audit_message(access, "TRIAGE@host", "P1"))
    SCHEMA.assertValid(tree)
    assert tree.find("EventIdentification/EventID").get("csd-code") == event
    assert tree.find("EventIdentification").get("EventOutcomeIndicator") == ("0" if access.allowed else "4")


def test_a_study_is_named_with_its_patients_id_as_the_standard_asks():
    tree = etree.fromstring(audit_message(ACCESS, "TRIAGE@host", "P1"))
    objects = {one.get("ParticipantObjectTypeCodeRole"): one for one in tree.iter("ParticipantObjectIdentification")}
    assert objects["3"].get("ParticipantObjectID") == "1.2.3"
    assert objects["1"].get("ParticipantObjectID") == "P1"
    requestors = [one for one in tree.iter("ActiveParticipant") if one.get("UserIsRequestor") == "true"]
    assert [one.get("UserID") for one in requestors] == [READER]


def test_a_query_is_in_base64():
    tree = etree.fromstring(audit_message(Access(1.0, READER, "reader", "::1", "worklist_viewed", "", "a=b"), "T"))
    assert base64.b64decode(tree.find(".//ParticipantObjectQuery").text) == b"worklist_viewed?a=b"


def test_messages_arrive_at_a_syslog_server(site, make_settings):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        settings = make_settings(audit_syslog=f"udp://127.0.0.1:{server.getsockname()[1]}")
        auditor = Auditor(site.worklist.audit_trail, forwarder(settings, site.worklist))
        auditor.start()
        auditor.write(ACCESS).result(10)
        line = server.recv(65536)
        auditor.stop()
    header, _, message = line.partition(b"\xef\xbb\xbf")
    assert re.fullmatch(rb"<85>1 2023-11-14T22:13:20\.250000Z \S+ triage-node \d+ DICOM\+RFC3881 - ", header), header
    SCHEMA.assertValid(etree.fromstring(message))


def test_a_syslog_server_that_is_down_does_not_keep_anybody_from_their_work(site, make_settings, caplog):
    settings = make_settings(audit_syslog="tls://127.0.0.1:1", connect_timeout_seconds=1)
    auditor = Auditor(site.worklist.audit_trail, forwarder(settings, site.worklist))
    auditor.start()
    auditor.write(ACCESS).result(10)
    auditor.stop()
    assert site.worklist.audit_trail.latest(study_instance_uid="1.2.3")
    assert "audit_not_forwarded" in caplog.text


def test_a_wrong_address_is_named():
    with pytest.raises(SettingsError, match="audit_syslog: 'tcp://x' is not of the form"):
        Syslog("tcp://x", None, 1.0)
