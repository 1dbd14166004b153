"""No file that is also something else passes through the node (PS3.10 7.1): its preamble is zeroed, nothing more."""

import pytest
from ct import head_ct, save
from multipart import CONTENT_TYPE, body_of_files
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from site_instances import keep, parts_of

from triage_node.web.dicomweb import store_transaction

pytestmark = pytest.mark.slow

ANY = 'multipart/related; type="application/dicom"; transfer-syntax=*'
PREAMBLES = {
    "Windows": b"MZ\x90\0" + b"\x41" * 124,
    "ELF": b"\x7fELF\x02\x01\x01".ljust(128, b"\0"),
    "Mach-O": b"\xcf\xfa\xed\xfe".ljust(128, b"\0"),
    "script": b"#!/bin/sh\nid\nexit\n".ljust(128, b"#"),
    "batch": b"@echo off & calc.exe & rem ".ljust(128),
    "page": b"<script>alert(1)</script>".ljust(128),
    "zip": b"PK\x03\x04".ljust(128, b"\0"),
    "TIFF": b"II*\0\x84\0\0\0".ljust(128, b"\0"),
    "last byte": bytes(127) + b"\x01",
}


@pytest.fixture
def path(tmp_path):
    return save(head_ct(slices=1, size=(64, 64)), tmp_path / "sent")[0]


def address_of(path, level="instance"):
    ds = dcmread(path)
    uids = [ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID]
    return f"/dicomweb/studies/{uids[0]}" + (f"/series/{uids[1]}/instances/{uids[2]}" if level == "instance" else "")


@pytest.mark.parametrize("name", PREAMBLES)
@pytest.mark.parametrize("largest_in_memory", [1 << 20, 1000])
def test_a_preamble_is_zeroed_as_it_comes_in(site, path, name, largest_in_memory, monkeypatch, wait_for):
    monkeypatch.setattr(store_transaction, "LARGEST_IN_MEMORY", largest_in_memory)
    harmless = path.read_bytes()
    assert not any(harmless[:128])
    path.write_bytes(PREAMBLES[name] + harmless[128:])
    content = body_of_files([path])
    chunks = (content[start : start + 2048] for start in range(0, len(content), 2048))
    answer = site.program().post("/dicomweb/studies", content=chunks, headers={"Content-Type": CONTENT_TYPE})
    assert answer.status_code == 200
    uid = str(dcmread(path).StudyInstanceUID)
    [instance] = wait_for(lambda: site.spool.instances(uid), "the instance to be filed")
    assert instance.read_bytes() == harmless


@pytest.mark.parametrize("name", PREAMBLES)
def test_what_an_earlier_version_kept_is_not_given_out(site, path, name):
    harmless = path.read_bytes()
    path.write_bytes(PREAMBLES[name] + harmless[128:])
    keep(site, [path])
    program = site.program()
    for level in ("study", "instance"):
        [(_, content)] = parts_of(program.get(address_of(path, level), headers={"Accept": ANY}))
        assert content == harmless
    for accept in ("application/dicom; transfer-syntax=*", "application/dicom"):
        assert program.get(address_of(path), headers={"Accept": accept}).content == harmless


def test_written_anew_it_has_none_either(site, path):
    ds = dcmread(path)
    ds.preamble = PREAMBLES["Windows"]
    buffer = DicomBytesIO()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    ds.save_as(buffer, implicit_vr=True, little_endian=True, enforce_file_format=True)
    path.write_bytes(buffer.getvalue())
    assert path.read_bytes().startswith(b"MZ")
    keep(site, [path])
    [(_, content)] = parts_of(site.program().get(address_of(path)))
    assert not any(content[:128])
    assert content[128:132] == b"DICM"
