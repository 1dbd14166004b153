"""Names as people read them, in any script, and ages."""

import pytest

from triage_node.web.views.person_name import age_at, day, hour, person_name


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("DOE^JANE^M^Dr^PhD", "DOE, Dr JANE M, PhD"),
        ("Doe", "Doe"),
        ("^Jane", "Jane"),
        ("", ""),
        ("^^^^", ""),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田 太郎)"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "Hong, Gildong (洪 吉洞)"),
        ("=山田^太郎", "山田 太郎"),
        ("Sato^Ken==さとう^けん", "Sato, Ken (さとう けん)"),
        ("כהן^דוד", "כהן, דוד"),
        ("a=b=c=d=e", "a (b)"),
        ("one^two^three^four^five^six", "one, four two three, five"),
    ],
)
def test_a_name_is_shown_in_its_scripts(value, shown):
    assert person_name(value) == shown


@pytest.mark.parametrize(
    ("born", "studied", "age"),
    [
        ("19570301", "20240229", "66"), ("19570301", "20240301", "67"), ("20230815", "20240814", "11 mo"),
        ("20240101", "20240101", "0 mo"), ("20240102", "20240101", ""), ("", "20240101", ""), ("19570301", "", ""),
        ("19571301", "20240101", ""), ("1957.03.01", "20240301", "67"), ("x" * 8, "20240101", ""),
    ],
)  # fmt: skip
def test_an_age_is_that_of_the_study(born, studied, age):
    assert age_at(born, studied) == age


def test_what_is_no_date_is_shown_as_it_is():
    assert (day("20240301"), day("2024"), day("")) == ("2024-03-01", "2024", "")
    assert (hour("134501.5"), hour("13"), hour("")) == ("13:45", "13", "")
