"""axe-core finds nothing serious on any page, dark or light, wide or narrow."""

import pytest
from browsers import DESKTOP, NARROW, PHONE, serious

from triage_node.identity import Role
from triage_node.web.registry import navigation, routers

PAGES = {
    "archive": "/worklist?list=all&decision=flagged",
    "nothing": "/worklist?text=nobody",
    "study": "/studies/{flagged}",
    "not analyzed": "/studies/{unsuitable}",
    "no such sender": "/admin/senders?who=CT9",
    "a long period": "/statistics?from=2024-01-01&to=2026-12-31",
    "a month": "/statistics/month",
    "account": "/account",
    "api": "/api",
    "password": "/account/password",
    "no such page": "/nothing",
}


def of_administrators() -> dict[str, str]:
    found = [route for router in routers() for route in router.routes if route.path.startswith("/admin")]
    return {one.path: one.path for one in found if "GET" in one.methods and not one.path.endswith(".csv")}


@pytest.mark.parametrize(("scheme", "size"), [("dark", DESKTOP), ("light", PHONE)])
def test_no_page_shuts_anybody_out(open_screen, ward, scheme, size):
    screen = open_screen("", scheme=scheme, size=size)
    screen.page.goto("/sign-in")
    found = {"sign in": serious(screen.page)}
    screen = open_screen("ada", scheme=scheme, size=size)
    pages = {entry.title: entry.path for entry in navigation().for_role(Role.ADMINISTRATOR)}
    pages |= of_administrators() | PAGES
    assert len(pages) > len(PAGES) + 5
    for name, path in pages.items():
        screen.page.set_viewport_size({"width": size[0], "height": size[1]})
        screen.page.goto(path.format(flagged=ward.flagged, unsuitable=ward.unsuitable))
        if name == "study":
            screen.page.locator(".viewer-place").get_by_text("/ 32").wait_for()
        for details in screen.page.locator("main details").all():
            details.evaluate("one => { one.open = true; }")
        found[name] = serious(screen.page)
        if size == PHONE:
            screen.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        found[name] += ["wider than the window"] if screen.overflows() > 0 else []
    assert not {name: problems for name, problems in found.items() if problems}
