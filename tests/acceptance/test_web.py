"""A node's pages over HTTP: the commands that let people in, the one-time password, and the end."""

import os
import pty
import re
import signal
import stat
import subprocess
import threading
from pathlib import Path

import httpx2
import pytest
from nodes import RunningNode
from programs import need

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"


def sign_in(browser, name, password):
    page = browser.get("/sign-in").text
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page)[1]
    return browser.post("/sign-in", data={"name": name, "password": password, "form_token": token})


def system(program):
    return program.get("/api/system").json()


def test_people_and_programs_that_the_commands_let_in(start, wait_for):
    node = start(RunningNode, "node")
    line = node.program.wait_for("Nobody can sign in yet")
    first = Path(line.rpartition(" ")[2])
    assert (first.parent, stat.S_IMODE(first.stat().st_mode)) == (node.folder / "data", 0o600)
    assert first.read_text().strip() not in node.program.printed
    with httpx2.Client(base_url=node.web_address, timeout=60) as browser:
        assert sign_in(browser, "admin", first.read_text().strip()).status_code == 303
        assert browser.get("/").headers["location"] == "/account/password"
        page = browser.get("/account/password").text
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', page)[1]
        fields = {"form_token": token, "old": first.read_text().strip(), "new": PASSWORD, "again": PASSWORD}
        assert browser.post("/account/password", data=fields).status_code == 303
    assert not first.exists(), "the password opens nothing any more"
    added = subprocess.run(
        [need("triage-node"), "--config", node.config, "user", "add", "ray"],
        input=f"{PASSWORD}\n", text=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert "ray may sign in as reader" in added.stdout, added.stderr
    assert "ray" in node.command("user", "list").stdout
    token = node.command("token", "add", "viewer").stdout.strip()
    with httpx2.Client(base_url=node.web_address, timeout=60) as browser:
        assert browser.get("/account").status_code == 303
        assert sign_in(browser, "ray", PASSWORD).status_code == 303
        assert "ray" in browser.get("/account").text
        assert browser.get("/health/live").json() == {"status": "live"}
        assert browser.get("/health/ready").status_code in (200, 503)
        node.command("user", "remove", "ray")
        assert browser.get("/account").status_code == 303
    with httpx2.Client(base_url=node.web_address, timeout=60, headers={"Authorization": f"Bearer {token}"}) as program:
        assert program.get("/api/openapi.json").json()["info"]["title"] == "triage-node"
        wait_for(lambda: any(job["ran_at"] for job in system(program)["upkeep"]), "upkeep runs")
        assert all(job["ok"] for job in system(program)["upkeep"])
        assert wait_for(lambda: system(program)["worker"]["pid"], "a worker runs", 90) > 0
        assert system(program)["queues"]["open"] == 0
        node.command("token", "remove", "viewer")
        # Taken back by another process it is believed for a second (`KNOWN_SECONDS`).
        wait_for(lambda: program.get("/api/openapi.json").status_code == 401, "the token opens nothing")
    assert PASSWORD not in node.program.printed
    assert token not in node.program.printed


def test_the_first_start_on_a_terminal_prints_a_one_time_password(tmp_path, wait_for):
    ours, theirs = pty.openpty()
    with (tmp_path / "log").open("wb") as log:
        node = subprocess.Popen(
            [need("triage-node"), "serve", "--dicom-port", "0", "--web-port", "0", "--data-dir", tmp_path / "data"],
            stdout=theirs,
            stderr=log,
            env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        )
    os.close(theirs)
    printed: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(ours, printed))
    reader.start()
    try:
        text = wait_for(lambda: re.search(rb"at (\S+).*password (\S+)\r", b"".join(printed), re.DOTALL), "password", 60)
        address, password = (part.decode() for part in text.groups())
        with httpx2.Client(base_url=address, timeout=60) as browser:
            assert sign_in(browser, "admin", password).status_code == 303
            assert browser.get("/").headers["location"] == "/account/password"
        assert password not in (tmp_path / "log").read_text()
    finally:
        node.terminate()
        ended = stopped(node)
        reader.join()
        os.close(ours)
    assert ended == 0, (tmp_path / "log").read_text()[-5000:]


def stopped(node, limit_seconds=30):
    """Return the exit code; a node that hangs is made to write where."""
    try:
        return node.wait(limit_seconds)
    except subprocess.TimeoutExpired:
        node.send_signal(signal.SIGABRT)
        return node.wait()


def read_all(terminal, printed):
    try:
        while data := os.read(terminal, 4096):
            printed.append(data)
    except OSError:
        return
