"""``await cm.aget(key)``: what ``get`` gives, while the loop goes on."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import time
import weakref
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import pytest

from simple_metrics_manager import DatedCacheManager, MetricCycleError, NpzStorageInterface, metric

T = TypeVar("T")

PATIENCE = 30.0

ERRORS: dict[str, type[BaseException]] = {
    "value": ValueError,
    "stop": StopIteration,
    "interrupt": KeyboardInterrupt,
    "exit": SystemExit,
}

subject: contextvars.ContextVar[str] = contextvars.ContextVar("subject")


class Lab(DatedCacheManager):
    """Metrics that count, wait, fail and await one another."""

    verbose = False

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.start = threading.Barrier(40)

    def metric_inputs(self) -> dict[str, object]:
        """Nothing."""
        return {}

    def run(self, name: str) -> None:
        """Note that a computation runs."""
        self.runs.append(name)
        self.begun.set()

    @metric(dynamic=True)
    def slow(self, number: int) -> int:
        """Takes its time."""
        self.run(f"slow {number}")
        time.sleep(0.1)
        return number

    @metric
    def held_up(self) -> list[int]:
        """Waits until it is let go on."""
        self.run("held_up")
        assert self.go_on.wait(PATIENCE)
        return [1]

    @metric
    def sent(self) -> str:
        """Depends on the context of the caller."""
        return subject.get("nobody")

    @metric(dynamic=True)
    def chain(self, number: int, length: int) -> int:
        """Awaits the next link; the first ones run all at once."""
        self.run(f"chain {number} {length}")
        if length == 0:
            return number
        if length == 3:
            self.start.wait(PATIENCE)
        return asyncio.run(self.aget(Lab.chain(number, length - 1))) + 1

    @metric
    def itself(self) -> int:
        """Awaits itself."""
        return asyncio.run(self.aget(Lab.itself))

    @metric(dynamic=True)
    def raising(self, kind: str) -> int:
        """Raises."""
        self.run(kind)
        time.sleep(0.05)
        raise ERRORS[kind](kind)


def run(make: Callable[[], Coroutine[object, object, T]]) -> T:
    """What a program of its own gives; fails if it takes too long."""

    async def bounded() -> T:
        return await asyncio.wait_for(make(), PATIENCE)

    return asyncio.run(bounded())


def test_the_loop_goes_on() -> None:
    """While a metric is computed the loop ticks; what is in memory is given at once, and as a copy of one's own."""
    cm, ticks = Lab(), 0

    async def main() -> tuple[list[int], list[int]]:
        nonlocal ticks
        task = asyncio.create_task(cm.aget(Lab.held_up))
        while not cm.begun.is_set() or ticks < 50:
            await asyncio.sleep(0.001)
            ticks += 1
        assert not task.done()
        cm.go_on.set()
        return await task, await cm.aget(Lab.held_up)

    one, other = run(main)

    assert one == other == [1]
    assert one is not other
    assert ticks >= 50


# EVIDENCE-OF: P8
def test_two_hundred_ask_and_one_computes(tmp_path: Path) -> None:
    """Of tasks that await one metric each gets the value, which was computed once; so it is with many metrics."""
    cm = Lab().use(NpzStorageInterface(tmp_path))

    async def main() -> tuple[list[int], list[int]]:
        alike = await asyncio.gather(*(cm.aget(Lab.slow(7)) for _ in range(200)))
        many = await asyncio.gather(*(cm.aget(Lab.slow(number)) for number in range(50)))
        return alike, many

    alike, many = run(main)

    assert alike == [7] * 200
    assert many == list(range(50))
    assert sorted(cm.runs) == sorted(f"slow {number}" for number in range(50))


def test_metrics_may_await_metrics() -> None:
    """More computations than there are threads in the pool, each of which awaits others, all end; and reads are noted
    in the record of who awaited."""
    cm = Lab()
    cm.start = threading.Barrier(20)

    async def main() -> list[int]:
        return await asyncio.gather(*(cm.aget(Lab.chain(number, 4)) for number in range(20)))

    assert run(main) == [number + 4 for number in range(20)]
    record = cm.__metrics__.memory.held["chain,number=3,length=4"].record
    assert [read.metric for read in record.reads] == ["chain,number=3,length=3"]


def test_more_chains_than_threads_end() -> None:
    """A pool that is full of computations that await others keeps none of these waiting."""
    cm = Lab()
    cm.start = threading.Barrier(1)

    async def main() -> list[int]:
        return await asyncio.gather(*(cm.aget(Lab.chain(number, 3)) for number in range(80)))

    assert run(main) == [number + 3 for number in range(80)]


def test_a_cycle_is_told() -> None:
    """A metric that awaits itself is an error, as one that reads itself is."""
    with pytest.raises(MetricCycleError, match=r"Lab\.itself -> Lab\.itself"):
        run(lambda: Lab().aget(Lab.itself))


def test_the_context_of_the_caller_is_that_of_the_metric() -> None:
    """Context variables are seen in the thread that computes."""
    cm = Lab()

    async def main() -> str:
        subject.set("s01")
        return await cm.aget(Lab.sent)

    assert run(main) == "s01"


def test_who_is_cancelled_stops_waiting_and_the_value_is_stored(tmp_path: Path) -> None:
    """The task ends at once; the computation goes on, and what comes of it is stored."""
    storage = NpzStorageInterface(tmp_path)
    cm = Lab().use(storage)

    async def main() -> None:
        task = asyncio.create_task(cm.aget(Lab.held_up))
        assert await asyncio.to_thread(cm.begun.wait, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not storage.exists("Lab.held_up")
        cm.go_on.set()
        assert await cm.aget(Lab.held_up) == [1]

    run(main)
    while not storage.exists("Lab.held_up"):  # what was computed is given before it has been stored
        time.sleep(0.001)
    assert storage.load("Lab.held_up") == [1]
    assert cm.runs == ["held_up"]


def test_exceptions_arrive_with_a_note() -> None:
    """All who await get the exception of the one computation; the next one to await computes again."""
    cm = Lab()

    async def main() -> list[int | BaseException]:
        return await asyncio.gather(*(cm.aget(Lab.raising("value")) for _ in range(5)), return_exceptions=True)

    for rounds in (1, 2):
        answers = run(main)
        assert [(type(each), str(each)) for each in answers] == [(ValueError, "value")] * 5
        assert [getattr(each, "__notes__", None) for each in answers] == [
            ["while computing the metric Lab.raising(kind='value')"]
        ] * 5
        assert cm.runs == ["value"] * rounds


@pytest.mark.parametrize(("kind", "error"), [("interrupt", KeyboardInterrupt), ("exit", SystemExit)])
def test_what_ends_a_program_ends_it(kind: str, error: type[BaseException]) -> None:
    """KeyboardInterrupt and SystemExit of a metric reach the program that awaits it."""
    with pytest.raises(error):
        run(lambda: Lab().aget(Lab.raising(kind)))
    gc.collect()


def test_what_no_task_can_raise_is_told() -> None:
    """A StopIteration, which nothing that is awaited can raise, comes as the cause of a RuntimeError."""
    with pytest.raises(RuntimeError, match="StopIteration") as caught:
        run(lambda: Lab().aget(Lab.raising("stop")))

    assert isinstance(caught.value.__cause__, StopIteration)


def test_nothing_is_kept_alive() -> None:
    """A manager that nobody has any more is gone, whoever awaited it."""

    async def main() -> weakref.ref[Lab]:
        cm = Lab()
        assert await cm.aget(Lab.slow(1)) == 1
        return weakref.ref(cm)

    gone, end = run(main), time.monotonic() + PATIENCE
    while gone() is not None:
        assert time.monotonic() < end
        gc.collect()
        time.sleep(0.01)
