"""Managers to look at: of machine learning, with sweeps, a failure, and what has become stale; and of the sea."""

from __future__ import annotations

import itertools
import random
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import keep_failure
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface
from simple_metrics_manager.storing.storage import Storage
from tests.fingerprint.laboratory import imported, write_project

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

DIGITS = '''
import numpy as np
from numpy.typing import NDArray
from simple_metrics_manager import DatedCacheManager, metric

CLASSES = 10
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
WIDTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)

def kernel(left, right, gamma):
    return np.exp(-gamma * ((left[:, None, :] - right[None, :, :]) ** 2).sum(2))

class Digits(DatedCacheManager):
    verbose = False

    @metric
    def images(self) -> NDArray[np.float64]:
        """Handwritten digits, 8 × 8 pixels each."""
        rng = np.random.default_rng(7)
        shapes = rng.normal(size=(CLASSES, 64)) * 0.55
        return shapes[self.labels] + rng.normal(size=(240, 64))

    @metric
    def labels(self) -> NDArray[np.int64]:
        """Which digit each image shows."""
        return np.random.default_rng(3).integers(0, CLASSES, 240)

    @metric
    def features(self) -> NDArray[np.float64]:
        """The first 30 principal components."""
        centred = self.images - self.images.mean(0)
        return centred @ np.linalg.svd(centred, full_matrices=False)[2][:30].T

    def scored(self, train: slice, ridge: float, gamma: float) -> float:
        ones = np.eye(CLASSES)[self.labels]
        taught, asked = self.features[train], self.features[180:]
        weights = np.linalg.solve(kernel(taught, taught, gamma) + np.eye(len(taught)) / ridge, ones[train])
        found = (kernel(asked, taught, gamma) @ weights).argmax(1)
        return float((found == self.labels[180:]).mean())

    @metric(params_list=[(C, g) for C in RIDGES for g in WIDTHS])
    def accuracy(self, C: float, gamma: float) -> float:
        """Accuracy of a kernel machine on images that it has not seen."""
        return self.scored(slice(0, 180), C, gamma)

    @metric
    def best(self) -> dict[str, float]:
        """The parameters that do best."""
        found = {key: value for key, value in self.accuracy.items()}
        best = max(found, key=lambda key: found[key])
        return {"C": best[0], "gamma": best[1], "accuracy": found[best]}

    @metric(params_list=[(n,) for n in (10, 20, 30, 50, 80, 120, 180)])
    def learning(self, n: int) -> float:
        """Accuracy against the number of examples."""
        return self.scored(slice(0, n), self.best["C"], self.best["gamma"])

    @metric(params_list=[(k, s, f) for k in ("flip", "noise") for s in (0.0, 0.5, 1.0, 2.0) for f in range(5)])
    def robustness(self, kind: str, strength: float, fold: int) -> float:
        """How much accuracy is left when images are disturbed."""
        loss = strength * (0.16 if kind == "flip" else 0.07)
        return self.best["accuracy"] - loss - 0.01 * fold

    @metric
    def predictions(self) -> NDArray[np.int64]:
        """What the best machine takes each image for."""
        ones = np.eye(CLASSES)[self.labels]
        weights = np.linalg.solve(kernel(self.features, self.features, 1e-3) + np.eye(240), ones)
        return (kernel(self.features, self.features, 1e-3) @ weights).argmax(1)

    @metric
    def confusion(self) -> NDArray[np.int64]:
        """Which digits are taken for which."""
        counts = np.zeros((CLASSES, CLASSES), np.int64)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts

    @metric
    def calibration(self) -> dict[str, float]:
        """How far confidence and accuracy lie apart."""
        return {"error": 0.031, "bins": 12.0}

    @metric
    def summary(self) -> str:
        """One line for the paper."""
        share = self.confusion.trace() / len(self.labels)
        return f"accuracy {share:.3f} on {len(self.labels)} images"
'''

EDITS = (
    (
        "np.add.at(counts, (self.labels, self.predictions), 1)",
        "np.add.at(counts, (self.labels[:-7], self.predictions), 1)",
    ),
    ("loss = strength * (0.16", "loss = strength * (0.17"),
)
"""What somebody changed since: one change breaks a metric, the other makes a sweep stale."""

OCEAN = '''
import numpy as np
from numpy.typing import NDArray
from simple_metrics_manager import DatedCacheManager, metric

class ElNino(DatedCacheManager):
    verbose = False

    @metric
    def sst(self) -> NDArray[np.float64]:
        """Monthly temperature of the sea, 1950 to 2010, in °C."""
        months = np.arange(732)
        waves = 2.4 * np.sin(2 * np.pi * months / 12) + 0.9 * np.sin(2 * np.pi * months / 45)
        return (23.1 + waves + np.random.default_rng(1).normal(size=732) * 0.4).reshape(61, 12)

    @metric
    def climatology(self) -> NDArray[np.float64]:
        """The mean of each calendar month."""
        return self.sst.mean(0)

    @metric
    def anomaly(self) -> NDArray[np.float64]:
        """What differs from the climatology."""
        return (self.sst - self.climatology).ravel()

    @metric
    def period(self) -> float:
        """The strongest period, in months."""
        power = np.abs(np.fft.rfft(self.anomaly)) ** 2
        return float(732 / (1 + power[1:].argmax()))

    @metric(params_list=[(t, m) for t in (0.2, 0.4, 0.6, 0.8, 1.0, 1.2) for m in (3, 5, 7, 9)])
    def events(self, threshold: float, months: int) -> int:
        """Warm events above a threshold that last for some months."""
        warm = np.convolve(self.anomaly > threshold, np.ones(months), "valid") >= months
        return int((np.diff(warm.astype(int)) > 0).sum())

    @metric
    def trend(self) -> float:
        """Warming in °C per decade."""
        return float(np.polyfit(np.arange(732) / 120, self.anomaly, 1)[0])
'''

_SECONDS: Mapping[str, float] = {
    "images": 0.031, "labels": 0.012, "features": 0.42, "accuracy": 5.4, "best": 0.0021, "learning": 3.1,
    "robustness": 2.2, "predictions": 1.9, "confusion": 0.006, "summary": 0.0008,
}  # fmt: skip
_PLACES = itertools.count()


@contextmanager
def digits(folder: Path, storage: Storage, *edits: tuple[str, str]) -> Generator[DatedCacheManager]:
    """The manager as a new process finds it, once its module has been edited."""
    with _made(folder, storage, "digits", "Digits", DIGITS, edits) as manager:
        yield manager


@contextmanager
def ocean(folder: Path, storage: Storage) -> Generator[DatedCacheManager]:
    """The other one, of which all is fresh."""
    with _made(folder, storage, "elnino", "ElNino", OCEAN, ()) as manager:
        manager.get_all()
        yield manager


@contextmanager
def _made(
    folder: Path, storage: Storage, module: str, kind: str, source: str, edits: tuple[tuple[str, str], ...]
) -> Generator[DatedCacheManager]:
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    place = write_project(folder / f"edition{next(_PLACES)}", {module: source})
    with imported(place, module) as found:
        yield cast("DatedCacheManager", getattr(found, kind)(storage))


@contextmanager
def after_a_night(folder: Path) -> Generator[DatedCacheManager]:
    """The digits as they are found in the morning: computed in two runs, edited in between, one metric failing."""
    storage = MemoryStorageInterface()
    with digits(folder, storage) as manager:
        for name in ("summary", "learning", "robustness", "accuracy"):
            manager.get_all([key for key in manager._declared_keys() if key.partition(",")[0] == name])
    _stage(storage)
    for name in [name for name in storage.names() if name.startswith("Digits.robustness") and "fold=4" in name]:
        storage.delete(name)
    with digits(folder, storage, *EDITS) as manager:
        manager.get_all(["confusion"], on_error="collect", use_stored=False, verbose=False)
        failure = manager.last_error("confusion")
        assert failure is not None
        last = max(_record(storage.read_record(name)).date for name in storage.names())
        keep_failure(storage, "Digits.confusion", attrs.evolve(failure, date=last + timedelta(seconds=4)))
        yield manager


def _stage(storage: StoredEntries) -> None:
    """Give records the dates and durations of a night, two processes at work on what can be done side by side."""
    dice = random.Random(11)
    clocks = [NOW - timedelta(hours=8, minutes=40)] * 2
    entries = [storage.read(name) for name in storage.names()]
    order = [*_SECONDS]
    for entry in sorted(entries, key=lambda entry: order.index(_record(entry.record).metric)):
        record = _record(entry.record)
        seconds = _SECONDS[record.metric] * dice.uniform(0.75, 1.4)
        which = clocks.index(min(clocks)) if record.params else clocks.index(max(clocks))
        clocks[which] += timedelta(seconds=seconds * 1.02)
        if not record.params:
            clocks = [max(clocks)] * 2
        days = timedelta(days=3) if record.metric in ("images", "labels", "confusion", "summary") else timedelta()
        date = clocks[which] - days
        staged = attrs.evolve(record, date=date, seconds=seconds, cpu_seconds=seconds * 0.97, host="kelvin")
        storage.write(Entry(staged, entry.payload))


def _record(record: Record | None) -> Record:
    assert record is not None
    return record
