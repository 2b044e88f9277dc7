"""Leases: signs of life, graves, and object stores that do not keep anybody out."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from simple_metrics_manager.claims.beats import Beats
from simple_metrics_manager.claims.directory_leases import DirectoryLeases
from simple_metrics_manager.claims.leases import Watch
from simple_metrics_manager.claims.object_leases import EXTENSION, ObjectLeases
from simple_metrics_manager.claims.unclaimed import Unclaimed
from simple_metrics_manager.events import Event, NotClaimed, listening
from simple_metrics_manager.stores.memory import Memory
from tests.claims.places import PATIENCE, in_a_child, waited
from tests.stores.object_server import Careless, Fault, Proxy, Server, free_ports, serving, weed

__all__ = ["weed"]


class Heart:
    """Beats so often, and fails if it is told to."""

    interval = 0.02

    def __init__(self, *, broken: bool = False) -> None:
        self.count = 0
        self.broken = broken

    def beat(self) -> bool:
        """One more."""
        self.count += 1
        if self.broken:
            raise ValueError("broken")
        return True


def until_beaten(heart: Heart, count: int) -> None:
    """Wait until it has beaten that often."""
    end = time.monotonic() + PATIENCE
    while heart.count < count:
        assert time.monotonic() < end
        time.sleep(0.005)


def test_one_that_fails_does_not_stop_the_others() -> None:
    """A sign of life that cannot be given is tried again, and others are given."""
    beats, good, bad = Beats(), Heart(), Heart(broken=True)
    beats.keep(bad)
    beats.keep(good)
    until_beaten(good, 3)
    until_beaten(bad, 2)
    beats.drop(good)
    beats.drop(bad)

    counts = (good.count, bad.count)
    time.sleep(0.1)
    assert (good.count, bad.count) == counts


def test_one_thread_serves_all() -> None:
    """Signs of life of many are given by one thread."""
    before, beats, hearts = threading.active_count(), Beats(), [Heart() for _ in range(20)]
    for heart in hearts:
        beats.keep(heart)
    for heart in hearts:
        until_beaten(heart, 2)

    assert threading.active_count() == before + 1
    for heart in hearts:
        beats.drop(heart)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_shows_nothing_for_its_parent() -> None:
    """A forked child starts with nothing to show, and can show signs of life of its own."""
    beats, inherited, own = Beats(), Heart(), Heart()
    beats.keep(inherited)

    def child() -> bool:
        beats.keep(own)
        before = inherited.count
        until_beaten(own, 3)
        return inherited.count == before

    assert in_a_child(child)
    until_beaten(inherited, inherited.count + 2)
    beats.drop(inherited)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_child_has_no_lease_of_its_parent(tmp_path: Path) -> None:
    """A forked child that releases what it believes to be its lease leaves its parent's alone."""
    claim = waited(DirectoryLeases(tmp_path), "a")

    def child() -> bool:
        mine = claim.mine()
        claim.release()
        return not mine

    assert in_a_child(child)
    assert claim.mine()
    claim.release()


# EVIDENCE-OF: P9
def test_graves_and_forgotten_leases_are_removed(tmp_path: Path) -> None:
    """What those left who died while they took something over, or whom nobody waits for, is removed after a day."""
    day = time.time() - 2 * 86400
    for name in (".grave-0123456789abcdef", "old", ".grave-fedcba9876543210", "young"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "note").write_text("{}", encoding="ascii")
    for name in (".grave-0123456789abcdef", "old"):
        os.utime(tmp_path / name, (day, day))
    claim = waited(DirectoryLeases(tmp_path), "a")

    assert sorted(os.listdir(tmp_path)) == [".grave-fedcba9876543210", "a", "young"]
    claim.release()


def test_a_lease_that_was_taken_anew_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was to bury a dead lease, and finds a living one in the grave, puts it back."""
    (tmp_path / "a").mkdir()
    waiter, rename = DirectoryLeases(tmp_path, ttl=0.05).attempt("a"), os.rename
    assert waiter.take() is None
    time.sleep(0.1)
    (quick := DirectoryLeases(tmp_path, ttl=60).attempt("a")).take()

    def late(source: str, target: str) -> None:
        monkeypatch.undo()
        os.rmdir(source)
        assert quick.take() is not None
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)

    assert waiter.take() is None
    assert os.listdir(tmp_path) == ["a"]
    assert waiter.owner() == quick.owner() is not None
    quick.end()
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_no_lease(tmp_path: Path) -> None:
    """A lease for whose note there is no room is no lease, blocks nobody, and is gone."""
    leases, told = DirectoryLeases(tmp_path), list[Event]()
    with pytest.MonkeyPatch.context() as patch, listening(told.append, instead=True):

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "replace", full)
        claims = [leases.attempt(name).take() for name in ("a", "b")]

    assert [type(claim) for claim in claims] == [Unclaimed, Unclaimed]
    assert [event.line() for event in told] == ["Compute a unclaimed, others may do so, too: No space left on device"]
    assert os.listdir(tmp_path) == []


def test_a_lease_that_may_be_lost_is_looked_at_before_it_is_released() -> None:
    """Who has shown no sign of life for long removes what is his, and not what has taken its place."""
    store = Memory()
    leases = ObjectLeases(store)
    for stolen in (False, True):
        claim = waited(leases, "a")
        vars(claim)["_shown"] -= 1000  # as if it had slept
        if stolen:
            store.write("a", [b"another one's"])
        assert claim.mine() is not stolen
        claim.release()
        assert store.exists("a") is stolen


def test_a_lease_that_was_lost_is_not_believed_in() -> None:
    """Who has just shown a sign of life, by a clock that stood still with its machine, asks before it says so."""
    store = Memory()
    claim = waited(ObjectLeases(store), "a")
    assert claim.mine()
    store.write("a", [b"another one's"])

    assert not claim.mine()
    vars(claim)["_shown"] -= 1000  # where the clock has gone on
    claim.release()
    assert store.exists("a")


def test_a_store_that_takes_no_notice_of_conditions(caplog: pytest.LogCaptureFixture) -> None:
    """Where the server would let two in, nobody is kept waiting, and it is told once."""
    pytest.importorskip("obstore")
    told: list[Event] = []
    with serving(Careless().handler()) as port, listening(told.append, instead=True):
        leases = ObjectLeases(Server(port).place("s3://b/p", EXTENSION))
        claims = [leases.attempt("a").take() for _ in range(3)]

    assert [type(claim) for claim in claims] == [Unclaimed] * 3
    assert [type(event) for event in told] == [NotClaimed]
    assert "ignores conditions" in caplog.text


def test_a_store_that_does_not_answer() -> None:
    """Where no server answers, everybody computes, and it is told once why."""
    pytest.importorskip("obstore")
    told: list[Event] = []
    leases = ObjectLeases(Server(free_ports(1)[0]).place("s3://b/p", EXTENSION, retries=0))
    with listening(told.append, instead=True):
        claims = [leases.attempt(name).take() for name in ("a", "b")]

    assert [type(claim) for claim in claims] == [Unclaimed, Unclaimed]
    assert len(told) == 1


def test_what_a_lease_costs_in_requests(weed: Server) -> None:
    """A lease that nobody contests costs three requests; one whose answer was lost is ours all the same."""
    pytest.importorskip("obstore")
    proxy = Proxy(weed)
    with serving(proxy.handler()) as port:
        leases = ObjectLeases(Server(port).place(extension=EXTENSION))
        waited(leases, "first").release()  # the server is tried out
        before = len(proxy.requests)
        waited(leases, "a").release()
        cost = [request.split()[0] for request in proxy.requests[before:]]
        proxy.faults.append(Fault("lost", "PUT", part="b.lease"))
        claim = waited(leases, "b")
        assert claim.mine()
        claim.release()

    assert cost == ["PUT", "HEAD", "DELETE"]
    assert list(leases.store.names()) == []


def test_how_long_a_first_note_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the lease, and five seconds at most."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for ttl, patience in ((60.0, 5.0), (8.0, 2.0)):
        now, watch = 0.0, Watch(ttl)
        assert watch.is_new(b"")
        now = patience - 0.1
        assert not watch.is_dead(None)
        now = patience
        assert watch.is_dead(None)
