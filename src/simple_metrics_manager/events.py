"""What happens to metrics, as values, and who is told.

The core calls :func:`tell` and never prints. Two listeners come with the library: :func:`narrate` prints whole
lines in the words of 0.5.0 while ``verbose`` is on, and :func:`log` feeds the standard ``logging`` (logger
``simple_metrics_manager``; the facts are in ``extra``: ``record.metric``, ``record.seconds`` ...). Add your own
with :func:`listening`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeAlias

import attrs

logger: logging.Logger = logging.getLogger("simple_metrics_manager")
logger.addHandler(logging.NullHandler())


@attrs.frozen
class Event:
    """Something happened to the metric called ``metric``; ``verbose`` says whether the caller wants to read it."""

    metric: str
    verbose: bool = attrs.field(default=True, kw_only=True)

    def line(self) -> str:
        """The event as one line, in the words of 0.5.0."""
        return self.metric


@attrs.frozen
class ComputeStarted(Event):
    """The function of the metric is about to run."""

    def line(self) -> str:
        return f"Compute {self.metric}"


@attrs.frozen
class Computed(Event):
    """The function has returned after ``seconds`` of wall time."""

    seconds: float

    def line(self) -> str:
        return f"Completed {self.metric} in {format_seconds(self.seconds)}"


@attrs.frozen
class ComputeFailed(Event):
    """The function has raised ``error`` after ``seconds``; the exception itself goes on to the caller."""

    seconds: float
    error: str

    def line(self) -> str:
        return f"Failed {self.metric} after {format_seconds(self.seconds)}: {self.error}"


@attrs.frozen
class Saved(Event):
    """The value lies in the storage; its file has ``bytes`` bytes (0 where the storage does not say)."""

    bytes: int

    def line(self) -> str:
        return f"Save {self.metric}"


@attrs.frozen
class Loaded(Event):
    """The value came from the storage, where it had been since ``date``."""

    date: datetime

    def line(self) -> str:
        return f"Load {self.metric} pulled on {self.date.astimezone().date().isoformat()}"


@attrs.frozen
class Disregarded(Event):
    """What the storage holds cannot be used, for ``reason``: it is computed anew."""

    reason: str

    def line(self) -> str:
        return f"Disregard what is stored of {self.metric}: {self.reason}"


@attrs.frozen
class SetAside(Event):
    """What was stored is damaged, as ``found`` says; it lies at ``place`` now, and the metric is computed anew."""

    found: str
    place: str

    def line(self) -> str:
        return f"Set aside what is stored of {self.metric}, it is damaged: {self.found}; it is {self.place} now"


@attrs.frozen
class SweepAdvanced(Event):
    """Of ``total`` parameter sets of a sweep ``done`` are there."""

    done: int
    total: int

    def line(self) -> str:
        return f"get_all {self.done}/{self.total}"


@attrs.frozen
class Moved(Event):
    """What was stored as ``metric`` is stored as ``new`` now, or would be if this were no simulation."""

    new: str
    simulated: bool

    def line(self) -> str:
        return f"{'simulate move' if self.simulated else 'move'} {self.metric} to {self.new}"


@attrs.frozen
class MovesEnded(Event):
    """All moves from the metric ``metric`` to ``new`` have been made, or simulated."""

    new: str
    total: int
    simulated: bool

    def line(self) -> str:
        did = "Would move" if self.simulated else "Moved"
        return f"{did} a total of {self.total} stored metrics from {self.metric} to {self.new}"


Listener: TypeAlias = Callable[[Event], None]


def narrate(event: Event) -> None:
    """Print the event's line, if its caller is verbose and there is anywhere to print to."""
    stream = sys.stdout
    if event.verbose and stream is not None:
        encoding = stream.encoding or "utf-8"
        stream.write(event.line().encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()


def log(event: Event) -> None:
    """Give the event to ``logging``, with its facts in ``extra``."""
    level = logging.WARNING if isinstance(event, (ComputeFailed, Disregarded, SetAside)) else logging.INFO
    if logger.isEnabledFor(level):
        facts = {name: value for name, value in attrs.asdict(event).items() if name != "verbose"}
        logger.log(level, "%s", event.line(), extra={"event": type(event).__name__, **facts})


_OURS: tuple[Listener, ...] = (narrate, log)
_listeners: tuple[Listener, ...] = _OURS


def silent(verbose: bool) -> bool:
    """Whether nobody would hear of something that went as expected: then no event has to be made of it."""
    return not verbose and _listeners is _OURS and not logger.isEnabledFor(logging.INFO)


def tell(event: Event) -> None:
    """Give the event to everybody who listens. A listener that fails is logged: no value is lost for its sake."""
    for listener in _listeners:
        try:
            listener(event)
        except Exception:
            logger.exception("a listener failed on: %s", event.line())


@contextmanager
def listening(*listeners: Listener, instead: bool = False) -> Generator[None]:
    """Listen while the block runs, in all threads; ``instead=True`` silences the listeners that there were.

    >>> seen: list[Event] = []
    >>> with listening(seen.append):
    ...     tell(ComputeStarted("spectrum", verbose=False))
    >>> seen
    [ComputeStarted(metric='spectrum', verbose=False)]
    """
    global _listeners
    before = _listeners
    _listeners = listeners if instead else (*before, *listeners)
    try:
        yield
    finally:
        _listeners = before


def format_seconds(seconds: float) -> str:
    """A duration as people say it: ``4 µs``, ``12 ms``, ``3.2 s``, ``5 min 3 s``, ``2 h 10 min``."""
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
