"""A report that leads viewers to its slices, and says what it said as text."""

from dataclasses import replace

import pytest
from sr_checker import check

from triage_node.findings import LABELS, Label
from triage_node.report import (
    BestSlice,
    as_measurement_report,
    build_report,
    codes,
    replaced_instance,
    report_variants,
    summarize,
)
from triage_node.report.content_items import children, coded, descendants, named, same_code


@pytest.fixture
def make_source(make_source):
    return lambda number=1, **values: make_source(number, **{"Rows": 512, "Columns": 384} | values)


def title(report):
    return coded(report, "ConceptNameCodeSequence")


def regions(report):
    return [item for item in descendants(report) if item.ValueType == "SCOORD"]


def test_it_says_what_the_report_says_as_text(content, read_back):
    for variant in report_variants(build_report(content)):
        said, styled = summarize(variant), summarize(read_back(as_measurement_report(variant)))
        assert (styled.decision, styled.labels, styled.reasons) == (said.decision, said.labels, said.reasons)
        assert (styled.sentence, styled.model, styled.source_counts) == (said.sentence, said.model, said.source_counts)
        assert len(styled.labels) == (0 if content.prediction is None else len(LABELS))


def test_every_group_has_its_whole_slice_as_region_and_no_place_in_it(flagged):
    report = as_measurement_report(build_report(flagged))
    assert same_code(title(report), codes.IMAGING_MEASUREMENT_REPORT)
    groups = list(named(descendants(report), codes.MEASUREMENT_GROUP))
    assert len(groups) == 4
    for group in groups:
        [score] = named(children(group), codes.CERTAINTY)
        [region] = children(score)
        [image] = children(region)
        points = list(zip(region.GraphicData[::2], region.GraphicData[1::2], strict=True))
        assert points[0] == points[-1]
        assert {(0, 0), (384, 0), (384, 512), (0, 512)} == set(points[1:-1])
        assert points[0][0] == 384
        assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == flagged.sources[1].SOPInstanceUID
    begins = [region.GraphicData[1] for region in regions(report)]
    assert len(set(begins)) == 4


def test_each_region_is_told_what_it_is_about(flagged):
    report = as_measurement_report(build_report(flagged))
    assert [item.TextValue for item in named(descendants(report), codes.COMMENT)] == [
        "Undetermined: epidural hemorrhage",
        "Suspected: intraventricular hemorrhage",
        "Suspected: subdural hemorrhage",
        "Suspected: intracranial hemorrhage",
    ]


def test_nothing_to_open_stays_a_text(not_flagged, not_analyzed, flagged, make_source):
    unknown = make_source(2, Rows=None)
    elsewhere = {**flagged.best_slices, Label.ANY: BestSlice("1.2.3.4", flagged.sources[0].SOPClassUID)}
    for content in (
        not_flagged,
        not_analyzed,
        replace(flagged, sources=(unknown,)),
        replace(flagged, best_slices={}),
        replace(flagged, best_slices=elsewhere),
    ):
        text = build_report(content)
        report = as_measurement_report(text)
        assert same_code(title(report), codes.TRIAGE_NOTIFICATION)
        assert report.ContentSequence == text.ContentSequence
        assert regions(report) == []


def test_a_frame_is_opened(flagged, make_source):
    enhanced = make_source(2, SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1")
    best = BestSlice(enhanced.SOPInstanceUID, enhanced.SOPClassUID, 7)
    report = build_report(replace(flagged, sources=(enhanced,), best_slices=dict.fromkeys(LABELS, best)))
    [*found] = regions(as_measurement_report(report))
    assert {children_of.ReferencedSOPSequence[0].ReferencedFrameNumber for [children_of] in map(children, found)} == {7}


def test_its_uids_are_its_own_and_always_the_same(content):
    for variant in report_variants(build_report(content)):
        one, again = as_measurement_report(variant), as_measurement_report(variant)
        assert one == again
        assert one.SOPInstanceUID != variant.SOPInstanceUID
        assert one.file_meta.MediaStorageSOPInstanceUID == one.SOPInstanceUID
        assert (one.SOPClassUID, one.SeriesInstanceUID) == (variant.SOPClassUID, variant.SeriesInstanceUID)
        assert one.InstanceNumber != variant.InstanceNumber


def test_it_replaces_what_its_destination_was_sent(flagged, not_flagged):
    earlier = build_report(not_flagged)
    report = build_report(replace(flagged, predecessor=earlier))
    for variant, replaced in zip(report_variants(report), report_variants(earlier), strict=True):
        named_there = replaced_instance(as_measurement_report(variant))
        assert named_there.SOPInstanceUID == as_measurement_report(replaced).SOPInstanceUID


def test_the_text_is_left_as_it_was(flagged):
    report, same = build_report(flagged), build_report(flagged)
    as_measurement_report(report)
    assert report == same


@pytest.mark.slow
def test_validators_and_checker_accept_it(content, complaints_of, read_back):
    for variant in report_variants(build_report(content)):
        for report in (as_measurement_report(variant), as_measurement_report(read_back(variant))):
            assert complaints_of(report) == []
            assert check(report) == []
