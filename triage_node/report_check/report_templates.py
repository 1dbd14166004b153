"""The report and its groups: TID 1500 and TID 1501 of PS3.16."""

from collections.abc import Mapping
from types import MappingProxyType

from triage_node.report_check.concept import BCID, DCID, DT, EV
from triage_node.report_check.condition import if_absent
from triage_node.report_check.image_library_templates import IMAGE_LIBRARY_TEMPLATES
from triage_node.report_check.measurement_templates import MEASUREMENT_TEMPLATES
from triage_node.report_check.observer_templates import OBSERVER_TEMPLATES
from triage_node.report_check.row import Row, Template, include

OBS, MOD, CONTAINS, SELECTED = "HAS OBS CONTEXT", "HAS CONCEPT MOD", "CONTAINS", "SELECTED FROM"

MEASUREMENT_REPORT = "1500"
TITLES = DCID(7021)
MEASUREMENT_GROUP = EV("125007", "DCM", "Measurement Group")

TID_1500 = Template(
    MEASUREMENT_REPORT,
    "Measurement Report",
    True,
    (
        Row("1", 0, "", "CONTAINER", TITLES, "1", "M"),
        include("2", 1, MOD, "1204", "1", "U"),
        include("3", 1, OBS, "1001", "1", "M"),
        Row("4", 1, MOD, "CODE", EV("121058", "DCM", "Procedure reported"), "1-n", "M", values=BCID(100)),
        include("5", 1, CONTAINS, "1600", "1", "U"),
        Row("6", 1, CONTAINS, "CONTAINER", EV("126010", "DCM", "Imaging Measurements"), "1", "MC",
            if_absent("10", "12")),
        include("6b", 2, MOD, "4019", "1", "U"),
        include("7", 2, CONTAINS, "1410", "1-n", "U"),
        include("8", 2, CONTAINS, "1411", "1-n", "U"),
        include("9", 2, CONTAINS, "1501", "1-n", "U"),
        Row("10", 1, CONTAINS, "CONTAINER", EV("126011", "DCM", "Derived Imaging Measurements"), "1", "MC",
            if_absent("6", "12")),
        include("10b", 2, MOD, "4019", "1", "U"),
        include("11", 2, CONTAINS, "1420", "1-n", "U"),
        Row("12", 1, CONTAINS, "CONTAINER", EV("C0034375", "UMLS", "Qualitative Evaluations"), "1", "MC",
            if_absent("6", "10")),
        include("12b", 2, MOD, "4019", "1", "U"),
        Row("13", 2, CONTAINS, "CODE", None, "1-n", "U"),
        Row("14", 2, CONTAINS, "TEXT", None, "1-n", "U"),
    ),
)  # fmt: skip

TID_1501 = Template(
    "1501",
    "Measurement and Qualitative Evaluation Group",
    True,
    (
        Row("1", 0, "", "CONTAINER", MEASUREMENT_GROUP, "1", "M"),
        Row("1b", 1, OBS, "TEXT", EV("C67447", "NCIt", "Activity Session"), "1", "U"),
        Row("2", 1, OBS, "TEXT", EV("112039", "DCM", "Tracking Identifier"), "1", "U"),
        Row("3", 1, OBS, "UIDREF", EV("112040", "DCM", "Tracking Unique Identifier"), "1", "U"),
        Row("3a", 1, CONTAINS, "CODE", EV("276214006", "SCT", "Finding category"), "1", "U"),
        Row("3b", 1, CONTAINS, "CODE", EV("121071", "DCM", "Finding"), "1", "U"),
        include("4", 1, OBS, "1502", "1", "U"),
        Row("5", 1, MOD, "CODE", EV("370129005", "SCT", "Measurement Method"), "1", "U"),
        Row("6", 1, MOD, "CODE", EV("363698007", "SCT", "Finding Site"), "1-n", "U"),
        Row("7", 2, MOD, "CODE", EV("272741003", "SCT", "Laterality"), "1", "U", values=DCID(244)),
        Row("8", 2, MOD, "CODE", DT("106233006", "SCT", "Topographical modifier"), "1-n", "U"),
        Row("9", 1, CONTAINS, "COMPOSITE", EV("126100", "DCM", "Real World Value Map used for measurement"), "1", "U"),
        include("9b", 1, MOD, "4019", "1", "U"),
        include("10", 1, CONTAINS, "300", "1-n", "U"),
        Row("10b", 1, CONTAINS, "IMAGE", None, "1-n", "U"),
        Row("10c", 1, CONTAINS, "SCOORD", None, "1-n", "U"),
        Row("10d", 2, SELECTED, "IMAGE", None, "1", "M"),
        Row("10e", 1, CONTAINS, "SCOORD3D", None, "1-n", "U"),
        Row("11", 1, CONTAINS, "CODE", None, "1-n", "U"),
        Row("11b", 2, MOD, "CODE", None, "1-n", "U"),
        Row("12", 1, CONTAINS, "TEXT", None, "1-n", "U"),
        Row("12b", 2, MOD, "CODE", None, "1-n", "U"),
    ),
)

TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        template.number: template
        for template in (
            TID_1500,
            TID_1501,
            *OBSERVER_TEMPLATES,
            *MEASUREMENT_TEMPLATES,
            *IMAGE_LIBRARY_TEMPLATES,
        )
    }
)
"""The tables that there are, by their number."""
