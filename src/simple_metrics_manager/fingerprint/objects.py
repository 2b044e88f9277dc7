"""Looking at objects without running their code, and finding the functions inside what wraps them."""

from __future__ import annotations

import dis
import functools
from collections.abc import Callable, Iterator, Mapping
from types import CellType, CodeType, FunctionType, MappingProxyType, MemberDescriptorType, MethodType, ModuleType
from typing import Final, cast

import attrs

from simple_metrics_manager.fingerprint.origin import is_own, module_label

_MOST_MEMBERS = 1000

MISSING: Final = object()
"""Stands for a name that is not there."""

_OF_GLOBALS = frozenset(
    ["LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_CLASSDEREF"]
)
_WRAPPED = ("__wrapped__", "__func__", "func", "fget", "fset", "fdel", "py_func", "pyfunc")
"""Where functools, the built-in descriptors, numba and numpy keep the functions that they wrap."""


@attrs.frozen(eq=False)
class Place:
    """Where a name was looked up, and what was there: as long as that stands, so does the fingerprint."""

    namespace: Mapping[str, object] | CellType
    name: str
    found: object = MISSING

    def now(self) -> object:
        """What is there now."""
        if not isinstance(self.namespace, CellType):
            return self.namespace.get(self.name, MISSING)
        try:
            return cast("object", self.namespace.cell_contents)
        except ValueError:
            return MISSING


def plain_attribute(value: object, name: str) -> object:
    """The attribute as it lies in the object or its classes, no descriptor but a slot asked; else ``MISSING``."""
    for cls in type(value).__mro__:
        found = vars(cls).get(name, MISSING)
        if isinstance(found, MemberDescriptorType):
            try:
                return cast("object", found.__get__(value, type(value)))
            except AttributeError:
                return MISSING
        if found is not MISSING:
            return own_attributes(value).get(name, found)
    return own_attributes(value).get(name, MISSING)


def is_slot(kind: type, name: str) -> bool:
    """Whether objects of this class keep the attribute in a slot."""
    found = next((vars(cls)[name] for cls in kind.__mro__ if name in vars(cls)), MISSING)
    return isinstance(found, MemberDescriptorType)


def own_attributes(value: object) -> Mapping[str, object]:
    """What lies in the object itself."""
    try:
        found: object = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def wrapped_in(value: object) -> Iterator[object]:
    """What this object wraps, if it is a wrapper of a well-known kind."""
    held, kind = own_attributes(value), _wrapping(cast("type", type(value)))
    for name in _WRAPPED if held or kind else ():
        if name not in held and name not in kind:
            continue
        inner = plain_attribute(value, name)
        if inner is not MISSING and inner is not None and callable(inner):
            yield inner
    registry = own_attributes(value).get("registry") if isinstance(value, FunctionType) else None
    if isinstance(registry, MappingProxyType):  # of functools.singledispatch
        yield from cast("Mapping[type, Callable[..., object]]", registry).values()


@functools.lru_cache(maxsize=1024)
def _wrapping(kind: type) -> frozenset[str]:
    """Which of these names are in a class or its bases."""
    return frozenset(name for name in _WRAPPED if any(name in vars(cls) for cls in kind.__mro__))


def functions_in(container: dict[str, object] | list[object] | tuple[object, ...]) -> list[object]:
    """What can be called in a table; a very long one is not searched."""
    parts = container.values() if isinstance(container, dict) else container
    return [part for part in parts if callable(part)] if len(container) <= _MOST_MEMBERS else []


def innermost(value: object, owner: type | None = None) -> tuple[object, type | None]:
    """The function at the bottom of wrappers, partials, methods and descriptors, with the class it belongs to."""
    for _ in range(100):
        if isinstance(value, type):
            break
        inner = next(wrapped_in(value), None)
        if inner is None:
            break
        owner = owner or owner_of(value) if isinstance(value, MethodType) else owner
        value = inner
    return value, owner


def is_metric(value: object) -> bool:
    """Whether this is a metric or another object of this library: what metrics read is noted when they run."""
    kind = type(value)
    if is_own(kind):
        return True
    return any(is_own(cls) for cls in kind.__mro__) and any("function" in vars(cls) for cls in kind.__mro__)


def bound_arguments(value: functools.partial[object]) -> Iterator[tuple[str, object]]:
    """The arguments that a partial, or a partialmethod, has bound, by position or name."""
    yield from ((str(position), argument) for position, argument in enumerate(value.args))
    yield from value.keywords.items()


def function_label(function: FunctionType) -> str:
    """Module and qualified name where it was defined, which ``functools.wraps`` cannot change."""
    return f"{module_label(function.__globals__.get('__name__'))}.{function.__code__.co_qualname}"


def class_label(cls: type) -> str:
    """Module and qualified name of a class."""
    return f"{module_label(cls.__module__)}.{cls.__qualname__}"


def is_of_class(function: FunctionType, owner: type) -> bool:
    """Whether the first parameter of this method is the class."""
    members = (vars(cls).get(function.__name__) for cls in owner.__mro__)
    found = next((member for member in members if innermost(member)[0] is function), None)
    return isinstance(found, classmethod) or function.__name__ == "__new__"


@functools.lru_cache(maxsize=4096)
def global_names(code: CodeType) -> frozenset[str]:
    """Names that the code, or a function inside it, takes from around it (and some of attributes)."""
    codes = [code]
    for outer in codes:
        codes += [part for part in outer.co_consts if isinstance(part, CodeType)]
    names = frozenset(code.co_freevars).union(*(part.co_names for part in codes))
    local = names.intersection(name for part in codes for name in (*part.co_varnames, *part.co_cellvars))
    if local:  # one that is called like an attribute, or like a global of another function
        names -= local.difference(code.co_freevars, *map(_loaded_globals, codes))
    return names


def _loaded_globals(code: CodeType) -> set[str]:
    named = (each for each in dis.get_instructions(code) if each.opname in _OF_GLOBALS)
    return {str(each.argval) for each in named}


def owner_of(method: MethodType) -> type:
    """The class on which a bound method looks its neighbours up."""
    instance: object = method.__self__
    return instance if isinstance(instance, type) else type(instance)


def goes_by(name: str, value: object) -> bool:
    """Whether a function, class or module is used under its own name."""
    own = str(getattr(value, "__name__", ""))
    return name in own.split(".") if isinstance(value, ModuleType) else name == own


def closure_of(function: FunctionType) -> dict[str, CellType]:
    """The cells of a function's closure by name."""
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
