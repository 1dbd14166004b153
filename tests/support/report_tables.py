"""What reports are made of, as tables of the conformance statement: built, and compared with one another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from ct import head_ct
from pydicom.dataset import Dataset

from triage_node.findings import LABELS, Calibration, Label, ModelIdentity, Prediction
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import BestSlice, ReportContent, VisualExplanation, build_report


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


MODEL = ModelIdentity("ich-resnet", "1.2.0", "ab" * 32)
FINDINGS = {Label.ANY: "flagged", Label.SUBDURAL: "flagged", Label.EPIDURAL: "uncertain"}


def source_headers(patient: str) -> tuple[Dataset, ...]:
    """Return the headers of a head CT with every attribute that a report copies."""
    found = head_ct(slices=3, size=(8, 8))
    for ds in found:
        del ds.PixelData
        ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = f"Doe^{patient}", patient, f"Hospital {patient}"
        ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19500203", "F" if patient == "A" else "M", "076Y"
        ds.TimezoneOffsetFromUTC = "+0100" if patient == "A" else "-0500"
        ds.StudyDescription, ds.AccessionNumber, ds.StudyID = f"CT head {patient}", f"1{patient}", f"S{patient}"
        if patient == "A":
            _order(ds)
        ds.ReferringPhysicianName, ds.InstanceNumber = f"House^{patient}", ds.InstanceNumber + 10
    return tuple(found)


def _order(ds: Dataset) -> None:
    procedure, issuer, request = Dataset(), Dataset(), Dataset()
    procedure.CodeValue, procedure.CodingSchemeDesignator, procedure.CodeMeaning = "P1", "99RIS", "CT head"
    issuer.UniversalEntityID, issuer.UniversalEntityIDType = "1.2.3", "ISO"
    request.RequestedProcedureID = "R1"
    ds.ProcedureCodeSequence, ds.RequestAttributesSequence = [procedure], [request]
    ds.IssuerOfPatientIDQualifiersSequence = ds.IssuerOfAccessionNumberSequence = [issuer]


def contents(patient: str) -> list[ReportContent]:
    """Return one content of each branch, and one that replaces another."""
    sources, labels = source_headers(patient), tuple(FINDINGS)
    scores = {label: {"flagged": 0.93, "uncertain": 0.5}.get(FINDINGS.get(label, ""), 0.02) for label in LABELS}
    by_slice = np.tile(np.array(list(scores.values()), np.float32), (3, 1))
    flagged = tuple(label for label in labels if FINDINGS[label] == "flagged")
    uncertain = tuple(label for label in labels if FINDINGS[label] == "uncertain")
    best = BestSlice(str(sources[1].SOPInstanceUID), str(sources[1].SOPClassUID))
    analyzed = ReportContent(
        sources=sources,
        prediction=Prediction(MODEL, scores, by_slice, flagged, uncertain),
        model=MODEL,
        node_version=f"1.{ord(patient)}",
        device_uid=f"2.25.{ord(patient)}",
        station_name=f"TRIAGE_{patient}",
        created_at=datetime(2026, 3, 1, ord(patient) % 24, 20, 30, tzinfo=UTC) + timedelta(days=ord(patient)),
        best_slices=dict.fromkeys(labels, best),
        calibrations=dict.fromkeys(LABELS, Calibration(0.8, 0.4, "From 100 studies without and 100 with it.")),
        series_analyzed="Series 2: 30 slices.",
        series_not_analyzed=("Series 1: localizer.",),
        revision=1,
        explanation=VisualExplanation(Label.SUBDURAL, np.zeros((8, 8, 3), np.uint8)),
    )
    plain = replace(analyzed, prediction=Prediction(MODEL, dict.fromkeys(LABELS, 0.02), by_slice), best_slices={})
    reasons = (Reason.of(ReasonCode.CONTRAST),)
    not_analyzed = replace(
        analyzed, prediction=None, reasons=reasons, best_slices={}, series_analyzed="", explanation=None
    )
    return [analyzed, plain, not_analyzed, replace(analyzed, predecessor=build_report(plain))]


def report_attributes_table() -> str:
    """Compare reports about two patients: what is their source's was copied, what is always the same is fixed."""
    reports = [(build_report(one), one.sources[0]) for patient in "AB" for one in contents(patient)]
    tags = sorted({element.tag for report, _ in reports for element in report})
    return table(("attribute", "tag", "VR", "presence", "source"), [_attribute(tag, reports) for tag in tags])


def _attribute(tag: object, reports: Sequence[tuple[Dataset, Dataset]]) -> tuple[str, ...]:
    found = [(report[tag], source.get(tag)) for report, source in reports if tag in report]
    elements = [element for element, _ in found]
    one = elements[0]
    presence = "ALWAYS" if len(found) == len(reports) else "ANAP"
    if all(element.is_empty for element in elements):
        presence = "EMPTY"
    values = {str(element.value) for element in elements}
    if all(source is not None and source.value == element.value for element, source in found):
        origin = "COPIED from the images"
    elif len(values) == 1 and one.VR != "SQ":
        origin = f"FIXED `{one.value}`" if not one.is_empty else ""
    else:
        origin = "AUTO"
    return one.name, f"{one.tag}".replace(" ", ""), one.VR, presence, origin


def report_tree_table() -> str:
    """List every row of the content trees of all branches, each as it came first."""
    rows: list[tuple[str, ...]] = []
    branches: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
    for name, content in zip(BRANCHES, contents("A"), strict=False):
        at = -1
        for row in _tree(build_report(content)):
            branches[row][name] = None
            if row not in rows:
                rows.insert(at + 1, row)
            at = rows.index(row)
    written = [(*row, "ALWAYS" if len(branches[row]) == len(BRANCHES) else ", ".join(branches[row])) for row in rows]
    return table(("NL", "relationship", "value type", "concept name", "in"), written)


BRANCHES = ("flagged or uncertain", "not flagged", "not analyzed")


def _tree(item: Dataset, depth: int = 0) -> Iterator[tuple[str, ...]]:
    name = item.ConceptNameCodeSequence[0]
    code = f'{name.CodeValue}, {name.CodingSchemeDesignator}, "{name.CodeMeaning}"'
    yield ">" * depth, item.get("RelationshipType", ""), item.ValueType, code
    for child in item.get("ContentSequence", []):
        yield from _tree(child, depth + 1)
