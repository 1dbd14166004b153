"""A node whose bucket fails, or that is killed while it uploads: what it acknowledged is in the bucket in the end."""

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
import requests
from buckets import credentials, object_storage, options
from ct import head_ct, save
from nodes import RunningNode
from object_storage import KEY
from pacs import Storescp
from programs import run
from pydicom import Dataset, dcmread
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


def by_uid(paths: Iterable[Path]) -> dict[str, Dataset]:
    return {str(ds.SOPInstanceUID): ds for ds in map(dcmread, paths)}


def check_received(site: Site, uid: str, sent: Path) -> None:
    """The other machine has from the bucket what was sent, and byte for byte what the node kept."""
    fetched = site.other.instances(uid, site.worklist.stored_instances.received(uid))
    assert by_uid(fetched) == by_uid(sent.iterdir())
    kept = Spool(site.node.folder / "data" / "spool").instances(uid)
    assert {one.name: one.read_bytes() for one in kept} == {one.name: one.read_bytes() for one in fetched}


def test_a_node_that_is_killed_while_it_uploads_loses_nothing(site_of, tmp_path, wait_for, object_storage):
    site = site_of()
    studies = [study(tmp_path, seed) for seed in (1, 2)]
    site.proxy.stall()
    for _, folder in studies:
        send(site.node, folder)
    wait_for(lambda: [one.studies for one in site.worklist.uploads.waiting()] == [2], "the wait for the bucket")
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
    site_of, tmp_path, wait_for, object_storage, monkeypatch
):
    monkeypatch.setenv("TRIAGE_TEST_EXTRAS", "boto3 botocore")
    pacs = Storescp(tmp_path / "pacs")
    try:
        site = site_of(destinations=[f"STORESCP@127.0.0.1:{pacs.port}"])
        site.node.wait_ready()
        object_storage.is_busy = True
        uid, folder = study(tmp_path, 3)
        send(site.node, folder)
        wait_for(pacs.received, "the report", 120)
        assert not site.is_uploaded()
        health = requests.get(f"{site.node.web_address}/health/ready", timeout=10).json()
        assert (health["status"], "uploads" in health["warnings"]) == ("ready", True)
        checked = run("triage-node", "--config", site.node.config, "check")
        assert checked.returncode == 1
        assert "is busy or down (store an object): 503" in checked.stdout.replace("\n", " ")
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


def test_a_bucket_without_the_extra_is_refused_before_anything_is_promised(tmp_path):
    (tmp_path / "node.toml").write_text('storage_url = "s3://bucket/site"\ndicom_port = 0\nweb_port = 0\n')
    refused = run("triage-node", "--config", tmp_path / "node.toml", "serve", "--data-dir", tmp_path / "data")
    assert refused.returncode == 2
    assert "triage-node[s3]" in refused.stderr
