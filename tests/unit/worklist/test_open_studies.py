import random

import pytest

from triage_node.database.reading_group import group_of
from triage_node.database.tables.schema import StudyRow
from triage_node.errors import InvalidInput
from triage_node.findings import Decision
from triage_node.worklist import Filters


def uids(page):
    return [study.study_instance_uid for study in page.studies]


def pages(ask, limit):
    found, after = [], None
    while True:
        page = ask(after=after, limit=limit)
        assert len(page.studies) <= limit
        found += uids(page)
        after = page.next
        if after is None:
            return found


@pytest.fixture
def many(worklist, clock, seed):
    """Studies of every kind, some arrived at the same instant."""
    rng, now = random.Random(seed), clock()
    with worklist.database.write() as session:
        for number in range(60):
            age = rng.choice([5, 5, 600, 3600, 3601, 7200, 90_000, 90_000])
            session.add(
                StudyRow(
                    study_instance_uid=f"1.{number}",
                    state=rng.choice(["receiving", "ready", "analyzed", "analyzed", "failed"]),
                    decision=rng.choice([None, *Decision]),
                    withheld_types=rng.choice(["", "", ",any,"]),
                    priority=int(rng.random() < 0.2),
                    acknowledged_at=now if rng.random() < 0.2 else None,
                    first_received_at=now - age,
                    last_received_at=now - age,
                    opened_at=now - age,
                    changed_at=now - age,
                )
            )
    with worklist.database.read() as session:
        rows = session.query(StudyRow).all()
        session.expunge_all()
        return rows


def expected(rows, now, since=86400, maximum_wait=3600):
    def is_open(row):
        listed = row.first_received_at >= now - since or row.state in ("receiving", "ready")
        return row.acknowledged_at is None and listed

    def key(row):
        rank = group_of(row.decision, row.priority, row.withheld_types).rank
        overdue = rank > 0 and row.first_received_at <= now - maximum_wait
        return 1 if overdue else rank, row.first_received_at, row.id

    return [row.study_instance_uid for row in sorted(filter(is_open, rows), key=key)]


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_pages_show_every_open_study_once_and_in_reading_order(worklist, clock, many, limit):
    assert pages(worklist.study_lists.open_studies, limit) == expected(many, clock())


def test_a_case_that_becomes_overdue_while_pages_are_turned_is_shown_once(worklist, clock, many):
    started, first = clock(), worklist.study_lists.open_studies(limit=5)
    found, after = uids(first), first.next
    while after is not None:
        clock.forward(400)
        page = worklist.study_lists.open_studies(after=after, limit=5)
        found, after = found + uids(page), page.next
    assert found == expected(many, started)


def test_the_order_is_that_of_the_command_line(worklist, clock, many):
    shown = [row for row in worklist.study_details.worklist() if row.acknowledged_at is None]
    page = worklist.study_lists.open_studies(limit=200)
    finished = [row for row in page.studies if row.first_received_at >= clock() - 86400]
    assert [row.study_instance_uid for row in finished] == [row.study_instance_uid for row in shown]


def test_filters_narrow_the_list_and_keep_its_order(worklist, clock, many):
    flagged = worklist.study_lists.open_studies(Filters(decision=("flagged",)), limit=200)
    decided = {row.study_instance_uid: row.decision for row in many}
    assert uids(flagged) == [uid for uid in expected(many, clock()) if decided[uid] == "flagged"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "W10", "WzEsMl0", "bnVsbA", "W25hbiwwLDEsMV0", "W1tdLDEsMSwxXQ", "é", "A" * 500]
)
def test_a_cursor_from_elsewhere_is_refused(worklist, cursor):
    with pytest.raises(InvalidInput, match="cursor"):
        worklist.study_lists.open_studies(after=cursor)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_a_bounded_size(worklist, limit):
    with pytest.raises(InvalidInput, match="rows"):
        worklist.study_lists.open_studies(limit=limit)


def test_counts_agree_with_the_list(worklist, clock, many):
    counts = worklist.study_lists.counts()
    assert counts.open == len(expected(many, clock())) == sum(counts.open_by_group.values())


def test_sqlite_answers_each_part_from_the_index_without_sorting(worklist, many):
    with worklist.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM study WHERE open_rank = 2 AND unfinished = 0 "
            "AND first_received_at >= 1.0 ORDER BY first_received_at, id LIMIT 50"
        ).all()
    assert "study_by_reading_order" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
