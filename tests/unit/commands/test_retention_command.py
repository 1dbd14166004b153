"""What the node would delete, seen before, and deleted on a person's word."""

import json
import time

import pytest
from aged import DAY, Ward
from typer.testing import CliRunner

from triage_node.cli import app
from triage_node.database import day_of
from triage_node.storage import Spool


class SteppedBack:
    """The time of the machine, as far back as it is set."""

    back = 0.0

    def __call__(self) -> float:
        return time.time() - self.back

    def forward(self, seconds: float) -> None:
        self.back -= seconds


@pytest.fixture
def ward(make_settings, make_worklist):
    """Two studies: one of 100 days ago, one of today."""
    settings = make_settings(series_quiet_seconds=20, study_quiet_seconds=60)
    clock = SteppedBack()
    worklist = make_worklist(settings, clock)
    made = Ward(worklist, Spool(settings.data_dir / "spool"), clock)
    clock.back = 100 * DAY
    made.done("1.2.3")
    clock.back = 1 * DAY
    made.done("1.2.4")
    clock.back = 0.0
    yield made
    worklist.close()


@pytest.fixture
def command(ward, monkeypatch):
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(ward.spool.layout.root.parent))

    def run(*arguments, code=0, **settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"TRIAGE_{name}".upper(), str(value))
        answer = CliRunner().invoke(app, [*arguments])
        assert answer.exit_code == code, answer.output
        return answer.output

    return run


def test_by_default_nothing_goes_by_age_and_it_says_what_would_for_room(command):
    shown = command("retention")
    assert "Images of 2 studies are here: 6 instances" in shown
    assert "Nothing is deleted by age: keep_images_days is not set." in shown
    assert "When the disk is low, the oldest first: the images of 1 studies, 3 files" in shown


def test_a_setting_is_tried_before_it_is_in_force(command, ward):
    shown = command("retention", "--dry-run", keep_images_days=90)
    assert "By age, older than 90 days: the images of 1 studies, 3 files" in shown
    assert "1.2.3" in shown
    assert len(ward.files("1.2.3")) == 3


def test_as_json_for_programs(command):
    plan = json.loads(command("retention", "--json", keep_images_days=90))
    [step] = plan["by_age"]
    assert (step["part"], step["portion"]["studies"], step["first"][0]["study_instance_uid"]) == ("images", 1, "1.2.3")


def test_a_person_has_it_done_now(command, ward):
    shown = command("retention", "--now", keep_images_days=90)
    assert "the images of 1 studies" in shown
    assert ward.files("1.2.3") == set()
    assert len(ward.files("1.2.4")) == 3
    assert "no images now" in command("retention", keep_images_days=90)


def test_the_other_commands_say_that_they_are_gone(command, ward, tmp_path):
    command("retention", "--now", keep_images_days=90)
    gone = f"deleted on {day_of(time.time())}"
    assert gone in command("show", "1.2.3")
    assert json.loads(command("show", "1.2.3", "--json"))["images_deleted_at"] == pytest.approx(time.time(), abs=60)
    assert gone in command("worklist", "--hours", "9999")
    assert gone in command("export", "1.2.3", "--out", str(tmp_path / "out"), code=1)
    answer = CliRunner().invoke(app, ["requeue", "1.2.3"])
    assert gone in str(answer.exception)


def test_what_excludes_each_other_is_refused(command):
    assert "choose one" in command("retention", "--now", "--dry-run", code=2)
