"""JSON: the shape that docs/forms.md promises."""

import json
import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import get_args, get_type_hints

from triage_node.findings import LABELS
from triage_node.report import ReadableReport, SourceNames, build_report, readable
from triage_node.report.forms.json_form import as_json

PAGE = Path(__file__).resolve().parents[3] / "docs" / "forms.md"


def test_it_says_what_was_found(content):
    said = json.loads(as_json(readable(build_report(content), SourceNames.of(content.sources), 3)))
    assert said["version"] == 1
    assert said["status"] == ("analyzed" if content.prediction else "not_analyzed")
    assert said["decision"] == content.decision
    assert said["report"]["revision"] == 3
    assert said["report"]["created_at"] == "2026-03-01T10:20:30+00:00"
    assert said["patient"]["birth_date"] == "1950-02-03"
    assert said["study"]["time"] == "10:15:00"
    assert [one["label"] for one in said["answers"]] == (list(LABELS) if content.prediction else [])
    assert [one["code"] for one in said["reasons"]] == [reason.code for reason in content.reasons]
    for answer in said["answers"]:
        assert answer["decision"] == content.decision_for(answer["label"])
        assert abs(answer["probability"] - content.prediction.probabilities[answer["label"]]) < 0.0006


def test_what_is_missing_is_null_or_empty(flagged, make_source):
    source = make_source(1, PatientName="", PatientBirthDate="", AccessionNumber="", StudyTime="")
    content = replace(flagged, sources=(source,), revision=None, calibrations={})
    said = json.loads(as_json(readable(build_report(content))))
    assert {answer["calibration"] for answer in said["answers"]} == {None}
    assert said["patient"]["birth_date"] is None
    assert said["patient"]["name"] == {"alphabetic": "", "ideographic": "", "phonetic": ""}
    assert (said["study"]["time"], said["study"]["accession_number"], said["report"]["revision"]) == (None, "", None)


def test_every_field_is_described():
    section = PAGE.read_text().split("## JSON")[1].split("## FHIR")[0]
    described = set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))
    assert described >= {"version", "status", *_names(ReadableReport)}
    assert described - {"version", "status"} <= set(_names(ReadableReport)), "a field that is none"


def _names(kind, before=""):
    for field in fields(kind):
        name = f"{before}{field.name}"
        hint = get_type_hints(kind)[field.name]
        inner = next((one for one in (hint, *get_args(hint)) if is_dataclass(one)), None)
        if inner is None:
            yield name
        else:
            yield from _names(inner, f"{name}.")
