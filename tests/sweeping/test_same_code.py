"""Workers that live on while the code is edited: they compute nothing with what is old."""

from __future__ import annotations

import importlib
import multiprocessing
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import pytest

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, OutdatedWorkerError
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.preflight import arrive
from simple_metrics_manager.sweeping.same_code import Code, code_here, differing
from tests.sweeping.lab import Digits, collecting

P = ParamSpec("P")
T = TypeVar("T")

SOURCE = """
import os
from simple_metrics_manager import DatedCacheManager, ParameterizedDatedCacheManager, metric

K = 3
PROCESS = os.getpid()

def factor() -> int:
    return 10

class Edited(DatedCacheManager):
    verbose = False

    @metric(params_list=[(n,) for n in range(4)])
    def value(self, n: int) -> int:
        '''A value.'''
        return K * factor() * n + 0 * PROCESS

CM = ParameterizedDatedCacheManager()
CM.verbose = False

@CM.collect(params_list=[(1,), (2,)])
def doubled(n: int) -> int:
    return 2 * n
"""

Edit = Callable[[str, str], None]


@pytest.fixture
def edit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """Puts a text in the place of another one in the module ``edited_lab``, which is imported anew."""
    file = tmp_path / "edited_lab.py"
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def edit(old: str, new: str) -> None:
        source = file.read_text(encoding="utf-8") if file.exists() else textwrap.dedent(SOURCE)
        assert old in source
        file.write_text(source.replace(old, new) + "\n", encoding="utf-8")  # longer, so that no compiled file is used
        importlib.invalidate_caches()
        module = sys.modules.get("edited_lab")
        importlib.import_module("edited_lab") if module is None else importlib.reload(module)

    edit("", "")
    yield edit
    del sys.modules["edited_lab"]


def made(storage: Path) -> DatedCacheManager:
    """A manager of the class that the module has now."""
    return cast("DatedCacheManager", sys.modules["edited_lab"].Edited(NpzStorageInterface(storage)))


def values(cm: DatedCacheManager, executor: Executor) -> list[object]:
    """All of them, computed anew."""
    return [*cm.get_all(executor=executor, use_stored=False).values()]


def pool() -> ProcessPoolExecutor:
    """One worker."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("K * factor()", "K + factor()", "Edited.value"),
        ("return 10", "return 20", "edited_lab.factor"),
        ("K = 3", "K = 4", "edited_lab.K"),
    ],
)
def test_workers_with_old_code_compute_nothing(tmp_path: Path, edit: Edit, old: str, new: str, named: str) -> None:
    """A function, a helper or a constant that was edited and imported anew is named, and nothing is stored."""
    with pool() as workers:
        assert values(made(tmp_path), workers) == [0, 30, 60, 90]
        date = made(tmp_path).date("value,n=1")
        edit(old, new)
        with pytest.raises(OutdatedWorkerError, match="other code of edited_lab:Edited than this process") as caught:
            values(made(tmp_path), workers)

    assert caught.value.names == (named,)
    assert made(tmp_path).date("value,n=1") == date


@pytest.mark.parametrize(("old", "new"), [("'''A value.'''", "'''Another text.'''"), ("K = 3", "# three\nK = 3")])
def test_workers_go_on_with_the_same_code(tmp_path: Path, edit: Edit, old: str, new: str) -> None:
    """What changes no value is no other code, nor is what differs from process to process."""
    with pool() as workers:
        assert values(made(tmp_path), workers) == [0, 30, 60, 90]
        edit(old, new)
        assert values(made(tmp_path), workers) == [0, 30, 60, 90]


def test_collected_functions_that_are_old(tmp_path: Path, edit: Edit) -> None:
    """So it is with functions that are collected, as in 0.5.0."""

    def sweep(executor: Executor) -> list[int]:
        cm = sys.modules["edited_lab"].CM
        cm.storage_interface = NpzStorageInterface(tmp_path)
        return cast("list[int]", cm.doubled.get_all(executor=executor, use_stored=False))

    with pool() as workers:
        assert sweep(workers) == [2, 4]
        edit("2 * n", "n + n + 1")
        with pytest.raises(OutdatedWorkerError) as caught:
            sweep(workers)

    assert caught.value.names == ("doubled",)


class First(Executor):
    """Gives its first task to one pool and all others to another, as if a pool had started a worker late."""

    def __init__(self, first: Executor, others: Executor) -> None:
        self.first = first
        self.others = others

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return (self.first if fn is cast("object", arrive) else self.others).submit(fn, *args, **kwargs)


def test_one_worker_that_is_old(tmp_path: Path, edit: Edit) -> None:
    """Each worker is asked, not only the first: one that is old stops the sweep."""
    with pool() as old, pool() as anew:
        values(made(tmp_path), old)
        edit("K = 3", "K = 4")
        with pytest.raises(OutdatedWorkerError) as caught:
            values(made(tmp_path), First(anew, old))
        assert values(made(tmp_path), First(anew, anew)) == [0, 40, 80, 120]

    assert caught.value.names == ("edited_lab.K",)


def test_a_worker_without_source_is_believed(tmp_path: Path, edit: Edit) -> None:
    """Where there is no source to compare, workers compute as ever, whichever of them is asked first."""
    with pool() as workers, pool() as others:
        values(made(tmp_path), workers)
        (tmp_path / "edited_lab.py").rename(tmp_path / "elsewhere.py")
        monitored = made(tmp_path)
        importlib.invalidate_caches()
        assert values(monitored, workers) == [0, 30, 60, 90]
        (tmp_path / "elsewhere.py").rename(tmp_path / "edited_lab.py")
        assert values(made(tmp_path), First(workers, others)) == [0, 30, 60, 90]


def test_what_counts_as_other_code() -> None:
    """Other hashes of the same name, and functions that one of two does not have; not what one knows nothing about."""
    here = Code({"a": "1", "b": "2", "c": "", "d": "edited", "e": "5"}, {"h": "7", "only here": "8"})
    there = Code({"a": "1", "b": "3", "c": "4", "d": "4", "e": "edited", "f": ""}, {"h": "", "K": "9"})

    assert differing(here, there) == ("b", "e", "f")
    assert here.mark != there.mark == Code(dict(reversed([*there.functions.items()])), there.reached).mark


def test_functions_and_what_they_reach_are_code() -> None:
    """Metrics, collected functions and others are compared, and what they reach, by names that people know."""
    digits, collected = code_here(cast("Manager", Digits())), code_here(cast("Manager", collecting(1000)))

    assert set(digits.functions) == {"Digits.process", "Digits.inertia"}
    assert set(collected.functions) == {"square", "named", "nothing", "seven"}
    assert all(len(text) == 8 for text in (*digits.functions.values(), *collected.functions.values()))
