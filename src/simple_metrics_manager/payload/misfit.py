"""How a value or an annotation is refused: the problem, and the path to it inside the value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

_MOST = 20
"""Problems that one message lists; a list of a million wrong numbers has one cause."""

S = TypeVar("S")
D = TypeVar("D")


class Unstorable(Exception):
    """An annotation cannot be stored so that it comes back; ``args[0]`` says why."""


class Misfit(Exception):
    """A value is not what its annotation says: one or more ``(path, problem)``."""

    def __init__(self, problem: str, *, found: Iterable[tuple[str, str]] = ()) -> None:
        self.problems: tuple[tuple[str, str], ...] = tuple(found) or (("", problem),)
        super().__init__(problem)

    def __str__(self) -> str:
        lines = [f"at {path}: {problem}" if path else problem for path, problem in self.problems[:_MOST]]
        if len(self.problems) > _MOST:
            lines.append(f"and {len(self.problems) - _MOST} more")
        return "; ".join(lines)

    def under(self, part: str) -> list[tuple[str, str]]:
        """Its problems as seen from the container that holds the value as ``part``."""
        return [(part + path, problem) for path, problem in self.problems]


def expected(name: str, value: object) -> Misfit:
    """``value`` is of another type than ``name``."""
    kind = type(value)
    shown = "None" if value is None else f"{kind.__qualname__} {_short(value)}"
    return Misfit(f"expected {name}, got {shown}")


def each(convert: Callable[[S], D], items: Iterable[S], part: Callable[[int, S], str] | None = None) -> list[D]:
    """``convert`` for every item; the first failure makes it look for all of them, so that each is told with its path.

    ``items`` must be iterable more than once.
    """
    try:
        return [convert(item) for item in items]
    except Misfit:
        pass
    found: list[tuple[str, str]] = []
    for index, item in enumerate(items):
        try:
            convert(item)
        except Misfit as misfit:
            found += misfit.under(f"[{index}]" if part is None else part(index, item))
    raise Misfit("", found=found)


def by_key(_: int, pair: tuple[object, object]) -> str:
    """The path part of an item of a mapping."""
    return f"[{_short(pair[0])}]"


def in_set(_: int, item: object) -> str:
    """The path part of an item of a set, which has no place."""
    return f"{{{_short(item)}}}"


def class_name(value: object) -> str:
    """What its class is called."""
    return type(value).__qualname__


def of(error: Exception) -> str:
    """What an error of the user's own code says; attrs' validators put the attribute and more behind the sentence."""
    if error.args and isinstance(error.args[0], str):
        return error.args[0]
    return f"{type(error).__name__}: {error}"


def _short(value: object) -> str:
    if type(value).__module__ not in ("builtins", "numpy", "datetime"):
        return ""
    if type(value).__module__ == "numpy" and getattr(value, "shape", ()) != ():
        return f"of shape {getattr(value, 'shape', None)}"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # a container of the user's objects, or an int with too many digits
        return ""
    return text if len(text) <= 60 else text[:57] + "..."
