"""Whether the values of a sweep can stand in one array, and which one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

import numpy as np

from simple_metrics_manager.declaring.coordinates import number_type, spelled
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.errors import SweepArrayError
from simple_metrics_manager.payload.tree import Array

Like: TypeAlias = tuple[np.dtype[np.generic], tuple[int, ...]]
"""dtype and shape of one value."""


def alike(name: str, names: Sequence[str], rows: Sequence[Row], values: Sequence[object]) -> Like:
    """The dtype and the shape that all values have.

    Raises:
        SweepArrayError: they have not, or there are none.
    """
    first: Like | None = None
    for row, value in zip(rows, values, strict=True):
        like = _like(value)
        if like is None:
            problem = f"it is {_described(value)}, which is no number, date or array of them"
            remedy = f"{name}.to_dataframe() takes any values, {name}.items() gives them one by one"
            raise SweepArrayError(spelled(name, names, row), problem, remedy)
        if first is None:
            first = like
        elif like != first:
            problem = f"it is {_spell(like)}, but {spelled(name, names, rows[0])} is {_spell(first)}"
            remedy = f"One array cannot hold both; {name}.items() gives each value with its parameters"
            raise SweepArrayError(spelled(name, names, row), problem, remedy)
    if first is None:
        raise SweepArrayError(name, "params_list is empty, so nobody knows a dtype", "Add parameter sets to it")
    return first


def _like(value: object) -> Like | None:
    dtype = number_type(value)
    return None if dtype is None else (dtype, np.shape(cast("Array", value)))


def _spell(like: Like) -> str:
    dtype, shape = like
    return f"{dtype}[{'×'.join(map(str, shape))}]" if shape else f"{dtype}"


def _described(value: object) -> str:
    if value is None:
        return "None"
    if type(value) is int:
        return "an integer of more than 64 bits"
    if isinstance(value, np.ndarray | np.generic):
        array = cast("Array", value)
        return f"{type(array).__qualname__} {_spell((array.dtype, array.shape))}"
    return f"of type {type(value).__qualname__}"
