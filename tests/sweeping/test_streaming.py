"""Sweeps that hold little: values that are given one by one, and tasks that are handed over a few at a time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, Failure, NpzStorageInterface, metric
from tests.sweeping.engines import POOLS
from tests.sweeping.workshop import BAD, MishapError, Workshop, made_in, runs, trouble

P = ParamSpec("P")
T = TypeVar("T")

POINTS, FEW = 300, 100


class Wide(DatedCacheManager):
    """Values of some size."""

    verbose = False

    @metric(params_list=[(n,) for n in range(POINTS)])
    def row(self, n: int) -> NDArray[np.float64]:
        return np.full(1000, float(n))


class Counting(Executor):
    """One thread for each of two slots, and the largest number of tasks that were handed over and not done."""

    def __init__(self) -> None:
        self._max_workers = 2
        self._pool = ThreadPoolExecutor(2)
        self._lock = threading.Lock()
        self.open = 0
        self.most = 0
        self.tasks = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with self._lock:
            self.open += 1
            self.tasks += 1
            self.most = max(self.most, self.open)
        future = self._pool.submit(fn, *args, **kwargs)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: Future[T]) -> None:
        with self._lock:
            self.open -= 1

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@pytest.mark.parametrize(("how", "most"), [("none", 1), ("threads", 1 + 2), ("spawn", 1)])
def test_values_come_one_by_one(tmp_path: Path, how: str, most: int) -> None:
    """Keys come in their order, each with its value. Memory holds that one and what threads compute just then, and in
    the end what it held before."""
    cm = Wide(NpzStorageInterface(tmp_path))
    cm.row(7)
    makes: dict[str, Callable[[], Executor | None]] = {
        "none": lambda: None,
        "threads": lambda: ThreadPoolExecutor(2),
        "spawn": lambda: POOLS["spawn"]().__enter__(),
    }
    executor, held = makes[how](), list[int]()
    try:
        for n, (key, value) in enumerate(cm.iter_all([Wide.row(n) for n in range(FEW)], executor=executor)):
            assert (key.name, value[0]) == (f"row,n={n}", n)
            held.append(len([name for name in cm.cache if name != "row,n=7"]))
    finally:
        if executor is not None:
            executor.shutdown()

    assert len(held) == FEW
    assert max(held) <= most
    assert list(cm.cache) == ["row,n=7"]


def test_a_stream_that_is_left_computes_no_more(tmp_path: Path) -> None:
    """Without an executor, what nobody has asked for yet is not computed; what was given is stored."""
    cm = made_in(tmp_path)
    for _, value in cm.iter_all([Workshop.cell(n) for n in range(50)]):
        if value == 6 + 9:
            break
    gc.collect()

    assert runs(cm.log).keys() == {"top", "left", "right", "bottom", *(f"cell {n}" for n in range(10))}
    assert [*made_in(tmp_path).iter_all([Workshop.cell(9)])] == [(Workshop.cell(9), 15)]
    assert runs(cm.log)["cell 9"] == 1


def test_failures_in_a_stream(tmp_path: Path) -> None:
    """A failure stands where its value would, or ends the stream there with the user's own exception."""
    cm = made_in(tmp_path)
    trouble(cm.log).touch()
    keys = [Workshop.risky(n) for n in range(8)]
    with ThreadPoolExecutor(2) as pool:
        found = [value for _, value in cm.iter_all(keys, executor=pool, on_error="collect")]
    given = list[int]()
    with pytest.raises(MishapError, match="2 went wrong"):
        given.extend(value for _, value in cm.iter_all(keys))

    assert [n for n, value in enumerate(found) if isinstance(value, Failure)] == [*BAD]
    assert [value for value in found if not isinstance(value, Failure)] == [n for n in range(8) if n not in BAD]


def test_few_tasks_are_under_way(tmp_path: Path) -> None:
    """However many metrics there are, two tasks for each slot and one more are handed over, each with many metrics."""
    executor = Counting()
    with executor:
        values = Wide(NpzStorageInterface(tmp_path)).row.get_all(executor=executor)

    assert [value[0] for value in values] == [*range(POINTS)]
    assert executor.most <= 2 * 2 + 1
    assert executor.tasks < POINTS / 2
