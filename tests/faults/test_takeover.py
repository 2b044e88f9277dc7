"""Who computes is killed, stopped, interrupted, raises or waits for us: somebody else goes on, and nobody hangs."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import NpzStorageInterface, metric
from simple_metrics_manager.asking import running
from simple_metrics_manager.events import Event, Superseded, TookOver, Waiting, listening
from tests.faults import workshop
from tests.faults.crew import Worker, crew
from tests.faults.interrupts import Interrupter
from tests.faults.workshop import KINDS, Counted, Failed, Kind, Log, Place, Told
from tests.stores.object_server import Server, weed

__all__ = ["weed"]

INTERRUPTS = max(8, int(float(os.environ.get("SMM_SOAK_SECONDS", "4")) * 4))
LEASE = 0.6
STRIDE = 1 if "SMM_SOAK_SECONDS" in os.environ else 17
"""One in so many of the places where an interrupt may strike is tried."""

STOPS = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
with_lease = pytest.mark.parametrize("place", ["files", "leases", "objects"], indirect=True)
"""Where ``lease=`` can be said; a tiered storage has the claims of what it shares."""


@pytest.fixture
def workers() -> Generator[list[Worker]]:
    """Two other processes."""
    with crew(2) as workers:
        yield workers


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place of each kind, with a short lease."""
    kind = cast("Kind", request.param)
    where = tmp_path / f"place-{os.urandom(4).hex()}"
    where.mkdir()
    if kind != "objects":
        return Place(kind, str(where), LEASE)
    pytest.importorskip("obstore")
    return Place(kind, str(where), LEASE, cast("Server", request.getfixturevalue("weed")))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Where everything that is computed is noted."""
    return Log(tmp_path / "log")


def first(told: Told) -> float:
    """The number that an answer consists of."""
    (value,) = set(cast("NDArray[np.float64]", told.answers[0]).tolist())
    return float(value)


# EVIDENCE-OF: P8
@pytest.mark.parametrize("place", ["files", "leases", "database", "objects"], indirect=True)
def test_the_next_one_takes_over_from_who_was_killed(workers: list[Worker], place: Place, log: Log) -> None:
    """A process that is killed while it computes is waited for no longer than two seconds."""
    killed, other = workers
    killed.begin(workshop.counted, place, log, ["lone"], seconds=60.0)
    log.wait_for("begin", "lone")
    pending = other.begin(workshop.counted, place, log, ["lone"] * 4, seconds=0.0)
    log.wait_for("wait", "lone", 4)
    moment = time.monotonic()
    killed.kill()
    told = pending.result()

    assert log.wait_for("begin", "lone", 2) - moment < 2.0
    assert log.runs() == {"lone": 2}
    assert len({float(cast("NDArray[np.float64]", answer)[0]) for answer in told.answers}) == 1
    owners = [event.owner for event in told.heard(Waiting) if isinstance(event, Waiting)]
    assert sum(f"process {killed.number} on " in owner for owner in owners) == 1
    assert sum(owner.startswith("thread ThreadPoolExecutor") for owner in owners) == 3
    (taken,) = told.heard(TookOver)
    assert isinstance(taken, TookOver)
    assert taken.owner == next(owner for owner in owners if owner.startswith("process"))
    assert place.claims_left() == 0


# EVIDENCE-OF: P8
def test_a_ghost_blocks_nobody(workers: list[Worker], place: Place, log: Log) -> None:
    """What a process has left that was killed before anybody waited for it keeps nobody waiting."""
    killed, other = workers
    killed.begin(workshop.counted, place, log, ["lone"], seconds=60.0)
    log.wait_for("begin", "lone")
    killed.kill()
    assert place.claims_left() == 1
    moment = time.monotonic()
    told = other.begin(workshop.counted, place, log, ["lone"], seconds=0.0).result()

    assert log.wait_for("begin", "lone", 2) - moment < 2.0
    assert told.events == []
    assert place.claims_left() == 0


# EVIDENCE-OF: P8
@STOPS
@with_lease
@pytest.mark.parametrize(
    ("before", "forced"), [(False, False), (True, True), (False, True)], ids=["missing", "forced", "both"]
)
def test_who_wakes_up_overwrites_nothing(
    workers: list[Worker], place: Place, log: Log, before: bool, forced: bool
) -> None:
    """Who was stopped for longer than its lease is replaced, and when it goes on gives what the other one stored."""
    stopped, other = workers
    old = first(other.begin(workshop.counted, place, log, ["lone"]).result()) if before else 0.0
    sleeping = stopped.begin(workshop.counted, place, log, ["lone"], seconds=0.5, use_stored=not forced)
    log.wait_for("begin", "lone", 1 + before)
    stopped.send(signal.SIGSTOP)
    moment = time.monotonic()
    second = other.begin(workshop.counted, place, log, ["lone"], seconds=0.0, use_stored=not forced).result()
    assert LEASE * 0.7 <= log.wait_for("begin", "lone", 2 + before) - moment < LEASE + 2.0
    cm = Counted(log).use(place.storage())
    date = cm.date(Counted.lone)
    stopped.send(signal.SIGCONT)
    woken = sleeping.result()

    assert [event.metric for event in woken.heard(Superseded)] == ["lone"]
    assert first(woken) == first(second) != old
    cm = Counted(log).use(place.storage())
    assert (float(cm.lone[0]), cm.date(Counted.lone)) == (first(second), date)
    assert log.runs() == {"lone": 2 + before}
    assert place.claims_left() == 0


# EVIDENCE-OF: P8
@pytest.mark.parametrize("place", ["files", "leases"], indirect=True)
def test_an_error_reaches_each_who_waits_once(workers: list[Worker], place: Place, log: Log) -> None:
    """In the process that computes each thread gets the one exception; the next process computes for itself."""
    start = time.time() + 0.1
    pending = [
        worker.begin(workshop.counted, place, log, ["broken"] * 4, seconds=0.3, start=start) for worker in workers
    ]
    answers = [each.result().answers for each in pending]

    note = "while computing the metric Counted.broken"
    for worker, mine in zip(workers, answers, strict=True):
        assert mine == [Failed("ValueError", f"broken in {worker.number}", (note,))] * 4
    assert log.runs() == {"broken": 2}
    again = workers[0].begin(workshop.counted, place, log, ["broken"], seconds=0.0).result()
    assert [answer.kind for answer in again.answers if isinstance(answer, Failed)] == ["ValueError"]
    assert log.runs() == {"broken": 3}
    assert place.claims_left() == 0


@pytest.mark.parametrize("place", ["files", "leases"], indirect=True)
@pytest.mark.parametrize("shares", [([0], [1]), ([0, 1], [2]), ([0, 2], [1, 3])], ids=["two", "three", "four"])
def test_a_circle_of_processes_is_told(
    workers: list[Worker], place: Place, log: Log, shares: tuple[list[int], list[int]]
) -> None:
    """Metrics that need each other, each begun by another process or thread, are an error for all of them, soon."""
    size = sum(map(len, shares))
    pending = [
        worker.begin(workshop.ring, place, log, share, size) for worker, share in zip(workers, shares, strict=True)
    ]
    answers = [answer for each in pending for answer in each.result().answers]

    assert [answer.kind if isinstance(answer, Failed) else answer for answer in answers] == ["MetricCycleError"] * size
    assert place.claims_left() == 0


# EVIDENCE-OF: P8
@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
@pytest.mark.parametrize("place", ["files", "leases", "database"], indirect=True)
def test_an_interrupt_loses_and_leaves_nothing(place: Place, log: Log) -> None:
    """What was finished before Ctrl-C is stored, whole; no claim is left by the process that lives on; the next run
    computes the rest, and nothing else."""
    chance = random.Random()
    interrupted = 0
    for number in range(INTERRUPTS):
        here, noted = place, Log(log.path.with_name(f"log-{number}"))
        here = Place(place.kind, f"{place.where}-{number}")
        Path(here.where).mkdir()
        with crew(2) as (victim, other):
            pending = victim.begin(workshop.interrupted_sweep, here, noted)
            noted.wait_for("ready", str(victim.number))
            time.sleep(chance.uniform(0.0, 0.06))
            victim.send(signal.SIGINT)
            while not pending.done(2.0):  # Python loses an interrupt that strikes in a destructor
                victim.send(signal.SIGINT)
            interrupted += pending.result()
            begun = [line[1] for line in noted.lines() if line[0] == "begin"]
            finished = {line[1] for line in noted.lines() if line[0] == "end"}
            stored = {f"step-{name.rpartition('=')[2]}" for name in other.begin(workshop.stored, here).result()}
            assert here.claims_held() == 0
            assert stored <= finished
            assert len(finished - stored) <= 1  # that on whose way to the storage the interrupt came
            assert other.begin(workshop.sweep, here, noted).result() == [50.0 * step for step in range(20)]
            assert Counter(begun) + Counter(f"step-{step}" for step in range(20)) - Counter(stored) == noted.runs()
    assert interrupted > 0


# EVIDENCE-OF: P8
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("place", ["files", "leases"], indirect=True)
def test_an_interrupt_anywhere_keeps_nobody_waiting(place: Place, log: Log) -> None:
    """Wherever an interrupt strikes, others get at once what was asked for, and so does who was interrupted, although
    the interrupt and all that its traceback refers to are still there."""
    kept, at, answers = list[Interrupter](), random.randrange(STRIDE), list[bool]()
    while True:
        there = Place(place.kind, f"{place.where}-{at}")
        storage = there.storage()
        cm, other = (Counted(log, 0.0).use(storage) for _ in range(2))
        interrupter = Interrupter(at, "/asking/", "/claims/", "/contextlib.py")
        kept.append(interrupter)
        if not interrupter.run(workshop.ask(cm, "left")):
            break
        ask = workshop.ask(other, "left")
        asking = threading.Thread(target=_answer, args=(ask, answers), daemon=True)
        asking.start()
        asking.join(10.0)

        assert len(answers) == len(kept), interrupter.where
        assert cm.left.shape == (300,)
        assert (running.active, running.frame()) == (0, None), interrupter.where
        at += STRIDE
    assert interrupter.places > 300


def _answer(ask: Callable[[], object], answers: list[bool]) -> None:
    answers.append(ask() is not None)


# EVIDENCE-OF: P12
@pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")  # what is stored is of other code
@pytest.mark.parametrize("place", ["files", "leases", "database"], indirect=True)
def test_what_was_stored_meanwhile_stands_whatever_its_date(place: Place, log: Log) -> None:
    """Where nothing was stored when we began, what somebody else has stored by the end counts, be its clock ever so
    wrong."""
    storage = place.storage()
    other = Counted(log, 0.0).use(NpzStorageInterface(f"{place.where}-elsewhere"))
    value = other.lone
    entry = NpzStorageInterface(f"{place.where}-elsewhere").read("Counted.lone")

    class Meanwhile(Counted):
        __qualname__ = "Counted"
        stored_module = Counted.__module__

        @metric
        def lone(self) -> NDArray[np.float64]:
            assert storage.create(entry) is not None
            return np.zeros(300)

    cm = Meanwhile(log).use(storage)
    events = list[Event]()
    with listening(events.append):
        found = cm.lone

    assert (found == value).all()
    assert [event.metric for event in events if isinstance(event, Superseded)] == ["lone"]
    assert Counted(log).use(storage).date(Counted.lone) == other.date(Counted.lone)
