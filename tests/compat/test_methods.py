"""Every method and keyword of 0.5.0's ``DatedCacheManager`` does what its documentation says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    JsonStorageInterface,
    NotStoredError,
    NpzStorageInterface,
    UnknownMetricError,
)
from tests.compat.own_storages import DuckStorage

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")


class Counted:
    """A manager of the functions ``one`` and ``two``, which count their runs."""

    def __init__(self, directory: Path) -> None:
        self.runs: list[str] = []
        self.cm = DatedCacheManager(storage_interface=NpzStorageInterface(directory))
        self.cm.verbose = False
        self.cm.set_functions_dict({"one": self.one, "two": self.two})

    def one(self) -> int:
        self.runs.append("one")
        return len(self.runs)

    def two(self) -> list[int]:
        self.runs.append("two")
        return [int(self.cm["one"]), 2]


@pytest.fixture(name="counted")
def _counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def test_functions_dict_is_the_dictionary_that_was_set(counted: Counted) -> None:
    """What is put into the user's own dictionary later counts, and ``functions_dict`` may be assigned."""
    functions: dict[str, Callable[[], object]] = {"a": lambda: "a"}
    counted.cm.set_functions_dict(functions)
    assert counted.cm.functions_dict is functions
    functions["b"] = lambda: "b"
    assert (counted.cm["a"], counted.cm["b"]) == ("a", "b")

    counted.cm.functions_dict = {"c": lambda: "c"}
    assert counted.cm["c"] == "c"


def test_a_deleted_function_leaves_what_is_stored(counted: Counted) -> None:
    """Without its function a metric can be loaded, but no longer computed."""
    assert counted.cm["one"] == 1
    del counted.cm.functions_dict["one"]

    assert counted.cm["one"] == 1
    with pytest.raises(UnknownMetricError, match="has no metric 'one'"):
        counted.cm.get("one", use_stored=False)
    assert counted.cm["one"] == 1


def test_names_without_a_function_load(counted: Counted, tmp_path: Path) -> None:
    """What is stored can be had by name from a manager that knows no functions; computing it is ``ValueError``."""
    assert counted.cm["two"] == [2, 2]
    bare = DatedCacheManager(NpzStorageInterface(tmp_path))

    assert bare.exists("two") and not bare.exists("three")
    assert (bare.load("two"), bare.get("two"), bare["one"]) == ([2, 2], [2, 2], 2)
    assert bare.save("two") == [2, 2]
    asks: list[Callable[[], object]] = [
        lambda: bare.compute("two", force=True),
        lambda: bare.save("two", force=True),
        lambda: bare["three"],
    ]
    for ask in asks:
        with pytest.raises(ValueError, match="has no metric") as caught:
            ask()
        assert isinstance(caught.value, UnknownMetricError) and isinstance(caught.value, KeyError)


def test_cache_is_the_memory(counted: Counted) -> None:
    """``cache`` can be read, asked, iterated, and made to forget; what is stored stays."""
    cache = counted.cm.cache
    assert (len(cache), list(cache), "two" in cache) == (0, [], False)
    assert counted.cm["two"] == [2, 2]

    assert dict(cache) == {"one": 2, "two": [2, 2]}
    assert ("two" in cache, cache.get("three"), len(counted.cm.cache)) == (True, None, 2)
    del cache["two"]
    assert list(cache) == ["one"]
    cache.clear()
    assert list(cache) == []
    assert counted.cm["two"] == [2, 2]
    assert counted.runs == ["two", "one"]
    with pytest.raises(KeyError, match="three"):
        del cache["three"]


def test_a_value_put_into_the_cache_counts(counted: Counted, tmp_path: Path) -> None:
    """``cache[name] = value`` stands for a computed value: it is given back, and stored by ``get``."""
    mine = [7]
    counted.cm.cache["two"] = mine
    mine.append(8)

    assert counted.cm.get("two") == [7]
    assert DatedCacheManager(NpzStorageInterface(tmp_path))["two"] == [7]
    assert counted.runs == []


def test_clear_cache_forgets_memory_only(counted: Counted) -> None:
    """``clear_cache`` works, unlike in 0.5.0, and leaves the storage alone."""
    assert counted.cm["two"] == [2, 2]
    counted.cm.clear_cache()

    assert list(counted.cm.cache) == []
    assert counted.cm["two"] == [2, 2]
    assert counted.runs == ["two", "one"]


def test_exists(counted: Counted) -> None:
    """A metric exists if it can be had without computing: in memory or in the storage."""
    assert not counted.cm.exists("one")
    counted.cm.compute("one")
    assert counted.cm.exists(name="one")
    assert not NpzStorageInterface.exists(_npz(counted), "one")
    counted.cm.save("one")
    counted.cm.clear_cache()
    assert counted.cm.exists("one")


def _npz(counted: Counted) -> NpzStorageInterface:
    storage = counted.cm.storage_interface
    assert isinstance(storage, NpzStorageInterface)
    return storage


def test_compute(counted: Counted) -> None:
    """``compute`` returns the value in memory, with ``force`` a new one; nothing is stored."""
    assert counted.cm.compute("one") == 1
    assert counted.cm.compute("one") == 1
    assert counted.cm.compute("one", True) == 2
    assert counted.cm.compute(name="one", force=True, verbose=False) == 3
    assert counted.cm.cache["one"] == 3
    assert not _npz(counted).exists("one")


def test_save_returns_the_data(counted: Counted, tmp_path: Path) -> None:
    """``save`` computes what is not stored, returns it, and does nothing to what is, unless it is forced."""
    assert counted.cm.save("one") == 1
    before = (tmp_path / "one.npz").read_bytes()
    assert counted.cm.save("one") == 1
    assert (tmp_path / "one.npz").read_bytes() == before
    assert counted.cm.save("one", True) == 2
    assert counted.cm.save(name="one", force=True, verbose=False) == 3
    assert DatedCacheManager(NpzStorageInterface(tmp_path)).load("one", verbose=False) == 3


def test_save_stores_what_compute_has_left_in_memory(counted: Counted) -> None:
    """What was computed is not computed again to be saved."""
    assert counted.cm.compute("one") == counted.cm.save("one") == 1
    assert counted.runs == ["one"]


def test_load(counted: Counted, tmp_path: Path) -> None:
    """``load`` gives what is in memory, with ``force`` what is stored; never anything computed."""
    with pytest.raises(NotStoredError, match="'one' is not stored in NpzStorageInterface"):
        counted.cm.load("one")
    assert counted.cm["one"] == 1
    assert Counted(tmp_path).cm.get("two", use_stored=False) == [1, 2]
    other = Counted(tmp_path)
    other.runs.append("")
    assert other.cm.get("one", use_stored=False) == 2

    assert counted.cm.load("one") == 1
    assert counted.cm.load(name="one", force=True, verbose=False) == 2
    assert counted.cm["one"] == 2
    with pytest.raises(KeyError, match="'never' is not stored"):
        counted.cm.load("never")


def test_get(counted: Counted, tmp_path: Path) -> None:
    """``get`` computes, stores and returns; ``use_stored=False`` overwrites memory and storage."""
    assert counted.cm.get("one") == counted.cm["one"] == 1
    assert counted.cm.get("one", False) == 2
    assert counted.cm.get(name="one", use_stored=False, verbose=False) == 3
    assert DatedCacheManager(NpzStorageInterface(tmp_path)).get("one", verbose=False) == 3


@pytest.mark.parametrize("method", ["get", "compute", "save", "load", "exists"])
@pytest.mark.parametrize("keyword", ["use_cached", "Force", "print"])
def test_unknown_keywords_are_refused(counted: Counted, method: str, keyword: str) -> None:
    """A keyword that is misspelt is no wish that goes unheard."""
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{keyword}'"):
        getattr(counted.cm, method)("one", **{keyword: True})
    assert counted.runs == []


def test_another_storage(counted: Counted, tmp_path: Path) -> None:
    """``storage_interface`` may be assigned; from then on values come from there, and none from memory."""
    assert counted.cm["one"] == 1
    elsewhere = JsonStorageInterface(tmp_path / "elsewhere")
    counted.cm.storage_interface = elsewhere
    assert counted.cm.storage_interface is elsewhere
    assert counted.cm["one"] == 2
    counted.cm.storage_interface = DuckStorage()
    assert counted.cm["one"] == 3
    counted.cm.storage_interface = NpzStorageInterface(tmp_path)
    assert counted.cm["one"] == 1


def test_storage_methods_take_keywords(tmp_path: Path) -> None:
    """``exists``, ``save`` and ``load`` of a storage call their parameters ``name`` and ``data``."""
    storage = NpzStorageInterface(metrics_dir=str(tmp_path), compress=True, allow_pickle=False, list_limit=3)
    storage.save(name="x", data=[1, 2])

    assert storage.exists(name="x")
    assert storage.load(name="x") == [1, 2]
    with pytest.raises(TypeError, match="list_limit=3"):
        storage.save("x", [1, 2, 3, 4])
    assert storage.load("x") == [1, 2]
