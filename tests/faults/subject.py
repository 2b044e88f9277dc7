"""What is saved under faults: a manager with two metrics, and what a process finds of them afterwards."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    JsonStorageInterface,
    NpyStorageInterface,
    NpzStorageInterface,
    metric,
)

AnyStorage: TypeAlias = NpzStorageInterface | NpyStorageInterface | JsonStorageInterface
MakeStorage: TypeAlias = Callable[[Path], AnyStorage]

STORAGES: dict[str, MakeStorage] = {
    "npz": NpzStorageInterface,
    "npy": NpyStorageInterface,
    "json": JsonStorageInterface,
    "sharded": partial(NpzStorageInterface, sharded=True),
}
every_storage = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in STORAGES.items()])

SMALL, LARGE = 8, 37_500
"""Floats: 64 bytes, and 300 kB."""

OLD, NEW, NEXT, LAST = 1.5, 2.5, 3.5, 4.5

shows: ContextVar[tuple[float, int]] = ContextVar("shows")
"""What the instrument shows, and how often; no input of the manager, so that old and new have one name."""


class Instrument(DatedCacheManager):
    """Reads what it is shown, and counts how often it does."""

    verbose = False
    runs = 0

    @metric
    def reading(self) -> NDArray[np.float64]:
        Instrument.runs += 1
        value, size = shows.get()
        return np.full(size, value)

    @metric
    def serial(self) -> str:
        return "no. 7"


@attrs.frozen
class Seen:
    """A value in short: what all its elements are (nan if they are not), how many, and its date."""

    value: float
    size: int
    date: datetime


def save(storage: AnyStorage, value: float, size: int) -> Instrument:
    """Compute and store this value in place of what is there."""
    shows.set((value, size))
    cm = Instrument(storage)
    cm.get(Instrument.reading, use_stored=False)
    return cm


def look(storage: AnyStorage) -> Seen | None:
    """What a manager that knows nothing yet finds; None if there is nothing."""
    cm = Instrument(storage)
    if not cm.exists(Instrument.reading):
        return None
    value = cm.load(Instrument.reading)
    whole = bool((value == value[0]).all())
    return Seen(float(value[0]) if whole else float("nan"), value.size, cm.date(Instrument.reading))


def prepare(storage: AnyStorage, size: int, *, first: bool) -> Seen | None:
    """A directory with another metric and, unless the save under test is the first, the old value."""
    cm = Instrument(storage)
    assert cm.serial == "no. 7"
    if not first:
        save(storage, OLD, size)
    return look(storage)


def leftovers(folder: Path) -> list[str]:
    """The hidden files of a directory and its folders."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(".*"))


def age(folder: Path) -> None:
    """Make hidden files two hours old."""
    then = time.time() - 7200
    for name in leftovers(folder):
        os.utime(folder / name, (then, then))
