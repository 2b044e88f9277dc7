"""Moving what is stored to new names and parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    JsonStorageInterface,
    NpyStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    UncoveredParametersError,
    convert_metric_name,
    convert_metric_name_and_arguments,
    metric,
)
from tests import folders
from tests.compat.own_storages import DuckStorage, PickleStorage
from tests.keeping.editions import EDITED

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

AnyStorage: TypeAlias = "NpzStorageInterface | NpyStorageInterface | JsonStorageInterface | PickleStorage"
OPENERS: dict[str, Callable[[Path], AnyStorage]] = {
    "npz": NpzStorageInterface,
    "npy": NpyStorageInterface,
    "json": JsonStorageInterface,
    "pickle": PickleStorage,
}


class Quiet(ParameterizedDatedCacheManager):
    """Says nothing."""

    verbose = False
    on_stale = EDITED


def poly(a: int, b: int = 0) -> list[int]:
    """Stands for something that takes a night."""
    return [a, b]


def never(a: int, b: int = 0, c: int = 0) -> list[int]:
    """Must not be run: its values have been moved here."""
    raise AssertionError


def computed(a: int | str) -> object:
    """May be run."""
    return f"computed {a}"


@pytest.fixture(name="storage", params=OPENERS)
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> AnyStorage:
    """Three metrics whose names begin alike, stored by this version."""
    storage = OPENERS[str(request.param)](tmp_path)
    cm = Quiet(storage)
    cm.collect("poly", params_list=[[1], [2, 3]])(poly)
    cm.collect("poly2", params_list=[(1,)])(poly)
    cm.collect("poly_X", params_list=[(1,)])(poly)
    for cached in cm.parameterized_metrics:
        cached.get_all()
    return storage


@pytest.fixture(name="old")
def _old(tmp_path: Path) -> NpyStorageInterface:
    """The same, as 0.5.0 stored it: dates beside."""
    for name in ("poly_1", "poly_2_3", "poly2_1", "poly_X_1"):
        np.save(tmp_path / f"{name}.npy", np.array([1, 2]))
        np.save(tmp_path / f"{name}_date.npy", np.array("2020-02-03"))
    return NpyStorageInterface(tmp_path)


def files(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Everything in a directory."""
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folders.files(directory)}


def test_simulation_is_the_default(storage: AnyStorage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without ``simulate=False`` every move is printed and none is made."""
    before = files(tmp_path)
    moves = convert_metric_name(storage, "poly", "curve")
    said = capsys.readouterr().out.splitlines()
    rows = [[1], [2, 3]]
    again = convert_metric_name_and_arguments(storage, "poly", "curve", rows, rows)

    assert files(tmp_path) == before
    assert [(move.old, move.new) for move in moves] == [("poly_1", "curve_1"), ("poly_2_3", "curve_2_3")]
    assert [(move.old, move.new) for move in again] == [(move.old, move.new) for move in moves]
    assert said == [
        "simulate move poly_1 to curve_1",
        "simulate move poly_2_3 to curve_2_3",
        "Would move a total of 2 stored metrics from poly to curve",
    ]


def test_a_new_name(storage: AnyStorage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That metric moves with its dates, no other one does; a collected function of the new name finds it."""
    dates = {name: Quiet(storage).date(name) for name in ("poly_1", "poly_2_3")}
    convert_metric_name(storage_interface=storage, old_name="poly", new_name="curve", simulate=False)
    said = capsys.readouterr().out.splitlines()
    cm = Quiet(storage)
    cm.collect("curve", params_list=[[1], [2, 3]])(never)
    cm.collect("poly", params_list=[[1], [2, 3]])(never)

    assert said[-1] == "Moved a total of 2 stored metrics from poly to curve"
    assert cm.curve.get_all() == [[1, 0], [2, 3]]
    assert cm["poly2_1"] == cm["poly_X_1"] == [1, 0]
    assert not cm.exists("poly_1") and not cm.exists("poly_2_3")
    assert (cm.date("curve_1"), cm.date("curve_2_3")) == (dates["poly_1"], dates["poly_2_3"])
    assert storage.exists("curve_1_date") and not storage.exists("poly_1_date")
    assert len(folders.files(tmp_path)) == (8 if isinstance(storage, PickleStorage) else 4)


def test_new_arguments(storage: AnyStorage) -> None:
    """Parameters are reordered or added pair by pair; records say the new ones."""
    convert_metric_name_and_arguments(
        storage_interface=storage,
        old_name="poly",
        new_name="surface",
        old_params_list=[[1], [2, 3]],
        new_params_list=[(1, 0, 5), (np.int64(3), 2, 5)],
        simulate=False,
    )
    cm = Quiet(storage)
    cm.collect("surface", params_list=[(1, 0, 5), (3, 2, 5)])(never)

    assert cm.surface.get_all() == [[1, 0], [2, 3]]
    assert cm["poly2_1"] == cm["poly_X_1"] == [1, 0]
    assert not storage.exists("poly_1")
    if isinstance(storage, NpzStorageInterface):
        record = storage.read_record("surface_3_2_5")
        assert record is not None
        assert (record.name, record.metric) == ("surface_3_2_5", "surface")
        assert record.params == {"0": 3, "1": 2, "2": 5}


def test_old_files_move_with_their_side_cars(old: NpyStorageInterface, tmp_path: Path) -> None:
    """What 0.5.0 wrote is renamed as it is, value and date."""
    contents = {name: data for name, (_, data) in files(tmp_path).items()}
    convert_metric_name(old, "poly", "curve", simulate=False)
    convert_metric_name_and_arguments(old, "poly_X", "poly_Z", [[1]], [[7, 8]], simulate=False)
    renamed = {
        **{f"curve_{params}": f"poly_{params}" for params in ("1", "1_date", "2_3", "2_3_date")},
        "poly_Z_7_8": "poly_X_1",
        "poly_Z_7_8_date": "poly_X_1_date",
        "poly2_1": "poly2_1",
        "poly2_1_date": "poly2_1_date",
    }

    assert {name: data for name, (_, data) in files(tmp_path).items()} == {
        f"{new}.npy": contents[f"{was}.npy"] for new, was in renamed.items()
    }
    assert Quiet(old).date("curve_1").astimezone().date().isoformat() == "2020-02-03"


@pytest.mark.parametrize("simulate", [True, False])
def test_nothing_is_overwritten(storage: AnyStorage, tmp_path: Path, simulate: bool) -> None:
    """If any new name is taken, or two moves end at the same name, nothing at all is moved."""
    before = files(tmp_path)

    with pytest.raises(FileExistsError, match="'poly2_1' is stored already: 'poly_1' would overwrite it"):
        convert_metric_name(storage, "poly", "poly2", simulate)
    with pytest.raises(FileExistsError, match="nothing was moved"):
        convert_metric_name_and_arguments(storage, "poly", "c", [[1], [2, 3]], [[1], [1]], simulate=simulate)
    assert files(tmp_path) == before


def test_side_cars_are_not_overwritten(old: NpyStorageInterface, tmp_path: Path) -> None:
    """A date that lies at the new place without its value is in the way as well."""
    np.save(tmp_path / "curve_2_3_date.npy", np.array("2000-01-01"))
    before = files(tmp_path)

    with pytest.raises(FileExistsError, match="'curve_2_3_date' is stored already"):
        convert_metric_name(old, "poly", "curve", simulate=False)
    assert files(tmp_path) == before


@pytest.mark.parametrize("simulate", [True, False])
def test_uncovered_parameters(storage: AnyStorage, tmp_path: Path, simulate: bool) -> None:
    """A stored parameter set that the list forgets is a ``KeyError``, in a simulation too."""
    before = files(tmp_path)

    with pytest.raises(KeyError) as caught:
        convert_metric_name_and_arguments(storage, "poly", "curve", [[1]], [[1]], simulate=simulate)
    assert isinstance(caught.value, UncoveredParametersError)
    assert (caught.value.metric, caught.value.name) == ("poly", "poly_2_3")
    assert files(tmp_path) == before


def test_lists_that_do_not_match(storage: AnyStorage, tmp_path: Path) -> None:
    """Lists of different lengths, or with one parameter set twice, are refused."""
    before = files(tmp_path)
    with pytest.raises(ValueError, match=r"shorter"):
        convert_metric_name_and_arguments(storage, "poly", "c", [[1], [2, 3]], [[1]], simulate=False)
    with pytest.raises(ValueError, match="'poly_1' is what two parameter sets of old_params_list are called"):
        convert_metric_name_and_arguments(storage, "poly", "c", [[1], [1], [2, 3]], [[1], [2], [3]], simulate=False)
    assert files(tmp_path) == before


@pytest.mark.parametrize("kind", OPENERS)
def test_names_of_ones_own(kind: str, tmp_path: Path) -> None:
    """With a ``name_generation_function`` that is what names old and new."""

    def dashed(base_name: str, params: Sequence[object]) -> str:
        return "-".join(["m", *map(str, params), base_name])

    storage = OPENERS[kind](tmp_path)
    cm = Quiet(storage)
    cm.collect("poly", params_list=[(1,)], name_generation_function=dashed)(poly)
    cm.poly.get_all()
    convert_metric_name_and_arguments(storage, "poly", "curve", [[1]], [[2]], dashed, simulate=False)
    cm = Quiet(storage)
    cm.collect("curve", params_list=[(2,)], name_generation_function=dashed)(never)

    assert cm.curve(2) == cm["m-2-curve"] == [1, 0]
    assert not storage.exists("m-1-poly")


def test_names_that_do_not_begin_with_the_metric(tmp_path: Path) -> None:
    """Such names cannot be renamed by their beginning; the message says which function can."""
    storage = NpzStorageInterface(tmp_path)
    cm = Quiet(storage)
    cm.collect("poly", params_list=[(1,)], name_generation_function=lambda base, params: f"m{params[0]}")(poly)
    cm.poly.get_all()

    with pytest.raises(ValueError, match="'m1' is of poly but not called so; use convert_metric_name_and_arguments"):
        convert_metric_name(storage, "poly", "curve")


def test_ambiguous_names_of_0_5_0_are_named_by_the_caller(old: NpyStorageInterface, tmp_path: Path) -> None:
    """``f("1")`` and ``f(1)`` had one name in 0.5.0; whoever knows which it was can say so."""
    convert_metric_name_and_arguments(old, "poly", "text", [["1"], [2, 3]], [["1"], [2, 3]], simulate=False)
    cm = Quiet(old)
    cm.collect("text", params_list=[["1"], [1]])(computed)

    assert cm.text("1").tolist() == [1, 2]
    assert cm.text(1) == "computed 1"


def test_values_of_this_version_are_not_mistaken(tmp_path: Path) -> None:
    """What the record says was ``poly(1)`` is not moved as ``poly("1")``."""
    storage = NpzStorageInterface(tmp_path)
    cm = Quiet(storage)
    cm.collect("poly", params_list=[[1], [2, 3]])(poly)
    cm.poly.get_all()
    with pytest.raises(UncoveredParametersError, match="'poly_1' is stored of poly"):
        convert_metric_name_and_arguments(storage, "poly", "text", [["1"], [2, 3]], [["1"], [2, 3]])


class Digits(DatedCacheManager):
    """Typed metrics can be renamed, too."""

    verbose = False

    @metric
    def count(self) -> int:
        return 10

    @metric(params_list=[(1,)])
    def inertia(self, k: int) -> float:
        return k / 2


class Numbers(DatedCacheManager):
    """Another class with other names."""

    verbose = False
    on_stale = EDITED

    @metric
    def total(self) -> int:
        raise AssertionError

    @metric(params_list=[(1,)])
    def inertia(self, k: int) -> float:
        raise AssertionError


def test_metrics_of_a_class(tmp_path: Path) -> None:
    """A typed metric is moved under its whole name, to another class or another name."""
    storage = NpzStorageInterface(tmp_path)
    Digits(storage).get_all()
    assert convert_metric_name(storage, "inertia", "moment") == []
    convert_metric_name(storage, "Digits.inertia", "Numbers.inertia", simulate=False)
    convert_metric_name(storage, "Digits.count", "Numbers.total", simulate=False)

    assert Numbers(storage).get_all() == {"total": 10, "inertia,k=1": 0.5}
    assert sorted(storage.names()) == ["Numbers.inertia,k=1", "Numbers.total"]
    record = storage.read_record("Numbers.total")
    assert record is not None
    assert (record.name, record.manager, record.metric) == ("Numbers.total", "Numbers", "total")


def test_a_storage_that_cannot_list() -> None:
    """A storage of three methods cannot say what it holds, and is told what it lacks."""
    with pytest.raises(TypeError, match="cannot list what it stores"):
        convert_metric_name(DuckStorage(), "a", "b")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
