"""Arrays as nested lists of what JSON has, and back, bit for bit but for the payload of a NaN."""

from __future__ import annotations

import math
from typing import TypeAlias, cast

import attrs
import numpy as np

from simple_metrics_manager.payload.tree import Array, Tree
from simple_metrics_manager.payload.trust import locked
from simple_metrics_manager.payload.unshare import lock

_Dtype: TypeAlias = "np.dtype[np.generic]"

_AS_IT_IS = "biufU"
_AS_COUNT = "mM"


@attrs.frozen
class Shape:
    """What the nested lists do not say about an array."""

    dtype: str
    shape: tuple[int, ...]
    fortran: bool = False


def array_to_lists(array: Array) -> tuple[Shape, Tree]:
    """The array as lists: complex numbers as pairs, times as counts of their unit, bytes as Latin-1 text.

    Raises:
        TypeError: lists cannot hold this dtype exactly.
    """
    dtype = array.dtype
    carrier = _carrier(dtype)
    if carrier is None:
        raise TypeError(f"JSON cannot hold the dtype {dtype} exactly")
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    return Shape(dtype.str, array.shape, fortran), _lists(np.ascontiguousarray(array), array.shape, carrier)


def _lists(array: Array, shape: tuple[int, ...], carrier: _Dtype) -> Tree:
    if array.dtype.kind == "S":
        plain: Array = np.char.decode(cast("np.ndarray[tuple[int, ...], np.dtype[np.bytes_]]", array), "latin1")
    elif array.dtype.kind == "c":
        plain, shape = array.reshape(-1).view(carrier), (*shape, 2)
    else:
        plain = array.view(carrier)
    return cast("Tree", plain.reshape(shape).tolist())


def _carrier(dtype: _Dtype) -> _Dtype | None:
    """The dtype whose elements stand in the lists; ``None`` if there is none that says all."""
    order = dtype.byteorder
    if dtype.metadata or dtype.names or dtype.itemsize == 0:
        return None
    if dtype.kind in _AS_IT_IS and (dtype.kind != "f" or dtype.itemsize <= 8):
        return dtype
    if dtype.kind in _AS_COUNT:
        return np.dtype(f"{order}i8")
    if dtype.kind == "c" and dtype.itemsize <= 16:
        return np.dtype(f"{order}f{dtype.itemsize // 2}")
    if dtype.kind == "S":
        return np.dtype(f"U{dtype.itemsize}")
    return None


def array_from_lists(lists: Tree, shape: Shape, most: int) -> Array:
    """The array again, read-only.

    Raises:
        ValueError: the lists are no such array, or one of more than ``most`` bytes.
    """
    try:
        dtype: _Dtype = np.dtype(shape.dtype)
    except (TypeError, SyntaxError) as error:
        raise ValueError(f"{shape.dtype!r} is no dtype") from error
    carrier = _carrier(dtype)
    if carrier is None or dtype.str != shape.dtype or math.prod(shape.shape) * dtype.itemsize > most:
        raise ValueError(f"an array of {shape.shape} {shape.dtype!r} cannot be in this file")
    try:
        array = _filled(lists, shape, dtype, carrier)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"an array does not fit its dtype: {error}") from error
    return locked(array) if array.base is None else lock(array)


def _filled(lists: Tree, shape: Shape, dtype: _Dtype, carrier: _Dtype) -> Array:
    if dtype.kind in "SU":  # the lists may hold more elements than they say, each as long as the longest may be
        texts: Array = np.array(lists, dtype=object)
        if texts.size != math.prod(shape.shape):
            raise ValueError("an array has more elements than its shape, or fewer")
        array = texts.astype(carrier)
    else:
        array = np.array(lists, dtype=carrier)
    if dtype.kind == "S":
        array = np.char.encode(cast("np.ndarray[tuple[int, ...], np.dtype[np.str_]]", array), "latin1").astype(dtype)
    array = array.reshape(-1).view(dtype).reshape(shape.shape)
    return np.asfortranarray(array) if shape.fortran else array
