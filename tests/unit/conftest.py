import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from postgresql import new_database
from sqlalchemy import create_engine, inspect

from triage_node.findings import LABELS, Decision, Label, ModelIdentity
from triage_node.outcome import Outcome, Status
from triage_node.reasons import Reason, ReasonCode
from triage_node.worklist import ReceivedInstance, Worklist

USUAL = {
    "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
    "transfer_syntax_uid": "1.2.840.10008.1.2.1",
    "size_bytes": 1000,
}


@pytest.fixture(scope="session")
def postgresql_url() -> str | None:
    """A new database on the server of TRIAGE_TEST_POSTGRESQL, which all tests of this run share."""
    server = os.environ.get("TRIAGE_TEST_POSTGRESQL")
    return None if server is None else new_database(server)


@pytest.fixture
def database_url(postgresql_url) -> str | None:
    """An empty database on PostgreSQL; by default SQLite in the data folder."""
    if postgresql_url is not None:
        engine = create_engine(postgresql_url)
        tables = set(inspect(engine).get_table_names()) - {"alembic_version"}
        if tables:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        engine.dispose()
    return postgresql_url


@pytest.fixture
def worklist(make_settings, make_worklist, clock, database_url) -> Iterator[Worklist]:
    settings = make_settings(
        series_quiet_seconds=20,
        study_quiet_seconds=60,
        study_maximum_seconds=900,
        analysis_attempts=2,
        database_url=database_url,
    )
    opened = make_worklist(settings, clock)
    yield opened
    opened.close()


@pytest.fixture
def receive(worklist, clock) -> Callable[..., int]:
    """Register instances of a study as the intake does."""

    def receive(*numbers: int, study: str = "1.2.3", series: str = "1.2.3.1", eligible: bool = True, **more) -> int:
        return worklist.registration.register(
            [
                ReceivedInstance(
                    study_instance_uid=study,
                    series_instance_uid=series,
                    sop_instance_uid=f"{series}.{number}",
                    received_at=clock(),
                    eligible=eligible,
                    **(USUAL | more),
                )
                for number in numbers
            ]
        ).new

    return receive


@pytest.fixture
def flagged() -> Outcome:
    """The outcome of a study with a suspected subdural hemorrhage."""
    return Outcome(
        Status.ANALYZED,
        ModelIdentity("net", "1", "ab"),
        series_instance_uid="1.2.3.1",
        decision=Decision.FLAGGED,
        probabilities=dict.fromkeys(LABELS, 0.9),
        flagged=(Label.SUBDURAL, Label.ANY),
        report_sop_instance_uid="2.25.1",
        folder="/results/1",
    )


@pytest.fixture
def analyze(worklist, receive, clock, flagged) -> Callable[..., None]:
    """Receive a study, wait for the timers and write an outcome; the clock goes on by 61 s."""

    def analyze(uid: str, decision: Decision | None = Decision.FLAGGED, score: float = 0.9, **more) -> None:
        receive(1, 2, study=uid, series=f"{uid}.1", **more)
        clock.forward(61)
        worklist.study_completion.advance()
        claim = worklist.claims.claim("w")
        types = (Label.SUBDURAL, Label.ANY) if decision is Decision.FLAGGED else ()
        outcome = replace(
            flagged,
            series_instance_uid=f"{uid}.1",
            decision=decision,
            flagged=types,
            probabilities=dict.fromkeys(LABELS, score),
            seconds={"read": 1.0, "infer": 2.0, "report": 0.1},
            report_sop_instance_uid=f"2.25.{uid.replace('.', '')}",
        )
        if decision is None:
            reason = Reason.of(ReasonCode.NOT_HEAD)
            outcome = Outcome(Status.UNSUITABLE, flagged.model, reasons=(reason,))
        assert claim.study_instance_uid == uid
        assert worklist.claims.finish(claim, outcome, ["A@h:1"])

    return analyze
