"""Lists sorted by a column, what follows a study in them, and what is folded away: each against the rule in Python."""

import random

import pytest

from triage_node.database.tables.schema import ReasonRow, StudyRow
from triage_node.errors import InvalidInput
from triage_node.findings import Decision
from triage_node.worklist import Filters, Sort

COLUMNS = {
    "patient": "patient_name_folded",
    "number": "patient_id",
    "description": "study_description",
    "station": "station_name",
    "arrival": "first_received_at",
}


@pytest.fixture
def many(worklist, clock, seed):
    """Studies of every kind; many are alike in what they are sorted by."""
    rng, now = random.Random(seed), clock()
    with worklist.database.write() as session:
        for number in range(60):
            at = now - rng.choice([5, 5, 600, 3600, 3601, 7200, 90_000, 90_000])
            state = rng.choice(["receiving", "ready", "analyzed", "analyzed", "failed", "unsuitable"])
            row = StudyRow(
                study_instance_uid=f"1.{number}",
                state=state,
                decision=rng.choice([None, *Decision]) if state == "analyzed" else None,
                priority=int(rng.random() < 0.2),
                acknowledged_at=now if rng.random() < 0.3 else None,
                patient_name_folded=rng.choice(["", "berg^anna", "Z", "élise", "e", "\U0001f600", "\uffff"]),
                patient_id=rng.choice(["", "1", "10", "9"]),
                study_description=rng.choice(["", "ct", "CT"]),
                station_name=rng.choice(["", "CT1", "ct0"]),
                first_received_at=at,
                last_received_at=at,
                opened_at=at,
                changed_at=at,
            )
            session.add(row)
            session.flush()
            if state == "unsuitable":
                code = rng.choice(["not_ct", "not_head", "contrast"])
                session.add(ReasonRow(code=code, first_received_at=at, study_id=row.id))
    with worklist.database.read() as session:
        rows = session.query(StudyRow).all()
        session.expunge_all()
        return rows


def is_open(row, now):
    return row.acknowledged_at is None and (row.state in ("receiving", "ready") or row.first_received_at >= now - 86400)


def uids(rows):
    return [row.study_instance_uid for row in rows]


def pages(ask, limit):
    found, after = [], None
    while True:
        page = ask(after=after, limit=limit)
        found += uids(page.studies)
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 7, 200])
@pytest.mark.parametrize("text", [*COLUMNS, *(f"-{name}" for name in COLUMNS)])
def test_pages_show_every_open_study_once_and_in_the_order_of_a_column(worklist, clock, many, text, limit):
    sort = Sort.read(text)
    key = COLUMNS[sort.column]
    rows = sorted(
        (row for row in many if is_open(row, clock())),
        key=lambda row: (getattr(row, key), row.id),
        reverse=sort.is_descending,
    )
    assert len(rows) > 10
    assert pages(lambda **page: worklist.study_lists.open_studies(sort=sort, **page), limit) == uids(rows)


def test_a_list_is_sorted_by_no_other_column(worklist):
    for text in ("search_text", "-", "--patient", "patient; DROP TABLE study"):
        with pytest.raises(InvalidInput, match="is sorted by patient, number"):
            Sort.read(text)
    with pytest.raises(InvalidInput, match="cursor"):
        worklist.study_lists.open_studies(after="W10", sort=Sort("patient"))
    assert Sort.read("") is None


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_all_studies_come_from_either_end(worklist, many, limit):
    lists = worklist.study_lists
    newest = pages(lists.studies, limit)
    assert pages(lambda **page: lists.studies(is_oldest_first=True, **page), limit) == newest[::-1]
    flagged = Filters(decision=(Decision.FLAGGED,), received_to=None)
    assert (
        pages(lambda **page: lists.studies(flagged, is_oldest_first=True, **page), limit)
        == pages(lambda **page: lists.studies(flagged, **page), 200)[::-1]
    )
    with pytest.raises(InvalidInput, match="the newest first"):
        lists.studies(Filters(text="berg"), is_oldest_first=True)


@pytest.mark.parametrize("limit", [1, 200])
@pytest.mark.parametrize("decision", [(), (Decision.FLAGGED,), (Decision.UNCERTAIN,), (Decision.FLAGGED, "none")])
def test_what_was_not_read_is_found_whatever_its_age(worklist, many, decision, limit):
    filters = Filters(acknowledged=False, decision=decision)
    wanted = [
        row for row in many if row.acknowledged_at is None and (not decision or (row.decision or "none") in decision)
    ]
    wanted.sort(key=lambda row: (-row.first_received_at, -row.id))
    assert pages(lambda **page: worklist.study_lists.studies(filters, **page), limit) == uids(wanted)


@pytest.mark.parametrize("sort", [None, Sort("patient"), Sort("arrival", is_descending=True)])
def test_one_study_follows_another_as_in_the_list(worklist, many, sort):
    lists, filters = worklist.study_lists, Filters(others=False)
    listed = uids(lists.open_studies(filters, limit=200, sort=sort).studies)
    assert [lists.open_after(uid, filters, sort) for uid in listed] == [*listed[1:], None]
    assert lists.open_after("1.2.no.such", filters, sort) == listed[0]


def test_one_study_follows_another_among_all(worklist, many):
    lists = worklist.study_lists
    listed = uids(lists.studies(limit=200).studies)
    assert [lists.after(uid) for uid in listed] == [*listed[1:], None]
    assert [lists.after(uid, is_oldest_first=True) for uid in listed[::-1]] == [*listed[-2::-1], None]


def test_what_follows_a_study_follows_it_also_when_it_was_acknowledged(worklist, many):
    lists, sort = worklist.study_lists, None
    first, second, third = uids(lists.open_studies(limit=3).studies)
    worklist.reader_actions.acknowledge(second, "person ray")
    assert lists.open_after(second, sort=sort) == third
    assert lists.open_after(first, sort=sort) == third


def test_what_is_not_for_this_node_is_counted_and_left_out_unless_it_is_urgent(worklist, clock, many):
    lists = worklist.study_lists
    with worklist.database.read() as session:
        codes = {row.study_id: row.code for row in session.query(ReasonRow).all()}
    others = {
        row.study_instance_uid
        for row in many
        if is_open(row, clock()) and codes.get(row.id) in ("not_ct", "not_head") and row.priority == 0
    }
    everything = uids(lists.open_studies(limit=200).studies)
    assert lists.count_others() == len(others)
    assert set(uids(lists.open_studies(Filters(others=True), limit=200).studies)) == others
    assert uids(lists.open_studies(Filters(others=False), limit=200).studies) == [
        uid for uid in everything if uid not in others
    ]


def test_flagged_studies_are_named_once(worklist, clock, many):
    flagged = {row.study_instance_uid for row in many if is_open(row, clock()) and row.decision == Decision.FLAGGED}
    assert set(worklist.study_lists.flagged()) == flagged
