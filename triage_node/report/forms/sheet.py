"""What is on the page: a readable report in the order in which people want it, before it is text, HTML or PDF."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time

from triage_node.findings import LABELS, Decision, Label
from triage_node.report.forms.percentages import percentages
from triage_node.report.forms.readable_report import Answer, BestSliceRead, ReadableReport, SeriesRead
from triage_node.report.header import printable

HEADLINES: dict[Decision | None, str] = {
    Decision.FLAGGED: "Suspected hemorrhage",
    Decision.UNCERTAIN: "Uncertain",
    Decision.NOT_FLAGGED: "Not flagged by the algorithm",
    None: "Not analyzed",
}
WORDS: dict[Decision | None, str] = {
    Decision.FLAGGED: "suspected",
    Decision.UNCERTAIN: "uncertain",
    Decision.NOT_FLAGGED: "not flagged",
}
SEXES = {"M": "male", "F": "female", "O": "other"}
MISSING = "not given"
COLUMNS = ("Type", "Answer", "Score", "Uncertain from", "Suspected above", "Best slice")
# From the highest label to the lowest of the page: the whole first, then its types.
ORDER = (Label.ANY, *(label for label in LABELS if label is not Label.ANY))
# Embeddings, overrides and isolates of the bidirectional algorithm (UAX 9): text looks like another text by them.
REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class Row:
    """One label in the table, a cell for each of `COLUMNS`; ``tone`` is its decision or empty."""

    tone: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A title and facts below it, each a name and a value."""

    title: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sheet:
    """A page in the order in which it is read; all texts are in printable characters.

    ``tone`` is the decision, ``not_analyzed`` where there is none: it colors what the words say.
    """

    tone: str
    headline: str
    sentence: str
    disclaimer: str
    patient: Section
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]


def sheet(read: ReadableReport) -> Sheet:
    """Lay a readable report out."""
    return Sheet(
        tone=read.decision or "not_analyzed",
        headline=HEADLINES[read.decision],
        sentence=visible(read.sentence.removesuffix(read.disclaimer).strip()),
        disclaimer=read.disclaimer,
        patient=_section("Patient", _patient(read)),
        rows=tuple(_row(answer) for answer in sorted(read.answers, key=lambda one: ORDER.index(one.label))),
        sections=(
            _section("Study", _study(read)),
            _section("Images", _images(read)),
            _section("Model", _model(read)),
            _section("Report", _report(read)),
        ),
    )


def visible(text: str) -> str:
    """Return text in printable characters that stand in the order in which they are shown."""
    shown = "".join("?" if character in REORDERING else character for character in unicodedata.normalize("NFC", text))
    return printable(shown)


def _section(title: str, facts: Iterator[tuple[str, str]]) -> Section:
    return Section(title, tuple((name, visible(value) or MISSING) for name, value in facts))


def _row(answer: Answer) -> Row:
    name = "any hemorrhage" if answer.label is Label.ANY else str(answer.label)
    words = WORDS.get(answer.decision, answer.text)
    cells = (name, words, *percentages(answer.probability, answer.calibration), _slice_number(answer.best_slice))
    return Row(answer.decision or "", tuple(map(visible, cells)))


def _slice_number(best: BestSliceRead | None) -> str:
    if best is None:
        return ""
    frame = f"frame {best.frame_number}" if best.frame_number else ""
    image = "" if best.instance_number is None else f"image {best.instance_number}"
    return ", ".join(filter(None, (image, frame))) or "by UID below"


def _patient(read: ReadableReport) -> Iterator[tuple[str, str]]:
    patient = read.patient
    issuer = f" ({patient.issuer_of_patient_id})" if patient.issuer_of_patient_id else ""
    yield "Name", str(patient.name)
    yield "Patient ID", patient.patient_id and f"{patient.patient_id}{issuer}"
    yield "Birth date", patient.birth_date.isoformat() if patient.birth_date else ""
    yield "Sex", SEXES.get(patient.sex, "")


def _study(read: ReadableReport) -> Iterator[tuple[str, str]]:
    study = read.study
    yield "Date", study.date.isoformat() + _clock(study.time) if study.date else ""
    yield "Accession number", study.accession_number
    yield "Description", study.description
    yield "Study ID", study.study_id
    yield "Referring physician", str(study.referring_physician_name)
    yield "Study Instance UID", study.study_instance_uid


def _images(read: ReadableReport) -> Iterator[tuple[str, str]]:
    if read.series_analyzed:
        yield "Series analyzed", read.series_analyzed
    for sentence in read.series_not_analyzed:
        yield "Other series", sentence
    for series in read.series:
        yield "Evidence", _series(series)
    if read.picture:
        yield "Where the model looked", read.picture
    for best, labels in _by_slice(read).items():
        number = _slice_number(best)
        shown = f"{number}, {best.sop_instance_uid}" if best.instance_number is not None else best.sop_instance_uid
        yield f"Best slice, {', '.join(labels)}", shown


def _series(series: SeriesRead) -> str:
    number = "" if series.series_number is None else f"series {series.series_number}"
    images = f"{series.instances} {'image' if series.instances == 1 else 'images'}"
    return ", ".join(filter(None, (number, series.series_description, images, series.series_instance_uid)))


def _by_slice(read: ReadableReport) -> dict[BestSliceRead, list[str]]:
    found: dict[BestSliceRead, list[str]] = {}
    for answer in read.answers:
        if answer.best_slice is not None:
            found.setdefault(answer.best_slice, []).append(answer.label)
    return found


def _model(read: ReadableReport) -> Iterator[tuple[str, str]]:
    yield "Model", f"{read.model.name} {read.model.version}".strip()
    yield "Manifest (SHA-256)", read.model.sha256
    for basis, labels in _by_basis(read).items():
        of = "" if len(labels) == len(LABELS) else f", {', '.join(labels)}"
        yield f"Score and thresholds{of}", basis
    for parameter in read.parameters:
        name, _, value = parameter.partition("=")
        yield name.replace("_", " ").capitalize(), value


def _by_basis(read: ReadableReport) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for answer in read.answers:
        if answer.calibration is not None and answer.calibration.basis:
            found.setdefault(answer.calibration.basis, []).append(answer.label)
    return found


def _report(read: ReadableReport) -> Iterator[tuple[str, str]]:
    report, node = read.report, read.node
    yield "Made", moment(report.created_at)
    yield "Series description", report.series_description
    yield "State", ", ".join(filter(None, (report.preliminary, report.verification, report.completion))).lower()
    if report.revision is not None:
        yield "Revision of the study", str(report.revision)
    for uid in report.replaces:
        yield "Replaces", uid
    if read.reasons:
        yield "Reason codes", ", ".join(reason.code for reason in read.reasons)
    yield "By", " ".join(filter(None, (node.manufacturer, node.software_version, node.station_name)))
    yield "Device UID", node.device_uid
    yield "SOP Instance UID", report.sop_instance_uid


def moment(at: datetime | None) -> str:
    """Return a moment with its offset from UTC, empty when there is none."""
    if at is None:
        return ""
    zone = f" UTC{at:%z}" if at.tzinfo else ""
    return f"{at:%Y-%m-%d %H:%M:%S}{zone}"


def _clock(at: time | None) -> str:
    return "" if at is None else f" {at:%H:%M}"
