"""What reports may be made of, one at a time or at random: sources, predictions, all branches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO

import numpy as np
from hypothesis import strategies as st
from pydicom import config, dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage

from triage_node.findings import LABELS, TYPES, Calibration, Label, ModelIdentity, Prediction
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import BestSlice, ReportContent, build_report
from triage_node.report.evidence import instance_of

MODEL = ModelIdentity("ich-resnet", "1.2.0", "ab" * 32)
STUDY = "1.2.826.0.1.3680043.10.511.1"
HEADER = {
    "SOPClassUID": CTImageStorage,
    "SeriesInstanceUID": f"{STUDY}.2",
    "StudyInstanceUID": STUDY,
    "PatientName": "Doe^Jane",
    "PatientID": "PID-7",
    "PatientBirthDate": "19500203",
    "PatientSex": "F",
    "StudyDate": "20260301",
    "StudyTime": "101500",
    "StudyID": "S1",
    "AccessionNumber": "A1",
    "ReferringPhysicianName": "House^Gregory",
    "Modality": "CT",
    "FrameOfReferenceUID": f"{STUDY}.4",
    "Rows": 512,
    "Columns": 512,
    "PixelSpacing": [0.5, 0.5],
    "SliceThickness": "5",
}

NAMES = {
    "": st.sampled_from(["", "Doe^Jane", "Roe^Richard^^Dr", "X" * 64]),
    "ISO_IR 100": st.sampled_from(["Müller^Jörg", "Señor^Peña", "Ångström^Å"]),
    "ISO_IR 192": st.sampled_from(["Wang^XiaoDong=王^小東=왕^소동", "Люксембург^Жанна", "Διονυσιος^A"]),
    "GB18030": st.sampled_from(["Wang^XiaoDong=王^小东", "Zhang^San=张^三"]),
    "\\ISO 2022 IR 87": st.sampled_from(["Yamada^Tarou=山田^太郎=やまだ^たろう"]),
    "\\ISO 2022 IR 149": st.sampled_from(["Hong^Gildong=洪^吉洞=홍^길동"]),
}
"""Names that each character set can write; the first means none is declared."""


def source(number: int = 1, **values: object) -> Dataset:
    """Return the header of a received image; None leaves an element out."""
    ds = Dataset()
    for keyword, value in (HEADER | {"SOPInstanceUID": f"{STUDY}.3.{number}"} | values).items():
        if value is not None:
            ds[keyword] = DataElement(keyword, dictionary_VR(keyword), value, validation_mode=config.IGNORE)
    return ds


def prediction(
    flagged: tuple[Label, ...] = (), uncertain: tuple[Label, ...] = (), scores: tuple[float, ...] | None = None
) -> Prediction:
    """Return an answer about three slices, the second the best."""
    if scores is None:
        scores = tuple(0.934 if each in flagged else 0.5 if each in uncertain else 0.021 for each in LABELS)
    slices = np.outer([0.5, 1.0, 0.7], scores).astype(np.float32)
    return Prediction(MODEL, dict(zip(LABELS, scores, strict=True)), slices, flagged, uncertain)


def read_back(report: Dataset) -> Dataset:
    """Return a report as a receiver has it: written and read, without any class of the writer."""
    buffer = BytesIO()
    report.save_as(buffer, enforce_file_format=True)
    return dcmread(BytesIO(buffer.getvalue()))


def flagged_content() -> ReportContent:
    """Return what a report with all branches says: two types flagged, one uncertain, two not flagged."""
    sources = tuple(source(number) for number in range(1, 4))
    best = BestSlice(sources[1].SOPInstanceUID, sources[1].SOPClassUID)
    return ReportContent(
        sources=sources,
        prediction=prediction((Label.ANY, Label.SUBDURAL, Label.INTRAVENTRICULAR), (Label.EPIDURAL,)),
        model=MODEL,
        node_version="0.1.0",
        device_uid="2.25.7777",
        station_name="TRIAGE",
        created_at=datetime(2026, 3, 1, 10, 20, 30, tzinfo=UTC),
        best_slices=dict.fromkeys(LABELS, best),
        parameters={"threshold any": "0.5", "slab mm": "5"},
    )


def not_analyzed_content() -> ReportContent:
    """Return what the report of a study that was not analyzed says."""
    reasons = (Reason.of(ReasonCode.CONTRAST), Reason.of(ReasonCode.OUT_OF_DISTRIBUTION, "Distance 3.4."))
    return replace(flagged_content(), prediction=None, reasons=reasons, best_slices={})


PALETTES = (("not flagged",), ("not flagged", "uncertain"), ("not flagged", "uncertain", "flagged"))
"""Decisions that the types of one study may have, so that each decision of a study is seen often."""

EARLIER = build_report(not_analyzed_content())


@st.composite
def headers(draw: st.DrawFn) -> dict[str, object]:
    """Return elements that differ from one source's header to another's."""
    terms = draw(st.sampled_from(list(NAMES)))
    text = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"), max_size=20)
    return {
        "SpecificCharacterSet": terms.split("\\") if "\\" in terms else terms or None,
        "PatientName": draw(st.none() | NAMES[terms] | NAMES[""]),
        "PatientID": draw(st.none() | text),
        "PatientBirthDate": draw(st.sampled_from([None, "", "19500203", "1950.02.03", "unknown"])),
        "PatientSex": draw(st.sampled_from([None, "", "M", "F", "O", "U"])),
        "PatientAge": draw(st.sampled_from([None, "076Y", "old"])),
        "StudyDate": draw(st.sampled_from([None, "", "20260301", "yesterday"])),
        "StudyTime": draw(st.sampled_from([None, "", "101500", "101500.123456", "99"])),
        "StudyID": draw(st.none() | text),
        "StudyDescription": draw(st.none() | text),
        "AccessionNumber": draw(st.none() | text),
        "ReferringPhysicianName": draw(st.none() | NAMES[terms]),
        "TimezoneOffsetFromUTC": draw(st.sampled_from([None, "+0100", "-0330", "CET"])),
        "ProcedureCodeSequence": draw(st.none() | st.just([_code("303653007", "SCT", "CT of head")])),
        "RequestAttributesSequence": draw(st.none() | st.lists(requests(), max_size=2)),
        "Rows": draw(st.sampled_from([512, 512, 0, None])),
        "Columns": draw(st.sampled_from([512, 768, None])),
        "PixelSpacing": draw(st.sampled_from([[0.5, 0.5], [0.5], None])),
        "SliceThickness": draw(st.sampled_from(["5", "-1", None])),
        "IssuerOfAccessionNumberSequence": draw(st.none() | st.just([_issuer()])),
    }


@st.composite
def requests(draw: st.DrawFn) -> Dataset:
    """Return an item of the Request Attributes Sequence (PS3.3 Table 10-9), as full as a modality fills it."""
    request = Dataset()
    request.RequestedProcedureID = draw(st.sampled_from(["", "RP1"]))
    request.AccessionNumber = draw(st.sampled_from(["", "A1"]))
    if draw(st.booleans()):
        request.RequestedProcedureDescription = "CT head"
        request.RequestedProcedureCodeSequence = [_code("303653007", "SCT", "CT of head")]
        request.StudyInstanceUID = STUDY
    return request


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _issuer() -> Dataset:
    item = Dataset()
    item.LocalNamespaceEntityID = "RIS"
    return item


@st.composite
def sources(draw: st.DrawFn) -> tuple[Dataset, ...]:
    """Return headers of one study: a few or many images, single-frame or not, in one or two series."""
    header, count = draw(headers()), draw(st.integers(1, 8))
    sop_class = draw(st.sampled_from([CTImageStorage, EnhancedCTImageStorage]))
    series = draw(st.integers(1, 2))
    return tuple(
        source(number, SeriesInstanceUID=f"{STUDY}.2.{number % series}", SOPClassUID=sop_class, **header)
        for number in range(1, count + 1)
    )


@st.composite
def predictions(draw: st.DrawFn) -> Prediction:
    """Return any answer that a model may give, with any reasons to doubt it."""
    palette = draw(st.sampled_from(PALETTES))
    answers = [draw(st.sampled_from(palette)) for _ in TYPES]
    flagged = tuple(label for label, answer in zip(TYPES, answers, strict=True) if answer == "flagged")
    uncertain = tuple(label for label, answer in zip(TYPES, answers, strict=True) if answer == "uncertain")
    general = draw(st.sampled_from(palette))
    flagged = (*flagged, Label.ANY) if flagged or general == "flagged" else flagged
    uncertain = (*uncertain, Label.ANY) if general == "uncertain" and Label.ANY not in flagged else uncertain
    score = st.floats(0, 1, width=32) | st.sampled_from([0.0, 1.0, 0.00049, 0.9995])
    answer = prediction(flagged, uncertain, tuple(draw(score) for _ in LABELS))
    return answer.doubted(*draw(reasons(0)))


def reasons(least: int) -> st.SearchStrategy[list[Reason]]:
    """Return reasons, with and without a figure."""
    detail = st.sampled_from(["", "Distance 3.4, limit 2.0.", "48 mm between image 8 and image 19."])
    return st.lists(st.builds(Reason.of, st.sampled_from(list(ReasonCode)), detail), min_size=least, max_size=3)


@st.composite
def contents(draw: st.DrawFn) -> ReportContent:
    """Return what a report may say, in all branches, of all kinds of studies."""
    images = draw(sources())
    answer = draw(st.none() | predictions() | predictions())
    zone = timezone(timedelta(minutes=draw(st.sampled_from([0, 60, -210, 345]))))
    return ReportContent(
        sources=images,
        prediction=answer,
        reasons=() if answer else tuple(draw(reasons(1))),
        model=draw(
            st.sampled_from([MODEL, ModelIdentity("model with a very long name " * 3, "0.15.0+site", "0f" * 32)])
        ),
        node_version="0.1.0",
        device_uid="2.25.7777",
        station_name=draw(st.sampled_from(["TRIAGE", "Röntgen 1", "A" * 20])),
        created_at=datetime(2026, 3, 1, 23, 59, 59, tzinfo=zone),
        best_slices=draw(best_slices(images)) if answer else {},
        parameters=draw(st.dictionaries(st.sampled_from(["slab mm", "threshold any"]), st.just("0.5"))),
        predecessor=draw(st.sampled_from([None, EARLIER])),
        received=tuple(map(instance_of, draw(sources()))),
        several_patients=draw(st.sampled_from([False, False, True])),
        calibrations=draw(calibrations()) if answer else {},
        series_analyzed=draw(st.sampled_from(["", "Series 2, 5 mm, soft kernel."])),
        series_not_analyzed=tuple(draw(st.lists(st.just("Series 1: a localizer."), max_size=2))),
        revision=draw(st.none() | st.integers(1, 9)),
    )


@st.composite
def calibrations(draw: st.DrawFn) -> dict[Label, Calibration]:
    """Return the thresholds of all labels, or none."""
    flag = draw(st.floats(0.01, 1))
    basis = draw(st.sampled_from(["", "Thresholds by conformal prediction over 400 studies."]))
    made = {label: Calibration(flag, draw(st.floats(0, flag)), basis) for label in LABELS}
    return draw(st.sampled_from([made, {}]))


@st.composite
def best_slices(draw: st.DrawFn, images: tuple[Dataset, ...]) -> dict[Label, BestSlice]:
    """Return the best slice of some labels: an image, or a frame of one that has several."""
    chosen = draw(st.dictionaries(st.sampled_from(LABELS), st.sampled_from(range(len(images)))))
    return {label: _best(images[number], number) for label, number in chosen.items()}


def _best(image: Dataset, number: int) -> BestSlice:
    frame = number + 1 if image.SOPClassUID == EnhancedCTImageStorage else None
    return BestSlice(image.SOPInstanceUID, image.SOPClassUID, frame)
