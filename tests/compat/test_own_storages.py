"""A storage of one's own, three methods long, serves every manager; dates go through the same three methods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    CannotStoreError,
    DatedCacheManager,
    MetricTypeError,
    ParameterizedDatedCacheManager,
    SaveError,
    StorageInterface,
    metric,
)
from tests.compat.own_storages import DerivedStorage, DuckStorage, PickleStorage
from tests.payload.samples import same


def today() -> date:
    """Dates of side-cars are local days."""
    return datetime.now().astimezone().date()


class Own(Protocol):
    """The three methods."""

    def exists(self, name: str) -> bool: ...
    def save(self, name: str, data: object) -> object: ...
    def load(self, name: str) -> object: ...


Opener: TypeAlias = Callable[[], Own]


@pytest.fixture(name="opened", params=["duck", "derived", "pickle"])
def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the same storage anew at each call, as the next process would."""
    duck = DuckStorage()
    kinds: dict[str, Opener] = {
        "duck": lambda: duck,
        "derived": lambda: DerivedStorage(tmp_path),
        "pickle": lambda: PickleStorage(tmp_path),
    }
    return kinds[str(request.param)]


class Typed(DatedCacheManager):
    """Counts its runs."""

    verbose = False
    runs = 0

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        Typed.runs += 1
        return np.arange(3.0)

    @metric(params_list=[("a/../b",), ("c",)])
    def pair(self, name: str) -> tuple[str, float]:
        Typed.runs += 1
        return name, np.float64(1.5)


class Quiet(ParameterizedDatedCacheManager):
    """Says nothing."""

    verbose = False


def test_typed_manager(opened: Opener) -> None:
    """Values come back in the declared types, with the day on which they were computed."""
    Typed.runs = 0
    first, second = Typed(opened()), Typed(opened())
    values = (first.spectrum, first.pair.get_all())

    assert same(values, (second.spectrum, second.pair.get_all()))
    assert values[1] == [("a/../b", 1.5), ("c", 1.5)]
    assert Typed.runs == 3
    assert opened().load("Typed.spectrum_date") == today().isoformat()
    assert second.date(Typed.spectrum).astimezone().date() == today()


def test_collected_functions(opened: Opener) -> None:
    """The dynamic API stores under 0.5.0's names, and what 0.5.0 stored is found."""
    opened().save("poly_1", [1, (2,)])
    opened().save("poly_1_date", "2020-02-03")
    cm = Quiet(opened())
    runs: list[int] = []

    @cm.collect(params_list=[[1], [2]])
    def poly(a: int) -> object:
        runs.append(a)
        return {"a": (a, np.zeros(a))}

    assert cm.poly(1) == [1, (2,)]
    assert cm.date("poly_1").astimezone().date() == date(2020, 2, 3)
    assert same({"a": (2, np.zeros(2))}, cm.poly(2))
    assert same({"a": (2, np.zeros(2))}, Quiet(opened())["poly_2"])
    assert runs == [2]
    assert opened().exists("poly_2") and opened().exists("poly_2_date")

    assert same({"a": (1, np.zeros(1))}, poly.fresh(1))
    assert opened().load("poly_1_date") == today().isoformat()


def test_a_value_without_its_date_is_not_stored(opened: Opener) -> None:
    """A save that was cut short between value and date counts for nothing, as in 0.5.0."""
    opened().save("x", 1)
    cm = Quiet(opened())
    cm.set_functions_dict({"x": lambda: 2})

    assert not cm.exists("x")
    assert cm["x"] == 2
    opened().save("x_date", "yesterday")
    assert not Quiet(opened()).exists("x")


def test_what_does_not_fit_is_refused(opened: Opener) -> None:
    """A value of another type than declared is neither converted with a loss nor overwritten unasked."""
    opened().save("Typed.spectrum", "text")
    opened().save("Typed.spectrum_date", "2020-02-03")

    with pytest.raises(MetricTypeError, match=r"expected NDArray\[np.float64\], got str 'text'"):
        _ = Typed(opened()).spectrum
    assert opened().load("Typed.spectrum") == "text"


def test_a_date_takes_no_metric_s_place(opened: Opener) -> None:
    """``x`` and ``x_date`` cannot both be metrics where dates are values as well; whoever comes second is told."""
    cm = Quiet(opened())
    cm.set_functions_dict({"x": lambda: 1, "x_date": lambda: "2020", "y": lambda: 3, "y_date": lambda: "2021"})

    assert cm["x_date"] == "2020"
    with pytest.raises(CannotStoreError, match=r"the date of the metric 'x' and the metric 'x_date'"):
        _ = cm["x"]
    assert cm["y"] == 3
    with pytest.raises(CannotStoreError, match=r"the date of the metric 'y' and the metric 'y_date'"):
        _ = cm["y_date"]
    assert (Quiet(opened())["x_date"], Quiet(opened())["y"]) == ("2020", 3)
    assert cm.cache["x"] == 1


@pytest.mark.parametrize("name", ["../outside", "/abs/outside", "a/b", "..", ".hidden", "a\\b", "100%", "x:y"])
def test_names_stay_in_the_directory(name: str, tmp_path: Path) -> None:
    """No name leads out of the directory of a file-based storage, and no two names share a file."""
    inside = tmp_path / "inside"
    storage = PickleStorage(inside)
    quoted = storage._get_filepath(name).removeprefix(f"{inside}/").removesuffix(".pickle")
    storage.save(name, 1)
    storage.save(quoted, 2)

    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert len(list(inside.iterdir())) == 2
    assert (storage.load(name), storage.load(quoted)) == (1, 2)


@pytest.mark.parametrize("name", ["plain", "with blank", "f_(1, 2)", "ünïcode", "x.tmp", "a,b=c"])
def test_names_are_those_of_0_5_0(name: str, tmp_path: Path) -> None:
    """Whatever 0.5.0 could store within the directory lies where it always did."""
    PickleStorage(tmp_path).save(name, 1)

    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.pickle"]


def test_a_failed_save_leaves_the_old_value(tmp_path: Path) -> None:
    """If ``_save`` fails half-way, the old value stands and nothing else lies about."""
    storage = PickleStorage(tmp_path)
    storage.save("x", 1)
    with pytest.raises(TypeError, match="pickle"):
        storage.save("x", [2, (letter for letter in "generator")])

    assert storage.load("x") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.pickle"]


class Full(DuckStorage):
    """A storage whose disk is full."""

    def save(self, name: str, data: object) -> None:
        raise OSError(28, "No space left on device")


def test_a_failing_storage_is_told(tmp_path: Path) -> None:
    """An ``OSError`` of the storage names the metric; the value stays in memory."""
    cm = Quiet(Full())
    cm.set_functions_dict({"x": lambda: 1})

    with pytest.raises(SaveError, match=r"'x' was not saved.*No space left on device"):
        _ = cm["x"]
    assert cm.cache["x"] == 1


def test_an_incomplete_storage_cannot_be_made() -> None:
    """A subclass that forgets ``load`` is told, where 0.5.0 loaded ``None`` for ever."""

    class Forgetful(StorageInterface):
        def exists(self, name: str, /) -> bool:
            return True

        def save(self, name: str, data: object, /) -> None:
            """Nowhere."""

    with pytest.raises(TypeError, match="load"):
        Forgetful()  # type: ignore[abstract]  # pyright: ignore[reportAbstractUsage]
