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
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar, Token
from typing import Protocol

from simple_metrics_manager.asking.joining import waits_for_us
from simple_metrics_manager.claims.base import Claim
from simple_metrics_manager.errors import MetricCycleError
from simple_metrics_manager.record import Read

TELL_AFTER = 1.0
"""Seconds after which whoever waits for somebody else's computation says so."""


class Parks(Protocol):
    """Somebody who has left values where reads bypass us."""

    def park(self) -> None:
        """Take them back."""
        ...


class Flight:
    """One computation or loading that others may wait for; ended by :meth:`land`."""

    __slots__ = ("_done", "awaits", "claim", "error", "label", "landed", "needs", "number", "since", "thread", "what")

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

    def begin(self) -> None:
        """It may take long: note who obtains it, and since when. What is quickly had does without."""
        self.claim: Claim | None = None
        """What keeps other processes from obtaining the same."""
        self.needs: list[str] = []
        """What its threads wait for by now, by the names of the claims; its own claim tells the last of them."""
        self.since: float = time.time()
        """When somebody began to obtain it, in seconds as ``time.time()`` gives them."""
        self.thread: str = threading.current_thread().name
        self.number: int = threading.get_ident()

    def land(self) -> None:
        """Wake everybody who waits."""
        self.landed = True
        done = self._done
        if done is not None:
            done.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it has landed, or for so many seconds; whether it has.

        An event costs more than to load a small value, and mostly nobody waits: the first who does brings it along. Who
        waits looks at ``landed`` after that, and who lands looks for the event after having set ``landed``, so one
        of the two sees the other. An interrupt may keep it from being set, hence the look every now and then.
        """
        with _waiting:
            if self._done is None:
                self._done = threading.Event()
            done = self._done
        while not self.landed:
            if not done.wait(TELL_AFTER if seconds is None else seconds) and seconds is not None:
                return self.landed
        return True


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


class computing:  # noqa: N801 # read as a word after ``with``
    """A block in which everything that is read is noted in the frame that it gives.

    No generator, which an interrupt between its ``yield`` and the block would leave waiting, and its frame running. An
    interrupt may strike at the end of the block, too: whoever gets one calls :meth:`end` once more.
    """

    __slots__ = ("_counted", "_token", "frame")

    def __init__(self, flight: Flight, verbose: bool) -> None:
        self.frame: Frame = Frame(flight, current.get(), verbose)
        self._counted = False
        self._token: Token[Frame | None] | None = None

    def __enter__(self) -> Frame:
        global active
        try:
            with switch:
                active += 1
                self._counted = True  # with nothing before it at which an interrupt may strike
                if active == 1:
                    for owner in promoted:
                        owner.park()
                    promoted.clear()
            self._token = current.set(self.frame)
        except BaseException:
            self.end()
            raise
        return self.frame

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Nothing is noted any more."""
        global active
        self.frame.over = True
        if self._token is not None:
            token, self._token = self._token, None
            current.reset(token)
        with switch:
            if self._counted:
                active -= 1
                self._counted = False


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


@contextmanager
def needing(name: str) -> Generator[list[Claim]]:
    """A block that waits for what has this name; other processes can see it in the claims of what is computed here,
    which are given."""
    innermost = frame()
    claimed = [] if innermost is None else [outer.flight for outer in innermost.chain() if outer.flight.claim]
    try:
        for own in claimed:
            with _waiting:
                own.needs.append(name)
                _tell(own)
        yield [own.claim for own in claimed if own.claim is not None]
    finally:
        for own in claimed:
            with _waiting, suppress(ValueError):
                own.needs.remove(name)
                _tell(own)


def _tell(own: Flight) -> None:
    """Of several threads that wait for its sake, all but those of a circle will end: then one of these is told."""
    if own.claim is not None:
        own.claim.waiting(own.needs[-1] if own.needs else "")


def wait(flight: Flight, name: str, late: Callable[[], None]) -> None:
    """Wait until somebody else's flight, after what has this name, has ended; ``late`` is called once if that takes a
    while.

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
        if not flight.wait(TELL_AFTER):
            late()
            with needing(name):  # whoever has waited for so long may wait in a circle of processes
                _refuse_standstill(flight, mine)
                while not flight.wait(TELL_AFTER):
                    _refuse_standstill(flight, mine)
    finally:
        with _waiting:
            for own, entry in zip(mine, ahead, strict=True):
                own.awaits.remove(entry)


def _refuse_standstill(flight: Flight, mine: list[Flight]) -> None:
    """Raise ``MetricCycleError`` if a thread that has to go on for this flight to land waits for ours to end."""
    todo, seen = [flight], set[Flight]()
    while todo:
        ahead = todo.pop()
        if ahead not in seen:
            seen.add(ahead)
            with _waiting:
                path = _path(flight, ahead) or ()
                todo += [other for other, _ in ahead.awaits]
            if hasattr(ahead, "number") and waits_for_us(ahead.number):
                raise MetricCycleError((*path, *reversed([own.label for own in mine]), flight.label))


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
