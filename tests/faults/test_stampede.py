"""Many threads of many processes ask for what is missing at the same time: everything is computed once."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.faults import workshop
from tests.faults.crew import Worker, crew
from tests.faults.workshop import KINDS, Kind, Log, Place, Told
from tests.stores.object_server import Server, weed

__all__ = ["weed"]

SECONDS = float(os.environ.get("SMM_SOAK_SECONDS", "4"))
PROCESSES, THREADS = 8, 4
DIAMOND = ("top", "left", "right", "base")
NODES = 24
LINKS = 8


@pytest.fixture(scope="module")
def workers() -> Generator[list[Worker]]:
    """Eight other processes."""
    with crew(PROCESSES) as workers:
        yield workers


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place of each kind for all of them."""
    kind = cast("Kind", request.param)
    where = tmp_path / f"place-{os.urandom(4).hex()}"
    where.mkdir()
    if kind != "objects":
        return Place(kind, str(where))
    pytest.importorskip("obstore")
    return Place(kind, str(where), server=cast("Server", request.getfixturevalue("weed")))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Where everything that is computed is noted."""
    return Log(tmp_path / "log")


def stampede(workers: list[Worker], place: Place, log: Log, names: tuple[str, ...], *, grown: bool = False) -> Told:
    """All threads of all processes ask at once, each process for these in another order; what they say together."""
    start = time.time() + 0.1
    asks = [(*names[turn % len(names) :], *names[: turn % len(names)]) for turn in range(len(workers))]
    pending = [
        worker.begin(workshop.counted, place, log, (ask * THREADS)[:THREADS], grown=grown, start=start)
        for worker, ask in zip(workers, asks, strict=True)
    ]
    told = [each.result() for each in pending]
    first = (names * THREADS)[:THREADS]
    answers = [
        each.answers[(ask * THREADS).index(name)] for each, ask in zip(told, asks, strict=True) for name in first
    ]
    return Told(answers, [event for each in told for event in each.events])


def same(answers: list[object]) -> float:
    """The number that all elements of all of these are."""
    arrays = [cast("NDArray[np.float64]", answer) for answer in answers]
    assert {array.shape for array in arrays} == {(300,)}
    (value,) = {float(number) for array in arrays for number in array}
    return value


# EVIDENCE-OF: P8
def test_thirty_two_threads_of_eight_processes_compute_once(workers: list[Worker], place: Place, log: Log) -> None:
    """The function runs once, and everybody gets its value, also when what is stored is of an older version."""
    told = stampede(workers, place, log, ("lone",))
    assert log.runs() == {"lone": 1}
    assert len(told.answers) == PROCESSES * THREADS
    old = same(told.answers)
    assert same(stampede(workers, place, log, ("lone",)).answers) == old
    assert log.runs() == {"lone": 1}
    new = same(stampede(workers, place, log, ("lone",), grown=True).answers)

    assert log.runs() == {"lone": 2}
    assert new != old
    assert place.claims_left() == 0


# EVIDENCE-OF: P8
def test_a_diamond_is_computed_once(workers: list[Worker], place: Place, log: Log) -> None:
    """Of metrics that need one another each runs once, whichever of them the processes ask for first."""
    told = stampede(workers, place, log, DIAMOND)

    assert log.runs() == dict.fromkeys(DIAMOND, 1)
    top, left, right, base = (same(told.answers[index :: len(DIAMOND)]) for index in range(len(DIAMOND)))
    assert top > left > base
    assert top > right > base
    assert place.claims_left() == 0


# EVIDENCE-OF: P8
def test_forced_computations_come_one_after_the_other(workers: list[Worker], place: Place, log: Log) -> None:
    """Whoever wants it computed anew gets a value of his own, at a time when nobody else computes it."""
    few, start = workers[:3], time.time() + 0.1
    pending = [
        worker.begin(workshop.counted, place, log, ["lone"], use_stored=False, seconds=0.02, start=start)
        for worker in few
    ]
    values = {same(each.result().answers) for each in pending}

    assert len(values) == len(few)
    lines = log.lines()
    assert [line[0] for line in lines] == ["begin", "end"] * len(few)
    assert all(begin[2] == end[2] for begin, end in zip(lines[::2], lines[1::2], strict=True))
    last = workers[0].begin(workshop.counted, place, log, ["lone"]).result()
    assert same(last.answers) in values
    assert log.runs() == {"lone": len(few)}


# EVIDENCE-OF: P8
@pytest.mark.parametrize("place", ["files", "leases"], indirect=True)
def test_waiting_without_a_circle_is_no_cycle(workers: list[Worker], place: Place, log: Log) -> None:
    """Over graphs at random, in all of whose nodes threads and processes wait for one another, each runs once."""
    end, rounds = time.monotonic() + SECONDS / 4, 0
    while rounds == 0 or time.monotonic() < end:
        here = Log(log.path.with_name(f"log-{rounds}"))
        pending = [worker.begin(workshop.nodes, place, here, rounds, NODES, 2) for worker in workers]
        answers = [answer for each in pending for answer in each.result().answers]

        assert here.runs() == {f"node-{number}": 1 for number in range(NODES)}
        assert len(set(answers)) == 1, answers
        assert isinstance(answers[0], float)
        rounds += 1
    assert place.claims_left() == 0


@pytest.mark.parametrize("place", ["files", "leases"], indirect=True)
def test_a_long_chain_of_waiting_is_no_cycle(workers: list[Worker], place: Place, log: Log) -> None:
    """Eight processes of which each waits for the next one, for longer than it takes to look round, all get theirs."""
    pending = [
        worker.begin(workshop.link, place, log, number, 0.2 if number else 1.2)
        for number, worker in enumerate(workers[:LINKS])
    ]

    assert [each.result().answers for each in pending] == [[number] for number in range(LINKS)]
    assert log.runs() == {f"link-{number}": 1 for number in range(LINKS)}
