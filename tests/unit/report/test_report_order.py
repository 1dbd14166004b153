"""What was ordered and who issued the numbers comes along intact, or not at all."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from triage_node.report import build_report, report_variants

pytestmark = pytest.mark.slow


def item(**values: object) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        made[keyword] = DataElement(keyword, dictionary_VR(keyword), value, validation_mode=config.IGNORE)
    return made


HEAD_CT = item(CodeValue="CTHEAD", CodingSchemeDesignator="99RIS", CodeMeaning="CT Kopf nativ, Schädel")
RIS = item(LocalNamespaceEntityID="RIS", UniversalEntityID="1.2.3.4", UniversalEntityIDType="ISO")
REQUEST = item(
    AccessionNumber="A7",
    IssuerOfAccessionNumberSequence=[RIS],
    RequestedProcedureID="RP7",
    RequestedProcedureDescription="CT Kopf nativ",
    RequestedProcedureCodeSequence=[HEAD_CT],
)


@pytest.fixture
def ordered(content, make_source):
    source = make_source(
        SpecificCharacterSet="ISO_IR 100",
        IssuerOfPatientID="HOSP",
        IssuerOfPatientIDQualifiersSequence=[item(UniversalEntityID="1.2.3", UniversalEntityIDType="ISO")],
        IssuerOfAccessionNumberSequence=[RIS],
        ProcedureCodeSequence=[HEAD_CT],
        RequestAttributesSequence=[REQUEST, item(RequestedProcedureID="RP8")],
    )
    return replace(content, sources=(source,), best_slices={})


def test_issuers_procedures_and_requests_are_the_sources(ordered, complaints_of, read_back):
    for variant in report_variants(build_report(ordered)):
        assert complaints_of(variant) == []
        report = read_back(variant)
        assert report.IssuerOfPatientIDQualifiersSequence[0].UniversalEntityID == "1.2.3"
        assert report.IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS"
        for performed in (report.ProcedureCodeSequence, report.PerformedProcedureCodeSequence):
            assert performed[0].CodeMeaning == HEAD_CT.CodeMeaning
        first, second = report.ReferencedRequestSequence
        assert (first.RequestedProcedureID, first.AccessionNumber) == ("RP7", "A7")
        assert first.RequestedProcedureCodeSequence[0].CodeValue == "CTHEAD"
        assert first.StudyInstanceUID == report.StudyInstanceUID
        assert (second.RequestedProcedureID, second.AccessionNumber) == ("RP8", "A1")
        assert second.IssuerOfAccessionNumberSequence[0].UniversalEntityID == "1.2.3.4"


BROKEN = {
    "half a code": {"ProcedureCodeSequence": [item(CodeValue="CTHEAD", CodeMeaning="CT")]},
    "a code too long": {
        "ProcedureCodeSequence": [item(CodeValue="X" * 17, CodingSchemeDesignator="99RIS", CodeMeaning="CT")]
    },
    "an issuer without a name": {"IssuerOfAccessionNumberSequence": [item(UniversalEntityIDType="ISO")]},
    "a kind of issuer that is none": {
        "IssuerOfAccessionNumberSequence": [item(UniversalEntityID="1.2", UniversalEntityIDType="RIS")]
    },
    "nothing in the items": {
        "ProcedureCodeSequence": [Dataset()],
        "IssuerOfPatientIDQualifiersSequence": [Dataset()],
        "RequestAttributesSequence": [Dataset()],
    },
    "texts beyond all lengths": {
        "RequestAttributesSequence": [
            item(RequestedProcedureID="R" * 40, RequestedProcedureDescription="CT\r\n" * 90, AccessionNumber="A" * 40)
        ]
    },
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_left_out(name, flagged, make_source, complaints_of):
    report = build_report(replace(flagged, sources=(make_source(**BROKEN[name]),), best_slices={}))
    assert complaints_of(report) == []
    assert not report.PerformedProcedureCodeSequence
    assert "IssuerOfAccessionNumberSequence" not in report
    assert all(request.AccessionNumber == "A1" for request in report.get("ReferencedRequestSequence", []))


def test_an_issuer_of_nothing_is_not_named(flagged, make_source):
    source = make_source(
        PatientID="\x07", AccessionNumber="A" * 17, IssuerOfPatientID="HOSP", IssuerOfAccessionNumberSequence=[RIS]
    )
    report = build_report(replace(flagged, sources=(source,), best_slices={}))
    assert (report.PatientID, report.AccessionNumber) == ("", "")
    assert "IssuerOfPatientID" not in report
    assert "IssuerOfAccessionNumberSequence" not in report


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ("ISO_IR 192", "голова 頭部"),
        ("GB18030", "头部CT平扫"),
        (["", "ISO 2022 IR 87"], "頭部単純"),
        ("ISO_IR 144", "голова"),
    ],
)
def test_words_of_an_order_keep_their_letters(terms, words, flagged, make_source, complaints_of, read_back):
    procedure = item(CodeValue="CTH", CodingSchemeDesignator="99RIS", CodeMeaning=words)
    request = item(RequestedProcedureID="RP7", RequestedProcedureDescription=words)
    source = make_source(
        SpecificCharacterSet=terms, ProcedureCodeSequence=[procedure], RequestAttributesSequence=[request]
    )
    report = build_report(replace(flagged, sources=(source,), best_slices={}))
    assert complaints_of(report) == []
    back = read_back(report)
    assert back.ProcedureCodeSequence[0].CodeMeaning == words
    assert back.ReferencedRequestSequence[0].RequestedProcedureDescription == words


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=70), terms=st.sampled_from(["", "ISO_IR 100", "ISO_IR 192", "GB18030", "?"]))
@example(text="\u00d9\x00", terms="")
def test_no_text_in_an_order_breaks_a_report(text, terms, flagged, make_source, read_back):
    code = item(CodeValue=text, CodingSchemeDesignator=text, CodingSchemeVersion=text, CodeMeaning=text)
    issued_by = item(LocalNamespaceEntityID=text, UniversalEntityID=text, UniversalEntityIDType="ISO")
    request = item(
        RequestedProcedureID=text,
        RequestedProcedureDescription=text,
        RequestedProcedureCodeSequence=[code],
        IssuerOfAccessionNumberSequence=[issued_by],
        AccessionNumber=text,
    )
    source = make_source(
        SpecificCharacterSet=terms,
        ProcedureCodeSequence=[code],
        IssuerOfAccessionNumberSequence=[issued_by],
        IssuerOfPatientIDQualifiersSequence=[issued_by],
        RequestAttributesSequence=[request],
    )
    report = build_report(replace(flagged, sources=(source,), best_slices={}))
    back = read_back(report)
    for keyword in ("ProcedureCodeSequence", "ReferencedRequestSequence", "IssuerOfAccessionNumberSequence"):
        assert texts_in(back, keyword) == texts_in(report, keyword)


def texts_in(report: Dataset, keyword: str) -> list[str]:
    items = report.get(keyword, [])
    return [str(element.value).strip() for each in items for element in each.iterall() if element.VR != "SQ"]
