"""Containers: list, tuple, dict, set, frozenset, subscripted with what they hold."""

from __future__ import annotations

import collections
import collections.abc
import json
from collections.abc import Iterable
from typing import cast

from simple_metrics_manager.payload.arrays import ArrayShape
from simple_metrics_manager.payload.mappings import DictShape
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, each, expected, in_set
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_list, hashable, is_array, unwrapped
from simple_metrics_manager.payload.spelling import args_of, origin_of, type_name


class _Many(Shape):
    """Any number of items of one type."""

    kinds: frozenset[str] = frozenset({"list"})
    kind: type

    def __init__(self, name: str, item: Shape) -> None:
        super().__init__(name)
        self._item = item

    @property
    def holds_arrays(self) -> bool:  # type: ignore[override]  # a recursive class knows it only when it is complete
        return self._item.holds_arrays

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self.kind and all(
            self._item.fits(item, loose) for item in cast("Iterable[object]", value)
        )

    def adopt(self, value: object) -> object:
        if is_array(value) and isinstance(self._item, ArrayShape):
            # A list of one array was stored as that array by 0.5.0; from two dimensions on it may be a stack as well.
            return cast("object", self.kind([value])) if value.ndim == 1 else value
        items = _items(value)
        if items is None:
            return value
        adopted = [self._item.adopt(item) for item in items]
        try:
            return cast("object", self.kind(adopted))
        except TypeError:
            return value


class ListShape(_Many):
    """list[T]."""

    kind = list

    def dump(self, value: object) -> Raw:
        items = as_list(value)
        if items is None:
            raise expected(self.name, value)
        same = self._item.same
        if same is not None and {same}.issuperset(map(type, items)):
            return items.copy()
        return each(self._item.dump, items)

    def load(self, raw: Raw) -> object:
        items = as_list(raw)
        if items is None:
            raise expected(self.name, raw)
        same = self._item.same
        if same is not None and {same}.issuperset(map(type, items)):
            return items.copy()
        return each(self._item.load, items)


class ManyTupleShape(_Many):
    """tuple[T, ...]."""

    kind = tuple

    def dump(self, value: object) -> Raw:
        if type(value) is not tuple:
            raise expected(self.name, value)
        return each(self._item.dump, cast("tuple[object, ...]", value))

    def load(self, raw: Raw) -> object:
        items = as_list(raw)
        if items is None:
            raise expected(self.name, raw)
        return tuple(each(self._item.load, items))


class SetShape(_Many):
    """set[T] or frozenset[T]; written in an order of its own, so that equal sets are written equally."""

    def __init__(self, name: str, item: Shape, kind: type) -> None:
        super().__init__(name, item)
        self.kind = kind

    def dump(self, value: object) -> Raw:
        if type(value) is not self.kind:
            raise expected(self.name, value)
        written = each(self._item.dump, list(cast("Iterable[object]", value)), in_set)
        return sorted(written, key=_order)

    def load(self, raw: Raw) -> object:
        items = as_list(raw)
        if items is None:
            raise expected(self.name, raw)
        loaded = each(self._item.load, items)
        try:
            made = cast("set[object]", self.kind(loaded))
        except TypeError as error:
            raise Misfit(str(error)) from None
        return made


class FixedTupleShape(Shape):
    """tuple[A, B]: as many items, each of its own type."""

    kinds: frozenset[str] = frozenset({"list"})

    def __init__(self, name: str, items: tuple[Shape, ...]) -> None:
        super().__init__(name)
        self._items = items

    @property
    def holds_arrays(self) -> bool:  # type: ignore[override]  # a recursive class knows it only when it is complete
        return any(item.holds_arrays for item in self._items)

    def dump(self, value: object) -> Raw:
        if type(value) is not tuple:
            raise expected(self.name, value)
        items = cast("tuple[object, ...]", value)
        return each(lambda at: self._items[at].dump(items[at]), self._sized(len(items)))

    def load(self, raw: Raw) -> object:
        items = as_list(raw)
        if items is None:
            raise expected(self.name, raw)
        return tuple(each(lambda at: self._items[at].load(items[at]), self._sized(len(items))))

    def fits(self, value: object, loose: bool) -> bool:
        if type(value) is not tuple or len(cast("tuple[object, ...]", value)) != len(self._items):
            return False
        pairs = zip(self._items, cast("tuple[object, ...]", value), strict=True)
        return all(shape.fits(item, loose) for shape, item in pairs)

    def adopt(self, value: object) -> object:
        items = _items(value)
        if items is None or len(items) != len(self._items):
            return value
        return tuple(shape.adopt(item) for shape, item in zip(self._items, items, strict=True))

    def _sized(self, length: int) -> range:
        if length != len(self._items):
            raise Misfit(f"expected {self.name}, got {length} items")
        return range(length)


def container(declared: object, build: Build) -> Shape | None:
    """The family of this module; names the way out for containers that are not stored."""
    origin, args, name = origin_of(declared), args_of(declared), type_name(declared)
    if isinstance(declared, type) and declared in _BARE and origin is None:
        raise Unstorable(f"bare {declared.__name__!r}: say what it holds, as in {_BARE[declared]}")
    instead = _INSTEAD.get(hashable(origin or declared))
    if instead is not None:
        abstract = getattr(origin or declared, "__module__", "") == "collections.abc"
        why = "does not say of which class the value is" if abstract else "is not stored"
        raise Unstorable(f"{name} {why}; {instead}")
    if origin is list:
        return ListShape(name, build(args[0]))
    if origin is set or origin is frozenset:
        return SetShape(name, build(args[0]), set if origin is set else frozenset)
    if origin is dict:
        return DictShape(name, build(args[0]), build(args[1]))
    if origin is not tuple:
        return None
    if len(args) == 2 and args[1] is Ellipsis:
        return ManyTupleShape(name, build(args[0]))
    return FixedTupleShape(name, tuple(build(arg) for arg in args))


_BARE: dict[type, str] = {
    list: "list[float]",
    dict: "dict[str, float]",
    tuple: "tuple[float, ...]",
    set: "set[str]",
    frozenset: "frozenset[str]",
}
_SAY_LIST, _SAY_DICT, _SAY_SET = "say list[...] or tuple[...]", "say dict[...]", "say set[...] or frozenset[...]"
_INSTEAD: dict[object, str] = {
    collections.abc.Sequence: _SAY_LIST,
    collections.abc.MutableSequence: _SAY_LIST,
    collections.abc.Collection: _SAY_LIST,
    collections.abc.Iterable: _SAY_LIST,
    collections.abc.Iterator: _SAY_LIST,
    collections.abc.Generator: _SAY_LIST,
    collections.deque: _SAY_LIST,
    collections.abc.Mapping: _SAY_DICT,
    collections.abc.MutableMapping: _SAY_DICT,
    collections.defaultdict: _SAY_DICT,
    collections.OrderedDict: _SAY_DICT,
    collections.Counter: _SAY_DICT,
    collections.abc.Set: _SAY_SET,
    collections.abc.MutableSet: _SAY_SET,
}


def _items(value: object) -> list[object] | None:
    """The items of a list, a tuple, a set or an array; 0.5.0 gave back an empty list as an empty dict."""
    value = unwrapped(value)
    if is_array(value):
        return list(cast("Iterable[object]", value))
    if type(value) in (list, tuple, set, frozenset) or value == {}:
        return list(cast("Iterable[object]", value))
    return None


def _order(raw: Raw) -> str:
    return json.dumps(raw, sort_keys=True, default=repr)
