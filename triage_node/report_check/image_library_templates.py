"""The images a report is about: TID 1600 to 1605 of PS3.16."""

from triage_node.report_check.concept import DCID, EV
from triage_node.report_check.condition import undecidable
from triage_node.report_check.row import Row, Template, include

ACQ, CONTAINS = "HAS ACQ CONTEXT", "CONTAINS"
CROSS_SECTIONAL = undecidable("if the images are of a cross-sectional modality")
MILLIMETER = EV("mm", "UCUM", "mm")
PIXELS = EV("{pixels}", "UCUM", "pixels")
DIRECTION = EV("{-1:1}", "UCUM", "{-1:1}")

TID_1600 = Template(
    "1600",
    "Image Library",
    True,
    (
        Row("1", 0, "", "CONTAINER", EV("111028", "DCM", "Image Library"), "1", "M"),
        Row("1b", 1, ACQ, "CODE", EV("121139", "DCM", "Modality"), "1-n", "U", values=DCID(29)),
        Row("1c", 1, ACQ, "UIDREF", EV("110181", "DCM", "SOP Class UID"), "1-n", "U"),
        Row("1d", 1, ACQ, "CODE", EV("123014", "DCM", "Target Region"), "1-n", "U", values=DCID(4031)),
        Row("1e", 1, ACQ, "TEXT", EV("123014", "DCM", "Target Region"), "1-n", "U"),
        Row("1f", 1, ACQ, "NUM", EV("131565", "DCM", "Number of Study Related Series"), "1", "U"),
        Row("2", 1, CONTAINS, "CONTAINER", EV("126200", "DCM", "Image Library Group"), "1-n", "U"),
        include("3", 2, ACQ, "1602", "1", "U"),
        include("4", 2, CONTAINS, "1601", "1-n", "U"),
    ),
)

TID_1601 = Template(
    "1601",
    "Image Library Entry",
    True,
    (
        Row("1", 0, "", "IMAGE", None, "1", "M"),
        include("2", 1, ACQ, "1602", "1", "U"),
    ),
)

TID_1602 = Template(
    "1602",
    "Image Library Entry Descriptors",
    True,
    (
        Row("1", 0, ACQ, "CODE", EV("121139", "DCM", "Modality"), "1", "U", values=DCID(29)),
        Row("2", 0, ACQ, "CODE", EV("123014", "DCM", "Target Region"), "1", "U", values=DCID(4031)),
        Row("2b", 0, ACQ, "TEXT", EV("123014", "DCM", "Target Region"), "1", "U"),
        Row("3", 0, ACQ, "CODE", EV("111027", "DCM", "Image Laterality"), "1", "U", values=DCID(244)),
        Row("4", 0, ACQ, "DATE", EV("111060", "DCM", "Study Date"), "1", "U"),
        Row("5", 0, ACQ, "TIME", EV("111061", "DCM", "Study Time"), "1", "U"),
        Row("5a", 0, ACQ, "UIDREF", EV("112002", "DCM", "Series Instance UID"), "1", "U"),
        Row("5b", 0, ACQ, "TEXT", EV("113607", "DCM", "Series Number"), "1", "U"),
        Row("5c", 0, ACQ, "TEXT", EV("131563", "DCM", "Series Description"), "1", "U"),
        Row("5d", 0, ACQ, "CODE", EV("131563", "DCM", "Series Description"), "1", "U"),
        Row("5e", 0, ACQ, "DATE", EV("131561", "DCM", "Series Date"), "1", "U"),
        Row("5f", 0, ACQ, "TIME", EV("131562", "DCM", "Series Time"), "1", "U"),
        Row("5g", 0, ACQ, "NUM", EV("131564", "DCM", "Number of Series Related Instances"), "1", "U"),
        Row("6", 0, ACQ, "DATE", EV("111018", "DCM", "Content Date"), "1", "U"),
        Row("7", 0, ACQ, "TIME", EV("111019", "DCM", "Content Time"), "1", "U"),
        Row("8", 0, ACQ, "DATE", EV("126201", "DCM", "Acquisition Date"), "1", "U"),
        Row("9", 0, ACQ, "TIME", EV("126202", "DCM", "Acquisition Time"), "1", "U"),
        Row("10", 0, ACQ, "UIDREF", EV("112227", "DCM", "Frame of Reference UID"), "1", "U"),
        Row("11", 0, ACQ, "NUM", EV("110910", "DCM", "Pixel Data Rows"), "1", "U", values=PIXELS),
        Row("12", 0, ACQ, "NUM", EV("110911", "DCM", "Pixel Data Columns"), "1", "U", values=PIXELS),
        Row("12a", 0, ACQ, "TEXT", EV("113609", "DCM", "Instance Number"), "1", "U"),
        Row("12b", 0, ACQ, "NUM", EV("121140", "DCM", "Number of Frames"), "1", "U"),
        include("14", 0, ACQ, "1604", "1", "MC", CROSS_SECTIONAL),
        include("15", 0, ACQ, "1605", "1", "MC", undecidable("if the images are CT")),
    ),
)

TID_1604 = Template(
    "1604",
    "Image Library Entry Descriptors for Cross-Sectional Modalities",
    True,
    (
        Row("1", 0, ACQ, "NUM", EV("111026", "DCM", "Horizontal Pixel Spacing"), "1", "U", values=MILLIMETER),
        Row("2", 0, ACQ, "NUM", EV("111066", "DCM", "Vertical Pixel Spacing"), "1", "U", values=MILLIMETER),
        Row("3", 0, ACQ, "NUM", EV("112226", "DCM", "Spacing between slices"), "1", "U", values=MILLIMETER),
        Row("4", 0, ACQ, "NUM", EV("112225", "DCM", "Slice Thickness"), "1", "U", values=MILLIMETER),
        Row("6", 0, ACQ, "NUM", EV("110901", "DCM", "Image Position (Patient) X"), "1", "U", values=MILLIMETER),
        Row("7", 0, ACQ, "NUM", EV("110902", "DCM", "Image Position (Patient) Y"), "1", "U", values=MILLIMETER),
        Row("8", 0, ACQ, "NUM", EV("110903", "DCM", "Image Position (Patient) Z"), "1", "U", values=MILLIMETER),
        Row("9", 0, ACQ, "NUM", EV("110904", "DCM", "Image Orientation (Patient) Row X"), "1", "U", values=DIRECTION),
        Row("10", 0, ACQ, "NUM", EV("110905", "DCM", "Image Orientation (Patient) Row Y"), "1", "U", values=DIRECTION),
        Row("11", 0, ACQ, "NUM", EV("110906", "DCM", "Image Orientation (Patient) Row Z"), "1", "U", values=DIRECTION),
        Row("12", 0, ACQ, "NUM", EV("110907", "DCM", "Image Orientation (Patient) Column X"), "1", "U",
            values=DIRECTION),
        Row("13", 0, ACQ, "NUM", EV("110908", "DCM", "Image Orientation (Patient) Column Y"), "1", "U",
            values=DIRECTION),
        Row("14", 0, ACQ, "NUM", EV("110909", "DCM", "Image Orientation (Patient) Column Z"), "1", "U",
            values=DIRECTION),
    ),
)  # fmt: skip

TID_1605 = Template(
    "1605",
    "Image Library Entry Descriptors for CT",
    True,
    (
        Row("1", 0, ACQ, "CODE", EV("113820", "DCM", "CT Acquisition Type"), "1", "U", values=DCID(10013)),
        Row("2", 0, ACQ, "CODE", EV("113961", "DCM", "Reconstruction Algorithm"), "1", "U", values=DCID(10033)),
    ),
)

IMAGE_LIBRARY_TEMPLATES = (TID_1600, TID_1601, TID_1602, TID_1604, TID_1605)
