"""An archive in a bucket, on an S3 server on loopback."""

import os
from pathlib import Path

import pytest
from archives import scatter, write
from ct_objects import localizer, mr_head

from triage_node.archive import entries

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def store():
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    environment = {
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="archive")
        yield client
        client.close()
    server.stop()


def test_a_bucket_gives_what_the_folder_gives_and_odd_keys_too(store, tmp_path, run_scan, monkeypatch):
    monkeypatch.setattr(entries, "MOST_NAMES", 5)
    root = tmp_path / "archive"
    scatter(root, *mr_head(slices=6, seed=1))
    write(root / "2021", *localizer(seed=3))
    (root / "empty.dcm").touch()
    (root / "notes.txt").write_text("no DICOM")
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            store.upload_file(str(path), "archive", f"heads/{os.path.relpath(path, root)}")
    first = (root / "2021" / "000.dcm").read_bytes()
    for key in ("heads/", "heads/2021/", "other/x.dcm"):
        store.put_object(Bucket="archive", Key=key, Body=b"")
    store.put_object(Bucket="archive", Key="heads//../../escape", Body=first)
    folder, bucket = run_scan(root, out="folder"), run_scan("s3://archive/heads", out="bucket")
    for uid, row in folder.series.items():
        other = bucket.series[uid]
        for name in row.keys() - {"fetch_seconds", "study_number"}:
            assert other[name] == row[name], name
    assert set(bucket.series) == set(folder.series)
    copy = {"/../../escape": "Another file of the instance was found before it."}
    assert len(bucket.skipped) == len(folder.skipped) + 1
    assert set(bucket.skipped.items()) - set(folder.skipped.items()) <= {
        *copy.items(),
        ("2021/000.dcm", *copy.values()),
    }


def test_a_store_that_does_not_answer_ends_the_scan(store, tmp_path, run_scan, monkeypatch):
    from triage_node.archive import patience
    from triage_node.errors import PeerUnreachable

    monkeypatch.setattr(patience, "PAUSES_SECONDS", (0.0,))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(PeerUnreachable, match="scan again later"):
        run_scan("s3://archive/heads")
