"""Who is told of events: what narrates, what feeds ``logging``, and whoever listens.

A listener is called in the thread in which something happened, so it hears of several threads at once.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TextIO, TypeAlias

import attrs

from simple_metrics_manager.events.base import Event
from simple_metrics_manager.events.metrics import ComputeFailed, Disregarded, NotClaimed, SetAside
from simple_metrics_manager.events.sweeps import MetricFailed, Skipped, SweepEnded, SweepProgressed, SweepStarted

Listener: TypeAlias = Callable[[Event], None]

logger: logging.Logger = logging.getLogger("simple_metrics_manager")
logger.addHandler(logging.NullHandler())

_SWEEPS = (SweepStarted, SweepProgressed, SweepEnded)
_WARNINGS = (Disregarded, NotClaimed, SetAside, Skipped)

_renderer: Listener | None = None
"""Narrates in place of plain lines, from the first sweep on or when the environment says how to narrate."""


def narrate(event: Event) -> None:
    """Print the event's line, if its caller is verbose and there is anywhere to print to.

    How sweeps are shown is the business of the room ``progress``. It stands above this one and is of no use to a
    program without sweeps, so it is looked up by its name when the first sweep starts.
    """
    if not event.verbose:
        return
    if _renderer is None and (isinstance(event, _SWEEPS) or os.environ.get("SMM_PROGRESS")):
        narrate_by(importlib.import_module("simple_metrics_manager.progress.choosing").render)
    if _renderer is None:
        write_line(event.line())
    else:
        _renderer(event)


def narrate_by(renderer: Listener) -> None:
    """Give the events that are to be narrated to ``renderer`` from now on."""
    global _renderer
    _renderer = renderer


def write_line(line: str, stream: TextIO | None = None) -> None:
    """Write a whole line to ``stream``, or to what is standard output now, in the characters that it has."""
    target = sys.stdout if stream is None else stream
    if target is not None:
        encoding = target.encoding or "utf-8"
        target.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        target.flush()


def log(event: Event, level: int | None = None) -> None:
    """Give the event to ``logging``, with its facts in ``extra``; at the level that suits it, or at ``level``."""
    if level is None:
        level = logging.DEBUG if isinstance(event, SweepProgressed) else logging.INFO
        level = logging.WARNING if isinstance(event, _WARNINGS) else level
        level = logging.ERROR if isinstance(event, (ComputeFailed, MetricFailed)) else level
        if isinstance(event, MetricFailed) and not event.host:  # what failed in this process has told so by itself
            level = logging.DEBUG
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

    >>> from simple_metrics_manager.events import ComputeStarted
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
