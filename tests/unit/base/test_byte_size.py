import pytest

from triage_node.byte_size import byte_size


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1023, "1,023 bytes"),
        (1 << 20, "1.0 MiB"),
        (2048 << 20, "2.0 GiB"),
        (100 * 10**9, "93.1 GiB"),
        (500 << 30, "500 GiB"),
        (3 << 40, "3.0 TiB"),
        (5000 << 50, "5,000 PiB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_it_is_counted_in(size, words):
    assert byte_size(size) == words
