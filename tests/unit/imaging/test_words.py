import pytest
from pydicom import Dataset

from triage_node.imaging.words import names_contrast, names_other_part


def header(**elements: object) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize(
    "description",
    [
        "",
        "HEAD 5mm",
        "Schädel nativ",
        "Kopf",
        "crâne sans",
        "BRAIN/FACE TRAUMA",
        "0.6 Hr40",
        "Axial 5.0",
        "頭部",
        "CABEZA SIMPLE",
        "Head^Neck",
        "cerebro",
        "STROKE PROTOCOL",
        "posterior fossa 2.5",
    ],
)
def test_descriptions_that_do_not_rule_a_head_out(description):
    assert not names_other_part(header(SeriesDescription=description))


@pytest.mark.parametrize(
    "description",
    [
        "CHEST 5mm",
        "THORAX",
        "C-SPINE BONE",
        "CSPINE",
        "HWS 2.0",
        "Abdomen/Pelvis",
        "lung 1.25",
        "Paranasal sinuses",
        "NECK",
        "facial bones 1.0",
        "L SPINE",
    ],
)
def test_descriptions_of_another_part(description):
    assert names_other_part(header(SeriesDescription=description))


def test_the_nearest_words_decide():
    assert names_other_part(header(SeriesDescription="CSPINE", BodyPartExamined="HEAD", StudyDescription="CT HEAD"))
    assert not names_other_part(header(SeriesDescription="HEAD 5mm", BodyPartExamined="CHEST"))
    assert not names_other_part(header(SeriesDescription="5.0 std", BodyPartExamined="HEAD", StudyDescription="CHEST"))
    assert names_other_part(
        header(SeriesDescription="5.0 std", BodyPartExamined="CHEST", StudyDescription="HEAD+CHEST")
    )


@pytest.mark.parametrize(
    "description", ["HEAD C+", "+C 5mm", "POST CONTRAST", "CTA HEAD", "Angio 0.75", "Kopf KM", "HEAD W CONTRAST"]
)
def test_descriptions_of_contrast(description):
    assert names_contrast(header(SeriesDescription=description))


@pytest.mark.parametrize(
    "description",
    [
        "",
        "HEAD W/O CONTRAST",
        "Head WO",
        "without contrast",
        "NON-CONTRAST HEAD",
        "HEAD C-",
        "nativ",
        "HEAD C-SPINE",
        "NCCT",
        "pre angio native",
        "sin contraste",
        "HEAD 5mm",
    ],
)
def test_descriptions_without_contrast(description):
    assert not names_contrast(header(SeriesDescription=description))


@pytest.mark.parametrize(
    ("agent", "expected"), [("OMNIPAQUE", True), ("", False), ("NONE", False), ("No contrast", False)]
)
def test_the_agent_speaks_before_the_description(agent, expected):
    assert names_contrast(header(ContrastBolusAgent=agent, SeriesDescription="HEAD W/O")) is expected


def test_contrast_in_the_bowel_is_not_in_the_brain():
    assert not names_contrast(header(ContrastBolusAgent="GASTROGRAFIN", ContrastBolusRoute="ORAL"))


def test_an_agent_sequence_is_contrast():
    assert names_contrast(header(ContrastBolusAgentSequence=[header(CodeMeaning="Iodine")]))
