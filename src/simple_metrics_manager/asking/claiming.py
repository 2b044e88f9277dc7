"""Waiting for somebody in another process, or on another machine, who computes what we are about to compute.

Threads of one process wait for each other's flights (see :mod:`.flights`); the one whose flight it is comes here
before it computes, and takes the storage's claim on the name. A claim saves work; correctness does not rest on it:
whoever was paused for so long that another one took over learns that when it saves (see :meth:`.Shelf.save`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.claims.base import Attempt, Claim, Claims, Owner
from simple_metrics_manager.errors import MetricCycleError
from simple_metrics_manager.events import TookOver, Waiting, tell

T = TypeVar("T")

_FIRST_PAUSE = 0.0005
_GROWTH = 1.5
_LOOK_ROUND = 0.25
"""Seconds between two looks at who waits for whom; a circle is believed when it stands still from one to the next."""
_LONGEST_CHAIN = 64
_TRIES = 100


def claimed(
    claims: Claims | None,
    asked: Question,
    flight: running.Flight,
    look: Callable[[], T | None],
    obtain: Callable[[], T],
) -> T:
    """What ``look`` finds, stored by somebody else by now, or else what ``obtain`` gets while nobody else does.

    ``claims`` may be None, then nobody is kept out. This is no context manager made of a generator: that would keep the
    claim if an interrupt came between its ``yield`` and the block.

    Raises:
        MetricCycleError: who holds the claim waits, directly or not, for a computation that we are in the midst of.
    """
    claiming = _Claiming(claims, asked, flight)
    try:
        found = claiming.begin(look)
        return found if found is not None else obtain()
    finally:
        # Until it is let go: this very process would wait for a claim that it keeps. An interrupt may strike before the
        # end, or there is no memory, of which there may soon be some. It stands here and not in a function of its
        # own, since interrupts are looked for where one begins, and nothing outside the ``try`` takes memory.
        failure: BaseException | None = None
        tries = 0
        while tries < _TRIES:
            try:
                claiming.end()
                break
            except BaseException as error:  # noqa: BLE001 - raised below
                failure = error
                tries += 1
        if failure is not None:
            raise failure


class _Claiming:
    __slots__ = ("_asked", "_attempt", "_claims", "_flight")

    def __init__(self, claims: Claims | None, asked: Question, flight: running.Flight) -> None:
        self._claims = claims
        self._asked = asked
        self._flight = flight
        self._attempt = None if claims is None else claims.attempt(asked.stored)

    def begin(self, look: Callable[[], T | None]) -> T | None:
        """Wait until the claim is that of the flight, or until ``look`` finds something."""
        if self._claims is None or self._attempt is None:
            return None
        claim = self._attempt.take()
        if claim is None:
            claim, found = _wait(self._claims, self._attempt, self._asked, look)
        else:  # between our last look and our claim it may have been stored
            found = look()
        self._flight.claim = claim
        return found

    def end(self) -> None:
        """Let the next one in."""
        self._flight.claim = None
        if self._attempt is not None:
            self._attempt.end()


def _wait(
    claims: Claims, attempt: Attempt, asked: Question, look: Callable[[], T | None]
) -> tuple[Claim | None, T | None]:
    """Wait until the claim is ours, or what is asked is stored."""
    with running.needing(asked.stored) as ours:
        return _watch(claims, attempt, asked, look, _Circle(claims, asked.stored, ours))


def _watch(
    claims: Claims, attempt: Attempt, asked: Question, look: Callable[[], T | None], circle: _Circle
) -> tuple[Claim | None, T | None]:
    pause, began, told, looked = _FIRST_PAUSE, time.monotonic(), None, time.monotonic()
    while True:
        time.sleep(pause)
        pause = min(pause * _GROWTH, claims.pause)
        claim = attempt.take()
        found = look() if claim is not None or asked.missing else None
        if claim is not None or found is not None:
            if claim is not None and found is None and told is not None:
                tell(TookOver(asked.name, str(told), verbose=asked.verbose))
            return claim, found
        now = time.monotonic()
        if now - looked < _LOOK_ROUND:
            continue
        looked, owner = now, attempt.owner()
        circle.check(owner)
        if told is None and owner is not None and now - began >= running.TELL_AFTER:
            told = owner
            tell(Waiting(asked.name, str(owner), owner.since, verbose=asked.verbose))


class _Circle:
    """Looks whether who holds a claim waits for one that we hold: then both would wait for ever.

    Each holder notes in its claims what it waits for. Notes are not written all at once, so the same circle of the
    same claims has to be seen twice.
    """

    def __init__(self, claims: Claims, name: str, ours: list[Claim]) -> None:
        self._claims = claims
        self._name = name
        self._ours = {claim.name for claim in ours}
        self._seen: tuple[Owner, ...] = ()

    def check(self, owner: Owner | None) -> None:
        """Raise ``MetricCycleError`` if there is one."""
        names, owners = [self._name], list[Owner]()
        while owner is not None and owner.waits_for and len(names) < _LONGEST_CHAIN:
            names.append(owner.waits_for)
            owners.append(owner)
            if owner.waits_for in self._ours:
                if self._seen == (seen := tuple(owners)):
                    raise MetricCycleError((owner.waits_for, *names))
                self._seen = seen
                return
            owner = self._claims.attempt(owner.waits_for).owner()
        self._seen = ()
