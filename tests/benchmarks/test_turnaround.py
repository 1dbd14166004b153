"""Last C-STORE to report stored at the PACS, the quiet timer taken off; 32 slices of 512 x 512."""

import statistics
import time

import psutil
from ct import head_ct, save
from nodes import RunningNode
from pacs import Storescp
from pydicom.uid import generate_uid

ROUNDS = 5
QUIET_SECONDS = 1.0


def test_turnaround(tmp_path, wait_for):
    (tmp_path / "node").mkdir()
    pacs = Storescp(tmp_path / "pacs")
    node = RunningNode(
        tmp_path / "node", destinations=[pacs.address], series_quiet_seconds=QUIET_SECONDS, study_quiet_seconds=60
    )
    node.wait_ready()
    images = head_ct(slices=32, size=(512, 512), lesion="epidural")
    seconds = []
    try:
        for number in range(ROUNDS):
            study, series = generate_uid(), generate_uid()
            for ds in images:
                ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
                ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            files = save(images, tmp_path / f"study{number}")
            node.storescu(*files)
            start = time.perf_counter()
            wait_for(lambda count=number + 1: len(pacs.received()) == count, "the report", 60)
            seconds.append(time.perf_counter() - start - QUIET_SECONDS)
        listener = psutil.Process(node.program.process.pid).memory_info().rss / 2**20
        worker = psutil.Process(node.worker_pid).memory_info().rss / 2**20
    finally:
        node.stop()
        pacs.stop()
    print(
        f"\nlast C-STORE to report at the PACS, less the timer, 32 x 512 x 512, median of {ROUNDS}: "
        f"{statistics.median(seconds):.2f} s (longest {max(seconds):.2f} s; the bar is 5 s)"
        f"\nresident: listener {listener:.0f} MB (the bar is 200 MB), worker {worker:.0f} MB"
    )
