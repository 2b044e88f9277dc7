"""Memory, storage, compute: in which order a manager asks, and what each of its methods leaves where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    Metric,
    NotStoredError,
    NpzStorageInterface,
    UnknownMetricError,
    metric,
)


class Counting(DatedCacheManager):
    """Counts how often each of its metrics is computed."""

    verbose = False

    def __init__(self) -> None:
        self.runs: list[str] = []

    @metric
    def base(self) -> NDArray[np.float64]:
        self.runs.append("base")
        return np.arange(3.0)

    @metric
    def total(self) -> float:
        self.runs.append("total")
        return float(self.base.sum()) + len(self.runs)

    @metric(params_list=[(1,), (2,)])
    def scaled(self, by: int) -> float:
        self.runs.append(f"scaled {by}")
        return by * self.total


@pytest.fixture(name="storage")
def _storage(tmp_path: Path) -> NpzStorageInterface:
    return NpzStorageInterface(tmp_path / "metrics")


def test_memory_comes_first(storage: NpzStorageInterface) -> None:
    """A value in memory is not asked of the storage again."""
    cm = Counting().use(storage)
    first = cm.total
    storage.delete("Counting.total")

    assert cm.total == first
    assert cm.runs == ["total", "base"]


def test_storage_comes_second(storage: NpzStorageInterface) -> None:
    """What another manager has stored is loaded, and not computed."""
    value = Counting().use(storage).total
    cm = Counting().use(storage)

    assert cm.total == value
    assert cm.runs == []


def test_compute_comes_last(storage: NpzStorageInterface) -> None:
    """What is nowhere is computed once, with what it needs, and stored."""
    cm = Counting().use(storage)

    assert (cm.scaled(2), cm.scaled(2), cm.scaled(by=1)) == (12.0, 12.0, 6.0)
    assert cm.runs == ["scaled 2", "total", "base", "scaled 1"]
    assert sorted(storage.names()) == [
        "Counting.base",
        "Counting.scaled,by=1",
        "Counting.scaled,by=2",
        "Counting.total",
    ]


def test_use_stored_false_overwrites_both(storage: NpzStorageInterface) -> None:
    """``use_stored=False`` computes anew, for this manager and for the next process."""
    cm = Counting().use(storage)
    before = cm.total

    assert cm.get(Counting.total, use_stored=False) == before + 1.0
    assert cm.total == before + 1.0
    assert Counting().use(storage).total == before + 1.0


def test_use_stored_false_replaces_promoted_values() -> None:
    """A value that waits in the manager's ``__dict__`` is replaced there as well."""
    cm = Counting()
    assert (cm.total, cm.total) == (5.0, 5.0)
    assert "total" in vars(cm)

    assert cm.get(Counting.total, use_stored=False) == 6.0
    assert cm.total == 6.0


def test_fresh_is_use_stored_false(storage: NpzStorageInterface) -> None:
    """``cm.scaled.fresh(2)`` computes that parameter set anew, and only that."""
    cm = Counting().use(storage)
    cm.scaled(2)
    cm.scaled.fresh(2)

    assert cm.runs == ["scaled 2", "total", "base", "scaled 2"]


def test_clear_cache_forgets_memory_only(storage: NpzStorageInterface) -> None:
    """After ``clear_cache`` values come from the storage, and without a storage they are computed again."""
    stored, unstored = Counting().use(storage), Counting()
    values = stored.total, unstored.total
    stored.clear_cache()
    unstored.clear_cache()

    assert list(stored.cache) == []
    assert (stored.total, len(stored.runs)) == (values[0], 2)
    assert (unstored.total, len(unstored.runs)) == (values[1] + 2.0, 4)


def test_deleting_an_attribute_forgets_it() -> None:
    """``del cm.total`` forgets that value in memory."""
    cm = Counting()
    first = cm.total
    del cm.total

    assert cm.total == first + 1.0


def test_compute_leaves_the_storage_alone(storage: NpzStorageInterface) -> None:
    """``compute`` holds the value in memory; a later ``get`` stores that same value."""
    cm = Counting().use(storage)
    value = cm.compute(Counting.total)

    assert "Counting.total" not in set(storage.names())
    assert cm.get(Counting.total) == value
    assert "Counting.total" in set(storage.names())
    assert cm.compute(Counting.total, force=True) == value + 1.0


def test_save_stores_what_is_missing(storage: NpzStorageInterface) -> None:
    """``save`` returns the value and does nothing where one is stored, unless it is forced."""
    cm = Counting().use(storage)
    value = cm.save(Counting.total)

    assert cm.save(Counting.total) == value
    assert cm.save(Counting.total, force=True) == value + 1.0
    assert Counting().use(storage).total == value + 1.0


def test_load_never_computes(storage: NpzStorageInterface) -> None:
    """``load`` gives what is stored, or raises; with ``force`` it looks past memory."""
    cm = Counting().use(storage)
    with pytest.raises(NotStoredError, match="'total' is not stored in NpzStorageInterface"):
        cm.load(Counting.total)
    old = cm.total
    other = Counting().use(storage)
    new = other.get(Counting.total, use_stored=False)

    assert (cm.load(Counting.total), cm.load(Counting.total, force=True)) == (old, new)
    assert cm.total == new


def test_exists_is_what_can_be_had_without_computing(storage: NpzStorageInterface) -> None:
    """A metric exists in memory or in the storage; asking does not compute it."""
    cm, unstored = Counting().use(storage), Counting()

    assert not cm.exists(Counting.total)
    assert cm.total == 5.0 == unstored.total
    assert cm.exists(Counting.total) and cm.exists("total") and unstored.exists(Counting.total)
    assert not cm.exists(Counting.scaled(1)) and not cm.scaled.exists(1)
    assert cm.scaled(1) == 5.0
    assert Counting().use(storage).exists(Counting.scaled(1)) and Counting().use(storage).scaled.exists(by=1)
    assert not cm.exists("no such metric")


def test_dates_are_aware_and_kept(storage: NpzStorageInterface) -> None:
    """The date is when the value was computed, in UTC, the same in memory and in every later process."""
    cm = Counting().use(storage)
    with pytest.raises(NotStoredError):
        cm.date(Counting.total)
    before = datetime.now(UTC)
    cm.get(Counting.total)
    after = datetime.now(UTC)
    date = cm.date(Counting.total)

    assert before <= date <= after
    assert date.utcoffset() == timedelta(0)
    assert Counting().use(storage).date("total") == date
    assert cm.get(Counting.total, use_stored=False) != 0 and cm.date(Counting.total) > date


@pytest.mark.parametrize("name", ["scaled,by=2", "scaled_2"])
def test_names_work_where_keys_do(storage: NpzStorageInterface, name: str) -> None:
    """A parameter set is known by its name, and by the name that 0.5.0 would have given it."""
    cm = Counting().use(storage)

    assert cm[name] == cm.get(name) == cm.scaled(2) == cm[Counting.scaled(2)]
    assert cm.runs == ["scaled 2", "total", "base"]


def test_unknown_names_say_what_is_near() -> None:
    """An unknown name is a ``KeyError`` and a ``ValueError`` that suggests the name that was meant."""
    with pytest.raises(UnknownMetricError, match=r"Counting has no metric 'totl'\. Did you mean 'total'?") as caught:
        Counting()["totl"]

    assert {KeyError, ValueError} <= set(type(caught.value).__mro__)
    assert (caught.value.name, caught.value.suggestion) == ("totl", "total")


def test_get_all_has_everything_declared(storage: NpzStorageInterface) -> None:
    """``cm.get_all()`` computes what is missing and gives every declared value by name."""
    cm = Counting().use(storage)
    values = cm.get_all()

    assert list(values) == ["base", "total", "scaled,by=1", "scaled,by=2"]
    assert values["scaled,by=2"] == 2 * cm.total
    assert len(cm.runs) == 4
    assert dict(cm.scaled.items()) == {(1,): cm.total, (2,): 2 * cm.total}
    assert cm.scaled.get_all() == [cm.total, 2 * cm.total]


def test_values_come_back_as_the_first_one_was(storage: NpzStorageInterface) -> None:
    """The value that was computed has the declared type already, not only the one that was loaded."""

    class Loose(DatedCacheManager):
        verbose = False

        @metric
        def number(self) -> float:
            return np.float64(1.5)

        @metric
        def pairs(self) -> list[tuple[int, float]]:
            return [(1, 2), (np.int64(3), 4.5)]  # type: ignore[list-item]  # what numpy users return

    first, second = Loose(storage), Loose(storage)

    assert type(first.number) is float is type(second.number)
    assert first.pairs == second.pairs == [(1, 2.0), (3, 4.5)]
    assert [[type(part) for part in pair] for pair in first.pairs] == [[int, float], [int, float]]


def test_two_managers_of_a_class_share_the_storage_only(storage: NpzStorageInterface) -> None:
    """Memory belongs to one manager; another one of the same class loads."""
    one, two = Counting().use(storage), Counting().use(storage)
    one.get(Counting.base)

    assert list(two.cache) == []
    np.testing.assert_array_equal(two.base, [0.0, 1.0, 2.0])
    assert two.runs == []


def test_use_forgets_what_came_from_elsewhere(tmp_path: Path) -> None:
    """With another storage, values are those of that storage."""
    cm = Counting().use(NpzStorageInterface(tmp_path / "a"))
    value = cm.total
    other = Counting()
    assert other.total == other.total
    other.get(Counting.total, use_stored=False)
    other.use(NpzStorageInterface(tmp_path / "b")).get(Counting.total)

    assert cm.use(NpzStorageInterface(tmp_path / "b")).total != value


def test_a_changed_version_is_computed_anew(storage: NpzStorageInterface, capsys: pytest.CaptureFixture[str]) -> None:
    """What was stored under another ``version`` is disregarded, and says so."""

    def declare(version: int | None) -> type[DatedCacheManager]:
        def score(self: DatedCacheManager) -> int:
            return version or 0

        return type("Scores", (DatedCacheManager,), {"score": Metric(score, version=version)})

    assert declare(None)(storage)["score"] == 0
    assert declare(2)(storage)["score"] == 2
    assert declare(2)(storage)["score"] == 2
    assert "Disregard what is stored of score: it is version None, now is 2" in capsys.readouterr().out


def test_a_changed_type_is_computed_anew(storage: NpzStorageInterface, capsys: pytest.CaptureFixture[str]) -> None:
    """What was stored as another type is never taken for the declared one."""

    def declare(declared: object) -> type[DatedCacheManager]:
        def points(self: DatedCacheManager) -> object:
            return (1, 2) if declared == tuple[int, ...] else [3, 4]

        points.__annotations__["return"] = declared
        return type("Points", (DatedCacheManager,), {"points": Metric(points)})

    assert declare(list[int])(storage)["points"] == [3, 4]
    assert declare(tuple[int, ...])(storage)["points"] == (1, 2)
    assert "it was declared -> list[int], now is -> tuple[int, ...]" in capsys.readouterr().out
