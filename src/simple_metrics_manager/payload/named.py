"""NamedTuple and TypedDict: a dict of their fields."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from simple_metrics_manager.payload.fields import Field, dump_fields, field_shape, hints_of, load_fields
from simple_metrics_manager.payload.mappings import escape, unescape
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_dict, unwrapped
from simple_metrics_manager.payload.spelling import args_of, class_of, is_one_of, origin_of, type_name


class NamedTupleShape(Shape):
    """A NamedTuple of exactly this class."""

    kinds: frozenset[str] = frozenset({"dict"})
    holds_arrays: bool = True

    def __init__(self, name: str, cls: type) -> None:
        super().__init__(name)
        self._cls = cls
        self._fields: tuple[Field, ...] = ()

    def complete(self, fields: tuple[Field, ...]) -> None:
        """The fields, when they are known."""
        self._fields = fields
        self.holds_arrays = any(field.shape.holds_arrays for field in fields)

    def dump(self, value: object) -> Raw:
        if type(value) is not self._cls:
            raise expected(self.name, value)
        return dump_fields(self._fields, self._named(cast("tuple[object, ...]", value)))

    def load(self, raw: Raw) -> object:
        raws = as_dict(raw)
        if raws is None:
            raise expected(self.name, raw)
        loaded = load_fields(self._fields, raws)
        return self._make(loaded)

    def fits(self, value: object, loose: bool) -> bool:
        if type(value) is not self._cls:
            return False
        pairs = zip(self._fields, cast("tuple[object, ...]", value), strict=True)
        return all(field.shape.fits(item, loose) for field, item in pairs)

    def adopt(self, value: object) -> object:
        named = as_dict(unwrapped(value))
        if type(value) in (tuple, list) and len(cast("list[object]", value)) == len(self._fields):
            named = as_dict(self._named(tuple(cast("list[object]", value))))
        if named is None or set(named) != {field.name for field in self._fields}:
            return value
        return self._make({field.name: field.shape.adopt(named[field.name]) for field in self._fields})

    def _named(self, items: tuple[object, ...]) -> dict[str, object]:
        return {field.name: item for field, item in zip(self._fields, items, strict=True)}

    def _make(self, values: Mapping[str, object]) -> object:
        items = [values[f.name] if f.name in values else _default(f) for f in self._fields]
        return bare_tuple(self._cls, items)


class TypedDictShape(Shape):
    """A dict with just the declared keys."""

    kinds: frozenset[str] = frozenset({"dict"})
    holds_arrays: bool = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._fields: tuple[Field, ...] = ()

    def complete(self, fields: tuple[Field, ...]) -> None:
        """The keys, when they are known."""
        self._fields = fields
        self.holds_arrays = any(field.shape.holds_arrays for field in fields)

    def dump(self, value: object) -> Raw:
        items = as_dict(value)
        if items is None:
            raise expected(self.name, value)
        known = {field.name for field in self._fields}
        extra = [(f"[{key!r}]", "no such key is declared") for key in items if key not in known]
        if extra:
            raise Misfit("", found=extra)
        dumped = dump_fields(self._fields, {name: items[name] for name in items if isinstance(name, str)})
        return {escape(name): dumped[name] for name in cast("dict[str, object]", items)}

    def load(self, raw: Raw) -> object:
        raws = as_dict(raw)
        if raws is None:
            raise expected(self.name, raw)
        plain = {unescape(key): item for key, item in raws.items()}
        loaded = load_fields(self._fields, plain)
        return {cast("str", name): loaded[cast("str", name)] for name in plain}

    def fits(self, value: object, loose: bool) -> bool:
        items = as_dict(value)
        if items is None or not set(items) <= {field.name for field in self._fields}:
            return False
        there = [field for field in self._fields if field.name in items]
        whole = all(field.optional or field.name in items for field in self._fields)
        return whole and all(field.shape.fits(items[field.name], loose) for field in there)

    def adopt(self, value: object) -> object:
        items = as_dict(unwrapped(value))
        if items is None:
            return value
        shapes: dict[object, Shape] = {field.name: field.shape for field in self._fields}
        return {key: shapes[key].adopt(item) if key in shapes else item for key, item in items.items()}


def bare_tuple(cls: type, items: Iterable[object]) -> object:
    """A tuple of a class, made without the class's own ``__new__``."""
    make: Callable[[type, Iterable[object]], object] = getattr(tuple, "__new__")  # noqa: B009  # typed as for tuple alone
    return make(cls, items)


def named_tuple(declared: object, build: Build) -> Shape | None:
    """NamedTuples; their fields follow by :func:`complete_named_tuple`."""
    cls = class_of(declared)
    if cls is None or tuple not in cls.__mro__ or not hasattr(cls, "_fields"):
        return None
    return NamedTupleShape(type_name(declared), cls)


def complete_named_tuple(shape: NamedTupleShape, declared: object, build: Build) -> None:
    """Second half of :func:`named_tuple`, when ``build`` already answers with the shape for ``declared`` itself."""
    cls = cast("type", class_of(declared))
    hints = hints_of(cls)
    defaults = cast("dict[str, object]", getattr(cls, "_field_defaults", {}))
    fields: list[Field] = []
    for name in cast("tuple[str, ...]", getattr(cls, "_fields", ())):
        item = field_shape(declared, cls, name, hints.get(name), build)
        fields.append(Field(name, item, _constant(defaults[name]) if name in defaults else None))
    shape.complete(tuple(fields))


def typed_dict(declared: object, build: Build) -> Shape | None:
    """TypedDicts; their keys follow by :func:`complete_typed_dict`."""
    cls = class_of(declared)
    if cls is None or dict not in cls.__mro__ or not hasattr(cls, "__required_keys__"):
        return None
    return TypedDictShape(type_name(declared))


def complete_typed_dict(shape: TypedDictShape, declared: object, build: Build) -> None:
    """Second half of :func:`typed_dict`, when ``build`` already answers with the shape for ``declared`` itself."""
    cls = cast("type", class_of(declared))
    required = cast("frozenset[str]", getattr(cls, "__required_keys__", ()))
    fields: list[Field] = []
    for name, hint in hints_of(cls).items():
        there = _qualified(hint)
        optional = name not in required if there is None else not there
        fields.append(Field(name, field_shape(declared, cls, name, hint, build), optional=optional))
    if not fields:
        raise Unstorable(f"{shape.name} declares no keys")
    shape.complete(tuple(fields))


def _qualified(hint: object) -> bool | None:
    """What ``Required`` or ``NotRequired`` says, also inside ``Annotated`` and ``ReadOnly``."""
    origin = origin_of(hint)
    if is_one_of(origin, (typing.Required, typing.NotRequired)):
        return origin is typing.Required
    if origin is typing.Annotated or getattr(origin, "_name", None) == "ReadOnly":
        return _qualified(args_of(hint)[0])
    return None


def _constant(value: object) -> Callable[[object], object]:
    return lambda _: value


def _default(field: Field) -> object:
    return None if field.default is None else field.default(None)
