"""Which image_views of images are remembered, and for how long."""

from cachetools import TTLCache

from triage_node.identity import Role
from triage_node.rate_limit import MOST_KEYS, RateLimit
from triage_node.web.security.image_views import ONE_VIEW_SECONDS, ImageViews
from triage_node.web.security.principal import Principal


def test_a_view_is_noted_for_its_session_and_study_and_a_quarter_of_an_hour(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(
        "triage_node.web.security.image_views.TTLCache", lambda size, seconds: TTLCache(size, seconds, lambda: now[0])
    )
    image_views = ImageViews()
    reader, again = (Principal("reader", Role.READER, "10.0.0.1", session) for session in ("a", "b"))
    image_views.note(reader, "1.2.3")
    assert image_views.is_noted(reader, "1.2.3")
    assert not image_views.is_noted(again, "1.2.3")
    assert not image_views.is_noted(reader, "1.2.4")
    now[0] += ONE_VIEW_SECONDS
    assert not image_views.is_noted(reader, "1.2.3")


def test_a_client_that_asks_is_not_forgotten_for_those_that_came_once():
    limit = RateLimit(1, lambda: 1000.0)
    assert limit.take("busy") == 0
    for number in range(MOST_KEYS - 1):
        limit.take(f"once-{number}")
    assert limit.take("busy") > 0
    limit.take("one more")
    assert limit.take("busy") > 0
    assert limit.take("once-0") == 0, "it was forgotten first"
