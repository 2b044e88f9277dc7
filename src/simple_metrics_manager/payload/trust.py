"""Which memory is known to stay as it is: what this library has locked itself, or mapped from its own files.

That an array is read-only says little: whoever made it may have kept a view from before it was locked, and writes
through that. A map of a file of the user's changes with the file.
"""

from __future__ import annotations

import weakref
from mmap import mmap

import numpy as np

from simple_metrics_manager.payload.tree import Array

_locked: dict[int, weakref.ref[Array]] = {}


class FileMap(mmap):
    """A map of a file that nobody changes in place: stores replace their files as a whole."""


_KEPT = (bytes, FileMap)


def locked(owner: Array) -> Array:
    """A read-only view of an array that owns its data, to which nobody else has a reference."""
    owner.setflags(write=False)
    key = id(owner)
    _locked[key] = weakref.ref(owner, lambda _: _locked.pop(key, None))
    return owner.view()


def is_locked(array: Array) -> bool:
    """Whether nobody can change this array, nor make it writable without reaching for what it is a view of."""
    if array.flags.writeable or type(array) is not np.ndarray or array.dtype.hasobject:
        return False
    base: object = array.base
    while isinstance(base, np.ndarray):
        if base.base is None:
            return id(base) in _locked
        base = base.base
    return _stays(base)


def _stays(memory: object) -> bool:
    """Whether this is memory of ``bytes``, or of a file of ours."""
    while isinstance(memory, memoryview):
        if not memory.readonly:
            return False
        memory = memory.obj
    return isinstance(memory, _KEPT)
