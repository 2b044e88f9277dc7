"""Type variables: what a generic base was subscripted with, and what is still open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ParamSpec, TypeVar, cast

from simple_metrics_manager.payload.spelling import args_of, origin_of, subscripted

Bound = Mapping[object, object]


def bind_type_variables(declared: object, owner: object, declared_in: type | None = None) -> object:
    """``declared`` with the type variables of generic bases replaced by what ``owner`` gives for them.

    Args:
        declared: an annotation, of a method or a field.
        owner: the class that it is used in, or a subscripted alias of it such as ``G[int]``.
        declared_in: the class whose body holds the annotation, where that is known: two classes of one
            family may use the same variable for different things.
    """
    if not has_free_type_variables(declared):
        return declared
    tables = _tables(owner)
    if declared_in is not None and declared_in in tables:
        return _replace(declared, tables[declared_in])
    merged: dict[object, object] = {}
    for table in reversed(list(tables.values())):
        merged.update({variable: given for variable, given in table.items() if given is not variable})
    return _replace(declared, merged)


def has_free_type_variables(declared: object) -> bool:
    """Whether a type variable is left anywhere in it."""
    return bool(free_type_variables(declared))


def free_type_variables(declared: object) -> tuple[object, ...]:
    """The type variables that are left in it, each once."""
    if isinstance(declared, TypeVar | ParamSpec):
        return (declared,)
    parts = cast("list[object]", declared) if isinstance(declared, list) else args_of(declared)
    return tuple(dict.fromkeys(variable for part in parts for variable in free_type_variables(part)))


def _tables(owner: object) -> dict[type, Bound]:
    """For each class of the family, what its own type variables are; the owner first."""
    origin = origin_of(owner)
    top = origin if isinstance(origin, type) else owner
    if not isinstance(top, type):
        return {}
    tables: dict[type, Bound] = {}

    def visit(cls: type, bound: Bound) -> None:
        if cls in tables and not any(variable is not given for variable, given in bound.items()):
            return
        tables[cls] = bound
        bases: tuple[object, ...] = cls.__dict__.get("__orig_bases__", cls.__bases__)
        for base in bases:
            generic = origin_of(base) or base
            if isinstance(generic, type) and generic is not object:
                given = tuple(_replace(arg, bound) for arg in args_of(base))
                visit(generic, _own(generic, given))

    visit(top, _own(top, args_of(owner) if origin is not None else ()))
    return tables


def _own(cls: type, given: tuple[object, ...]) -> Bound:
    parameters: tuple[object, ...] = getattr(cls, "__parameters__", ())
    return dict(zip(parameters, given or parameters, strict=False))


def _replace(declared: object, bound: Bound) -> object:
    if isinstance(declared, TypeVar | ParamSpec):
        return bound.get(declared, declared)
    parameters: tuple[object, ...] = getattr(declared, "__parameters__", ())
    if (isinstance(declared, type) and origin_of(declared) is None) or not parameters:
        return declared
    return subscripted(declared, tuple(bound.get(parameter, parameter) for parameter in parameters))
