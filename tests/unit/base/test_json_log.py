"""Logs as JSON: one object a line, with the same keys, and nothing of an exception's text."""

import io
import json
import logging
import threading
import warnings

import pytest

from triage_node.json_log import JsonLine, configure_logging_as


@pytest.fixture
def written():
    """Write a record and return the object of its line."""

    def write(template: str, *arguments: object, error: BaseException | None = None) -> dict:
        out = io.StringIO()
        handler = logging.StreamHandler(out)
        handler.setFormatter(JsonLine())
        exc_info = (type(error), error, None) if error is not None else None
        handler.handle(logging.LogRecord("triage_node.x", logging.INFO, "", 1, template, arguments, exc_info))
        [line] = out.getvalue().splitlines()
        return json.loads(line)

    return write


def test_a_line_has_always_the_same_keys(written):
    line = written("node_started ae_title=%r port=%d", "TRIAGE", 104)
    assert list(line) == ["time", "level", "event", "logger", "process", "fields"]
    assert line["event"] == "node_started"
    assert line["fields"] == {"ae_title": "TRIAGE", "port": 104}
    assert line["time"].endswith("Z")


@pytest.mark.parametrize(
    ("template", "arguments", "fields"),
    [
        ("delivered", (), {}),
        ("finished taken=%s seconds=%.2f", (True, 4.25), {"taken": True, "seconds": 4.25}),
        ("result_unreadable file=%s/%s error=%s", ("a", "b", "E"), {"file": "a/b", "error": "E"}),
        ("not_private path=%s mode=%o reason='x y'", ("p", 8), {"path": "p", "mode": 8, "reason": "'x y'"}),
        ("refused name=%s", ('a" \n b=c',), {"name": 'a" \n b=c'}),
        ("measured seconds=%f", (float("nan"),), {"seconds": "nan"}),
    ],
)
def test_fields_are_those_of_the_line(written, template, arguments, fields):
    line = written(template, *arguments)
    assert line["event"] == template.split()[0]
    assert line["fields"] == fields


@pytest.mark.parametrize(
    ("template", "arguments"),
    [("Running upgrade %s -> %s", ("a", "b")), ("database_damaged %s", ("x",)), ("50 % off", ())],
)
def test_a_sentence_of_a_library_is_a_message(written, template, arguments):
    line = written(template, *arguments)
    assert line["event"] == "log"
    assert line["fields"] == {"message": template % arguments if arguments else template}


def test_an_exception_does_not_quote_what_it_is_about(written):
    line = written("failed", error=ValueError("Doe^Jane"))
    assert line["fields"]["exception"].startswith("ValueError at")
    assert "Doe" not in json.dumps(line)


def test_everything_on_standard_error_is_json(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    root, level, handlers = logging.getLogger(), logging.getLogger().level, logging.getLogger().handlers[:]
    hook = threading.excepthook
    # Other tests of this process may have set it, as uvicorn does when it is told a level.
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "level", logging.NOTSET)
    monkeypatch.setattr(logging.getLogger("alembic.runtime"), "level", logging.NOTSET)
    try:
        configure_logging_as("json", "INFO")
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        logging.getLogger("alembic.runtime").error("went wrong")
        thread = threading.Thread(target=lambda: 1 / 0, name="dispatcher")
        thread.start()
        thread.join()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("an old call", DeprecationWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
        threading.excepthook = hook
        root.setLevel(level)
        root.handlers[:] = handlers
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["log", "log", "thread_failed", "log"]
    assert lines[2]["fields"]["thread"] == "dispatcher"
    assert lines[2]["fields"]["error"].startswith("ZeroDivisionError")
