"""The parameters of a sweep as coordinates: which values each of them takes, and where each row stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, cast

import numpy as np

from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.keys import canonical, canonical_text
from simple_metrics_manager.payload.tree import Array

_NUMBERS: dict[type, type[np.generic]] = {
    bool: np.bool_,
    int: np.int64,
    float: np.float64,
    complex: np.complex128,
}
_REPR_TELLS = frozenset({bool, int, float, str, bytes, type(None)})
_INT64 = range(-(2**63), 2**63)

Point: TypeAlias = tuple[object, ...]
"""A row by the keys of its values."""


def key(value: object, where: str) -> object:
    """Hashable; equal for what is the same parameter, which ``1``, ``1.0`` and ``True`` are not, nor the two zeros.

    Raises:
        IdentityError: the value has no stable written form.
    """
    kind = type(value)
    return (kind, repr(value)) if kind in _REPR_TELLS else canonical_text(canonical(value, where))


def point(names: Sequence[str], row: Row, name: str) -> Point:
    """What tells a row from others."""
    return tuple(key(value, f"{name}({parameter}=...)") for parameter, value in zip(names, row, strict=True))


def spelled(name: str, names: Sequence[str], row: Row) -> str:
    """``inertia(k=10, mode='fast')``."""
    return f"{name}({', '.join(f'{each}={value!r}' for each, value in zip(names, row, strict=True))})"


def places(keys: Iterable[object]) -> tuple[list[int], list[int]]:
    """Where each of them first appears, and the number among those that each of them has."""
    order: dict[object, int] = {}
    first: list[int] = []
    numbers: list[int] = []
    for index, each in enumerate(keys):
        if each not in order:
            order[each] = len(order)
            first.append(index)
        numbers.append(order[each])
    return first, numbers


def number_type(value: object) -> np.dtype[np.generic] | None:
    """The dtype in which numpy holds this number or moment, or those of this array; None for whatever is none."""
    known = _NUMBERS.get(type(value))
    if known is not None:
        return None if known is np.int64 and value not in _INT64 else np.dtype(known)
    if not isinstance(value, np.generic) and type(value) is not np.ndarray:
        return None
    dtype = cast("Array", value).dtype
    return dtype.newbyteorder("=") if dtype.kind in "biufcmM" else None


def column(values: Sequence[object]) -> Array:
    """One dimension of them: of numbers or text where they are of one type and none is changed by it, else objects."""
    kinds = {number_type(value) for value in values if type(value) is not np.ndarray}
    dtype = kinds.pop() if len(kinds) == 1 else None
    if dtype is not None and not any(type(value) is np.ndarray for value in values):
        return np.array(values, dtype)
    if values and all(type(value) is str and not value.endswith("\0") for value in values):
        return cast("Array", np.array(values, np.str_))
    made = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        made[index] = value
    return cast("Array", made)


def unused(name: str, taken: Iterable[str]) -> str:
    """``name``, with as many underscores behind it as it takes to be none of those."""
    others = set(taken)
    while name in others:
        name += "_"
    return name


def own_dims(name: str, number: int, names: Sequence[str]) -> tuple[str, ...]:
    """``inertia_dim_0``, ``inertia_dim_1``: the axes that the values have of their own, called as xarray would."""
    return tuple(unused(f"{name}_dim_{axis}", names) for axis in range(number))
