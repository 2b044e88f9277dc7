"""Two different metrics never share a value: what 0.5.0 mixed up is told apart, or refused."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager import (
    MetricsError,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    WrongIdentityError,
)
from simple_metrics_manager.keys import canonical, canonical_text, collected_name, python_scalar
from tests import folders

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")


class Dynamic(ParameterizedDatedCacheManager):
    """Takes any parameters, and says nothing."""

    verbose = False

    def __init__(self, directory: Path) -> None:
        super().__init__(NpzStorageInterface(directory), dynamic_metric_creation=True)

    def metric_inputs(self) -> dict[str, object]:
        return {}


def show(*params: object) -> str:
    """Says exactly what it was called with."""
    return ", ".join(f"{type(value).__name__} {value!r:.60} {hash_of(value)}" for value in params)


def hash_of(value: object) -> int:
    """Tells long arrays apart, whose ``repr`` does not."""
    return hash(value.tobytes()) if isinstance(value, np.ndarray) else 0


def middle(changed: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """5,000 numbers of which ``str`` shows six."""
    array = np.zeros(5000)
    array[2500] = changed
    return array


PAIRS: list[tuple[tuple[object, ...], tuple[object, ...]]] = [
    (("x_1", 2), ("x", "1_2")),
    ((1,), ("1",)),
    ((1,), (1.0,)),
    ((1,), (True,)),
    ((1.0,), (True,)),
    ((0.0,), (-0.0,)),
    ((0,), (False,)),
    ((1.5,), ("1p5",)),
    ((1.5,), ("1.5",)),
    ((None,), ("None",)),
    ((True,), ("True",)),
    ((math.inf,), ("inf",)),
    ((math.nan,), ("nan",)),
    ((1e22,), (10**22,)),
    ((np.float32(0.1),), (0.1,)),
    ((middle(0.0),), (middle(1.0),)),
    ((np.zeros(2),), (np.zeros(2, np.float32),)),
    ((np.zeros(2),), ([0.0, 0.0],)),
    (([1, 2],), ((1, 2),)),
    (((1, 2),), ("(1, 2)",)),
    (((1,),), ((1.0,),)),
    (("",), ()),
    (("a", "b"), ("a_b",)),
    (("a b",), ("a-b",)),
    (("a/b",), ("a-b",)),
    (("é",), ("è",)),
    ((b"a",), ("b'a'",)),
    (({"a": 1},), ({"a": 1.0},)),
    (({1, 2},), (frozenset({1, 2}),)),
]


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_parameters_are_told_apart(one: tuple[object, ...], two: tuple[object, ...], tmp_path: Path) -> None:
    """Each call gets its own value, whichever comes first, in one manager and in the next."""
    for directory, calls in ((tmp_path / "a", (one, two)), (tmp_path / "b", (two, one))):
        for _ in range(2):
            cm = Dynamic(directory)
            cm.collect(params_list=[])(show)
            for call in calls:
                assert cm.show(*call) == show(*map(python_scalar, call))


@pytest.mark.parametrize(("one", "two"), [("Low", "low"), ("aB", "Ab")])
def test_capitals_count(one: str, two: str, tmp_path: Path) -> None:
    """Names that differ in capitals only are two; where a disk takes them for one, the file itself tells."""
    cm = Dynamic(tmp_path)
    cm.collect(params_list=[])(show)
    assert (cm.show(one), cm.show(two)) == (show(one), show(two))

    (tmp_path / f"show_{one}.npz").replace(tmp_path / f"show_{two}.npz")
    cm.clear_cache()
    with pytest.raises(WrongIdentityError, match=f"holds show.*{one}.*, not show.*{two}"):
        cm.show(two)


def functions() -> tuple[Callable[..., str], ...]:
    """``f(1, 2)``, ``f_1(2)`` and ``f_1_2()``: 0.5.0 called all three ``f_1_2``."""

    def f(a: int, b: int) -> str:
        return "f"

    def f_1(b: int) -> str:
        return "f_1"

    def f_1_2() -> str:
        return "f_1_2"

    return f, f_1, f_1_2


CALLS: list[tuple[object, ...]] = [(1, 2), (2,), ()]


@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize("second", [0, 1, 2])
def test_functions_are_told_apart(first: int, second: int, tmp_path: Path) -> None:
    """In one manager the second name is refused; another manager is told that the file is not its own."""
    cm, other = Dynamic(tmp_path), Dynamic(tmp_path)
    one, two = functions()[first], functions()[second]
    assert cm.collect(params_list=[list(CALLS[first])])(one)(*CALLS[first], cache=True) == one.__name__
    collected = other.collect(params_list=[list(CALLS[second])])(two)
    if first == second:
        assert collected(*CALLS[second], cache=True) == two.__name__
        return

    with pytest.raises(MetricsError, match="'f_1_2' is a metric already"):
        cm.collect(params_list=[list(CALLS[second])])(two)
    with pytest.raises(WrongIdentityError, match=rf"f_1_2.npz holds {one.__name__} .*, not {two.__name__} "):
        collected(*CALLS[second], cache=True)
    assert cm["f_1_2"] == Dynamic(tmp_path)["f_1_2"] == one.__name__


@pytest.mark.parametrize(
    "names", [("x", "x.tmp"), ("x", "x_date"), ("x", ".x"), ("x", "x.npz"), ("../x", "/abs/x"), ("..", "%2E.")]
)
def test_names_are_told_apart(names: tuple[str, str], tmp_path: Path) -> None:
    """Names that 0.5.0 wrote over each other, or outside of the directory, keep their own values inside of it."""
    directory = tmp_path / "store"
    for order in (names, names[::-1]):
        cm = Dynamic(directory)
        cm.set_functions_dict({name: functools.partial(str, name) for name in order})
        for name in order:
            assert cm.get(name, use_stored=False) == name
    cm = Dynamic(directory)

    assert [cm[name] for name in names] == list(names)
    assert folders.names(tmp_path) == ["store"]
    assert len(folders.files(directory)) == 2


@pytest.mark.parametrize("value", [object(), threading.Lock(), np.array([None]), lambda: 1])
def test_what_has_no_written_form_is_refused(value: object, tmp_path: Path) -> None:
    """A parameter is never named by its address: it is refused with what may be passed instead."""
    cm = Dynamic(tmp_path)
    cm.collect(params_list=[])(show)

    with pytest.raises(TypeError, match="no stable written form"):
        cm.show(value)


plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "a", "A", "1", "1p5", "a_b", "None", "nan", "1e5", "-1", "x~y"]),
    st.text(max_size=4),
    st.binary(max_size=2),
    st.sampled_from([np.int64(1), np.float32(0.1), np.float64(0.5), np.bool_(True), np.str_("a")]),
)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=2) | st.tuples(inner, inner), max_leaves=3)
rows = st.lists(values, max_size=3).map(tuple)


@given(rows, rows)
def test_names_of_different_parameters_differ(one: tuple[object, ...], two: tuple[object, ...]) -> None:
    """Equal names mean equal parameters of equal types; names equal but for capitals are refused."""
    names = collected_name("f", one, "f"), collected_name("f", two, "f")
    exact = [canonical_text(canonical(tuple(map(python_scalar, row)), "f")) for row in (one, two)]

    assert (names[0] == names[1]) == (exact[0] == exact[1])
    if names[0] != names[1] and names[0].casefold() == names[1].casefold():
        cm = ParameterizedDatedCacheManager(None, dynamic_metric_creation=True)
        cm.collect("f", params_list=[list(one)])(show)
        with pytest.raises(MetricsError, match="is a metric already"):
            cm.f.key(*two)
