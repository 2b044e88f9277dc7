"""Parameter sets in a message: those that are declared, in short, and those that are next to one that is not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeGuard

from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.errors import UndeclaredParametersError
from simple_metrics_manager.errors.nearest import nearest

_FEW = 8
"""Parameter sets, or values of a parameter, that are told."""


def undeclared(
    label: str, names: Sequence[str], spell: Callable[[Row], str], rows: Sequence[Row], row: Row
) -> UndeclaredParametersError:
    """The error of a row that is none of ``rows``: with what is declared, and with what may have been meant."""
    name = label.rpartition(".")[2]
    remedy = f"Add it to params_list, or let any parameters in: @metric(params_list=..., dynamic=True) on {name}."
    return UndeclaredParametersError(label, spell(row), declared(names, spell, rows), remedy, near(names, rows, row))


def declared(names: Sequence[str], spell: Callable[[Row], str], rows: Sequence[Row]) -> str:
    """``C in (0.1, 1.0), gamma in (0.01, 0.1)`` for all combinations of values, else one set after the other."""
    values = [list(dict.fromkeys(map(repr, column))) for column in zip(*rows, strict=True)]
    if len(rows) > 1 and math.prod(map(len, values)) == len(set(map(repr, rows))):
        return ", ".join(_values(name, each) for name, each in zip(names, values, strict=True))
    more = len(rows) - _FEW
    told = "; ".join(map(spell, rows[:_FEW])) or "nothing"
    return told + (f"; and {more} more" if more > 0 else "")


def near(names: Sequence[str], rows: Sequence[Row], row: Row) -> tuple[str, ...]:
    """The next values of the one parameter in which other sets differ from this one: ``("C=3.0", "C=10.0")``."""
    wanted = [repr(value) for value in row]
    for index, name in enumerate(names):
        others = [other[index] for other in rows if _but_for(index, other, wanted)]
        if others:
            return tuple(f"{name}={value!r}" for value in _next_to(row[index], others))
    return ()


def _but_for(index: int, row: Row, wanted: Sequence[str]) -> bool:
    return all(
        repr(value) == text or place == index for place, (value, text) in enumerate(zip(row, wanted, strict=True))
    )


def _next_to(value: object, others: Sequence[object]) -> list[object]:
    if isinstance(value, str):
        found = nearest(value, [other for other in others if isinstance(other, str)])
        return [] if found is None else [found]
    if not _is_number(value):
        return []
    numbers = [other for other in others if _is_number(other)]
    below, above = [each for each in numbers if each < value], [each for each in numbers if each > value]
    return [*([max(below)] if below else []), *([min(above)] if above else [])]


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _values(name: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{name}={values[0]}"
    few = values if len(values) <= _FEW else [*values[: _FEW - 1], f"... {values[-1]}"]
    return f"{name} in ({', '.join(few)})"
