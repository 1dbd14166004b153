"""A report about images of two patients is filed under neither; one without all particulars of a patient is valid."""

from dataclasses import replace

import pytest

from triage_node.reasons import Reason, ReasonCode
from triage_node.report import build_report, report_variants, summarize

pytestmark = pytest.mark.slow

OF_A_PATIENT = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "ReferringPhysicianName",
)


def test_a_report_about_two_patients_names_none(not_analyzed, make_source, complaints_of):
    other = make_source(9, PatientName="Roe^Richard", PatientID="PID-8", AccessionNumber="A9", PatientAge="044Y")
    mixed = replace(
        not_analyzed,
        sources=(other, *not_analyzed.sources),
        reasons=(Reason.of(ReasonCode.MIXED_PATIENT),),
        several_patients=True,
    )
    for variant in report_variants(build_report(mixed)):
        assert complaints_of(variant) == []
        assert {keyword: str(variant[keyword].value) for keyword in OF_A_PATIENT} == dict.fromkeys(OF_A_PATIENT, "")
        assert not {"IssuerOfPatientID", "PatientAge", "StudyDescription", "ReferencedRequestSequence"} & set(
            variant.dir()
        )
        assert (variant.StudyInstanceUID, variant.StudyDate) == (other.StudyInstanceUID, other.StudyDate)
        assert not any(name in str(variant) for name in ("Doe", "Roe", "PID-", "House"))
        assert any("more than one patient" in reason for reason in summarize(variant).reasons)


BARE = {"PatientBirthDate": None, "AccessionNumber": None, "PatientSex": None}


@pytest.mark.parametrize("absent", BARE)
def test_a_patient_without_a_particular_has_a_valid_report(absent, flagged, make_source, complaints_of):
    sources = tuple(make_source(number, **{absent: None}) for number in (1, 2, 3))
    for variant in report_variants(build_report(replace(flagged, sources=sources))):
        assert complaints_of(variant) == []
        assert variant[absent].value in ("", None)
