"""A metric may change its format, or its type and with that its format: what was stored last is what counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    Json,
    JsonStorageInterface,
    MemoryStorageInterface,
    Metric,
    Npy,
    Npz,
    NpzStorageInterface,
    SqliteStorageInterface,
    metric,
)
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.storing.entries import StoredEntries
from tests import folders

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

PLACES: dict[str, Callable[[Path], StoredEntries]] = {
    "npz": NpzStorageInterface,
    "json": JsonStorageInterface,
    "sqlite": lambda path: SqliteStorageInterface(path / "metrics.db"),
    "memory": lambda _: MemoryStorageInterface(),
}


@pytest.fixture(params=sorted(PLACES))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    """Each kind of storage."""
    return PLACES[str(request.param)](tmp_path)


def manager(storage: StoredEntries, value: float, form: Format | None) -> DatedCacheManager:
    """One version of the program: its metric ``x`` gives this value, and has this format."""

    def x(self: Run) -> NDArray[np.float64]:
        return np.full(3, value)

    class Run(DatedCacheManager):
        verbose = False
        stored_module = "lab"

    Run.x = Metric(x, format=form)  # type: ignore[attr-defined]  # as a class statement would
    Run.x.__set_name__(Run, "x")  # type: ignore[attr-defined]  # as a class statement would
    Run.__qualname__ = "Run"
    return Run(storage)


def read(storage: StoredEntries, value: float, form: Format | None) -> float:
    """What the metric is for such a program."""
    found = manager(storage, value, form)["x"]
    return float(found[0])


@pytest.mark.parametrize(
    "forms", [(Json(), None, Json()), (None, Npy(), None), (Json(), Npz(), Json()), (None, Json(), None)]
)
def test_no_older_value_comes_back(storage: StoredEntries, forms: tuple[Format | None, ...]) -> None:
    """A program that gives the metric its former format again never finds what was stored before the last value."""
    read(storage, 1.0, forms[0])
    manager(storage, 2.0, forms[1]).get("x", use_stored=False)
    assert read(storage, 2.0, forms[1]) == 2.0

    assert read(storage, 3.0, forms[2]) in (2.0, 3.0)


def test_what_is_stored_twice_is_listed_once(storage: StoredEntries) -> None:
    """However often the format changes, there is one entry of the name, and nothing is left when it is removed."""
    read(storage, 1.0, None)
    manager(storage, 2.0, Json()).get("x", use_stored=False)
    manager(storage, 3.0, Npy()).get("x", use_stored=False)
    manager(storage, 4.0, None).get("x", use_stored=False)

    assert list(storage.names()) == ["Run.x"]
    assert [listed.name for listed in storage.listing()] == ["Run.x"]
    assert np.array_equal(np.asarray(storage.load("Run.x")), np.full(3, 4.0))
    storage.delete("Run.x")
    assert not storage.exists("Run.x")
    assert read(storage, 5.0, Json()) == 5.0


def test_files_of_another_storage_are_left_alone(tmp_path: Path) -> None:
    """Two storages in one directory, which 0.5.0 allowed, do not remove each other's files."""
    npz, plain = NpzStorageInterface(tmp_path), JsonStorageInterface(tmp_path)
    read(plain, 1.0, None)
    manager(npz, 2.0, Npy()).get("x", use_stored=False)
    npz.delete("Run.x")

    assert read(plain, 3.0, None) == 1.0


class Lab(DatedCacheManager):
    """Metrics with formats of their own."""

    verbose = False

    @metric(format=Json())
    def names(self) -> list[str]:
        return ["a", "b"]

    @metric(params_list=[(1,), (2,)], format=Npy())
    def squares(self, k: int) -> NDArray[np.int64]:
        return np.arange(3) ** k


def test_declared_with_a_format(tmp_path: Path) -> None:
    """``@metric(format=...)`` decides which file is written, and the value comes back from that."""
    storage = NpzStorageInterface(tmp_path)
    lab = Lab(storage)
    lab.get_all()

    assert folders.names(tmp_path) == [
        "Lab.names.json",
        "Lab.squares,k=1.npy",
        "Lab.squares,k=2.npy",
    ]
    assert Lab(storage).load(Lab.names) == ["a", "b"]
    assert np.array_equal(np.load(tmp_path / "Lab.squares,k=2.npy"), [0, 1, 4])
    assert Lab(storage).exists(Lab.squares(2))
    assert storage.load("Lab.names") == ["a", "b"]
