"""Arrays that nobody else can reach need not be copied to be safe.

A metric usually returns an array that it has just made. If nothing in the process refers to it but our own call,
nobody can write into it later: it is locked as it is, which saves a copy of what may be most of the memory. CPython
counts references, views of an array and exported buffers included, so that can be known.
"""

from __future__ import annotations

import sys
from typing import TypeVar, cast

import numpy as np

from simple_metrics_manager.payload.shape import is_array
from simple_metrics_manager.payload.tree import Array
from simple_metrics_manager.payload.trust import locked

T = TypeVar("T")

_COUNTED = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()

_PADDED = 2
"""How many times the size of an array its memory may have, for a view to be kept instead of copied."""


def _probe(value: object) -> int:
    return sys.getrefcount(value)


_ONE = _probe(object())
"""References to the argument of a call, seen from inside, when the caller has none: it differs between versions."""


def owned(value: T) -> T:
    """``value``, locked if it is an array that only this call refers to.

    It has to be called on the result of another call itself, ``owned(function())``: a name would be one reference more.
    """
    if _COUNTED and type(value) is np.ndarray and sys.getrefcount(value) <= _ONE:
        return cast("T", _locked(cast("Array", value)))
    return value


def _locked(array: Array) -> Array:
    if array.dtype.hasobject:
        return array
    owner = cast("object", array.base)
    if owner is None:
        return locked(array)
    # A view of memory that is its own: ``owner`` is known to the array, to the name here, and to the call that counts.
    if not is_array(owner) or type(owner) is not np.ndarray or owner.base is not None or not owner.flags.owndata:
        return array
    if sys.getrefcount(owner) > _ONE + 1 or owner.nbytes > _PADDED * array.nbytes:
        return array
    locked(owner)
    array.setflags(write=False)
    return array
