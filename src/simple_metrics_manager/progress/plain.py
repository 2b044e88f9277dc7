"""Sweeps in a log: whole lines, few of them, and never a long silence."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from simple_metrics_manager.events import SweepEnded, SweepProgressed
from simple_metrics_manager.progress.open_sweeps import OpenSweeps, Sweep

STEPS = 10
"""A sweep is reported at each tenth of its way."""

SILENCE = 60.0
"""After so many seconds without a line of it, a sweep is reported wherever it is."""


@attrs.define(eq=False)
class Lines:
    """Writes lines with ``write`` and gives reports of progress to ``report``.

    A sweep of any length has nine reports, one more for each time that it was silent for ``silence`` seconds, and the
    lines of its start and its end.
    """

    write: Callable[[str], None]
    report: Callable[[SweepProgressed], None]
    silence: float = SILENCE

    def say(self, line: str) -> None:
        """Write it."""
        self.write(line)

    def begin(self, sweep: Sweep) -> None:
        """The first line was enough."""

    def advance(self, sweep: Sweep, now: float) -> None:
        """Report a sweep that has come to the next tenth; to the last one, its end is reported at once."""
        last = sweep.last
        step = STEPS * last.done // last.total if last.total else STEPS
        if sweep.step < step < STEPS:
            sweep.step = step
            self._report(sweep, now)

    def tick(self, sweeps: OpenSweeps, now: float) -> float:
        """Report those that were silent for too long."""
        for sweep in sweeps:
            if now - sweep.shown >= self.silence:
                self._report(sweep, now)
        return min((sweep.shown for sweep in sweeps), default=now) + self.silence - now

    def end(self, sweep: Sweep, event: SweepEnded) -> None:
        """The last line is enough."""

    def close(self) -> None:
        """Lines are always whole."""

    def _report(self, sweep: Sweep, now: float) -> None:
        sweep.shown = now
        self.report(sweep.at(now))
