"""What a manager was made with: part of the identity of everything that it stores.

Of an attrs class or a dataclass these are its fields (those that take part in ``==``), of a class with an
``__init__`` of its own the arguments of the constructor, or the attributes of the same names. Storages are never
inputs, nor are ``memory_limit`` and ``on_stale``. An input that is at its default is left out of names, so a field
with a default that is added later does not orphan what is stored; the record holds all of them.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, cast

import attrs

from simple_metrics_manager.declaring.checks import is_metric
from simple_metrics_manager.errors import IdentityError
from simple_metrics_manager.keys import canonical, canonical_text, manager_name
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.payload.unshare import unshare
from simple_metrics_manager.storing.storage import is_storage

_ABSENT = object()
_NO_INPUTS = frozenset({"memory_limit", "on_stale"})
"""Attributes of managers that change no value, also where a class makes them fields or takes them when it is made."""

_PACKAGE = __name__.partition(".")[0]

Arguments: TypeAlias = tuple[tuple[object, ...], Mapping[str, object]]
"""What a constructor was called with: positional and keyword arguments."""


class HasInputs(Protocol):
    """A manager, as far as this module goes."""

    def metric_inputs(self) -> Mapping[str, object]: ...


@attrs.frozen
class Inputs:
    """The inputs of one manager in canonical form: ``all`` of them, and those ``named``, not at their default.

    ``fixed`` says that they cannot change any more without being noticed. ``label`` is the manager's name with them.
    """

    all: Mapping[str, Tree]
    named: Mapping[str, Tree]
    fixed: bool
    label: str
    questions: dict[object, str] = attrs.field(factory=dict[object, str], init=False, eq=False, repr=False)
    """What was made of them once, for :meth:`.Question.text`."""


def inputs_of(manager: HasInputs, strict: bool = True) -> Inputs:
    """The inputs of a manager as they are now.

    Raises:
        IdentityError: one of them has no stable written form; unless ``strict``, it then counts as the object it is.
    """
    where = type(manager).__qualname__
    values = manager.metric_inputs()
    everything = {name: _form(value, f"{where}({name}=...)", strict) for name, value in values.items()}
    named = named_inputs(type(manager), everything)
    fixed = watches(type(manager)) and _is_ours(type(manager).metric_inputs) and all(map(_is_fixed, values.values()))
    return Inputs(everything, named, fixed, manager_name(where, named))


def named_inputs(kind: type, everything: Mapping[str, Tree]) -> dict[str, Tree]:
    """Of the inputs of a manager of this class, in canonical form, those that its name says: not at their default."""
    known, where = _defaults(kind), kind.__qualname__
    defaults = {name: canonical_text(_form(known[name], where, strict=False)) for name in everything if name in known}
    return {name: tree for name, tree in everything.items() if canonical_text(tree) != defaults.get(name)}


def declared_inputs(kind: type) -> frozenset[str] | None:
    """The names of all inputs that managers of this class can have; None where its ``metric_inputs`` is its own."""
    if not _is_ours(getattr(kind, "metric_inputs", None)):
        return None
    return frozenset(field.input for field in _fields(kind)) | (_wanted(kind) - _NO_INPUTS)


@functools.lru_cache(maxsize=256)
def no_inputs(kind: type) -> Inputs | None:
    """The inputs of all managers of a class that can have none."""
    asked: object = getattr(kind, "metric_inputs", None)
    none = _is_ours(asked) and watches(kind) and not _fields(kind) and _constructor(kind) is None
    return Inputs({}, {}, True, manager_name(kind.__qualname__, {})) if none else None


def _form(value: object, where: str, strict: bool) -> Tree:
    try:
        return canonical(value, where)
    except IdentityError as error:
        if not strict:
            return {"$object": id(value)}
        remedy = "or define metric_inputs(self) to say what identifies this manager"
        raise IdentityError(error.where, f"{error.problem}; {remedy}") from None


def _is_fixed(value: object) -> bool:
    """Whether a value cannot change in itself."""
    if callable(getattr(value, "metric_inputs", None)):  # a manager, which would tell itself of a change, not us
        return _is_frozen(type(value)) and inputs_of(cast("HasInputs", value), strict=False).fixed
    return unshare(value) is value


def own_inputs(manager: object, kind: type, arguments: Arguments) -> dict[str, object]:
    """What ``metric_inputs`` of a manager of class ``kind`` returns unless it is overridden."""
    values = _constructor_inputs(manager, kind, arguments)
    values |= {field.input: getattr(manager, field.name) for field in _fields(kind) if _counts(manager, field)}
    return {name: value for name, value in values.items() if not is_storage(value)}


def _counts(manager: object, field: _Field) -> bool:
    """A field that ``__init__`` does not take was derived from others; it counts if that can be written at all."""
    return field.init or _has_form(getattr(manager, field.name, _ABSENT))


def input_names(kind: type) -> frozenset[str]:
    """Names of attributes that are inputs of this class, so far as the class says."""
    signature = _constructor(kind)
    parameters = signature.parameters if signature is not None else ()
    return frozenset([*(field.name for field in _fields(kind)), *parameters]) - _NO_INPUTS


def has_own_constructor(kind: type) -> bool:
    """Whether only the call of ``__init__`` says what the manager's inputs are."""
    return _constructor(kind) is not None


def _constructor_inputs(manager: object, kind: type, arguments: Arguments) -> dict[str, object]:
    signature = _constructor(kind)
    if signature is None:
        return {}
    bound = signature.bind_partial(None, *arguments[0], **arguments[1])
    bound.apply_defaults()
    values: dict[str, object] = dict([*bound.arguments.items()][1:])
    for name in ("storage", "storage_interface", *_NO_INPUTS, *(name for name in values if name not in _wanted(kind))):
        values.pop(name, None)
    for name in values:
        now = _ABSENT if is_metric(getattr(kind, name, None)) else getattr(manager, name, _ABSENT)
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
    """A field that is an input: the attribute, the name of the input, its default or ``_ABSENT``."""

    name: str
    input: str
    default: object
    init: bool


@functools.lru_cache(maxsize=256)
def _fields(kind: type) -> tuple[_Field, ...]:
    """The fields of an attrs class or a dataclass that are inputs of it."""
    found: list[_Field] = []
    if attrs.has(kind):
        found = [_Field(f.name, f.alias or f.name, _attrs_default(f), f.init) for f in attrs.fields(kind) if f.eq]
    elif dataclasses.is_dataclass(kind):
        fields = dataclasses.fields(kind)
        found = [_Field(f.name, f.name, _dataclass_default(f), f.init) for f in fields if f.compare]
    return tuple(field for field in found if field.name not in _NO_INPUTS)


@functools.lru_cache(maxsize=256)
def _constructor(kind: type) -> inspect.Signature | None:
    """The signature of an ``__init__`` that a user wrote, or that takes what no field keeps; else None."""
    for base in kind.__mro__:
        init: object = vars(base).get("__init__")
        if init is None:
            continue
        if _is_ours(init) or init is object.__init__ or not callable(init):
            return None
        if _is_generated(init, base) and not _init_only(kind):
            return None
        signature = inspect.signature(init)
        kinds = {parameter.kind for parameter in signature.parameters.values()}
        if not {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD} <= kinds:
            return signature  # one that takes both hands them on to the next
    return None


def _is_generated(init: object, kind: type) -> bool:
    code = getattr(init, "__code__", None)
    file = code.co_filename if code is not None else ""
    return file.startswith("<attrs generated") or (file == "<string>" and dataclasses.is_dataclass(kind))


def _init_only(kind: type) -> frozenset[str]:
    """What only ``__post_init__`` of a dataclass sees: ``InitVar`` fields."""
    fields: Mapping[str, object] = getattr(kind, "__dataclass_fields__", {})
    return frozenset(
        name
        for name, field in fields.items()
        if isinstance(getattr(field, "type", None), dataclasses.InitVar)
        or str(getattr(field, "type", "")).startswith(("InitVar[", "dataclasses.InitVar["))
    )


def _wanted(kind: type) -> frozenset[str]:
    """The parameters of the constructor that are inputs; those that are fields are looked at as fields."""
    signature = _constructor(kind)
    names = frozenset(signature.parameters) if signature is not None else frozenset[str]()
    return _init_only(kind) or names


@functools.lru_cache(maxsize=256)
def _defaults(kind: type) -> Mapping[str, object]:
    signature = _constructor(kind)
    parameters = signature.parameters.values() if signature is not None else ()
    found: dict[str, object] = {p.name: p.default if p.default is not p.empty else _ABSENT for p in parameters}
    found |= {field.input: field.default for field in _fields(kind)}
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


def _is_ours(function: object) -> bool:
    return getattr(function, "__module__", "").partition(".")[0] == _PACKAGE


# ------------------------------------------------------------------------------------------- assignments are noticed
def watches(kind: type) -> bool:
    """Whether attributes cannot be assigned, or not without the manager's being told."""
    return _is_ours(getattr(kind, "__setattr__", None)) or _is_frozen(kind)


def _is_frozen(kind: type) -> bool:
    frozen_dataclass = getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)
    return bool(frozen_dataclass) or getattr(getattr(kind, "__setattr__", None), "__name__", "") == "_frozen_setattrs"


def watch(kind: type, assign: Callable[[Callable[[object, str, object], None], object, str, object], None]) -> None:
    """Have ``assign`` called in place of a ``__setattr__`` that attrs or a user wrote, which knows nothing of us."""
    if watches(kind):
        return
    theirs = cast("Callable[[object, str, object], None]", getattr(kind, "__setattr__", object.__setattr__))

    def watched_setattr(self: object, name: str, value: object) -> None:
        assign(theirs, self, name, value)

    type.__setattr__(kind, "__setattr__", watched_setattr)
