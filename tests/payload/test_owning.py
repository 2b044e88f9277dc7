"""An array is locked without a copy if nobody else can reach its memory, and left alone otherwise."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager.payload.owning import owned

Floats = NDArray[np.float64]
kept: list[object] = []

needs_counts = pytest.mark.skipif(sys.implementation.name != "cpython", reason="references are not counted here")


def made() -> Floats:
    """Fresh."""
    return np.arange(6.0)


def reshaped() -> Floats:
    """A view of fresh memory."""
    return np.arange(6.0).reshape(2, 3)


def transposed() -> Floats:
    """The same, in another order."""
    return np.ones((2, 3)).T


def also_kept() -> Floats:
    """Referred to from elsewhere."""
    array = np.arange(6.0)
    kept.append(array)
    return array


def with_a_view() -> Floats:
    """With a view elsewhere."""
    array = np.arange(6.0)
    kept.append(array[1:])
    return array


def with_a_buffer() -> Floats:
    """With an exported buffer elsewhere."""
    array = np.arange(6.0)
    kept.append(array.data)
    return array


def reshaped_with_a_buffer() -> Floats:
    """A view of memory with such a buffer."""
    array = np.arange(6.0)
    kept.append(array.data)
    return array.reshape(2, 3)


def of_bytearray() -> Floats:
    """Over memory of a bytearray."""
    memory = bytearray(48)
    kept.append(memory)
    return np.frombuffer(memory)


def of_ctypes() -> Floats:
    """Over memory of ctypes."""
    memory = (ctypes.c_double * 6)()
    kept.append(memory)
    return np.ctypeslib.as_array(memory)


def part_of_a_large_one() -> Floats:
    """A little of much."""
    return np.arange(1000.0)[:3]


@needs_counts
@pytest.mark.parametrize("function", [made, reshaped, transposed])
def test_only_reference(function: Callable[[], Floats]) -> None:
    """What a function has just made is locked where it is, and cannot be unlocked."""
    array = owned(function())

    assert not array.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.setflags(write=True)


@pytest.mark.parametrize(
    "function",
    [also_kept, with_a_view, with_a_buffer, reshaped_with_a_buffer, of_bytearray, of_ctypes, part_of_a_large_one],
)
def test_others_can_reach_it(function: Callable[[], Floats]) -> None:
    """What somebody else can write, or what would keep far more memory than it needs, is left as it is."""
    assert owned(function()).flags.writeable


def test_other_values() -> None:
    """Anything but an array is given back untouched."""
    value = [np.arange(3)]

    assert owned(value) is value
    assert value[0].flags.writeable
