"""What the benchmark of sweeps computes, in a module that workers import: metrics that cost nothing."""

from __future__ import annotations

import functools

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

MANY = 100_000


class Trivial(DatedCacheManager):
    """Metrics that cost nothing."""

    verbose = False

    @metric(dynamic=True)
    def cell(self, n: int) -> int:
        return n


KEYS = [Trivial.cell(n) for n in range(MANY)]


def manager(folder: str) -> Trivial:
    """A manager that knows nothing yet."""
    return Trivial().use(NpzStorageInterface(folder, durability="cache"))


on_a_worker = functools.lru_cache(maxsize=1)(manager)


def one_call(folder: str, numbers: range) -> None:
    """What ``map`` is given: some metrics, one after the other, by the worker's own manager."""
    cm = on_a_worker(folder)
    for n in numbers:
        cm.get(Trivial.cell(n))
