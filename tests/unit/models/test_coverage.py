"""A head that is not whole never ends in *not flagged*: through the reader and the shipped model."""

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ct_series import TODAY

from triage_node.commands.analyze import _print_table, as_row
from triage_node.demo.studies import unpack
from triage_node.findings import Decision
from triage_node.imaging import Instance, Policy, Series, Skipped, read_volume, scan
from triage_node.imaging.completeness.gaps import Gap
from triage_node.imaging.volume import SourceSlice, Volume
from triage_node.models.preprocessing import StrippedHead, strip_head
from triage_node.models.skull_stripping.coverage import coverage_cautions
from triage_node.models.skull_stripping.head_axis import HeadAxis
from triage_node.pipeline.analysis import Analysis, assess_and_analyze
from triage_node.reasons import ReasonCode

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def bundled(tmp_path_factory) -> dict[str, list[Instance]]:
    """The slices of the bundled studies from feet to head, by the study's folder."""
    folder = tmp_path_factory.mktemp("bundled")
    studies = {Path(study.files[0]).relative_to(folder).parts[0]: study.files for study in unpack(folder)}
    return {name: sorted(map(Instance.read, files), key=_height) for name, files in studies.items()}


def _height(instance: Instance) -> float:
    return float(instance.header.ImagePositionPatient[2])


def without(instances: list[Instance], missing: Collection[int]) -> Series:
    """Return a series without some of its slices, numbered from 0 at the feet."""
    return Series.of(one for index, one in enumerate(instances) if index not in missing)


@pytest.fixture
def analyze(model, bundled) -> Callable[..., Analysis]:
    def analyze(name: str, missing: Collection[int] = (), skipped: tuple[Skipped, ...] = ()) -> Analysis:
        return assess_and_analyze(without(bundled[name], missing), model, Policy(), TODAY, False, skipped=skipped)

    return analyze


def messages(analysis: Analysis) -> str:
    codes = {caution.code for caution in analysis.prediction.cautions}
    assert codes <= {ReasonCode.SLICES_MISSING, ReasonCode.BRAIN_INCOMPLETE}, "the mask may see the hole, too"
    return " ".join(caution.message for caution in analysis.prediction.cautions)


def test_the_bundled_studies_are_whole(analyze):
    for name, decision in (("hemorrhage", Decision.FLAGGED), ("plain", Decision.NOT_FLAGGED)):
        whole = analyze(name)
        assert (whole.prediction.decision, whole.prediction.cautions, whole.skipped) == (decision, (), ())


def test_a_hole_that_takes_the_hemorrhage_is_uncertain_and_says_where(analyze):
    holed = analyze("hemorrhage", range(8, 18))
    assert holed.prediction.decision is Decision.UNCERTAIN
    assert "48 mm between image 8 (at -28.8 mm) and image 19 (at 23.5 mm)." in messages(holed)


def test_a_hole_beside_the_hemorrhage_leaves_it_flagged_with_a_caution(analyze):
    holed = analyze("hemorrhage", range(14, 22))
    assert holed.prediction.decision is Decision.FLAGGED
    assert "38 mm between image 14" in messages(holed)


def test_one_missing_thick_slice_passes(analyze):
    assert analyze("plain", [14]).prediction.decision is Decision.NOT_FLAGGED


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (range(16, 32, 2), "in 6 places"),
        (range(1, 32, 2), "places"),
        ([10, 14, 18], "14 mm in 3 places"),
        (range(22, 32), "goes on above the topmost slice"),
        (range(26, 32), "goes on above the topmost slice"),
        (range(8), "goes on below the lowest slice"),
    ],
    ids=["half alternate", "all alternate", "three single", "vertex", "10 mm of vertex", "base"],
)
def test_what_is_missing_elsewhere_is_uncertain(analyze, missing, words):
    holed = analyze("plain", missing)
    assert holed.prediction.decision is Decision.UNCERTAIN
    assert words in messages(holed)


def test_a_hole_outside_the_head_does_not_matter(analyze):
    assert analyze("plain", [28, 29, 30]).prediction.decision is Decision.NOT_FLAGGED


def test_a_damaged_file_beside_the_series_makes_it_uncertain(analyze, bundled):
    skipped = Skipped(bundled["plain"][0].path.with_name("0099.dcm"), "The file is cut off.")
    found = analyze("plain", (), (skipped,))
    assert found.prediction.decision is Decision.UNCERTAIN
    assert "0099.dcm" in messages(found)
    assert found.skipped == (skipped,)


def test_an_unreadable_slice_makes_it_uncertain_and_is_named(analyze, bundled, tmp_path):
    instances = list(bundled["plain"])
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(instances[12].path.read_bytes()[:-2000])
    bundled["broken"] = [*instances[:12], Instance.read(broken), *instances[13:]]
    found = analyze("broken")
    assert found.prediction.decision is Decision.UNCERTAIN
    assert "1 of 32 cannot be used: image 13 at -5.0 mm" in messages(found)
    assert [one.path.name for one in found.skipped] == ["broken.dcm"]


def test_json_and_table_give_cautions_and_what_was_skipped(analyze, bundled, capsys):
    skipped = Skipped(bundled["hemorrhage"][0].path.with_name("0099.dcm"), "The file is cut off.")
    holed = analyze("hemorrhage", range(14, 22), (skipped,))
    row = as_row(holed, holed.prediction.model)
    assert row["decision"] == "flagged"
    assert [caution["code"] for caution in row["cautions"]] == ["slices_missing", "brain_incomplete", "slices_missing"]
    assert "38 mm between image 14" in row["cautions"][0]["message"]
    assert row["skipped"] == [{"path": str(skipped.path), "why": "The file is cut off."}]
    _print_table([row])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Slices of the head are missing" in shown


AREAS = [0, 0, 20, 60, 100, 150, 170, 170, 160, 140, 110, 70, 30, 0, 0]


def stripped(areas: list[float]) -> StrippedHead:
    empty = np.zeros((len(areas), 1, 1), np.float32)
    rows = np.arange(len(areas))
    axis = HeadAxis(0.0, np.zeros((len(areas), 2)))
    pairs = np.stack([rows, rows], axis=1)
    return StrippedHead(empty, empty > 0, pairs, rows, np.array(areas, np.float32), 30.0, axis, 10.0)


def stacked(areas: list[float], *gaps: Gap) -> Volume:
    """Return a volume of slices 10 mm apart."""
    positions = 10.0 * np.arange(len(areas))
    sources = tuple((SourceSlice(str(z), "", None, None, float(z)),) for z in positions)
    hu = np.zeros((len(areas), 1, 1), np.float32)
    return Volume(hu, (10.0, 1.0, 1.0), positions, sources=sources, gaps=gaps)


def cautioned(areas: list[float], *gaps: Gap) -> int:
    return len(coverage_cautions(stacked(areas, *gaps), stripped(areas)))


def gap(below_mm: float, above_mm: float, distance_mm: float = 5.0) -> Gap:
    return Gap("image 1", "image 2", below_mm, above_mm, distance_mm)


@pytest.mark.parametrize(
    ("areas", "gaps", "cautions"),
    [
        (AREAS, [], 0),
        (AREAS, [gap(40, 60)], 1),
        (AREAS, [gap(10, 30)], 1),
        (AREAS, [gap(110, 130)], 1),
        (AREAS, [gap(0, 15)], 0),
        (AREAS, [gap(125, 140)], 0),
        (AREAS, [gap(40, 50), gap(60, 70)], 0),
        (AREAS, [gap(40, 50), gap(60, 70), gap(80, 90)], 1),
        (AREAS, [gap(40, 50), gap(60, 70), gap(130, 140)], 0),
        (AREAS[2:-2], [], 0),
        (AREAS[:-4], [], 1),
        (AREAS[4:], [], 1),
        (AREAS[4:-4], [gap(20, 60)], 3),
        ([0.0] * 15, [], 0),
    ],
)
def test_gaps_count_inside_the_head_and_ends_where_it_goes_on(areas, gaps, cautions):
    assert cautioned(areas, *gaps) == cautions


def test_the_real_head_of_uneven_slices_is_whole(model, shared_data):
    volume = read_volume(scan([shared_data / "ge_head_ct"]).series[0], Policy())
    head = strip_head(volume, model.manifest.geometry)
    assert coverage_cautions(volume, head) == ()
    vertex_lost = replace(
        volume,
        hu=volume.hu[:-6],
        positions_mm=volume.positions_mm[:-6],
        sources=volume.sources[:-6],
    )
    assert coverage_cautions(vertex_lost, strip_head(vertex_lost, model.manifest.geometry)) != ()
