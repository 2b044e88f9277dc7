"""Values as they are shown: in a few characters for a table, in a few lines for one of them, as plain data."""

from __future__ import annotations

import dataclasses
import enum
import math
import pprint
import reprlib
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, TypeAlias, cast

import attrs
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What JSON has."""

_BARS = "▁▂▃▄▅▆▇█"
_BINS = 12
_LONGEST = 60


def brief(value: object) -> str:
    """A value in a few characters."""
    if isinstance(value, np.ndarray):
        return _shape(cast("NDArray[np.generic]", value))
    if isinstance(value, np.generic):
        value = cast("object", value.item())
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join((value if isinstance(value, str) else _REPR.repr(value)).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


_REPR = reprlib.Repr()
_REPR.maxother = _REPR.maxstring = _LONGEST


def lines(value: object, *, full: bool = False) -> Iterator[str]:
    """A value in a few lines; with ``full`` in as many as it takes."""
    if isinstance(value, np.ndarray):
        array = cast("NDArray[np.generic]", value)
        if not full:
            yield from _summary(array)
        with np.printoptions(threshold=array.size + 1 if full else 20, edgeitems=3, linewidth=80):
            yield from str(array).splitlines()
        return
    fields = fields_of(value)
    if fields is not None and not issubclass(type(value), Mapping):
        wide = max(map(len, fields), default=0)
        for name, each in fields.items():
            first, *rest = _text(each).splitlines() or [""]
            yield f"{name:<{wide}}  {first}"
            yield from (f"{'':<{wide}}  {line}" for line in rest)
        return
    text = _text(value)
    every = text.splitlines() or [""]
    yield from every if full else every[:_MOST]
    if not full and len(every) > _MOST:
        yield f"... and {len(every) - _MOST} more lines: --full shows them"


_MOST = 20


def _text(value: object) -> str:
    return value if isinstance(value, str) else pprint.pformat(value, width=76, compact=True, sort_dicts=False)


def _shape(array: NDArray[np.generic]) -> str:
    return f"{array.dtype}[{'×'.join(map(str, array.shape))}]"


def _summary(array: NDArray[np.generic]) -> Iterator[str]:
    yield _shape(array)
    if array.dtype.kind not in "biuf" or not array.size:
        return
    numbers = array.astype(np.float64, copy=False).ravel()
    finite = numbers[np.isfinite(numbers)]
    nan = int(np.isnan(numbers).sum())
    if not finite.size:
        yield f"no finite numbers, nan {nan}"
        return
    low, middle, high = float(finite.min()), float(finite.mean()), float(finite.max())
    yield f"min {low:.6g}   mean {middle:.6g}   max {high:.6g}   nan {nan}   {_histogram(finite, low, high)}".rstrip()


def _histogram(numbers: NDArray[np.float64], low: float, high: float) -> str:
    if not math.isfinite(high - low) or high <= low:
        return ""
    counts, _ = np.histogram(numbers, bins=_BINS, range=(low, high))
    most = int(counts.max())
    return "".join(_BARS[(len(_BARS) - 1) * int(count) // most] for count in counts)


def plain(value: object) -> Plain:
    """A value as JSON can have it. It is for other programs to read: what cannot be told is text."""
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, np.generic):
        return plain(cast("object", value.item()))
    if isinstance(value, np.ndarray):
        return plain(cast("list[object]", value.tolist()))
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    fields = fields_of(value)
    if fields is not None:
        return {name: plain(each) for name, each in fields.items()}
    if isinstance(value, list | tuple | AbstractSet):
        return [plain(each) for each in cast("Collection[object]", value)]
    return str(value)


def fields_of(value: object) -> Mapping[str, object] | None:
    """The parts of a mapping or of a class of fields by their names; None for anything else."""
    if isinstance(value, Mapping):
        return {str(name): each for name, each in cast("Mapping[object, object]", value).items()}
    if attrs.has(type(value)):
        names = [field.name for field in attrs.fields(cast("type[attrs.AttrsInstance]", type(value)))]
        return {name: getattr(value, name) for name in names}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return None
