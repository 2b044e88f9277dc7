"""A manager as it was stored, and as it is now: class, fields, classes of fields, metrics and parameters renamed."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    MemoryStorageInterface,
    NpzStorageInterface,
    SqliteStorageInterface,
    TieredStorageInterface,
    metric,
)
from simple_metrics_manager.outcomes.reasons import Policy, Reason
from simple_metrics_manager.storing.entries import StoredEntries

Open: TypeAlias = Callable[[Path], StoredEntries]
OPENERS: Mapping[str, Open] = {
    "files": NpzStorageInterface,
    "database": lambda folder: SqliteStorageInterface(folder / "db.sqlite"),
    "memory": lambda folder: MemoryStorageInterface(),
    "tiers": lambda folder: TieredStorageInterface(
        NpzStorageInterface(folder / "fast"), NpzStorageInterface(folder / "shared", sharded=True)
    ),
}


EDITED: Mapping[Reason, Policy] = {"code_changed": "use", "global_changed": "use", "upstream_stale": "use"}
"""For classes whose metrics must not be computed, and so have other code than those whose values they find."""


@attrs.frozen
class Window:
    """A field of a manager."""

    __qualname__ = "Window"
    size: int


class Mode(enum.Enum):
    """A parameter."""

    __qualname__ = "Mode"
    FAST = 1


@attrs.frozen
class Session(DatedCacheManager):
    """As it was."""

    __qualname__ = "Session"
    verbose = False
    participant: str
    alpha: float = 0.1
    window: Window = Window(3)

    @metric
    def raw(self) -> NDArray[np.float64]:
        return np.arange(3.0) + self.alpha

    @metric
    def spec(self) -> float:
        return float(self.raw.sum()) + self.window.size

    @metric(params_list=[(1, Mode.FAST), (2, Mode.FAST)])
    def fit(self, k: int, mode: Mode) -> float:
        return self.spec * k


class Way(enum.Enum):
    """What ``Mode`` is called now."""

    __qualname__ = "Way"
    FAST = 1


@attrs.frozen
class Frame:
    """What ``Window`` is called now."""

    __qualname__ = "Frame"
    size: int


@attrs.frozen
class Run(DatedCacheManager):
    """As it is now; nothing may be computed."""

    __qualname__ = "Run"
    verbose = False
    on_stale = EDITED
    subject: str
    beta: float = 0.1
    frame: Frame = Frame(3)
    added: int = 0

    @metric
    def raw(self) -> NDArray[np.float64]:
        raise AssertionError("computed")

    @metric(renamed_from="spec")
    def spectrum(self) -> float:
        raise AssertionError("computed")

    @metric(params_list=[(Way.FAST, 1), (Way.FAST, 2)], renamed_from="fit", renamed_parameters={"number": "k"})
    def model(self, mode: Way, number: int, tolerance: float = 0.5) -> float:
        raise AssertionError("computed")


CLASSES = {"Run": "Session", "Frame": "Window", "Way": "Mode"}
INPUTS = {"subject": "participant", "beta": "alpha", "frame": "window"}


def fill(storage: StoredEntries) -> None:
    """Two managers as they were, all of them computed and stored."""
    for session in (Session("s01"), Session("S 02", 0.5, Window(4))):
        session.use(storage).get_all()


def values(storage: StoredEntries) -> list[object]:
    """What both find as they are now."""
    runs = (Run("s01").use(storage), Run("S 02", 0.5, Frame(4)).use(storage))
    return [[run.raw.tolist(), run.spectrum, run.model.get_all()] for run in runs]


VALUES: list[object] = [
    [[0.1, 1.1, 2.1], 6.300000000000001, [6.300000000000001, 12.600000000000001]],
    [[0.5, 1.5, 2.5], 8.5, [8.5, 17.0]],
]
