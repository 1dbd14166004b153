"""What is committed of instances that lie in a bucket, or on another machine."""

import pytest
from bucket_machines import shared_settings
from buckets import credentials, object_storage, options

from triage_node.commitment.decision import decide
from triage_node.dimse import Status
from triage_node.storage import Spool
from triage_node.worklist import ReceivedInstance, Worklist

__all__ = ["credentials", "object_storage", "options"]
STUDY, IMAGE, CT = "1.2", "1.2.3", "1.2.840.10008.5.1.4.1.1.2"


class Machine:
    def __init__(self, settings, clock) -> None:
        self.worklist, self.spool = Worklist(settings, clock), Spool.of(settings)
        self.worklist.prepare()

    def decision(self):
        return decide([(CT, IMAGE)], self.worklist, self.spool)


@pytest.fixture
def machines(make_settings, tmp_path, clock, options, object_storage):
    shared = shared_settings(tmp_path, options, object_storage.endpoint)
    pair = [Machine(make_settings(data_dir=tmp_path / name, **shared), clock) for name in ("a", "b")]
    here = pair[0]
    here.spool.file(here.spool.keep([b"image"], STUDY, IMAGE), STUDY, IMAGE)
    for path in here.spool.layout.incoming.iterdir():
        here.spool.forget(path)
    here.worklist.registration.register(
        [ReceivedInstance(STUDY, "1.2.1", IMAGE, CT, "1.2.840.10008.1.2.1", 5, clock(), True)]
    )
    yield pair
    object_storage.is_busy = False
    for one in pair:
        one.worklist.close()
        one.spool.copies.close()


def test_what_another_machine_has_alone_is_waited_for_and_then_committed(machines):
    here, there = machines
    assert here.decision().is_final
    assert not here.decision().failures
    assert not there.decision().is_final
    assert not there.decision().failures
    here.spool.copies.store_images(here.spool.layout.study(STUDY))
    for upload in here.worklist.uploads.next(10):
        here.worklist.uploads.finish(upload)
    assert there.decision().is_final
    assert not there.decision().failures


def test_while_the_bucket_is_away_nothing_is_said_of_what_only_it_may_have(machines, object_storage):
    here, there = machines
    object_storage.is_busy = True
    assert here.decision().is_final
    assert not there.decision().is_final
    assert not there.decision().failures


def test_what_is_nowhere_is_not_committed(machines):
    here, there = machines
    here.spool.layout.instance(STUDY, IMAGE).unlink()
    for upload in here.worklist.uploads.next(10):
        here.worklist.uploads.finish(upload)
    assert there.decision().failures == {IMAGE: Status.NO_SUCH_SOP_INSTANCE}
