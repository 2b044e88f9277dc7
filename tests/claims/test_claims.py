"""Claims of every kind: one holds, the others wait, and nobody waits for the dead."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from simple_metrics_manager.claims import directory_leases, leases, object_leases
from simple_metrics_manager.claims.object_leases import ObjectLeases
from simple_metrics_manager.claims.unclaimed import Unclaimed
from simple_metrics_manager.testing.sample_names import SHORT_NAMES
from tests.claims.places import Kind, Place, crowd, holding, place, waited
from tests.stores.object_server import Server, weed

__all__ = ["weed"]

LOCKS = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
STOPS = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
FILES = pytest.param("files", marks=LOCKS)
KINDS = [FILES, "directories", "rows", "objects"]
LEASES = ["directories", "rows", "objects"]
SLOW = [FILES, "directories", "objects"]
"""Those that tests try for which other processes are started: rows have the same leases as objects."""


@pytest.fixture(params=KINDS)
def there(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for claims of each kind."""
    kind = cast("Kind", request.param)
    if kind != "objects":
        return place(kind, tmp_path)
    pytest.importorskip("obstore")
    return place(kind, tmp_path, server=cast("Server", request.getfixturevalue("weed")))


def test_one_holds_and_the_next_one_may(there: Place) -> None:
    """Who has taken a claim has it until its release, which is told by its note; then there is nothing left of it."""
    claims = there.claims()
    first, second = claims.attempt("a"), claims.attempt("a")
    assert second.owner() is None
    claim = first.take()
    assert claim is not None
    assert claim.mine()
    assert second.take() is None
    owner = second.owner()
    assert owner is not None
    assert str(owner) == f"process {os.getpid()} on {owner.host}"
    first.end()

    assert not claim.mine()
    assert claims.attempt("a").owner() is None
    assert second.take() is not None
    second.end()


def test_nothing_is_left(there: Place) -> None:
    """What was released, once or more often, leaves nothing behind."""
    claims = there.claims()
    for name in ("a", "b"):
        claim = waited(claims, name)
        claim.release()
        claim.release()
        claims.attempt(name).end()

    assert there.left() == []


def test_names_are_apart(there: Place) -> None:
    """Claims on different names, whatever they are, do not meet, and lead nowhere else."""
    claims = there.claims()
    attempts = {name: claims.attempt(name) for name in SHORT_NAMES}
    taken = [attempt.take() for attempt in attempts.values()]

    assert [None if claim is None else claim.name for claim in taken] == list(SHORT_NAMES)
    assert not any(isinstance(claim, Unclaimed) for claim in taken)
    assert len(there.left()) == len(set(SHORT_NAMES))
    for attempt in attempts.values():
        attempt.end()
    assert there.left() == []


# EVIDENCE-OF: P8
def test_one_thread_at_a_time(there: Place) -> None:
    """Of threads that want the same claim, one has it at a time, and each gets it in the end."""
    claims, inside, most = there.claims(), 0, 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal inside, most
        claim = waited(claims, "a")
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.002)
        with lock:
            inside -= 1
        claim.release()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(16)))

    assert (inside, most) == (0, 1)
    assert there.left() == []


# EVIDENCE-OF: P8
@pytest.mark.parametrize("there", SLOW, indirect=True)
def test_one_process_at_a_time(there: Place, tmp_path: Path) -> None:
    """Of processes that want to do the same things, one does each of them, while nobody else does anything of it."""
    processes, names = (8, 50) if there.kind == "files" else (3, 20)
    folder = tmp_path / "done"
    folder.mkdir()

    assert sum(crowd([there], folder, processes, names)) == names
    assert there.left() == []


# EVIDENCE-OF: P8
@pytest.mark.parametrize("there", SLOW, indirect=True)
def test_a_killed_process_is_not_waited_for(there: Place) -> None:
    """A claim whose process was killed on this host is free at once, whatever the ttl, be its end noted or not."""
    with holding(there, "a") as holder:
        assert there.claims().attempt("a").take() is None
        holder.process.kill()
        claim = waited(there.claims(), "a", patience=2)

    assert claim.mine()
    claim.release()
    assert there.left() == []


# EVIDENCE-OF: P8
@pytest.mark.parametrize("there", SLOW, indirect=True)
@STOPS
def test_a_stopped_process_loses_its_claim(there: Place) -> None:
    """Who stands still for longer than the ttl has lost its claim when it wakes up, and leaves the next one's alone."""
    there = there.patient(0.5)
    with holding(there, "a") as holder:
        os.kill(holder.process.pid, signal.SIGSTOP)
        claim = waited(there.claims(), "a")
        os.kill(holder.process.pid, signal.SIGCONT)

        assert holder.ask("mine") == "False"
        assert holder.ask("release") == "released"
        assert claim.mine()
        assert there.claims().attempt("a").take() is None
        claim.release()


@pytest.mark.parametrize("there", SLOW, indirect=True)
@STOPS
def test_a_process_that_was_stopped_briefly_keeps_its_claim(there: Place) -> None:
    """Who stands still for less than the ttl has lost nothing, and releases what it has."""
    with holding(there, "a") as holder:
        attempt = there.claims().attempt("a")
        os.kill(holder.process.pid, signal.SIGSTOP)
        for _ in range(5):
            assert attempt.take() is None
        os.kill(holder.process.pid, signal.SIGCONT)

        assert holder.ask("mine") == "True"
        assert holder.ask("release") == "released"
    assert there.left() == []


@pytest.mark.parametrize("there", SLOW[1:], indirect=True)
def test_a_claim_that_is_held_for_long_is_kept(there: Place) -> None:
    """A holder that lives is never taken for dead, however long it computes."""
    there = there.patient(0.8)
    claim, attempt = waited(there.claims(), "a"), there.claims().attempt("a")
    end = time.monotonic() + 2 * there.ttl
    while time.monotonic() < end:
        assert attempt.take() is None
        time.sleep(0.02)

    assert claim.mine()
    claim.release()


def test_what_is_waited_for_is_noted(there: Place) -> None:
    """A holder says what it waits for itself, and when it does no more."""
    claims = there.claims()
    claim, attempt = waited(claims, "a"), claims.attempt("a")
    for name in ("b/c", "x" * 500, ""):
        claim.waiting(name)
        end = time.monotonic() + 10
        while (owner := attempt.owner()) is None or owner.waits_for != name:
            assert time.monotonic() < end
            assert attempt.take() is None
            time.sleep(0.01)
    claim.release()
    claim.waiting("too late")

    assert there.left() == []


# EVIDENCE-OF: P8
@pytest.mark.parametrize("there", SLOW[1:], indirect=True)
def test_a_lost_host_is_waited_for_as_long_as_its_lease(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was killed on another host, of which nothing can be told, is waited for as long as the ttl, and no longer."""
    there = there.patient(0.5)
    with holding(there, "a") as holder:
        monkeypatch.setattr(leases, "where_numbers_mean_this", lambda: "elsewhere")
        holder.process.kill()
        holder.process.wait()
        attempt = there.claims().attempt("a")
        began = time.monotonic()
        assert [attempt.take(), attempt.take()] == [None, None]
        while (claim := attempt.take()) is None:
            assert time.monotonic() < began + 10
            time.sleep(0.01)

    assert time.monotonic() - began >= there.ttl
    assert claim.mine()
    attempt.end()
    assert there.left() == []


@pytest.mark.parametrize("there", LEASES, indirect=True)
def test_a_forgotten_lease_runs_out(there: Place) -> None:
    """A lease that nobody holds in memory any more shows no sign of life, and no thread is there for its sake."""
    there = there.patient(0.3)
    attempt = there.claims().attempt("a")
    assert attempt.take() is not None
    time.sleep(there.ttl)
    del attempt
    gc.collect()
    waited(there.claims(), "a").release()
    beats = (directory_leases if there.kind == "directories" else object_leases)._beats  # pyright: ignore[reportPrivateUsage]
    end = time.monotonic() + 10
    while beats._thread is not None:  # pyright: ignore[reportPrivateUsage]
        assert time.monotonic() < end
        time.sleep(0.01)

    assert there.left() == []


@pytest.mark.parametrize("there", LEASES, indirect=True)
@pytest.mark.parametrize("cut", [b"", b'{"host": "x", "pro', b"\xff" * 100, b"[" * 10_000])
def test_a_note_that_says_nothing_blocks_nobody(there: Place, cut: bytes) -> None:
    """A note that was cut short, or is none of ours, is waited for as long as the ttl."""
    there = there.patient(0.2)
    claims = there.claims()
    if isinstance(claims, ObjectLeases):
        claims.store.create("a", [cut])
    else:
        folder = Path(there.where, "a")
        folder.mkdir(parents=True)
        if cut:
            (folder / "note").write_bytes(cut)
    assert claims.attempt("a").owner() is None
    claim = waited(claims, "a")

    assert claim.mine()
    claim.release()
    assert there.left() == []
