"""From a declared type to its shape, and the cattrs converter in which users register hooks for their own classes."""

from __future__ import annotations

import enum
import functools
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar, cast

import cattrs
import numpy as np

from simple_metrics_manager.payload.arrays import array
from simple_metrics_manager.payload.choices import choice
from simple_metrics_manager.payload.chunked import chunked
from simple_metrics_manager.payload.containers import container
from simple_metrics_manager.payload.foreign import ForeignShape
from simple_metrics_manager.payload.misfit import Unstorable
from simple_metrics_manager.payload.moments import moment
from simple_metrics_manager.payload.named import (
    NamedTupleShape,
    TypedDictShape,
    complete_named_tuple,
    complete_typed_dict,
    named_tuple,
    typed_dict,
)
from simple_metrics_manager.payload.numpy_scalars import number
from simple_metrics_manager.payload.records import RecordShape, complete_record, record
from simple_metrics_manager.payload.scalars import scalar
from simple_metrics_manager.payload.shape import Family, Shape, hashable, is_scalar
from simple_metrics_manager.payload.spelling import class_of, simplify, type_name
from simple_metrics_manager.payload.tables import table
from simple_metrics_manager.payload.unions import union
from simple_metrics_manager.payload.words import word

_FAMILIES: tuple[Family, ...] = (
    scalar,
    array,
    chunked,
    table,
    number,
    union,
    choice,
    moment,
    word,
    named_tuple,
    typed_dict,
    record,
    container,
)


def shape_of(declared: object) -> Shape:
    """The shape of a declared type; made once per type.

    Raises:
        Unstorable: its values could not be stored so that they come back.
    """
    key = hashable(declared)
    # Equal unions may be spelled in another order, and 1 == True inside a Literal: the name tells them apart.
    known = None if key is None else _shapes.get((key, type_name(declared)))
    if known is not None:
        return known
    try:
        shape = _Builder()(declared)
    except RecursionError:
        raise Unstorable(f"{type_name(declared)} holds itself with ever other types; name them") from None
    if key is not None:
        _shapes[key, type_name(declared)] = shape
    return shape


@functools.lru_cache(maxsize=1)
def payload_converter() -> cattrs.Converter:
    """The converter that stores and brings back every declared type.

    Register hooks for classes of your own here, before a metric that returns one is declared::

        converter = payload_converter()
        converter.register_unstructure_hook(Signal, lambda signal: {"data": signal.data, "rate": signal.rate})
        converter.register_structure_hook(Signal, lambda plain, _: Signal(plain["data"], plain["rate"]))

    What a hook gives may hold arrays, lists, dicts with text keys and JSON's scalars. Its own ``structure`` and
    ``unstructure`` know every type that a metric may declare, arrays included.
    """
    converter = cattrs.Converter()
    for inherited in _INHERITED:
        converter.register_structure_hook(inherited, _Load())
        converter.register_unstructure_hook(inherited, _DumpInherited(inherited))
    converter.register_structure_hook_factory(_anything, _load_hook)
    converter.register_unstructure_hook_factory(_anything, _Dump)
    return converter


_shapes: dict[tuple[object, str], Shape] = {}
_INHERITED = (str, bytes, int, float, bool, enum.Enum, pathlib.Path)
"""cattrs gives subclasses of these the hooks of these, before it asks a factory: ours must stand there to be seen."""


class _Load:
    """Our structure hook: it looks the shape up when it is called, so that a class may name itself."""

    def __call__(self, raw: object, declared: object) -> object:
        return shape_of(declared).load(raw)


class _Dump:
    """Our unstructure hook for one type."""

    def __init__(self, declared: object) -> None:
        self._declared = declared

    def __call__(self, value: object) -> object:
        return shape_of(self._declared).dump(value)


class _DumpInherited(_Dump):
    """The same, where cattrs hands it values of a subclass that has a shape of its own."""

    def __call__(self, value: object) -> object:
        own_shape = isinstance(value, enum.Enum) or is_scalar(value)
        return shape_of(type(value)).dump(value) if own_shape else super().__call__(value)


def _anything(declared: object) -> bool:
    return True


def _load_hook(declared: object) -> _Load:
    return _Load()


class _Builder:
    """Builds shapes; a class that is reached again from its own fields is answered with the shape under way."""

    def __init__(self) -> None:
        self._under_way: dict[str, tuple[object, Shape]] = {}
        self._aliases: list[object] = []

    def __call__(self, declared: object) -> Shape:
        foreign = _foreign(declared)
        if foreign is not None:
            return foreign
        meaning = simplify(declared)
        if meaning is not declared:
            return self._meant(declared, meaning)
        name = type_name(declared)
        known = self._under_way.get(name)
        if known is not None and known[0] == declared:
            return known[1]
        for family in _FAMILIES:
            shape = family(declared, self)
            if shape is not None:
                return self._completed(shape, declared, name)
        raise Unstorable(_problem(declared))

    def _meant(self, declared: object, meaning: object) -> Shape:
        if any(declared is alias for alias in self._aliases):
            name: object = getattr(declared, "__name__", declared)
            raise Unstorable(f"the alias {name} contains itself; make it an attrs class")
        self._aliases.append(declared)
        try:
            return self(meaning)
        finally:
            self._aliases.pop()

    def _completed(self, shape: Shape, declared: object, name: str) -> Shape:
        if isinstance(shape, RecordShape | NamedTupleShape | TypedDictShape):
            self._under_way[name] = (declared, shape)
        if isinstance(shape, RecordShape):
            complete_record(shape, declared, self)
        elif isinstance(shape, NamedTupleShape):
            complete_named_tuple(shape, declared, self)
        elif isinstance(shape, TypedDictShape):
            complete_typed_dict(shape, declared, self)
        return shape


def _foreign(declared: object) -> Shape | None:
    """The shape of a type for which a hook that is not ours is registered."""
    if hashable(declared) is None:
        return None
    converter = payload_converter()
    structure = cast("Callable[[object, object], object]", converter.get_structure_hook(cast("Any", declared)))
    unstructure = cast("Callable[[object], object]", converter.get_unstructure_hook(cast("Any", declared)))
    ours = isinstance(structure, _Load), isinstance(unstructure, _Dump)
    if all(ours):
        return None
    if any(ours):
        missing = "unstructure" if ours[1] else "structure"
        raise Unstorable(f"{type_name(declared)} has only one hook; register its {missing} hook as well")
    return ForeignShape(declared, unstructure, structure)


def _problem(declared: object) -> str:
    """Why no family knows it."""
    if declared is Any or declared is object:
        return f"{type_name(declared)!r} says nothing about what to bring back; name the type"
    if isinstance(declared, TypeVar):
        return f"the type variable ~{declared.__name__} has no value here; subclass the manager with a concrete type"
    cls = class_of(declared)
    if cls is not None and issubclass(cls, np.ndarray):
        return f"{cls.__name__} is a subclass of an array, which an array file does not bring back; say NDArray[...]"
    return (
        f"don't know how to store {type_name(declared)}; make it an attrs class or dataclass, "
        f"or register cattrs hooks for it with payload_converter()"
    )
