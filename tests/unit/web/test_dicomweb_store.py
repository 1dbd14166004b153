"""STOW-RS: what is stored, what each instance is answered, and bodies that are not what they should be."""

import asyncio
import contextlib
import itertools

import pytest
from ct import head_ct, save
from multipart import BOUNDARY, CONTENT_TYPE, END, body, body_of_files, part
from pydicom.dataset import Dataset
from site_instances import parts_of

from triage_node.errors import StorageFull
from triage_node.identity import Role
from triage_node.web.dicomweb import store_transaction

STUDIES = "/dicomweb/studies"
STORED, FAILED, OTHER = "00081199", "00081198", "0008119A"


@pytest.fixture
def files(tmp_path):
    return save(head_ct(slices=3, size=(16, 16)), tmp_path / "study")


@pytest.fixture
def uid():
    return str(head_ct(slices=1, size=(16, 16))[0].StudyInstanceUID)


def post(client, content, path=STUDIES, content_type=CONTENT_TYPE, **headers):
    return client.post(path, content=content, headers={"Content-Type": content_type} | headers)


def reasons(answer, sequence=FAILED):
    return [item["00081197"]["Value"][0] for item in answer.json()[sequence]["Value"]]


def studies(site):
    return {row.study_instance_uid: row for row in site.worklist.study_lists.studies().studies}


def test_stored_instances_are_on_the_disk_as_they_came_and_in_the_worklist(site, files, uid, wait_for):
    answer = post(site.program(), body_of_files(files))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    module = Dataset.from_json(answer.text)
    assert len(module.ReferencedSOPSequence) == 3
    assert module.RetrieveURL == f"http://127.0.0.1/dicomweb/studies/{uid}"
    assert all(item.RetrieveURL.endswith(item.ReferencedSOPInstanceUID) for item in module.ReferencedSOPSequence)
    wait_for(lambda: len(site.spool.instances(uid)) == 3, "the instances to be filed")
    contents = {path.read_bytes() for path in site.spool.instances(uid)}
    assert contents == {path.read_bytes() for path in files}
    wait_for(lambda: uid in studies(site), "the study to be registered")
    assert studies(site)[uid].calling_ae_title == "service-0"
    [access] = site.worklist.audit_trail.latest(study_instance_uid=uid)
    assert (access.action, access.user_name) == ("instances_stored", "token service-0")


def test_the_addresses_of_an_answer_answer_at_once(site, files):
    program = site.program()
    for path in files:
        answer = post(program, body_of_files([path]))
        [stored] = answer.json()[STORED]["Value"]
        assert program.get(stored["00081190"]["Value"][0]).status_code == 200
        assert program.get(answer.json()["00081190"]["Value"][0]).status_code == 200


def test_an_answer_comes_in_the_form_that_is_asked_for(site, files):
    program = site.program()
    answer = post(program, body_of_files(files), Accept="application/json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    accept = 'multipart/related; type="application/dicom+xml"'
    [(headers, content)] = parts_of(post(program, body_of_files(files), Accept=accept))
    assert headers["content-type"] == "application/dicom+xml"
    assert content.count(b'keyword="ReferencedSOPInstanceUID"') == 3


@pytest.mark.parametrize("size", [1, 9, 100_000])
def test_text_before_the_first_boundary_is_passed_over(site, files, size):
    content = b"This is a message of many parts.\r\nA --boundary is no line.\r\n" + body_of_files(files).lstrip()
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    assert len(post(site.program(), iter(pieces)).json()[STORED]["Value"]) == 3
    endless = post(site.program(), (b"x" * 1000 for _ in range(1000)))
    assert (endless.status_code, endless.json()["detail"]) == (400, "The body does not begin with its boundary.")


def test_the_same_again_is_stored_again_and_makes_nothing_new(site, files, uid, wait_for):
    program = site.program()
    for _ in range(2):
        assert post(program, body_of_files(files)).status_code == 200
    wait_for(lambda: not list(site.spool.layout.incoming.iterdir()), "all to be filed")
    assert len(site.spool.instances(uid)) == 3


def test_an_instance_of_another_study_is_refused_and_the_others_are_stored(site, files, uid, tmp_path):
    [other] = save(head_ct(slices=1, size=(16, 16), seed=1), tmp_path / "other")
    answer = post(site.program(), body_of_files([*files, other]), f"{STUDIES}/{uid}")
    assert answer.status_code == 202
    assert len(answer.json()[STORED]["Value"]) == 3
    assert reasons(answer) == [0xA900]
    answer = post(site.program(), body_of_files([other]), f"{STUDIES}/{uid}")
    assert answer.status_code == 409
    assert STORED not in answer.json()


def test_what_is_no_dicom_fails_alone(site, files):
    answer = post(site.program(), body([b"no DICOM", files[0].read_bytes(), b""]))
    assert answer.status_code == 202
    assert reasons(answer, OTHER) == [0xC000, 0xC000]
    answer = post(site.program(), part(files[0].read_bytes(), "image/jpeg") + END)
    assert (answer.status_code, reasons(answer, OTHER)) == (409, [0xC000])


def test_a_full_disk_is_not_the_senders_fault(site, files, monkeypatch):
    def full(*_):
        raise StorageFull

    monkeypatch.setattr(site.spool, "keep", full)
    answer = post(site.program(), body_of_files(files))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert reasons(answer) == [0xA700] * 3


def test_a_disk_that_is_full_already_is_told_before_the_body_is_read(make_site, files):
    site = make_site(disk_reserve_mb=1_000_000_000)
    answer = post(site.program(), body_of_files(files))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "disk is full" in answer.text


def test_an_instance_beyond_the_bound_fails_alone(make_site, files):
    site = make_site(maximum_instance_mb=1)
    answer = post(site.program(), body([bytes(1 << 20) + b"x", files[0].read_bytes()]))
    assert answer.status_code == 202
    assert reasons(answer, OTHER) == [0xC000]


def test_a_big_instance_is_written_as_it_comes_in(site, tmp_path, uid, wait_for, monkeypatch):
    monkeypatch.setattr(store_transaction, "LARGEST_IN_MEMORY", 1000)
    [big] = save(head_ct(slices=1, size=(512, 512)), tmp_path / "big")
    content = body_of_files([big])
    chunks = (content[start : start + 65536] for start in range(0, len(content), 65536))
    assert post(site.program(), chunks).status_code == 200
    wait_for(lambda: site.spool.instances(uid), "the instance to be filed")
    assert site.spool.instances(uid)[0].read_bytes() == big.read_bytes()
    assert not list(site.spool.layout.incoming.glob("*.part"))


def test_a_big_instance_that_ends_too_soon_leaves_nothing(site, tmp_path, monkeypatch):
    monkeypatch.setattr(store_transaction, "LARGEST_IN_MEMORY", 1000)
    [big] = save(head_ct(slices=1, size=(512, 512)), tmp_path / "big")
    content = body_of_files([big])
    answer = post(site.program(), iter([content[:100_000], content[100_000:200_000]]))
    assert answer.status_code == 400
    assert not list(site.spool.layout.incoming.iterdir())


@pytest.mark.parametrize(
    "content_type",
    [
        "application/dicom",
        "multipart/form-data; boundary=f00d",
        f'multipart/related; type="text/xml"; boundary={BOUNDARY}',
    ],
)
def test_other_media_types_are_refused(site, files, content_type):
    assert post(site.program(), body_of_files(files), content_type=content_type).status_code == 415


def test_a_content_coding_is_refused(site, files):
    assert post(site.program(), body_of_files(files), **{"Content-Encoding": "gzip"}).status_code == 415


def test_an_answer_that_is_not_acceptable_is_refused_before_anything_is_stored(site, files, uid):
    assert post(site.program(), body_of_files(files), Accept="application/pdf").status_code == 406
    assert not site.spool.instances(uid)


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'x' * 201}", '; boundary="\\\u00e9"'])
def test_a_body_without_a_usable_boundary_is_refused(site, files, boundary):
    kind = f'multipart/related; type="application/dicom"{boundary}'.encode("latin-1")
    answer = site.program().post(STUDIES, content=body_of_files(files), headers={b"Content-Type": kind})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        END,
        b"--other\r\n\r\nx\r\n--other--\r\n",
        b"no boundary at all" * 1000,
        part(b"x").replace(b"Content-Type", b"X" * 100_000) + END,
        f"--{BOUNDARY}\r\n".encode() + b"A: b\r\n" * 1000 + b"\r\nx\r\n" + END,
        f"--{BOUNDARY}\r\nno colon\r\n\r\nx\r\n".encode() + END,
    ],
    ids=["nothing", "no part", "other boundary", "no boundary", "long header", "many headers", "bad header"],
)
def test_a_body_that_is_not_made_of_parts_is_refused(site, content):
    assert post(site.program(), content).status_code == 400


def test_of_a_body_that_ends_too_soon_the_whole_instances_are_kept(site, files, uid, wait_for):
    answer = post(site.program(), body_of_files(files)[:-2500])
    assert answer.status_code == 400
    assert "what was whole before is stored" in answer.json()["detail"]
    wait_for(lambda: len(site.spool.instances(uid)) >= 1, "those that were whole to be filed")


def test_more_parts_than_a_request_may_have_are_refused(site, monkeypatch):
    monkeypatch.setattr("triage_node.web.dicomweb.related_parts.MOST_PARTS", 10)
    assert post(site.program(), body([b""] * 11)).status_code == 400


def test_a_body_beyond_all_bounds_is_refused(site):
    answer = post(site.program(), b"x", **{"Content-Length": str(1 << 40)})
    assert answer.status_code == 413


@pytest.mark.parametrize("pause_seconds", [10.0, 0.05], ids=["silent", "trickling"])
def test_a_body_that_does_not_come_in_time_ends(make_site, pause_seconds):
    site = make_site(association_idle_seconds=0.3)
    token = site.worklist.tokens.add("slow", Role.SERVICE)
    sent = asyncio.run(slowly(site.application, token, pause_seconds))
    assert sent["status"] == 408
    assert (b"connection", b"close") in sent["headers"]


async def slowly(application, token, pause_seconds):
    """Post a body that never ends, a byte at a time; return the start of the answer."""
    headers = {"host": "127.0.0.1", "authorization": f"Bearer {token}", "content-type": CONTENT_TYPE}
    scope = {
        "type": "http", "method": "POST", "path": STUDIES, "raw_path": STUDIES.encode(), "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "scheme": "http", "http_version": "1.1",
    }  # fmt: skip
    bytes_to_come = itertools.chain(part(b"")[:-2], itertools.repeat(0))
    sent = []

    async def receive():
        await asyncio.sleep(pause_seconds)
        return {"type": "http.request", "body": bytes([next(bytes_to_come)]), "more_body": True}

    async def send(message):
        sent.append(message)

    await application(scope, receive, send)
    return sent[0]


def test_who_may_store(site, files):
    content = body_of_files(files)
    assert post(site.browser(), content).status_code == 401
    assert post(site.program(Role.READER), content).status_code == 403
    administrator = site.signed_in("ada")
    assert post(administrator, content).status_code == 403, "a cookie wants the form's token"
    assert post(administrator, content, **{"X-CSRF-Token": administrator.form_token}).status_code == 200


def test_who_stores_too_much_at_once_is_told_to_try_again(site, files):
    program, bodies = site.program(), site.application.state.services.bodies
    with contextlib.ExitStack() as taken:
        for _ in range(bodies.each):
            taken.enter_context(bodies.take("token service-0"))
        answer = post(program, body_of_files(files))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert post(site.program(), body_of_files(files)).status_code == 200, "another sender"
    assert post(program, body_of_files(files)).status_code == 200
    assert not list(site.spool.layout.incoming.glob("*.part"))


def test_a_program_of_the_role_storage_stores_and_reads_nothing(site, files, uid):
    program = site.program(Role.STORAGE)
    content, content_type = body_of_files(files), CONTENT_TYPE
    stored = program.post(STUDIES, content=content, headers={"Content-Type": content_type})
    assert stored.status_code == 200
    for path in ("/dicomweb/studies", f"/dicomweb/studies/{uid}", "/api/worklist", "/api/senders", "/metrics"):
        assert program.get(path).status_code == 403, path
