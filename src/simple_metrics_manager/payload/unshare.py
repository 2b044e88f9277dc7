"""What a caller is given cannot change what is kept: arrays are locked, containers are copied."""

from __future__ import annotations

import copy
import dataclasses
import enum
import pathlib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from simple_metrics_manager.payload.chunked import is_chunked, read_only
from simple_metrics_manager.payload.named import bare_tuple
from simple_metrics_manager.payload.shape import is_array
from simple_metrics_manager.payload.tables import table_copied, table_kind
from simple_metrics_manager.payload.tree import Array, Payload
from simple_metrics_manager.payload.trust import is_locked, locked

T = TypeVar("T")

_ATOMS: frozenset[type] = frozenset(
    {
        *(type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), type(NotImplemented)),
        *(date, datetime, time, timedelta, timezone, ZoneInfo, Decimal, Fraction, UUID),
        *(pathlib.PurePosixPath, pathlib.PureWindowsPath, type(pathlib.Path())),
        *(np.dtype(code).type for code in np.typecodes["All"] if code not in "OV"),
    }
)
_ABSENT = object()


@attrs.frozen
class _Frozen:
    """Shows which ``__setattr__`` attrs gives to frozen classes."""


def unshare(value: T) -> T:
    """``value`` itself if nothing mutable can be reached in it; else an equal one that shares no mutable part with it.

    ``unshare(v) is v`` therefore says that ``v`` is immutable. Arrays are locked, and shared. Objects of attrs classes
    and dataclasses are copied without running ``__init__``; of what is not known, a deep copy is taken.
    """
    kind = type(value)
    if kind in _ATOMS or (kind is np.ndarray and is_locked(cast("Array", value))):
        return value
    return cast("T", _unshare(value, {}))


def lock(array: Array) -> Array:
    """A read-only array of the same values that nobody can write, or make writable.

    An array that is so already is returned as it is; of another, a copy is made: the user's own is never locked. Of an
    array of Python objects, which can be changed however locked the array is, the objects are copied as well.
    """
    if array.dtype.hasobject:
        return _copy_objects(array, {})
    if is_locked(array):
        return array
    return locked(np.array(array, copy=True, order="K", subok=False))


def lock_payload(payload: Payload) -> Payload:
    """The same payload with all arrays locked."""
    return Payload(payload.tree, {name: lock(array) for name, array in payload.arrays.items()}, payload.natives)


def _unshare(value: object, done: dict[int, object]) -> object:
    kind = type(value)
    if kind in _ATOMS or isinstance(value, enum.Enum):
        return value
    if id(value) in done:
        return done[id(value)]
    if kind is list:
        return _list(cast("list[object]", value), done)
    if kind is dict:
        return _dict(cast("dict[object, object]", value), done)
    if kind is bytearray:
        return _keep(value, bytearray(cast("bytearray", value)), done)
    if kind is set:
        return _keep(value, {_unshare(item, done) for item in cast("set[object]", value)}, done)
    if kind is frozenset or tuple in kind.__mro__:
        return _fixed(value, done)
    if is_array(value) and kind is np.ndarray:
        return _array(value, done)
    if hasattr(kind, "__metrics__"):
        return copy.deepcopy(value, done)  # a manager knows how it is copied, and what of it is not
    if is_chunked(value):
        return _keep(value, read_only(value), done)
    if "__attrs_attrs__" in kind.__dict__ or "__dataclass_fields__" in kind.__dict__:
        return _object(value, done)
    return _keep(value, table_copied(value), done) if table_kind(kind) is not None else copy.deepcopy(value, done)


def _keep(value: object, made: T, done: dict[int, object]) -> T:
    """Notes the copy of ``value``, and keeps ``value`` alive so that its id is not given to another."""
    done[id(value)] = made
    cast("list[object]", done.setdefault(id(done), [])).append(value)
    return made


def _list(value: list[object], done: dict[int, object]) -> list[object]:
    made = _keep(value, value.copy(), done)
    if not _ATOMS.issuperset(map(type, value)):
        made[:] = [_unshare(item, done) for item in value]
    return made


def _dict(value: dict[object, object], done: dict[int, object]) -> dict[object, object]:
    if _ATOMS.issuperset(map(type, value.values())) and _ATOMS.issuperset(map(type, value)):
        return _keep(value, value.copy(), done)
    made: dict[object, object] = _keep(value, {}, done)
    for key, item in value.items():
        made[_unshare(key, done)] = _unshare(item, done)
    return made


def _fixed(value: object, done: dict[int, object]) -> object:
    """A tuple, a NamedTuple or a frozenset: itself, if all of its items are."""
    kind = type(value)
    if kind not in (tuple, frozenset) and not (hasattr(kind, "_fields") and kind.__dictoffset__ == 0):
        return copy.deepcopy(value, done)
    items = list(cast("Iterable[object]", value))
    made = [_unshare(item, done) for item in items]
    if id(value) in done:  # it is part of itself, and was copied on the way
        return done[id(value)]
    if all(new is old for new, old in zip(made, items, strict=True)):
        return value
    rebuilt = frozenset(made) if kind is frozenset else bare_tuple(kind, made)
    return _keep(value, rebuilt, done)


def _array(value: Array, done: dict[int, object]) -> Array:
    if not value.dtype.hasobject:
        return lock(value)
    return _copy_objects(value, done)


def _copy_objects(array: Array, done: dict[int, object]) -> Array:
    """A locked array of copies. ``copy.deepcopy`` leaves out what is in arrays of no dimension, or in fields."""
    owned = np.array(array, copy=True, order="K", subok=False)
    made = _keep(array, owned.view(), done)
    _replace_objects(owned, done)
    owned.setflags(write=False)
    made.setflags(write=False)
    return made


def _replace_objects(array: Array, done: dict[int, object]) -> None:
    names = array.dtype.names
    if names is None:
        within = array[np.newaxis]  # assigned to an array of no dimension, a list would be taken for many values
        for index in np.ndindex(within.shape):
            within[index] = cast("Any", _unshare(cast("object", within[index]), done))
    for name in names or ():
        field = cast("Array", array[cast("Any", name)])
        if field.dtype.hasobject:
            _replace_objects(field, done)


def _object(value: object, done: dict[int, object]) -> object:
    """An object of an attrs class or a dataclass; a frozen one is itself if all that it holds is."""
    kind = type(value)
    state = _state(value)
    if isinstance(value, BaseException):
        return copy.deepcopy(value, done)
    made = _keep(value, object.__new__(kind), done)
    new = {name: _unshare(item, done) for name, item in state.items()}
    if _is_frozen(kind) and all(new[name] is item for name, item in state.items()):
        done[id(value)] = value
        return value
    for name, item in new.items():
        object.__setattr__(made, name, item)
    return made


def _state(value: object) -> dict[str, object]:
    """All that it holds, in slots and in its ``__dict__``, what is no field included."""
    names: list[str] = []
    for cls in type(value).__mro__:
        slots = cast("str | Iterable[str]", cls.__dict__.get("__slots__", ()))
        for name in (slots,) if isinstance(slots, str) else slots:
            private = name.startswith("__") and not name.endswith("__")
            names.append(f"_{cls.__name__.lstrip('_')}{name}" if private else name)
    state = {
        name: cast("object", getattr(value, name, _ABSENT)) for name in names if name not in ("__dict__", "__weakref__")
    }
    state = {name: item for name, item in state.items() if item is not _ABSENT}
    return {**state, **cast("dict[str, object]", getattr(value, "__dict__", {}))}


def _is_frozen(kind: type) -> bool:
    if "__attrs_attrs__" in kind.__dict__:
        return cast("object", kind.__setattr__) is _Frozen.__setattr__
    parameters = cast("object", getattr(kind, "__dataclass_params__", None))
    return dataclasses.is_dataclass(kind) and bool(getattr(parameters, "frozen", False))
