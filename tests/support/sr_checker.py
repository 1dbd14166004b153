"""A judge of our Structured Reports that knows nothing of the code that writes them.

`dciodvfy` and `dsrdump` judge the IOD; nothing at hand judges the templates of PS3.16. The rules below are rows,
written from the tables of the Standard (TID 1500, 1501, 300, 1002, 1004, 1204, 4019) and from what a triage device
may say.
A report may hold nothing that no row allows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset

Concept = tuple[str, str]
Path = tuple[str, ...]

FINDINGS: frozenset[Concept] = frozenset(
    ("SCT", value) for value in ("82999001", "274100004", "50960005", "21454007", "35486000", "1386000")
)
TRACKED = frozenset({"epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural", "any"})
SUSPECTED, UNDETERMINED, ABSENT = ("SCT", "415684004"), ("SCT", "373068000"), ("SCT", "272519000")
WITHOUT, WITH, NONE = ("DCM", "111241"), ("DCM", "111242"), ("DCM", "111245")
NOT_FLAGGED = "not flagged by the algorithm"
FORBIDDEN_WORDS = (
    "no hemorrhage",
    "no intracranial",
    "without hemorrhage",
    "absent",
    "negative",
    "normal",
    "ruled out",
)

SOP_CLASSES = {f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in (34, 33, 22)}
MANY = 10_000


@dataclass(frozen=True)
class Row:
    """A row of a template: where, what, how often, when, and with which values."""

    clause: str
    parent: str
    relationship: str
    value_type: str
    concepts: frozenset[Concept]
    minimum: int = 0
    maximum: int = 1
    values: frozenset[Concept] | None = None
    condition: str = "always"
    becomes: str = ""


def only(*concepts: Concept) -> frozenset[Concept]:
    return frozenset(concepts)


def dcm(*values: str) -> frozenset[Concept]:
    return frozenset(("DCM", value) for value in values)


def own(value: str) -> frozenset[Concept]:
    return only(("99TRIAGE", value))


def algorithm(parent: str, clause: str, condition: str) -> tuple[Row, ...]:
    """TID 4019 Algorithm Identification, included as HAS CONCEPT MOD."""
    mod, when = "HAS CONCEPT MOD", condition
    return (
        Row(f"{clause}, TID 4019 row 1", parent, mod, "TEXT", dcm("111001"), 1, condition=when),
        Row(f"{clause}, TID 4019 row 2", parent, mod, "TEXT", dcm("111003"), 1, condition=when),
        Row(f"{clause}, TID 4019 row 3", parent, mod, "TEXT", dcm("111002"), 1, MANY, condition=when),
        Row(f"{clause}, TID 4019 row 4", parent, mod, "CODE", dcm("111000"), 1, 1, dcm("123110"), when),
    )


PRIVATE_REASON = only(("99TRIAGE", "NOTANALYZED"))
SITE = only(("SCT", "363698007"))
VENTRICLE = only(("SCT", "35764002"))
PERCENT, PIXELS, MILLIMETER = (only(("UCUM", unit)) for unit in ("%", "{pixels}", "mm"))
NOTIFICATION, MEASUREMENT_REPORT = ("99TRIAGE", "NOTIFICATION"), ("DCM", "126000")

ROWS: tuple[Row, ...] = (
    Row("TID 1204 row 1", "root", "HAS CONCEPT MOD", "CODE", dcm("121049"), 1, 1, only(("RFC5646", "en-US"))),
    Row("TID 1002 row 1", "root", "HAS OBS CONTEXT", "CODE", dcm("121005"), 1, 1, dcm("121007")),
    Row("TID 1004 row 1", "root", "HAS OBS CONTEXT", "UIDREF", dcm("121012"), 1),
    Row("TID 1004 row 2", "root", "HAS OBS CONTEXT", "TEXT", dcm("121013"), 1),
    Row("TID 1004 row 3", "root", "HAS OBS CONTEXT", "TEXT", dcm("121014"), 1),
    Row("TID 1004 row 4", "root", "HAS OBS CONTEXT", "TEXT", dcm("121015"), 1),
    Row("TID 1004 row 5", "root", "HAS OBS CONTEXT", "TEXT", dcm("121016"), 1),
    Row(
        "TID 1500 row 4",
        "root",
        "HAS CONCEPT MOD",
        "CODE",
        dcm("121058"),
        1,
        1,
        only(("SCT", "303653007"), ("SCT", "363679005")),
    ),
    Row("TID 1500 row 5", "root", "CONTAINS", "CONTAINER", dcm("111028"), 1, 1, becomes="library"),
    Row("TID 1600 row 2", "library", "CONTAINS", "CONTAINER", dcm("126200"), 1, MANY, becomes="library group"),
    Row("TID 1602 row 5a", "library group", "HAS ACQ CONTEXT", "UIDREF", dcm("112002"), 1),
    Row("TID 1601 row 1", "library group", "CONTAINS", "IMAGE", only(("SCT", "260753009")), 1, 6, becomes="entry"),
    Row("TID 1602 row 1", "entry", "HAS ACQ CONTEXT", "CODE", dcm("121139"), 0, 1, dcm("CT")),
    Row("TID 1602 row 10", "entry", "HAS ACQ CONTEXT", "UIDREF", dcm("112227")),
    Row("TID 1602 row 11", "entry", "HAS ACQ CONTEXT", "NUM", dcm("110910"), 0, 1, PIXELS),
    Row("TID 1602 row 12", "entry", "HAS ACQ CONTEXT", "NUM", dcm("110911"), 0, 1, PIXELS),
    Row("TID 1602 row 12a", "entry", "HAS ACQ CONTEXT", "TEXT", dcm("113609")),
    Row("TID 1604 rows 1 to 4", "entry", "HAS ACQ CONTEXT", "NUM", dcm("111026"), 0, 1, MILLIMETER),
    Row("TID 1604 rows 1 to 4", "entry", "HAS ACQ CONTEXT", "NUM", dcm("111066"), 0, 1, MILLIMETER),
    Row("TID 1604 rows 1 to 4", "entry", "HAS ACQ CONTEXT", "NUM", dcm("112225"), 0, 1, MILLIMETER),
    Row("TID 1500 row 6", "root", "CONTAINS", "CONTAINER", dcm("126010"), 1, becomes="measurements"),
    Row(
        "TID 1500 row 12",
        "root",
        "CONTAINS",
        "CONTAINER",
        only(("UMLS", "C0034375")),
        1,
        1,
        becomes="evaluations",
    ),
    *algorithm("measurements", "TID 1500 row 6b", "always"),
    Row("TID 1500 row 9", "measurements", "CONTAINS", "CONTAINER", dcm("125007"), 1, 6, None, "analyzed", "group"),
    Row("TID 1500 row 14", "evaluations", "CONTAINS", "TEXT", FINDINGS, 0, 5, None, "measurement style", "moved"),
    Row("PS3.16 6.2.4", "moved", "HAS CONCEPT MOD", "CODE", SITE, 0, 1, VENTRICLE),
    Row("TID 1501 row 2", "moved", "HAS PROPERTIES", "TEXT", dcm("112039"), 1),
    Row("TID 1501 row 3", "moved", "HAS PROPERTIES", "UIDREF", dcm("112040"), 1),
    Row("TID 1501 row 10, TID 300", "moved", "HAS PROPERTIES", "NUM", dcm("111012"), 1, 1, PERCENT),
    Row("TID 1501 row 10, TID 300", "moved", "HAS PROPERTIES", "NUM", own("SUSPECTEDABOVE"), 0, 1, PERCENT),
    Row("TID 1501 row 10, TID 300", "moved", "HAS PROPERTIES", "NUM", own("UNCERTAINFROM"), 0, 1, PERCENT),
    Row("TID 1501 row 12", "moved", "HAS PROPERTIES", "TEXT", own("SCORECALIBRATION")),
    Row("TID 1501 row 12", "group", "CONTAINS", "TEXT", dcm("121106"), 1, condition="measurement style"),
    Row("TID 320", "score", "INFERRED FROM", "SCOORD", dcm("121112"), 1, 1, None, "measurement style", "region"),
    Row("TID 320", "region", "SELECTED FROM", "IMAGE", dcm("121112"), 1),
    Row("TID 1500 row 13, CID 6047", "evaluations", "CONTAINS", "CODE", dcm("111017"), 1, 1, only(WITHOUT, WITH, NONE)),
    Row("TID 1500 row 14", "evaluations", "CONTAINS", "TEXT", dcm("121111"), 1),
    Row("TID 1500 row 14", "evaluations", "CONTAINS", "TEXT", PRIVATE_REASON, 1, MANY, condition="not analyzed"),
    Row("TID 1500 row 14", "evaluations", "CONTAINS", "TEXT", own("SERIESANALYZED")),
    Row("TID 1500 row 14", "evaluations", "CONTAINS", "TEXT", own("OTHERSERIES"), 0, MANY),
    Row("TID 1500 row 14", "evaluations", "CONTAINS", "TEXT", own("REVISION")),
    Row("TID 1501 row 2", "group", "HAS OBS CONTEXT", "TEXT", dcm("112039"), 1),
    Row("TID 1501 row 3", "group", "HAS OBS CONTEXT", "UIDREF", dcm("112040"), 1),
    Row("TID 1501 row 3b", "group", "CONTAINS", "CODE", dcm("121071"), 1, 1, FINDINGS, "suspected"),
    Row("TID 1501 row 6", "group", "HAS CONCEPT MOD", "CODE", SITE, 1, 1, VENTRICLE, "ventricle"),
    Row("TID 1501 row 10, TID 300", "group", "CONTAINS", "NUM", dcm("111012"), 1, 1, PERCENT, becomes="score"),
    Row("TID 1501 row 10, TID 300", "group", "CONTAINS", "NUM", own("SUSPECTEDABOVE"), 0, 1, PERCENT),
    Row("TID 1501 row 10, TID 300", "group", "CONTAINS", "NUM", own("UNCERTAINFROM"), 0, 1, PERCENT),
    Row("TID 1501 row 12", "group", "CONTAINS", "TEXT", own("SCORECALIBRATION")),
    Row("TID 1501 row 10b", "group", "CONTAINS", "IMAGE", dcm("121112"), 0, 1, condition="answered"),
    Row("TID 1501, CID 7003", "group", "CONTAINS", "IMAGE", dcm("121080"), 0, 1, condition="answered"),
    Row(
        "TID 1501 row 11",
        "group",
        "CONTAINS",
        "CODE",
        FINDINGS,
        1,
        1,
        only(SUSPECTED, UNDETERMINED),
        "answered",
        "answer",
    ),
    Row("TID 1501 row 12", "group", "CONTAINS", "TEXT", FINDINGS, 1, 1, None, "not flagged", "answer"),
    Row("PS3.16 6.2.4", "answer", "HAS CONCEPT MOD", "CODE", SITE, 1, 1, VENTRICLE, "ventricle answer"),
)

CONDITIONS: dict[str, Callable[[Dataset, Dataset], bool]] = {
    "always": lambda report, node: True,
    "analyzed": lambda report, node: status(report) != NONE,
    "not analyzed": lambda report, node: status(report) == NONE,
    "measurement style": lambda report, node: name(report) == MEASUREMENT_REPORT,
    "suspected": lambda report, node: SUSPECTED in answers(node),
    "answered": lambda report, node: bool(answers(node) & {SUSPECTED, UNDETERMINED}),
    "not flagged": lambda report, node: not answers(node) & {SUSPECTED, UNDETERMINED},
    "ventricle": lambda report, node: tracked(node) == "intraventricular",
    "ventricle answer": lambda report, node: name(node) == ("SCT", "50960005"),
}


def check(report: Dataset) -> list[str]:
    """Return every rule the report breaks, as sentences that name the clause; none when it is sound."""
    return [
        *check_root(report),
        *check_rows(report, report, "root"),
        *check_answers(report),
        *check_references(report),
        *check_wording(report),
    ]


def check_root(report: Dataset) -> Iterator[str]:
    """The document itself: TID 1500 row 1 and the flags of PS3.3 C.17.2."""
    analyzed = status(report) != NONE
    expected = {
        "Modality": "SR",
        "ValueType": "CONTAINER",
        "VerificationFlag": "UNVERIFIED",
        "PreliminaryFlag": "PRELIMINARY",
        "CompletionFlag": "COMPLETE" if analyzed else "PARTIAL",
    }
    for keyword, value in expected.items():
        if report.get(keyword) != value:
            yield f"PS3.3 C.17.2: {keyword} is {report.get(keyword)!r}, not {value!r}"
    if name(report) not in (NOTIFICATION, MEASUREMENT_REPORT):
        yield f"TID 1500 row 1: the title is {name(report)}"
    if [item.get("TemplateIdentifier") for item in report.get("ContentTemplateSequence", [])] != ["1500"]:
        yield "TID 1500: the root does not name its template"
    if report.get("SOPClassUID") not in SOP_CLASSES:
        yield f"PS3.3 A.35: {report.get('SOPClassUID')} is no SOP class for this template"
    if not str(report.get("SeriesDescription", "")).startswith("TRIAGE: "):
        yield "the series description does not say TRIAGE"


def check_rows(report: Dataset, node: Dataset, place: str) -> Iterator[str]:
    """Every row of a place is kept, every child is allowed by a row, and so on downwards."""
    items = list(node.get("ContentSequence", []))
    rows = [row for row in ROWS if row.parent == place]
    for row in rows:
        count = sum(matches(row, item) for item in items)
        if CONDITIONS[row.condition](report, node):
            if not row.minimum <= count <= row.maximum:
                yield f"{row.clause}: {count} items under {place}, allowed {row.minimum} to {row.maximum}"
        elif count:
            yield f"{row.clause}: {count} items under {place}, allowed only when {row.condition}"
    for item in items:
        row = next((row for row in rows if matches(row, item)), None)
        yield from check_item(report, item, row, place)


def check_item(report: Dataset, item: Dataset, row: Row | None, place: str) -> Iterator[str]:
    """One item: allowed where it is, with an allowed value, and its children."""
    if row is None:
        yield f"no row allows {item.get('RelationshipType')} {item.get('ValueType')} {name(item)} under {place}"
        return
    if row.values is not None and value(item) not in row.values:
        yield f"{row.clause}: the value {value(item)} of {name(item)} is not allowed"
    if item.ValueType == "TEXT" and not str(item.get("TextValue", "")).strip():
        yield f"{row.clause}: {name(item)} has no text"
    yield from check_rows(report, item, row.becomes or "leaf")


def check_answers(report: Dataset) -> Iterator[str]:
    """What is said of the six labels fits together, and fits the status (CID 6047)."""
    groups = [item for item in walk(report) if name(item) == ("DCM", "125007")]
    answered = [answer for group in groups for answer in answers(group)]
    labels = {tracked(item) for item in walk(report)} - {""}
    if groups and labels != TRACKED:
        yield f"TID 1500 row 9: the labels are {sorted(labels)}"
    if groups and status(report) != (WITH if {SUSPECTED, UNDETERMINED} & set(answered) else WITHOUT):
        yield f"CID 6047: the status {status(report)} does not fit the answers {answered}"
    for group in groups:
        yield from check_group(group)


def check_group(group: Dataset) -> Iterator[str]:
    """A group has one finding, a certainty between 0 and 100, and *not flagged* in these words."""
    items = list(group.get("ContentSequence", []))
    named = {name(item) for item in items if name(item) in FINDINGS}
    coded = {value(item) for item in items if name(item) == ("DCM", "121071")}
    if len(named) != 1 or coded - named:
        yield f"TID 1501: the group of {tracked(group)} is about {sorted(named | coded)}"
    for item in items:
        if item.get("ValueType") == "NUM" and not 0 <= number(item) <= 100:
            yield f"111012: a certainty of {number(item)} %"
        if item.get("ValueType") == "TEXT" and name(item) in FINDINGS and item.get("TextValue") != NOT_FLAGGED:
            yield f"21 CFR 892.2080: {item.get('TextValue')!r} instead of {NOT_FLAGGED!r}"


def check_references(report: Dataset) -> Iterator[str]:
    """Every image named in the tree is in the evidence (PS3.3 C.17.2.3)."""
    evidence = {uid for _, uid in evidence_of(report)}
    if not evidence:
        yield "PS3.3 C.17.2: no evidence"
    for item in walk(report):
        for reference in item.get("ReferencedSOPSequence", []):
            if reference.ReferencedSOPInstanceUID not in evidence:
                yield f"PS3.3 C.17.2.3: {reference.ReferencedSOPInstanceUID} is not in the evidence"


def check_wording(report: Dataset) -> Iterator[str]:
    """No code and no word says that there is no hemorrhage; the summary sends the reader to the images."""
    for item in walk(report):
        if value(item) == ABSENT:
            yield "CID 240: a triage device never codes Absent"
    for text in texts(report):
        for words in FORBIDDEN_WORDS:
            if words in text.lower():
                yield f"21 CFR 892.2080: {words!r} in {text!r}"
    summaries = [item.get("TextValue", "") for item in walk(report) if name(item) == ("DCM", "121111")]
    if not all("Notification only, not for diagnosis." in text and "Read the images" in text for text in summaries):
        yield "21 CFR 892.2080: the summary lacks the disclaimer"


def matches(row: Row, item: Dataset) -> bool:
    kind = (item.get("RelationshipType"), item.get("ValueType"))
    return kind == (row.relationship, row.value_type) and name(item) in row.concepts


def name(item: Dataset) -> Concept | None:
    return code(item, "ConceptNameCodeSequence")


def value(item: Dataset) -> Concept | None:
    """The coded value of a CODE item, the unit of a NUM item."""
    for measured in item.get("MeasuredValueSequence", []):
        return code(measured, "MeasurementUnitsCodeSequence")
    return code(item, "ConceptCodeSequence")


def code(item: Dataset, keyword: str) -> Concept | None:
    for entry in item.get(keyword, []):
        return entry.get("CodingSchemeDesignator", ""), entry.get("CodeValue", entry.get("LongCodeValue", ""))
    return None


def number(item: Dataset) -> float:
    return float(item.MeasuredValueSequence[0].NumericValue)


def answers(group: Dataset) -> set[Concept]:
    """The presence codes of a group."""
    items = group.get("ContentSequence", [])
    return {found for item in items if name(item) in FINDINGS and (found := value(item))}


def tracked(group: Dataset) -> str:
    items = group.get("ContentSequence", [])
    return next((str(item.get("TextValue")) for item in items if name(item) == ("DCM", "112039")), "")


def status(report: Dataset) -> Concept | None:
    return next((value(item) for item in walk(report) if name(item) == ("DCM", "111017")), None)


def walk(node: Dataset) -> Iterator[Dataset]:
    """All content items below a node."""
    for item in node.get("ContentSequence", []):
        yield item
        yield from walk(item)


def texts(report: Dataset) -> Iterator[str]:
    """Every text a reader may see, the meanings of codes apart from those of the Standard's status included."""
    yield str(report.get("SeriesDescription", ""))
    for item in walk(report):
        yield str(item.get("TextValue", ""))
        for keyword in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
            yield from (str(entry.get("CodeMeaning", "")) for entry in item.get(keyword, []))


def evidence_of(report: Dataset) -> Iterator[Concept]:
    """SOP Class and SOP Instance UID of everything referred to as evidence."""
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in report.get(keyword, []):
            for series in study.ReferencedSeriesSequence:
                for item in series.ReferencedSOPSequence:
                    yield item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID
