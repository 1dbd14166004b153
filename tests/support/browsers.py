"""Chromium, driven by Playwright: pages as people see them, and whatever a page complains of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright
from programs import need

PASSWORD = "correct horse battery"
DESKTOP = (1440, 900)
PHONE = (390, 844)
NARROW = (320, 700)
"""What a screen has left at 400 % (WCAG 2.1, 1.4.10)."""
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# How long a page is waited for: a machine that is busy with other tests is no failure.
PATIENCE_MS = 60_000

# What a test itself makes the browser write: a refusal that was asked for, a picture that was read back.
OF_TESTS = ("the server responded with a status of 4", "ERR_INTERNET_DISCONNECTED", "willReadFrequently", "GPU stall")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium and end it."""
    program = need("chromium")
    playwright: Playwright = sync_playwright().start()
    expect.set_options(timeout=PATIENCE_MS)
    try:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()
    finally:
        playwright.stop()


def serious(page: Page) -> list[str]:
    """Return what axe-core finds on a page that shuts people out."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']} at {one['nodes'][0]['target']}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@dataclass
class Screen:
    """One person at one browser window; ``complaints`` holds errors of scripts, the console and the content policy."""

    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, browser: Browser, address: str, size: tuple[int, int] = DESKTOP, scheme: str = "dark", **options: Any
    ) -> "Screen":
        """Open a window of its own, where nobody is signed in."""
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, base_url=address, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        screen = cls(context, context.new_page(), address)
        screen.listen(screen.page)
        return screen

    def listen(self, page: Page) -> None:
        """Note what a page complains of."""
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("console", self._note)
        page.on("dialog", self._alert)

    def sign_in(self, name: str, password: str = PASSWORD) -> "Screen":
        """Sign in by the form, as a person does; leads to the worklist."""
        self.page.goto("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        return self

    def row(self, uid: str) -> Any:
        """The row of a study in the worklist."""
        return self.page.locator(f'tr[data-uid="{uid}"]')

    def overflows(self) -> int:
        """How many pixels the page is wider than the window, given time to draw its plots anew after a resize."""
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        for _ in range(60):  # the pages' policy lets no wait_for_function in
            if (found := int(self.page.evaluate(wider))) <= 0:
                break
            self.page.wait_for_timeout(50)
        return found

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning") and not any(cause in message.text for cause in OF_TESTS):
            self.complaints.append(f"console: {message.text}")

    def _alert(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()
