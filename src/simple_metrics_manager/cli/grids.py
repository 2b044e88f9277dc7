"""A sweep over two parameters as a grid, with a number in each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from simple_metrics_manager.cli.output import columns
from simple_metrics_manager.cli.survey import Point

_WIDEST = 80


def grid(points: Sequence[Point], values: Mapping[str, object], width: int | None) -> list[tuple[str, ...]] | None:
    """The first parameter from top to bottom, the second from left to right; None if that is no way to show them.

    A cell is empty where there is no such point, and ``-`` where its value is not stored.
    """
    names = list(points[0].key.params)
    if len(names) != 2 or any(list(each.key.params) != names for each in points):
        return None
    numbers = {name: number for name, value in values.items() if (number := _number(value)) is not None}
    if not values or len(numbers) < len(values):
        return None
    cells = {tuple(str(each.key.params[name]) for name in names): _cell(numbers, each.key.name) for each in points}
    rows, across = ([*dict.fromkeys(place[index] for place in cells)] for index in (0, 1))
    head = ("", f"{names[0]} \\ {names[1]}", *across)
    table = [head, *(("", row, *(cells.get((row, column), "") for column in across)) for row in rows)]
    widest = max(map(len, columns(table)))
    return table if widest <= (width or _WIDEST) else None


def _cell(values: Mapping[str, float], name: str) -> str:
    return f"{values[name]:.6g}" if name in values else "-"


def _number(value: object) -> float | None:
    if isinstance(value, np.generic):
        value = cast("object", value.item())
    return float(value) if isinstance(value, int | float) else None
