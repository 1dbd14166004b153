"""The model is named as equipment, by a UID that follows from its hash."""

from dataclasses import replace

from pydicom.uid import UID

from triage_node.findings import ModelIdentity
from triage_node.report import build_report, report_variants


def device_uid(content) -> str:
    [model] = build_report(content).ContributingEquipmentSequence
    return model.DeviceUID


def test_the_model_is_contributing_equipment_in_every_variant(content):
    for variant in report_variants(build_report(content)):
        [model] = variant.ContributingEquipmentSequence
        assert model.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
        assert (model.ManufacturerModelName, model.SoftwareVersions) == (content.model.name, content.model.version)
        assert UID(model.DeviceUID).is_valid
        assert model.DeviceUID != content.device_uid


def test_the_same_model_has_the_same_uid_in_every_installation(flagged):
    elsewhere = replace(flagged, device_uid="2.25.8888", station_name="OTHER", node_version="9.9.9")
    assert device_uid(elsewhere) == device_uid(flagged)


def test_other_weights_under_the_same_name_are_another_device(flagged):
    other = ModelIdentity(flagged.model.name, flagged.model.version, "cd" * 32)
    assert device_uid(replace(flagged, model=other)) != device_uid(flagged)


def test_a_model_that_was_not_asked_is_not_said_to_have_analyzed(not_analyzed):
    [model] = build_report(not_analyzed).ContributingEquipmentSequence
    assert model.ContributionDescription.startswith("Would have")


def test_everything_received_is_evidence_once(content):
    from triage_node.report.evidence import referenced

    study, series = content.sources[0].StudyInstanceUID, "1.2.826.0.1.3680043.10.511.9"
    dose = referenced(study, series, "1.2.826.0.1.3680043.10.511.9.1", "1.2.840.10008.5.1.4.1.1.88.67")
    again = referenced(study, content.sources[0].SeriesInstanceUID, content.sources[0].SOPInstanceUID, "")
    report = build_report(replace(content, received=(dose, again)))
    [evidence] = report.CurrentRequestedProcedureEvidenceSequence
    counts = {each.SeriesInstanceUID: len(each.ReferencedSOPSequence) for each in evidence.ReferencedSeriesSequence}
    assert counts == {content.sources[0].SeriesInstanceUID: 3, series: 1}
