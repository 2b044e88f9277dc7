"""numpy's scalars: each comes back as the class that was declared, ``np.float32`` as ``np.float32``.

Those that JSON's numbers and texts do not hold (long doubles, records, and scalars of a class that is known only
when the value is there, as in ``-> np.floating``) travel as arrays of no dimensions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import numpy as np

from simple_metrics_manager.payload.arrays import dtype_problem
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected
from simple_metrics_manager.payload.scalars import BytesShape, ComplexShape, FloatShape, IntShape, StrShape
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_list, is_array, is_scalar, plain_item, unwrapped
from simple_metrics_manager.payload.spelling import class_of, is_scalar_class, type_name
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array

_SMALL = (np.float16, np.float32, np.float64, np.complex64, np.complex128)
_TIME = re.compile(r"[<>=|]?[mM]8(\[\d*[a-zA-Z]+\])?")


class NumberShape(Shape):
    """A scalar whose Python twin is written instead; ``twin`` is that one's shape."""

    def __init__(self, name: str, kind: type[np.generic], twin: Shape) -> None:
        super().__init__(name)
        self._kind = kind
        self._make = cast("Callable[[object], np.generic]", kind)
        self._twin = twin
        self.kinds: frozenset[str] = twin.kinds

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            value = self._converted(value)
        return self._twin.dump(plain_item(value))

    def load(self, raw: Raw) -> object:
        return self._number(self._twin.load(raw))

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind

    def adopt(self, value: object) -> object:
        return unwrapped(value)

    def _converted(self, value: object) -> np.generic:
        """A number of another class that this one holds exactly."""
        plain = plain_item(value)
        if is_scalar(value) and value.dtype.kind in "mM":
            raise expected(self.name, value)
        try:
            with np.errstate(over="ignore"):
                made = self._number(self._twin.load(self._twin.dump(plain)))
        except Misfit:
            raise expected(self.name, value) from None
        back = plain_item(made)
        if back != plain and plain == plain:  # noqa: PLR0124  # nan is kept
            raise Misfit(f"expected {self.name}, got {value!r}, which {self.name} cannot hold exactly")
        return made

    def _number(self, plain: object) -> np.generic:
        """It as this class; older numpy wraps an int that is too large."""
        if type(plain) is int:
            limits = np.iinfo(np.dtype(self._kind).str)
            if not int(limits.min) <= plain <= int(limits.max):
                raise Misfit(f"expected {self.name}, got {plain}, which it cannot hold")
        return self._make(plain)


class TimeShape(Shape):
    """datetime64 or timedelta64: its count, and the dtype that holds the unit."""

    kinds: frozenset[str] = frozenset({"list"})

    def __init__(self, name: str, kind: type[np.generic]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            raise expected(self.name, value)
        moment = cast("Array", np.asarray(value))
        return [int(moment.view(np.int64)[()]), moment.dtype.str.lstrip("<>=|")]

    def load(self, raw: Raw) -> object:
        parts = as_list(raw)
        count, unit = parts if parts is not None and len(parts) == 2 else (None, None)
        if not (type(count) is int and type(unit) is str and _TIME.fullmatch(unit)):
            raise expected(self.name, raw)
        try:
            made = cast("object", np.asarray(count, dtype=np.int64).view(np.dtype(unit))[()])
        except (TypeError, ValueError, OverflowError) as error:
            raise Misfit(f"expected {self.name}: {error}") from None
        if type(made) is not self._kind:
            raise expected(self.name, raw)
        return made

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind

    def adopt(self, value: object) -> object:
        return unwrapped(value)


class BoxShape(Shape):
    """Any other scalar, as an array of no dimensions."""

    kinds: frozenset[str] = frozenset({ARRAY_MARK})
    holds_arrays = True

    def __init__(self, name: str, kind: type[np.generic]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if not self.fits(value, False):
            raise expected(self.name, value)
        box = cast("Array", np.asarray(value))
        if (problem := dtype_problem(box.dtype)) is not None:
            raise Misfit(f"expected {self.name}: {problem}")
        name, back = type_name(type(value)), type_name(type(unwrapped(box)))
        if name != back:
            raise Misfit(f"expected {self.name}, got {name}, which comes back as {back}")
        return box

    def load(self, raw: Raw) -> object:
        value = unwrapped(raw)
        if not is_array(raw) or not self.fits(value, False):
            raise expected(self.name, raw)
        return value

    def fits(self, value: object, loose: bool) -> bool:
        return isinstance(value, self._kind)

    def adopt(self, value: object) -> object:
        return unwrapped(value)


def number(declared: object, build: Build) -> Shape | None:
    """The family of this module."""
    kind = class_of(declared)
    if not is_scalar_class(kind):
        return None
    name = type_name(kind)
    if issubclass(kind, np.object_):
        raise Unstorable("Python objects cannot be stored; name their class")
    if kind is np.datetime64 or kind is np.timedelta64:
        return TimeShape(name, kind)
    twin = _twin(kind)
    return BoxShape(name, kind) if twin is None else NumberShape(name, kind, twin)


def _twin(kind: type[np.generic]) -> Shape | None:
    """The shape of the Python class with the same values, for a concrete class that has one."""
    for exact, twin in _EXACT.items():
        if kind is exact:
            return twin
    concrete = issubclass(kind, np.integer) and kind not in (np.integer, np.signedinteger, np.unsignedinteger)
    return IntShape("int") if concrete else None


class _NumpyBool(Shape):
    kinds = frozenset({"bool"})

    def dump(self, value: object) -> Raw:
        return self.load(value)

    def load(self, raw: Raw) -> object:
        if type(raw) is not bool:
            raise expected("bool", raw)
        return raw

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is bool


_FLOAT, _COMPLEX = FloatShape("float"), ComplexShape("complex")
_EXACT: dict[type[np.generic], Shape] = {
    **{kind: _COMPLEX if issubclass(kind, np.complexfloating) else _FLOAT for kind in _SMALL},
    np.bool_: _NumpyBool("bool"),
    np.str_: StrShape("str"),
    np.bytes_: BytesShape("bytes", bytes),
}
