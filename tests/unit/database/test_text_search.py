import pytest

from triage_node.database.text_search import query_words, search_text, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Müller^Jörg^^Dr.", ["muller", "jorg", "dr"]),
        ("STRAẞE", ["strasse"]),
        ("PAT-0012/3", ["pat-0012/3"]),
        ("Yamada^Tarou=山田^太郎", ["yamada", "tarou", "山田", "太郎"]),
        ("'; DROP TABLE study; --", ["drop", "table", "study"]),
        ('"*" OR NEAR(', ["or", "near"]),
        ("^=", []),
    ],
)
def test_words_have_no_case_no_accents_and_nothing_a_query_language_knows(text, found):
    assert words(text) == found


def test_a_word_is_found_by_its_parts_too():
    assert search_text("1.2.3", "CT", "A-17/B").split() == ["ct", "a-17/b", "a", "17", "b"]


def test_a_uid_of_digits_is_looked_for_in_its_own_index():
    assert query_words("doe 1.2.840.") == (["doe"], ["1.2.840"])
    assert search_text("1.2.3") == ""
    assert search_text("ID_4f3a") == "id_4f3a id 4f3a"
