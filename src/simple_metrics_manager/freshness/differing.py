"""Where two values differ, both taken apart as they are stored: the first place, and by how much at most."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, cast

import attrs
import numpy as np

from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Native, Payload, Tree

Tolerance: TypeAlias = "tuple[float, float] | None"
"""Relative and absolute, as of ``numpy.allclose``; None for equality to the last bit."""

_PLAIN_NUMBERS = "iufcb"


@attrs.frozen
class Difference:
    """How a value that was computed anew differs from the stored one.

    ``metric`` is its name within the manager. ``path`` is the first place, as ``.fit[2, 0]``; empty for the value
    itself. ``old`` and ``new`` show what stands there. ``largest`` is the largest difference between two numbers
    anywhere in the value; None if other things differ.
    """

    metric: str
    path: str
    old: str
    new: str
    largest: float | None = None

    def __str__(self) -> str:
        most = "" if self.largest is None else f"; the largest difference is {self.largest:.3g}"
        return f"{self.metric}{self.path} was {self.old}, is now {self.new}{most}"

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return attrs.asdict(self)


class _Place(NamedTuple):
    path: str
    old: str
    new: str
    by: float | None


def difference(metric: str, old: Payload, new: Payload, tolerance: Tolerance) -> Difference | None:
    """What differs by more than the tolerance, if anything does. Tables and chunked arrays are compared exactly."""
    first: _Place | None = None
    largest: float | None = None
    for place in _Comparison(old, new, tolerance).trees(old.tree, new.tree, ""):
        first = place if first is None else first
        if place.by is not None:
            largest = place.by if largest is None else max(largest, place.by)
    return None if first is None else Difference(metric, first.path, first.old, first.new, largest)


@attrs.frozen
class _Comparison:
    old: Payload
    new: Payload
    tolerance: Tolerance

    def trees(self, old: Tree, new: Tree, path: str) -> Iterator[_Place]:
        if isinstance(old, dict) and isinstance(new, dict):
            if ARRAY_MARK in old and ARRAY_MARK in new:
                yield from self._hung(str(old[ARRAY_MARK]), str(new[ARRAY_MARK]), path)
                return
            for key in (*old, *(key for key in new if key not in old)):
                yield from self._members(old.get(key, _GONE), new.get(key, _GONE), path + _step(key))
        elif isinstance(old, list) and isinstance(new, list):
            for index in range(max(len(old), len(new))):
                before, now = (side[index] if index < len(side) else _GONE for side in (old, new))
                yield from self._members(before, now, f"{path}[{index}]")
        elif _is_number(old) and _is_number(new):
            yield from self._numbers(cast("float", old), cast("float", new), path)
        elif canonical_text(old) != canonical_text(new):
            yield _Place(path, _shown(old), _shown(new), None)

    def _members(self, old: object, new: object, path: str) -> Iterator[_Place]:
        if old is _GONE or new is _GONE:
            before, now = ("nothing" if side is _GONE else _shown(side) for side in (old, new))
            yield _Place(path, before, now, None)
        else:
            yield from self.trees(cast("Tree", old), cast("Tree", new), path)

    def _numbers(self, old: float, new: float, path: str) -> Iterator[_Place]:
        if repr(old) == repr(new) or self._is_close(old, new):
            return
        by = abs(new - old)
        yield _Place(path, repr(old), repr(new), math.inf if math.isnan(by) else float(by))

    def _is_close(self, old: float, new: float) -> bool:
        if self.tolerance is None:
            return False
        relative, absolute = self.tolerance
        if old == new or (math.isnan(old) and math.isnan(new)):
            return True
        return math.isfinite(old) and math.isfinite(new) and abs(new - old) <= absolute + relative * abs(old)

    # -------------------------------------------------------------------------------------------------------- arrays
    def _hung(self, old: str, new: str, path: str) -> Iterator[_Place]:
        """What hangs in the trees: arrays, or tables and the like."""
        before, now = self.old.natives.get(old), self.new.natives.get(new)
        if before is not None or now is not None:
            if before is None or now is None or before.content() != now.content():
                shown = _summary(before), _summary(now)
                yield _Place(path, shown[0], "one with other data" if shown[0] == shown[1] else shown[1], None)
            return
        yield from self._arrays(self.old.arrays[old], self.new.arrays[new], path)

    def _arrays(self, old: Array, new: Array, path: str) -> Iterator[_Place]:
        if old.dtype != new.dtype or old.shape != new.shape:
            yield _Place(path, f"{old.dtype}{list(old.shape)}", f"{new.dtype}{list(new.shape)}", None)
            return
        differs = ~self._equal(old, new)
        if not differs.any():
            return
        where = tuple(int(index) for index in np.argwhere(differs)[0])
        index = f"[{', '.join(map(str, where))}]" if where else ""
        yield _Place(path + index, _shown(old[where]), _shown(new[where]), _largest(old, new))

    def _equal(self, old: Array, new: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Element by element."""
        if self.tolerance is not None and old.dtype.kind in "fciu":
            relative, absolute = self.tolerance
            with np.errstate(all="ignore"):
                return np.asarray(np.isclose(new, old, relative, absolute, equal_nan=True))
        if old.dtype.hasobject or old.dtype.itemsize == 0:
            return np.asarray(old == new, dtype=np.bool_)
        shape = (old.size, old.itemsize)
        bits = (np.ascontiguousarray(side).reshape(-1).view(np.uint8).reshape(shape) for side in (old, new))
        same: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (next(bits) == next(bits)).all(axis=1)
        return same.reshape(old.shape)  # a zero's sign counts, and one NaN is another


def _largest(old: Array, new: Array) -> float | None:
    if old.dtype.kind not in _PLAIN_NUMBERS:
        return None
    wide = np.complex128 if old.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        by = np.abs(new.astype(wide) - old.astype(wide))
    known = by[np.isfinite(by)]
    odd = np.isfinite(new.astype(wide)) != np.isfinite(old.astype(wide))
    return math.inf if odd.any() else float(known.max()) if known.size else 0.0


def _summary(native: Native | None) -> str:
    return "an array" if native is None else native.summary()


def _is_number(value: object) -> bool:
    return type(value) in (int, float)


def _step(key: str) -> str:
    return f".{key}" if key.isidentifier() else f"[{key!r}]"


def _shown(value: object) -> str:
    return reprlib.repr(cast("np.generic[object]", value).item() if isinstance(value, np.generic) else value)


_GONE = object()
