"""The codec for values without a storable annotation: the tree itself says what they are.

JSON's own types are plain; everything else stands beside a mark, ``{"$tuple": [...]}``. A class is never named, so
that reading a file imports nothing: values of classes of the user's own need an annotation, or ``allow_pickle=True``.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Literal, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from simple_metrics_manager.errors import MetricTypeError
from simple_metrics_manager.payload.arrays import array_refused, dtype_problem
from simple_metrics_manager.payload.converter import shape_of
from simple_metrics_manager.payload.mappings import escape, unescape
from simple_metrics_manager.payload.misfit import Misfit, by_key, each, expected, in_set
from simple_metrics_manager.payload.scalars import is_text
from simple_metrics_manager.payload.shape import Raw, Shape, as_dict, as_list, is_array, is_scalar, kind_of, marked
from simple_metrics_manager.payload.spelling import type_name
from simple_metrics_manager.payload.split import assembled, split
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload

UNDECLARED = "(no annotation)"
OBJECT = "$object"

_ATOMS: dict[type, tuple[str, Shape]] = {
    kind: (f"${name}", shape_of(declared))
    for name, declared, kind in (
        ("complex", complex, complex),
        ("bytes", bytes, bytes),
        ("bytearray", bytearray, bytearray),
        ("datetime", datetime, datetime),
        ("date", date, date),
        ("time", time, time),
        ("timedelta", timedelta, timedelta),
        ("timezone", timezone, timezone),
        ("zone", ZoneInfo, ZoneInfo),
        ("decimal", Decimal, Decimal),
        ("fraction", Fraction, Fraction),
        ("uuid", UUID, UUID),
        ("path", pathlib.Path, type(pathlib.Path())),
        ("purepath", pathlib.PurePath, type(pathlib.PurePath())),
    )
}
_ATOM_MARKS = dict(_ATOMS.values())
_SCALARS: dict[str, Shape] = {
    type_name(kind).removeprefix("np."): shape_of(kind)
    for kind in dict.fromkeys(np.dtype(code).type for code in np.typecodes["All"] if code != "O")
}
_INT, _STR = shape_of(int), shape_of(str)


class PlainCodec:
    """Takes values apart by what they are. ``allow_pickle`` says that anything else becomes an array of objects."""

    declared = ""
    kind: Literal["plain"] = "plain"
    natural = ""

    def __init__(self, allow_pickle: bool = False, where: str = "the value", remedy: str = "") -> None:
        self.allow_pickle = allow_pickle
        self.where = where
        self.remedy = remedy
        """What to do about the missing annotation, for the message that a value cannot be stored without one."""
        self.questions: dict[object, str] = {}

    def dump(self, value: object) -> Payload:
        """The payload of a value; its arrays are the value's own, not copies.

        Raises:
            MetricTypeError: the value holds something whose class could not be told from the file.
        """
        try:
            return split(self._dump(value))
        except Misfit as misfit:
            problem = f"{misfit}; {self.remedy}" if self.remedy else str(misfit)
            raise MetricTypeError(self.where, UNDECLARED, problem) from None
        except RecursionError:
            raise MetricTypeError(self.where, UNDECLARED, "it contains itself, or is nested too deeply") from None

    def load(self, payload: Payload) -> object:
        """The value of a payload; arrays in it are the payload's own.

        Raises:
            MetricTypeError: the tree has a mark that is not known, or objects without ``allow_pickle``.
        """
        try:
            return self._load(assembled(payload))
        except Misfit as misfit:
            raise MetricTypeError(self.where, UNDECLARED, f"the stored value cannot be read: {misfit}") from None
        except RecursionError:
            raise MetricTypeError(self.where, UNDECLARED, "it is nested too deeply") from None

    def adopt(self, raw: object) -> object:
        """``raw`` itself: without an annotation there is nothing to bring it to."""
        return raw

    def __repr__(self) -> str:
        return f"{type(self).__name__}(allow_pickle={self.allow_pickle})"

    def _dump(self, value: object) -> Raw:
        kind = type(value)
        if kind is np.ndarray:
            return self._dump_array(cast("Array", value))
        if kind is float or kind is bool or value is None:
            return value
        if kind is str:
            return _STR.dump(value)
        if kind is int:
            return _INT.dump(value)
        if kind is list:
            return each(self._dump, cast("list[object]", value))
        if kind is dict:
            return self._dump_dict(cast("dict[object, object]", value))
        if kind is tuple:
            return {"$tuple": each(self._dump, cast("tuple[object, ...]", value))}
        if kind is set or kind is frozenset:
            return {f"${kind.__name__}": self._dump_set(cast("set[object]", value))}
        if kind in _ATOMS:
            mark, shape = _ATOMS[kind]
            return {mark: shape.dump(value)}
        if is_scalar(value):
            return self._dump_scalar(value)
        return self._dump_array(value) if is_array(value) else self._dump_object(value)

    def _dump_dict(self, items: dict[object, object]) -> Raw:
        if all(type(key) is str and is_text(key) for key in items):
            dumped = each(lambda pair: (pair[0], self._dump(pair[1])), items.items(), by_key)
            return {escape(cast("str", key)): item for key, item in dumped}
        return {"$dict": each(lambda pair: [self._dump(pair[0]), self._dump(pair[1])], items.items(), by_key)}

    def _dump_set(self, items: set[object]) -> Raw:
        return sorted(each(self._dump, list(items), in_set), key=repr)

    def _dump_scalar(self, value: np.generic) -> Raw:
        name = type_name(type(value)).removeprefix("np.")
        shape = _SCALARS.get(name)
        if shape is None or not shape.fits(value, False):
            return self._dump_object(value)
        return {"$scalar": [name, shape.dump(value)]}

    def _dump_array(self, value: Array) -> Raw:
        if type(value) is not np.ndarray:
            raise array_refused("a plain array", value)
        if value.dtype.hasobject and self.allow_pickle:
            return value
        if value.dtype.hasobject:
            raise Misfit(
                f"an array of dtype {value.dtype} holds Python objects; say allow_pickle=True, or annotate the function"
            )
        problem = dtype_problem(value.dtype)
        if problem is not None:
            raise Misfit(problem)
        return value

    def _dump_object(self, value: object) -> Raw:
        if not self.allow_pickle:
            name = type_name(type(value))
            raise Misfit(
                f"don't know how to store {name} without an annotation; annotate the function: def f() -> {name}, "
                f"or say allow_pickle=True"
            )
        box = np.empty((), dtype=object)
        box[()] = value
        return {OBJECT: box}

    def _load(self, raw: Raw) -> object:
        kind = kind_of(raw)
        if kind == "list":
            return each(self._load, as_list(raw) or [])
        if kind == "dict":
            items = as_dict(raw) or {}
            loaded = each(lambda pair: (unescape(pair[0]), self._load(pair[1])), items.items(), by_key)
            return {cast("str", key): item for key, item in loaded}
        if kind == ARRAY_MARK:
            return self._load_array(raw)
        return self._load_marked(kind, marked(raw, kind), raw) if kind.startswith("$") else raw

    def _load_array(self, raw: Raw) -> object:
        if is_array(raw) and raw.dtype.hasobject and not self.allow_pickle:
            raise Misfit("it holds pickled Python objects; say allow_pickle=True if you trust the file")
        return raw

    def _load_marked(self, mark: str, inner: object, raw: Raw) -> object:
        if mark in _ATOM_MARKS:
            return _ATOM_MARKS[mark].load(inner)
        if mark in ("$int", "$text"):
            return (_INT if mark == "$int" else _STR).load(raw)
        if mark == OBJECT and is_array(inner):
            self._load_array(inner)
            return cast("object", inner[()])
        parts = as_list(inner)
        make = _CONTAINERS.get(mark)
        if parts is None or (make is None and mark not in ("$dict", "$scalar")):
            raise Misfit(f"the mark {mark!r} is not known to this version")
        if mark == "$scalar":
            return _load_scalar(parts)
        try:
            return dict(each(self._load_pair, parts)) if make is None else make(each(self._load, parts))
        except TypeError as error:
            raise Misfit(str(error)) from None

    def _load_pair(self, raw: Raw) -> tuple[object, object]:
        pair = as_list(raw)
        if pair is None or len(pair) != 2:
            raise expected("a pair of key and value", raw)
        return self._load(pair[0]), self._load(pair[1])


def plain_codec(allow_pickle: bool = False, where: str = "the value", remedy: str = "") -> PlainCodec:
    """The codec for values without an annotation. ``where`` is how messages name what returns them."""
    return PlainCodec(allow_pickle, where, remedy)


_CONTAINERS: dict[str, Callable[[list[object]], object]] = {"$tuple": tuple, "$set": set, "$frozenset": frozenset}


def _load_scalar(parts: list[object]) -> object:
    shape = _SCALARS.get(str(parts[0])) if len(parts) == 2 else None
    if shape is None:
        raise Misfit(f"no scalar of numpy is called {parts[0] if parts else None!r}")
    return shape.load(parts[1])
