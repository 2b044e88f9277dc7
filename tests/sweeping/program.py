"""Managers in ``__main__``: ``python program.py HOW`` has another program compute them, which gets all by value."""

from __future__ import annotations

import dataclasses
import enum
import subprocess
import sys
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    Metric,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    metric,
)
from simple_metrics_manager.storing.storage import Storage
from simple_metrics_manager.sweeping.recipe import Recipe, point_of


class Mode(enum.Enum):
    """A parameter."""

    FAST = 1


@attrs.frozen
class Result:
    """A value."""

    x: float
    n: int


class Base(DatedCacheManager):
    """What the others are derived from."""

    verbose = False

    @metric
    def start(self) -> float:
        return 1.0


class Plain(Base):
    """With a constructor."""

    def __init__(self, subject: str = "s01", storage: Storage | None = None) -> None:
        super().__init__(storage)
        self.subject = subject

    @metric
    def start(self) -> float:
        return super().start + 1

    @metric(params_list=[(1, Mode.FAST)])
    def inertia(self, k: int, mode: Mode = Mode.FAST) -> NDArray[np.float64]:
        return np.arange(3.0) * doubled(k) * self.start

    @metric
    def result(self) -> Result:
        return Result(float(self.inertia(1).sum()), 3)


@attrs.define
class Slotted(Base):
    """An attrs class that attrs makes anew."""

    subject: str = "s01"

    @metric
    def start(self) -> float:
        return super().start + 2

    @metric(dynamic=True)
    def times(self, k: int = 3) -> float:
        return self.start * k


@attrs.define(slots=False)
class Unslotted(Base):
    """Another one."""

    subject: str = "s01"

    @metric
    def start(self) -> float:
        return super().start + 3


@dataclasses.dataclass
class Data(Base):
    """A dataclass."""

    subject: str = "s01"

    @metric
    def start(self) -> float:
        return super().start + 4


class Bare(Data):
    """Without a metric of its own."""


def doubled(k: float) -> float:
    """A helper."""
    return 2 * k


STORED = NpzStorageInterface("stored")
CM = ParameterizedDatedCacheManager(STORED)
CM.verbose = False


@CM.collect(params_list=[(2,), (5,)])
def square(n: int) -> int:
    """Collected."""
    return n * n


@CM.collect(params_list=[(5, 2)])
def scaled(n: int, factor: int = 3) -> int:
    """Collected, and it names its manager."""
    return factor * int(CM.square(n))


def jobs() -> list[tuple[DatedCacheManager, Metric[object]]]:
    """What is to be computed elsewhere."""
    plain, slotted = Plain("s02").use(STORED), Slotted("s03").use(STORED)
    others = (Unslotted("s04").use(STORED), Data("s05").use(STORED), Bare("s06").use(STORED))
    found: list[tuple[DatedCacheManager, Metric[object]]] = [(other, type(other).start) for other in others]
    found += [(plain, Plain.start), (plain, Plain.inertia(1, Mode.FAST)), (plain, Plain.result)]
    return [*found, (slotted, Slotted.times(4)), (CM, square.key(5)), (CM, scaled.key(5, 2))]


def main(how: str) -> None:
    """Send all of it, and say what is stored then."""
    import cloudpickle

    if how == "raw":
        sent = cloudpickle.dumps(jobs())
    else:
        sent = cloudpickle.dumps([(Recipe.of(manager), point_of(key)) for manager, key in jobs()])
    Path("job").write_bytes(sent)
    subprocess.run([sys.executable, str(Path(__file__).with_name("other_program.py")), how], check=True)
    for manager, key in jobs():
        sys.stdout.write(f"{key.label} {manager.load(key)}\n")
    records = [STORED.read_record(name) for name in STORED.names()]
    known = [record is not None and record.code.hash != "" for record in records]
    helpers = {name for record in records if record is not None for name in record.helpers}
    sys.stdout.write(f"{len(known)} stored, {sum(known)} with the hash of their code, by {sorted(helpers)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
