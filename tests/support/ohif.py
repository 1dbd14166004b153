"""OHIF, the viewer of many hospitals: its pages and a DICOMweb server at one origin, and what people do there."""

import http.client
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsers import DESKTOP, Screen
from playwright.sync_api import Browser, Locator, expect

ROOT = Path(__file__).parents[2]
DIST = ROOT / ".peers" / "ohif"
DICOMWEB = "/dicomweb"

CONFIGURATION = {
    "routerBasename": None,
    "extensions": [],
    "modes": [],
    "showStudyList": True,
    "showErrorDetails": "always",
    "maxNumberOfWebWorkers": 1,
    "showWarningMessageForCrossOrigin": False,
    "showCPUFallbackMessage": False,
    "investigationalUseDialog": {"option": "never"},
    "defaultDataSourceName": "dicomweb",
    "dataSources": [
        {
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "dicomweb",
            "configuration": {
                "friendlyName": "DICOMweb",
                "name": "dicomweb",
                "wadoUriRoot": DICOMWEB,
                "qidoRoot": DICOMWEB,
                "wadoRoot": DICOMWEB,
                "qidoSupportsIncludeField": False,
                "imageRendering": "wadors",
                "thumbnailRendering": "wadors",
                "enableStudyLazyLoad": True,
                "supportsFuzzyMatching": False,
                "supportsWildcard": True,
                "dicomUploadEnabled": False,
                "omitQuotationForMultipartRequest": True,
                "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
            },
        }
    ],
}
"""OHIF's app-config.js: one data source, at the origin of the pages."""


def need_ohif() -> Path:
    """Return the folder of OHIF's pages; without it the test is skipped by name, in CI it fails."""
    if (DIST / "index.html").is_file():
        return DIST
    if os.environ.get("TRIAGE_REQUIRE_PEERS"):
        pytest.fail("OHIF is not installed: run make peers")
    pytest.skip("OHIF is not installed: run make peers")


class Ohif:
    """Serve OHIF until it is stopped, and what it asks of DICOMweb from another server, with headers of ours.

    A hospital's reverse proxy does the same: the browser sees one origin, and holds no token.
    """

    def __init__(self, dicomweb: str, headers: Mapping[str, str] | None = None) -> None:
        upstream = urlsplit(dicomweb)
        folder = str(need_ohif())
        script = f"window.config = {json.dumps(CONFIGURATION)};".encode()

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __init__(self, *arguments: object, **options: object) -> None:
                super().__init__(*arguments, directory=folder, **options)

            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path.startswith(f"{DICOMWEB}/"):
                    self._pass_on()
                elif path == "/app-config.js":
                    self._answer(200, "text/javascript", script)
                elif Path(self.translate_path(path)).is_file():
                    super().do_GET()
                else:
                    # The routes of a single-page application are no files.
                    self._answer(200, "text/html", Path(folder, "index.html").read_bytes())

            def _pass_on(self) -> None:
                connection = http.client.HTTPConnection(upstream.netloc, timeout=60)
                asked = {"Accept": self.headers.get("Accept", "*/*"), **(headers or {})}
                try:
                    connection.request("GET", upstream.path + self.path.removeprefix(DICOMWEB), headers=asked)
                    answer = connection.getresponse()
                    media_type, body = answer.getheader("Content-Type", ""), answer.read()
                    if "json" in media_type:  # addresses of bulk data lead back to the one origin
                        body = body.replace(dicomweb.encode(), f"http://{self.headers['Host']}{DICOMWEB}".encode())
                    self._answer(answer.status, media_type, body)
                finally:
                    connection.close()

            def _answer(self, status: int, media_type: str, body: bytes) -> None:
                self.send_response(status)
                if media_type:
                    self.send_header("Content-Type", media_type)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A page that is closed goes away in the middle of an answer."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


PREPARE = """
try {
    localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']));
} catch (withoutStorage) {}  // the frame of a PDF has none
window.faults = [];
for (const kind of ['error', 'unhandledrejection'])
    window.addEventListener(kind, event => {
        window.faults.push(String((event.reason || event.error || event).stack));
    }, true);
"""
"""Nobody is shown around. OHIF handles what is thrown in it, so that no page error comes of it: it is noted before."""

BRIGHTNESS = """canvas => { const copy = document.createElement('canvas');
    [copy.width, copy.height] = [canvas.width, canvas.height];
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) sum += data[at];
    return sum / (data.length / 4); }"""

FAILURE = "Something went wrong"
DOCUMENT = '[type="application/pdf"]'
# How often a series is clicked on, and how long each time until what it shows is there.
ATTEMPTS, ATTEMPT_MS = 6, 20_000


@dataclass
class Viewer:
    """A study that is open in OHIF."""

    screen: Screen
    cut_off: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, address: str, study_instance_uid: str) -> "Viewer":
        """Open a study, and wait for its reports and for what is shown first.

        OHIF shows first what it hears of first, an image or not, and complains when a series is left whose images are
        still on their way.
        """
        screen = Screen.of(browser, address)
        screen.context.set_default_timeout(60_000)
        screen.page.add_init_script(PREPARE)
        viewer = cls(screen)
        screen.page.on("requestfailed", lambda request: viewer.cut_off.append(f"{request.url}: {request.failure}"))
        screen.page.goto(f"/viewer?StudyInstanceUIDs={study_instance_uid}")
        viewer.pane.wait_for()
        screen.page.get_by_text("S:9601").first.wait_for()
        screen.page.wait_for_load_state("networkidle")
        return viewer

    @property
    def pane(self) -> Locator:
        """What is shown."""
        return self.screen.page.locator('[data-cy="viewport-pane"]').first

    def open(self, series_description: str, shown: Locator | None = None) -> None:
        """Open a series, as one does with a double click on it.

        With what it shows then, it is tried again: a list that is drawn anew between two clicks loses them.
        """
        for _ in range(ATTEMPTS):
            self.screen.page.get_by_text(series_description, exact=True).first.dblclick()
            try:
                expect(shown or self.pane).to_be_visible(timeout=ATTEMPT_MS)
            except AssertionError:
                continue
            return
        pytest.fail(f"{series_description} was not opened")

    def says(self, text: str) -> bool:
        """Tell whether a text is shown, after the slice is drawn again: OHIF at times draws what belongs to it then."""
        page = self.screen.page
        size = page.viewport_size
        page.set_viewport_size({"width": DESKTOP[0] + (size["width"] == DESKTOP[0]), "height": DESKTOP[1]})
        page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        return text in (self.pane.text_content() or "")

    def brightness(self) -> float:
        """Return the mean gray of the picture, in [0, 255]; 0 before there is one."""
        canvas = self.pane.locator("canvas").first
        return float(canvas.evaluate(BRIGHTNESS)) if canvas.count() else 0.0

    def turned(self) -> float:
        """Go on by a slice, and return how bright the picture is: the first of a head may be air."""
        self.screen.page.mouse.wheel(0, 100)
        return self.brightness()

    def faults(self) -> list[str]:
        """Return what was thrown, what the console complains of, and whether the viewer owns up to an error.

        With a fault come the requests that were cut off: its own handler of such an error fails and does not say why.
        """
        page = self.screen.page
        shown = [FAILURE] if page.get_by_text(FAILURE).count() else []
        found = [*page.evaluate("window.faults"), *self.screen.complaints, *shown]
        return found and [*found, *self.cut_off]
