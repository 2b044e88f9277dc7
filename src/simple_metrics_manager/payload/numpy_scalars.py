"""numpy's scalars: each comes back as the class that was declared, ``np.float32`` as ``np.float32``.

Those that JSON's numbers and texts do not hold (long doubles, records, and scalars of a class that is known only
when the value is there, as in ``-> np.floating``) travel as arrays of no dimensions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, cast

import numpy as np

from simple_metrics_manager.payload.arrays import dtype_problem
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected
from simple_metrics_manager.payload.scalars import BytesShape, ComplexShape, FloatShape, IntShape, StrShape
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_list, is_array, is_scalar, plain_item, unwrapped
from simple_metrics_manager.payload.spelling import origin_of, type_name
from simple_metrics_manager.payload.tree import ARRAY_MARK

_SMALL = (np.float16, np.float32, np.float64, np.complex64, np.complex128)
_TIME = re.compile(r"[<>=|]?[mM]8(\[\d*[a-zA-Z]+\])?")


class NumberShape(Shape):
    """A scalar whose Python twin is written instead; ``twin`` is that one's shape."""

    def __init__(self, name: str, kind: type[np.generic], twin: Shape) -> None:
        super().__init__(name)
        self._kind = kind
        self._make = cast("Callable[[object], np.generic]", kind)
        self._twin = twin
        self.kinds = twin.kinds

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            value = self._converted(value)
        return self._twin.dump(plain_item(value))

    def load(self, raw: Raw) -> object:
        plain = self._twin.load(raw)
        try:
            return self._make(plain)
        except (OverflowError, ValueError) as error:
            raise Misfit(f"expected {self.name}: {error}") from None

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind

    def adopt(self, value: object) -> object:
        return unwrapped(value)

    def _converted(self, value: object) -> np.generic:
        """A number of another class that this one holds exactly."""
        plain = plain_item(value)
        if isinstance(value, np.datetime64 | np.timedelta64):
            raise expected(self.name, value)
        try:
            with np.errstate(over="ignore"):
                made = self._make(self._twin.load(self._twin.dump(plain)))
        except (Misfit, OverflowError):
            raise expected(self.name, value) from None
        back = plain_item(made)
        if back != plain and plain == plain:  # noqa: PLR0124  # nan is kept
            raise Misfit(f"expected {self.name}, got {value!r}, which {self.name} cannot hold exactly")
        return made


class TimeShape(Shape):
    """datetime64 or timedelta64: its count, and the dtype that holds the unit."""

    kinds = frozenset({"list"})

    def __init__(self, name: str, kind: type[np.generic]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            raise expected(self.name, value)
        moment = cast("np.generic", value)
        return [int(np.asarray(moment).view(np.int64)[()]), np.dtype(moment.dtype).newbyteorder("=").str.lstrip("<>=|")]

    def load(self, raw: Raw) -> object:
        parts = as_list(raw)
        if parts is None or len(parts) != 2 or type(parts[0]) is not int or type(parts[1]) is not str:
            raise expected(self.name, raw)
        count, unit = parts
        if not _TIME.fullmatch(unit):
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

    kinds = frozenset({ARRAY_MARK})
    holds_arrays = True
    wide: ClassVar[bool] = True

    def __init__(self, name: str, kind: type[np.generic]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if not isinstance(value, self._kind):
            raise expected(self.name, value)
        box = np.asarray(value)
        if (problem := dtype_problem(box.dtype)) is not None:
            raise Misfit(f"expected {self.name}: {problem}")
        if type(box[()]) is not type(value):
            raise Misfit(
                f"expected {self.name}, got {type_name(type(value))}, which comes back as {type_name(type(box[()]))}"
            )
        return box

    def load(self, raw: Raw) -> object:
        if not isinstance(raw, np.ndarray) or raw.ndim != 0:
            raise expected(self.name, raw)
        value = unwrapped(cast("object", raw))
        if not isinstance(value, self._kind):
            raise expected(self.name, value)
        return value

    def fits(self, value: object, loose: bool) -> bool:
        return isinstance(value, self._kind)

    def adopt(self, value: object) -> object:
        return unwrapped(value)


def number(declared: object, build: Build) -> Shape | None:
    """The family of this module."""
    kind = origin_of(declared) or declared
    if not isinstance(kind, type) or not issubclass(kind, np.generic):
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
        if type(value) is not bool:
            raise expected("bool", value)
        return value

    load = dump


_FLOAT, _COMPLEX = FloatShape("float"), ComplexShape("complex")
_EXACT: dict[type[np.generic], Shape] = {
    **{kind: _COMPLEX if issubclass(kind, np.complexfloating) else _FLOAT for kind in _SMALL},
    np.bool_: _NumpyBool("bool"),
    np.str_: StrShape("str"),
    np.bytes_: BytesShape("bytes", bytes),
}
