"""Who made a report: the node (PS3.3 C.7.5.1, C.7.5.2), and the model as contributing equipment (PS3.3 C.12.1)."""

from pydicom.dataset import Dataset

from triage_node.report import codes, header
from triage_node.report.code_item import code_item
from triage_node.report.content import ReportContent
from triage_node.report.uids import hashed_uid, set_uid
from triage_node.report.wording import MANUFACTURER

CONTRIBUTION = "Analyzed the images for intracranial hemorrhage"
NO_CONTRIBUTION = "Would have analyzed the images for intracranial hemorrhage"


def describe_equipment(report: Dataset, content: ReportContent) -> None:
    """Write the General Equipment and Enhanced General Equipment modules, and the contributing equipment."""
    report.Manufacturer = MANUFACTURER
    report.ManufacturerModelName = MANUFACTURER
    report.DeviceSerialNumber = content.device_uid
    report.SoftwareVersions = header.plain(content.node_version, 64)
    report.StationName = header.plain(content.station_name, 16)
    report.ContributingEquipmentSequence = [_model(content)]


def _model(content: ReportContent) -> Dataset:
    """IHE AI Results 6.5.3 wants a Device UID: the same model has the same one everywhere, another model another."""
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item(codes.PROCESSING_EQUIPMENT)]
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = header.plain(content.model.name, 64)
    item.SoftwareVersions = header.plain(content.model.version, 64)
    set_uid(item, "DeviceUID", hashed_uid("triage-node model", content.model.sha256))
    item.ContributionDescription = NO_CONTRIBUTION if content.prediction is None else CONTRIBUTION
    return item
