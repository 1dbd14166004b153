import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from triage_node.findings import FINDING_CODES, LABELS, Calibration, Code, FindingCode, Label, ModelIdentity
from triage_node.reasons import Reason, ReasonCode
from triage_node.report import BestSlice, build_report, codes, report_variants
from triage_node.report.content_items import descendants, named
from triage_node.report.evidence import referenced

VARIES = {
    "sources": lambda content, source: replace(content, sources=(*content.sources, source(99))),
    "model version": lambda content, _: replace(content, model=replace(content.model, version="1.2.1")),
    "model manifest": lambda content, _: replace(content, model=replace(content.model, sha256="cd" * 32)),
    "threshold": lambda content, _: replace(content, parameters={"threshold any": "0.6"}),
    "answer": lambda content, _: replace(content, prediction=replace(content.prediction, uncertain=())),
    "score": lambda content, _: replace(content, prediction=replace(content.prediction, probabilities=OTHER_SCORES)),
    "best slice": lambda content, source: replace(content, best_slices={Label.ANY: slice_of(source(3))}),
    "AE title": lambda content, _: replace(content, station_name="TRIAGE2"),
    "device": lambda content, _: replace(content, device_uid="2.25.8888"),
    "node version": lambda content, _: replace(content, node_version="0.1.1"),
    "patient": lambda content, source: of_source(content, source, PatientName="Roe^Jane"),
    "accession number": lambda content, source: of_source(content, source, AccessionNumber="A2"),
    "study time": lambda content, source: of_source(content, source, StudyTime="101501"),
    "offset of the source": lambda content, source: of_source(content, source, TimezoneOffsetFromUTC="+0100"),
    "predecessor": lambda content, _: replace(content, predecessor=build_report(content)),
    "cautions": lambda content, _: replace(content, prediction=replace(content.prediction, cautions=(CAUTION,))),
    "thresholds": lambda content, _: replace(content, calibrations=dict.fromkeys(LABELS, Calibration(0.8, 0.4))),
    "series": lambda content, _: replace(content, series_analyzed="Series 4: 30 slices of 5 mm."),
    "other series": lambda content, _: replace(content, series_not_analyzed=()),
    "revision": lambda content, _: replace(content, revision=3),
    "received": lambda content, _: replace(content, received=(DOSE_REPORT,)),
    "codes": lambda content, _: replace(content, finding_codes=OTHER_CODES),
}
DOSE_REPORT = referenced("1.2.826.0.1.3680043.10.511.1", "1.2.9.1", "1.2.9.1.1", "1.2.840.10008.5.1.4.1.1.88.67")
OTHER_SCORES = dict.fromkeys(LABELS, 0.75)
CAUTION = Reason.of(ReasonCode.OUT_OF_DISTRIBUTION)
OTHER_CODES = {**FINDING_CODES, Label.EPIDURAL: FindingCode(Code("E1", "99SITE", "Epidural"))}


def slice_of(source):
    return BestSlice(source.SOPInstanceUID, source.SOPClassUID)


def of_source(content, source, **values):
    return replace(content, sources=tuple(source(number, **values) for number in range(1, 4)))


def test_the_same_content_gives_the_same_bytes(content, as_bytes):
    assert as_bytes(build_report(content)) == as_bytes(build_report(content))


def test_the_order_of_sources_does_not_matter(content, as_bytes):
    turned = replace(content, sources=content.sources[::-1])
    assert as_bytes(build_report(turned)) == as_bytes(build_report(content))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_time_does_not_enter_the_uids(content, zone):
    later = replace(content, created_at=(content.created_at + timedelta(hours=1)).astimezone(ZoneInfo(zone)))
    one, other = build_report(content), build_report(later)
    assert (one.SOPInstanceUID, one.SeriesInstanceUID) == (other.SOPInstanceUID, other.SeriesInstanceUID)
    assert one.ContentTime != other.ContentTime


@pytest.mark.parametrize("name", VARIES)
def test_a_change_is_a_new_object(name, flagged, make_source):
    changed = VARIES[name](flagged, make_source)
    one, other = build_report(flagged), build_report(changed)
    assert one.SOPInstanceUID != other.SOPInstanceUID
    assert one.SeriesInstanceUID != other.SeriesInstanceUID


@pytest.mark.parametrize("name", VARIES)
def test_what_is_followed_stays_the_same_over_all_revisions_of_a_study(name, flagged, make_source):
    one, other = (tracking_uids(build_report(content)) for content in (flagged, VARIES[name](flagged, make_source)))
    assert one == other
    assert len(set(one)) == len(LABELS)
    elsewhere = of_source(flagged, make_source, StudyInstanceUID="1.2.9")
    assert not set(tracking_uids(build_report(elsewhere))) & set(one)


def tracking_uids(report):
    return [str(item.UID) for item in named(descendants(report), codes.TRACKING_UID)]


@pytest.mark.slow
def test_every_class_of_a_revision_names_the_predecessor_in_the_same_class(flagged, not_analyzed, complaints_of):
    first = build_report(not_analyzed)
    second = build_report(replace(flagged, predecessor=first))
    third = build_report(replace(flagged, predecessor=second))
    for earlier, later in ((first, second), (second, third)):
        for given, taken in zip(report_variants(earlier), report_variants(later), strict=True):
            [study] = taken.PredecessorDocumentsSequence
            [series] = study.ReferencedSeriesSequence
            [item] = series.ReferencedSOPSequence
            assert taken.SOPClassUID == given.SOPClassUID == item.ReferencedSOPClassUID
            assert (series.SeriesInstanceUID, item.ReferencedSOPInstanceUID) == (
                given.SeriesInstanceUID,
                given.SOPInstanceUID,
            )
            assert complaints_of(taken) == []


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
    heavy = "print({'highdicom', 'tensorflow', 'keras'} & set(sys.modules))"
    code = f"import sys, triage_node.report; {heavy}; triage_node.report.preload(); {heavy}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == ["set()", "{'highdicom'}"]
