"""E-mail to a real server on loopback: TLS, passwords, several recipients, refusals, hostile answers."""

import re
import socket
import threading
from dataclasses import replace

import pytest
from certificates import Authority
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_server import MailServer
from notices import ANN, notice

from triage_node.delivery import Caller
from triage_node.delivery.notices.mail import Mail
from triage_node.delivery.notices.mail_message import mail_message
from triage_node.delivery.notices.notice import DISCLAIMER
from triage_node.delivery.notices.text import NoticeText
from triage_node.dimse import server_context
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerCongested, PeerDenied, PeerRefused, PeerUnreachable, Trouble

CALLER = Caller("TRIAGE", 3.0, 3.0)
TWO = ("stroke@example.org", "er@example.org")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def context(authority):
    server = authority.issue("mail")
    return server_context(server.certificate, server.key)


@pytest.fixture
def server():
    server = MailServer()
    yield server
    server.stop()


def mail_to(server, caller=CALLER, **options):
    defaults = {"mail_from": "triage@example.org", "mail_to": TWO, "name": "mail"}
    if server.url.startswith("smtp:"):
        defaults["starttls"] = False
    return Mail(Destination(url=server.url, **(defaults | options)), caller)


def test_a_message_says_in_text_and_html_what_was_found_and_names_no_patient(server):
    words = mail_to(server).tell(notice())
    [message] = server.messages
    assert server.recipients == [list(TWO)]
    assert words == f"e-mail {notice().id} to 2 recipients"
    assert message["Subject"] == "[TRIAGE] Head CT flagged, suspected: subdural"
    assert message["Message-ID"] == f"<{notice().id}@example.org>"
    assert message["To"].addresses[1].addr_spec == "er@example.org"
    assert (message["Auto-Submitted"], message["Importance"]) == ("auto-generated", "high")
    text = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()
    for form in (text, page):
        assert "subdural 95%" in form
        assert DISCLAIMER in form
        assert "Ann" not in form
    assert '<a href="https://triage.example/studies/1.2.3">' in page
    assert message.defects == []


def test_patient_data_stand_in_the_body_where_they_are_wanted_and_never_in_the_header(server):
    mail_to(server, patient_data=True).tell(notice(replace(ANN, name="Müller^Änne=山田^花子")))
    [message] = server.messages
    text = message.get_body(("plain",)).get_content()
    assert "Müller Änne (山田 花子), ID PAT-1" in text
    assert "ACC-9" in text
    header = "\n".join(f"{name}: {value}" for name, value in message.items())
    assert not re.search(r"ller|PAT-1|ACC-9", header)


def test_a_message_goes_over_tls_with_a_password_from_a_file(authority, context, tmp_path):
    (tmp_path / "password").write_text("open sesame\n")
    server = MailServer(context, password="open sesame")
    signed_in = {"starttls": True, "user": "node", "password_file": tmp_path / "password", "tls_ca": authority.ca}
    mail = mail_to(server, **signed_in)
    assert re.fullmatch(r"answers EHLO in \d+ ms over TLS, takes the password", mail.check())
    assert server.messages == []
    mail.tell(notice())
    assert len(server.messages) == 1
    (tmp_path / "password").write_text("another\n")
    with pytest.raises(PeerDenied, match="535"):
        mail.tell(notice())
    with pytest.raises(PeerDenied, match="530"):
        mail_to(server, starttls=True, tls_ca=authority.ca).tell(notice())
    server.stop()
    assert len(server.messages) == 1


def test_a_message_goes_over_tls_from_the_begin(authority, context):
    server = MailServer(context, at_once=True)
    mail_to(server, tls_ca=authority.ca).tell(notice())
    with pytest.raises(PeerUnreachable, match="certificate is not accepted") as raised:
        mail_to(server).tell(notice())
    assert raised.value.trouble is Trouble.NO_TLS
    server.stop()
    assert len(server.messages) == 1


def test_a_server_without_tls_gets_nothing_where_tls_is_wanted(server):
    with pytest.raises(PeerDenied, match="offers no TLS"):
        mail_to(server, starttls=True).tell(notice())
    assert server.messages == []


def test_a_certificate_of_somebody_else_is_not_accepted(context, tmp_path):
    server = MailServer(context)
    with pytest.raises(PeerUnreachable, match="certificate is not accepted"):
        mail_to(server, starttls=True, tls_ca=Authority(tmp_path).ca).tell(notice())
    server.stop()
    assert server.messages == []


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        ("530 sign in", PeerDenied),
        ("451 later", PeerBusy),
        ("452 full", PeerCongested),
        ("421 closing", PeerCongested),
        ("550 no", PeerRefused),
        ("554 Ann Other is no patient here", PeerRefused),
    ],
)
def test_an_answer_to_a_message_says_whether_trying_again_helps(server, answer, raised):
    server.answer_to_data = lambda: answer
    with pytest.raises(raised, match=f"mail answered {answer[:3]}") as caught:
        mail_to(server).tell(notice())
    assert "Ann" not in str(caught.value)


@pytest.mark.parametrize(("answer", "raised"), [("550 who", PeerDenied), ("450 later", PeerCongested)])
def test_a_sender_that_is_refused_is_no_fault_of_the_message(server, answer, raised):
    server.answer_to_sender = lambda: answer
    with pytest.raises(raised, match=f"mail answered {answer[:3]}"):
        mail_to(server).tell(notice())
    assert server.messages == []


def test_who_has_taken_a_message_does_not_get_it_again_while_another_is_tried(server):
    answers = iter(["450 greylisted", "450 greylisted"])
    server.answer_to = lambda address: next(answers, "250 OK") if address.startswith("er") else "250 OK"
    mail = mail_to(server)
    for _ in range(2):
        with pytest.raises(PeerBusy, match=r"1 of . recipients \(450\) now"):
            mail.tell(notice())
    assert mail.tell(notice()) == f"e-mail {notice().id} to 2 recipients"
    assert server.recipients == [["stroke@example.org"], ["er@example.org"]]
    assert {one["Message-ID"] for one in server.messages} == {f"<{notice().id}@example.org>"}
    mail.tell(notice(id="f" * 32))
    assert server.recipients[2] == list(TWO), "another message goes to both"


def test_a_recipient_that_is_refused_for_good_is_told_and_holds_up_nobody(server):
    server.answer_to = lambda address: "550 unknown" if address.startswith("er") else "250 OK"
    assert mail_to(server).tell(notice()).endswith("to 1 recipients, refused for 1 of 2 recipients (550)")
    server.answer_to = lambda _: "550 unknown"
    with pytest.raises(PeerRefused, match=r"2 of 2 recipients \(550\)"):
        mail_to(server).tell(notice())
    assert server.recipients == [["stroke@example.org"]]


@pytest.mark.parametrize(
    "greeting",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"220-" + b"x" * 70 + b"\r\n",
        b"220 " + b"x" * 100_000,
        b"\xff\xfe\r\n",
        b"554 no\r\n",
    ],
    ids=["closes", "web", "without an end", "long", "bytes", "refuses"],
)
def test_a_server_that_is_none_is_left(greeting):
    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                while greeting.startswith(b"220-"):
                    connection.sendall(greeting)
                connection.sendall(greeting)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        destination = Destination(url=url, mail_from="a@b.c", mail_to=["d@e.f"], starttls=False)
        with pytest.raises((PeerUnreachable, PeerDenied)):
            Mail(destination, Caller("TRIAGE", 1.0, 1.0)).tell(notice())
        thread.join(10)


def test_what_was_taken_is_told_although_the_server_says_nothing_any_more():
    lines, over = [], threading.Event()
    answers = {b"EHLO": b"250 hi\r\n", b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"DATA": b"354 go on\r\n"}

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as file:
            connection.sendall(b"220 hi\r\n")
            for line in file:
                lines.append(line)
                connection.sendall(answers.get(line[:4].upper(), b"250 taken\r\n" if line == b".\r\n" else b""))
                if line.upper().startswith(b"QUIT"):
                    over.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        destination = Destination(url=url, mail_from="a@b.c", mail_to=["d@e.f"], starttls=False)
        assert Mail(destination, Caller("TRIAGE", 0.5, 0.5)).tell(notice()).endswith("to 1 recipients")
        over.set()
        thread.join(10)
    assert lines[-1].upper() == b"QUIT\r\n"


def test_a_server_that_says_nothing_is_left_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"smtp://127.0.0.1:{listening.getsockname()[1]}"
        destination = Destination(url=url, mail_from="a@b.c", mail_to=["d@e.f"], starttls=False)
        with pytest.raises(PeerUnreachable, match="does not answer") as raised:
            Mail(destination, Caller("TRIAGE", 0.2, 0.2)).tell(notice())
    assert raised.value.trouble is Trouble.NO_ANSWER
    with pytest.raises(PeerUnreachable, match="cannot be reached") as raised:
        Mail(destination, Caller("TRIAGE", 0.2, 0.2)).tell(notice())
    assert raised.value.trouble is Trouble.NOT_REACHED


def test_a_message_is_the_same_bytes_each_time(server):
    mail = mail_to(server)
    mail.tell(notice())
    mail.tell(notice())
    one, other = (message.as_bytes() for message in server.messages)
    assert one.replace(b"X-Peer", b"") == other.replace(b"X-Peer", b"")


HOSTILE = st.one_of(st.sampled_from("\r\n:^=<>&\"' \x00.\u2028"), st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.text(HOSTILE, max_size=80))
def test_no_patient_can_write_a_header(text):
    ann = replace(ANN, name=text, identifier=text, study_description=text)
    destination = Destination(
        url="smtps://h", mail_from="triage@example.org", mail_to=["a@example.org"], patient_data=True
    )
    content = mail_message(notice(ann), NoticeText(None, True).text(notice(ann)), destination)
    header, _, _body = content.partition(b"\r\n\r\n")
    names = re.findall(rb"(?m)^([A-Za-z-]+): ", header)
    assert b" ".join(names) == b"From To Subject Date Message-ID Auto-Submitted Importance MIME-Version Content-Type"
    assert content.isascii(), "7 bit, which every server takes"
    assert max(map(len, content.split(b"\r\n"))) <= 998  # RFC 5322 2.1.1
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
