"""From the release before to this one, and back, as docs/upgrade.md says, with that release's own code."""

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from ct import head_ct, save
from nodes import RunningNode
from pacs import Storescp
from programs import need
from pydicom import dcmread
from releases import Release

SLICES = 24
NOT_OF_0_2_0 = {"disk_warn_mb": None, "disk_warn_percent": None}


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> Release:
    return Release("0.2.0", tmp_path_factory.mktemp("release") / "0.2.0")


def studies(node, release=None) -> dict[str, str]:
    """Return the state of each study as the node's own command tells it."""
    printed = command(node, release, "worklist", "--json").stdout
    return {one["study_instance_uid"]: one["state"] for one in json.loads(printed)}


def command(node, release, *arguments) -> subprocess.CompletedProcess[str]:
    """Run a command of a release, with a node's settings."""
    environment = os.environ | (release.environment if release else {})
    line = [need("triage-node"), "--config", node.config, *arguments]
    return subprocess.run(list(map(str, line)), capture_output=True, text=True, env=environment, timeout=120)


def send(node, folder: Path, seed: int) -> str:
    images = head_ct(slices=SLICES, size=(128, 128), seed=seed)
    node.storescu(*save(images, folder))
    return str(images[0].StudyInstanceUID)


def reports(pacs) -> Counter[str]:
    """Return how many reports the PACS has of each study."""
    return Counter(str(dcmread(path).StudyInstanceUID) for path in pacs.received())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_node_is_upgraded_and_goes_back_as_the_page_says(before, start, tmp_path, wait_for):
    pacs = start(Storescp, "pacs")
    data, copy, newer = (tmp_path / name for name in ("data", "data.before", "data.newer"))
    options = {"data_dir": str(data), "destinations": [pacs.address], "worker_nice": 0}
    old = start(RunningNode, "old", environment=before.environment, **NOT_OF_0_2_0, **options)
    first = send(old, tmp_path / "first", seed=1)
    wait_for(lambda: reports(pacs) == {first: 1}, "the report of the older release", 400)
    wait_for(lambda: studies(old, before) == {first: "analyzed"}, "its end", 120)
    old.stop()
    shutil.copytree(data, copy)

    new = start(RunningNode, "new", **options)
    assert studies(new) == {first: "analyzed"}
    second = send(new, tmp_path / "second", seed=2)
    wait_for(lambda: reports(pacs) == {first: 1, second: 1}, "the report of this release", 400)
    new.stop()
    with pytest.raises(AssertionError, match="Can't locate revision"):
        old.start()

    data.rename(newer)
    shutil.copytree(copy, data)
    old.start()
    assert studies(old, before) == {first: "analyzed"}
    images = [path for path in (newer / "spool" / "studies").rglob("*.dcm") if "results" not in path.parts]
    assert len(images) == 2 * SLICES
    sent = command(old, before, "send", "--to", f"TRIAGE@127.0.0.1:{old.port}", *images)
    assert sent.returncode == 0, sent.stderr
    wait_for(lambda: studies(old, before) == {first: "analyzed", second: "analyzed"}, "what came in between", 400)
    wait_for(lambda: reports(pacs)[second] >= 1, "its report", 120)
    assert reports(pacs)[first] == 1, "what was there before is not analyzed again"
    old.stop()
