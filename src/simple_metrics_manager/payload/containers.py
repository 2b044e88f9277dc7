"""Containers: list, tuple, dict, set, frozenset, subscripted with what they hold."""

from __future__ import annotations

import collections
import collections.abc
import json
from collections.abc import Iterable
from typing import cast

import numpy as np

from simple_metrics_manager.payload.arrays import ArrayShape
from simple_metrics_manager.payload.choices import LiteralShape
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, by_key, each, expected
from simple_metrics_manager.payload.scalars import StrShape
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_dict, as_list, hashable, unwrapped
from simple_metrics_manager.payload.spelling import args_of, origin_of, type_name


class _Many(Shape):
    """Any number of items of one type."""

    kinds = frozenset({"list"})
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
        items = _items(value)
        if items is None or (isinstance(value, np.ndarray) and isinstance(self._item, ArrayShape)):
            return self._adopt_array(value)
        adopted = [self._item.adopt(item) for item in items]
        try:
            return cast("object", self.kind(adopted))
        except TypeError:
            return value

    def _adopt_array(self, value: object) -> object:
        """A list of one array was stored as that array by 0.5.0; from two dimensions on it may be a stack as well."""
        alone = isinstance(value, np.ndarray) and isinstance(self._item, ArrayShape) and value.ndim == 1
        return cast("object", self.kind([value])) if alone else value


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
        written = each(self._item.dump, list(cast("Iterable[object]", value)), lambda *_: "{}")
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

    kinds = frozenset({"list"})

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


class DictShape(Shape):
    """dict[K, V]: a JSON object where the keys are text, else a list of pairs. The order is kept."""

    kinds = frozenset({"dict", "list"})

    def __init__(self, name: str, key: Shape, item: Shape) -> None:
        super().__init__(name)
        self._key = key
        self._item = item
        self._texts = isinstance(key, StrShape) or (isinstance(key, LiteralShape) and key.texts_only)

    @property
    def holds_arrays(self) -> bool:  # type: ignore[override]  # a recursive class knows it only when it is complete
        return self._key.holds_arrays or self._item.holds_arrays

    def dump(self, value: object) -> Raw:
        items = as_dict(value)
        if items is None:
            raise expected(self.name, value)
        dumped = each(lambda pair: [self._key.dump(pair[0]), self._item.dump(pair[1])], items.items(), by_key)
        if self._texts and all(type(key) is str for key, _ in dumped):
            return {escape(cast("str", key)): item for key, item in dumped}
        return dumped

    def load(self, raw: Raw) -> object:
        plain = as_dict(raw)
        pairs = list(map(_pair, as_list(raw) or ())) if plain is None else [(unescape(k), v) for k, v in plain.items()]
        if plain is None and as_list(raw) is None:
            raise expected(self.name, raw)
        loaded = each(lambda pair: (self._key.load(pair[0]), self._item.load(pair[1])), pairs, by_key)
        try:
            made = dict(loaded)
        except TypeError as error:
            raise Misfit(str(error)) from None
        return made

    def fits(self, value: object, loose: bool) -> bool:
        items = as_dict(value)
        return items is not None and all(
            self._key.fits(k, loose) and self._item.fits(v, loose) for k, v in items.items()
        )

    def adopt(self, value: object) -> object:
        items = as_dict(unwrapped(value))
        if items is None:
            return value
        adopted = {hashable(self._adopt_key(key)): self._item.adopt(item) for key, item in items.items()}
        return adopted if len(adopted) == len(items) else value

    def _adopt_key(self, key: object) -> object:
        """A key that went through JSON is text; an int, float or bool is recognised in it."""
        adopted = self._key.adopt(key)
        if self._key.fits(adopted, True) or type(adopted) is not str:
            return adopted
        try:
            read = cast("object", json.loads(adopted))
        except ValueError:
            return adopted
        return read if json.dumps(read) == adopted and self._key.fits(read, False) else adopted


def escape(key: str) -> str:
    """A key of the user's as the tree has it."""
    return "$" + key if key.startswith("$") else key


def unescape(key: object) -> object:
    """A key of the tree as the user gave it."""
    return key[1:] if isinstance(key, str) and key.startswith("$") else key


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


def _pair(raw: object) -> tuple[object, object]:
    pair = as_list(raw)
    if pair is None or len(pair) != 2:
        raise expected("a pair of key and value", raw)
    return pair[0], pair[1]


def _items(value: object) -> list[object] | None:
    """The items of a list, a tuple, a set or an array; 0.5.0 gave back an empty list as an empty dict."""
    if isinstance(value, np.ndarray):
        return list(cast("Iterable[object]", value)) if value.ndim else _items(unwrapped(cast("object", value)))
    if type(value) in (list, tuple, set, frozenset) or value == {}:
        return list(cast("Iterable[object]", value))
    return None


def _order(raw: Raw) -> str:
    return json.dumps(raw, sort_keys=True, default=repr)
