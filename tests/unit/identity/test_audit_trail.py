"""The audit trail's filters, on the database itself."""

import pytest

from triage_node.identity import Access, AuditFilters


@pytest.fixture
def trail(worklist):
    worklist.audit_trail.append(
        [
            Access(100.0, "ada", "administrator", "::1", "study_viewed", "1.2.1"),
            Access(200.0, "ray", "reader", "::1", "study_viewed", "1.2.2"),
            # Written after the one before, although it happened earlier.
            Access(150.0, "ray", "reader", "::1", "worklist_viewed"),
            Access(300.0, "ray", "reader", "::1", "audit_trail_viewed", allowed=False),
        ]
    )
    return worklist.audit_trail


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [300, 150, 200, 100]),
        ({"user_name": "ada"}, [100]),
        ({"study_instance_uid": "1.2.2"}, [200]),
        ({"action": "study_viewed"}, [200, 100]),
        ({"refused_only": True}, [300]),
        ({"start": 150.0, "end": 200.0}, [150]),
        ({"start": 200.0}, [300, 200]),
        ({"end": 150.0}, [100]),
        ({"start": 400.0}, []),
        ({"user_name": "ray", "end": 200.0}, [150]),
    ],
    ids=str,
)
def test_filters_and_pages_of_one(trail, filters, found):
    wanted = AuditFilters(**filters)
    assert [row.at for row in trail.page(wanted)] == found
    before, turned = None, []
    while rows := trail.page(wanted, before, limit=1):
        turned.append(rows[0].at)
        before = rows[0].id
    assert turned == found
    assert [row.at for row in trail.every(wanted)] == found


def test_actions_are_told_each_once(trail):
    assert trail.actions() == ["audit_trail_viewed", "study_viewed", "worklist_viewed"]
