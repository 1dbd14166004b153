import random

from triage_node.delivery import RetryPolicy

POLICY = RetryPolicy(first_seconds=5, longest_seconds=600, give_up_seconds=72 * 3600)


def test_the_pause_doubles_up_to_a_cap():
    pauses = [POLICY.pause_seconds(attempts) for attempts in range(1, 12)]
    for pause, middle in zip(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600], strict=True):
        assert 0.9 * middle <= pause <= 1.1 * middle


def test_pauses_of_the_same_length_are_spread_by_a_tenth(seed):
    random.seed(seed)
    pauses = [POLICY.pause_seconds(20) for _ in range(500)]
    assert len(set(pauses)) == len(pauses)
    assert 540 <= min(pauses) < 546
    assert 654 < max(pauses) <= 660


def test_many_attempts_overflow_nothing():
    assert POLICY.pause_seconds(100_000) <= 660


def test_it_gives_up_by_age_not_by_count():
    assert not POLICY.gives_up(72 * 3600 - 1)
    assert POLICY.gives_up(72 * 3600)
