"""What happens to many metrics that are computed in one go: a sweep starts, progresses, skips and ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from simple_metrics_manager.events.base import Event, estimated, format_seconds
from simple_metrics_manager.outcomes.failure import Failure


@attrs.frozen
class SweepAdvanced(Event):
    """Of ``total`` parameter sets of a sweep ``done`` are there."""

    done: int
    total: int

    def line(self) -> str:
        return f"get_all {self.done}/{self.total}"


@attrs.frozen
class SweepStarted(Event):
    """``todo`` of the ``total`` values of ``metric`` are about to be computed, ``stored`` are there already.

    ``metric`` is the title of what runs (``Digits.inertia``, ``12 metrics``); ``expected`` are the seconds that it
    should take, judging by recorded durations, or None where nothing is known.
    """

    total: int
    stored: int
    todo: int
    expected: float | None

    def line(self) -> str:
        if not self.todo:
            return f"Load {self.metric}: all {self.total} are stored"
        had = f", {self.stored} stored" if self.stored else ""
        time = "" if self.expected is None else f", {estimated(self.expected)}"
        return f"Compute {self.metric}: {self.todo} of {self.total}{had}{time}"


@attrs.frozen
class SweepProgressed(Event):
    """``done`` of the ``total`` values to be computed are finished, those that ``failed`` or were skipped among them.

    ``seconds`` have passed since the sweep started and some ``left`` are to go, or None where nobody can tell.
    Thousands of these are told: the renderings in ``progress`` show some of them.
    """

    done: int
    total: int
    failed: int
    seconds: float
    left: float | None

    def line(self) -> str:
        return f"{self.metric} {self.state()}"

    def state(self) -> str:
        """How far it is, without the name: ``114/200, 2 failed, 3.2 s, about 2 s left``."""
        failed = f", {self.failed} failed" if self.failed else ""
        left = "" if self.left is None else f", {estimated(self.left)} left"
        return f"{self.done}/{self.total}{failed}, {format_seconds(self.seconds)}{left}"


@attrs.frozen
class SweepEnded(Event):
    """After ``seconds``: ``computed`` values are new, ``stored`` ones were there, others failed or were skipped.

    ``left`` have not been tried: a failure, an interrupt or the caller has stopped the sweep.
    """

    computed: int
    stored: int
    failed: int
    skipped: int
    seconds: float
    left: int = 0

    def line(self) -> str:
        counts = {"computed": self.computed, "stored": self.stored, "failed": self.failed, "skipped": self.skipped}
        said = ", ".join(f"{count} {word}" for word, count in counts.items() if count or word == "computed")
        did = "Ended {} after" if self.failed or self.skipped else "Completed {} in"
        did = "Stopped {} after" if self.left else did
        left = f", {self.left} left: ask again to go on" if self.left else ""
        return f"{did.format(self.metric)} {format_seconds(self.seconds)}: {said}{left}"


@attrs.frozen
class Skipped(Event):
    """``metric`` was not computed, for ``reason``: what it needs has failed."""

    reason: str

    def line(self) -> str:
        return f"Skip {self.metric}: {self.reason}"


@attrs.frozen
class NoWorkerYet(Event):
    """No worker of the executor has answered so far; that it will cannot be known: a cluster may be starting."""

    def line(self) -> str:
        return f"Wait for a worker to compute {self.metric}: none has answered yet"


@attrs.frozen
class MetricFailed(Event):
    """One metric of a sweep could not be computed: ``error``, on the machine ``host``."""

    error: str
    host: str

    def line(self) -> str:
        return f"Failed {self.metric}: {self.error}"


@attrs.frozen
class FailuresListed(Event):
    """At the end of a sweep, everything that has failed, with parameters and traceback, and what was skipped for it."""

    failures: tuple[Failure, ...]

    def line(self) -> str:
        failed = [failure for failure in self.failures if not failure.because]
        skipped = len(self.failures) - len(failed)
        lines = [
            f"{len(failed)} of {self.metric} failed" + (f", {skipped} that need them were skipped" if skipped else "")
        ]
        for failure in failed[:LISTED]:
            lines += [f"  {failure}", *(f"    {line}" for line in without_our_frames(failure.traceback))]
        if len(failed) > LISTED:
            lines.append(f"  and {len(failed) - LISTED} more: manager.failures() has them all")
        return "\n".join(lines)


LISTED = 20
"""More failures than that are alike."""

_FRAME = re.compile(r'  File "(?P<file>.*)", line \d+, in ')
_OURS = re.compile(r"[/\\]simple_metrics_manager[/\\](asking|declaring|sweeping)[/\\]\w+\.py$")


def without_our_frames(traceback: str) -> Iterator[str]:
    """The lines of a traceback without those of this library, which say how a function came to be called."""
    ours = False
    for line in traceback.rstrip().splitlines():
        frame = _FRAME.match(line)
        if frame is not None:
            ours = _OURS.search(frame["file"]) is not None
        elif not line.startswith("    "):
            ours = False
        if not ours:
            yield line
