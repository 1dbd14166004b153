"""WADO-RS of a running node with clients that nobody here wrote: dicomweb-client, Orthanc's DICOMweb plugin."""

from urllib.parse import urlsplit

import pytest
import requests
from ct import head_ct, save
from ct_compressed import jpeg_ls
from dicomweb_client import DICOMwebClient
from dicomweb_client.session_utils import create_session
from nodes import RunningNode
from pacs import Orthanc
from programs import run
from pydicom import DataElement, config
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Invalid value for VR UI")]

ODD_UIDS = {"StudyInstanceUID": "ID_61d7a3b2", "SeriesInstanceUID": "ID_9f", "SOPInstanceUID": "ID_000012eaf"}


@pytest.fixture
def node(start):
    """A node that analyzes nothing meanwhile."""
    return start(RunningNode, "node", series_quiet_seconds=600, study_quiet_seconds=600)


def client_of(node, session=None):
    token = node.command("token", "add", "viewer").stdout.strip()
    session = session or create_session()
    session.headers["Authorization"] = f"Bearer {token}"
    return DICOMwebClient(url=f"{node.web_address}/dicomweb", session=session, permissive_uid=True)


def send(node, wait_for, paths, uid, syntax="-xe"):
    sent = run("storescu", syntax, "-aec", "TRIAGE", "127.0.0.1", node.port, *paths)
    assert sent.returncode == 0, sent.stderr
    wait_for(lambda: len(node.worklist.stored_instances.find(uid)) == len(paths), "registering the images")


def odd_image():
    """Return an image with UIDs as in RSNA-2019."""
    [ds] = head_ct(slices=1, size=(64, 64), seed=3)
    for keyword, uid in ODD_UIDS.items():
        ds[keyword] = DataElement(keyword, "UI", uid, validation_mode=config.IGNORE)
    del ds.file_meta.MediaStorageSOPInstanceUID
    return ds


def test_a_client_retrieves_all_there_is(node, wait_for, tmp_path):
    datasets, [odd] = head_ct(slices=12, size=(64, 64)), [odd_image()]
    [compressed] = head_ct(slices=1, size=(64, 64), seed=2)
    plain = compressed.PixelData
    uid = str(datasets[0].StudyInstanceUID)
    send(node, wait_for, save(datasets, tmp_path / "sent"), uid)
    send(node, wait_for, save([jpeg_ls(compressed)], tmp_path / "compressed"), str(compressed.StudyInstanceUID), "-xt")
    send(node, wait_for, save([odd], tmp_path / "odd"), ODD_UIDS["StudyInstanceUID"])
    with create_session() as session:
        client = client_of(node, session)
        series, instance = str(datasets[0].SeriesInstanceUID), str(datasets[3].SOPInstanceUID)
        found = client.retrieve_study(uid, media_types=(("application/dicom", "*"),))
        assert [one.PixelData for one in found] == [one.PixelData for one in datasets]
        assert len(list(client.iter_series(uid, series))) == 12
        assert client.retrieve_instance(uid, series, instance).PixelData == datasets[3].PixelData
        header = client.retrieve_instance_metadata(uid, series, instance)
        assert header["00100020"]["Value"] == [datasets[0].PatientID]
        assert len(client.retrieve_study_metadata(uid)) == len(client.retrieve_series_metadata(uid, series)) == 12
        # This client sends a Host without the port, so the address it gets has none.
        place = urlsplit(header["7FE00010"]["BulkDataURI"]).path
        [pixels] = client.retrieve_bulkdata(f"{node.web_address}{place}")
        assert pixels == datasets[3].PixelData
        [frame] = client.retrieve_instance_frames(uid, series, instance, [1])
        assert frame == datasets[3].PixelData
        picture = client.retrieve_instance_rendered(uid, series, instance, media_types=("image/png",))
        assert picture.startswith(b"\x89PNG")
        packed = [str(compressed[key].value) for key in ODD_UIDS]
        plainly = client.retrieve_instance(*packed, media_types=(("application/dicom", ExplicitVRLittleEndian),))
        assert plainly.PixelData == plain
        stored = client.retrieve_instance(*packed, media_types=(("application/dicom", JPEGLSLossless),))
        assert stored.file_meta.TransferSyntaxUID == JPEGLSLossless
        [frame] = client.retrieve_instance_frames(*packed, [1], media_types=(("image/jls", JPEGLSLossless),))
        assert frame.startswith(b"\xff\xd8\xff")
        odd_uids = list(ODD_UIDS.values())
        assert client.retrieve_instance(*odd_uids).PixelData == odd.PixelData
        with pytest.raises(requests.HTTPError, match="404"):
            client.retrieve_instance(uid, *odd_uids[1:])
        for way in ("..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2f" * 3 + "node.toml"):
            answer = session.get(f"{node.web_address}/dicomweb/studies/{way}")
            assert answer.status_code == 404
        with pytest.raises(requests.HTTPError, match="406"):
            client.retrieve_instance_frames(uid, series, instance, [1], media_types=(("image/jls", JPEGLSLossless),))
    assert str(datasets[0].PatientName) not in node.program.printed


def test_orthanc_retrieves_a_study(node, start, wait_for, tmp_path):
    datasets = head_ct(slices=12, size=(64, 64))
    uid = str(datasets[0].StudyInstanceUID)
    send(node, wait_for, save(datasets, tmp_path / "sent"), uid)
    token = node.command("token", "add", "orthanc").stdout.strip()
    server = {"Url": f"{node.web_address}/dicomweb/", "HttpHeaders": {"Authorization": f"Bearer {token}"}}
    orthanc = start(Orthanc, "orthanc", dicomweb_servers={"node": server})
    orthanc.post("/dicom-web/servers/node/retrieve", {"Resources": [{"Study": uid}], "Synchronous": True})
    [study] = orthanc.find("StudyInstanceUID", uid, "/studies")
    [series] = study["Series"]
    found = [orthanc.file(one) for one in orthanc.get(f"/series/{series}")["Instances"]]
    assert {one.SOPInstanceUID: one.PixelData for one in found} == {
        one.SOPInstanceUID: one.PixelData for one in datasets
    }
