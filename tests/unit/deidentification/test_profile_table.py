"""The table of PS3.15 is that of dicom-anonymizer; WRITE_TABLE=1 makes it anew."""

import json
import os
from importlib import import_module
from pathlib import Path

import triage_node.deidentification
from triage_node.deidentification.profile_table import EXTENT, FILE_NAME, Action, basic_profile, edition

EDITION = "2026c"
TABLE = Path(triage_node.deidentification.__file__).with_name(FILE_NAME)


def made() -> str:
    source = import_module(f"dicomanonymizer.dicom_anonymization_databases.dicomfields_{EDITION}")
    actions = {
        code: sorted(f"{tag[0]:04x}{tag[1]:04x}" for tag in tags if len(tag) == 2)
        for code in EXTENT
        for tags in [getattr(source, f"{code.replace('/', '_').replace('*', '_STAR')}_TAGS")]
    }
    about = "PS3.15 Table E.1-1, column Basic Profile, after dicom-anonymizer 2.1.0 (BSD-3-Clause, Kitware Europe)"
    return json.dumps({"source": about, "edition": EDITION, "actions": actions}, indent=1) + "\n"


def test_the_table_is_the_one_it_was_made_of():
    if os.environ.get("WRITE_TABLE"):
        TABLE.write_text(made())
    assert TABLE.read_text() == made()


def test_each_attribute_has_one_action():
    tags = [tag for tags in json.loads(TABLE.read_text())["actions"].values() for tag in tags]
    assert len(tags) == len(set(tags)) == len(basic_profile())
    assert len(tags) > 600
    assert edition() == EDITION


def test_the_attributes_everybody_knows():
    actions = basic_profile()
    assert actions[0x00100010] is Action.EMPTY
    assert actions[0x00100020] is Action.DUMMY
    assert actions[0x00081030] is Action.REMOVE
    assert actions[0x0020000D] is Action.UID
    assert 0x00080060 not in actions
