"""The images as the viewer gets them: the same Hounsfield units in the same order as the model saw them."""

import json

import numpy as np
import pytest
from ct import head_ct, save
from ct_enhanced import enhanced_ct
from site_instances import keep as keep_files

from triage_node.findings import LABELS
from triage_node.storage import ResultContent


@pytest.fixture
def keep(site, tmp_path):
    """Keep data sets in the spool and register them, as the intake does; return the study's UID."""

    def keep(*datasets) -> str:
        keep_files(site, save(datasets, tmp_path / "sent"))
        return str(datasets[0].StudyInstanceUID)

    return keep


def values(answer):
    shape = int(answer.headers["x-rows"]), int(answer.headers["x-columns"])
    return np.frombuffer(answer.content, "<i2").reshape(shape)


def test_slices_come_from_feet_to_head_in_hounsfield_units(site, keep):
    datasets = head_ct(slices=12, size=(64, 48))
    uid = keep(*reversed(datasets))
    browser = site.signed_in()
    series = browser.get(f"/api/studies/{uid}/slices").json()
    assert (series["rows"], series["columns"], len(series["slices"])) == (64, 48, 12)
    positions = [one["position_mm"] for one in series["slices"]]
    assert positions == sorted(positions)
    for index in (0, 7):
        stored = np.frombuffer(datasets[index].PixelData, "<u2").reshape(64, 48).astype(int) - 1024
        np.testing.assert_array_equal(values(browser.get(f"/api/studies/{uid}/slices/{index}")), stored)


def test_a_series_lying_on_its_side_is_turned_as_the_model_sees_it(site, keep):
    upright = head_ct(slices=12, size=(64, 64))
    turned = head_ct(slices=12, size=(64, 64), ImageOrientationPatient=[-1, 0, 0, 0, 1, 0])
    uid = keep(*turned)
    first = values(site.program().get(f"/api/studies/{uid}/slices/3"))
    np.testing.assert_array_equal(first, np.frombuffer(upright[3].PixelData, "<u2").reshape(64, 64)[:, ::-1] - 1024.0)


def test_an_enhanced_series_is_shown_frame_by_frame(site, keep):
    dataset = enhanced_ct()
    dataset = dataset[0] if isinstance(dataset, list) else dataset
    uid = keep(dataset)
    program = site.program()
    series = program.get(f"/api/studies/{uid}/slices").json()
    assert len(series["slices"]) == dataset.NumberOfFrames
    assert values(program.get(f"/api/studies/{uid}/slices/1")).shape == (series["rows"], series["columns"])


def test_the_scores_of_the_slices_are_those_beside_the_result(site, keep, clock, tmp_path):
    datasets = head_ct(slices=12, size=(64, 64))
    uid = keep(*datasets)
    rows = [
        {
            "sop_instance_uid": str(ds.SOPInstanceUID),
            "frame_number": None,
            "probabilities": dict.fromkeys(LABELS, 0.9 if number == 8 else 0.1),
        }
        for number, ds in enumerate(datasets)
    ]
    clock.forward(61)
    site.worklist.study_completion.advance()
    result = site.spool.result(uid, "1")
    result.keep(ResultContent({}, slice_scores=json.dumps(rows).encode()))
    finish(site, uid, str(datasets[0].SeriesInstanceUID), result.folder)
    series = site.program().get(f"/api/studies/{uid}/slices").json()
    assert series["best"]["any"] == 8
    assert series["slices"][8]["probabilities"]["any"] == 0.9


def finish(site, uid, series, folder):
    from triage_node.findings import Decision, Label, ModelIdentity
    from triage_node.outcome import Outcome, Status

    outcome = Outcome(
        Status.ANALYZED,
        ModelIdentity("net", "1", "ab"),
        series_instance_uid=series,
        decision=Decision.FLAGGED,
        probabilities=dict.fromkeys(LABELS, 0.9),
        flagged=(Label.ANY,),
        folder=str(folder),
    )
    claim = site.worklist.claims.claim("w")
    assert claim.study_instance_uid == uid
    assert site.worklist.claims.finish(claim, outcome, [])


def test_looking_through_a_study_is_one_access(site, keep):
    uid = keep(*head_ct(slices=12, size=(64, 64)))
    browser = site.signed_in()
    for index in range(3):
        assert browser.get(f"/api/studies/{uid}/slices/{index}").status_code == 200
    browser.get(f"/api/studies/{uid}/slices")
    viewed = [row for row in site.worklist.audit_trail.latest() if row.action == "images_viewed"]
    assert len(viewed) == 2, "the first slice, and the list"
    assert {row.study_instance_uid for row in viewed} == {uid}
    assert site.signed_in("ada").get(f"/api/studies/{uid}/slices/0").status_code == 200
    viewed = [row for row in site.worklist.audit_trail.latest() if row.action == "images_viewed"]
    assert len(viewed) == 3, "another person's look is another access"


def test_what_is_not_there_or_broken_is_said(site, keep, analyzed):
    analyzed("1.2.1")
    datasets = head_ct(slices=12, size=(64, 64))
    uid = keep(*datasets)
    program = site.program()
    assert program.get(f"/api/studies/{uid}/slices/12").status_code == 404
    assert program.get("/api/studies/9.9/slices").status_code == 404
    assert program.get("/api/studies/1.2.1/slices").status_code == 404, "rows, but no file"
    path = site.spool.layout.instance(uid, str(datasets[2].SOPInstanceUID))
    path.write_bytes(path.read_bytes()[:-500])
    answer = program.get(f"/api/studies/{uid}/slices/2")
    assert answer.status_code == 422
    assert "pixel data" in answer.json()["detail"]


def test_the_series_are_judged_in_words(site, keep):
    uid = keep(*head_ct(slices=12, size=(64, 64)), *head_ct(slices=5, size=(64, 64), SeriesNumber=9))
    part = site.signed_in().get(f"/studies/{uid}/series")
    assert part.status_code == 200
    assert "fewer than 10 slices" in part.text


def test_another_series_is_shown_when_it_is_chosen(site, keep):
    thick = head_ct(slices=12, size=(64, 64))
    thin = head_ct(slices=11, size=(64, 64), thickness_mm=1.0, InstanceNumber=None)
    for number, ds in enumerate(thick):
        ds.InstanceNumber = 112 - number
    uid = keep(*thick, *thin)
    program = site.program()
    series = program.get(f"/api/studies/{uid}/slices").json()
    assert [one["instance_number"] for one in series["slices"]] == list(range(112, 100, -1))
    chosen = {"series": str(thin[0].SeriesInstanceUID)}
    series = program.get(f"/api/studies/{uid}/slices", params=chosen).json()
    assert (series["series_instance_uid"], len(series["slices"])) == (chosen["series"], 11)
    assert {one["instance_number"] for one in series["slices"]} == {None}
    stored = np.frombuffer(thin[4].PixelData, "<u2").reshape(64, 64).astype(int) - 1024
    np.testing.assert_array_equal(values(program.get(f"/api/studies/{uid}/slices/4", params=chosen)), stored)
    assert program.get(f"/api/studies/{uid}/slices", params={"series": "1.2.3"}).status_code == 404
