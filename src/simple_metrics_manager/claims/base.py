"""What a place promises that tells who computes a metric just now."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

import attrs


@attrs.frozen
class Owner:
    """Who holds a claim, as its note says.

    ``since`` is when the claim was taken (aware, UTC); ``token`` tells this claim from any other; ``waits_for`` is the
    name of what the holder waits for itself at the moment, and empty if it waits for nothing.
    """

    host: str
    process: int
    thread: str
    since: datetime
    token: str
    waits_for: str = ""

    def __str__(self) -> str:
        where = f"process {self.process} on {self.host}"
        return where if self.thread in {"", "MainThread"} else f"{where}, thread {self.thread}"


class Claim(Protocol):
    """The right to compute what has this name, while others wait."""

    @property
    def name(self) -> str:
        """What is claimed."""
        ...

    def mine(self) -> bool:
        """Whether the claim is still ours, as far as can be told now: a process that slept may have lost it."""
        ...

    def waiting(self, name: str) -> None:
        """Notes that the holder waits for ``name`` from now on, or for nothing any more if that is empty.

        It is cheap, and done as well as can be: others may see it a moment later, or not at all.
        """
        ...

    def release(self) -> None:
        """Lets the next one in. Of a claim that was lost, or released before, nothing is touched; it never raises."""
        ...


class Attempt(Protocol):
    """One waiter's tries to get a claim. It keeps what it has seen of the present holder, and belongs to one thread."""

    def take(self) -> Claim | None:
        """The claim, at once; None if somebody else holds it.

        It never waits, and never fails: where claims do not work, it gives one that keeps nobody out.
        """
        ...

    def end(self) -> None:
        """Releases what :meth:`take` gave, if it gave anything: an interrupt may have kept that from its taker."""
        ...

    def owner(self) -> Owner | None:
        """Who holds it, for messages; None if nobody does, or if it cannot be told."""
        ...


class Claims(Protocol):
    """A place for claims."""

    @property
    def reach(self) -> Literal["host", "fleet"]:
        """Whom a claim keeps out: other processes of this host, or those of all hosts that share the place."""
        ...

    @property
    def pause(self) -> float:
        """How many seconds a waiter may sleep at most between two takes."""
        ...

    def attempt(self, name: str) -> Attempt:
        """Tries for what has this name; nothing is touched before the first :meth:`Attempt.take`."""
        ...
