"""What is being computed just now in this process: by whom, what it has read, and who waits for whom.

A metric that runs is a :class:`Frame` in a ``ContextVar``, so a frame follows ``await`` and a copied context into
a thread. Whatever is read while a frame is current is noted in it: that is how dependencies are recorded, through
``self``, a global or another manager alike, with the user's real ``self``.

"Promote and park" makes that free for everybody else. While nothing runs, a value that was read is left in the
``__dict__`` of its manager, where the next read finds it at the cost of ``functools.cached_property``, without any
code of ours. Before the outermost computation starts, all that was left there is taken away again, and nothing is
left while :data:`active` is above zero, so that each read during a computation comes by and is noted. Stand-ins
for ``self`` that record were the alternative; they fail as soon as a metric writes an attribute, calls
``super()`` or compares ``self``.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from simple_metrics_manager.errors import MetricCycleError
from simple_metrics_manager.record import Read

_PATIENCE = 1.0


class Parks(Protocol):
    """Somebody who has left values where reads bypass us."""

    def park(self) -> None:
        """Take them back."""
        ...


class Flight:
    """One computation or loading that others may wait for; ended by :meth:`land`."""

    __slots__ = ("_done", "awaits", "error", "label", "landed", "what")

    def __init__(self, what: object, label: str) -> None:
        self.what: object = what
        """Equal for flights after the same value."""
        self.label: str = label
        self.error: BaseException | None = None
        self.awaits: list[tuple[Flight, tuple[str, ...]]] = []
        """Flights of other threads that this one waits for, each with the labels of our own that lie between."""
        self.landed: bool = False
        """Set before anything else at its end: an interrupt there must not leave one that others would wait for."""
        self._done: threading.Event | None = None

    def land(self) -> None:
        """Wake everybody who waits."""
        self.landed = True
        done = self._done
        if done is not None:
            done.set()

    def wait(self) -> None:
        """Wait until it has landed.

        An event costs more than to load a small value, and mostly nobody waits: the first who does brings it along. Who
        waits looks at ``landed`` after that, and who lands looks for the event after having set ``landed``, so one
        of the two sees the other. An interrupt may keep it from being set, hence the look every now and then.
        """
        with _waiting:
            if self._done is None:
                self._done = threading.Event()
            done = self._done
        while not self.landed:
            done.wait(_PATIENCE)


class Frame:
    """One running computation: its flight, what it has read, and whether its caller wants to read about it.

    A context that was copied while it ran may bring it back when it is ``over``; then it counts no more.
    """

    __slots__ = ("flight", "outer", "over", "reads", "verbose")

    def __init__(self, flight: Flight, outer: Frame | None, verbose: bool) -> None:
        self.flight: Flight = flight
        self.outer: Frame | None = outer
        self.verbose: bool = verbose
        self.reads: dict[Read, None] = {}
        self.over: bool = False

    def chain(self) -> Iterator[Frame]:
        """This frame and those around it that still run, innermost first."""
        frame: Frame | None = self
        while frame is not None:
            if not frame.over:
                yield frame
            frame = frame.outer


current: ContextVar[Frame | None] = ContextVar("current", default=None)
"""The innermost computation of this context."""

active: int = 0
"""How many computations run in this process; nothing is promoted while there are any."""

switch: AbstractContextManager[object] = threading.RLock()
"""Guards :data:`active` and what is promoted. Held for dictionary work only, but values may be destroyed in it, and
their ``__del__`` may ask for a metric: so one thread may take it twice."""

promoted: weakref.WeakSet[Parks] = weakref.WeakSet()
"""Who has values to park; changed under :data:`switch` only."""


@contextmanager
def computing(flight: Flight, verbose: bool) -> Generator[Frame]:
    """Everything read inside is noted in the frame that this gives."""
    global active
    begun, counted, token = Frame(flight, current.get(), verbose), False, None
    try:  # from the first: an interrupt must not leave the count too high, or nothing would be promoted any more
        with switch:
            active += 1
            counted = True
            if active == 1:
                for owner in promoted:
                    owner.park()
                promoted.clear()
        token = current.set(begun)
        yield begun
    finally:
        begun.over = True
        if token is not None:
            current.reset(token)
        if counted:
            with switch:
                active -= 1


def frame() -> Frame | None:
    """The innermost computation of this context that still runs."""
    found = current.get()
    return found if found is None or not found.over else next(found.chain(), None)


def refuse_cycle(what: object, label: str) -> None:
    """Raise ``MetricCycleError`` if this context is computing ``what`` already."""
    innermost = frame()
    if innermost is None:
        return
    labels = [label]
    for outer in innermost.chain():
        labels.append(outer.flight.label)
        if outer.flight.what == what:
            raise MetricCycleError(tuple(reversed(labels)))


# Two threads that each compute what the other one needs would wait for ever. So each flight knows which flights
# it waits for, and nobody begins to wait for a flight from which a path leads back to a flight of his own.
_waiting: AbstractContextManager[object] = threading.RLock()


def wait(flight: Flight) -> None:
    """Wait until somebody else's flight has ended.

    Raises:
        MetricCycleError: it cannot end, since it waits, directly or not, for a computation of ours.
    """
    innermost = frame()
    mine = [] if innermost is None else [outer.flight for outer in innermost.chain()]
    labels = [own.label for own in mine]
    with _waiting:
        for index, own in enumerate(mine):
            path = _path(flight, own)
            if path is not None:
                raise MetricCycleError((*reversed(labels[: index + 1]), *path))
        ahead = [(flight, tuple(reversed(labels[:index]))) for index in range(len(mine))]
        for own, entry in zip(mine, ahead, strict=True):
            own.awaits.append(entry)
    try:
        flight.wait()
    finally:
        with _waiting:
            for own, entry in zip(mine, ahead, strict=True):
                own.awaits.remove(entry)


def _path(start: Flight, goal: Flight) -> tuple[str, ...] | None:
    """The labels from ``start`` along what it waits for to ``goal``, both included."""
    seen: set[Flight] = set()
    routes: list[tuple[Flight, tuple[str, ...]]] = [(start, (start.label,))]
    while routes:
        flight, labels = routes.pop()
        if flight is goal:
            return labels
        if flight not in seen:
            seen.add(flight)
            routes.extend((ahead, (*labels, *between, ahead.label)) for ahead, between in flight.awaits)
    return None


generation: int = 0
"""Counts forks: flights of the threads that a forked child does not have are none of its own."""


def _after_fork() -> None:
    """In a forked child: locks that other threads held would never be released, their computations never end."""
    global active, generation, switch, _waiting
    switch, _waiting = threading.RLock(), threading.RLock()
    innermost = frame()
    active = 0 if innermost is None else sum(1 for _ in innermost.chain())
    generation += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
