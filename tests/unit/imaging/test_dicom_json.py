"""Headers in the DICOM JSON Model and the Native DICOM Model: the quick way says what pydicom and DCMTK say."""

import json
import shutil
import subprocess
import warnings
from pathlib import Path
from xml.etree import ElementTree as ET

import pydicom
import pytest
from ct import head_ct, save
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.tag import Tag

from triage_node.imaging.representations.dicom_json import LONGEST_INLINE, header_as_json
from triage_node.imaging.representations.native_model import NAMESPACE, native_model
from triage_node.imaging.representations.raw_json import _WRITERS, raw_json


def by_pydicom(raw):
    with warnings.catch_warnings(action="ignore"):
        return convert_raw_data_element(raw).to_json_dict(lambda one: f"{one.tag:08X}", LONGEST_INLINE)


def without_padding(attribute):
    """PS3.5 6.2: spaces at the ends of a code string say nothing; pydicom keeps those of all values but the last."""
    values = attribute.get("Value", [])
    return attribute | {"Value": [one.strip() if isinstance(one, str) else one for one in values]}


TEXTS = st.lists(
    st.sampled_from(["", "A", "12", "-0", "1.5", "1e3", "  7 ", "Doe^Jane", "a=b", "é", '"', "20240101", "x" * 20]),
    max_size=3,
).map(lambda parts: "\\".join(parts).encode("latin-1"))


@settings(max_examples=600, deadline=None)
@given(vr=st.sampled_from(sorted(_WRITERS)), value=TEXTS | st.binary(max_size=24), little=st.booleans())
def test_what_is_written_without_decoding_is_what_pydicom_decodes(vr, value, little):
    raw = RawDataElement(Tag(0x00189999), vr, len(value), value, 0, False, little)
    written = raw_json(raw)
    if written is not None:
        assert without_padding(json.loads(written)) == without_padding(by_pydicom(raw))


def test_a_usual_header_is_written_without_decoding(tmp_path):
    [path] = save(head_ct(slices=1), tmp_path)
    ds = dcmread(path, stop_before_pixels=True)
    raws = [ds.get_item(tag) for tag in ds.keys()]  # noqa: SIM118 - they are not to be decoded
    quick = [raw for raw in raws if isinstance(raw, RawDataElement) and raw_json(raw) is not None]
    assert len(quick) >= 0.9 * len(raws)


def model_of(content):
    """Return an XML document as nested tuples that do not depend on how it is written."""

    def nested(node):
        names = {name: value for name, value in node.attrib.items() if name != "uri" and "space" not in name}
        return (
            node.tag.rpartition("}")[2],
            tuple(sorted(names.items())),
            (node.text or "").strip(),
            tuple(map(nested, node)),
        )

    return nested(ET.fromstring(content))


@pytest.fixture
def described(tmp_path) -> Path:
    [ds] = head_ct(slices=1, PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう")
    ds.SpecificCharacterSet = "ISO_IR 192"
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99X", "Kopf <&> Schädel"
    ds.ProcedureCodeSequence = [item]
    ds.private_block(0x0009, "ACME", create=True).add_new(1, "LO", "own")
    [path] = save([ds], tmp_path)
    return path


@pytest.mark.acceptance
@pytest.mark.skipif(shutil.which("dcm2xml") is None, reason="dcmtk is not installed")
def test_the_native_model_is_that_of_dcmtk(described):
    with warnings.catch_warnings(action="ignore"):
        ours = model_of(native_model(json.loads(header_as_json(described, lambda tag: tag))))
    theirs = model_of(
        subprocess.run(
            ["dcm2xml", "--native-format", "--use-xml-namespace", described], capture_output=True, check=True
        ).stdout
    )

    # DCMTK writes numbers as they are in the file, and pixel data as a hidden value; the file's own syntax is ours.
    def told(model):
        return {
            dict(names)["tag"]: (names, values)
            for _, names, _, values in model[3]
            if dict(names)["tag"] not in ("00083002", "7FE00010")
            and dict(names)["vr"] not in ("DS", "FD")
            and not dict(names)["tag"].startswith("0002")
        }

    assert told(ours) == told(theirs)


def test_xml_holds_what_json_holds(described):
    item = json.loads(header_as_json(described, lambda tag: f"http://node/{tag}"))
    item["00104000"] = {"vr": "LT", "Value": ["a\x00b\x1fc"]}
    root = ET.fromstring(native_model(item))
    assert root.tag == f"{{{NAMESPACE}}}NativeDicomModel"
    attributes = {one.get("tag"): one for one in root}
    assert set(attributes) == {"00090001" if tag == "00091001" else tag for tag in item}
    assert attributes["7FE00010"][0].get("uri") == "http://node/7FE00010"
    assert attributes["00104000"][0].text == "a\ufffdb\ufffdc"


FILES = sorted((Path(pydicom.__file__).parent / "data").rglob("*.dcm"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_headers_of_other_makers_are_whole(path):
    with warnings.catch_warnings(action="ignore"):
        ds = dcmread(path, force=True, stop_before_pixels=True)
    try:
        found = json.loads(header_as_json(path, lambda tag: tag))
    except Exception as error:
        assert "cannot be read" in str(error) or "no DICOM" in str(error) or "cut off" in str(error)
        return
    tags = {f"{tag:08X}" for tag in ds.keys() if tag.element}  # noqa: SIM118 - not decoded
    assert tags <= set(found)
