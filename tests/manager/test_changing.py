"""Asking while the manager becomes another one, or is interrupted: what is held answers what is asked."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, MemoryStorageInterface, NpzStorageInterface, metric
from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.shelf import Shelf
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.base import Format

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")


@attrs.define(eq=False)
class Person(DatedCacheManager):
    """Somebody."""

    subject: str

    @metric
    def who(self) -> str:
        return f"value of {self.subject}"


Person.verbose = False


class Slow(NpzStorageInterface):
    """Lets something happen between the reading of a file and what is done with it."""

    between: threading.Event = threading.Event()
    go_on: threading.Event = threading.Event()

    def read(self, name: str, /, form: Format | None = None) -> Entry:
        entry = super().read(name, form)
        if threading.current_thread().name == "slow":
            self.between.set()
            assert self.go_on.wait(10)
        return entry


def test_changed_while_loading(tmp_path: Path) -> None:
    """What was loaded for a manager as it was is not held for what it has become."""
    for subject in ("s01", "s02"):
        assert Person(subject).use(NpzStorageInterface(tmp_path)).who == f"value of {subject}"
    cm = Person("s01").use(Slow(tmp_path))
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(cm.who), name="slow")
    thread.start()
    assert Slow.between.wait(10)
    cm.subject = "s02"
    Slow.go_on.set()
    thread.join()

    assert answers == ["value of s01"]
    assert cm.who == "value of s02"


def test_two_storages_at_once(tmp_path: Path) -> None:
    """After ``use`` nothing comes from the storage before."""
    first, second = MemoryStorageInterface(), MemoryStorageInterface()
    first.save("Person,subject=x.who", "first")
    cm = Person("x").use(first)
    cm.use(second)

    assert cm.who == "value of x"


def test_functions_of_dead_managers_are_freed() -> None:
    """What was made for a question does not keep a function, nor the arrays in its closure, alive."""
    storage = MemoryStorageInterface()

    def ask(number: int) -> weakref.ref[NDArray[np.float64]]:
        large = np.full(10, number, dtype=float)
        cm = DatedCacheManager(storage)
        cm.verbose = False
        cm.set_functions_dict({"total": lambda: float(large.sum())})
        assert cm["total"] == 0.0 or number
        return weakref.ref(large)

    alive = [ask(number) for number in range(20)]
    gc.collect()

    assert sum(each() is not None for each in alive) <= 1


def test_interrupts_leave_no_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt in the middle of a load does not make the next one wait for ever."""
    storage = NpzStorageInterface(tmp_path)
    assert Person("a").use(storage).who == "value of a"
    cm = Person("a").use(storage)

    def interrupt(shelf: Shelf, asked: Question) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "glance", interrupt)
        with pytest.raises(KeyboardInterrupt):
            cm.get(Person.who)

    assert cm.who == "value of a"
    assert running.active == 0


SCRIPT = """
import multiprocessing, sys
from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

class M(DatedCacheManager):
    verbose = False
    runs = 0
    @metric
    def x(self) -> int:
        M.runs += 1
        return 5
    @metric
    def y(self) -> int:
        M.runs += 1
        return 6

def work(folder: str) -> tuple[int, int, int]:
    cm = M(NpzStorageInterface(folder))
    return cm.x, cm.y, M.runs

if __name__ == "__main__":
    cm = M(NpzStorageInterface(sys.argv[1]))
    cm.x
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(work, (sys.argv[1],)), cm.y, M.runs)
"""


def test_spawned_workers_of_a_program(tmp_path: Path) -> None:
    """A program's manager is the same in the processes that it spawns, where its module has another name."""
    script = tmp_path / "program.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "m")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == ("(5, 6, 1) 6 1\n", "")
