"""The web application over a real worklist and spool, and browsers that sign in as people do."""

import re
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import argon2
from starlette.testclient import TestClient

from triage_node.config import Settings
from triage_node.identity import Role
from triage_node.identity.accounts import Accounts
from triage_node.identity.lockouts import Lockouts
from triage_node.identity.passwords import Passwords
from triage_node.ingest import Indexer, Ingest
from triage_node.storage import Spool, Watermarks
from triage_node.web.application import build_application
from triage_node.web.security.audit import Auditor
from triage_node.worklist import Worklist

PASSWORD = "correct horse battery"
ADDRESS = "http://127.0.0.1"
ADMINISTRATOR = "ada"
READER = "ray"


class Browser(TestClient):
    """A client that keeps cookies, follows no redirect by itself, and knows the form token of its session."""

    form_token: str = ""

    def submit(self, path: str, **fields: object) -> Any:
        """Post a form with the token its page had."""
        return self.post(path, data={"form_token": self.form_token} | fields)


@dataclass
class Site:
    """A site with a reader and an administrator; use it in a `with`."""

    settings: Settings
    worklist: Worklist
    options: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        settings = self.settings
        self.spool = Spool.of(settings, Watermarks.of(settings))
        self.indexer = Indexer(self.spool, self.worklist)
        self.ingest = Ingest(self.spool, self.worklist, self.indexer, settings.maximum_instance_mb << 20)
        self.indexer.start()
        self.auditor = Auditor(self.worklist.audit_trail)
        self.auditor.start()
        self.application = build_application(
            settings, self.worklist, self.spool, self.auditor, ingest=self.ingest, **self.options
        )
        # The same hashes as in use, at the least cost: most tests sign somebody in.
        passwords = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        database, clock = self.worklist.database, self.worklist.audit_trail.clock
        self.worklist.accounts = Accounts(database, clock, Lockouts(database, clock), passwords)
        self.worklist.accounts.add(READER, Role.READER, PASSWORD)
        self.worklist.accounts.add(ADMINISTRATOR, Role.ADMINISTRATOR, PASSWORD)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.auditor.stop()
        self.indexer.stop()

    def browser(self) -> Browser:
        """Return a browser in which nobody is signed in."""
        return Browser(self.application, base_url=ADDRESS, follow_redirects=False)

    def signed_in(self, name: str = READER, password: str = PASSWORD) -> Browser:
        """Return a browser in which somebody is signed in."""
        browser = self.browser()
        token_in(browser, browser.get("/sign-in").text)
        answer = browser.submit("/sign-in", name=name, password=password)
        assert answer.status_code == 303, answer.text
        token_in(browser, browser.get("/account/password").text)
        return browser

    def program(self, role: Role = Role.SERVICE) -> TestClient:
        """Return a client with an API token."""
        token = self.worklist.tokens.add(f"{role}-{len(self.worklist.tokens.all())}", role)
        return TestClient(
            self.application, base_url=ADDRESS, headers={"Authorization": f"Bearer {token}"}, follow_redirects=False
        )


def token_in(browser: Browser, page: str) -> None:
    """Take the form token from a page."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found is not None, "the page has no form with a token"
    browser.form_token = found[1]
