"""Coded concepts of the report, each with the template row that asks for it and with our trust in it.

``docs/reference/codes.md`` is written from `TABLE`.
"""

from triage_node.findings import FINDING_CODES, Code, Trust

CHECKED, OWN = Trust.CHECKED, Trust.OWN
PRIVATE_SCHEME = "99TRIAGE"
PRIVATE_SCHEME_NAME = "triage-node concepts"

IMAGING_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report", "TID 1500 row 1, CID 7021", CHECKED)
TRIAGE_NOTIFICATION = Code("NOTIFICATION", PRIVATE_SCHEME, "Triage notification", "TID 1500 row 1", OWN)
"""CID 7021 may be extended. Viewers take 126000 to mean that there are coordinates; "diagnostic imaging report"
(18748-4, LN) would be a diagnosis, and a PACS may take the study for read."""

LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants", "TID 1204 row 1", CHECKED)
LANGUAGES = {"en-US": Code("en-US", "RFC5646", "English (United States)", "TID 1204 row 1, CID 5000", CHECKED)}

OBSERVER_TYPE = Code("121005", "DCM", "Observer Type", "TID 1002 row 1", CHECKED)
DEVICE = Code("121007", "DCM", "Device", "TID 1002 row 1, CID 270", CHECKED)
DEVICE_UID = Code("121012", "DCM", "Device Observer UID", "TID 1004 row 1", CHECKED)
DEVICE_NAME = Code("121013", "DCM", "Device Observer Name", "TID 1004 row 2", CHECKED)
DEVICE_MANUFACTURER = Code("121014", "DCM", "Device Observer Manufacturer", "TID 1004 row 3", CHECKED)
DEVICE_MODEL_NAME = Code("121015", "DCM", "Device Observer Model Name", "TID 1004 row 4", CHECKED)
DEVICE_SERIAL_NUMBER = Code("121016", "DCM", "Device Observer Serial Number", "TID 1004 row 5", CHECKED)

PROCEDURE_REPORTED = Code("121058", "DCM", "Procedure Reported", "TID 1500 row 4", CHECKED)
CT_OF_HEAD = Code("303653007", "SCT", "CT of head", "TID 1500 row 4, baseline CID 100", CHECKED)
IMAGING_PROCEDURE = Code("363679005", "SCT", "Imaging procedure", "TID 1500 row 4, baseline CID 100", CHECKED)
"""Of a study that was not analyzed nobody knows that it is a CT of the head."""

IMAGE_LIBRARY = Code("111028", "DCM", "Image Library", "TID 1600 row 1", CHECKED)
IMAGE_LIBRARY_GROUP = Code("126200", "DCM", "Image Library Group", "TID 1600 row 2", CHECKED)
SOURCE = Code("260753009", "SCT", "Source", "TID 1601 row 1, any concept", CHECKED)
MODALITY = Code("121139", "DCM", "Modality", "TID 1602 row 1", CHECKED)
CT = Code("CT", "DCM", "Computed Tomography", "TID 1602 row 1, CID 29", CHECKED)
SERIES_INSTANCE_UID = Code("112002", "DCM", "Series Instance UID", "TID 1602 row 5a", CHECKED)
FRAME_OF_REFERENCE_UID = Code("112227", "DCM", "Frame of Reference UID", "TID 1602 row 10", CHECKED)
PIXEL_DATA_ROWS = Code("110910", "DCM", "Pixel Data Rows", "TID 1602 row 11", CHECKED)
PIXEL_DATA_COLUMNS = Code("110911", "DCM", "Pixel Data Columns", "TID 1602 row 12", CHECKED)
INSTANCE_NUMBER = Code("113609", "DCM", "Instance Number", "TID 1602 row 12a", CHECKED)
HORIZONTAL_PIXEL_SPACING = Code("111026", "DCM", "Horizontal Pixel Spacing", "TID 1604 row 1", CHECKED)
VERTICAL_PIXEL_SPACING = Code("111066", "DCM", "Vertical Pixel Spacing", "TID 1604 row 2", CHECKED)
SLICE_THICKNESS = Code("112225", "DCM", "Slice Thickness", "TID 1604 row 4", CHECKED)
PIXELS = Code("{pixels}", "UCUM", "Pixels", "TID 1602 row 11")
MILLIMETER = Code("mm", "UCUM", "mm", "TID 1604 row 1", CHECKED)

IMAGING_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements", "TID 1500 row 6", CHECKED)
QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations", "TID 1500 row 12")

ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name", "TID 4019 row 1", CHECKED)
ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version", "TID 4019 row 2", CHECKED)
ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters", "TID 4019 row 3", CHECKED)
ALGORITHM_FAMILY = Code("111000", "DCM", "Algorithm Family", "TID 4019 row 4", CHECKED)
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence", "TID 4019 row 4, CID 7162", CHECKED)

MEASUREMENT_GROUP = Code("125007", "DCM", "Measurement Group", "TID 1501 row 1", CHECKED)
TRACKING_IDENTIFIER = Code("112039", "DCM", "Tracking Identifier", "TID 1501 row 2", CHECKED)
TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier", "TID 1501 row 3", CHECKED)
FINDING = Code("121071", "DCM", "Finding", "TID 1501 row 3b", CHECKED)
FINDING_SITE = Code("363698007", "SCT", "Finding Site", "TID 1501 row 6", CHECKED)
SOURCE_OF_MEASUREMENT = Code("121112", "DCM", "Source of Measurement", "TID 1501 row 10b", CHECKED)
BEST_ILLUSTRATION = Code("121080", "DCM", "Best illustration of finding", "TID 1501, CID 7003", CHECKED)

CERTAINTY = Code("111012", "DCM", "Certainty of Finding", "TID 1501 row 10, TID 300 row 1", CHECKED)
"""PS3.16 Annex D defines it as the likelihood that a detected finding is what it is said to be, and the CAD templates
fix its unit to percent. 122157 "Probability" is a bare word: no template gives it a unit or a finding."""
PERCENT = Code("%", "UCUM", "Percent", "TID 300 row 1", CHECKED)
FLAG_THRESHOLD = Code("SUSPECTEDABOVE", PRIVATE_SCHEME, "Suspected above", "TID 1501 row 10, TID 300 row 1", OWN)
UNCERTAIN_THRESHOLD = Code("UNCERTAINFROM", PRIVATE_SCHEME, "Uncertain from", "TID 1501 row 10, TID 300 row 1", OWN)
CALIBRATION = Code("SCORECALIBRATION", PRIVATE_SCHEME, "Calibration of the score", "TID 1501 row 12", OWN)

COMMENT = Code("121106", "DCM", "Comment", "TID 1501 row 12", CHECKED)

SUSPECTED = Code("415684004", "SCT", "Suspected", "TID 1501 row 11", CHECKED)
UNDETERMINED = Code("373068000", "SCT", "Undetermined", "TID 1501 row 11, CID 240", CHECKED)
"""Of CID 240 *Absent* is deliberately not in this table."""
PRESENT = Code(
    "52101004", "SCT", "Present", "TID 1501 row 11, CID 240; read in reports of before, not written", CHECKED
)

STATUS = Code("111017", "DCM", "CAD Processing and Findings Summary", "TID 1500 row 13", CHECKED)
WITH_FINDINGS = Code("111242", "DCM", "All algorithms succeeded; with findings", "TID 1500 row 13, CID 6047", CHECKED)
WITHOUT_FINDINGS = Code(
    "111241", "DCM", "All algorithms succeeded; without findings", "TID 1500 row 13, CID 6047", CHECKED
)
NOT_SUCCEEDED = Code("111245", "DCM", "No algorithms succeeded; without findings", "TID 1500 row 13, CID 6047", CHECKED)

SUMMARY = Code("121111", "DCM", "Summary", "TID 1500 row 14", CHECKED)
REASON_NOT_ANALYZED = Code("NOTANALYZED", PRIVATE_SCHEME, "Reason not analyzed", "TID 1500 row 14", OWN)
SERIES_ANALYZED = Code("SERIESANALYZED", PRIVATE_SCHEME, "Series analyzed", "TID 1500 row 14", OWN)
SERIES_NOT_ANALYZED = Code("OTHERSERIES", PRIVATE_SCHEME, "Series not analyzed", "TID 1500 row 14", OWN)
REVISION = Code("REVISION", PRIVATE_SCHEME, "Revision of the study", "TID 1500 row 14", OWN)
CONNECTION_TEST = Code("CONNECTIONTEST", PRIVATE_SCHEME, "Connection test", "root of a report about nobody", OWN)

VISUAL_EXPLANATION = Code("130401", "DCM", "Visual Explanation", "TID 1501", CHECKED)
CLASS_ACTIVATION = Code("130403", "DCM", "Gradient-weighted class activation", "PS3.3 C.7.6.1, CID 7203", CHECKED)
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment", "PS3.3 C.12.1, CID 7005", CHECKED)

OF_INTEREST = Code("113000", "DCM", "Of Interest", "TID 2010 row 1, CID 7010", CHECKED)
KEY_OBJECT_DESCRIPTION = Code("113012", "DCM", "Key Object Description", "TID 2010", CHECKED)
SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation", "PS3.3 C.7.6.1, CID 7202", CHECKED)

TABLE: tuple[Code, ...] = (
    *[each for each in list(globals().values()) if isinstance(each, Code)],
    *LANGUAGES.values(),
    *[each.finding for each in FINDING_CODES.values()],
    *[each.site for each in FINDING_CODES.values() if each.site],
)
"""Every code that a report may hold, as long as a site sets no other."""
