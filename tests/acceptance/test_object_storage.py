"""A node whose bucket fails, and that is killed while it uploads: what was acknowledged is in the bucket, as it came."""

import threading
from pathlib import Path

import pytest
from buckets import credentials, object_storage, options
from ct import head_ct, save
from nodes import RunningNode
from object_storage import KEY
from pacs import Storescp
from programs import run
from pydicom import dcmread
from tcp_proxy import Proxy

from triage_node.config import Settings
from triage_node.storage import BucketOptions, Spool
from triage_node.worklist import Worklist

__all__ = ["credentials", "object_storage", "options"]
pytestmark = pytest.mark.acceptance


class Site:
    """A node with a bucket behind a proxy, and the settings of a second machine of the same database."""

    def __init__(self, folder: Path, options: BucketOptions, storage_port: int, **settings: object) -> None:
        self.proxy = Proxy(storage_port)
        self.settings = {
            "storage_url": f"s3://{options.name}/site",
            "storage_endpoint": f"http://127.0.0.1:{self.proxy.port}",
            "storage_timeout_seconds": 2.0,
            "database_url": f"sqlite:///{folder / 'worklist.sqlite'}",
        }
        (folder / "node").mkdir()
        environment = {**KEY, "TRIAGE_TEST_EXTRAS": "boto3 botocore"}
        self.node = RunningNode(folder / "node", environment=environment, **self.settings, **settings)
        other = Settings(data_dir=folder / "other", **self.settings)
        self.worklist, self.other = Worklist(other), Spool.of(other)

    def is_uploaded(self) -> bool:
        return not self.worklist.uploads.waiting()

    def stop(self) -> None:
        self.node.stop()
        self.proxy.stop()
        self.worklist.close()
        self.other.copies.close()


@pytest.fixture
def site_of(tmp_path, options, object_storage):
    opened = []

    def open_site(**settings):
        opened.append(Site(tmp_path, options, object_storage.port, **settings))
        return opened[0]

    yield open_site
    object_storage.is_busy = False
    for one in opened:
        one.stop()


def send(node: RunningNode, folder: Path) -> None:
    sent = run("storescu", "+sd", "127.0.0.1", node.port, folder, timeout_seconds=120)
    assert sent.returncode == 0, sent.stderr


def study(folder: Path, seed: int, slices: int = 30) -> tuple[str, Path]:
    images = head_ct(slices=slices, size=(128, 128), seed=seed)
    return str(images[0].StudyInstanceUID), save(images, folder / str(seed))[0].parent


def check_received(site: Site, uid: str, sent: Path) -> None:
    """The other machine has from the bucket what the node got, data set by data set."""
    names = site.worklist.stored_instances.received(uid)
    found = {str((ds := dcmread(path)).SOPInstanceUID): ds for path in site.other.instances(uid, names)}
    assert found == {str((ds := dcmread(path)).SOPInstanceUID): ds for path in sent.iterdir()}
    local = {path.name: path.read_bytes() for path in Spool(site.node.folder / "data" / "spool").instances(uid)}
    assert local == {path.name: path.read_bytes() for path in site.other.instances(uid, names)}


def test_a_node_that_is_killed_while_it_uploads_loses_nothing(site_of, tmp_path, wait_for, object_storage):
    site = site_of()
    studies = [study(tmp_path, seed) for seed in (1, 2)]
    site.proxy.stall()
    for _, folder in studies:
        send(site.node, folder)
    wait_for(lambda: len(site.worklist.uploads.waiting()) == 1, "the wait for the bucket")
    assert site.worklist.uploads.waiting()[0].studies == 2
    site.proxy.go_on()
    started = len(object_storage.requests)
    wait_for(lambda: any(method == "PUT" for method, _ in object_storage.requests[started:]), "the first file")
    site.node.program.kill()
    site.proxy.cut()
    site.node.start()
    wait_for(site.is_uploaded, "the upload", 60)
    for uid, folder in studies:
        check_received(site, uid, folder)


def test_a_node_goes_on_while_its_bucket_is_busy_or_cut_off_and_uploads_afterwards(
    site_of, tmp_path, wait_for, object_storage
):
    pacs = Storescp(tmp_path / "pacs")
    try:
        site = site_of(destinations=[f"STORESCP@127.0.0.1:{pacs.port}"])
        site.node.wait_ready()
        object_storage.is_busy = True
        uid, folder = study(tmp_path, 3)
        send(site.node, folder)
        wait_for(pacs.received, "the report", 120)
        assert not site.is_uploaded()
        said = run("triage-node", "--config", site.node.config, "check").stdout
        assert "object storage" in said
        object_storage.is_busy = False
        cuts = threading.Timer(0.5, site.proxy.cut)
        cuts.start()
        wait_for(site.is_uploaded, "the upload", 90)
        cuts.join()
        check_received(site, uid, folder)
        outcome = site.worklist.study_details.study(uid).latest_outcome
        [report] = pacs.received()
        stored = site.other.result(uid, outcome.folder).report()
        assert dcmread(report).SOPInstanceUID == outcome.report_sop_instance_uid
        assert stored == Spool(site.node.folder / "data" / "spool").result(uid, outcome.folder).report()
    finally:
        pacs.stop()
