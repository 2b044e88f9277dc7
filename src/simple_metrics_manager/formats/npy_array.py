"""One array as the bytes of a npy file, and those bytes as the array: the part that npz and npy share."""

from __future__ import annotations

import pickle
from typing import cast

import numpy as np

from simple_metrics_manager.formats.npy_header import Layout, read_header, write_header
from simple_metrics_manager.formats.record_text import NotUnpickled
from simple_metrics_manager.payload.tree import Array
from simple_metrics_manager.payload.trust import locked

_SIMPLE = frozenset("bBhHiIlLqQfd")
"""What numpy and Python's own memory views call by the same letter."""

_SMALL = 1 << 20
"""An array whose data lies askew in the file is copied to where it is aligned up to this size, and left above."""


def array_to_npy(array: Array, allow_pickle: bool, end: bytes = b" \n") -> tuple[bytes, memoryview]:
    """Header and data. The data is the array's own memory where that is in one piece.

    Raises:
        TypeError: npy cannot hold the array, or only as pickled objects.
    """
    if array.dtype.hasobject:
        if not allow_pickle:
            raise TypeError(f"an array of dtype {array.dtype} would have to be pickled")
        return write_header(array, end), memoryview(pickle.dumps(array, protocol=4))
    return write_header(array, end), _memory(array)


def _memory(array: Array) -> memoryview:
    if not array.nbytes:
        return memoryview(b"")
    if not array.flags.c_contiguous:
        array = array.T if array.flags.f_contiguous else np.ascontiguousarray(array)
    if array.dtype.char in _SIMPLE and array.dtype.isnative:
        return array.data.cast("B")  # in half of the time
    return array.reshape(-1).view(np.uint8).data


def array_from_npy(blob: memoryview, start: int, end: int, allow_pickle: bool) -> Array:
    """The array whose npy file fills ``blob[start:end]``: a read-only view, if that is aligned.

    Raises:
        ValueError: these bytes are no npy file of just that length.
        NotUnpickled: they are one of pickled objects, and ``allow_pickle`` was not said.
    """
    dtype, shape, fortran, nbytes, length = layout = read_header(blob, start, end)
    if dtype.hasobject:
        return _unpickle(blob[start + length : end], layout, allow_pickle)
    if start + length + nbytes != end:
        raise ValueError("an array is not as long as its header says")
    if not nbytes:
        return locked(np.ndarray(shape, dtype))
    array: Array = np.ndarray(shape, dtype, blob, start + length, None, "F" if fortran else "C")
    if not array.flags.aligned and nbytes <= _SMALL:
        return locked(array.copy(order="K"))
    if not blob.readonly:
        array.setflags(write=False)
    return array


def _unpickle(data: memoryview, layout: Layout, allow_pickle: bool) -> Array:
    if not allow_pickle:
        raise NotUnpickled
    try:
        loaded = cast("object", pickle.loads(data))  # noqa: S301  # the user said so
    except (pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"its pickled objects cannot be read: {error}") from None
    array = cast("Array", loaded)
    if not isinstance(loaded, np.ndarray) or array.shape != layout.shape:
        raise ValueError("its pickled objects are not the array of its header")
    return array
