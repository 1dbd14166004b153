import io
import zlib

import pytest
from ct import head_ct
from ct_objects import localizer, structured_report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage_node.errors import InvalidInstance
from triage_node.ingest.header import read_header, read_open_header
from triage_node.ingest.statuses import status_of

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


def encoded(ds) -> bytes:
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def content() -> bytes:
    [ds] = head_ct(slices=1, size=(16, 16))
    return encoded(ds)


def test_what_the_worklist_shows_is_read(content):
    header = read_header(content)
    assert (header.modality, header.eligible, header.urgent) == ("CT", True, False)
    assert header.study_instance_uid
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.1"


@pytest.mark.parametrize("make", [localizer, structured_report])
def test_what_is_no_head_ct_image_is_kept_but_moves_nothing(make):
    ds, *_ = make()
    assert not read_header(encoded(ds)).eligible


@pytest.mark.parametrize(("priority", "urgent"), [("STAT", True), ("HIGH", True), ("ROUTINE", False), ("", False)])
def test_the_requested_priority_counts(priority, urgent):
    [ds] = head_ct(slices=1, size=(16, 16), RequestedProcedurePriority=priority)
    assert read_header(encoded(ds)).urgent is urgent


@pytest.mark.parametrize("text", [b"", b"DICM", b"\0" * 128, b"\0" * 128 + b"DICM", b"GIF89a" + b"\0" * 500])
def test_files_that_are_not_dicom(text):
    with pytest.raises(InvalidInstance):
        read_header(text)


def test_a_data_set_of_endless_elements_is_inflated_no_farther_than_a_header_goes(content):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    megabyte = compressor.compress(b"\0" * (1 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    bomb = 700 * megabyte + compressor.flush()
    assert len(zlib.decompress(3 * megabyte + bomb[700 * len(megabyte) :], -zlib.MAX_WBITS)) == 3 << 20
    deflated = b"1.2.840.10008.1.2.1.99"
    start = content.index(b"1.2.840.10008.1.2.1")
    length = int.from_bytes(content[140:144], "little")
    meta = content[:start] + deflated + content[start + 20 : 144 + length]
    meta = meta[:140] + (length + 2).to_bytes(4, "little") + meta[144:]
    meta = meta[: start - 2] + len(deflated).to_bytes(2, "little") + meta[start:]
    with pytest.raises(InvalidInstance, match="more than 20000 elements"):
        read_header(meta + bomb)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_the_bytes_the_answer_is_a_header_or_one_sentence(content, data):
    changed = bytearray(content[:1200])
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        header = read_header(bytes(changed))
    except InvalidInstance:
        return
    assert len(header.study_instance_uid) <= 64
    assert len(header.patient_name) <= 256


def test_a_name_is_no_command_to_a_terminal():
    [ds] = head_ct(slices=1, size=(16, 16), PatientName="A\x1b[2J^B\x07")
    assert read_header(encoded(ds)).patient_name == "A[2J^B"


def test_what_comes_in_is_of_the_class_its_meta_information_says():
    [ds] = head_ct(slices=1, size=(16, 16))
    content = encoded(ds).replace(b"1.2.840.10008.5.1.4.1.1.2", b"1.2.840.10008.5.1.4.1.1.4", 1)
    with pytest.raises(InvalidInstance, match="another SOP class") as caught:
        read_open_header(io.BytesIO(content))
    assert status_of(caught.value) == 0xA900
    assert read_header(content).sop_class_uid == ds.SOPClassUID, "one that was kept before is read as it is"


@pytest.mark.parametrize("uid", ["1.2.840.10008.1.3.10", "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.5.1.4.31"])
def test_what_comes_in_is_of_a_class_that_is_stored(uid):
    [ds] = head_ct(slices=1, size=(16, 16))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = uid
    with pytest.raises(InvalidInstance, match="none of storage") as caught:
        read_open_header(io.BytesIO(encoded(ds)))
    assert status_of(caught.value) == 0x0122


def test_a_transfer_syntax_with_a_nul_is_refused():
    [ds] = head_ct(slices=1, size=(16, 16))
    content = encoded(ds).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840\0.10008.1.2.1", 1)
    with pytest.raises(InvalidInstance, match="TransferSyntaxUID"):
        read_open_header(io.BytesIO(content))


@pytest.mark.parametrize("name", [b"1.2.840\x0010008.1.2.1", b"1\n.2", b"1 2 3", b"\xff\xfe", b"9" * 65, b"\0\0"])
def test_a_transfer_syntax_name_that_is_no_uid_is_refused(content, name):
    name += b"\0" * (len(name) % 2)
    start = content.index(b"1.2.840.10008.1.2.1\0")
    length = int.from_bytes(content[140:144], "little") + len(name) - 20
    meta = content[:140] + length.to_bytes(4, "little") + content[144 : start - 2]
    odd = meta + len(name).to_bytes(2, "little") + name + content[start + 20 :]
    with pytest.raises(InvalidInstance):
        read_header(odd)


@pytest.mark.parametrize("keyword", ["SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_a_uid_with_a_nul_inside_is_refused(keyword):
    [ds] = head_ct(slices=1, size=(16, 16))
    uid = str(ds[keyword].value)
    odd = encoded(ds).replace(uid.encode(), (uid[:8] + "\0" + uid[9:]).encode())
    with pytest.raises(InvalidInstance):
        read_header(odd)


@pytest.mark.parametrize("keyword", ["PatientName", "PatientID", "StudyDescription", "StationName", "AccessionNumber"])
@pytest.mark.parametrize("odd", [b"A\0B___", b"A\xed\xa0\x80B_", b"A\x1bB___", b"A\xe2\x80\x8eB_", b"A\xff\xfeB__"])
def test_no_text_reaches_the_worklist_with_what_a_database_refuses(keyword, odd):
    [ds] = head_ct(slices=1, size=(16, 16), **{keyword: "PLAINX"})
    header = read_header(encoded(ds).replace(b"PLAINX", odd))
    for value in vars(header).values():
        if isinstance(value, str):
            assert value.isprintable()
            assert value.encode("utf-8").decode() == value


@pytest.mark.parametrize("number", ["99999999999", "-99999999999", "1e300", "4294967296"])
def test_a_number_out_of_range_is_no_number(number):
    [ds] = head_ct(slices=1, size=(16, 16))
    ds.add_new("InstanceNumber", "LO", number)
    assert read_header(encoded(ds)).instance_number is None
