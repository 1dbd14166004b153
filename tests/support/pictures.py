"""Take the pictures of README and docs anew: ``python tests/support/pictures.py docs/pictures``.

A node gets a past of rows and the bundled generated study with a hemorrhage; Chromium shows both pages as they are.
The summary is the one that the node makes of that study.
"""

import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from browsers import PASSWORD, Screen, chromium
from histories import Past, fill, usual
from nodes import RunningNode
from PIL import Image
from pydicom import dcmread

from triage_node.config import Settings
from triage_node.demo.studies import unpack
from triage_node.identity import Role
from triage_node.worklist import Worklist

LARGEST_BYTES = 250_000
SIZE = (1280, 800)
STUDIES = 14
SECONDS_BETWEEN = 420


def main(target: Path) -> None:
    """Take all."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        node = _node(Path(folder))
        try:
            study = next(unpack(Path(folder) / "studies"))
            sent = node.command("send", study.files[0].parent, "--to", f"TRIAGE@127.0.0.1:{node.port}")
            assert sent.returncode == 0, sent.stderr
            while node.state(study.study_instance_uid) != "analyzed":
                time.sleep(0.2)
            [summary] = Path(folder).rglob("summary.dcm")
            keep(Image.fromarray(dcmread(summary).pixel_array), target / "summary.png")
            with chromium() as browser:
                show(browser, node.web_address, study.study_instance_uid, target)
        finally:
            node.stop()


def show(browser: Any, address: str, uid: str, target: Path) -> None:
    """Show both pages to a reader and keep what the screen shows."""
    screen = Screen.of(browser, address, SIZE).sign_in("ray")
    screen.page.locator('#live[data-state="on"]').wait_for()
    keep(photographed(screen), target / "worklist.png")
    screen.page.goto(f"/studies/{uid}")
    screen.page.locator(".viewer-place").get_by_text(" / ").wait_for()
    screen.page.wait_for_load_state("networkidle")
    keep(photographed(screen), target / "study.png")
    assert not screen.complaints, screen.complaints


def photographed(screen: Screen) -> Image.Image:
    """Return what the screen shows."""
    return Image.open(io.BytesIO(screen.page.screenshot()))


def keep(picture: Image.Image, path: Path) -> None:
    """Keep a picture in 256 colors, which is small and looks the same on these dark pages."""
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {size} bytes")
    assert size <= LARGEST_BYTES


def _node(folder: Path) -> RunningNode:
    past = Past(time.time() - STUDIES * SECONDS_BETWEEN)
    worklist = Worklist(Settings(data_dir=folder / "data"), past)
    worklist.prepare()
    fill(worklist, past, usual(STUDIES, seed=8), SECONDS_BETWEEN)
    worklist.close()
    node = RunningNode(folder, worker_nice=0, connect_timeout_seconds=30.0, extra_objects=["summary"])
    node.worklist.accounts.add("ray", Role.READER, PASSWORD)
    return node


if __name__ == "__main__":
    main(Path(sys.argv[1]))
