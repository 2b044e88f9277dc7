"""Calls of collected functions: how their parameters are bound, told from flags, and kept."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TypeGuard

import numpy as np

from simple_metrics_manager.declaring.parameters import Row, unshared
from simple_metrics_manager.errors import IdentityError
from simple_metrics_manager.errors.nearest import did_you_mean
from simple_metrics_manager.keys import canonical, python_scalar


def signature_of(function: Callable[..., object]) -> inspect.Signature | None:
    """None for some functions that are written in C, as ``max``."""
    try:
        return inspect.signature(function)
    except ValueError:
        return None


def bound(signature: inspect.Signature | None, args: Row, kwargs: dict[str, object]) -> Row:
    """The parameters by position. Those that are left out stay so: 0.5.0 named ``f(1)`` and ``f(1, 2)`` apart.

    Raises:
        TypeError: the function does not take them, or one of them only by keyword.
    """
    if signature is None:
        if kwargs:
            raise TypeError("parameters of a function without a signature have no names; give them by position")
        return tuple(map(python_scalar, args))
    _refuse_unknown(signature, kwargs)
    found = signature.bind(*args, **kwargs)
    if found.kwargs:
        found.apply_defaults()
    if found.kwargs:
        names = ", ".join(found.kwargs)
        raise TypeError(f"{names} can only be given by keyword, so they cannot name a metric")
    return tuple(map(python_scalar, found.args))


def _refuse_unknown(signature: inspect.Signature, kwargs: dict[str, object]) -> None:
    """Refuse a keyword that is neither a parameter nor a flag, with the one that may have been meant."""
    parameters = signature.parameters
    unknown = next((name for name in kwargs if name not in parameters), None)
    if unknown is not None and not any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        flags = ". Besides its own parameters there are the flags use_stored and cache"
        meant = did_you_mean(unknown, parameters) or flags
        raise TypeError(f"got an unexpected keyword argument {unknown!r}{meant}")


def own_flags(signature: inspect.Signature | None) -> frozenset[str]:
    """Parameters of the function that are called like a flag of the cache and can be given by keyword."""
    parameters = signature.parameters.values() if signature is not None else ()
    named = {each.name for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)}
    return frozenset({"cache", "use_stored"} & named)


def is_row(row: object) -> TypeGuard[Sequence[object]]:
    """Whether this is a row of parameters: a tuple, a list or another sequence, but no text."""
    return isinstance(row, (Sequence, np.ndarray)) and not isinstance(row, (str, bytes, bytearray))


def own_where_written(params: Row) -> Row:
    """Copies of what has a written form. With names of the user's own, a connection may be a parameter as well."""

    def own(value: object) -> object:
        try:
            canonical(value, "")
        except IdentityError:
            return value
        return unshared((value,))[0]

    return tuple(map(own, params))
