"""What a declared type is to a codec: a shape, which takes its values apart and puts them together.

One shape per family of types; a container's shape holds those of what is in it. Between a value and its payload
stands a *raw tree*: what JSON can write, with arrays still in their places, marks beginning with ``$``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import ClassVar, Protocol, TypeAlias, TypeGuard, cast

import numpy as np

from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Native

Raw: TypeAlias = object

ANY_KIND = frozenset({"null", "bool", "int", "float", "str", "list", "dict", ARRAY_MARK, "$is", "$int", "$text", "$at"})
"""Every kind of raw tree: of a type whose written form is not known."""

Build: TypeAlias = "Callable[[object], Shape]"


class Shape(ABC):
    """One declared type. ``kinds`` are the kinds of raw tree that it may write."""

    kinds: frozenset[str] = ANY_KIND
    holds_arrays: bool = False
    natural: ClassVar[str] = ""
    """The kind of file that values of this type have by nature, such as ``table``; none for most."""
    same: ClassVar[type | None] = None
    """The type whose values are their own raw trees, where that is so: lists of it are copied at once."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def dump(self, value: object, /) -> Raw:
        """The raw tree of ``value``.

        Raises:
            Misfit: it is not of this type.
        """

    @abstractmethod
    def load(self, raw: Raw, /) -> object:
        """The value of a raw tree.

        Raises:
            Misfit: the tree is not one of this type.
        """

    @abstractmethod
    def fits(self, value: object, loose: bool) -> bool:
        """Whether ``value`` is of this type all the way down; ``loose`` takes numpy's scalars for Python's as well."""

    def adopt(self, value: object) -> object:
        """A value from elsewhere, brought near this type; :meth:`dump` judges what comes out."""
        return value


class Family(Protocol):
    """Makes the shape of one family of types, or says None to a type of another family."""

    def __call__(self, declared: object, build: Build, /) -> Shape | None: ...


def kind_of(raw: Raw) -> str:
    """Which kind of raw tree it is, as in ``Shape.kinds``."""
    if isinstance(raw, dict):
        first = next(iter(cast("dict[str, Raw]", raw)), "")
        return first if first.startswith("$") and not first.startswith("$$") else "dict"
    if isinstance(raw, np.ndarray | Native):
        return ARRAY_MARK
    return _KINDS.get(type(raw), "other")


_KINDS: dict[type, str] = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str", list: "list"}


def marked(raw: Raw, mark: str) -> object | None:
    """What stands beside ``mark``, if ``raw`` is a dict that has it."""
    return cast("dict[str, object]", raw).get(mark) if isinstance(raw, dict) else None


def as_list(raw: object) -> list[object] | None:
    """``raw`` if it is a list."""
    return cast("list[object]", raw) if type(raw) is list else None


def as_dict(raw: object) -> dict[object, object] | None:
    """``raw`` if it is a dict."""
    return cast("dict[object, object]", raw) if type(raw) is dict else None


def hashable(value: object) -> Hashable | None:
    """``value`` if it can be hashed."""
    try:
        hash(value)
    except TypeError:
        return None
    return value


def is_array(value: object) -> TypeGuard[Array]:
    """Whether it is an array, of any class."""
    return isinstance(value, np.ndarray)


def is_scalar(value: object) -> TypeGuard[np.generic]:
    """Whether it is a scalar of numpy's."""
    return isinstance(value, np.generic)


def plain_item(value: object) -> object:
    """A scalar of numpy's as the Python object of its value; anything else as it is."""
    return cast("object", value.item()) if is_scalar(value) else value


def unwrapped(value: object) -> object:
    """An array of no dimensions as the scalar or object that it holds."""
    while is_array(value) and value.ndim == 0:
        value = cast("object", value[()])
    return value
