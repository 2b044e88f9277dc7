"""Scales of drawings: where a number lies, and which round numbers stand beside it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import attrs

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_DECADES = 1.5


@attrs.frozen
class Scale:
    """From numbers between ``low`` and ``high`` to lengths between ``start`` and ``end``."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    @classmethod
    def over(
        cls, numbers: Sequence[float], start: float, end: float, *, logarithmic: bool = False, air: float = 0.0
    ) -> Scale:
        """One that shows all these numbers, with some air at both ends."""
        low, high = min(numbers), max(numbers)
        if logarithmic:
            return cls(math.log10(low), math.log10(high) if high > low else math.log10(low) + 1, start, end, True)
        if high == low:
            margin = abs(low) * 0.1 or 1.0
            return cls(low - margin, high + margin, start, end)
        margin = (high - low) * air
        return cls(low - margin, high + margin, start, end)

    def at(self, value: float) -> float:
        """Where a number lies."""
        number = math.log10(value) if self.logarithmic else value
        return self.start + (number - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """Some round numbers on it."""
        if self.logarithmic:
            first, last = math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9)
            step = max(1, math.ceil((last - first) / 6))
            return [10.0**power for power in range(first, last + 1, step)]
        return rounded(self.low, self.high)


def rounded(low: float, high: float, count: int = 5) -> list[float]:
    """About so many round numbers between two others."""
    width = (high - low) / count
    if not (math.isfinite(width) and width > 0):
        return [low]
    power = 10.0 ** math.floor(math.log10(width))
    if power == 0.0:
        return [low, high]
    step = next(power * each for each in _ROUND if power * each >= width * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [each * step for each in range(first, last + 1)]


def grows(numbers: Sequence[float]) -> bool:
    """Whether these are spaced by factors rather than by differences: 0.1, 1, 10."""
    ordered = sorted(set(numbers))
    if len(ordered) < 3 or ordered[0] <= 0 or math.log10(ordered[-1] / ordered[0]) < _DECADES:
        return False
    steps = [after - before for before, after in itertools.pairwise(ordered)]
    factors = [math.log(after / before) for before, after in itertools.pairwise(ordered)]
    return max(factors) / sum(factors) < max(steps) / sum(steps)
