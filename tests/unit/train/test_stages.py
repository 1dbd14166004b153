import json

import pytest

from triage_node.errors import ModelError
from triage_node.train.stages import FILE_NAME, Stages


def test_a_finished_stage_is_not_repeated_and_one_that_failed_is(tmp_path):
    done, lines = [], []

    def fail():
        raise RuntimeError("cut off")

    stages = Stages(tmp_path, {"steps": 3}, lines.append)
    stages.run("generate", lambda: done.append("generate"))
    with pytest.raises(RuntimeError):
        stages.run("fit", fail)
    again = Stages(tmp_path, {"steps": 3}, lines.append)
    again.run("generate", lambda: done.append("generate"))
    again.run("fit", lambda: done.append("fit"))
    assert done == ["generate", "fit"]
    assert lines[-3].startswith("generate: finished before")
    assert set(json.loads((tmp_path / FILE_NAME).read_text())["seconds"]) == {"generate", "fit"}


def test_a_folder_begun_with_another_recipe_is_refused(tmp_path):
    Stages(tmp_path, {"steps": 3, "seeds": (1, 2)}, print)
    Stages(tmp_path, {"steps": 3, "seeds": [1, 2]}, print)
    with pytest.raises(ModelError, match="begun with another recipe"):
        Stages(tmp_path, {"steps": 4, "seeds": (1, 2)}, print)


def test_a_broken_list_of_stages_is_named(tmp_path):
    (tmp_path / FILE_NAME).write_text("{}")
    with pytest.raises(ModelError, match="list of stages"):
        Stages(tmp_path, {}, print)
