"""Python's own scalars: None, bool, int, float, complex, str, bytes, bytearray.

JSON keeps most of them as they are. What it would not: an int of thousands of digits (Python refuses to read its
text), and a str with surrogates, two of which ``json`` joins into one character.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import ClassVar, TypeVar, cast

import numpy as np

from simple_metrics_manager.payload.misfit import Misfit, expected
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_list, is_scalar, marked, plain_item, unwrapped
from simple_metrics_manager.payload.spelling import NONE

N = TypeVar("N", float, complex)

_LONG = 4096
"""Bits from which on an int is written in hexadecimal digits."""


class _Scalar(Shape):
    def adopt(self, value: object) -> object:
        return plain_item(unwrapped(value))


class NoneShape(_Scalar):
    """None."""

    kinds: frozenset[str] = frozenset({"null"})

    def dump(self, value: object) -> Raw:
        return self.load(value)

    def load(self, raw: Raw) -> object:
        if raw is not None:
            raise expected("None", raw)
        return None

    def fits(self, value: object, loose: bool) -> bool:
        return value is None


class BoolShape(_Scalar):
    """bool, and nothing that merely equals one."""

    kinds: frozenset[str] = frozenset({"bool"})
    same: ClassVar[type | None] = bool

    def dump(self, value: object) -> Raw:
        if value is True or value is False:
            return value
        if is_scalar(value) and value.dtype.kind == "b":
            return plain_item(value)
        raise expected("bool", value)

    def load(self, raw: Raw) -> object:
        if type(raw) is not bool:
            raise expected("bool", raw)
        return raw

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is bool or (loose and isinstance(value, np.bool_))


class IntShape(_Scalar):
    """int of any size; no bool."""

    kinds: frozenset[str] = frozenset({"int", "$int"})

    def dump(self, value: object) -> Raw:
        if _is_integer(value):
            value = plain_item(value)
        if type(value) is not int:
            raise expected("int", value)
        return value if value.bit_length() < _LONG else {"$int": hex(value)}

    def load(self, raw: Raw) -> object:
        if type(raw) is int:
            return raw
        digits = marked(raw, "$int")
        if not isinstance(digits, str):
            raise expected("int", raw)
        try:
            return int(digits, 16)
        except ValueError as error:
            raise Misfit(str(error)) from None

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is int or (loose and _is_integer(value))


class FloatShape(_Scalar):
    """float; an int or a numpy number of the same value becomes one."""

    kinds: frozenset[str] = frozenset({"float"})
    same: ClassVar[type | None] = float

    def dump(self, value: object) -> Raw:
        if type(value) is float:
            return value
        return _exact(float, value, "float", _REAL)

    def load(self, raw: Raw) -> object:
        if type(raw) is float:
            return raw
        if type(raw) is int:  # a JSON writer of another language may leave the ".0" out
            return _exact(float, raw, "float", _REAL)
        raise expected("float", raw)

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is float or (loose and isinstance(value, np.floating))


class ComplexShape(_Scalar):
    """complex, as its two parts."""

    kinds: frozenset[str] = frozenset({"list"})

    def dump(self, value: object) -> Raw:
        number = (
            value if type(value) is complex else _exact(complex, value, "complex", (*_REAL, float, np.complexfloating))
        )
        return [number.real, number.imag]

    def load(self, raw: Raw) -> object:
        parts = as_list(raw)
        if parts is None or len(parts) != 2:
            raise expected("complex", raw)
        real, imag = parts
        if type(real) is not float or type(imag) is not float:
            raise expected("complex", raw)
        return complex(real, imag)

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is complex or (loose and isinstance(value, np.complexfloating))


class StrShape(_Scalar):
    """str, of any code points."""

    kinds: frozenset[str] = frozenset({"str", "$text"})

    def dump(self, value: object) -> Raw:
        if type(value) is not str:
            if not isinstance(value, np.str_):
                raise expected("str", value)
            value = str(value)
        if value.isascii() or is_text(value):
            return value
        return {"$text": [ord(character) for character in value]}

    def load(self, raw: Raw) -> object:
        if type(raw) is str:
            return raw
        points = as_list(marked(raw, "$text"))
        if points is None:
            raise expected("str", raw)
        try:
            return "".join(chr(point) for point in points if isinstance(point, int))
        except (ValueError, OverflowError) as error:
            raise Misfit(str(error)) from None

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is str or (loose and isinstance(value, np.str_))


class BytesShape(_Scalar):
    """bytes or bytearray, in base64."""

    kinds: frozenset[str] = frozenset({"str"})

    def __init__(self, name: str, kind: type[bytes | bytearray]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if not (type(value) is self._kind or (self._kind is bytes and isinstance(value, np.bytes_))):
            raise expected(self.name, value)
        return base64.b64encode(cast("bytes", value)).decode("ascii")

    def load(self, raw: Raw) -> object:
        if type(raw) is not str:
            raise expected(f"{self.name} in base64", raw)
        try:
            return self._kind(base64.b64decode(raw, validate=True))
        except (binascii.Error, ValueError) as error:
            raise Misfit(f"expected {self.name} in base64: {error}") from None

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind or (loose and self._kind is bytes and isinstance(value, np.bytes_))


def is_text(value: str) -> bool:
    """Whether every JSON writer and reader keeps it: no surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def scalar(declared: object, build: Build) -> Shape | None:
    """The family of this module."""
    make = _SHAPES.get(declared) if isinstance(declared, type) else None
    return make() if make is not None else None


_REAL: tuple[type, ...] = (int, np.integer, np.floating)
_SHAPES: dict[type, Callable[[], Shape]] = {
    NONE: lambda: NoneShape("None"),
    bool: lambda: BoolShape("bool"),
    int: lambda: IntShape("int"),
    float: lambda: FloatShape("float"),
    complex: lambda: ComplexShape("complex"),
    str: lambda: StrShape("str"),
    bytes: lambda: BytesShape("bytes", bytes),
    bytearray: lambda: BytesShape("bytearray", bytearray),
}


def _is_integer(value: object) -> bool:
    """Whether it is one of numpy's; a timedelta64 is a subclass of theirs, and a bool_ is not."""
    return is_scalar(value) and value.dtype.kind in "iu"


def _is_number(value: object, sources: tuple[type, ...]) -> bool:
    number = type(value) in (int, float, complex) or (is_scalar(value) and value.dtype.kind in "iufc")
    return number and isinstance(value, sources)


def _exact(kind: type[N], value: object, name: str, sources: tuple[type, ...]) -> N:
    """``value`` as ``kind``, if it is a number of ``sources`` and nothing of it is lost."""
    if not _is_number(value, sources):
        raise expected(name, value)
    make = cast("Callable[[object], N]", kind)
    try:
        made = make(value)
    except OverflowError:
        raise Misfit(f"expected {name}, got an int that is too large for it") from None
    if made != value and value == value:  # noqa: PLR0124  # nan is kept
        raise Misfit(f"expected {name}, got {type(value).__qualname__} {value!r}, which {name} cannot hold exactly")
    return made
