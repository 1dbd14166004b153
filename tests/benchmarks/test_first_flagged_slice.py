"""Seconds from the sign-in to the most suspicious slice of the first flagged study, by four keys or fewer."""

import os
import statistics
import time

import pytest
from browsers import PASSWORD, Screen, chromium
from playwright.sync_api import expect
from reading_room import BEST, reading_room

from triage_node.findings import Label
from triage_node.identity import Role
from triage_node.identity.accounts import Accounts
from triage_node.identity.lockouts import Lockouts
from triage_node.identity.passwords import Passwords

ROUNDS = 7
KEYS = ("Enter", "j", "Enter")
"""The first sends the form in which the password was typed."""


def see_the_slice(screen: Screen, count: int) -> tuple[float, float]:
    """Return seconds from sending the password, and from the list, until the slice is drawn."""
    page = screen.page
    page.goto("/sign-in")
    page.get_by_label("Name").fill("rosa")
    page.get_by_label("Password").fill(PASSWORD)
    start = time.perf_counter()
    page.keyboard.press(KEYS[0])
    page.locator("#rows tr").first.wait_for()
    listed = time.perf_counter()
    for key in KEYS[1:]:
        page.keyboard.press(key)
    expect(page.locator(".viewer-place")).to_contain_text(f"{BEST[Label.ANY] + 1} / {count} ", timeout=30_000)
    expect(page.locator(".viewer-message")).to_be_empty(timeout=30_000)
    end = time.perf_counter()
    return end - start, end - listed


@pytest.mark.parametrize("slices", [32, 148])
def test_sign_in_to_slice(tmp_path, slices):
    with reading_room(tmp_path, slices, (512, 512)) as room, chromium() as browser:
        worklist = room.site.worklist
        # With the hashes in use, at their whole cost.
        worklist.accounts = Accounts(worklist.database, time.time, Lockouts(worklist.database, time.time), Passwords())
        worklist.accounts.add("rosa", Role.READER, PASSWORD)
        times = []
        for _ in range(ROUNDS):
            screen = Screen.of(browser, room.address)
            times.append(see_the_slice(screen, slices))
            assert not screen.complaints
            screen.context.close()
    (cold, cold_from_list), *warm = times
    whole, from_list = (statistics.median(column) for column in zip(*warm, strict=True))
    print(
        f"\n{slices} slices of 512 x 512, {len(KEYS)} keys: {whole:.2f} s from the sign-in, {from_list:.2f} s from the "
        f"list; the first time {cold:.2f} s and {cold_from_list:.2f} s; load {os.getloadavg()[0]:.0f} on "
        f"{os.cpu_count()} cores (the bar is 1.5 s)"
    )
