from triage_node.ingest.refusal_log import MOST_REMEMBERED, QUIET_SECONDS, Refusals


def test_the_first_of_a_kind_is_news_and_again_after_a_while():
    refusals = Refusals()
    assert refusals.is_news("a", 0.0)
    assert not refusals.is_news("a", QUIET_SECONDS - 1)
    assert refusals.is_news("b", 1.0)
    assert refusals.is_news("a", QUIET_SECONDS + 1)


def test_a_flood_of_different_ones_is_bounded():
    refusals = Refusals()
    assert sum(refusals.is_news(str(number), 0.0) for number in range(5 * MOST_REMEMBERED)) == MOST_REMEMBERED


def test_what_a_sender_does_each_time_is_quiet_for_longer():
    refusals = Refusals()
    assert refusals.is_news("a", 0.0, 3600.0)
    assert not refusals.is_news("a", 3599.0, 3600.0)
    assert refusals.is_news("a", 3600.0, 3600.0)
