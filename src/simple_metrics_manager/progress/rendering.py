"""The listener behind all renderings: it keeps account of the sweeps, and a canvas draws them.

A thread runs beside the sweeps, so that those in which nothing finishes for a long time are seen to be alive.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

import attrs

from simple_metrics_manager.events import (
    Computed,
    ComputeFailed,
    ComputeStarted,
    Event,
    SweepEnded,
    SweepProgressed,
    SweepStarted,
)
from simple_metrics_manager.progress.open_sweeps import OpenSweeps, Sweep

logger: logging.Logger = logging.getLogger("simple_metrics_manager")


class Canvas(Protocol):
    """Where lines and sweeps appear. It is called by several threads, but never by two at once."""

    def say(self, line: str) -> None:
        """Show a line."""
        ...

    def begin(self, sweep: Sweep) -> None:
        """A sweep starts; its first line has been said."""
        ...

    def advance(self, sweep: Sweep, now: float) -> None:
        """Something of it was finished: called often, so it has to be quick."""
        ...

    def tick(self, sweeps: OpenSweeps, now: float) -> float:
        """Show what the passing of time has changed; after how many seconds to call again."""
        ...

    def end(self, sweep: Sweep, event: SweepEnded) -> None:
        """A sweep has ended; its last line has still to be said."""
        ...

    def close(self) -> None:
        """Leave everything tidy, in the middle of a sweep or not."""
        ...


class Rendering:
    """Hears events and has them drawn on a canvas."""

    def __init__(self, canvas: Canvas, clock: Callable[[], float] = time.monotonic) -> None:
        self._canvas = canvas
        self._clock = clock
        self._sweeps = OpenSweeps()
        self._changed = threading.Condition(threading.RLock())
        self._ticker: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """Whether a sweep is running."""
        return len(self._sweeps) > 0

    def __call__(self, event: Event) -> None:
        """Draw what has happened. What is known of the sweeps is set right first, in case that drawing fails."""
        with self._changed:
            match event:
                case SweepStarted():
                    self._start(event)
                case SweepProgressed():
                    sweep = self._sweeps.find(event.metric)
                    if sweep is not None:
                        now = self._clock()
                        sweep.advance(event, now)
                        self._canvas.advance(sweep, now)
                case SweepEnded():
                    self._end(event)
                case _:
                    line = self._sweeps.line(event)
                    if line is not None:
                        self._canvas.say(line)

    def follow(self, event: Event) -> None:
        """Keep account of what is being computed, be it narrated or not."""
        if isinstance(event, ComputeStarted | Computed | ComputeFailed):
            with self._changed:
                self._sweeps.follow(event, self._clock())

    def close(self) -> None:
        """Forget the sweeps, end the thread and leave the canvas tidy."""
        with self._changed:
            self._sweeps.clear()
            self._changed.notify_all()
            ticker = self._ticker
            try:
                self._canvas.close()
            except Exception:
                logger.exception("progress could not be taken away")
        if ticker is not None and ticker is not threading.current_thread():
            ticker.join(timeout=1)

    def _start(self, event: SweepStarted) -> None:
        line = self._sweeps.line(event)
        if line is None:
            return
        sweep = self._sweeps.add(event, self._clock())
        if self._ticker is None:
            self._ticker = threading.Thread(target=self._tick, name="smm-progress", daemon=True)
            self._ticker.start()
        self._canvas.say(line)
        self._canvas.begin(sweep)

    def _end(self, event: SweepEnded) -> None:
        sweep = self._sweeps.find(event.metric)
        if sweep is None:
            if not self._sweeps:
                self._canvas.say(event.line())
            return
        self._sweeps.remove(sweep)
        if not self._sweeps:
            self._changed.notify_all()
        try:
            self._canvas.end(sweep, event)
        finally:
            self._canvas.say(event.line())

    def _tick(self) -> None:
        """Until no sweep is left, or the canvas is torn: what the sweeps do is not for this thread to stop."""
        with self._changed:
            try:
                while self._sweeps:
                    self._changed.wait(self._canvas.tick(self._sweeps, self._clock()))
            except Exception:
                logger.exception("progress is no longer shown between events")
            finally:
                self._ticker = None


@attrs.frozen
class Silence:
    """Draws nothing."""

    busy: bool = False

    def __call__(self, event: Event) -> None:
        """Nothing."""

    def follow(self, event: Event) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
