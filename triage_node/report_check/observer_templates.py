"""Who observed, of what, in which language: TID 1001 to 1007 and 1204 of PS3.16."""

from pydicom.sr.coding import Code

from triage_node.report_check.concept import BCID, DCID, DT, EV
from triage_node.report_check.condition import if_present, iff_value, undecidable
from triage_node.report_check.row import Row, Template, include

PERSON = Code("121006", "DCM", "Person")
DEVICE = Code("121007", "DCM", "Device")

OBS, MOD, CONTAINS = "HAS OBS CONTEXT", "HAS CONCEPT MOD", "CONTAINS"

TID_1001 = Template(
    "1001",
    "Observation Context",
    False,
    (
        include("1", 0, OBS, "1002", "1-n", "MC", undecidable("if not all observer context is inherited")),
        include("2", 0, OBS, "1005", "1", "MC", undecidable("if not all procedure context is inherited")),
        include("3", 0, OBS, "1006", "1", "MC", undecidable("if not all subject context is inherited")),
    ),
    ordered=True,
)

TID_1002 = Template(
    "1002",
    "Observer Context",
    False,
    (
        Row("1", 0, OBS, "CODE", EV("121005", "DCM", "Observer Type"), "1", "MC", if_present("3"), DCID(270, False)),
        include("2", 0, OBS, "1003", "1", "MC", iff_value("1", PERSON, contrary="3")),
        include("3", 0, OBS, "1004", "1", "MC", iff_value("1", DEVICE)),
    ),
    ordered=True,
)

TID_1003 = Template(
    "1003",
    "Person Observer Identifying Attributes",
    True,
    (
        Row("1", 0, "", "PNAME", EV("121008", "DCM", "Person Observer Name"), "1", "M"),
        Row("1a", 0, "", "TEXT", EV("128774", "DCM", "Person Observer's Login Name"), "1", "U"),
        Row("2", 0, "", "TEXT", EV("121009", "DCM", "Person Observer's Organization Name"), "1", "U"),
        Row("3", 0, "", "CODE", EV("121010", "DCM", "Person Observer's Role in the Organization"), "1", "U",
            values=BCID(7452)),
        Row("4", 0, "", "CODE", EV("121011", "DCM", "Person Observer's Role in this Procedure"), "1", "U",
            values=BCID(7453)),
        Row("5", 1, MOD, "TEXT", EV("128775", "DCM", "Identifier within Person Observer's Role"), "1", "U"),
    ),
    ordered=True,
)  # fmt: skip

TID_1004 = Template(
    "1004",
    "Device Observer Identifying Attributes",
    True,
    (
        Row("1", 0, "", "UIDREF", EV("121012", "DCM", "Device Observer UID"), "1", "M"),
        Row("2", 0, "", "TEXT", EV("121013", "DCM", "Device Observer Name"), "1", "U"),
        Row("3", 0, "", "TEXT", EV("121014", "DCM", "Device Observer Manufacturer"), "1", "U"),
        Row("4", 0, "", "TEXT", EV("121015", "DCM", "Device Observer Model Name"), "1", "U"),
        Row("5", 0, "", "TEXT", EV("121016", "DCM", "Device Observer Serial Number"), "1", "U"),
        Row("6", 0, "", "TEXT", EV("121017", "DCM", "Device Observer Physical Location During Observation"), "1", "U"),
        Row("7", 0, "", "CODE", EV("113876", "DCM", "Device Role in Procedure"), "1-n", "U", values=BCID(7445)),
        Row("8", 0, "", "TEXT", EV("110119", "DCM", "Station AE Title"), "1", "U"),
        Row("9", 0, "", "UIDREF", EV("121061", "DCM", "Device Observer Manufacturer Class UID"), "1-n", "U"),
        Row("10", 0, "", "CONTAINER", EV("121000", "DCM", "Unique Device Identifiers"), "1-n", "U"),
        Row("11", 1, CONTAINS, "TEXT", EV("74711-3", "LN", "Unique Device Identifier"), "1", "M"),
        Row("12", 1, CONTAINS, "TEXT", EV("120999", "DCM", "Device Description"), "1", "U"),
    ),
    ordered=True,
)

ISSUER = EV("110190", "DCM", "Issuer of Identifier")

TID_1005 = Template(
    "1005",
    "Procedure Study Context",
    False,
    (
        Row("1", 0, "", "UIDREF", EV("121018", "DCM", "Procedure Study Instance UID"), "1", "U"),
        Row("2", 0, "", "UIDREF", EV("121019", "DCM", "Procedure Study Component UID"), "1-n", "U"),
        Row("3", 0, "", "TEXT", EV("121020", "DCM", "Placer Number"), "1", "U"),
        Row("4", 1, MOD, "TEXT", ISSUER, "1", "U"),
        Row("5", 0, "", "TEXT", EV("121021", "DCM", "Filler Number"), "1", "U"),
        Row("6", 1, MOD, "TEXT", ISSUER, "1", "U"),
        Row("7", 0, "", "TEXT", EV("121022", "DCM", "Accession Number"), "1", "U"),
        Row("8", 1, MOD, "TEXT", ISSUER, "1", "U"),
        Row("9", 0, "", "CODE", EV("121023", "DCM", "Procedure Code"), "1-n", "U"),
    ),
    ordered=True,
)

TID_1006 = Template(
    "1006",
    "Subject Context",
    False,
    (
        Row("1", 0, OBS, "CODE", EV("121024", "DCM", "Subject Class"), "1", "MC",
            undecidable("if the subject is not the patient"), DCID(271)),
        include("2", 0, OBS, "1007", "1", "U"),
    ),
    ordered=True,
)  # fmt: skip

TID_1007 = Template(
    "1007",
    "Subject Context, Patient",
    True,
    (
        Row("1", 0, "", "UIDREF", EV("121028", "DCM", "Subject UID"), "1", "U"),
        Row("2", 0, "", "PNAME", EV("121029", "DCM", "Subject Name"), "1", "U"),
        Row("3", 0, "", "TEXT", EV("121030", "DCM", "Subject ID"), "1", "U"),
        Row("4", 0, "", "DATE", EV("121031", "DCM", "Subject Birth Date"), "1", "U"),
        Row("5", 0, "", "CODE", EV("121032", "DCM", "Subject Sex"), "1", "U", values=DCID(7455)),
        Row("6", 0, "", "NUM", EV("121033", "DCM", "Subject Age"), "1", "U", values=DCID(7456)),
        Row("7", 0, "", "CODE", EV("121034", "DCM", "Subject Species"), "1", "U", values=DCID(7454)),
    ),
    ordered=True,
)

TID_1204 = Template(
    "1204",
    "Language of Content Item and Descendants",
    False,
    (
        Row("1", 0, MOD, "CODE", EV("121049", "DCM", "Language of Content Item and Descendants"), "1", "M",
            values=DCID(5000)),
        Row("2", 1, MOD, "CODE", DT("121046", "DCM", "Country of Language"), "1", "U", values=DCID(5001)),
    ),
    ordered=True,
)  # fmt: skip

OBSERVER_TEMPLATES = (TID_1001, TID_1002, TID_1003, TID_1004, TID_1005, TID_1006, TID_1007, TID_1204)
