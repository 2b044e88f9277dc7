"""Caches that 0.5.0 wrote, in its four forms: read as they are, by name, by collected functions, by typed managers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias, TypedDict

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    CannotStoreError,
    DatedCacheManager,
    JsonStorageInterface,
    MetricTypeError,
    NpyStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    metric,
)
from tests.payload.samples import same

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

OLD = Path(__file__).parent.parent / "data" / "caches-from-0.5.0"
DAY = date(2026, 11, 22)
Array: TypeAlias = NDArray[np.float64]

AnyStorage: TypeAlias = "JsonStorageInterface | NpyStorageInterface | NpzStorageInterface"

STORAGES: dict[str, AnyStorage] = {
    "json": JsonStorageInterface(OLD / "json"),
    "npy": NpyStorageInterface(OLD / "npy"),
    "npz": NpzStorageInterface(OLD / "npz"),
    "npz-compressed": NpzStorageInterface(OLD / "npz-compressed", compress=True),
}
ARRAYS: dict[str, object] = {
    "poly_X_1": np.arange(6.0).reshape(2, 3),
    "poly_X_4": np.arange(6.0).reshape(2, 3) ** 4,
    "poly_Y_1_2": np.array([225.0, 226.0]),
    "poly_Y_1_3": np.array([225.0, 226.0, 227.0]),
    "poly_Y_4_5": np.arange(958441.0, 958446.0),
    "band_0p5_low": np.linspace(0, 0.5, 4),
    "band_1p25_high": np.linspace(0, 1.25, 4),
    "scalar": np.array(1.5),
}
MANY: list[NDArray[np.int32]] = [np.full(n + 1, n, np.int32) for n in range(12)]
TABLE = {"a": [1, 2, 3], "b": "text", "c": None, "d": {"e": [True, 2.5]}}
JSONS: dict[str, object] = {"poly_X_1": [1] * 4, "poly_X_4": [1, 4, 16, 64], "scalar": 1.5, "table": TABLE}


@pytest.fixture(params=STORAGES)
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the four caches in turn."""
    return str(request.param)


@pytest.fixture(autouse=True)
def _untouched() -> Iterator[None]:
    """Reading changes nothing in these directories: no byte, no time, no new file."""
    before = _state()
    yield
    assert _state() == before


def _state() -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(OLD.rglob("*")) if path.is_file()}


def metric_1() -> Array:
    """The same array lies in all four caches."""
    with np.load(OLD / "npz" / "metric_1.npz") as file:
        array: Array = file["arr_0"]
    return array


class Quiet(ParameterizedDatedCacheManager):
    """Says nothing."""

    verbose = False


# EVIDENCE-OF: P13
def test_by_name(kind: str) -> None:
    """Whatever 0.5.0 stored is there under its name, with its day, for a manager that knows no functions."""
    cm = Quiet(STORAGES[kind])
    wanted = JSONS if kind == "json" else ARRAYS
    names = {path.stem for path in (OLD / kind).iterdir() if not path.stem.endswith("_date")}

    assert names - {"metric_1", "many", "named"} == set(wanted)
    for name, value in wanted.items():
        assert cm.exists(name)
        assert same(value, cm[name])
        assert same(value, cm.load(name, force=True))
        assert cm.date(name).astimezone().date() == DAY
    np.testing.assert_array_equal(cm["metric_1"], metric_1())
    assert not cm.exists("metric_2")


@pytest.mark.parametrize("kind", ["npz", "npz-compressed"])
def test_lists_and_dicts(kind: str) -> None:
    """Lists keep their order beyond ten, dicts their keys."""
    cm = Quiet(STORAGES[kind])

    assert same(MANY, cm["many"])
    named = cm["named"]
    assert list(named) == ["x", "y", "flag"]
    np.testing.assert_array_equal(named["x"], metric_1()[:, 0])
    np.testing.assert_array_equal(named["y"], metric_1()[:, 1].astype(np.float32))
    assert same(np.array(True), named["flag"])


def test_side_cars(kind: str) -> None:
    """The dates can still be had as ``<name>_date`` from the storage itself."""
    storage = STORAGES[kind]

    assert storage.exists("metric_1_date") and storage.exists("poly_X_4_date")
    assert str(storage.load("metric_1_date")) == "2026-11-22"
    assert not storage.exists("metric_2_date")


def test_collected(kind: str) -> None:
    """Collected functions, without annotations or with them, find what 0.5.0 stored of them and are not run."""
    cm = Quiet(STORAGES[kind])

    @cm.collect(params_list=[[1], [4]])
    def poly_X(a: int) -> object:
        raise AssertionError

    @cm.collect
    def scalar() -> float:
        raise AssertionError

    @cm.collect("metric_1")
    def first() -> Array:
        raise AssertionError

    wanted = JSONS if kind == "json" else ARRAYS
    assert same([wanted["poly_X_1"], wanted["poly_X_4"]], cm.poly_X.get_all())
    assert same(wanted["poly_X_4"], poly_X(4, cache=True))
    assert (scalar(cache=True), type(scalar.cached())) == (1.5, float)
    np.testing.assert_array_equal(first.cached(), metric_1())


@pytest.mark.parametrize("kind", ["npy", "npz", "npz-compressed"])
def test_collected_sweeps(kind: str) -> None:
    """Parameters that are floats and text, from ``np.linspace`` or not, name the same files as ever."""
    cm = Quiet(STORAGES[kind])

    @cm.collect(params_list=[(0.5, "low"), (np.float64(1.25), "high")])
    def band(width: float, side: str) -> Array:
        raise AssertionError

    @cm.collect(params_list=[[1, 2], [1, 3], [4, 5]])
    def poly_Y(a: int, b: int) -> object:
        raise AssertionError

    assert same([ARRAYS["band_0p5_low"], ARRAYS["band_1p25_high"]], band.get_all())
    assert same([ARRAYS["poly_Y_1_2"], ARRAYS["poly_Y_1_3"], ARRAYS["poly_Y_4_5"]], poly_Y.get_all())


class Named(TypedDict):
    """What ``named`` holds."""

    x: Array
    y: NDArray[np.float32]
    flag: bool


@attrs.frozen
class NamedClass:
    """The same as a class."""

    x: Array
    y: NDArray[np.float32]
    flag: bool


class Typed(DatedCacheManager):
    """A manager that declares what 0.5.0 stored; it computes nothing."""

    verbose = False

    @metric
    def metric_1(self) -> Array:
        raise AssertionError

    @metric
    def scalar(self) -> float:
        raise AssertionError

    @metric(params_list=[(1,), (4,)])
    def poly_X(self, a: int) -> Array:
        raise AssertionError


class TypedArrays(Typed):
    """What the npz caches hold besides."""

    @metric(params_list=[(0.5, "low"), (1.25, "high")])
    def band(self, width: float, kind: str) -> Array:
        raise AssertionError

    @metric
    def many(self) -> list[NDArray[np.int32]]:
        raise AssertionError

    @metric
    def named(self) -> Named:
        raise AssertionError


class NamedAsClass(DatedCacheManager):
    """``named`` as an attrs class."""

    verbose = False

    @metric
    def named(self) -> NamedClass:
        raise AssertionError


class Table(TypedDict):
    """What ``table`` holds."""

    a: list[int]
    b: str
    c: None
    d: dict[str, list[bool | float]]


class TypedTable(DatedCacheManager):
    """``table`` of the json cache."""

    verbose = False

    @metric
    def table(self) -> Table:
        raise AssertionError


def test_typed(kind: str) -> None:
    """A typed manager gives what 0.5.0 stored in the declared types; what was a list in json is an array."""
    cm = Typed(STORAGES[kind])

    assert same(metric_1(), cm.metric_1)
    assert (cm.scalar, type(cm.scalar)) == (1.5, float)
    assert cm.exists(Typed.metric_1) and cm.poly_X.exists(4)
    assert {cm.date(key).astimezone().date() for key in (Typed.metric_1, Typed.scalar, Typed.poly_X(1))} == {DAY}


def test_typed_json_arrays() -> None:
    """A list of integers in json is the array of floats that was declared."""
    assert same([np.array([1.0, 1, 1, 1]), np.array([1.0, 4, 16, 64])], Typed(STORAGES["json"]).poly_X.get_all())


@pytest.mark.parametrize("kind", ["npz", "npz-compressed"])
def test_typed_containers(kind: str) -> None:
    """Sweeps by floats and text, lists of arrays, dicts as a TypedDict or as a class."""
    cm = TypedArrays(STORAGES[kind])
    named = {"x": metric_1()[:, 0], "y": metric_1()[:, 1].astype(np.float32), "flag": True}

    assert same([ARRAYS["band_0p5_low"], ARRAYS["band_1p25_high"]], cm.band.get_all())
    assert same(ARRAYS["band_0p5_low"], cm.band(kind="low", width=0.5))
    assert same(MANY, cm.many)
    assert same(named, cm.named)
    assert same(
        NamedClass(metric_1()[:, 0], metric_1()[:, 1].astype(np.float32), True), NamedAsClass(STORAGES[kind]).named
    )


def test_typed_table() -> None:
    """A nested dictionary of json is the declared TypedDict."""
    assert same(TABLE, TypedTable(STORAGES["json"]).table)


# EVIDENCE-OF: P13
def test_dates_are_not_overwritten(kind: str, tmp_path: Path) -> None:
    """A new metric that is called like the side-car of an old one is refused, lest that one lose its date."""
    copy = tmp_path / kind
    shutil.copytree(OLD / kind, copy)
    storage = attrs.evolve(STORAGES[kind], metrics_dir=copy)
    cm = Quiet(storage)
    cm.set_functions_dict({"scalar_date": lambda: "today", "other_date": lambda: "today"})

    assert not cm.exists("scalar_date") and not storage.exists("scalar_date_date")
    with pytest.raises(CannotStoreError, match="the date of the metric 'scalar' and the metric 'scalar_date'"):
        _ = cm["scalar_date"]
    assert cm["other_date"] == "today"
    assert Quiet(storage).date("scalar").astimezone().date() == DAY


def test_what_does_not_fit_is_refused(kind: str) -> None:
    """An old value of another type than declared is neither converted with a loss nor computed again unasked."""

    class Wrong(DatedCacheManager):
        verbose = False

        @metric
        def metric_1(self) -> int:
            raise AssertionError

        @metric
        def scalar(self) -> int:
            raise AssertionError

    cm = Wrong(STORAGES[kind])
    with pytest.raises(MetricTypeError, match=r"Wrong.metric_1 is declared -> int: expected int"):
        _ = cm.metric_1
    with pytest.raises(MetricTypeError, match=r"Wrong.scalar is declared -> int"):
        _ = cm.scalar
    assert not list(cm.cache)


# EVIDENCE-OF: P13
def test_new_files_beside_old_ones(kind: str, tmp_path: Path) -> None:
    """``use_stored=False`` leaves the old file to older programs where a typed manager has names of its own."""
    copy = tmp_path / kind
    shutil.copytree(OLD / kind, copy)
    storage = attrs.evolve(STORAGES[kind], metrics_dir=copy)
    before = (copy / f"scalar{storage.file_ext}").read_bytes()

    class Changed(DatedCacheManager):
        verbose = False

        @metric
        def scalar(self) -> float:
            return 2.5

    cm = Changed(storage)
    assert cm.scalar == 1.5
    assert cm.get(Changed.scalar, use_stored=False) == 2.5
    assert Changed(storage).scalar == 2.5
    assert (copy / f"scalar{storage.file_ext}").read_bytes() == before


def test_collected_functions_overwrite_old_files(kind: str, tmp_path: Path) -> None:
    """The dynamic API keeps 0.5.0's names: a new value takes the old one's place, with its own date."""
    copy = tmp_path / kind
    shutil.copytree(OLD / kind, copy)
    storage = attrs.evolve(STORAGES[kind], metrics_dir=copy)
    cm = Quiet(storage)
    cm.collect("scalar")(lambda: 2.5)

    assert float(cm.scalar()) == 1.5
    assert cm.scalar(use_stored=False) == 2.5
    other = Quiet(storage)
    assert (other["scalar"], type(other["scalar"])) == (2.5, float)
    assert other.date("scalar") > datetime.now(UTC) - timedelta(minutes=10)
    assert storage.exists("scalar_date")
