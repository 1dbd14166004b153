import stat

import pytest

from triage_node.deidentification import Pseudonyms, one_off_key, stored_key
from triage_node.errors import StorageError


def test_the_key_is_made_once_and_private(tmp_path):
    first = stored_key(tmp_path)
    assert stored_key(tmp_path) == first
    assert len(first) == 32
    [file] = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert one_off_key() not in (first, one_off_key())


@pytest.mark.parametrize("content", ["", "abc", "0" * 63, "g" * 64])
def test_a_file_that_holds_no_key_is_never_replaced(content, tmp_path):
    path = tmp_path / "deidentification-key"
    path.write_text(content)
    with pytest.raises(StorageError, match="does not hold a key"):
        stored_key(tmp_path)
    assert path.read_text() == content


def test_other_keys_give_other_pseudonyms_and_a_short_one_is_refused():
    one, other = Pseudonyms(bytes(32)), Pseudonyms(bytes(31) + b"\1")
    assert one.uid("1.2.3") != other.uid("1.2.3")
    assert one.patient("P1") != other.patient("P1")
    assert one.shift("P1") != other.shift("P1")
    assert one.uid("1.2.3") == one.uid("1.2.3\0")
    assert one.uid("1.2.840.10008.1.2") == "1.2.840.10008.1.2"
    with pytest.raises(ValueError, match="needs 32"):
        Pseudonyms(b"short")
