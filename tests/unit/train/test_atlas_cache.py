"""The atlas on disk: made once, the same afterwards, and made again where it cannot be kept or is damaged."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from triage_node.train.phantom import atlas_cache
from triage_node.train.phantom.atlas import Atlas, Map, make_atlas
from triage_node.train.phantom.atlas_cache import NAMES, atlas_key, cache_folder, load_atlas


def small_atlas() -> Atlas:
    """Return maps of the kinds there are: bytes with a unit, millimeters, an edge that is repeated."""
    rng = np.random.default_rng(7)
    share = Map(rng.integers(0, 256, (4, 5, 6)).astype(np.uint8), (1.0, 2.0, 3.0), unit=1 / 255)
    walls = Map(rng.normal(0, 5, (4, 5, 6)).astype(np.float32), (1.0, 2.0, 3.0), outside=-12.0)
    hull = Map(rng.normal(0, 30, (3, 3, 3)).astype(np.float32), (1.0, 1.5, 1.0), 2, None)
    return Atlas(share, share, share, walls, hull, hull)


def assert_same(one: Atlas, other: Atlas) -> None:
    for name in NAMES:
        kept, made = getattr(one, name), getattr(other, name)
        assert kept.values.dtype == made.values.dtype
        assert np.array_equal(kept.values, made.values)
        assert (kept.origin, kept.step_mm, kept.outside, kept.unit) == (
            made.origin, made.step_mm, made.outside, made.unit,
        )  # fmt: skip


@pytest.fixture
def made(monkeypatch, tmp_path) -> list[int]:
    """A cache folder of the test's own, and one entry each time the atlas, a small one here, was made."""
    calls: list[int] = []

    def make() -> Atlas:
        calls.append(1)
        return small_atlas()

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(atlas_cache, "make_atlas", make)
    return calls


def test_it_is_made_once_and_read_back_as_it_was(made, tmp_path):
    assert_same(load_atlas(), small_atlas())
    assert_same(load_atlas(), small_atlas())
    assert len(made) == 1
    assert [path.name for path in (tmp_path / "triage-node").iterdir()] == [f"atlas-{atlas_key()}.npz"]


@pytest.mark.parametrize("damage", ["cut off", "one bit", "empty"])
def test_a_damaged_one_is_made_again(made, tmp_path, damage):
    load_atlas()
    [path] = (tmp_path / "triage-node").iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes({"cut off": content[: len(content) // 2], "one bit": content, "empty": b""}[damage])
    assert_same(load_atlas(), small_atlas())
    assert_same(load_atlas(), small_atlas())
    assert len(made) == 2


def test_where_nothing_can_be_written_it_is_made_each_time(made, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        assert_same(load_atlas(), small_atlas())
    assert len(made) == 2


def test_a_user_without_a_home_has_no_cache(made, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "triage-node"

    def homeless() -> None:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.home", homeless)
    assert cache_folder() is None
    assert_same(load_atlas(), small_atlas())


def test_many_at_once_all_get_it_whole(made, tmp_path):
    with ThreadPoolExecutor(8) as executor:
        found = list(executor.map(lambda _: load_atlas(), range(32)))
    for one in found:
        assert_same(one, small_atlas())
    assert len(list((tmp_path / "triage-node").iterdir())) == 1


def test_other_code_and_other_libraries_have_another_key(monkeypatch, tmp_path):
    key, code = atlas_key(), tmp_path / "atlas.py"
    assert atlas_key() == key
    code.write_text("# another way to make it")
    monkeypatch.setattr(atlas_cache.making, "__file__", str(code))
    assert atlas_key() != key
    monkeypatch.undo()
    monkeypatch.setattr(np, "__version__", "0.0")
    assert atlas_key() != key


@pytest.mark.slow
def test_the_one_that_tests_use_is_the_one_that_is_made(atlas):
    assert_same(atlas, make_atlas())
