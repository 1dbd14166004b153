import pytest
from pydicom import Dataset

from triage_node.imaging.wording.body_part import other_part_words


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
    assert not other_part_words(header(SeriesDescription=description))


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
    assert other_part_words(header(SeriesDescription=description))


def test_the_nearest_words_decide():
    assert other_part_words(header(SeriesDescription="CSPINE", BodyPartExamined="HEAD", StudyDescription="CT HEAD"))
    assert not other_part_words(header(SeriesDescription="HEAD 5mm", BodyPartExamined="CHEST"))
    assert not other_part_words(header(SeriesDescription="5.0 std", BodyPartExamined="HEAD", StudyDescription="CHEST"))
    assert other_part_words(
        header(SeriesDescription="5.0 std", BodyPartExamined="CHEST", StudyDescription="HEAD+CHEST")
    )


@pytest.mark.parametrize("described", ["SeriesDescription", "ProtocolName", "StudyDescription"])
@pytest.mark.parametrize("part", ["CHEST", "ABDOMEN", "CSPINE"])
def test_a_body_part_the_scanner_filled_in_does_not_outweigh_a_person_who_wrote_head(described, part):
    elements = {"SeriesDescription": "AXIAL 5mm", "BodyPartExamined": part, described: "CT HEAD"}
    assert other_part_words(header(**elements)) == ""
    region = [header(CodeMeaning="Thorax")]
    assert other_part_words(header(AnatomicRegionSequence=region, **{described: "CT HEAD"})) == ""


@pytest.mark.parametrize(
    "head",
    ["Cerveau sans", "头颅CT平扫", "頭部CT", "головы", "CT mozku", "TK głowy", "Beyin BT", "뇌 CT", "pään TT",
     "koponya", "creier nativ", "Hirn", "ΕΓΚΕΦΑΛΟΥ", "CT מוח", "الرأس", "kepala", "sọ não", "NEURO", "HeadRoutine"],
)  # fmt: skip
def test_a_head_is_a_head_in_other_languages(head):
    assert not other_part_words(header(BodyPartExamined="CHEST", StudyDescription=head))


def test_the_words_believed_are_quoted_without_control_characters_and_clipped():
    assert other_part_words(header(SeriesDescription="CHEST\x1b[2J 5mm")) == 'SeriesDescription: "CHEST [2J 5mm".'
    long = header()
    long.add_new("ProtocolName", "UT", "CHEST " * 20)
    assert other_part_words(long) == f'ProtocolName: "{("CHEST " * 20)[:64]}".'
