"""Whoever asks, and however many at once: one computation; a cycle is told, an error reaches everybody."""

from __future__ import annotations

import contextvars
import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import cast

import pytest

from simple_metrics_manager import DatedCacheManager, MetricCycleError, NpzStorageInterface, metric
from simple_metrics_manager.events import Event, Waiting, listening

PATIENCE = 20.0


class Slow(DatedCacheManager):
    """A diamond of slow metrics that counts."""

    verbose = False

    def __init__(self) -> None:
        self.runs: list[str] = []

    @metric
    def top(self) -> int:
        self.runs.append("top")
        time.sleep(0.05)
        return 1

    @metric
    def left(self) -> int:
        self.runs.append("left")
        return self.top + 1

    @metric
    def right(self) -> int:
        self.runs.append("right")
        return self.top + 2

    @metric
    def bottom(self) -> int:
        self.runs.append("bottom")
        return self.left + self.right

    @metric(dynamic=True)
    def failing(self, message: str) -> int:
        self.runs.append(message)
        time.sleep(0.5)
        raise ValueError(message)


def together(number: int, call: Callable[[int], object]) -> list[object]:
    """What ``call`` gives or raises in so many threads that start at once."""
    barrier = threading.Barrier(number)

    def ask(index: int) -> object:
        barrier.wait()
        try:
            return call(index)
        except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
            return error

    with ThreadPoolExecutor(number) as pool:
        return [future.result(timeout=PATIENCE) for future in [pool.submit(ask, index) for index in range(number)]]


@pytest.mark.parametrize("stored", [True, False])
# EVIDENCE-OF: P8
def test_thirty_two_threads_compute_once(tmp_path: Path, stored: bool) -> None:
    """Every metric of a diamond runs once, whichever of it the threads ask for first."""
    cm = Slow().use(NpzStorageInterface(tmp_path) if stored else None)
    names = ["bottom", "left", "right", "top"]

    answers = together(32, lambda index: cm[names[index % 4]])

    assert answers == [5, 2, 3, 1] * 8
    assert sorted(cm.runs) == sorted(names)


# EVIDENCE-OF: P8
def test_an_error_reaches_every_waiter_and_is_not_kept() -> None:
    """All who waited get the exception of the one computation; the next one to ask computes again."""
    cm = Slow()

    answers = together(8, lambda _: cm.failing("broken"))

    assert all(isinstance(answer, ValueError) and answer.args == ("broken",) for answer in answers)
    assert cm.runs == ["broken"]
    with pytest.raises(ValueError, match="broken"):
        cm.failing("broken")
    assert cm.runs == ["broken", "broken"]


def test_an_error_says_which_metric_it_struck() -> None:
    """The user's own exception goes through untouched, with a note that names metric and parameters."""
    with pytest.raises(ValueError, match=r"^oh") as caught:
        Slow().failing("oh")

    assert caught.value.__notes__ == ["while computing the metric Slow.failing(message='oh')"]


class Loop(DatedCacheManager):
    """Metrics that need each other."""

    verbose = False

    @metric
    def one(self) -> int:
        return self.two

    @metric
    def two(self) -> int:
        return self.three(0)

    @metric(dynamic=True)
    def three(self, k: int) -> int:
        return self.three(k + 1) if k < 2 else self.one


def test_a_cycle_spells_its_path() -> None:
    """A cycle is an error with its path, raised at once and not kept."""
    cm = Loop()
    path = ("Loop.two", "Loop.three(k=0)", "Loop.three(k=1)", "Loop.three(k=2)", "Loop.one", "Loop.two")
    for _ in range(2):
        with pytest.raises(MetricCycleError, match=r"Loop\.two -> Loop\.three\(k=0\) -> Loop") as caught:
            _ = cm.two
        assert caught.value.path == path


class Crossed(DatedCacheManager):
    """Two metrics that need each other, begun by two threads: each would wait for the other for ever."""

    verbose = False

    def __init__(self) -> None:
        self.both_run = threading.Barrier(2)

    def metric_inputs(self) -> dict[str, object]:
        return {}

    @metric
    def ping(self) -> int:
        self.both_run.wait(PATIENCE)
        return self.middle

    @metric
    def middle(self) -> int:
        return self.pong

    @metric
    def pong(self) -> int:
        self.both_run.wait(PATIENCE)
        return self.ping


def test_a_cycle_over_two_threads_is_told() -> None:
    """Nobody waits for somebody who waits for him: one of the two gets the path, and then both fail."""
    cm = Crossed()

    answers = together(2, lambda index: cm["ping" if index == 0 else "pong"])

    assert all(isinstance(answer, MetricCycleError) for answer in answers)
    paths = {answer.path for answer in answers if isinstance(answer, MetricCycleError)}
    assert len(paths) == 1
    assert paths <= {
        ("Crossed.pong", "Crossed.ping", "Crossed.middle", "Crossed.pong"),
        ("Crossed.ping", "Crossed.middle", "Crossed.pong", "Crossed.ping"),
    }


# EVIDENCE-OF: P8
def test_an_interrupt_strikes_one_thread_only() -> None:
    """If the computing thread is interrupted, a waiting one computes in its place."""
    started, seen = threading.Event(), list[object]()

    class Interrupted(DatedCacheManager):
        verbose = False
        runs = 0

        @metric
        def value(self) -> int:
            Interrupted.runs += 1
            if Interrupted.runs == 1:
                started.set()
                time.sleep(0.2)
                raise KeyboardInterrupt
            return 7

    cm = Interrupted()

    def first() -> None:
        try:
            seen.append(cm.value)
        except KeyboardInterrupt as error:
            seen.append(type(error))

    thread = threading.Thread(target=first)
    thread.start()
    assert started.wait(PATIENCE)
    assert cm.value == 7
    thread.join(PATIENCE)

    assert seen == [KeyboardInterrupt]


def test_reads_and_recomputations_race_without_a_wrong_value() -> None:
    """Threads that read promoted values while others recompute see old or new values, never another metric's."""

    class Racing(DatedCacheManager):
        verbose = False
        counter = 0

        @metric
        def even(self) -> int:
            Racing.counter += 1
            return 2 * Racing.counter

        @metric
        def next_odd(self) -> int:
            return self.even + 1

        @metric(dynamic=True)
        def tagged(self, tag: int) -> tuple[int, int]:
            return tag, self.even

    cm = Racing()
    stop = time.monotonic() + 1.0

    def work(index: int) -> object:
        while time.monotonic() < stop:
            if index < 2:
                cm.get(Racing.even, use_stored=False)
                cm.get(Racing.next_odd, use_stored=False)
                cm.tagged.fresh(index)
            assert cm.even % 2 == 0
            assert cm.next_odd % 2 == 1
            for tag in range(3):
                assert cm.tagged(tag)[0] == tag
        return None

    assert together(6, work) == [None] * 6


class Family(DatedCacheManager):
    """Metrics that start threads and processes, which ask for metrics."""

    verbose = False

    def __init__(self, log: Path, how: str = "") -> None:
        self.log = log
        self.how = how

    def metric_inputs(self) -> dict[str, object]:
        return {}

    def run(self, name: str) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")

    def runs(self) -> list[str]:
        """What was computed, in all processes."""
        return self.log.read_text(encoding="utf-8").split()

    @metric
    def slow(self) -> int:
        self.run("slow")
        time.sleep(0.4)
        return 3

    @metric
    def other(self) -> int:
        self.run("other")
        return 4

    @metric
    def by_thread(self) -> int:
        """Reads another one in a thread, in its own context or a copy of ours."""
        context, found = contextvars.copy_context() if self.how == "copied" else contextvars.Context(), list[int]()
        thread = threading.Thread(target=context.run, args=(lambda: found.append(self.other),))
        thread.start()
        thread.join()
        return found[0]

    @metric
    def itself(self) -> int:
        """Asks for itself in a thread, for which it does not wait for ever."""
        context = contextvars.copy_context() if self.how == "copied" else contextvars.Context()
        errors = list[Exception]()

        def ask() -> None:
            try:
                _ = self.itself
            except MetricCycleError as error:
                errors.append(error)

        thread = threading.Thread(target=context.run, args=(ask,), name="asks for itself")
        thread.start()
        thread.join(1.5)
        if errors:
            raise errors[0]
        return 5


def _ask_family(cm: Family, answers: multiprocessing.SimpleQueue[int]) -> None:
    answers.put(cm.slow)


# EVIDENCE-OF: P8
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_waits_for_what_its_parent_computes(tmp_path: Path, method: str) -> None:
    """A manager that is given to another process, forked or not, while it computes gets there what it computes here."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system knows no {method}")
    cm = Family(tmp_path / "log").use(NpzStorageInterface(tmp_path / "metrics"))
    context = cast("SpawnContext", multiprocessing.get_context(method))
    answers: multiprocessing.SimpleQueue[int] = context.SimpleQueue()
    children = [context.Process(target=_ask_family, args=(cm, answers)) for _ in range(2)]
    thread = threading.Thread(target=lambda: cm.slow)
    thread.start()
    while not cm.log.exists():
        time.sleep(0.001)
    for child in children:
        child.start()
    thread.join(PATIENCE)
    for child in children:
        child.join(PATIENCE)
    exitcodes = [child.exitcode for child in children]
    for child in children:
        child.kill()

    assert exitcodes == [0, 0]
    assert [answers.get(), answers.get(), cm.slow] == [3, 3, 3]
    assert cm.runs() == ["slow"]


@pytest.mark.parametrize("how", ["copied", "own"])
def test_a_thread_in_a_metric_may_ask(tmp_path: Path, how: str) -> None:
    """What it reads is noted as read by the metric if it runs in a copy of its context, and not otherwise."""
    cm = Family(tmp_path / "log", how)

    assert cm.by_thread == 4
    record = cm.__metrics__.memory.held["by_thread"].record
    assert [read.metric for read in record.reads] == (["other"] if how == "copied" else [])


def test_a_metric_that_asks_for_itself_in_a_thread_is_told(tmp_path: Path) -> None:
    """In a copy of its context that is a cycle. A thread with a context of its own cannot be known to be waited for:
    then an event says who computes what it waits for, and since when."""
    with pytest.raises(MetricCycleError, match=r"Family\.itself -> Family\.itself"):
        _ = Family(tmp_path / "log", "copied").itself
    events = list[Event]()
    with listening(events.append):
        assert Family(tmp_path / "log", "own").itself == 5

    waiting = [event for event in events if isinstance(event, Waiting)]
    assert [(event.metric, event.owner) for event in waiting] == [("itself", "thread MainThread")]
