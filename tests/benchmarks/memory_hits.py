"""What a value that is in memory costs, as ratios within one run.

Run it: ``python tests/benchmarks/memory_hits.py``. All cases are timed in turn, many times over, and the best time
of each counts, since other work on the machine only ever makes a time longer.
"""

from __future__ import annotations

import functools
import sys
import timeit

import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, metric

ROUNDS, CALLS = 60, 20_000


class Cached:
    """The standard library's way."""

    @functools.cached_property
    def x(self) -> float:
        return 1.0


class Metrics(DatedCacheManager):
    """Ours."""

    verbose = False

    @metric
    def x(self) -> float:
        return 1.0

    @metric
    def array(self) -> NDArray[np.float64]:
        return np.zeros(8)

    @metric
    def listed(self) -> list[float]:
        return [1.0] * 8

    @metric(dynamic=True)
    def f(self, a: int, b: int) -> float:
        return float(a + b)


@functools.cache
def f(a: int, b: int) -> float:
    return float(a + b)


@functools.lru_cache(maxsize=None, typed=True)
def f_typed(a: int, b: int) -> float:
    return float(a + b)


CASES = {
    "cached_property": "c.x",
    "cm.x": "cm.x",
    "cm.array": "cm.array",
    "cm.listed (8 floats, a copy)": "cm.listed",
    "cm[Metrics.x]": "cm[Metrics.x]",
    "lru_cache f(1, 2)": "f(1, 2)",
    "lru_cache(typed=True) f(1, 2)": "f_typed(1, 2)",
    "cm.f(1, 2)": "cm.f(1, 2)",
    "lru_cache f(a=1, b=2)": "f(a=1, b=2)",
    "cm.f(a=1, b=2)": "cm.f(a=1, b=2)",
}
BASES = {
    "cm.x": "cached_property",
    "cm.array": "cached_property",
    "cm.listed (8 floats, a copy)": "cached_property",
    "cm[Metrics.x]": "cached_property",
    "lru_cache(typed=True) f(1, 2)": "lru_cache f(1, 2)",
    "cm.f(1, 2)": "lru_cache f(1, 2)",
    "cm.f(a=1, b=2)": "lru_cache f(a=1, b=2)",
}


def main() -> None:
    """Time all cases and print nanoseconds and ratios."""
    names: dict[str, object] = {"c": Cached(), "cm": Metrics(), "f": f, "f_typed": f_typed, "Metrics": Metrics}
    timers = {name: timeit.Timer(statement, globals=names) for name, statement in CASES.items()}
    empty = timeit.Timer("pass")
    for timer in timers.values():
        timer.timeit(10)
    best = dict.fromkeys(timers, float("inf"))
    loop = float("inf")
    for _ in range(ROUNDS):
        loop = min(loop, empty.timeit(CALLS))
        for name, timer in timers.items():
            best[name] = min(best[name], timer.timeit(CALLS))
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}")
    print(f"best of {ROUNDS} x {CALLS} calls, empty loop subtracted")
    nanoseconds = {name: (seconds - loop) / CALLS * 1e9 for name, seconds in best.items()}
    for name, value in nanoseconds.items():
        ratio = f"{value / nanoseconds[BASES[name]]:6.2f} x {BASES[name]}" if name in BASES else ""
        print(f"{name:32}{value:8.1f} ns  {ratio}")


if __name__ == "__main__":
    main()
