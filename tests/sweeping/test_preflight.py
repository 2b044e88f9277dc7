"""What would keep workers from their work is told before the first task, by name and with the way out."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import pytest

import simple_metrics_manager
from simple_metrics_manager import (
    DatedCacheManager,
    ForkingPoolError,
    MemoryStorageInterface,
    NpzStorageInterface,
    ObjectStorageInterface,
    SqliteStorageInterface,
    Storage,
    TieredStorageInterface,
    UnreachableManagerError,
    UnreachableStorageError,
)
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.preflight import preflight, refuse_fork
from simple_metrics_manager.sweeping.reach import Reach, reach_of, refuse_storage
from simple_metrics_manager.sweeping.recipe import Recipe
from tests.sweeping.lab import Digits

T = TypeVar("T")
P = ParamSpec("P")

PATH = {"PYTHONPATH": str(Path(simple_metrics_manager.__file__).parent.parent)}


def recipe_of(manager: DatedCacheManager) -> Recipe:
    """Its recipe. Sweeps know managers by a protocol."""
    return Recipe.of(cast("Manager", manager))


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; nothing here may wait for ever."""
    whole = [sys.executable, *command]
    environment = os.environ | PATH
    return subprocess.run(whole, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


class Pickling(Executor):
    """Runs a task at once, in this process, on what came through a pickle."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        import pickle

        future = Future[T]()
        future.set_result(fn(*pickle.loads(pickle.dumps(args)), **kwargs))
        return future


def test_a_worker_arrives(tmp_path: Path) -> None:
    """A worker that can make the manager says where it is; a thread has the manager itself and needs no storage."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = preflight(pool, recipe_of(Digits().use(NpzStorageInterface(tmp_path))))
        with pytest.raises(UnreachableStorageError, match=r"Digits keeps its values in memory: workers in other proc"):
            preflight(pool, recipe_of(Digits()))
        with pytest.raises(UnreachableStorageError, match="MemoryStorageInterface"):
            preflight(pool, recipe_of(Digits().use(MemoryStorageInterface("shared"))))
    with ThreadPoolExecutor(1) as threads:
        here = preflight(threads, recipe_of(Digits()))

    assert (there.host, there.in_process, there.python) == (socket.gethostname(), False, sys.version.split()[0])
    assert (here.process, here.in_process) == (os.getpid(), True)
    assert there.process != os.getpid()
    assert preflight(Pickling(), recipe_of(Digits())).in_process


def test_a_module_that_a_worker_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that cannot import the manager's module says so, and the pool goes on."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(os.getpid).result()
        (tmp_path / "unheard_of.py").write_text(
            "from simple_metrics_manager import DatedCacheManager\nclass Lost(DatedCacheManager): ...\n"
        )
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        kind = cast("type[DatedCacheManager]", importlib.import_module("unheard_of").Lost)
        lost = kind(NpzStorageInterface(tmp_path))
        with pytest.raises(UnreachableManagerError) as caught:
            preflight(pool, recipe_of(lost))

        assert preflight(pool, recipe_of(Digits().use(NpzStorageInterface(tmp_path)))).trouble == ""
    assert (caught.value.manager, caught.value.host) == ("unheard_of:Lost", socket.gethostname())
    assert "ModuleNotFoundError: No module named 'unheard_of'" in str(caught.value)
    assert "client.upload_file('unheard_of.py')" in str(caught.value)


UNGUARDED = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from simple_metrics_manager import NpzStorageInterface, DatedCacheManager, UnreachableManagerError
from simple_metrics_manager.sweeping.preflight import preflight
from simple_metrics_manager.sweeping.recipe import Recipe

cm = DatedCacheManager(NpzStorageInterface("stored"))
with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
    try:
        preflight(pool, Recipe.of(cm))
    except UnreachableManagerError as error:
        print(type(error).__name__, error)
"""


def test_a_pool_that_breaks_is_explained(tmp_path: Path) -> None:
    """A program that starts its pool while a worker imports it breaks the pool: the error says what is amiss."""
    (tmp_path / "unguarded.py").write_text(UNGUARDED)
    done = run("unguarded.py", folder=tmp_path)

    assert done.stdout.startswith("UnreachableManagerError simple_metrics_manager.manager:DatedCacheManager cannot be")
    assert "under 'if __name__ == \"__main__\":'" in done.stdout


# ----------------------------------------------------------------------------------------------------------- storages
LOCAL = NpzStorageInterface("local")


@pytest.mark.parametrize(
    ("storage", "reach"),
    [
        (None, "process"),
        (MemoryStorageInterface("name"), "process"),
        (ObjectStorageInterface("memory:///x"), "process"),
        (ObjectStorageInterface("s3://bucket/x"), "everywhere"),
        (LOCAL, "host"),
        (NpzStorageInterface("local", shared=True), "everywhere"),
        (SqliteStorageInterface("a.db"), "host"),
        (TieredStorageInterface(LOCAL, ObjectStorageInterface("s3://bucket/x")), "everywhere"),
        (TieredStorageInterface(MemoryStorageInterface(), LOCAL), "host"),
    ],
    ids=repr,
)
def test_how_far_a_storage_reaches(storage: Storage | None, reach: Reach) -> None:
    """Memory is for one process, a local directory for one host, a shared one and a bucket for all."""
    assert reach_of(storage) == reach


def test_another_host_needs_a_shared_storage() -> None:
    """A worker on another host is refused with a directory of this one, and let in with one that all share."""
    refuse_storage(cast("Manager", Digits().use(LOCAL)), socket.gethostname())
    refuse_storage(cast("Manager", Digits().use(NpzStorageInterface("local", shared=True))), "node7")

    with pytest.raises(UnreachableStorageError, match=r"workers are on node7.\n  Give a directory that all"):
        refuse_storage(cast("Manager", Digits().use(LOCAL)), "node7")


# --------------------------------------------------------------------------------------------------------------- fork
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

FORKED = """
import multiprocessing, sys, threading
from concurrent.futures import ProcessPoolExecutor
import numpy as np
from simple_metrics_manager import ForkingPoolError, NpzStorageInterface, DatedCacheManager
from simple_metrics_manager.stores import object_fork
from simple_metrics_manager.sweeping.preflight import preflight
from simple_metrics_manager.sweeping.recipe import Point, Recipe, key_at

def large() -> float:
    return float((np.ones((400, 400)) @ np.ones((400, 400)))[0, 0])

def ask(recipe):
    return recipe.manager().get("large"), recipe.at_home

cm = DatedCacheManager(NpzStorageInterface("stored"))
cm.verbose = False
cm.functions_dict = {"large": large}
large()
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    recipe = Recipe.of(cm)
    print(preflight(pool, recipe).in_process, pool.submit(ask, recipe).result())
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    print(preflight(pool, recipe).in_process)
"""


@needs_fork
def test_a_pool_may_fork_while_nothing_else_runs(tmp_path: Path) -> None:
    """From a process with one thread, BLAS or not, workers are forked; those that run already are used at any time."""
    (tmp_path / "forked.py").write_text(FORKED)
    done = run("forked.py", folder=tmp_path)

    assert (done.stdout, done.stderr) == ("False (400.0, False)\nFalse\n", "")


@needs_fork
def test_a_pool_may_not_fork_beside_threads() -> None:
    """With another thread, which may hold a lock, a pool that would fork is refused; others are not."""
    stop = threading.Event()
    threading.Thread(target=stop.wait, name="other").start()
    try:
        with (
            ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool,
            pytest.raises(ForkingPoolError, match=r"other threads run here \(.+\n.*get_context\('spawn'"),
        ):
            refuse_fork(pool)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as spawning:
            refuse_fork(spawning)
    finally:
        stop.set()


STORED_IN_A_BUCKET = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from simple_metrics_manager.stores import object_fork
from simple_metrics_manager.sweeping.preflight import refuse_fork
object_fork.check_fork("s3://bucket")
try:
    refuse_fork(ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")))
except RuntimeError as error:
    print(error)
"""


@needs_fork
def test_a_pool_may_not_fork_after_an_object_store(tmp_path: Path) -> None:
    """Once an object store was used here, a forked worker would wait for it for ever: so none is forked."""
    assert "this process has used an object store" in run("-c", STORED_IN_A_BUCKET, folder=tmp_path).stdout
