"""Every job of a node has a name and a sentence that people understand."""

import pytest
from certificates import Authority

from triage_node.errors import SettingsError
from triage_node.node import Node
from triage_node.node_jobs import plan_delivery, plan_listener, plan_upkeep, plan_worker

ALWAYS = {"study completion", "disk", "queues", "certificates", "worker", "stuck worker", "deliveries"}
BY_SETTINGS = {
    "database backup": {"backup_enabled": False},
    "database care": {"database_window": "off"},
    "destination echo": {"echo_seconds": 0},
    "drift": {"drift_alert": "off"},
}


@pytest.fixture
def jobs(make_settings):
    """The jobs that a node with some settings plans."""
    nodes = []

    def jobs(**settings):
        node = Node(make_settings(destinations=["PACS@127.0.0.1:9"], **settings))
        nodes.append(node)
        deliveries = node._delivery
        plan_upkeep(node.scheduler, lambda: node.settings, node.worklist, node.spool, lambda job: job)
        plan_listener(node.scheduler, node.listener)
        plan_worker(node.scheduler, node.supervisor)
        plan_delivery(node.scheduler, node.settings, node.worklist, lambda: deliveries.dispatchers, deliveries.echo)
        return {job.name: job for job in node.scheduler.jobs}

    yield jobs
    for node in nodes:
        node.parts.close()


def test_each_has_words_and_a_time(jobs, tmp_path):
    issued = Authority(tmp_path / "ca").issue("node")
    tls = {"dicom_tls_port": 0, "dicom_tls_certificate": issued.certificate, "dicom_tls_key": issued.key}
    tls |= {"dicom_tls_client_certificates": "off"}
    found = jobs(dead_letter_window="01:00-04:00", **tls)
    assert set(found) == ALWAYS | set(BY_SETTINGS) | {"daily statistics", "dead letters", "new certificate"}
    assert all(job.does.endswith(".") and job.name == job.name.lower() for job in found.values())
    daily = {name: job.daily_at for name, job in found.items() if job.daily_at}
    assert daily == {
        "database backup": "01:30",
        "database care": "03:00-05:00",
        "daily statistics": "06:00",
        "drift": "06:00",
        "dead letters": "01:00-04:00",
    }


@pytest.fixture
def reloaded(make_settings):
    """Reload a node that does not run; return what came of it and the node."""
    nodes = []

    def reloaded(before, after):
        node = Node(make_settings(destinations=["PACS@127.0.0.1:9"], **before))
        nodes.append(node)
        node.worklist.prepare()
        node._upkeep._plan()
        node._delivery._plan()
        return node.reload(lambda: make_settings(destinations=["PACS@127.0.0.1:9"], **after)), node

    yield reloaded
    for node in nodes:
        node.parts.close()


OTHER = {
    "backup_at": "02:10",
    "database_window": "off",
    "dead_letter_window": "01:00-04:00",
    "statistics_at": "07:00",
    "drift_alert": "off",
    "echo_seconds": 0,
    "keep_images_days": 40,
    "keep_judged_studies": False,
    "series_quiet_seconds": 0.4,
}


def test_a_reload_plans_the_jobs_anew(reloaded):
    found, node = reloaded({}, OTHER)
    assert (set(found.changed), found.waiting, found.error) == (set(OTHER), (), "")
    planned = {job.name: job for job in node.scheduler.jobs}
    assert not {"database care", "drift", "destination echo"} & planned.keys()
    daily = {name: job.daily_at for name, job in planned.items() if job.daily_at}
    assert daily == {"database backup": "02:10", "daily statistics": "07:00", "dead letters": "01:00-04:00"}
    assert planned["study completion"].every_seconds == 0.1
    assert node.worklist.study_completion._timers.series_quiet_seconds == 0.4
    policy = node._upkeep._retention._retention._policy
    assert (policy.ages[0].words, policy.keep_judged) == ("older than 40 days", False)
    again = node.reload(lambda: node.settings.model_copy(update={"database_window": "03:00-04:00"}))
    assert again.changed == ("database_window",)
    assert "database care" in {job.name for job in node.scheduler.jobs}


def test_what_is_switched_off_is_not_planned(jobs):
    off = {name: value for settings in BY_SETTINGS.values() for name, value in settings.items()}
    assert set(jobs(**off)) == ALWAYS | {"daily statistics"}


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("backup_at", "25:00", "not of the form HH:MM"),
        ("statistics_at", "noon", "not of the form HH:MM"),
        ("database_window", "3-5", "not of the form HH:MM-HH:MM"),
        ("dead_letter_window", "01:00-01:00", "not of the form HH:MM-HH:MM"),
        ("backup_keep", 0, "backup_keep"),
    ],
)
def test_times_that_are_none_are_refused_by_name(make_settings, setting, value, words):
    with pytest.raises(SettingsError, match=setting) as refused:
        make_settings(**{setting: value})
    assert words in str(refused.value)
