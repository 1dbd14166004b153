import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from triage_node.findings import FINDING_CODES, Code, FindingCode, Label, ModelIdentity, Trust
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import build_report, report_variants

VARIES = {
    "sources": lambda content, source: replace(content, sources=(*content.sources, source(99))),
    "model version": lambda content, _: replace(content, model=replace(content.model, version="1.2.1")),
    "model manifest": lambda content, _: replace(content, model=replace(content.model, sha256="cd" * 32)),
    "threshold": lambda content, _: replace(content, parameters={"threshold any": "0.6"}),
    "answer": lambda content, _: replace(content, prediction=replace(content.prediction, uncertain=())),
    "codes": lambda content, _: replace(content, finding_codes=OTHER_CODES),
}
OTHER_CODES = {**FINDING_CODES, Label.EPIDURAL: FindingCode(Code("E1", "99SITE", "Epidural"), Trust.GOOD)}


def test_the_same_content_gives_the_same_bytes(content, as_bytes):
    assert as_bytes(build_report(content)) == as_bytes(build_report(content))


def test_the_order_of_sources_does_not_matter(content, as_bytes):
    turned = replace(content, sources=content.sources[::-1])
    assert as_bytes(build_report(turned)) == as_bytes(build_report(content))


def test_time_does_not_enter_the_uids(content):
    later = replace(content, created_at=content.created_at + timedelta(hours=1))
    one, other = build_report(content), build_report(later)
    assert (one.SOPInstanceUID, one.SeriesInstanceUID) == (other.SOPInstanceUID, other.SeriesInstanceUID)
    assert one.ContentTime != other.ContentTime


def test_scores_do_not_enter_the_uids(flagged):
    scores = {label: value / 2 for label, value in flagged.prediction.probabilities.items()}
    other = replace(flagged, prediction=replace(flagged.prediction, probabilities=scores))
    assert build_report(other).SOPInstanceUID == build_report(flagged).SOPInstanceUID


@pytest.mark.parametrize("name", VARIES)
def test_a_change_is_a_new_object(name, flagged, make_source):
    changed = VARIES[name](flagged, make_source)
    one, other = build_report(flagged), build_report(changed)
    assert one.SOPInstanceUID != other.SOPInstanceUID
    assert one.SeriesInstanceUID != other.SeriesInstanceUID


def test_another_reason_is_a_new_object(not_analyzed):
    other = replace(not_analyzed, reasons=(Reason.of(ReasonCode.NOT_HEAD),))
    assert build_report(other).SOPInstanceUID != build_report(not_analyzed).SOPInstanceUID


def test_facts_do_not_run_into_each_other(flagged):
    models = [ModelIdentity("a", "b\nc", "d"), ModelIdentity("a\nb", "c", "d")]
    assert len({build_report(replace(flagged, model=model)).SOPInstanceUID for model in models}) == 2


def test_every_sop_class_has_a_uid_of_its_own(content, as_bytes):
    variants = report_variants(build_report(content))
    assert [variant.SOPClassUID[-2:] for variant in variants] == ["34", "33", "22"]
    assert len({variant.SOPInstanceUID for variant in variants}) == 3
    assert all(variant.file_meta.MediaStorageSOPInstanceUID == variant.SOPInstanceUID for variant in variants)
    assert as_bytes(variants[0]) == as_bytes(build_report(content))


def test_any_variant_gives_the_same_variants(flagged, as_bytes):
    variants = report_variants(build_report(flagged))
    for variant in variants:
        assert [as_bytes(each) for each in report_variants(variant)] == [as_bytes(each) for each in variants]


def test_uids_are_valid(content):
    report = build_report(content)
    assert report.SOPInstanceUID.is_valid
    assert report.SeriesInstanceUID.is_valid


def test_importing_the_room_loads_no_heavy_library():
    code = "import sys, triage_node.report; print({'highdicom', 'tensorflow', 'keras'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "set()"
