"""Which sweeps are running, how far they are, and which lines are worth reading meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs

from simple_metrics_manager.events import (
    Computed,
    ComputeFailed,
    ComputeStarted,
    Event,
    Loaded,
    Saved,
    SweepAdvanced,
    SweepProgressed,
    SweepStarted,
    format_seconds,
)

MANY = 20
"""Of a sweep with more values to compute, those that go as expected are not narrated one by one."""

ENOUGH = 10
"""So many lines of one kind are read in such a sweep; after a thousand failures nobody would find anything else."""

LONG = 1.0
"""After so many seconds, it is said what is being computed: one may wonder."""

_AS_EXPECTED = (ComputeStarted, Computed, Saved, Loaded, SweepAdvanced)


@attrs.define(eq=False)
class Sweep:
    """One that has started and not ended: what was told of it last, and when.

    ``heard`` and ``shown`` are moments of the clock, at which the last news came and at which a line was written;
    ``step`` is for whoever counts steps.
    """

    started: SweepStarted
    last: SweepProgressed
    heard: float
    shown: float
    step: int = 0

    @classmethod
    def begin(cls, event: SweepStarted, now: float) -> Sweep:
        """Nothing is done yet."""
        return cls(event, SweepProgressed(event.metric, 0, event.todo, 0, 0.0, event.expected), now, now)

    def advance(self, event: SweepProgressed, now: float) -> None:
        """Something was finished. News may overtake each other on their way through the threads: take the latest."""
        if event.done >= self.last.done:
            self.last = event
            self.heard = now

    def at(self, now: float) -> SweepProgressed:
        """How far it is now: time has passed since the last news."""
        passed = max(0.0, now - self.heard)
        left = self.last.left
        if left is not None and passed:
            left = left - passed if left > passed else None
        return attrs.evolve(self.last, seconds=self.last.seconds + passed, left=left)


@attrs.define(eq=False)
class OpenSweeps:
    """All sweeps that are running, outermost first. Not thread-safe: the owner locks."""

    _open: list[Sweep] = attrs.field(factory=list[Sweep])
    _heard: Counter[type[Event]] = attrs.field(factory=Counter[type[Event]])
    _computing: dict[str, float] = attrs.field(factory=dict[str, float])

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Sweep]:
        return iter(tuple(self._open))

    def add(self, event: SweepStarted, now: float) -> Sweep:
        """Another one has started."""
        sweep = Sweep.begin(event, now)
        self._open.append(sweep)
        return sweep

    def find(self, metric: str) -> Sweep | None:
        """The youngest one of that title; None if its start was not told, or was not worth telling."""
        return next((sweep for sweep in reversed(self._open) if sweep.started.metric == metric), None)

    def remove(self, sweep: Sweep) -> None:
        """It has ended."""
        self._open.remove(sweep)
        if not self._open:
            self._heard.clear()
            self._computing.clear()

    def clear(self) -> None:
        """Nobody will say any more how they end."""
        self._open.clear()
        self._heard.clear()
        self._computing.clear()

    def follow(self, event: Event, now: float) -> None:
        """Keep account of what is being computed in this process, as far as it is told."""
        if isinstance(event, ComputeStarted):
            if self._open:
                self._computing[event.metric] = now
        elif isinstance(event, Computed | ComputeFailed):
            self._computing.pop(event.metric, None)

    def computing(self, now: float) -> str:
        """What has been computed for long already and is still, as ``slow for 2 min``; what others wait for is last."""
        long = [(metric, now - began) for metric, began in self._computing.items() if now - began >= LONG]
        return ", ".join(f"{metric} for {format_seconds(round(seconds))}" for metric, seconds in reversed(long))

    def line(self, event: Event) -> str | None:
        """The event as a line, or None if there is no need to read it now."""
        if not any(sweep.started.todo > MANY for sweep in self._open):
            return event.line()
        if isinstance(event, _AS_EXPECTED):
            return None
        kind = type(event)
        self._heard[kind] += 1
        if self._heard[kind] > ENOUGH:
            return None
        more = " (no more lines like this until the sweep ends)" if self._heard[kind] == ENOUGH else ""
        return event.line() + more
