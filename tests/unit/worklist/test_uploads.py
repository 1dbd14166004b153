"""What one machine has alone is claimed by nobody else until the bucket has it."""

from dataclasses import replace

import pytest

from triage_node.database import StudyState
from triage_node.errors import SettingsError
from triage_node.findings import Decision, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.worklist import ReceivedInstance, StoredPart, Worklist

IMAGE = ReceivedInstance("1.2", "1.2.1", "1.2.1.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", 10, 1.0, True)
REPORTED = Outcome(
    Status.ANALYZED,
    ModelIdentity("net", "1", "ab"),
    decision=Decision.FLAGGED,
    report_sop_instance_uid="1.2.9",
    folder="result",
)


@pytest.fixture
def machines(make_settings, clock, tmp_path):
    """Two machines, each with a spool of its own, that share a database and a bucket."""
    database = f"sqlite:///{tmp_path / 'shared.sqlite'}"
    opened = []
    for name in ("a", "b"):
        settings = make_settings(
            data_dir=tmp_path / name, database_url=database, storage_url="s3://bucket/site", destinations=["A@h:1"]
        )
        opened.append(Worklist(settings, clock))
    opened[0].prepare()
    yield opened
    for one in opened:
        one.close()


def ready(worklist, clock, image=IMAGE):
    worklist.registration.register([image])
    clock.forward(100)
    worklist.study_completion.advance()


def uploaded(worklist) -> int:
    done = worklist.uploads.next(10)
    return sum(worklist.uploads.finish(one) for one in done)


def test_a_study_is_claimed_only_where_its_images_can_be_read(machines, clock):
    here, there = machines
    ready(here, clock)
    assert there.claims.claim("there") is None
    assert there.uploads.is_elsewhere("1.2")
    assert not here.uploads.is_elsewhere("1.2")
    assert uploaded(here) == 1
    assert there.claims.claim("there").study_instance_uid == "1.2"


def test_the_machine_that_has_the_images_need_not_wait_for_the_bucket(machines, clock):
    here, _ = machines
    ready(here, clock)
    assert here.claims.claim("here") is not None


def test_a_study_of_which_two_machines_have_parts_waits_for_both(machines, clock):
    here, there = machines
    here.registration.register([IMAGE])
    ready(there, clock, replace(IMAGE, sop_instance_uid="1.2.1.2"))
    assert here.claims.claim("here") is None
    assert there.claims.claim("there") is None
    assert uploaded(there) == 1
    assert here.claims.claim("here") is not None


def test_what_came_during_an_upload_is_not_taken_for_uploaded(machines, clock):
    here, there = machines
    here.registration.register([IMAGE])
    [upload] = here.uploads.next(10)
    ready(here, clock, replace(IMAGE, sop_instance_uid="1.2.1.2"))
    assert not here.uploads.finish(upload)
    assert there.claims.claim("there") is None
    assert uploaded(here) == 1
    assert there.claims.claim("there") is not None


def test_a_report_is_delivered_only_where_it_can_be_read(machines, clock):
    here, there = machines
    ready(here, clock)
    uploaded(here)
    claim = here.claims.claim("here")
    assert here.claims.finish(claim, REPORTED, ["A@h:1"])
    assert there.outbox.claim_next("A@h:1") is None
    assert [one.part for one in here.uploads.next(10)] == [StoredPart.RESULTS]
    uploaded(here)
    assert there.outbox.claim_next("A@h:1").study_instance_uid == "1.2"


def test_late_images_hold_back_no_report_that_the_bucket_has(machines, clock):
    here, there = machines
    ready(here, clock)
    uploaded(here)
    here.claims.finish(here.claims.claim("here"), REPORTED, ["A@h:1"])
    uploaded(here)
    here.registration.register([replace(IMAGE, sop_instance_uid="1.2.1.2")])
    assert there.outbox.claim_next("A@h:1") is not None


def test_what_was_there_before_the_bucket_is_noted(machines, clock):
    from triage_node.storage import hashed

    here, there = machines
    ready(here, clock)
    uploaded(here)
    assert here.uploads.note_folders({hashed("1.2"), hashed("1.3")}) == 1
    assert there.claims.claim("there") is None
    assert uploaded(here) == 2
    assert here.uploads.note_folders(set()) == 0


def test_local_copies_may_go_when_nothing_of_their_study_waits_here(machines, clock):
    from triage_node.storage import hashed

    here, _ = machines
    here.registration.register([IMAGE])
    folders = [hashed("1.2"), hashed("1.3")]
    assert here.uploads.stored(folders) == {hashed("1.3")}
    uploaded(here)
    assert here.uploads.stored(folders) == set(folders)


def test_people_are_told_who_has_what_alone(machines, clock):
    here, there = machines
    here.registration.register([IMAGE, replace(IMAGE, study_instance_uid="1.3")])
    [waiting] = there.uploads.waiting()
    assert (waiting.studies, waiting.spool) == (2, here.uploads.spool)
    assert waiting.since == clock()


def test_without_a_bucket_nothing_is_noted_and_all_is_claimed(make_settings, clock):
    worklist = Worklist(make_settings(), clock)
    worklist.prepare()
    ready(worklist, clock)
    assert not worklist.uploads.waiting()
    assert worklist.claims.claim("w") is not None
    assert worklist.study_details.study("1.2").state == StudyState.ANALYZING
    worklist.close()


def test_folders_that_share_a_bucket_may_share_a_database_others_may_not(machines):
    here, there = machines
    here.installation.check("2.25.1", is_in_bucket=True)
    there.installation.check("2.25.2", is_in_bucket=True)
    with pytest.raises(SettingsError, match="or a bucket"):
        there.installation.check("2.25.2")
