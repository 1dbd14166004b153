import sqlite3
from pathlib import Path

import alembic.autogenerate
import alembic.command
import alembic.config
import alembic.migration
import pytest

from triage_node.database import engine as database_module
from triage_node.database.engine import Database
from triage_node.database.tables.schema import Base
from triage_node.errors import StorageError
from triage_node.worklist import Filters


@pytest.mark.filterwarnings("ignore:Computed default on study:UserWarning")
def test_the_migrations_make_the_tables_of_the_schema(worklist):
    with worklist.database.engine.connect() as connection:
        # Text search has tables and indexes that SQLAlchemy has no words for; they are tested by what they find.
        options = {"include_object": lambda _item, name, *_: not str(name).startswith(("study_text", "study_trigram"))}
        context = alembic.migration.MigrationContext.configure(connection, opts=options)
        assert alembic.autogenerate.compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(worklist, receive):
    receive(1)
    worklist.prepare()
    assert worklist.study_details.study("1.2.3").revision == 1


def test_a_sqlite_database_of_a_newer_version_is_refused_in_one_sentence(worklist):
    with sqlite3.connect(worklist.database.url.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'future'")
    connection.close()
    with pytest.raises(StorageError, match=r"newer version \(future, this one knows \d+\): install that version again"):
        worklist.prepare()


def test_a_sqlite_file_that_is_no_database_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "bad.sqlite").write_bytes(b"no database" * 100)
    database = Database(f"sqlite:///{tmp_path / 'bad.sqlite'}")
    with pytest.raises(StorageError, match="not a database"):
        database.migrate()
    database.close()


def test_a_failed_block_writes_nothing(worklist, receive):
    with pytest.raises(ZeroDivisionError), worklist.database.write() as session:
        session.add(_study())
        session.flush()
        _ = 1 / 0
    assert worklist.study_details.is_empty()


def _study():
    from triage_node.database.tables.schema import StudyRow

    times = dict.fromkeys(("first_received_at", "last_received_at", "opened_at", "changed_at"), 1.0)
    return StudyRow(study_instance_uid="1", state="receiving", **times)


def test_an_older_sqlite_worklist_learns_the_reasons_of_its_studies(worklist, analyze):
    analyze("1.2.1", None)
    analyze("1.2.2")
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).with_name("migrations")))
    with worklist.database.engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.downgrade(config, "0004")
    worklist.prepare()
    found = worklist.study_lists.studies(Filters(reason=("not_head",))).studies
    assert [study.study_instance_uid for study in found] == ["1.2.1"]
