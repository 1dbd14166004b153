"""The loop back to the model: what readers said of a node's studies calibrates it, without naming a patient."""

import json

import pytest
from judged_nodes import JudgedNode
from programs import run
from pydicom import dcmread

from triage_node.findings import LABELS, Label
from triage_node.models import load_model
from triage_node.train.phantom.atlas_cache import load_atlas
from triage_node.train.phantom.dicom_series import write_series

pytestmark = pytest.mark.slow

STUDIES = {7: (), 9: (Label.INTRAPARENCHYMAL,)}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node with two generated studies, all judged by a reader who knows the truth."""
    folder, atlas = tmp_path_factory.mktemp("loop"), load_atlas()
    made = JudgedNode(folder)
    for seed, types in STUDIES.items():
        paths = write_series(folder / "original" / str(seed), seed, types, size=128, atlas=atlas)
        uid = made.receive([dcmread(path) for path in paths])
        made.answer(uid, flagged=(*types, Label.ANY) if types else ())
        made.judge(uid, agrees=True)
    yield made
    made.worklist.close()


@pytest.fixture(scope="module")
def exported(node):
    """The folder of the de-identified studies, beside the label file."""
    out = node.data.parent / "exported"
    answer = node.run("export", "--all-judged", "--deidentify", "--out", out)
    assert answer.exit_code == 0, answer.output
    assert node.run("feedback", "--csv", "--deidentified", "--out", out.with_suffix(".csv")).exit_code == 0
    return out


def test_the_label_file_and_the_export_calibrate_a_model(exported, tmp_path):
    answer = run(
        "triage-node-train", "calibrate", "lesion-map-lite0", "--site", exported.with_suffix(".csv"),
        "--dicom", exported, "--out", tmp_path / "site", timeout_seconds=280,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "2 labeled studies of 2 patients" in load_model(tmp_path / "site").manifest.decision.source
    assert "of 1 studies without hemorrhage flagged" in " ".join(answer.stdout.split())


def test_an_exported_study_gets_the_same_answer(node, exported):
    before, after = (
        json.loads(run("triage-node", "analyze", "--json", folder, timeout_seconds=280).stdout)
        for folder in (node.data.parent / "original", exported)
    )

    def answers(rows):
        return sorted((row["decision"], *(row["probabilities"][label] for label in LABELS)) for row in rows)

    assert len(before) == len(STUDIES)
    assert answers(before) == answers(after)
    assert not {row["study_instance_uid"] for row in before} & {row["study_instance_uid"] for row in after}
    assert len({row["patient_id"] for row in after}) == len(STUDIES)
