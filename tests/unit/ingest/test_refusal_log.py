from triage_node.ingest.refusal_log import MOST_REMEMBERED, MOST_SOURCES, QUIET_SECONDS, Refusals


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


def test_a_flood_from_one_place_hides_nothing_of_another():
    refusals = Refusals()
    for number in range(5 * MOST_REMEMBERED):
        refusals.is_news(str(number), 0.0, 3600.0, source="hostile")
    assert refusals.is_news("a", 1.0, source="honest")
    assert refusals.is_news("a", 1.0, source="hostile"), "what is quiet for another time is told apart"


def test_places_without_number_are_bounded_and_forgotten():
    refusals = Refusals()
    told = [refusals.is_news("a", 0.0, source=number) for number in range(2 * MOST_SOURCES)]
    assert sum(told) == MOST_SOURCES
    assert refusals.is_news("a", QUIET_SECONDS + 1, source="new")
