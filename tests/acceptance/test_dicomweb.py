"""STOW-RS, QIDO-RS and UPS-RS with clients that nobody here wrote: dicomweb-client and Orthanc's DICOMweb plugin."""

import json

import pytest
from ct import head_ct, save
from dicomweb_client import DICOMwebClient
from nodes import RunningNode
from pacs import Orthanc
from pydicom import dcmread

pytestmark = pytest.mark.slow


@pytest.fixture
def node(start):
    return start(RunningNode, "node")


@pytest.fixture
def token(node):
    return node.command("token", "add", "viewer").stdout.strip()


@pytest.fixture
def client(node, token):
    return DICOMwebClient(f"{node.web_address}/dicomweb", headers={"Authorization": f"Bearer {token}"})


def test_a_study_stored_by_dicomweb_client_is_found_by_it_and_analyzed(node, client, wait_for, tmp_path):
    images = [dcmread(path) for path in save(head_ct(slices=32, lesion="subdural"), tmp_path / "study")]
    uid = str(images[0].StudyInstanceUID)
    answer = client.store_instances(images)
    assert len(answer.ReferencedSOPSequence) == 32
    assert "FailedSOPSequence" not in answer
    found = wait_for(lambda: client.search_for_studies(search_filters={"PatientName": "*HEAD0*"}), "the study")
    assert found[0]["0020000D"]["Value"] == [uid]
    assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []
    wait_for(lambda: len(client.search_for_instances(uid)) == 32, "all instances to be registered")
    [series] = client.search_for_series(uid, search_filters={"Modality": "CT"})
    series_uid = series["0020000E"]["Value"][0]
    assert series["00201209"]["Value"] == [32]
    pages = client.search_for_instances(uid, series_uid, limit=10, get_remaining=True)
    assert sorted(one["00200013"]["Value"][0] for one in pages) == list(range(1, 33))
    wait_for(lambda: node.state(uid) == "analyzed", "the analysis", 240)


def test_orthanc_stores_and_queries(node, token, start, tmp_path, wait_for):
    server = {"Url": f"{node.web_address}/dicomweb/", "HttpHeaders": {"Authorization": f"Bearer {token}"}}
    orthanc = start(Orthanc, "orthanc", dicomweb_servers={"node": server})
    images = head_ct(slices=12, size=(64, 64), seed=3)
    for file in save(images, tmp_path / "study"):
        orthanc.upload(file)
    uid = str(images[0].StudyInstanceUID)
    [study] = orthanc.find("StudyInstanceUID", uid, "/studies")
    sent = orthanc.post("/dicom-web/servers/node/stow", {"Resources": [study["ID"]], "Synchronous": True})
    assert int(sent["InstancesCount"]) == 12
    wait_for(lambda: len(node.worklist.study_details.study(uid).series) if node.state(uid) else 0, "the study")
    wait_for(lambda: node.study(uid).series[0].instance_count == 12, "all instances")
    assert node.study(uid).calling_ae_title == "viewer"
    query = {"Uri": "/studies", "Arguments": {"PatientID": "TEST3", "includefield": "StudyDescription"}}
    [found] = json.loads(orthanc.send("POST", "/dicom-web/servers/node/get", json.dumps(query).encode()))
    assert found["0020000D"]["Value"] == [uid]
    assert found["00081030"]["Value"] == ["CT HEAD WO CONTRAST"]
