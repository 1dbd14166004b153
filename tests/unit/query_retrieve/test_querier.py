"""The asking about open studies: when, what follows from the answers, and that a source that fails slows nothing."""

import threading

import pytest
from ct import head_ct, save
from intakes import Intake, store
from pydicom.uid import generate_uid
from query_pacs import QueryPacs

from triage_node.endpoints import QuerySource
from triage_node.query_retrieve import Querier, source_of
from triage_node.query_retrieve import querier as module
from triage_node.user_agent import Caller

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("collect_sockets"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def images():
    return head_ct(slices=4, size=(16, 16))


@pytest.fixture
def pacs(images):
    pacs = QueryPacs(images)
    yield pacs
    pacs.stop()


@pytest.fixture
def node(make_settings):
    times = {"series_quiet_seconds": 0.05, "study_quiet_seconds": 500, "study_maximum_seconds": 1000}
    intake = Intake(make_settings(**times))
    yield intake
    intake.stop()


class Steady:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def steady():
    return Steady()


@pytest.fixture
def ask(node, pacs, steady, wait_for):
    """Make a querier, and ask whenever the interval is over."""
    queriers = []

    def ask(**options) -> Querier:
        if not queriers:
            source = QuerySource(url=pacs.url, name="pacs", **options)
            asking = source_of(source, Caller("TRIAGE", 2.0, 2.0))
            queriers.append(Querier(source, asking, node.worklist, node.ingest, steady))

        def is_doubtful() -> bool:
            node.worklist.study_completion.advance()
            return bool(node.worklist.study_completion.doubtful)

        wait_for(is_doubtful, "the series to fall silent")
        steady.seconds += 31
        queriers[0].ask_all()
        return queriers[0]

    return ask


@pytest.fixture
def receive(node, tmp_path, wait_for):
    def receive(images) -> str:
        study = str(images[0].StudyInstanceUID)
        for path in save(images, tmp_path / generate_uid()):
            assert store(node.port, path) == 0
        uids = {str(ds.SOPInstanceUID) for ds in images}
        wait_for(lambda: uids <= node.worklist.announcements.received(study).sop_instance_uids, "the registration")
        return study

    return receive


def closed_by(node, study: str) -> str:
    node.worklist.study_completion.advance()
    shown = node.worklist.study_details.study(study)
    if shown.closed_at is None:
        return ""
    return next(event.code for event in reversed(shown.events) if event.code.startswith("study_"))


def test_a_study_that_is_whole_at_the_source_is_closed(node, pacs, images, ask, receive):
    study = receive(images)
    assert ask().state.answers is True
    assert pacs.queries == ["STUDY", "SERIES", "IMAGE"]
    assert closed_by(node, study) == "study_complete"
    assert node.events("study_complete") == ["4 of 4 instances are here, as source pacs announced"]


def test_what_is_missing_is_said_and_keeps_the_study_open_and_is_not_retrieved_unasked(
    node, pacs, images, ask, receive
):
    study = receive(images[:3])
    ask()
    assert closed_by(node, study) == ""
    assert node.events("instances_missing") == ["pacs: 1 of 4 are not here"]
    ask()
    assert len(node.events("instances_missing")) == 1, "said once"
    assert pacs.sent == []


@pytest.mark.parametrize("method", ["get", "move"])
def test_what_is_missing_is_retrieved_where_that_is_wanted(node, pacs, images, ask, receive, wait_for, method):
    pacs.destinations["TRIAGE"] = ("127.0.0.1", node.port)
    study = receive(images[:1])
    ask(retrieve=True, method=method)
    assert pacs.sent == [str(ds.SOPInstanceUID) for ds in images[1:]], "nothing that is here"
    wait_for(lambda: closed_by(node, study) == "study_complete", "the closing")
    assert node.events("retrieved") == ["pacs: 3 of 3 instances, 0 failed"]


def test_a_source_is_not_asked_more_often_than_its_interval(node, pacs, images, ask, receive, steady):
    receive(images[:3])
    querier = ask()
    asked = len(pacs.queries)
    steady.seconds += 29
    querier.ask_all()
    assert len(pacs.queries) == asked
    steady.seconds += 2
    querier.ask_all()
    assert len(pacs.queries) == 2 * asked


def test_a_study_that_the_source_does_not_know_is_left_to_the_timers(node, pacs, images, ask, receive):
    pacs.instances = []
    study = receive(images)
    assert ask().state.answers is True
    assert closed_by(node, study) == ""
    assert node.worklist.announcements.studies_of("source pacs") == []


def test_a_source_that_is_down_is_called_ever_more_rarely(node, pacs, images, ask, receive, steady, caplog):
    study = receive(images)
    pacs.stop()
    querier = ask()
    assert (querier.state.answers, querier.state.error) == (
        False,
        f"QUERYPACS@127.0.0.1:{pacs.port} cannot be reached, or does not answer.",
    )
    for _ in range(4):
        steady.seconds += module.LONGEST_PAUSE_SECONDS + 1
        querier.ask_all()
    assert caplog.text.count("source_down") == 1
    assert closed_by(node, study) == ""


@pytest.mark.parametrize(
    ("lie", "closed"),
    [(lambda _: 9, ""), (lambda _: 2, "study_complete"), (lambda number: number + 1, "")],
    ids=["too many", "too few", "one more"],
)
def test_a_count_that_is_wrong_closes_nothing_early(node, pacs, images, ask, receive, lie, closed):
    study = receive(images[:2])
    pacs.count = lie
    ask()
    assert closed_by(node, study) == ""
    receive(images[2:])
    if not closed:
        ask()
    assert closed_by(node, study) == closed


def test_a_source_that_lists_nothing_is_believed_by_its_count(node, pacs, images, ask, receive):
    study = receive(images)
    pacs.lists = False
    ask()
    assert closed_by(node, study) == "study_complete"


def test_a_count_that_shrinks_does_not_take_back_what_was_known(node, pacs, images, ask, receive):
    study = receive(images[:3])
    ask()
    pacs.instances = pacs.instances[:3]
    ask()
    assert closed_by(node, study) == ""
    receive(images[3:])
    assert closed_by(node, study) == "study_complete"


def test_what_is_not_given_three_times_is_not_asked_for_again(node, pacs, images, ask, receive, monkeypatch):
    study = receive(images[:3])
    monkeypatch.setattr(pacs, "_wanted", lambda asked: pacs.sent.append("asked") or [])
    for _ in range(5):
        ask(retrieve=True, method="get")
    assert len(pacs.sent) == module.MOST_RETRIEVALS
    assert closed_by(node, study) == ""


def test_a_refused_move_destination_is_said_with_the_study(node, pacs, images, ask, receive):
    receive(images[:3])
    ask(retrieve=True)
    [message] = node.events("retrieval_failed")
    assert "does not know the move destination TRIAGE" in message
    assert message.endswith("(0 of 1 retrieved)")


def test_an_instance_of_another_study_is_not_taken_for_the_missing_one(node, pacs, images, ask, receive):
    receive(images[:3])
    [other] = head_ct(slices=1, size=(16, 16))
    other.StudyInstanceUID, other.SOPInstanceUID = generate_uid(), generate_uid()
    pacs._wanted = lambda _: [other]
    ask(retrieve=True, method="get")
    [message] = node.events("retrieval_failed")
    assert message.endswith("(0 of 1 retrieved)")
    assert node.worklist.announcements.received(str(other.StudyInstanceUID)).sop_instance_uids == frozenset()


def test_a_silent_source_slows_neither_the_timers_nor_the_end(make_settings, pacs, images, tmp_path, wait_for):
    intake = Intake(make_settings(series_quiet_seconds=0.05, study_quiet_seconds=0.3))
    silent, asked = threading.Event(), threading.Event()
    pacs.before = lambda: (asked.set(), silent.wait(20))
    source = QuerySource(url=pacs.url, name="pacs")
    querier = Querier(source, source_of(source, Caller("TRIAGE", 2.0, 20.0)), intake.worklist, intake.ingest)
    for path in save(images, tmp_path / "images"):
        assert store(intake.port, path) == 0
    study = str(images[0].StudyInstanceUID)
    wait_for(lambda: intake.worklist.announcements.received(study).sop_instance_uids, "the registration")
    querier.start()
    intake.worklist.study_completion.advance()
    wait_for(lambda: closed_by(intake, study) == "study_quiet", "the timer")
    querier.stop(0.1)
    silent.set()
    intake.stop()


def test_a_thread_asks_by_itself_and_ends_in_time(node, pacs, images, receive, wait_for):
    study = receive(images)
    source = QuerySource(url=pacs.url, name="pacs")
    querier = Querier(source, source_of(source, Caller("TRIAGE", 2.0, 2.0)), node.worklist, node.ingest)
    querier.start()
    wait_for(lambda: closed_by(node, study) == "study_complete", "the closing")
    querier.stop(5.0)
