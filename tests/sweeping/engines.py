"""The executors that sweeps are tried on, each as a block in which it runs."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import multiprocessing
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TypeAlias

import pytest

from tests.sweeping.workshop import Homemade

WORKERS = 2

Engine: TypeAlias = Callable[[], contextlib.AbstractContextManager[Executor]]


def processes(method: str) -> Engine:
    """A pool of processes that are started in this way."""
    return lambda: ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context(method))


@contextlib.contextmanager
def loky() -> Generator[Executor]:
    """Joblib's pool."""
    if importlib.util.find_spec("loky") is None:
        pytest.skip("loky is not installed")
    import loky

    executor = loky.get_reusable_executor(WORKERS, reuse=False)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True)


@contextlib.contextmanager
def dask(deaths: int = 3) -> Generator[Executor]:
    """Dask's scheduler, and two worker processes with two threads each; a task may survive so many of their deaths."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("dask.distributed is not installed")
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=WORKERS,
            threads_per_worker=2,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"allowed_failures": deaths},
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)


@contextlib.contextmanager
def homemade() -> Generator[Executor]:
    """Somebody's own, which has nothing but ``submit``."""
    yield Homemade()


IN_PROCESS: dict[str, Engine] = {"threads": lambda: ThreadPoolExecutor(4), "homemade": homemade}
POOLS: dict[str, Engine] = {"spawn": processes("spawn"), "forkserver": processes("forkserver"), "loky": loky}
ENGINES: dict[str, Engine] = {**IN_PROCESS, **POOLS, "dask": dask}
