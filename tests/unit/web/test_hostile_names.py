"""UIDs that are paths, too long or hold a NUL, in instances and in addresses of DICOMweb: never a file's name."""

from urllib.parse import quote

import pytest
from ct import head_ct
from ct_raw import file_as_it_is, put
from multipart import CONTENT_TYPE, body
from site_instances import keep

from triage_node.ingest.statuses import CANNOT_UNDERSTAND

pytestmark = pytest.mark.slow

NAMES = {
    "a path": "../../../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "dots": "..",
    "a NUL inside": "1.2\0.3",
    "1,000 characters": "1." + "2" * 998,
    "a line feed": "1.2\n3",
    "a command to a terminal": "1.2\x1b[2J",
    "a star": "*",
    "a drive": "C:\\Windows",
}


def files_of(site) -> list:
    return sorted(path for path in site.settings.data_dir.rglob("*") if path.is_file() and "sqlite" not in path.name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_an_instance_with_such_a_uid_is_not_stored(site, keyword, name):
    [ds] = head_ct(slices=1, size=(16, 16))
    put(ds, keyword, "UI", name.encode() + b"\0" * (len(name) % 2))
    before = files_of(site)
    answer = site.program().post(
        "/dicomweb/studies", content=body([file_as_it_is(ds)]), headers={"Content-Type": CONTENT_TYPE}
    )
    assert answer.status_code == 409
    [item] = answer.json()["00081198"]["Value"] if "00081198" in answer.json() else answer.json()["0008119A"]["Value"]
    assert item["00081197"]["Value"] == [CANNOT_UNDERSTAND]
    assert files_of(site) == before


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_an_address_with_such_a_uid_is_of_nothing(site, name, tmp_path):
    [ds] = head_ct(slices=1, size=(16, 16))
    path = tmp_path / "one.dcm"
    path.write_bytes(file_as_it_is(ds))
    keep(site, [path])
    program, odd = site.program(), quote(name, safe="").replace("..", "%2e%2e")
    uids = [str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID), str(ds.SOPInstanceUID)]
    assert program.get("/dicomweb/studies/{}/series/{}/instances/{}".format(*uids)).status_code == 200
    for place in range(3):
        changed = [odd if at == place else uid for at, uid in enumerate(uids)]
        for rest in ("", "/metadata", "/rendered", "/frames/1"):
            answer = program.get("/dicomweb/studies/{}/series/{}/instances/{}".format(*changed) + rest)
            assert answer.status_code in (400, 404)
            assert b"root:" not in answer.content
