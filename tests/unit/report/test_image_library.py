"""The images that a report names, where viewers look for them (TID 1600)."""

from dataclasses import replace

import pytest
from sr_checker import check

from triage_node.findings import Label
from triage_node.report import BestSlice, build_report, codes, report_variants
from triage_node.report.content_items import children, coded, descendants, named, number, same_code

GEOMETRY = {
    "Rows": 512,
    "Columns": 384,
    "PixelSpacing": [0.5, 0.25],
    "SliceThickness": 5,
    "FrameOfReferenceUID": "1.2.840.77",
    "InstanceNumber": 12,
}


def groups(report):
    [library] = named(children(report), codes.IMAGE_LIBRARY)
    return [
        (uid_of(group), [ref(item) for item in named(children(group), codes.SOURCE)]) for group in children(library)
    ]


def uid_of(group):
    return next(named(children(group), codes.SERIES_INSTANCE_UID)).UID


def ref(item):
    [reference] = item.ReferencedSOPSequence
    return reference.ReferencedSOPInstanceUID


def test_the_slices_that_a_report_names_are_entries_once(flagged):
    other = BestSlice(flagged.sources[2].SOPInstanceUID, flagged.sources[2].SOPClassUID)
    content = replace(flagged, best_slices={**flagged.best_slices, Label.SUBDURAL: other, Label.SUBARACHNOID: other})
    [(series, entries)] = groups(build_report(content))
    assert series == flagged.sources[0].SeriesInstanceUID
    assert sorted(entries) == [source.SOPInstanceUID for source in flagged.sources[1:]]


def test_one_image_stands_for_a_series_of_which_the_report_names_none(not_flagged, not_analyzed, make_source):
    thin = [make_source(number, SeriesInstanceUID="1.2.9") for number in (9, 7, 8)]
    for content in (not_flagged, not_analyzed):
        report = build_report(replace(content, sources=(*thin, *content.sources)))
        assert groups(report) == [
            (content.sources[0].SeriesInstanceUID, [content.sources[0].SOPInstanceUID]),
            ("1.2.9", [thin[1].SOPInstanceUID]),
        ]


def test_an_entry_has_the_geometry_of_its_image(flagged, make_source):
    sources = (flagged.sources[0], make_source(2, **GEOMETRY), flagged.sources[2])
    report = build_report(replace(flagged, sources=sources))
    [entry] = named(descendants(report), codes.SOURCE)
    sizes = (codes.PIXEL_DATA_ROWS, codes.PIXEL_DATA_COLUMNS)
    spacings = (codes.HORIZONTAL_PIXEL_SPACING, codes.VERTICAL_PIXEL_SPACING, codes.SLICE_THICKNESS)
    measured = [number(next(named(children(entry), name))) for name in (*sizes, *spacings)]
    assert measured == [512, 384, 0.25, 0.5, 5]
    assert next(named(children(entry), codes.FRAME_OF_REFERENCE_UID)).UID == "1.2.840.77"
    assert next(named(children(entry), codes.INSTANCE_NUMBER)).TextValue == "12"


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    [
        {"Rows": 0, "Columns": -3, "PixelSpacing": [0.4], "SliceThickness": ""},
        {"PixelSpacing": "1e99\\nan", "SliceThickness": 1e9, "InstanceNumber": "12345678901234"},
        {"FrameOfReferenceUID": "not a UID", "Modality": "OT"},
        {"SeriesInstanceUID": None, "Modality": None},
    ],
)
def test_a_header_that_lies_is_left_out(broken, flagged, make_source, complaints_of):
    content = replace(flagged, sources=(make_source(2, **broken),))
    for variant in report_variants(build_report(content)):
        assert complaints_of(variant) == []


def test_images_that_cannot_be_named_give_no_library(not_flagged, make_source):
    report = build_report(replace(not_flagged, sources=(make_source(SOPInstanceUID=None),)))
    assert list(named(children(report), codes.IMAGE_LIBRARY)) == []


def test_every_item_of_a_report_has_a_name(content):
    """OHIF 3.12 shows an error in place of a report where one has none."""
    assert all(coded(item, "ConceptNameCodeSequence") for item in descendants(build_report(content)))
    assert check(build_report(content)) == []


def test_what_was_judged_is_read_before_how(content):
    containers = (codes.QUALITATIVE_EVALUATIONS, codes.IMAGING_MEASUREMENTS, codes.IMAGE_LIBRARY)
    names = [coded(item, "ConceptNameCodeSequence") for item in children(build_report(content))]
    assert all(same_code(name, code) for name, code in zip(names[-3:], containers, strict=True))
