"""A manager in a module on disk whose code tests edit, as a user does between two runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from simple_metrics_manager import DatedCacheManager
from simple_metrics_manager.freshness.sweeps import Swept
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.storage import Storage
from tests.fingerprint.laboratory import imported, write_project

SOURCE = """
import attrs
import numpy as np
from numpy.typing import NDArray
from simple_metrics_manager import DatedCacheManager, metric

K = 2.0
TRIES = []

def scaled(x):
    return x * K

@attrs.frozen
class Fit:
    slope: float
    curve: NDArray[np.float64]

class Digits(DatedCacheManager):
    verbose = False

    @metric
    def pixels(self) -> NDArray[np.float64]:
        return np.arange(4.0)

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        return scaled(self.pixels) + 1.0

    @metric
    def fit(self) -> Fit:
        return Fit(1.5, self.pixels * 0.5)

    @metric
    def noisy(self) -> float:
        TRIES.append("once more")
        return float(len(TRIES))

    @metric(params_list=[(k,) for k in range(1, 8)], dynamic=True)
    def inertia(self, k: int) -> float:
        return float(scaled(self.pixels).sum()) * k
"""

_numbers = itertools.count()


@contextmanager
def digits(folder: Path, storage: Storage | None, *edits: tuple[str, str]) -> Generator[DatedCacheManager]:
    """The manager as a new process finds it, once its module has been edited."""
    source = SOURCE
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    place = write_project(folder / f"edition{next(_numbers)}", {"digits_lab": source})
    with imported(place, "digits_lab") as module:
        yield cast("DatedCacheManager", module.Digits(storage))


def record(storage: StoredEntries, name: str) -> Record:
    """The record of what is stored under a name."""
    found = storage.read_record(name)
    assert found is not None
    return found


def sweep(of: object) -> Swept:
    """The sweep of the manager or of its class, as checkers would know it."""
    return cast("Swept", getattr(of, "inertia"))  # noqa: B009 - it has no such attribute for them


def point(of: DatedCacheManager) -> Callable[[int], float]:
    """The same, to be called."""
    return cast("Callable[[int], float]", sweep(of))
