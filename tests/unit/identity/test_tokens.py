"""Tokens of programs: good until removed or expired, also where another process removes them."""

import pytest

from triage_node.identity.tokens import KNOWN_SECONDS, Tokens


@pytest.fixture
def other_process(worklist, clock):
    return Tokens(worklist.tokens._database, clock)


def test_a_token_is_known_a_moment_after_it_was_checked(worklist, clock):
    secret = worklist.tokens.add("ris")
    assert worklist.tokens.known(secret) is None
    assert worklist.tokens.check(secret).name == "ris"
    assert worklist.tokens.known(secret).name == "ris"
    assert worklist.tokens.known(secret + "x") is None
    clock.forward(KNOWN_SECONDS)
    assert worklist.tokens.known(secret) is None


def test_a_token_that_was_removed_is_forgotten_at_once(worklist):
    secret = worklist.tokens.add("ris")
    worklist.tokens.check(secret)
    worklist.tokens.remove("ris")
    assert worklist.tokens.known(secret) is None
    assert worklist.tokens.check(secret) is None


def test_a_token_that_another_process_removed_is_good_for_a_moment_at_most(worklist, other_process, clock):
    secret = worklist.tokens.add("ris")
    worklist.tokens.check(secret)
    other_process.remove("ris")
    clock.forward(KNOWN_SECONDS)
    assert worklist.tokens.known(secret) is None
    assert worklist.tokens.check(secret) is None


def test_a_known_token_expires_on_time(worklist, clock):
    secret = worklist.tokens.add("ris", days=0.5 / 86400)
    assert worklist.tokens.check(secret)
    clock.forward(0.5)
    assert worklist.tokens.known(secret) is None


def test_the_memory_of_tokens_is_bounded(worklist, clock, monkeypatch):
    monkeypatch.setattr("triage_node.identity.tokens.MOST_KNOWN", 3)
    tokens = Tokens(worklist.database, clock)
    secrets = [tokens.add(f"ris{number}") for number in range(5)]
    assert all(tokens.check(secret) for secret in secrets)
    assert [bool(tokens.known(secret)) for secret in secrets] == [False, False, True, True, True]
