"""What is announced of a study closes it when all is here and keeps it open while something is missing."""

import pytest
from sqlalchemy import select

from triage_node.database import AnnouncementRow, InstanceRow, StudyState
from triage_node.worklist import Announced, Step
from triage_node.worklist import announcements as module

STUDY, SERIES = "1.2.3", "1.2.3.1"


def listed(*numbers: int, series: str = SERIES) -> list[tuple[str, str]]:
    return [(series, f"{series}.{number}") for number in numbers]


@pytest.fixture
def announce(worklist):
    def announce(*numbers: int, origin: str = "source pacs", count: int = 0, step: Step = Step.COMPLETED) -> None:
        worklist.announcements.note(origin, [Announced(STUDY, listed(*numbers), count, step)])

    return announce


@pytest.fixture
def study(worklist):
    return lambda: worklist.study_details.study(STUDY)


@pytest.fixture
def advance(worklist):
    return worklist.study_completion.advance


def last_event(study):
    event = study().events[-1]
    return event.code, event.message


def test_a_study_is_closed_as_soon_as_all_is_here(receive, announce, study, advance):
    receive(1)
    announce(1, 2)
    assert advance() == 0
    receive(2)
    assert advance() == 1
    assert study().closed_at is not None
    message = "2 of 2 instances are here, as source pacs announced"
    assert last_event(study) == ("study_complete", message)


def test_a_count_alone_closes_and_keeps_open_likewise(receive, announce, study, advance, clock):
    receive(1)
    announce(count=2)
    clock.forward(100)
    advance()
    assert study().closed_at is None
    receive(2)
    advance()
    assert last_event(study)[0] == "study_complete"


def test_what_is_missing_keeps_a_silent_study_open_up_to_the_maximum(receive, announce, study, advance, clock):
    receive(1)
    announce(1, 2, 3)
    clock.forward(899)
    assert advance() == 1, "its head series is analyzed all the same"
    assert (study().closed_at, study().state) == (None, StudyState.READY)
    clock.forward(2)
    advance()
    message = "1 of 3 instances are here, as source pacs announced"
    assert last_event(study) == ("study_maximum", message)


def test_nothing_announced_leaves_it_to_the_timers(receive, study, advance, clock):
    receive(1)
    clock.forward(61)
    advance()
    assert last_event(study)[0] == "study_quiet"


@pytest.mark.parametrize("wrong", [{"count": 1}, {"numbers": (1,)}], ids=["a count", "a list"])
def test_who_announces_less_than_is_here_does_not_know_all(receive, announce, study, advance, clock, wrong):
    receive(1, 2)
    announce(*wrong.get("numbers", ()), count=wrong.get("count", 0))
    advance()
    assert study().closed_at is None
    clock.forward(61)
    advance()
    assert last_event(study)[0] == "study_quiet"


def test_an_image_that_is_not_listed_is_waited_with_and_another_object_is_not(receive, announce, study, advance):
    receive(1, 2)
    receive(7, series="1.2.3.2", eligible=False)
    announce(1)
    advance()
    assert study().closed_at is None
    announce(1, 2)
    advance()
    assert study().closed_at is not None


def test_what_was_announced_once_stays_announced(receive, announce, study, advance):
    receive(1, 2)
    announce(1, 2, 3)
    announce(1, 2)
    advance()
    assert study().closed_at is None


def test_a_count_that_is_more_than_the_list_is_believed(receive, announce, study, advance):
    receive(1, 2)
    announce(1, 2, count=5)
    advance()
    assert study().closed_at is None


def test_all_origins_count_together(receive, announce, study, advance):
    receive(1, 2)
    announce(1, 2)
    announce(3, origin="mpps 1.2")
    advance()
    assert study().closed_at is None
    receive(3)
    advance()
    assert last_event(study)[1] == "3 of 3 instances are here, as source pacs, mpps 1.2 announced"


def test_a_step_that_is_at_work_forbids_to_close_early_and_holds_nothing_open(receive, announce, study, advance, clock):
    announce(origin="mpps 1.2", step=Step.IN_PROGRESS)
    receive(1)
    announce(1)
    advance()
    assert study().closed_at is None
    clock.forward(61)
    advance()
    assert last_event(study)[0] == "study_quiet"


def test_a_step_that_was_discontinued_says_nothing(receive, announce, study, advance):
    receive(1)
    announce(1, origin="mpps 1.2", step=Step.DISCONTINUED)
    advance()
    assert study().closed_at is None


def test_an_announcement_may_come_before_the_study(worklist, receive, announce, study, advance):
    announce(1)
    assert advance() == 0
    receive(1)
    assert advance() == 1
    assert worklist.announcements.studies_of("source pacs") == [STUDY]


def test_the_nodes_own_report_in_a_pacs_is_neither_missing_nor_counted(worklist, receive, announce, study, advance):
    receive(1, 2)
    receive(1, series="1.2.3.9", eligible=False)
    with worklist.database.write() as session:
        own = session.scalar(select(InstanceRow).where(InstanceRow.sop_instance_uid == "1.2.3.9.1"))
        own.result_file = "report.dcm"
    pairs = [*listed(1, 2), *listed(2, series="1.2.3.9")]
    worklist.announcements.note("source pacs", [Announced(STUDY, pairs, 3)])
    advance()
    assert last_event(study)[1].startswith("2 of 2 instances")


def test_late_images_reopen_a_study_that_was_complete(receive, announce, study, advance, clock):
    receive(1)
    announce(1)
    advance()
    clock.forward(5)
    receive(2)
    assert study().closed_at is None
    advance()
    assert study().closed_at is None, "the source did not know of it"
    announce(1, 2)
    advance()
    assert study().closed_at is not None


def rows(worklist) -> list[str]:
    with worklist.database.read() as session:
        return list(session.scalars(select(AnnouncementRow.study_instance_uid).order_by(AnnouncementRow.id)))


def test_so_many_announcements_are_kept_and_for_so_long(worklist, clock, monkeypatch):
    monkeypatch.setattr(module, "MOST_ANNOUNCEMENTS", 3)
    for number in range(5):
        worklist.announcements.note("a", [Announced(f"1.{number}", listed(1))])
        clock.forward(1)
    assert rows(worklist) == ["1.2", "1.3", "1.4"]
    monkeypatch.setattr(module, "MOST_LISTED", 10)
    worklist.announcements.note("a", [Announced("1.5", listed(*range(9)))])
    assert rows(worklist) == ["1.4", "1.5"]
    clock.forward(module.KEPT_SECONDS + 1)
    worklist.announcements.note("a", [Announced("1.6", listed(1))])
    assert rows(worklist) == ["1.6"]


def test_a_list_without_an_end_is_cut_and_counted(worklist, announce, receive, advance, study, monkeypatch):
    monkeypatch.setattr(module, "MOST_INSTANCES", 2)
    receive(1, 2)
    announce(1, 2, 3)
    advance()
    assert study().closed_at is None


def test_which_studies_a_source_is_asked_for(worklist, receive, advance, clock):
    receive(1)
    clock.forward(19)
    advance()
    assert worklist.study_completion.doubtful == ()
    clock.forward(2)
    advance()
    assert worklist.study_completion.doubtful == (STUDY,)
    clock.forward(60)
    advance()
    advance()
    assert worklist.study_completion.doubtful == ()
