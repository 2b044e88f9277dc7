"""Results of sweeps: labelled arrays, and tables in long form."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    LabelledArray,
    MissingExtraError,
    SweepArrayError,
    UndeclaredParametersError,
    metric,
)
from simple_metrics_manager.declaring.frames import data_frame
from simple_metrics_manager.declaring.labelled import labelled

GRID = [(k, mode, 5) for mode in ("slow", "fast") for k in (30, 10, 20)]


class Digits(DatedCacheManager):
    """Sweeps whose values say where they belong."""

    verbose = False

    @metric(params_list=GRID)
    def inertia(self, k: int, mode: str, n: int) -> float:
        return k + n + (0.5 if mode == "fast" else 0.0)

    @metric(params_list=[(1, 1), (2, 2), (2, 1)])
    def spectrum(self, k: int, m: int) -> NDArray[np.float32]:
        return np.array([[k, m, 0], [k * m, k + m, 1]], np.float32)

    @metric(params_list=[(1,), (2,)])
    def title(self, k: int) -> str | None:
        return "one" if k == 1 else None

    @metric(params_list=[(2,), (3,)])
    def ragged(self, k: int) -> NDArray[np.float64]:
        return np.zeros(k)


def test_a_grid_has_an_axis_for_each_parameter_that_varies() -> None:
    """Axes are in the order of the parameters, their values in that of the list; the others are scalars."""
    array = Digits().inertia.to_array()

    assert (array.name, array.dims, array.shape, array.dtype) == (
        "inertia",
        ("k", "mode"),
        (3, 2),
        np.dtype(np.float64),
    )
    assert {name: coord.tolist() for name, coord in array.coords.items()} == {
        "k": [30, 10, 20],
        "mode": ["slow", "fast"],
        "n": 5,
    }
    assert array.values.tolist() == [[35.0, 35.5], [15.0, 15.5], [25.0, 25.5]]
    assert not array.values.flags.writeable
    assert np.array_equal(np.asarray(array), array.values)
    assert repr(array) == (
        "<LabelledArray inertia float64[k: 3, mode: 2]\n  k: 30, 10, 20\n  mode: 'slow', 'fast'\n  n = 5>"
    )


def test_what_is_no_grid_has_one_axis() -> None:
    """Nothing is filled in: the points stand in a row, and the axes of the values come after."""
    array = Digits().spectrum.to_array()

    assert array.dims == ("point", "spectrum_dim_0", "spectrum_dim_1")
    assert (array.shape, array.dtype) == ((3, 2, 3), np.dtype(np.float32))
    assert {name: coord.tolist() for name, coord in array.coords.items()} == {"k": [1, 2, 2], "m": [1, 2, 1]}
    assert np.array_equal(array.values[1], Digits().spectrum(2, 2))


def test_selecting_leaves_the_rest_of_the_sweep() -> None:
    """A parameter that is chosen varies no more; what is left may be a grid where the whole was none."""
    cm = Digits()

    assert cm.inertia.to_array().select(k=10).values.tolist() == [15.0, 15.5]
    assert cm.inertia.to_array().select(k=np.int64(20), mode="fast").values.item() == 25.5
    assert cm.spectrum.to_array().select(k=2).dims == ("m", "spectrum_dim_0", "spectrum_dim_1")


def test_selecting_what_is_not_there() -> None:
    """The message says what there is."""
    array = Digits().inertia.to_array()

    with pytest.raises(UndeclaredParametersError, match=r"inertia .* k=11.\n  Declared: k: 30, 10, 20"):
        array.select(k=11)
    with pytest.raises(TypeError, match="inertia has no parameter 'kk'; it has k, mode, n"):
        array.select(kk=10)


PARAMETERS = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.text(max_size=2), st.none(), st.tuples(st.booleans())
)


@given(rows=st.lists(st.tuples(PARAMETERS, st.integers(0, 2)), min_size=1, max_size=12))
def test_each_point_is_found_again(rows: Sequence[tuple[object, int]]) -> None:
    """Whatever the parameters are, ``1``, ``1.0`` and ``True`` among them, a point's own value stands at its place."""
    array = labelled("x", ["a", "b"], rows, [*range(len(rows))])
    distinct = len({(type(a), repr(a), b) for a, b in rows})

    assert sorted({*array.values.ravel().tolist()}) == sorted(array.values.ravel().tolist())
    assert array.size == distinct
    for a, b in rows:
        first = next(i for i, row in enumerate(rows) if (type(row[0]), repr(row[0]), row[1]) == (type(a), repr(a), b))
        assert array.select(a=a, b=b).values.item() == first


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([np.zeros(2), np.zeros(3)], r"x\(k=1\): it is float64\[3\], but x\(k=0\) is float64\[2\]"),
        ([1, 2.0], r"x\(k=1\): it is float64, but x\(k=0\) is int64"),
        ([1, None], r"x\(k=1\): it is None"),
        (["one"], r"x\(k=0\): it is of type str"),
        ([1, 2**70], r"x\(k=1\): it is an integer of more than 64 bits"),
        ([np.array(["a"])], r"x\(k=0\): it is ndarray <U1\[1\]"),
        ([np.ma.masked_array([1], [True])], r"x\(k=0\): it is MaskedArray int64\[1\]"),
        ([], "x: params_list is empty"),
    ],
)
def test_what_does_not_fit_is_refused(values: Sequence[object], text: str) -> None:
    """The first point that does not fit is named, with its shape."""
    with pytest.raises(SweepArrayError, match=text):
        labelled("x", ["k"], [(k,) for k in range(len(values))], values)


@pytest.mark.parametrize(
    "value",
    [True, 3, 0.5, 1j, np.float32(1), np.datetime64("2024-01-02"), np.timedelta64(3, "s"), np.array(2, np.int8)],
    ids=repr,
)
def test_scalars_keep_their_dtype(value: object) -> None:
    """Numbers of Python's, scalars of numpy's and arrays of no dimension are one number each."""
    array = labelled("x", ["k"], [(1,), (2,)], [value, value])

    assert (array.dims, array.dtype) == (("k",), np.asarray(value).dtype)
    assert array.values.tolist() == [np.asarray(value).tolist()] * 2


def test_names_that_are_taken_get_an_underscore() -> None:
    """A parameter may be called as the axis that we would make."""
    array = labelled("x", ["point", "x_dim_0"], [(1, 1), (2, 2)], [np.zeros(1)] * 2)

    assert array.dims == ("point_", "x_dim_0_")


def test_as_an_array_of_numpys() -> None:
    """``np.asarray`` shares the values, ``np.array`` copies them."""
    array = Digits().inertia.to_array()

    assert np.shares_memory(np.asarray(array), array.values)
    assert np.array(array).flags.writeable
    assert np.asarray(array, np.float32).dtype == np.float32
    assert math.isclose(float(np.mean(array)), 25.25)
    with pytest.raises(ValueError, match="float64 as float32 needs a copy"):
        array.__array__(np.dtype(np.float32), copy=False)


def test_to_xarray() -> None:
    """Dimensions, coordinates, name and values are the same; the values may be changed."""
    pytest.importorskip("xarray")
    cm = Digits()
    found = cm.inertia.to_xarray()
    points = cm.spectrum.to_xarray()
    found[0, 0] = -1.0

    assert (found.name, found.dims) == ("inertia", ("k", "mode"))
    assert found.to_dict()["coords"]["mode"]["data"] == ["slow", "fast"]
    assert found.to_dict()["coords"]["n"]["data"] == 5
    assert found.values.tolist() == [[-1.0, 35.5], [15.0, 15.5], [25.0, 25.5]]
    assert points.dims == ("point", "spectrum_dim_0", "spectrum_dim_1")
    assert points.to_dict()["coords"]["m"]["dims"] == ("point",)
    assert cm.inertia.to_array().values[0, 0] == 35.0


def test_to_dataframe_of_scalars() -> None:
    """One row for each parameter set, whatever its value is; nothing is converted."""
    pytest.importorskip("pandas")
    numbers = Digits().inertia.to_dataframe()
    titles = Digits().title.to_dataframe()

    assert [*numbers.columns] == ["k", "mode", "n", "inertia"]
    assert [*numbers.itertuples(index=False, name=None)][:2] == [(30, "slow", 5, 35.0), (10, "slow", 5, 15.0)]
    assert str(numbers.dtypes["inertia"]) == "float64"
    assert [*titles["title"]] == ["one", None]


def test_to_dataframe_of_arrays() -> None:
    """One row for each element, with its place."""
    pd = pytest.importorskip("pandas")
    frame = Digits().spectrum.to_dataframe()

    assert [*frame.columns] == ["k", "m", "spectrum_dim_0", "spectrum_dim_1", "spectrum"]
    assert [*frame.itertuples(index=False, name=None)][4:8] == [
        (1, 1, 1, 1, 2.0), (1, 1, 1, 2, 1.0), (2, 2, 0, 0, 2.0), (2, 2, 0, 1, 2.0),
    ]  # fmt: skip
    assert frame["spectrum"].dtype == np.float32
    with pytest.raises(SweepArrayError, match=r"ragged\(k=3\): it is float64\[3\]"):
        Digits().ragged.to_dataframe()
    moments = data_frame("x", ["k"], [(1,)], [datetime(2024, 1, 2, tzinfo=UTC)])
    assert isinstance(moments["x"].dtype, pd.DatetimeTZDtype)


@pytest.mark.parametrize(("package", "method"), [("xarray", "to_xarray"), ("pandas", "to_dataframe")])
def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch, package: str, method: str) -> None:
    """By the name of the extra that installs it."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtraError, match=rf"{method}\(\) needs {package}: .*\[{package}\]"):
        getattr(Digits().inertia, method)()


def test_use_stored_false_computes_anew() -> None:
    """As ``get_all`` does."""
    cm = Digits()
    cm.cache["inertia,k=30,mode=slow,n=5"] = -1.0

    assert cm.inertia.to_array().values[0, 0] == -1.0
    assert cm.inertia.to_array(use_stored=False).values[0, 0] == 35.0


def test_labelled_arrays_are_typed() -> None:
    """A checker knows the type of the numbers; this is here to be checked."""
    numbers: LabelledArray[np.float64] = Digits().inertia.to_array()
    arrays: NDArray[np.float32] = Digits().spectrum.to_array().select(k=1).values

    assert (numbers.values.itemsize, arrays.itemsize) == (8, 4)
