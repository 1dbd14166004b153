"""The viewer by mouse, keys and fingers: as large as the screen lets it be, and all of it reached by keys."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import DESKTOP, PHONE, Screen
from playwright.sync_api import expect
from reading_room import BEST, SLICES, ReadingRoom, reading_room

from triage_node.findings import Label

HD = (1280, 720)
LARGE = (3840, 2160)
NARROW = (320, 640)
GRAYS = """() => { const canvas = document.querySelector(".viewer-stage canvas");
const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
let hash = 0; for (let i = 0; i < data.length; i += 4) hash = (31 * hash + data[i]) | 0; return hash; }"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReadingRoom]:
    with reading_room(tmp_path_factory.mktemp("room")) as served:
        yield served


@pytest.fixture(scope="module")
def signed_in() -> dict[str, Any]:
    """What the browser keeps, once somebody has signed in."""
    return {}


@pytest.fixture
def look(browser: Any, room: ReadingRoom, signed_in: dict[str, Any]) -> Iterator[Callable[..., Screen]]:
    """Open the study in a window, and wait for its picture; at the end no page may have complained."""
    screens: list[Screen] = []

    def look(**options: Any) -> Screen:
        screen = Screen.of(browser, room.address, storage_state=signed_in.get("state"), **options)
        screens.append(screen)
        if not signed_in:
            screen.sign_in("ray").page.wait_for_url("**/worklist")
            signed_in["state"] = {"cookies": screen.context.cookies(), "origins": []}
        screen.page.goto(f"/studies/{room.study}")
        shown(screen)
        return screen

    yield look
    complaints = [complaint for screen in screens for complaint in screen.complaints]
    for screen in screens:
        screen.context.close()
    assert not complaints


def shown(screen: Screen) -> None:
    expect(screen.page.locator(".viewer-place")).to_contain_text("/ ")
    expect(screen.page.locator(".viewer-message")).to_be_empty()


def expect_slice(screen: Screen, number: int, count: int = SLICES) -> None:
    expect(screen.page.locator(".viewer-place")).to_contain_text(re.compile(f"^{number} / {count} "))
    expect(screen.page.get_by_role("slider")).to_have_attribute("aria-valuenow", str(number))


def canvas_of(screen: Screen) -> Any:
    return screen.page.locator(".viewer-stage canvas")


@pytest.mark.parametrize(
    ("size", "scheme", "least"),
    [(DESKTOP, "dark", 600), (HD, "light", 500), (LARGE, "dark", 1500), (PHONE, "light", 320), (NARROW, "dark", 250)],
)
def test_the_picture_fills_its_place_and_nobody_is_shut_out(look, size, scheme, least):
    screen = look(size=size, scheme=scheme)
    box = canvas_of(screen).bounding_box()
    assert min(box["width"], box["height"]) >= least
    assert box["y"] + box["height"] <= size[1], "the whole picture is seen without scrolling"
    assert screen.overflows() == 0
    for details in screen.page.locator("main details").all():
        details.evaluate("one => { one.open = true; }")
    screen.page.keyboard.press("?")
    for _ in range(2):  # with the help over it, and without
        found = Axe().run(screen.page).response["violations"]
        assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []
        screen.page.keyboard.press("Escape")


def test_each_type_leads_to_its_best_slice_and_says_its_thresholds(look):
    screen = look()
    expect_slice(screen, BEST[Label.ANY] + 1)
    row = screen.page.locator(".scores li", has_text="subarachnoid")
    expect(row).to_contain_text("50.0 %")
    expect(row).to_contain_text("uncertain from 45.0 %, flagged above 80.0 %")
    ticks = [float(one.get_attribute("x1")) for one in row.locator("line").all()]
    assert ticks == [45.0, 80.0]
    row.get_by_role("button", name=f"subarachnoid: slice {BEST[Label.SUBARACHNOID] + 1} of {SLICES}").click()
    expect_slice(screen, BEST[Label.SUBARACHNOID] + 1)
    expect(screen.page.locator(".viewer-place")).to_contain_text("subarachnoid 90 %")
    expect(screen.page.locator(".strip-caption")).to_have_text("score of subarachnoid by slice")


def test_keys_go_through_the_types_that_are_named(look):
    screen = look()
    screen.page.keyboard.press("t")
    expect_slice(screen, BEST[Label.SUBARACHNOID] + 1)
    screen.page.keyboard.press("t")
    expect(screen.page.locator(".viewer-place")).to_contain_text("subdural 90 %")
    screen.page.keyboard.press("Shift+T")
    expect_slice(screen, BEST[Label.SUBARACHNOID] + 1)
    screen.page.keyboard.press("b")
    expect_slice(screen, BEST[Label.ANY] + 1)


def test_the_number_that_the_scanner_gave_is_said_where_it_is_another(look):
    screen = look()
    expect(screen.page.locator(".viewer-place")).to_contain_text(f"image {SLICES - BEST[Label.ANY]} ")
    valued = screen.page.get_by_role("slider").get_attribute("aria-valuetext")
    assert valued.startswith(f"slice {BEST[Label.ANY] + 1} of {SLICES}, image {SLICES - BEST[Label.ANY]}, ")


def test_keys_zoom_move_invert_and_fit(look):
    screen = look()
    states = [screen.page.evaluate(GRAYS)]
    for key in ("+", "Shift+ArrowLeft", "i", "-", "3"):
        screen.page.keyboard.press(key)
        states.append(screen.page.evaluate(GRAYS))
    assert len(set(states)) == len(states)
    expect(screen.page.locator(".viewer-window")).to_have_text("C 600 W 2800 · inverted")
    for key in ("1", "i", "0"):
        screen.page.keyboard.press(key)
    assert screen.page.evaluate(GRAYS) == states[0]


def test_the_mouse_windows_moves_and_zooms(look):
    screen = look()
    box = canvas_of(screen).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    window = screen.page.locator(".viewer-window")

    def drag(right: int, down: int, button: str = "left") -> None:
        screen.page.mouse.move(x, y)
        screen.page.mouse.down(button=button)
        screen.page.mouse.move(x + right, y + down)
        screen.page.mouse.up(button=button)

    drag(20, 10)
    expect(window).to_have_text("C 50 W 120")
    drag(0, -100, "right")
    expect(window).to_have_text("C 50 W 120 · zoom 2.7")
    before = screen.page.evaluate(GRAYS)
    drag(60, 0, "middle")
    moved = screen.page.evaluate(GRAYS)
    assert moved != before
    screen.page.keyboard.press("m")
    drag(-60, 0)
    assert screen.page.evaluate(GRAYS) == before, "the left button moves it back"
    expect(window).to_have_text("C 50 W 120 · zoom 2.7")
    screen.page.keyboard.press("m")
    screen.page.mouse.dblclick(x, y)
    expect(window).to_have_text("C 50 W 120")
    screen.page.keyboard.down("Control")
    screen.page.mouse.wheel(0, -100)
    screen.page.keyboard.up("Control")
    expect(window).to_contain_text("zoom")


def test_the_window_is_kept_from_study_to_study_but_not_for_who_comes_next(look, room):
    screen = look()
    screen.page.keyboard.press("3")
    screen.page.keyboard.press("i")
    screen.page.goto(f"/studies/{room.study}")
    expect(screen.page.locator(".viewer-window")).to_have_text("C 600 W 2800 · inverted")
    expect(look().page.locator(".viewer-window")).to_have_text("C 40 W 80")


def test_another_series_is_chosen_and_a_type_leads_back(look, room):
    screen = look()
    choice = screen.page.get_by_role("combobox", name="Series")
    expect(choice).to_have_value(room.analyzed)
    canvas_of(screen).focus()
    screen.page.keyboard.press("s")
    expect_slice(screen, 7, 12)
    expect(choice).to_have_value(room.thin)
    expect(screen.page.locator(".viewer-series")).to_have_text("HEAD 1mm bone")
    expect(screen.page.locator(".strip")).not_to_be_visible()
    screen.page.get_by_role("button", name="subdural: slice").click()
    expect_slice(screen, BEST[Label.SUBDURAL] + 1)
    expect(choice).to_have_value(room.analyzed)
    choice.select_option(room.thin)
    expect_slice(screen, 7, 12)


def test_full_screen_says_who_it_is(look):
    screen = look()
    before = canvas_of(screen).bounding_box()["height"]
    whole = screen.page.locator(".viewer").bounding_box()
    person = screen.page.locator(".viewer-person")
    expect(person).not_to_be_visible()
    screen.page.keyboard.press("f")
    expect(person).to_be_visible()
    assert canvas_of(screen).bounding_box()["height"] > before
    screen.page.keyboard.press("f")
    expect(person).not_to_be_visible()
    assert screen.page.locator(".viewer").bounding_box() == whole, "the page is as it was"


def test_metal_is_white(look):
    screen = look()
    white = screen.page.evaluate(
        """() => { const canvas = document.createElement("canvas"); canvas.style.width = canvas.style.height = "9px";
        document.body.append(canvas); const picture = new triage.SlicePicture(canvas, () => {});
        picture.setForm(1, 1, [1, 1]); picture.setWindow(40, 80); picture.show(new Int16Array([20000]));
        return canvas.getContext("2d").getImageData(4, 4, 1, 1).data[0]; }"""
    )
    assert white == 255


def test_every_key_of_the_help_does_something(look):
    """The keys that the help lists are those that the scripts know, and the other way round."""
    screen = look()
    screen.page.keyboard.press("?")
    help_ = screen.page.get_by_role("dialog")
    expect(help_).to_be_visible()
    listed = set(help_.locator("dt kbd").all_inner_texts())
    screen.page.keyboard.press("3")
    expect(screen.page.locator(".viewer-window")).to_have_text("C 40 W 80")
    screen.page.keyboard.press("Escape")
    arrows = {"ArrowUp": "↑", "ArrowDown": "↓", "ArrowLeft": "←", "ArrowRight": "→"}
    known = {arrows.get(key, key) for key in screen.page.evaluate("triage.keys")}
    assert known - {"="} == listed - {"Shift"}


def test_fingers_turn_slices_and_two_zoom(look):
    screen = look(size=PHONE, has_touch=True, is_mobile=True)
    box = canvas_of(screen).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = screen.context.new_cdp_session(screen.page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": at[0], "y": at[1], "id": number} for number, at in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (x, y))
    for step in range(1, 7):
        fingers("touchMove", (x, y - 6 * step))
    fingers("touchEnd")
    expect_slice(screen, BEST[Label.ANY] + 1 + 3)
    fingers("touchStart", (x - 20, y), (x + 20, y))
    for step in range(1, 5):
        fingers("touchMove", (x - 20 - 10 * step, y), (x + 20 + 10 * step, y))
    fingers("touchEnd")
    expect(screen.page.locator(".viewer-window")).to_contain_text("zoom 3.0")
    expect_slice(screen, BEST[Label.ANY] + 1 + 3)


def test_four_keys_lead_from_the_list_to_the_most_suspicious_slice(look, room):
    screen = look()
    screen.page.goto("/worklist")
    pressed = ["j", "Enter"]
    for key in pressed:
        screen.page.keyboard.press(key)
    screen.page.wait_for_url(f"**/studies/{room.study}")
    shown(screen)
    expect_slice(screen, BEST[Label.ANY] + 1)
    assert len(pressed) <= 4
