"""Values out of a closed set: Literal and Enum. Members are written by name, flags by their number."""

from __future__ import annotations

import enum
from typing import Literal, cast

from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected, of
from simple_metrics_manager.payload.scalars import StrShape, is_text
from simple_metrics_manager.payload.shape import Build, Raw, Shape, hashable, plain_item, unwrapped
from simple_metrics_manager.payload.spelling import NONE, args_of, origin_of, simplify, type_name

_KINDS: dict[type, str] = {str: "str", int: "int", bool: "bool", NONE: "null"}
_TEXT = StrShape("str")


class LiteralShape(Shape):
    """One of the listed values. Plain ones are written as they are, bytes and enum members as they are spelled."""

    def __init__(self, name: str, choices: tuple[object, ...]) -> None:
        super().__init__(name)
        self._written = {_key(choice): _write(choice) for choice in choices}
        self._read = {_key(written): choice for choice, written in zip(choices, self._written.values(), strict=True)}
        self.texts_only: bool = all(type(choice) is str for choice in choices)
        self.kinds: frozenset[str] = frozenset(_KINDS.get(type(choice), "$choice") for choice in choices)

    def dump(self, value: object) -> Raw:
        try:
            return self._written[_key(plain_item(value))]
        except (KeyError, TypeError):
            raise expected(self.name, value) from None

    def load(self, raw: Raw) -> object:
        try:
            return self._read[_key(raw)]
        except (KeyError, TypeError):
            raise expected(self.name, raw) from None

    def fits(self, value: object, loose: bool) -> bool:
        try:
            return _key(plain_item(value) if loose else value) in self._written
        except TypeError:
            return False

    def adopt(self, value: object) -> object:
        return unwrapped(value)


class EnumShape(Shape):
    """A member of an Enum, by its name."""

    kinds: frozenset[str] = _TEXT.kinds

    def __init__(self, name: str, kind: type[enum.Enum]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            raise expected(self.name, value)
        member = value
        if self._kind.__members__.get(member.name) is not member:
            raise Misfit(f"expected {self.name}, got {member!r}, which is none of its members")
        return _TEXT.dump(member.name)

    def load(self, raw: Raw) -> object:
        member = self._kind.__members__.get(cast("str", _TEXT.load(raw)))
        if member is None:
            raise Misfit(f"{self.name} has no member {raw!r}")
        return member

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind

    def adopt(self, value: object) -> object:
        value = plain_item(unwrapped(value))
        if type(value) is self._kind or hashable(value) is None:
            return value
        return next((member for member in self._kind if _is(member.value, value)), value)


class FlagShape(Shape):
    """Any combination of the members of a Flag, by its number."""

    kinds: frozenset[str] = frozenset({"int"})

    def __init__(self, name: str, kind: type[enum.Flag]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            raise expected(self.name, value)
        return int(value.value)

    def load(self, raw: Raw) -> object:
        if type(raw) is not int:
            raise expected(self.name, raw)
        try:
            return self._kind(raw)
        except (ValueError, TypeError) as error:
            raise Misfit(of(error)) from None

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind


def choice(declared: object, build: Build) -> Shape | None:
    """The family of this module."""
    if origin_of(declared) is Literal:
        return LiteralShape(type_name(declared), args_of(simplify(declared)))
    if not isinstance(declared, type) or not issubclass(declared, enum.Enum):
        return None
    if not declared.__members__:
        raise Unstorable(f"the enum {type_name(declared)} has no members")
    shape: Shape
    if issubclass(declared, enum.Flag):
        shape = FlagShape(type_name(declared), declared)
    else:
        shape = EnumShape(type_name(declared), declared)
    return shape


def _is(value: object, other: object) -> bool:
    return type(value) is type(other) and value == other


def _key(value: object) -> tuple[type, object]:
    """Tells 1 from True and from an IntEnum's 1."""
    if isinstance(value, dict):
        return dict, cast("dict[str, object]", value).get("$choice")
    hash(value)
    return type(value), value


def _write(value: object) -> Raw:
    if type(value) in _KINDS and (type(value) is not str or is_text(value)):
        return value
    if isinstance(value, bytes | str):
        return {"$choice": ascii(value)}
    return {"$choice": f"{type_name(type(value))}.{getattr(value, 'name', '')}"}
