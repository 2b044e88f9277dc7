"""What sweeps are tried on: a manager that notes each run of a function, in a module that workers import.

Notes are lines that are appended to a file, which every process may do at once. While there is trouble, a file beside
it, some metrics fail.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import ParamSpec, TypeVar

import attrs

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, ParameterizedDatedCacheManager, metric

P = ParamSpec("P")
T = TypeVar("T")

POINTS = 24
BAD = (2, 5)
DEADLY = 7


class MishapError(Exception):
    """What a user's own code raises."""


class TwoSidedError(Exception):
    """It pickles, and cannot be unpickled: its constructor takes other arguments than it hands on."""

    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} against {other}")


class HoldingError(Exception):
    """It cannot be pickled: it holds a lock."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.lock = threading.Lock()


@attrs.frozen
class Workshop(DatedCacheManager):
    """A diamond under a sweep, and sweeps that fail in each way. ``log`` is where runs are noted."""

    log: Path = attrs.field(eq=False)
    verbose = False

    def note(self, name: str) -> None:
        """A function runs."""
        note(self.log, name)

    @property
    def troubled(self) -> bool:
        """Whether there is trouble."""
        return trouble(self.log).exists()

    @metric
    def top(self) -> int:
        self.note("top")
        time.sleep(0.05)  # long enough for others to come too early
        return 1

    @metric
    def left(self) -> int:
        self.note("left")
        return self.top + 1

    @metric
    def right(self) -> int:
        self.note("right")
        return self.top + 2

    @metric
    def bottom(self) -> int:
        self.note("bottom")
        return self.left * self.right

    @metric(params_list=[(n,) for n in range(POINTS)])
    def point(self, n: int) -> int:
        """Reads the whole diamond."""
        self.note(f"point {n}")
        return self.bottom + n

    @metric(dynamic=True)
    def cell(self, n: int) -> int:
        """One of thousands, over the same diamond."""
        self.note(f"cell {n}")
        time.sleep(0.001)
        return self.bottom + n

    @metric(params_list=[(n,) for n in range(8)])
    def risky(self, n: int) -> int:
        self.note(f"risky {n}")
        if n in BAD and self.troubled:
            raise MishapError(f"{n} went wrong")
        return n

    @metric
    def ground(self) -> int:
        self.note("ground")
        if self.troubled:
            raise MishapError("sand")
        return 5

    @metric(params_list=[(1,), (2,)])
    def built(self, n: int) -> int:
        """Needs what fails."""
        self.note(f"built {n}")
        return self.ground * n

    @metric(params_list=[(1,), (2,)])
    def awkward(self, n: int) -> int:
        """Raises what cannot come back from another process."""
        self.note(f"awkward {n}")
        if self.troubled:
            raise TwoSidedError(n, 0) if n == 1 else HoldingError("held")
        return n

    @metric(params_list=[(n,) for n in range(4)])
    def leaving(self, n: int) -> int:
        """Raises what is no ``Exception``."""
        self.note(f"leaving {n}")
        if self.troubled and n:
            raise (SystemExit(3), asyncio.CancelledError(), GeneratorExit())[n - 1]
        return n

    @metric(params_list=[(n,) for n in range(12)])
    def deadly(self, n: int) -> int:
        """One point kills whoever computes it."""
        self.note(f"deadly {n}")
        if n == DEADLY and self.troubled:
            os._exit(7)
        return n


def note(log: Path, name: str) -> None:
    """Append a line, whole."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(descriptor, f"{name}\n".encode())
    os.close(descriptor)


def trouble(log: Path) -> Path:
    """The file that stands for trouble."""
    return log.with_suffix(".trouble")


def runs(log: Path) -> Counter[str]:
    """How often each function has run."""
    return Counter(log.read_text(encoding="utf-8").splitlines()) if log.exists() else Counter()


def made_in(folder: Path) -> Workshop:
    """A manager that knows nothing yet, with its storage and its log in this folder."""
    return Workshop(folder / "log").use(NpzStorageInterface(folder / "store"))


ALL = {"top": 1, "left": 1, "right": 1, "bottom": 1} | {f"point {n}": 1 for n in range(POINTS)}
"""The runs of one sweep."""
VALUES = [6 + n for n in range(POINTS)]

Collection = ParameterizedDatedCacheManager()


@Collection.collect(params_list=[[1], [2], [3]])
def cubed(n: int) -> int:
    """A function without a manager."""
    note(Path(os.environ["WORKSHOP_LOG"]), f"cubed {n}")
    return n**3


class Homemade(Executor):
    """Somebody's own: a thread for each task, and no word on how many there may be."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = Future[T]()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except Exception as error:  # noqa: BLE001 - as every executor
                    future.set_exception(error)

        threading.Thread(target=run).start()
        return future
