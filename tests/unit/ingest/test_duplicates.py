"""The same image from CT and PACS is one image; another one under the same UID is kept, and told once."""

import copy
import io

import pytest
from ct import head_ct
from ct_compressed import jpeg_ls, rle
from intakes import Intake
from pydicom.uid import ImplicitVRLittleEndian

from triage_node.ingest import Sender
from triage_node.ingest import indexer as indexer_module

CT, PACS = Sender("CT", "127.0.0.1"), Sender("PACS", "127.0.0.2")
SLICES = 6


@pytest.fixture
def intake(make_settings, monkeypatch):
    monkeypatch.setattr(indexer_module, "GATHER_SECONDS", 0.01)
    running = Intake(make_settings())
    yield running
    running.stop()


@pytest.fixture(scope="module")
def images():
    return head_ct(slices=SLICES, size=(32, 32))


def encoded(ds, sender, syntax=None):
    ds = copy.deepcopy(ds)
    if syntax is not None:
        ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.SourceApplicationEntityTitle = sender.calling_ae_title
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def compressed(encode, ds):
    made = encode(copy.deepcopy(ds))
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return made


def changed(ds, **values):
    ds = copy.deepcopy(ds)
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def give(intake, wait_for, contents, sender):
    for content in contents:
        intake.ingest.receive(content, sender)
    wait_for(lambda: not list(intake.spool.layout.incoming.iterdir()), "everything to be settled")


def files(intake):
    return sorted(path.suffix for path in intake.spool.layout.studies.glob("??/*/*.*"))


def told(intake):
    """Return how many conflicts each sender's event counts."""
    messages = intake.events("conflicting_duplicate")
    assert len(messages) == len({message.split()[2] for message in messages})
    return {message.split()[2]: int(message.rpartition(": ")[2]) for message in messages}


def study(intake, uid):
    return intake.worklist.study_details.study(str(uid))


AGAIN = {
    "as it was": lambda ds: ds,
    "in another encoding": lambda ds: changed(ds, SpecificCharacterSet="ISO_IR 100"),
    "run length encoded": lambda ds: compressed(rle, ds),
    "JPEG-LS": lambda ds: compressed(jpeg_ls, ds),
}


@pytest.mark.parametrize("syntax", [None, ImplicitVRLittleEndian], ids=["", "implicit"])
@pytest.mark.parametrize("way", AGAIN)
def test_the_same_image_from_two_senders_is_one(intake, images, wait_for, way, syntax):
    give(intake, wait_for, [encoded(ds, CT) for ds in images], CT)
    before = study(intake, images[0].StudyInstanceUID)
    again = [AGAIN[way](ds) for ds in images]
    syntax = syntax if "PixelData" in again[0] and not again[0]["PixelData"].is_undefined_length else None
    give(intake, wait_for, [encoded(ds, PACS, syntax) for ds in again], PACS)
    assert files(intake) == [".dcm"] * SLICES
    assert intake.events("conflicting_duplicate") == []
    after = study(intake, images[0].StudyInstanceUID)
    assert (after.revision, after.series) == (before.revision, before.series)


def test_other_content_is_kept_and_told_once_a_study_and_sender(intake, images, wait_for):
    give(intake, wait_for, [encoded(ds, CT) for ds in images], CT)
    other = [changed(ds, PatientID="COERCED") for ds in images]
    for ds in other[:4]:
        give(intake, wait_for, [encoded(ds, PACS)], PACS)
    third = Sender("ARCHIVE", "127.0.0.3")
    dark = [changed(ds, PixelData=bytes(len(ds.PixelData))) for ds in images]
    give(intake, wait_for, [encoded(ds, third) for ds in dark], third)
    counts = {"PACS": 4, "ARCHIVE": SLICES}
    wait_for(lambda: told(intake) == counts, "an event for each sender")
    assert files(intake).count(".dcm") == SLICES
    kept = [path.read_bytes() for path in intake.spool.layout.studies.glob("??/*/*.variant")]
    assert len(kept) == 4 + SLICES
    assert {encoded(ds, PACS) for ds in other[:4]} | {encoded(ds, third) for ds in dark} == set(kept)


def test_the_same_conflict_again_is_no_news(intake, images, wait_for):
    first, other = encoded(images[0], CT), changed(images[0], PatientID="COERCED")
    give(intake, wait_for, [first], CT)
    for _ in range(3):
        give(intake, wait_for, [encoded(other, PACS)], PACS)
    give(intake, wait_for, [encoded(other, CT), encoded(other, PACS, ImplicitVRLittleEndian)], CT)
    [event] = wait_for(lambda: intake.events("conflicting_duplicate"), "the event")
    assert event.endswith(": 1")
    assert files(intake) == [".dcm", ".variant"]


def test_what_cannot_be_compared_is_kept(intake, images, wait_for):
    whole = encoded(images[0], CT)
    give(intake, wait_for, [whole], CT)
    cut_off = whole[:-100]
    give(intake, wait_for, [cut_off], PACS)
    assert files(intake) == [".dcm", ".variant"]
    [variant] = intake.spool.layout.studies.glob("??/*/*.variant")
    assert variant.read_bytes() == cut_off


def test_duplicates_that_a_stop_left_are_looked_at_by_the_next_start(make_settings, images, wait_for):
    settings = make_settings()
    first = Intake(settings)
    give(first, wait_for, [encoded(images[0], CT)], CT)
    first.stop()
    for content in (encoded(images[0], PACS), encoded(changed(images[0], PatientID="COERCED"), PACS)):
        first.spool.keep([content], str(images[0].StudyInstanceUID), str(images[0].SOPInstanceUID))
    second = Intake(settings)
    wait_for(lambda: not list(second.spool.layout.incoming.iterdir()), "the leftovers to be settled")
    assert files(second) == [".dcm", ".variant"]
    wait_for(lambda: second.events("conflicting_duplicate"), "the event")
    second.stop()
