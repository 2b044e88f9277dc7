"""How an annotation is read and spelled.

The spelling of the declared type is stored beside each value and compared later, so it must not depend on the
Python or numpy version, nor on how the annotation was written: aliases, ``NewType`` and ``Annotated`` are looked
through, and members of a union or a ``Literal`` are sorted (``typing`` itself caches ``list[int | str]`` and
``list[str | int]`` as one object, whichever came first).
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from typing import (
    Annotated,
    ForwardRef,
    Literal,
    NewType,
    ParamSpec,
    TypeGuard,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

import numpy as np

from simple_metrics_manager.payload.misfit import Unstorable

NONE = type(None)
_BARE: dict[object, object] = {
    list: list,
    dict: dict,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
}
_TRANSPARENT = (Annotated, typing.Final, typing.Required, typing.NotRequired)
_PREFIXES = {"pandas": "pd.", "polars": "pl.", "pyarrow": "pa.", "zarr": "zarr."}
_NUMPY_NAMES = {"bool": "bool_", "str": "str_", "bytes": "bytes_"}


def origin_of(declared: object) -> object:
    """``typing.get_origin``, typed; None for what is not subscripted."""
    return cast("object", get_origin(declared))


def args_of(declared: object) -> tuple[object, ...]:
    """``typing.get_args``, typed."""
    return cast("tuple[object, ...]", get_args(declared))


def subscripted(generic: object, args: tuple[object, ...]) -> object:
    """``generic[args]``."""
    return cast("object", cast("typing.Any", generic)[args if len(args) != 1 else args[0]])


def class_of(declared: object) -> type | None:
    """The class of a plain or subscripted annotation."""
    origin = origin_of(declared) or declared
    return origin if isinstance(origin, type) else None


def is_scalar_class(kind: object) -> TypeGuard[type[np.generic]]:
    """Whether it is a class of numpy's scalars."""
    return isinstance(kind, type) and issubclass(kind, np.generic)


def is_one_of(kind: object, kinds: Iterable[object]) -> bool:
    """Whether it is one of ``kinds``: special forms of ``typing`` are no types to a type checker."""
    return any(kind is other for other in kinds)


def is_union(declared: object) -> bool:
    """Whether it is a union, in either spelling."""
    return is_one_of(origin_of(declared), (Union, types.UnionType))


def simplify(declared: object) -> object:
    """What it means: through ``Annotated``, ``NewType``, aliases, ``Final`` and ``Required``.

    Raises:
        Unstorable: an alias that contains itself.
    """
    for _ in range(100):
        deeper = _look_through(declared)
        if deeper is declared:
            return declared
        declared = deeper
    raise Unstorable(f"the alias {declared} contains itself; make it an attrs class")


def _look_through(declared: object) -> object:
    if declared is None:
        return NONE
    if isinstance(declared, NewType):
        return cast("object", declared.__supertype__)
    origin, args = origin_of(declared), args_of(declared)
    if is_one_of(origin, _TRANSPARENT) or _is_read_only(origin):
        return args[0]
    alias = declared if origin is None else origin
    if type(alias).__name__ == "TypeAliasType":
        value: object = getattr(alias, "__value__", None)
        return subscripted(value, args) if args else value
    try:
        return _BARE.get(declared, declared)
    except TypeError:
        return declared


def _is_read_only(origin: object) -> bool:
    return getattr(origin, "_name", None) == "ReadOnly"


def members(declared: object) -> list[object]:
    """The members of a union, flattened, without repetition, sorted by their names, None last."""
    found: dict[str, object] = {}

    def add(member: object) -> None:
        member = simplify(member)
        if is_union(member):
            for inner in args_of(member):
                add(inner)
        else:
            # Two classes of one name are two members: whoever stores the union refuses them by name.
            name = type_name(member)
            while name in found and found[name] is not member and found[name] != member:
                name += "'"
            found.setdefault(name, member)

    add(declared)
    return [found[name] for name in sorted(found, key=lambda name: (name == "None", name))]


def type_name(declared: object) -> str:
    """How a type is spelled: ``NDArray[np.float64]``, ``float | None``, ``list[tuple[int, str]]``.

    Equal for equal meanings, in every Python and numpy version.
    """
    return _spell(declared, ())


def _spell(declared: object, inside: tuple[object, ...]) -> str:
    names = set(_spell_members(declared, inside))
    return " | ".join(sorted(names, key=lambda name: (name == "None", name)))


def _spell_members(declared: object, inside: tuple[object, ...]) -> list[str]:
    """Names of the members of a union, or of the one type that it is; ``inside`` are the aliases around it."""
    alias = origin_of(declared) or declared
    if type(alias).__name__ == "TypeAliasType":
        if any(alias is other for other in inside):
            return [str(getattr(alias, "__name__", alias))]
        inside = (*inside, alias)
    try:
        meaning = _look_through(declared)
    except (TypeError, NameError):
        return [str(declared)]
    if meaning is not declared:
        return _spell_members(meaning, inside)
    if is_union(declared):
        return [name for arg in args_of(declared) for name in _spell_members(arg, inside)]
    return [_spell_single(declared, inside)]


def _spell_single(declared: object, inside: tuple[object, ...]) -> str:
    origin, args = origin_of(declared), args_of(declared)
    if origin is np.ndarray or declared is np.ndarray:
        return _spell_array(args, inside)
    if origin is Literal:
        return f"Literal[{', '.join(sorted(map(_spell_choice, args)))}]"
    if origin is not None:
        inner = ", ".join(_spell(arg, inside) for arg in args)
        return f"{_spell_plain(origin)}[{inner or '()'}]"
    if isinstance(declared, list):
        return f"[{', '.join(_spell(arg, inside) for arg in cast('list[object]', declared))}]"
    return _spell_plain(declared)


def _spell_plain(declared: object) -> str:
    if declared is Ellipsis:
        return "..."
    if declared is NONE:
        return "None"
    if isinstance(declared, TypeVar | ParamSpec):
        return f"~{declared.__name__}"
    if isinstance(declared, ForwardRef):
        return declared.__forward_arg__
    if isinstance(declared, type):
        if issubclass(declared, np.generic):
            return f"np.{_NUMPY_NAMES.get(declared.__name__, declared.__name__)}"
        return _PREFIXES.get(declared.__module__.partition(".")[0], "") + declared.__qualname__
    name: object = getattr(declared, "__name__", None) or getattr(declared, "_name", None)
    return name if isinstance(name, str) else str(declared).replace("typing.", "")


def _spell_choice(choice: object) -> str:
    kind = type(choice)
    name: object = getattr(choice, "name", None)
    return repr(choice) if kind.__module__ == "builtins" else f"{kind.__qualname__}.{name}"


def _spell_array(args: tuple[object, ...], inside: tuple[object, ...]) -> str:
    if not args:
        return "np.ndarray"
    shape, dtype = args[0], (args[1] if len(args) > 1 else typing.Any)
    dtypes = args_of(dtype)
    scalar = dtypes[0] if origin_of(dtype) is np.dtype and dtypes else typing.Any
    spelled = _spell_dtype(scalar, inside)
    if any_shape(shape):
        return f"NDArray[{spelled}]"
    return f"np.ndarray[{_spell(shape, inside)}, np.dtype[{spelled}]]"


def _spell_dtype(scalar: object, inside: tuple[object, ...]) -> str:
    generic = origin_of(scalar)
    if is_scalar_class(generic):
        return _spell_plain(generic)  # np.floating[Any] is np.floating: the precision is no part of the class
    return _spell(scalar, inside)


def any_shape(shape: object) -> bool:
    """Whether the first argument of ``np.ndarray[...]`` leaves the number of dimensions open."""
    dims = args_of(shape)
    return origin_of(shape) is not tuple or Ellipsis in dims
