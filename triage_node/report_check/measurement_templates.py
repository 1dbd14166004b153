"""A measurement and where it comes from: TID 300, 301, 310, 320, 1502, 4019 and 4108 of PS3.16."""

from triage_node.report_check.concept import BCID, DCID, DT, EV
from triage_node.report_check.condition import if_absent, xor
from triage_node.report_check.row import Row, Template, include

OBS, MOD, PROPERTIES = "HAS OBS CONTEXT", "HAS CONCEPT MOD", "HAS PROPERTIES"
INFERRED, SELECTED = "INFERRED FROM", "SELECTED FROM"

TID_300 = Template(
    "300",
    "Measurement",
    True,
    (
        Row("1", 0, "", "NUM", None, "1", "M"),
        include("1b", 1, "", "301", "1", "M"),
    ),
    ordered=True,
)

TID_301 = Template(
    "301",
    "Measurement Content",
    True,
    (
        Row("3", 0, MOD, "CODE", EV("370129005", "SCT", "Measurement Method"), "1", "U"),
        Row("4", 0, MOD, "CODE", EV("121401", "DCM", "Derivation"), "1", "U"),
        Row("5", 0, MOD, "CODE", EV("363698007", "SCT", "Finding Site"), "1-n", "U"),
        Row("6", 1, MOD, "CODE", EV("272741003", "SCT", "Laterality"), "1", "U", values=DCID(244)),
        Row("7", 1, MOD, "CODE", DT("106233006", "SCT", "Topographical modifier"), "1", "U"),
        include("8", 0, PROPERTIES, "310", "1", "U"),
        Row("9", 0, INFERRED, "NUM", None, "1-n", "UC", xor("10")),
        Row("12", 0, INFERRED, "TEXT", DCID(228), "1", "UC", xor("11")),
        include("13", 0, "", "320", "1-n", "U"),
        Row("16", 0, MOD, "TEXT", EV("121050", "DCM", "Equivalent Meaning of Concept Name"), "1", "U"),
        Row("16b", 0, MOD, "CODE", EV("121050", "DCM", "Equivalent Meaning of Concept Name"), "1", "U"),
        include("17", 0, OBS, "4108", "1", "U"),
        Row("18", 0, INFERRED, "COMPOSITE", EV("126100", "DCM", "Real World Value Map used for measurement"), "1", "U"),
        include("19", 0, MOD, "4019", "1", "U"),
    ),
    ordered=True,
)

TID_310 = Template(
    "310",
    "Measurement Properties",
    True,
    (
        Row("1", 0, "", "CODE", EV("121402", "DCM", "Normality"), "1", "U", values=DCID(222)),
        Row("4", 0, "", "CODE", EV("121403", "DCM", "Level of Significance"), "1", "U", values=DCID(220)),
        Row("5", 0, "", "NUM", DCID(225), "1-n", "U"),
        Row("6", 0, "", "CODE", EV("121404", "DCM", "Selection Status"), "1", "U", values=DCID(224)),
    ),
    ordered=True,
)

TID_320 = Template(
    "320",
    "Image or Spatial Coordinates",
    True,
    (
        Row("1", 0, INFERRED, "IMAGE", None, "1", "MC", xor("3", "6")),
        Row("3", 0, INFERRED, "SCOORD", None, "1", "MC", xor("1", "6")),
        Row("4", 1, SELECTED, "IMAGE", None, "1", "M"),
        Row("6", 0, INFERRED, "SCOORD3D", None, "1", "MC", xor("1", "3")),
    ),
    ordered=True,
)

TID_1502 = Template(
    "1502",
    "Time Point Context",
    True,
    (
        Row("3", 0, "", "TEXT", EV("C2348792", "UMLS", "Time Point"), "1", "M"),
        Row("4", 0, "", "CODE", EV("126072", "DCM", "Time Point Type"), "1", "U", values=DCID(6146)),
        Row("5", 0, "", "NUM", EV("126073", "DCM", "Time Point Order"), "1", "U", values=EV("1", "UCUM", "no units")),
        Row("6", 0, "", "TEXT", EV("126070", "DCM", "Subject Time Point Identifier"), "1", "U"),
        Row("7", 0, "", "TEXT", EV("126071", "DCM", "Protocol Time Point Identifier"), "1", "U"),
        Row("8", 0, "", "NUM", EV("128740", "DCM", "Longitudinal Temporal Offset from Event"), "1", "U"),
    ),
)

TID_4019 = Template(
    "4019",
    "Algorithm Identification",
    False,
    (
        Row("1", 0, "", "TEXT", EV("111001", "DCM", "Algorithm Name"), "1", "M"),
        Row("1b", 0, "", "CODE", EV("111001", "DCM", "Algorithm Name"), "1", "U"),
        Row("2", 0, "", "TEXT", EV("111003", "DCM", "Algorithm Version"), "1", "M"),
        Row("2b", 0, "", "TEXT", EV("122405", "DCM", "Algorithm Manufacturer"), "1", "U"),
        Row("3", 0, "", "TEXT", EV("111002", "DCM", "Algorithm Parameters"), "1-n", "U"),
        Row("4", 0, "", "CODE", EV("111000", "DCM", "Algorithm Family"), "1", "U", values=BCID(7162)),
    ),
    ordered=True,
)

TID_4108 = Template(
    "4108",
    "Tracking Identifier",
    False,
    (
        Row("1", 0, "", "TEXT", EV("112039", "DCM", "Tracking Identifier"), "1", "MC", if_absent("2")),
        Row("2", 0, "", "UIDREF", EV("112040", "DCM", "Tracking Unique Identifier"), "1", "MC", if_absent("1")),
    ),
    ordered=True,
)

MEASUREMENT_TEMPLATES = (TID_300, TID_301, TID_310, TID_320, TID_1502, TID_4019, TID_4108)
