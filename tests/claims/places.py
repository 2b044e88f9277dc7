"""The kinds of claims as tests make them, here and in other processes, and those processes.

Run as a module this is such a process: ``hold`` takes a claim and does what it is told to, line by line; ``crowd``
takes many one after the other, and fails if it is not alone.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeAlias, cast

import attrs

from simple_metrics_manager.claims.base import Claim, Claims
from simple_metrics_manager.claims.directory_leases import DirectoryLeases
from simple_metrics_manager.claims.flocks import FileLocks
from simple_metrics_manager.claims.object_leases import EXTENSION, ObjectLeases
from simple_metrics_manager.stores.objects import Objects
from simple_metrics_manager.stores.sqlite import Sqlite

if TYPE_CHECKING:  # it brings pytest with it, which other processes need not wait for
    from tests.stores.object_server import Server

Kind: TypeAlias = Literal["files", "directories", "rows", "objects"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0
"""Seconds after which something is taken to be stuck."""


@attrs.frozen
class Place:
    """A place for claims of one kind, as it can be told to another process."""

    kind: Kind
    where: str
    ttl: float = 60.0
    options: dict[str, str] = attrs.field(factory=dict[str, str])
    suffix: str = ""

    def claims(self) -> Claims:
        """The claims there."""
        if self.kind == "files":
            return FileLocks(self.where, self.ttl, self.suffix)
        if self.kind == "directories":
            return DirectoryLeases(self.where, self.ttl, self.suffix)
        if self.kind == "rows":
            return ObjectLeases(Sqlite(Path(self.where), EXTENSION, "cache"), self.ttl)
        return ObjectLeases(self.objects(), self.ttl)

    def objects(self) -> Objects:
        """The object store, spoken to with a well-known key."""
        known = {"access_key_id": "tester", "secret_access_key": "well-known"}
        return Objects(self.where, EXTENSION, options=self.options, credentials=known, retries=2)

    def left(self) -> list[str]:
        """What lies there."""
        if self.kind == "rows":
            return list(Sqlite(Path(self.where), EXTENSION).names())
        if self.kind == "objects":
            return list(self.objects().names())
        return sorted(os.listdir(self.where))

    def patient(self, ttl: float) -> Place:
        """The same place with another ttl."""
        return attrs.evolve(self, ttl=ttl)


def place(kind: Kind, folder: Path, ttl: float = 60.0, server: Server | None = None) -> Place:
    """A place of its own."""
    if server is not None:
        return Place(kind, f"s3://metrics/{folder.name}-{os.urandom(4).hex()}", ttl, server.options)
    where = folder / "claims.sqlite" if kind == "rows" else folder / "claims"
    return Place(kind, str(where), ttl)


def waited(claims: Claims, name: str, patience: float = PATIENCE) -> Claim:
    """The claim, as soon as it can be had."""
    attempt, end = claims.attempt(name), time.monotonic() + patience
    while (claim := attempt.take()) is None:
        assert time.monotonic() < end, f"{name!r} is still held by {attempt.owner()}"
        time.sleep(min(claims.pause, 0.02))
    return claim


class Holder:
    """Another process that holds a claim."""

    def __init__(self, place: Place, name: str) -> None:
        self.process = _started("hold", json.dumps(attrs.asdict(place)), name)
        assert self.hear() == "held"

    def hear(self) -> str:
        """Its next line."""
        return cast("IO[str]", self.process.stdout).readline().strip()

    def ask(self, what: str) -> str:
        """What it answers."""
        commands = cast("IO[str]", self.process.stdin)
        commands.write(f"{what}\n")
        commands.flush()
        return self.hear()


@contextmanager
def holding(place: Place, name: str) -> Generator[Holder]:
    """A block during which another process holds a claim, unless it is killed."""
    holder = Holder(place, name)
    try:
        yield holder
    finally:
        holder.process.kill()
        holder.process.communicate()


def in_a_child(ask: Callable[[], bool]) -> bool:
    """The answer of a forked child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is what is tried here
        child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if ask() else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def crowd(places: Sequence[Place], folder: Path, processes: int, names: int) -> list[int]:
    """Processes that all want to do the same things, each of which is to be done once; how many each has done."""
    told = [json.dumps(attrs.asdict(places[number % len(places)])) for number in range(processes)]
    crowd = [_started("crowd", text, str(folder), str(names), str(number)) for number, text in enumerate(told)]
    answers = [process.communicate(timeout=4 * PATIENCE)[0] for process in crowd]
    assert [process.returncode for process in crowd] == [0] * processes
    return list(map(int, answers))


def _started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.claims.places", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


# ------------------------------------------------------------------------------------------- in the other process


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def _hold(claims: Claims, name: str) -> None:
    attempt = claims.attempt(name)
    claim = attempt.take()
    assert claim is not None
    _say("held")
    for line in sys.stdin:
        if line == "mine\n":
            _say(claim.mine())
        elif line == "release\n":
            attempt.end()
            _say("released")
        elif line == "fork\n":
            _fork(claim)


def _fork(claim: Claim) -> None:
    """A child that lives on, having tried to release what is not its own."""
    child = os.fork()
    if child == 0:
        os.close(0)
        _say(claim.mine(), os.getpid())
        claim.release()
        os.close(1)
        time.sleep(PATIENCE)
        os._exit(0)


def _crowd(claims: Claims, folder: Path, names: int, seed: int) -> None:
    order, done = [f"m/{number}" for number in range(names)], 0
    random.Random(seed).shuffle(order)
    for name in order:
        claim = waited(claims, name)
        inside, finished = folder / f"{name[2:]}.inside", folder / f"{name[2:]}.done"
        if not finished.exists():
            inside.touch(exist_ok=False)
            time.sleep(0.001)
            finished.touch(exist_ok=False)
            inside.unlink()
            done += 1
        assert claim.mine()
        claim.release()
    _say(done)


if __name__ == "__main__":
    there = Place(**json.loads(sys.argv[2])).claims()
    if sys.argv[1] == "hold":
        _hold(there, sys.argv[3])
    else:
        _crowd(there, Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
