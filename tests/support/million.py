"""A worklist of years, rows only: no file lies behind them. Written past the ORM, which would take an hour."""

import json
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from triage_node.database.days import day_of
from triage_node.database.engine import Database
from triage_node.database.text_search import folded_name, search_text
from triage_node.database.workitem_uids import workitem_uid
from triage_node.findings import LABELS, TYPES, Decision, Label
from triage_node.statistics.rollups import ALL_TIME, STATE, duration_bin, outcome_counts, stage_counts

STUDIES = int(os.environ.get("TRIAGE_BENCH_STUDIES", 1_000_000))
OPEN = 2000
DAY = 86400.0
YEARS = 3
BATCH = 10_000
STARTS, MIDDLES = ("Al", "Ber", "Mül", "Sö", "Nowa"), ("an", "ler", "ko", "mi")
ENDS = ("sson", "ski", "er", "ova", "dez", "ton", "y", "ini")
SURNAMES = [f"{start}{middle}{end}" for start in STARTS for middle in MIDDLES for end in ENDS]
GIVEN = ["Anna", "Bo", "Chiara", "Dmitri", "Élise", "Farid", "Grace", "Hiro", "Ines", "Jan"]
STATIONS = [f"CT{number:02d}" for number in range(1, 13)]
SCANNERS = ["SIEMENS SOMATOM X.cite", "GE Revolution CT", "Canon Aquilion ONE", "Philips Incisive CT"]
SENDERS = ["PACS", "CT_ER", "CT_STROKE", "ARCHIVE"]
DESTINATION = "PACS@10.0.0.1:104"
MODEL = json.dumps({"name": "net", "version": "1", "sha256": "ab"})


@dataclass(frozen=True)
class Size:
    """How much there is; ``open_studies`` came in the last day and nobody has read them."""

    studies: int
    open_studies: int = OPEN
    instances_a_study: int = 5


def make_rows(path: Path, size: Size, now: float, seed: int = 4) -> None:
    """Write a SQLite worklist of that size that ends now; the same seed makes the same rows."""
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-400000")
    later = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL "
        "AND tbl_name IN ('study', 'instance', 'series', 'outcome', 'delivery', 'event', 'study_reason')"
    ).fetchall()
    for kind, name, _ in later:
        connection.execute(f"DROP {kind} {name}")
    counts = _write(connection, size, now, random.Random(seed))
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO daily VALUES (?, ?, ?, ?)", [(*key, number) for key, number in sorted(counts.items())]
    )
    for _, _, sql in later:
        connection.execute(sql)
    for words in ("study_text", "study_trigram"):
        connection.execute(f"INSERT INTO {words}({words}) VALUES ('rebuild')")
    connection.execute("COMMIT")
    connection.close()


def _write(connection: sqlite3.Connection, size: Size, now: float, rng: random.Random) -> Counter:
    counts: Counter = Counter()
    for first in range(1, size.studies + 1, BATCH):
        rows = _Rows()
        for number in range(first, min(first + BATCH, size.studies + 1)):
            _study(rows, counts, number, _arrival(number, size, now), size, now, rng)
        connection.execute("BEGIN")
        for table, values in rows.tables():
            names = ", ".join(values[0])
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({marks})", [tuple(value.values()) for value in values]
            )
        connection.execute("COMMIT")
    return counts


class _Rows:
    """Rows of a batch, by table."""

    def __init__(self) -> None:
        self._tables: dict[str, list[dict]] = {}

    def add(self, table: str, **values: object) -> None:
        self._tables.setdefault(table, []).append(values)

    def tables(self) -> Iterator[tuple[str, list[dict]]]:
        yield from self._tables.items()


def _arrival(number: int, size: Size, now: float) -> float:
    old = size.studies - size.open_studies
    if number > old:
        return now - DAY * (1 - (number - old) / (size.open_studies + 1))
    return now - DAY * (1 + YEARS * 365 * (1 - number / (old + 1)))


def _study(
    rows: _Rows, counts: Counter, number: int, arrival: float, size: Size, now: float, rng: random.Random
) -> None:
    uid = f"1.2.840.113619.2.55.{number:09d}.{rng.randrange(10**6)}"
    is_open = number > size.studies - size.open_studies
    coming = number > size.studies - 10
    score = min(1.0, rng.betavariate(0.6, 4) + (rng.random() < 0.1) * 0.6)
    decision = Decision.FLAGGED if score > 0.6 else Decision.UNCERTAIN if score > 0.45 else Decision.NOT_FLAGGED
    unlucky = rng.random()
    state = "receiving" if coming else "failed" if unlucky < 0.002 else "unsuitable" if unlucky < 0.1 else "analyzed"
    flagged = [rng.choice(TYPES), Label.ANY] if decision is Decision.FLAGGED and state == "analyzed" else []
    study = SimpleNamespace(
        opened_at=arrival, ready_at=arrival + rng.expovariate(1 / 40), claimed_at=arrival + 45 + rng.expovariate(1 / 5),
        first_received_at=arrival, scanner=rng.choice(SCANNERS),
    )  # fmt: skip
    name = f"{rng.choice(SURNAMES)}^{rng.choice(GIVEN)}"
    patient, accession = f"{rng.randrange(10**8):08d}", f"A{2024 + number % 3}{number:07d}"
    description = rng.choice(["CT HEAD W/O", "CT Schädel nativ", "CT HEAD TRAUMA", "STROKE CT"])
    read = not is_open and rng.random() < 0.7
    rows.add(
        "study", id=number, study_instance_uid=uid, workitem_uid=workitem_uid(uid),
        patient_id=patient, patient_name=name, accession_number=accession,
        study_description=description, study_date=time.strftime("%Y%m%d", time.gmtime(arrival)), study_time="120000",
        patient_name_folded=folded_name(name), study_identifier=str(number), patient_birth_date="19600229",
        calling_ae_title=rng.choice(SENDERS), state=state,
        revision=5, analyzed_revision=None if coming else 5, priority=int(rng.random() < 0.01),
        first_received_at=arrival, last_received_at=arrival + 10, opened_at=arrival,
        closed_at=None if coming else arrival + 70, held=0, changed_at=arrival + 80, attempts=1,
        decision=decision if state == "analyzed" else None, station_name=rng.choice(STATIONS), scanner=study.scanner,
        ready_at=study.ready_at, claimed_at=study.claimed_at, flagged_types=f",{','.join(flagged)}," if flagged else "",
        acknowledged_at=arrival + 900 if read else None, acknowledged_by="person" if read else None,
        search_text=search_text(uid, name, patient, accession, description), change_marker=number,
    )  # fmt: skip
    rows.add("series", id=number, study_id=number, series_instance_uid=f"{uid}.1", modality="CT",
             series_number=2, series_description="Axial", eligible=1, instance_count=size.instances_a_study,
             last_received_at=arrival + 10)  # fmt: skip
    for instance in range(size.instances_a_study):
        rows.add("instance", study_id=number, series_id=number, sop_instance_uid=f"{uid}.1.{instance}",
                 sop_class_uid="1.2.840.10008.5.1.4.1.1.2", transfer_syntax_uid="1.2.840.10008.1.2.1",
                 size_bytes=526000, received_at=arrival + instance, instance_number=instance, rows=512, columns=512,
                 bits_allocated=16)  # fmt: skip
    for code, later in (("study_received", 0), ("series_quiet", 40), ("claimed", 45), ("finished", 50)):
        rows.add("event", study_id=number, at=arrival + later, actor="node", code=code, message="")
    counts[(ALL_TIME, STATE, state)] += 1
    counts[(day_of(arrival), "arrivals", "")] += 1
    if not coming:
        _outcome(rows, counts, number, study, state, decision, score, flagged, rng)


def _reason(state: str, number: int) -> str:
    """One study in a hundred thousand has the rare reason."""
    return "analysis_failed" if state == "failed" else "contrast" if number % 10_007 == 0 else "not_head"


def _outcome(rows, counts, number, study, state, decision, score, flagged, rng) -> None:
    analyzed = state == "analyzed"
    if not analyzed:
        code = _reason(state, number)
        rows.add("study_reason", code=code, first_received_at=study.first_received_at, study_id=number)
    seconds = {"read": rng.expovariate(1), "infer": 0.5 + rng.expovariate(2), "report": 0.1}
    created_at = study.claimed_at + sum(seconds.values())
    reasons = [] if analyzed else [{"code": _reason(state, number), "message": ""}]
    probabilities = dict.fromkeys(LABELS, score) if analyzed else None
    outcome = SimpleNamespace(
        status=state, decision=decision if analyzed else None, reasons=reasons, probabilities=probabilities,
        seconds=seconds, created_at=created_at,
    )  # fmt: skip
    rows.add(
        "outcome", id=number, study_id=number, revision=5, status=state, decision=outcome.decision,
        reasons=json.dumps(reasons), probabilities=json.dumps(probabilities), flagged=json.dumps(flagged),
        uncertain="[]", model=MODEL, seconds=json.dumps(seconds), report_sop_instance_uid=f"2.25.{number}",
        folder=f"/results/{number}", created_at=created_at,
    )  # fmt: skip
    dead = rng.random() < 0.0002
    rows.add(
        "delivery", study_id=number, outcome_id=number, destination=DESTINATION, sop_instance_uid=f"2.25.{number}",
        folder=f"/results/{number}", state="dead" if dead else "delivered", attempts=1, created_at=created_at,
        next_attempt_at=created_at, delivered_at=None if dead else created_at + 0.3, last_error="",
    )  # fmt: skip
    day = day_of(study.first_received_at)
    for key, times in (*outcome_counts(outcome, study.scanner).items(), *stage_counts(study, outcome).items()):
        counts[(day, *key)] += times
    if not dead:
        counts[(ALL_TIME, "delivered", "")] += 1
        counts[(day_of(created_at), "delivered", "")] += 1
        counts[(day_of(created_at), "seconds.delivery", duration_bin(0.3))] += 1
