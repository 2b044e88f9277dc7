"""Arrays: ``NDArray[np.float64]``, or ``np.ndarray[tuple[int, int], np.dtype[np.float64]]`` where the rank matters.

An array stays an array through the raw tree; formats write it as it is. So it must be one that an npy file brings
back exactly: no subclass (a mask would be lost), no Python objects, no dtype that only another package knows.
"""

from __future__ import annotations

import functools
import typing
import warnings
from typing import Literal, TypeVar, cast

import numpy as np

from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected
from simple_metrics_manager.payload.shape import Build, Raw, Shape
from simple_metrics_manager.payload.spelling import (
    any_shape,
    args_of,
    class_of,
    is_scalar_class,
    is_union,
    members,
    origin_of,
    simplify,
    type_name,
)
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array

AnyDtype = np.dtype[np.generic]


class ArrayShape(Shape):
    """Arrays of given dtypes and, where declared, a given rank; no dtypes means any."""

    kinds: frozenset[str] = frozenset({ARRAY_MARK})
    holds_arrays = True

    def __init__(self, name: str, scalars: tuple[type[np.generic], ...], sides: tuple[int | None, ...] | None) -> None:
        super().__init__(name)
        self._scalars = scalars
        self._sides = sides
        self._known: AnyDtype | None = None

    @property
    def rank(self) -> int | None:
        """Number of dimensions, where declared."""
        return None if self._sides is None else len(self._sides)

    def dump(self, value: object) -> Raw:
        if type(value) is not np.ndarray:
            raise array_refused(self.name, value)
        dtype: AnyDtype = value.dtype
        if dtype is not self._known:
            self._check_dtype(dtype)
            self._known = dtype
        if self._sides is not None:
            self._check_shape(value.shape, self._sides)
        return value

    def load(self, raw: Raw) -> object:
        return self.dump(raw)

    def fits(self, value: object, loose: bool) -> bool:
        try:
            self.dump(value)
        except Misfit:
            return False
        return True

    def adopt(self, value: object) -> object:
        if type(value) is np.ndarray and self.fits(value, True):
            return cast("object", value)
        if not isinstance(value, np.ndarray | list | tuple):
            return value
        try:
            found = np.asarray(cast("object", value))
        except ValueError:
            return cast("object", value)
        if found.size == 0 and not isinstance(value, np.ndarray) and self._scalars:
            return cast("object", np.zeros(found.shape, dtype=_default(self._scalars[0])))
        for scalar in self._scalars:
            cast_ = _cast(cast("Array", found), scalar)
            if cast_ is not None:
                return cast("object", cast_)
        return cast("object", found)

    def _check_dtype(self, dtype: AnyDtype) -> None:
        problem = dtype_problem(dtype)
        if problem is not None:
            raise Misfit(f"expected {self.name}, got {problem}")
        if self._scalars and not any(_is_a(dtype, scalar) for scalar in self._scalars):
            raise Misfit(f"expected {self.name}, got an array of dtype {dtype}")

    def _check_shape(self, shape: tuple[int, ...], sides: tuple[int | None, ...]) -> None:
        if len(sides) != len(shape) or any(
            side not in (None, length) for side, length in zip(sides, shape, strict=True)
        ):
            raise Misfit(f"expected {self.name}, got an array of shape {shape}")


def array_refused(name: str, value: object) -> Misfit:
    """Why ``value``, which is no plain array, is refused where one is wanted."""
    if isinstance(value, np.ndarray):
        return Misfit(
            f"expected {name}, got {type(cast('object', value)).__qualname__}, a subclass that an array file does not "
            f"bring back; return np.asarray(value), or its parts"
        )
    return expected(name, value)


@functools.lru_cache(maxsize=256)
def dtype_problem(dtype: AnyDtype) -> str | None:
    """Why an npy file would not bring back arrays of this dtype, or None."""
    if dtype.isbuiltin == 1 and not dtype.hasobject and dtype.kind in "biufc":
        return None
    if dtype.hasobject:
        return f"an array of dtype {dtype}: Python objects cannot be stored in an array file"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            back = np.lib.format.descr_to_dtype(np.lib.format.dtype_to_descr(dtype))
    except (TypeError, ValueError):
        back = None
    if back is None or back != dtype or back.type is not dtype.type or back.isalignedstruct != dtype.isalignedstruct:
        return f"an array of dtype {dtype}, which an array file does not bring back; convert it with .astype(...)"
    return None


def array(declared: object, build: Build) -> Shape | None:
    """The family of this module."""
    if declared is np.ndarray:
        return ArrayShape("np.ndarray", (), None)
    if origin_of(declared) is not np.ndarray:
        return None
    args = args_of(declared)
    sides = None if any_shape(args[0]) else tuple(map(_side, args_of(args[0])))
    dtypes = args_of(args[1]) if len(args) > 1 and origin_of(args[1]) is np.dtype else (typing.Any,)
    return ArrayShape(type_name(declared), _scalars(dtypes[0]), sides)


def _side(declared: object) -> int | None:
    """The length of one dimension, where it is declared as a Literal."""
    declared = simplify(declared)
    if isinstance(declared, TypeVar):
        raise Unstorable(
            f"the type variable ~{declared.__name__} has no value here; subclass the manager with a concrete type"
        )
    lengths = args_of(declared)
    return lengths[0] if origin_of(declared) is Literal and len(lengths) == 1 and isinstance(lengths[0], int) else None


def _scalars(declared: object) -> tuple[type[np.generic], ...]:
    declared = simplify(declared)
    if declared is typing.Any:
        return ()
    if is_union(declared):
        return tuple(scalar for member in members(declared) for scalar in _scalars(member))
    if isinstance(declared, TypeVar):
        raise Unstorable(
            f"the type variable ~{declared.__name__} has no value here; subclass the manager with a concrete type"
        )
    kind = class_of(declared)
    if not is_scalar_class(kind):
        raise Unstorable(f"{type_name(declared)} is no dtype")
    if issubclass(kind, np.object_):
        raise Unstorable("an array of Python objects cannot be stored")
    return (kind,)


def _is_a(dtype: AnyDtype, scalar: type[np.generic]) -> bool:
    if issubclass(dtype.type, scalar):
        return True
    default = _default(scalar)  # np.longlong and np.int64 are two classes of one dtype
    return default is not None and issubclass(scalar, np.integer) and dtype == default


def _default(scalar: type[np.generic]) -> AnyDtype | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return np.dtype(scalar)
    except (TypeError, DeprecationWarning):  # np.floating and its like are no dtypes
        return None


def _cast(found: Array, scalar: type[np.generic]) -> Array | None:
    """``found`` as an array of ``scalar``, if no element changes by it."""
    dtype = _default(scalar)
    numbers = "iufc"
    if dtype is None or found.dtype.kind not in numbers or dtype.kind not in numbers:
        return None
    if found.dtype.kind == "c" and dtype.kind != "c":
        return None
    with np.errstate(all="ignore"):
        there = found.astype(dtype)
        back = there.astype(found.dtype)
    same = (back == found) | ((back != back) & (found != found))  # noqa: PLR0124  # nan is kept
    return there if bool(np.all(same)) else None
