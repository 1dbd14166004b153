"""Log lines: one each, whatever is in them."""

import io
import logging

import pytest

from triage_node.logs import OneLine


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("1.2\n2026-01-01 ERROR 1 triage_node forged", "1.2\\n2026-01-01 ERROR 1 triage_node forged"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u2028b\x85c", "a\\u2028b\\x85c"),
        ("Müller 山田", "Müller 山田"),
    ],
)
def test_a_field_makes_no_second_line(field, shown):
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    handler.handle(logging.LogRecord("x", logging.WARNING, "", 1, "refused name=%s", (field,), None))
    assert out.getvalue() == f"WARNING refused name={shown}\n"


def test_a_traceback_keeps_its_lines():
    record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), (ValueError, ValueError("why"), None))
    assert OneLine("%(message)s").format(record) == "failed\nValueError: why"
