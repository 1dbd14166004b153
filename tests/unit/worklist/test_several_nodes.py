"""Several processes on one database: whoever writes at the same time, nothing is lost and nothing is done twice."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from triage_node.worklist import ReceivedInstance, Worklist

ROUNDS = 10
STUDIES = ("1.2.1", "1.2.2", "1.2.3")


@pytest.fixture
def other(worklist, make_settings, database_url, clock):
    """The worklist as another process has it."""
    options = {"series_quiet_seconds": 20, "study_quiet_seconds": 60, "analysis_attempts": 2}
    url = database_url or str(worklist.database.url)
    other = Worklist(make_settings(database_url=url, **options), clock, node="other")
    yield other
    other.close()


def instance(study: str, number: int, at: float) -> ReceivedInstance:
    usual = {"sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", "transfer_syntax_uid": "1.2.840.10008.1.2.1"}
    uids = {"series_instance_uid": f"{study}.1", "sop_instance_uid": f"{study}.1.{number}"}
    return ReceivedInstance(study, **uids, size_bytes=1, received_at=at, eligible=True, **usual)


def at_once(*works: Callable[[], object]) -> None:
    """Do some things at the same time, and raise what one of them raised."""
    errors: list[Exception] = []
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        ready.wait()
        try:
            work()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_two_that_register_images_of_the_same_studies_lose_none_and_count_each(worklist, other, clock):
    def register(into: Worklist, parity: int, order: int) -> None:
        for number in range(parity, 2 * ROUNDS, 2):
            # Each begins with another study: who locks in that order waits in a circle.
            batch = [instance(study, number, clock()) for study in STUDIES[::order]]
            into.registration.register([*batch, *batch])

    at_once(lambda: register(worklist, 0, 1), lambda: register(other, 1, -1))
    for study in STUDIES:
        found = worklist.study_details.study(study)
        assert (found.revision, [one.instance_count for one in found.series]) == (2 * ROUNDS, [2 * ROUNDS])


def test_the_same_image_by_two_ways_is_one(worklist, other, clock):
    batch = [instance(study, number, clock()) for study in STUDIES for number in range(ROUNDS)]
    at_once(lambda: worklist.registration.register(batch), lambda: other.registration.register(batch[::-1]))
    for study in STUDIES:
        assert worklist.study_details.study(study).revision == ROUNDS


def test_an_image_that_comes_while_the_outcome_is_written_is_not_forgotten(worklist, other, flagged, receive, clock):
    for number in range(ROUNDS):
        receive(2 * number)
        clock.forward(61)
        worklist.study_completion.advance()
        claim = worklist.claims.claim("one:1")
        assert claim is not None
        late = [instance("1.2.3", 2 * number + 1, clock())]
        at_once(lambda: worklist.claims.finish(claim, flagged, []), lambda: other.registration.register(late))  # noqa: B023
        study = worklist.study_details.study("1.2.3")
        assert study.state in ("receiving", "ready"), "the late image was not seen"
        clock.forward(61)
        other.study_completion.advance()
        claim = other.claims.claim("other:1")
        assert claim is not None
        assert other.claims.finish(claim, flagged, [])
        assert worklist.study_details.study("1.2.3").state == "analyzed"


def test_each_study_is_claimed_by_one(worklist, other, receive, clock):
    for number in range(ROUNDS):
        receive(1, study=f"1.3.{number}", series=f"1.3.{number}.1")
    clock.forward(61)
    worklist.study_completion.advance()
    claimed: list[str] = []

    def claim(of: Worklist, name: str) -> None:
        while (found := of.claims.claim(name)) is not None:
            claimed.append(found.study_instance_uid)

    at_once(*(lambda of=of, name=name: claim(of, name) for name, of in (("a", worklist), ("b", other), ("c", other))))
    left = worklist.claims.claim("last")  # a row that was just locked is passed over, and found at the next look
    while left is not None:
        claimed.append(left.study_instance_uid)
        left = worklist.claims.claim("last")
    assert Counter(claimed) == Counter(f"1.3.{number}" for number in range(ROUNDS))


def test_two_that_close_studies_close_each_once(worklist, other, receive, clock):
    for number in range(ROUNDS):
        receive(1, study=f"1.3.{number}", series=f"1.3.{number}.1")
    for of in (worklist, other):
        of.study_completion.advance()
    clock.forward(61)
    ready: list[int] = []
    at_once(*(lambda of=of: ready.append(of.study_completion.advance()) for of in (worklist, other)))
    assert sum(ready) == ROUNDS


@pytest.fixture
def owe(worklist, receive, clock, flagged):
    """Have a new report of a study owed to a destination."""

    def owe(number: int) -> None:
        receive(number)
        clock.forward(61)
        worklist.study_completion.advance()
        outcome = replace(flagged, report_sop_instance_uid=f"2.25.{number}", folder=f"/results/{number}")
        assert worklist.claims.finish(worklist.claims.claim("w"), outcome, ["PACS@h:104"])

    return owe


def test_reports_of_a_study_go_in_their_order_whoever_sends_them(worklist, other, owe):
    owe(1)
    owe(2)
    first = worklist.outbox.claim_next("PACS@h:104")
    assert other.outbox.claim_next("PACS@h:104") is None
    worklist.outbox.delivered(first, "")
    second = other.outbox.claim_next("PACS@h:104")
    assert (first.sop_instance_uid, second.sop_instance_uid) == ("2.25.1", "2.25.2")


def test_what_one_that_died_had_in_hand_another_takes_back_after_its_lease(worklist, other, receive, owe, clock):
    owe(1)
    receive(1, study="1.4", series="1.4.1")
    clock.forward(61)
    worklist.study_completion.advance()
    worklist.claims.claim("dead:1")
    worklist.outbox.claim_next("PACS@h:104")
    assert (other.claims.release_expired(), other.outbox.release_expired()) == ([], 0)
    for _ in range(7):
        clock.forward(10)
        expired = other.claims.release_expired(), other.outbox.release_expired()
    assert expired == (["dead:1"], 1)
    assert other.claims.claim("alive:1").study_instance_uid == "1.4"
    assert other.outbox.claim_next("PACS@h:104").sop_instance_uid == "2.25.1"
