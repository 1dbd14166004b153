"""Objects in a real S3 server: stored whole, compared with their checksums, and every failure a sentence."""

import hashlib
from dataclasses import replace

import pytest
from object_storage import ObjectStorage
from tcp_proxy import Proxy

from triage_node.errors import InvalidInstance, ObjectStorageAway, ObjectStorageRefused, SettingsError
from triage_node.storage import Bucket
from triage_node.storage.bucket import Kept, multipart
from triage_node.storage.bucket import bucket as bucket_module

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def small_parts(monkeypatch):
    """Have files of 6 MB stored in parts, the smallest that S3 takes."""
    monkeypatch.setattr(bucket_module, "IN_PARTS_BYTES", 6 << 20)
    monkeypatch.setattr(multipart, "PART_BYTES", 5 << 20)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(CONTENT)
    return path


def test_a_file_comes_back_as_it_was_stored(bucket, file, tmp_path, object_storage):
    assert bucket.put(file, "studies/a.dcm") is Kept.NEW
    assert object_storage.contents(bucket.options.name) == {"site/a/studies/a.dcm": CONTENT}
    assert bucket.get("studies/a.dcm", tmp_path / "b.dcm")
    assert (tmp_path / "b.dcm").read_bytes() == CONTENT
    assert (tmp_path / "b.dcm").stat().st_mode & 0o777 == 0o600
    assert bucket.state.answers


def test_what_is_there_is_not_replaced_unless_that_is_asked_for(bucket, file, object_storage):
    bucket.put(file, "a.dcm")
    assert bucket.put(file, "a.dcm") is Kept.SAME
    file.write_bytes(b"other")
    assert bucket.put(file, "a.dcm") is Kept.OTHER
    assert object_storage.contents(bucket.options.name)["site/a/a.dcm"] == CONTENT
    assert bucket.put(file, "a.dcm", replace=True) is Kept.NEW
    assert object_storage.contents(bucket.options.name)["site/a/a.dcm"] == b"other"


def test_a_large_file_is_stored_in_parts(bucket, small_parts, tmp_path, object_storage):
    large = tmp_path / "large.dcm"
    large.write_bytes(CONTENT * 1200)
    assert bucket.put(large, "large.dcm") is Kept.NEW
    assert bucket.get("large.dcm", tmp_path / "back.dcm")
    assert hashlib.sha256((tmp_path / "back.dcm").read_bytes()).digest() == hashlib.sha256(CONTENT * 1200).digest()
    assert bucket.put(large, "large.dcm") is Kept.SAME
    assert not object_storage.client().list_multipart_uploads(Bucket=bucket.options.name).get("Uploads")


def test_parts_are_removed_when_the_file_is_not_stored(bucket, small_parts, tmp_path, object_storage, monkeypatch):
    large = tmp_path / "large.dcm"
    large.write_bytes(CONTENT * 1200)
    client = bucket._make_client(bucket.options)
    sent, bucket._client = client.upload_part, client

    def second_fails(**arguments):
        if arguments["PartNumber"] == 2:
            object_storage.is_busy = True
            try:
                return sent(**arguments)
            finally:
                object_storage.is_busy = False
        return sent(**arguments)

    monkeypatch.setattr(client, "upload_part", second_fails)
    with pytest.raises(ObjectStorageAway):
        bucket.put(large, "large.dcm")
    assert not object_storage.client().list_multipart_uploads(Bucket=bucket.options.name).get("Uploads")
    assert not object_storage.contents(bucket.options.name)


def test_an_object_that_is_not_there_is_no_failure(bucket, tmp_path):
    assert not bucket.get("nothing.dcm", tmp_path / "nothing.dcm")
    assert bucket.head("nothing.dcm") is None
    assert not (tmp_path / "nothing.dcm").exists()
    bucket.delete(["nothing.dcm"])
    assert bucket.state.answers


def test_a_damaged_object_is_never_given_out(bucket, file, tmp_path, object_storage):
    bucket.put(file, "a.dcm")
    checksum = object_storage.client().head_object(Bucket=bucket.options.name, Key="site/a/a.dcm")["Metadata"]
    object_storage.client().put_object(
        Bucket=bucket.options.name, Key="site/a/a.dcm", Body=CONTENT[:-1] + b"x", Metadata=checksum
    )
    with pytest.raises(InvalidInstance, match="damaged"):
        bucket.get("a.dcm", tmp_path / "b.dcm")
    assert not (tmp_path / "b.dcm").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.dcm"]


def test_more_objects_are_deleted_than_one_request_takes(bucket, object_storage, monkeypatch):
    monkeypatch.setattr(bucket_module, "MOST_DELETED", 4)
    client = object_storage.client()
    for number in range(11):
        client.put_object(Bucket=bucket.options.name, Key=f"site/a/x/{number}", Body=b"")
    client.put_object(Bucket=bucket.options.name, Key="elsewhere/x/1", Body=b"")
    assert len(bucket.sizes("x/")) == 11
    bucket.delete(list(bucket.sizes("x/")))
    assert list(object_storage.contents(bucket.options.name)) == ["elsewhere/x/1"]


def test_a_busy_storage_is_away_and_left_alone_for_a_while(bucket, file, object_storage):
    object_storage.is_busy = True
    with pytest.raises(ObjectStorageAway, match="busy or down"):
        bucket.put(file, "a.dcm")
    asked = len(object_storage.requests)
    with pytest.raises(ObjectStorageAway):
        bucket.put(file, "a.dcm")
    assert len(object_storage.requests) == asked, "it was asked again at once"
    assert bucket.state.answers is False
    assert "503" in bucket.state.message
    object_storage.is_busy = False
    bucket._answering._ask_after = 0.0
    assert bucket.put(file, "a.dcm") is Kept.NEW
    assert bucket.state.answers


def test_a_connection_that_is_cut_loses_nothing(options, file, tmp_path, object_storage):
    proxy = Proxy(object_storage.port)
    bucket = Bucket(replace(options, endpoint=f"http://127.0.0.1:{proxy.port}"))
    try:
        bucket.put(file, "a.dcm")
        proxy.cut()
        assert bucket.get("a.dcm", tmp_path / "b.dcm")
        proxy.target_port = 1
        proxy.cut()
        with pytest.raises(ObjectStorageAway, match="does not answer"):
            bucket.get("a.dcm", tmp_path / "c.dcm")
    finally:
        proxy.stop()


def test_an_answer_that_never_comes_is_not_waited_for(options, file, object_storage):
    proxy = Proxy(object_storage.port)
    bucket = Bucket(replace(options, endpoint=f"http://127.0.0.1:{proxy.port}", timeout_seconds=0.2))
    try:
        proxy.stall()
        with pytest.raises(ObjectStorageAway, match="does not answer"):
            bucket.put(file, "a.dcm")
    finally:
        proxy.stop()


def test_a_bucket_that_is_closed_does_not_try_again(options, file, object_storage):
    bucket = Bucket(options)
    bucket.prepare()
    object_storage.requests.clear()
    bucket.close()
    with pytest.raises(ObjectStorageAway, match="stops"):
        bucket.put(file, "a.dcm")
    assert not object_storage.requests


def test_a_missing_bucket_is_named(options, file):
    with pytest.raises(ObjectStorageRefused, match="no bucket of s3://nowhere-at-all"):
        Bucket(replace(options, name="nowhere-at-all")).put(file, "a.dcm")


def test_missing_credentials_are_asked_for(options, file, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ObjectStorageRefused, match="storage_credentials_file"):
        Bucket(options).put(file, "a.dcm")


def test_credentials_come_from_the_file_and_are_read_again(options, file, tmp_path, monkeypatch):
    credentials = tmp_path / "credentials"
    credentials.write_text("[default]\naws_access_key_id = one\naws_secret_access_key = two\n")
    bucket = Bucket(replace(options, credentials_file=credentials))
    bucket.put(file, "a.dcm")
    assert bucket._client._request_signer._credentials.access_key == "one", "not the one of the environment"
    credentials.write_text("[default]\naws_access_key_id = three\naws_secret_access_key = four\n")
    bucket._forget_client()
    bucket.put(file, "b.dcm")
    assert bucket._client._request_signer._credentials.access_key == "three"


def test_a_file_of_the_settings_that_is_not_there_is_named(options, tmp_path):
    for name in ("credentials_file", "tls_ca"):
        with pytest.raises(SettingsError, match=f"storage_{name}: .*nothing cannot be read"):
            Bucket(replace(options, **{name: tmp_path / "nothing"})).head("a")


def test_the_check_says_what_the_bucket_takes(bucket, object_storage):
    assert "takes, shows and deletes" in bucket.check()
    assert not object_storage.contents(bucket.options.name)


def test_objects_are_encrypted_as_the_settings_want(options, file, object_storage):
    Bucket(replace(options, encryption="AES256")).put(file, "a.dcm")
    head = object_storage.client().head_object(Bucket=options.name, Key="site/a/a.dcm")
    assert head["ServerSideEncryption"] == "AES256"


def test_a_certificate_that_is_not_trusted_is_said_so(options, file, tmp_path):
    from certificates import Authority

    authority = Authority(tmp_path)
    issued = authority.issue("server")
    storage = ObjectStorage((str(issued.certificate), str(issued.key)))
    try:
        with pytest.raises(ObjectStorageRefused, match="not trusted"):
            Bucket(replace(options, endpoint=storage.endpoint)).put(file, "a.dcm")
        trusting = replace(options, endpoint=storage.endpoint, tls_ca=authority.ca)
        assert Bucket(trusting).put(file, "a.dcm") is Kept.NEW
    finally:
        storage.stop()
