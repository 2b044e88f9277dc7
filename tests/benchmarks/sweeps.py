"""What a sweep costs beyond its work, against each executor's own ``map`` over chunks of the best size, in one run.

Run it: ``python -m tests.benchmarks.sweeps [ENGINE...]``, on a disk in memory (``/dev/shm``). The work of both is to
compute and store trivial metrics, and then to read them here. Engines are ``threads``, ``spawn`` and ``dask``;
``memory`` measures the bytes that travel, and 100,000 metrics planned and swept.
"""

from __future__ import annotations

import functools
import pickle
import resource
import shutil
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from simple_metrics_manager import SqliteStorageInterface
from simple_metrics_manager.sweeping.recipe import Recipe, point_of
from simple_metrics_manager.sweeping.request import Request
from simple_metrics_manager.sweeping.sweep import Sweep
from simple_metrics_manager.sweeping.worker import work
from tests.benchmarks.trivial import KEYS, MANY, Trivial, manager, on_a_worker, one_call
from tests.sweeping.engines import Engine, dask, processes

TASKS, ROUNDS = 8_000, 3
SIZES = (10, 50, 250, 1000)
"""Metrics in one call of the executor's ``map``."""


ENGINES: dict[str, Engine] = {"threads": lambda: ThreadPoolExecutor(2), "spawn": processes("spawn"), "dask": dask}


def by_map(executor: Executor, folder: str, size: int) -> float:
    """Seconds that ``map`` takes."""
    on_a_worker.cache_clear()
    calls = [range(n, min(n + size, TASKS)) for n in range(0, TASKS, size)]
    start = time.perf_counter()
    list(executor.map(one_call, [folder] * len(calls), calls))
    return time.perf_counter() - start


def by_sweep(executor: Executor, folder: str) -> float:
    """Seconds that a sweep takes until all is stored."""
    start = time.perf_counter()
    Sweep(manager(folder), KEYS[:TASKS], Request(title="cell", executor=executor)).run()
    return time.perf_counter() - start


def by_get_all(executor: Executor, folder: str) -> float:
    """Seconds that ``get_all`` takes, values in hand."""
    cm, start = manager(folder), time.perf_counter()
    assert cm.get_all(KEYS[:TASKS], executor=executor) == [*range(TASKS)]
    return time.perf_counter() - start


def reading(folder: str) -> float:
    """Seconds to read all of it, one after the other."""
    cm, start = manager(folder), time.perf_counter()
    assert [cm.get(key) for key in KEYS[:TASKS]] == [*range(TASKS)]
    return time.perf_counter() - start


@contextmanager
def folder() -> Generator[str]:
    """An empty directory on a disk in memory."""
    parent = "/dev/shm" if Path("/dev/shm").is_dir() else None
    made = tempfile.mkdtemp(dir=parent)
    try:
        yield made
    finally:
        shutil.rmtree(made)


def in_turn(executor: Executor) -> dict[str, float]:
    """The median seconds of each way."""
    ways: dict[str, Callable[[Executor, str], float]] = {
        f"map, {size} a call": functools.partial(by_map, size=size) for size in SIZES
    }
    ways |= {"sweep": by_sweep, "get_all": by_get_all}
    took: dict[str, list[float]] = {name: [] for name in [*ways, "reading"]}
    with folder() as warm:
        by_sweep(executor, warm)
        on_a_worker.cache_clear()
    for _ in range(ROUNDS):
        for name, way in ways.items():
            with folder() as made:
                took[name].append(way(executor, made))
                if name == "sweep":
                    took["reading"].append(reading(made))
    return {name: statistics.median(seconds) for name, seconds in took.items()}


def compare(name: str) -> None:
    """Print what one engine takes, and the ratios."""
    with ENGINES[name]() as executor:
        took = in_turn(executor)
    best = min((way for way in took if way.startswith("map")), key=took.__getitem__)
    each = {way: seconds / TASKS * 1e6 for way, seconds in took.items()}
    print(f"{name}: {TASKS} metrics, microseconds each: " + ", ".join(f"{way} {us:.0f}" for way, us in each.items()))
    whole = took["get_all"] / (took[best] + took["reading"])
    print(f"  sweep / {best}: {took['sweep'] / took[best]:.2f};  get_all / (that + reading): {whole:.2f}")


# ---------------------------------------------------------------------------------------------- what travels, and room
def travelling() -> None:
    """Print how many bytes a task has."""
    cm = manager("/data/metrics")
    for count in (1, 10, 500):
        points = [point_of(key) for key in KEYS[:count]]
        size = len(pickle.dumps((work, Recipe.of(cm), points, True)))
        print(f"a task of {count:3} metrics: {size} bytes, {size / count:.1f} each")


def many() -> None:
    """Print what it takes to plan and sweep 100,000 metrics, most of it in SQLite."""
    with folder() as made:
        cm = Trivial().use(SqliteStorageInterface(f"{made}/store.sqlite", durability="cache"))
        start = time.perf_counter()
        plan = cm.get_all(KEYS, dry_run=True)
        print(f"planning {plan.todo} metrics: {time.perf_counter() - start:.2f} s")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        with ThreadPoolExecutor(2) as executor:
            Sweep(cm, KEYS, Request(title="cell", executor=executor), load=False).run()
        took = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"sweeping them by 2 threads: {took:.1f} s, peak memory {before >> 10} -> {after >> 10} MiB")
        start = time.perf_counter()
        again = cm.get_all(KEYS, dry_run=True)
        print(f"planning again, {again.stored} stored: {time.perf_counter() - start:.2f} s")
    with folder() as made, ENGINES["spawn"]() as executor:
        tracemalloc.start()
        Sweep(manager(made), KEYS[: MANY // 10], Request(title="cell", executor=executor), load=False).run()
        print(f"{MANY // 10} by 2 processes: peak of what was allocated {tracemalloc.get_traced_memory()[1] >> 10} KiB")
        tracemalloc.stop()


def main() -> None:
    """Run what was asked for, or everything."""
    print(f"Python {sys.version.split()[0]}, median of {ROUNDS}")
    for name in sys.argv[1:] or [*ENGINES, "memory"]:
        if name == "memory":
            travelling()
            many()
        else:
            compare(name)


if __name__ == "__main__":
    main()
