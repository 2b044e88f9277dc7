"""What a manager was made with: part of the identity of everything that it stores.

Of an attrs class or a dataclass these are its fields (those that take part in ``==`` and in ``__init__``), of a
class with an ``__init__`` of its own the arguments of the constructor, or the attributes of the same names once
they were assigned. Storages are never inputs. An input that is at its default is left out of names, so a field
with a default that is added later does not orphan what is stored; the record holds all of them.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Mapping
from typing import Protocol, TypeAlias

import attrs

from simple_metrics_manager.errors import IdentityError
from simple_metrics_manager.keys import canonical, canonical_text
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.payload.unshare import unshare
from simple_metrics_manager.storing.storage import is_storage

_ABSENT = object()

Arguments: TypeAlias = tuple[tuple[object, ...], Mapping[str, object]]
"""What a constructor was called with: positional and keyword arguments."""


class HasInputs(Protocol):
    """A manager, as far as this module goes."""

    def metric_inputs(self) -> Mapping[str, object]: ...


@attrs.frozen
class Inputs:
    """The inputs of one manager in canonical form: ``all`` of them, and those ``named``, not at their default.

    ``fixed`` says that they cannot change any more without being noticed.
    """

    all: Mapping[str, Tree]
    named: Mapping[str, Tree]
    fixed: bool


def inputs_of(manager: HasInputs) -> Inputs:
    """The inputs of a manager as they are now.

    Raises:
        IdentityError: one of them has no stable written form.
    """
    where = type(manager).__qualname__
    values = manager.metric_inputs()
    defaults = _defaults(type(manager))
    try:
        everything = {name: canonical(value, f"{where}({name}=...)") for name, value in values.items()}
        named = {
            name: tree
            for name, tree in everything.items()
            if name not in defaults or canonical_text(tree) != canonical_text(canonical(defaults[name], where))
        }
    except IdentityError as error:
        remedy = "or define metric_inputs(self) to say what identifies this manager"
        raise IdentityError(error.where, f"{error.problem}; {remedy}") from None
    fixed = _notices_changes(type(manager)) and all(unshare(value) is value for value in values.values())
    return Inputs(everything, named, fixed)


def own_inputs(manager: object, kind: type, arguments: Arguments) -> dict[str, object]:
    """What ``metric_inputs`` of a manager of class ``kind`` returns unless it is overridden."""
    values = _constructor_inputs(manager, kind, arguments)
    values |= {field.name.lstrip("_"): getattr(manager, field.name) for field in _fields(kind)}
    return {name: value for name, value in values.items() if not is_storage(value)}


def input_names(kind: type) -> frozenset[str]:
    """Names of attributes that are inputs of this class, so far as the class says."""
    signature = _constructor(kind)
    parameters = signature.parameters if signature is not None else ()
    return frozenset([*(field.name for field in _fields(kind)), *parameters])


def has_own_constructor(kind: type) -> bool:
    """Whether a user wrote its ``__init__``, so that only the call of it says what the manager's inputs are."""
    return _constructor(kind) is not None


def _constructor_inputs(manager: object, kind: type, arguments: Arguments) -> dict[str, object]:
    signature = _constructor(kind)
    if signature is None:
        return {}
    bound = signature.bind_partial(None, *arguments[0], **arguments[1])
    bound.apply_defaults()
    values: dict[str, object] = dict([*bound.arguments.items()][1:])
    for name in ("storage", "storage_interface"):
        values.pop(name, None)  # be it a storage or None
    for name in values:
        now = vars(manager).get(name, _ABSENT)
        if now is not _ABSENT and _has_form(now):
            values[name] = now
    return values


def _has_form(value: object) -> bool:
    try:
        canonical(value, "")
    except IdentityError:
        return False
    return True


@attrs.frozen
class _Field:
    """A field that is an input: the attribute, and its default or ``_ABSENT``."""

    name: str
    default: object


@functools.lru_cache(maxsize=256)
def _fields(kind: type) -> tuple[_Field, ...]:
    """The fields of an attrs class or a dataclass that are inputs of it."""
    if attrs.has(kind):
        return tuple(_Field(f.name, _attrs_default(f)) for f in attrs.fields(kind) if f.eq and f.init)
    if dataclasses.is_dataclass(kind):
        return tuple(_Field(f.name, _dataclass_default(f)) for f in dataclasses.fields(kind) if f.compare and f.init)
    return ()


@functools.lru_cache(maxsize=256)
def _constructor(kind: type) -> inspect.Signature | None:
    """The signature of an ``__init__`` that a user wrote, or None."""
    init: object = getattr(kind, "__init__", None)
    code = getattr(init, "__code__", None)
    file = code.co_filename if code is not None else "<"
    generated = file.startswith("<attrs generated") or (file == "<string>" and dataclasses.is_dataclass(kind))
    ours = getattr(init, "__module__", "").partition(".")[0] == __name__.partition(".")[0]
    if code is None or generated or ours or not callable(init):
        return None
    return inspect.signature(init)


@functools.lru_cache(maxsize=256)
def _defaults(kind: type) -> Mapping[str, object]:
    signature = _constructor(kind)
    parameters = signature.parameters.values() if signature is not None else ()
    found: dict[str, object] = {p.name: p.default if p.default is not p.empty else _ABSENT for p in parameters}
    found |= {field.name.lstrip("_"): field.default for field in _fields(kind)}
    return {name: default for name, default in found.items() if default is not _ABSENT}


def _attrs_default(field: attrs.Attribute[object]) -> object:
    default: object = field.default
    if default is attrs.NOTHING:
        return _ABSENT
    factory: object = getattr(default, "factory", None)
    if type(default).__name__ != "Factory" or not callable(factory):
        return default
    return _ABSENT if getattr(default, "takes_self", False) else factory()


def _dataclass_default(field: dataclasses.Field[object]) -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _ABSENT


def _notices_changes(kind: type) -> bool:
    """Whether attributes cannot be assigned, or only through the base class, which looks."""
    setter = kind.__setattr__
    if getattr(setter, "__module__", "").partition(".")[0] == __name__.partition(".")[0]:
        return True
    frozen_dataclass = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    return bool(frozen_dataclass) or setter.__name__ == "_frozen_setattrs"
