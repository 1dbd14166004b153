"""Coded concepts of the report, each with the template row that asks for it."""

from triage_node.findings import Code

PRIVATE_SCHEME = "99TRIAGE"
PRIVATE_SCHEME_NAME = "triage-node concepts"

IMAGING_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report")  # TID 1500 row 1, CID 7021

LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")  # TID 1204 row 1
LANGUAGES = {"en-US": Code("en-US", "RFC5646", "English (United States)")}  # CID 5000

OBSERVER_TYPE = Code("121005", "DCM", "Observer Type")  # TID 1002 row 1
DEVICE = Code("121007", "DCM", "Device")  # CID 270
DEVICE_UID = Code("121012", "DCM", "Device Observer UID")  # TID 1004 rows 1 to 5
DEVICE_NAME = Code("121013", "DCM", "Device Observer Name")
DEVICE_MANUFACTURER = Code("121014", "DCM", "Device Observer Manufacturer")
DEVICE_MODEL_NAME = Code("121015", "DCM", "Device Observer Model Name")
DEVICE_SERIAL_NUMBER = Code("121016", "DCM", "Device Observer Serial Number")

PROCEDURE_REPORTED = Code("121058", "DCM", "Procedure reported")  # TID 1500 row 4, baseline CID 100
CT_OF_HEAD = Code("303653007", "SCT", "CT of head")
IMAGING_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")  # what is left when the series is not a head CT

IMAGING_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")  # TID 1500 row 6
QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")  # TID 1500 row 12

ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name")  # TID 4019
ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version")
ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")
ALGORITHM_FAMILY = Code("111000", "DCM", "Algorithm Family")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")  # CID 7162

MEASUREMENT_GROUP = Code("125007", "DCM", "Measurement Group")  # TID 1501 row 1
TRACKING_IDENTIFIER = Code("112039", "DCM", "Tracking Identifier")  # TID 1501 row 2
TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier")  # TID 1501 row 3
FINDING = Code("121071", "DCM", "Finding")  # TID 1501 row 3b
FINDING_SITE = Code("363698007", "SCT", "Finding Site")  # TID 1501 row 6
BEST_ILLUSTRATION = Code("121080", "DCM", "Best illustration of finding")  # CID 7003

# PS3.16 Annex D defines 111012 as the likelihood that a detected finding is what it is said to be, and the CAD
# templates fix its unit to percent. 122157 "Probability" is a bare word: no template gives it a unit or a finding.
CERTAINTY = Code("111012", "DCM", "Certainty of Finding")
PERCENT = Code("%", "UCUM", "Percent")

PRESENT = Code("52101004", "SCT", "Present")  # CID 240; its "Absent" is deliberately not in this table
UNDETERMINED = Code("373068000", "SCT", "Undetermined")

STATUS = Code("111017", "DCM", "CAD Processing and Findings Summary")
WITH_FINDINGS = Code("111242", "DCM", "All algorithms succeeded; with findings")  # CID 6047
WITHOUT_FINDINGS = Code("111241", "DCM", "All algorithms succeeded; without findings")
NOT_SUCCEEDED = Code("111245", "DCM", "No algorithms succeeded; without findings")

SUMMARY = Code("121111", "DCM", "Summary")  # TID 1500 row 14, any concept
REASON_NOT_ANALYZED = Code("NOTANALYZED", PRIVATE_SCHEME, "Reason not analyzed")
CONNECTION_TEST = Code("CONNECTIONTEST", PRIVATE_SCHEME, "Connection test")
