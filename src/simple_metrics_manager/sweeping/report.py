"""What a sweep tells while it runs: that it starts, how far it is, what failed, and how it ended."""

from __future__ import annotations

import time

from simple_metrics_manager.events import (
    FailuresListed,
    MetricFailed,
    Skipped,
    SweepAdvanced,
    SweepEnded,
    SweepProgressed,
    SweepStarted,
    tell,
)
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.outcomes.plan import Plan
from simple_metrics_manager.sweeping.request import Request

_NARRATED = 20
"""A sweep of more metrics than that tells how far it is, and not what becomes of each."""


class Report:
    """The counts of one sweep, and who is told of them."""

    def __init__(self, request: Request, total: int, loud: bool) -> None:
        sweeping = request.executor is not None or total > _NARRATED
        self._request = request
        self._tells = loud and sweeping
        self.narrates: bool = loud and not sweeping
        """Whether it is told of each metric what becomes of it."""
        self.total: int = total
        self.done: int = 0
        """How many of what was asked for need no further work, for better or worse."""
        self._lost = 0
        """How many of those have failed or were skipped."""
        self.stored: int = 0
        self.computed: int = 0
        self.failures: dict[str, Failure] = {}
        self._began = time.monotonic()

    def found(self) -> None:
        """Another one of what was asked for is there already."""
        self.stored += 1
        self._advance()

    def start(self, plan: Plan) -> None:
        """The first one is about to be computed."""
        self._began = time.monotonic()
        tell(SweepStarted(self._request.title, plan.total, plan.stored, plan.todo, plan.expected, verbose=self._tells))

    def take(self, name: str, failure: Failure | None, *, computed: bool, asked_for: bool) -> None:
        """This one is over."""
        self.computed += computed
        if failure is not None:
            self.failures[name] = failure
            text = f"{failure.error}: {failure.message}"
            skipped = Skipped(name, str(failure), verbose=self._tells)
            tell(skipped if failure.because else MetricFailed(name, text, failure.host, verbose=self._tells))
        if asked_for:
            self._lost += failure is not None
            self._advance()
        self._progress()

    def end(self) -> None:
        """Nothing more is computed."""
        skipped = sum(bool(failure.because) for failure in self.failures.values())
        failed, seconds = len(self.failures) - skipped, time.monotonic() - self._began
        title, tells = self._request.title, self._tells
        left = self.total - self.done
        tell(SweepEnded(title, self.computed, self.stored, failed, skipped, seconds, left, verbose=tells))
        if self.failures and self._request.on_error == "collect":
            tell(FailuresListed(title, tuple(self.failures.values()), verbose=tells))

    @property
    def kept(self) -> str:
        """What one should know when a failure ends the sweep: what was computed is not lost."""
        if self.total < 2:
            return ""
        there = f"{self.done - self._lost} of {self.total} of {self._request.title}"
        return f"{there} are there and kept: ask again to go on with the others"

    def _advance(self) -> None:
        if self._request.counted:
            tell(SweepAdvanced(self._request.title, self.done, self.total))
        self.done += 1

    def _progress(self) -> None:
        seconds, done, todo = time.monotonic() - self._began, self.done - self.stored, self.total - self.stored
        left = seconds / done * (todo - done) if done > 0 else None
        event = SweepProgressed(self._request.title, done, todo, len(self.failures), seconds, left, verbose=self._tells)
        tell(event)
