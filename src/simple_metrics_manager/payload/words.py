"""Values that are one word of text: Decimal, Fraction, UUID, paths."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeVar, cast
from uuid import UUID

from simple_metrics_manager.payload.misfit import Misfit, expected
from simple_metrics_manager.payload.scalars import IntShape, StrShape
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_list, unwrapped

W = TypeVar("W")

_PATHS = (
    pathlib.Path,
    pathlib.PurePath,
    pathlib.PosixPath,
    pathlib.WindowsPath,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
)
_TEXT = StrShape("str")
_INT = IntShape("int")


class WordShape(Shape):
    """A class whose text is read back by the class itself."""

    kinds: frozenset[str] = _TEXT.kinds

    def __init__(self, name: str, kind: type, write: Callable[[object], str], read: Callable[[str], object]) -> None:
        super().__init__(name)
        self._kind = kind
        self._write = write
        self._read = read

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            raise expected(self.name, value)
        return _TEXT.dump(self._write(value))

    def load(self, raw: Raw) -> object:
        word = cast("str", _TEXT.load(raw))
        try:
            return self._read(word)
        except (ValueError, InvalidOperation):
            raise Misfit(f"expected {self.name}, got the text {word!r:.60}") from None

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind

    def adopt(self, value: object) -> object:
        value = unwrapped(value)
        return self.load(str(value)) if isinstance(value, str) else value


class FractionShape(Shape):
    """Fraction, as its two ints: its text could have too many digits to be read."""

    kinds: frozenset[str] = frozenset({"list"})

    def dump(self, value: object) -> Raw:
        if type(value) is not Fraction:
            raise expected("Fraction", value)
        return [_INT.dump(value.numerator), _INT.dump(value.denominator)]

    def load(self, raw: Raw) -> object:
        parts = as_list(raw)
        if parts is None or len(parts) != 2:
            raise expected("Fraction", raw)
        above, below = (cast("int", _INT.load(part)) for part in parts)
        if below == 0:
            raise Misfit("expected Fraction, got one with the denominator 0")
        return Fraction(above, below)

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is Fraction

    def adopt(self, value: object) -> object:
        value = unwrapped(value)
        try:
            return Fraction(str(value)) if isinstance(value, str) else value
        except ValueError:
            return value


def word(declared: object, build: Build) -> Shape | None:
    """The family of this module. Paths are written with ``/``, so that they are read on another system."""
    if declared is Decimal:
        return WordShape("Decimal", Decimal, str, Decimal)
    if declared is UUID:
        return WordShape("UUID", UUID, str, UUID)
    if declared is Fraction:
        return FractionShape("Fraction")
    if isinstance(declared, type) and declared in _PATHS:
        try:
            made = declared("x")
        except (NotImplementedError, TypeError):
            return None
        return WordShape(
            declared.__name__, type(made), lambda path: cast("pathlib.PurePath", path).as_posix(), declared
        )
    return None
