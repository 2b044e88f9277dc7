"""What a function returns is what comes back, from memory and in the next process, whether it is annotated or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, cast

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    CannotStoreError,
    JsonStorageInterface,
    MetricTypeError,
    NpyStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    StorageInterface,
)
from tests import folders
from tests.payload.samples import same

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

Function: TypeAlias = Callable[[], object]
Maker: TypeAlias = Callable[[Path], StorageInterface]

A = np.array([1.0, np.nan, 3.0])
VALUES: dict[str, object] = {
    "array": A,
    "array of no dimension": np.array(1.5),
    "empty array": np.empty((0, 3), np.int16),
    "numpy scalar": np.float32(0.1),
    "list of one array": [A],
    "list of two arrays": [A, A],
    "empty list": [],
    "tuple of arrays": (A, A),
    "empty tuple": (),
    "dict of arrays": {"x": A, "arr_0": A},
    "dict with one key": {"arr_0": A},
    "empty dict": {},
    "dict with other keys": {1: "a", (2, "b"): None},
    "nested": [{"a": (1, [2.5, A])}, None, True],
    "float": 1.5,
    "int": 7,
    "large int": 10**30,
    "bool": True,
    "none": None,
    "text": "hello",
    "bytes": b"\0\1",
    "complex": 1 + 2j,
    "set": {1, 2},
}


def arrays_in(value: object) -> int:
    """How many arrays are in a value."""
    if isinstance(value, list | tuple):
        return sum(map(arrays_in, cast("list[object]", value)))
    if isinstance(value, dict):
        return arrays_in(list(cast("dict[object, object]", value).values()))
    return int(isinstance(value, np.ndarray))


class Quiet(ParameterizedDatedCacheManager):
    """Says nothing."""

    verbose = False


def collected(function: Function, storage: StorageInterface) -> Quiet:
    """A manager that collects ``function`` as ``value``, as the next process would."""
    cm = Quiet(storage)
    cm.collect("value")(function)
    return cm


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("kind", [NpzStorageInterface, NpyStorageInterface, JsonStorageInterface])
def test_without_annotation(kind: Callable[[Path], StorageInterface], value: object, tmp_path: Path) -> None:
    """A value comes back exactly as it was, or is refused with a word on what to do, and stays in memory."""
    storage = kind(tmp_path)
    first = collected(lambda: value, storage)
    if kind is NpyStorageInterface and arrays_in(value) > 1:
        with pytest.raises(CannotStoreError, match="NpzStorageInterface"):
            first.value()
        assert same(value, first.cache["value"])
        assert folders.files(tmp_path) == []
        return

    assert same(value, first.value())
    assert same(value, collected(lambda: 1 / 0, storage).value())


def test_what_npy_cannot_keep(tmp_path: Path) -> None:
    """npy holds one array; two are refused, not stacked as 0.5.0 did, and can be had from memory."""
    cm = collected(lambda: [A, A], NpyStorageInterface(tmp_path))

    with pytest.raises(CannotStoreError, match="the npy format holds one array, this value has 2"):
        cm.value()
    assert same([A, A], cm.value())
    assert same([A, A], cm.cache["value"])


class Unknown:
    """Of a class that no file may name."""


@pytest.mark.parametrize("kind", [NpzStorageInterface, NpyStorageInterface, JsonStorageInterface])
def test_what_nothing_can_keep(kind: Callable[[Path], StorageInterface], tmp_path: Path) -> None:
    """An object of an unknown class is refused before anything is stored; it waits in ``cache``."""
    made = Unknown()
    cm = collected(lambda: made, kind(tmp_path))

    with pytest.raises(MetricTypeError, match="Unknown without an annotation"):
        cm.value()
    assert cm.cache["value"] is made
    assert folders.files(tmp_path) == []


def test_objects_with_allow_pickle(tmp_path: Path) -> None:
    """With ``allow_pickle=True`` npz keeps any object, as 0.5.0 did; without, it loads none."""
    cm = collected(lambda: np.array([{1}, None], dtype=object), NpzStorageInterface(tmp_path, allow_pickle=True))

    assert cm.value().tolist() == [{1}, None]
    assert Quiet(NpzStorageInterface(tmp_path, allow_pickle=True))["value"].tolist() == [{1}, None]
    with pytest.raises(ValueError, match="allow_pickle"):
        _ = Quiet(NpzStorageInterface(tmp_path))["value"]


@attrs.frozen
class Fit:
    """What an annotated function may return."""

    slope: float
    residuals: NDArray[np.float64]


def fit() -> Fit:
    """Annotated."""
    return Fit(np.float64(2), A)


def numbers() -> tuple[list[int], float]:
    """Annotated, and somewhat sloppy."""
    return [np.int64(1)], 2  # type: ignore[list-item]  # what numpy users return


@pytest.mark.parametrize("kind", [NpzStorageInterface, NpyStorageInterface, JsonStorageInterface])
def test_with_annotation(kind: Callable[[Path], StorageInterface], tmp_path: Path) -> None:
    """What is declared comes back, at once and from the storage, through each of them."""
    for function, wanted in ((fit, Fit(2.0, A)), (numbers, ([1], 2.0))):
        storage = kind(tmp_path / function.__name__)
        for cm in (collected(function, storage), collected(function, storage)):
            value = cm.value()
            assert same(wanted, value)
            assert (
                [type(part) for part in value] == [list, float] if function is numbers else type(value.slope) is float
            )


def test_a_lie_is_refused(tmp_path: Path) -> None:
    """A function that does not return what it says is told so; nothing is stored."""

    def lie() -> int:
        return "no"  # type: ignore[return-value]  # that is the point

    cm = collected(lie, NpzStorageInterface(tmp_path))
    with pytest.raises(MetricTypeError, match="expected int, got str 'no'"):
        cm.value()
    assert folders.files(tmp_path) == []


@pytest.mark.parametrize("annotation", ["Nowhere", "Unknown", Unknown, "list[", "np.nowhere", object, 5])
def test_annotations_that_say_nothing(annotation: object, tmp_path: Path) -> None:
    """Functions were annotated for readers, too: what cannot be resolved or stored is as no annotation at all."""

    def function() -> object:
        return (1, [A])

    function.__annotations__["return"] = annotation
    storage = NpzStorageInterface(tmp_path)

    assert same((1, [A]), collected(function, storage).value())
    assert same((1, [A]), collected(function, storage).value())


def test_typed_values_by_name(tmp_path: Path) -> None:
    """A manager that does not know the function gives what is stored as plain lists, dicts and arrays."""
    storage = NpzStorageInterface(tmp_path)
    collected(fit, storage).value()

    assert same({"slope": 2.0, "residuals": A}, Quiet(storage)["value"])


def test_what_was_returned_cannot_change_the_cache(tmp_path: Path) -> None:
    """Arrays come back read-only, containers are the caller's own, and so is what the function returned."""
    mine: dict[str, list[object]] = {"a": [np.zeros(2), [1]]}
    cm = collected(lambda: mine, NpzStorageInterface(tmp_path))
    for _ in range(2):
        value = cm.value()
        with pytest.raises(ValueError, match="read-only"):
            value["a"][0][0] = 5.0
        with pytest.raises(ValueError, match="cannot set WRITEABLE flag"):
            value["a"][0].setflags(write=True)
        value["a"][1].append(2)
        value["a"].append("more")
        value["b"] = "more"
        del mine["a"][1:]
    np.asarray(mine["a"][0])[:] = 9.0

    wanted = {"a": [np.zeros(2), [1]]}
    assert same(wanted, cm.value())
    assert same(wanted, cm["value"])
    assert same(wanted, cm.cache["value"])
    assert same(wanted, Quiet(NpzStorageInterface(tmp_path))["value"])
