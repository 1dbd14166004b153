"""Signed CloudEvents to a real server on loopback; the signature is checked by the library of Standard Webhooks."""

import base64
import json

import pytest
import standardwebhooks
from certificates import Authority
from notices import ANN, notice
from web_peers import Answer, WebPeer

from triage_node.delivery import Caller
from triage_node.delivery.notices.webhook import Webhook
from triage_node.dimse import server_context
from triage_node.endpoints import Destination
from triage_node.errors import PeerBusy, PeerCongested, PeerDenied, PeerRefused, PeerUnreachable, SettingsError, Trouble

CALLER = Caller("TRIAGE", 2.0, 2.0)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    return tmp_path / "secret"


@pytest.fixture
def peer():
    peer = WebPeer(lambda _: Answer(204))
    yield peer
    peer.stop()


@pytest.fixture
def webhook(peer, secret):
    made = []

    def webhook(**options):
        defaults = {"url": f"webhook+{peer.url}", "name": "hook", "secret_file": secret}
        made.append(Webhook(Destination(**(defaults | options)), CALLER))
        return made[-1]

    yield webhook
    for one in made:
        one.rest()


def test_a_notice_is_a_cloud_event_whose_signature_holds(peer, webhook):
    assert webhook().tell(notice()) == f"webhook {notice().id}, answered 204"
    [request] = peer.requests
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/cloudevents+json")
    verified = standardwebhooks.Webhook(SECRET).verify(request.body, dict(request.headers.items()))
    event = json.loads(request.body)
    assert verified == event
    assert request.headers["webhook-id"] == event["id"] == notice().id
    assert {name: event[name] for name in ("specversion", "source", "type", "subject", "time", "datacontenttype")} == {
        "specversion": "1.0",
        "source": "/triage-node/TRIAGE",
        "type": "triage_node.study.flagged",
        "subject": "1.2.3",
        "time": "2026-02-02T02:40:00Z",
        "datacontenttype": "application/json",
    }
    data = event["data"]
    assert (data["decision"], data["flagged"], data["uncertain"]) == ("flagged", ["subdural", "any"], ["epidural"])
    assert data["probabilities"]["subdural"] == 0.95
    assert data["link"] == "https://triage.example/studies/1.2.3"
    assert "Notification only" in data["disclaimer"]
    assert "patient" not in data
    assert b"Ann" not in request.body


def test_another_secret_or_another_body_does_not_verify(peer, webhook, secret):
    webhook().tell(notice())
    [request] = peer.requests
    headers = dict(request.headers.items())
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    for key, body in ((other, request.body), (SECRET, request.body.replace(b"0.95", b"0.05"))):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(key).verify(body, headers)


def test_a_notice_that_is_told_again_is_the_same_event(peer, webhook):
    hook = webhook()
    peer.answer = lambda _: Answer(500 if len(peer.requests) == 1 else 200)
    with pytest.raises(PeerBusy):
        hook.tell(notice())
    hook.tell(notice())
    first, second = peer.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert len(peer.connections) == 1


def test_patient_data_are_told_where_they_are_wanted(peer, webhook):
    webhook(patient_data=True).tell(notice(ANN))
    data = json.loads(peer.requests[0].body)["data"]
    assert (data["patient"]["name"], data["patient"]["accession_number"]) == ("Other^Ann^M^Dr^Jr", "ACC-9")


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (302, PeerDenied),
        (401, PeerDenied),
        (404, PeerDenied),
        (429, PeerCongested),
        (503, PeerCongested),
        (500, PeerBusy),
        (400, PeerRefused),
        (410, PeerRefused),
        (413, PeerRefused),
    ],
)
def test_an_answer_says_whether_trying_again_helps(peer, webhook, status, raised):
    peer.answer = lambda _: Answer(status, headers={"Location": f"{peer.url}/elsewhere", "Retry-After": "7"})
    with pytest.raises(raised) as caught:
        webhook().tell(notice())
    assert len(peer.requests) == 1, "a redirection is not followed"
    if raised is PeerCongested:
        assert caught.value.retry_after_seconds == 7


def test_an_endless_answer_is_not_read(peer, webhook):
    peer.answer = lambda _: Answer(200, b"x" * (1 << 18))
    with pytest.raises(PeerUnreachable, match="too long"):
        webhook().tell(notice())


def test_a_check_tells_nothing(peer, webhook):
    assert webhook().check().startswith("answers OPTIONS in")
    peer.answer = lambda _: Answer(405)
    assert "not OPTIONS (405)" in webhook().check()
    peer.answer = lambda _: Answer(401)
    with pytest.raises(PeerDenied, match="401"):
        webhook().check()
    assert {request.method for request in peer.requests} == {"OPTIONS"}


def test_over_tls_the_certificate_is_checked(secret, tmp_path):
    authority = Authority(tmp_path / "ca")
    server = authority.issue("hook")
    peer = WebPeer(lambda _: Answer(200), server_context(server.certificate, server.key))
    url = f"webhook+{peer.url}"
    Webhook(Destination(url=url, secret_file=secret, tls_ca=authority.ca), CALLER).tell(notice())
    with pytest.raises(PeerUnreachable, match="certificate") as raised:
        Webhook(Destination(url=url, secret_file=secret), CALLER).tell(notice())
    assert raised.value.trouble is Trouble.NO_TLS
    peer.stop()
    assert len(peer.requests) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "secret",
        "whsec_",
        "whsec_!!",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        base64.b64encode(bytes(32)).decode(),
    ],
)
def test_a_secret_that_is_none_is_named_with_the_way_to_make_one(webhook, secret, content):
    secret.write_text(content)
    with pytest.raises(SettingsError, match=r"must hold whsec_ and base64 of 24 to 64 bytes; make one with: echo"):
        webhook().check()
    with pytest.raises(PeerUnreachable, match="whsec_"):
        webhook().tell(notice())
    secret.unlink()
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        webhook().check()
