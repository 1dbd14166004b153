from datetime import date, datetime, timedelta

import pytest

from triage_node.errors import InvalidInput
from triage_node.findings import Decision, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.worklist import Filters
from triage_node.worklist.not_analyzed import of_reason


def uids(page):
    return [study.study_instance_uid for study in page.studies]


@pytest.fixture
def four(worklist, analyze):
    analyze("1.2.1", patient_name="Müller^Anna", patient_id="PAT-0001", accession_number="A1", station_name="CT1")
    analyze("1.2.2", Decision.UNCERTAIN, patient_name="Muller^Bo", patient_id="PAT-0002", station_name="CT2")
    analyze("1.2.3", Decision.NOT_FLAGGED, patient_name="Doe^Jane", study_description="CT HEAD W/O", station_name="CT1")
    analyze("ID_9f", None, patient_name="Doe^John", calling_ae_title="ER")
    return worklist.study_lists


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["ID_9f", "1.2.3", "1.2.2", "1.2.1"]),
        ({"state": ("unsuitable",)}, ["ID_9f"]),
        ({"state": ("unsuitable", "analyzed")}, ["ID_9f", "1.2.3", "1.2.2", "1.2.1"]),
        ({"decision": ("none", "flagged")}, ["ID_9f", "1.2.1"]),
        ({"hemorrhage": ("subdural",)}, ["1.2.1"]),
        ({"hemorrhage": ("epidural",)}, []),
        ({"station": ("CT1",)}, ["1.2.3", "1.2.1"]),
        ({"station": ("CT1",), "decision": ("not_flagged",)}, ["1.2.3"]),
        ({"calling_ae_title": ("ER",)}, ["ID_9f"]),
        ({"reason": ("not_head",)}, ["ID_9f"]),
        ({"reason": ("not_head", "contrast")}, ["ID_9f"]),
        ({"reason": ("contrast",)}, []),
        ({"reason": ("not_head",), "calling_ae_title": ("CT1",)}, []),
        ({"reason": ("not_head",), "text": "doe"}, ["ID_9f"]),
        ({"urgent": True}, []),
        ({"acknowledged": True}, ["1.2.3"]),
        ({"acknowledged": False, "station": ("CT1",)}, ["1.2.1"]),
        ({"text": "müller"}, ["1.2.2", "1.2.1"]),
        ({"text": "MUL an"}, ["1.2.1"]),
        ({"text": "Muller^Bo"}, ["1.2.2"]),
        ({"text": "uller"}, []),
        ({"text": "pat-000"}, ["1.2.2", "1.2.1"]),
        ({"text": "0002"}, ["1.2.2"]),
        ({"text": "a1"}, ["1.2.1"]),
        ({"text": "w/o"}, ["1.2.3"]),
        ({"text": "doe", "state": ("unsuitable",)}, ["ID_9f"]),
        ({"text": "1.2.2"}, ["1.2.2"]),
        ({"text": "1.2.3 doe"}, ["1.2.3"]),
        ({"text": "1.2.3 muller"}, []),
        ({"text": "ID_9"}, ["ID_9f"]),
        ({"text": "' OR 1=1 --"}, []),
        ({"text": '"'}, []),
        ({"text": "%"}, []),
    ],
    ids=str,
)
def test_filters_and_text_in_both_lists_and_in_pages_of_one(worklist, four, filters, found):
    worklist.reader_actions.acknowledge("1.2.3", "person")
    wanted = Filters(**filters)
    page = four.studies(wanted)
    assert (uids(page), page.next) == (found, None)
    turned, after = [], None
    while len(turned) <= 4:
        page = four.studies(wanted, after=after, limit=1)
        turned, after = turned + uids(page), page.next
        if after is None:
            break
    assert turned == found
    assert set(uids(four.open_studies(wanted))) == set(found) - {"1.2.3"}
    assert [study.study_instance_uid for study in four.every(wanted)] == found


def test_days_are_local_and_both_included(four, clock):
    today = datetime.fromtimestamp(clock()).date()
    tomorrow, yesterday = today + timedelta(days=1), today - timedelta(days=1)
    assert len(uids(four.studies(Filters(received_from=yesterday, received_to=today)))) == 4
    assert len(uids(four.studies(Filters(received_from=yesterday, received_to=today, text="doe")))) == 2
    assert uids(four.studies(Filters(received_from=tomorrow))) == []
    assert uids(four.studies(Filters(received_to=yesterday - timedelta(days=1)))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": ("gone",)},
        {"decision": ("absent",)},
        {"hemorrhage": ("nose",)},
        {"text": "a" * 300},
        {"station": ("\0",)},
        {"received_from": date(1, 1, 1)},
        {"received_to": date(9999, 12, 31)},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InvalidInput):
        Filters(**wrong)


def test_a_deleted_study_is_no_longer_found(worklist, four):
    with worklist.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM study WHERE study_instance_uid = '1.2.1'")
    assert uids(four.studies(Filters(text="muller"))) == ["1.2.2"]


def test_a_uid_is_found_from_its_beginning(worklist, receive):
    for uid in ("1.9.8.7", "1.9.8.71", "1.9.81.7"):
        receive(1, study=uid, series=f"{uid}.1")
    assert uids(worklist.study_lists.studies(Filters(text="1.9.8.7"))) == ["1.9.8.71", "1.9.8.7"]
    assert len(uids(worklist.study_lists.studies(Filters(text="1.9.8")))) == 3


def test_what_can_be_filtered_by_is_told(four):
    assert four.choices() == {"stations": ["CT1", "CT2"], "calling_ae_titles": ["ER"]}


def test_the_station_is_that_of_the_scanner_not_of_who_sent_first(worklist, receive):
    receive(1, series="1.2.3.8", eligible=False, station_name="WORKSTATION", scanner="Vendor Viewer")
    receive(1, station_name="CT1", scanner="Vendor Scanner")
    receive(1, series="1.2.3.9", station_name="CT2", scanner="Other")
    [study] = worklist.study_lists.studies().studies
    assert (study.station_name, study.scanner) == ("CT1", "Vendor Scanner")


def test_a_study_leaves_a_reasons_list_once_it_is_analyzed(worklist, four):
    wanted = Filters(reason=("not_head",))
    assert uids(four.studies(wanted)) == ["ID_9f"]
    worklist.reader_actions.requeue("ID_9f", "person")
    claim = worklist.claims.claim("w")
    outcome = Outcome(Status.ANALYZED, ModelIdentity("net", "1", "ab"), decision=Decision.NOT_FLAGGED)
    assert worklist.claims.finish(claim, outcome, [])
    assert uids(four.studies(wanted)) == []


def test_a_study_of_two_reasons_is_listed_once(worklist, receive, clock):
    for number in (1, 2, 3):
        receive(1, study=f"1.3.{number}", series=f"1.3.{number}.1")
        clock.forward(61)
        worklist.study_completion.advance()
        claim = worklist.claims.claim("w")
        reasons = (Reason.of(ReasonCode.NOT_HEAD), Reason.of(ReasonCode.CONTRAST))
        assert worklist.claims.finish(
            claim, Outcome(Status.UNSUITABLE, ModelIdentity("net", "1", "ab"), reasons=reasons), []
        )
    wanted = Filters(reason=("not_head", "contrast"))
    assert [study.study_instance_uid for study in worklist.study_lists.every(wanted)] == ["1.3.3", "1.3.2", "1.3.1"]
    first = worklist.study_lists.studies(wanted, limit=2)
    assert uids(first) == ["1.3.3", "1.3.2"]
    assert uids(worklist.study_lists.studies(wanted, first.next, limit=2)) == ["1.3.1"]


def test_sqlite_finds_reasons_without_reading_every_study(worklist):
    query = of_reason("not_head", 1.0, 2.0, (1.5, 7)).limit(51)
    with worklist.database.engine.connect() as connection:
        sql = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = " ".join(row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))
    assert "SEARCH study_reason USING PRIMARY KEY" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
