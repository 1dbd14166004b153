"""What a database never takes is told from a database that takes nothing now."""

import sqlite3

import pytest

from triage_node.database import engine as database_module
from triage_node.database.engine import Database
from triage_node.database.text_search import LONGEST_NAME, folded_name
from triage_node.errors import RowRefused, StorageError


@pytest.mark.parametrize(
    "odd",
    [
        {"patient_name": "half a character \udc80"},
        {"station_name": "\ud800"},
        {"instance_number": 2**70},
        {"rows": -(2**70)},
        {"size_bytes": 2**70},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_values_that_no_database_takes_are_the_rows_fault(worklist, receive, odd):
    with pytest.raises(RowRefused):
        receive(1, **odd)
    assert receive(2) == 1, "the next one is taken"


@pytest.mark.parametrize(
    "odd",
    [
        {"transfer_syntax_uid": "1.2.840\0"},
        {"patient_id": "a\0b"},
        {"series_description": "\0"},
        {"instance_number": 99_999_999_999},
        {"rows": 2**32},
        {"sop_class_uid": "9" * 65},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_values_that_some_databases_take_are_taken_or_the_rows_fault(worklist, receive, odd):
    try:
        receive(1, **odd)
    except RowRefused:
        assert worklist.study_details.is_empty()
    assert receive(2) == 1


def test_the_rows_of_a_refused_batch_are_not_written_by_half(worklist, receive):
    with pytest.raises(RowRefused):
        receive(1, 2, instance_number=2**70)
    assert worklist.study_details.is_empty()


def test_a_name_that_grows_without_its_accents_still_has_an_index(worklist, receive):
    name = "\ufdfa" * 256
    assert receive(1, patient_name=name, referring_physician_name=name, patient_id="\U0001f9e0" * 256) == 1
    assert len(folded_name(name)) == LONGEST_NAME


def test_an_instance_of_more_than_two_gigabytes_is_registered(worklist, receive):
    assert receive(1, size_bytes=3 << 30) == 1


def test_an_event_is_written_whatever_its_message_holds(worklist):
    worklist.registration.reject("instance_refused", "a NUL \0 and half a character \ud800")
    [event] = worklist.study_details.events("instance_refused")
    assert event.message == "a NUL  and half a character ?"


def test_events_of_the_same_words_are_one_that_counts(worklist, receive):
    receive(1)
    for study, number in (("1.2.3", 2), ("1.2.3", 3), (None, 1), ("1.2.9", 1), ("1.2.3", 1)):
        worklist.registration.tell("instance_set_aside", "Instances: of one kind", number, study)
    worklist.registration.tell("instance_set_aside", "Instances of another", 1, "1.2.3")
    messages = [event.message for event in worklist.study_details.events("instance_set_aside")]
    assert sorted(messages) == ["Instances of another: 1", "Instances: of one kind: 2", "Instances: of one kind: 6"]


def test_a_locked_sqlite_file_is_not_the_rows_fault(worklist, monkeypatch):
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_SECONDS", 0)
    impatient = Database(str(worklist.database.url))
    other = sqlite3.connect(worklist.database.url.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="locked") as raised, impatient.write() as session:
        session.connection()
    assert not isinstance(raised.value, RowRefused)
    other.close()
    impatient.close()


def test_a_server_that_is_not_there_is_not_the_rows_fault():
    pytest.importorskip("psycopg")
    database = Database("postgresql+psycopg://triage@127.0.0.1:1/worklist?connect_timeout=2")
    with pytest.raises(StorageError) as raised, database.write() as session:
        session.connection()
    assert not isinstance(raised.value, RowRefused)
    database.close()
