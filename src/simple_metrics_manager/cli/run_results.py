"""What came of a run: counted while it goes, told at its end; with ``--json``, event by event as lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.naming import reachable
from simple_metrics_manager.cli.output import Output
from simple_metrics_manager.cli.scheduling import Schedule
from simple_metrics_manager.cli.survey import Point, Surveyed
from simple_metrics_manager.cli.tracebacks import last_frame, of_user
from simple_metrics_manager.errors import StorageError
from simple_metrics_manager.events import Event, FailuresListed, SweepEnded, format_seconds
from simple_metrics_manager.keys import without_params
from simple_metrics_manager.outcomes.failure import Failure

_LISTED = 20
"""More tracebacks than that are alike."""


@attrs.define(eq=False)
class Results:
    """What has become of the values; ``title`` is what the sweeps of this run are called."""

    title: str
    out: Output
    as_json: bool = False
    computed: int = 0
    seconds: float = 0.0
    failures: dict[str, Failure] = attrs.field(factory=dict[str, Failure])
    fresh: int = 0
    left: dict[str, str] = attrs.field(factory=dict[str, str])
    """Metrics that are not fresh after all, and why nothing could be done about them."""
    doubtful: Sequence[str] = ()
    kept: list[str] = attrs.field(factory=list[str])
    """Metrics that are stale, and may stay so."""
    slowest: Sequence[Point] = ()
    _shown: bool = False

    @property
    def failed(self) -> list[Failure]:
        """Those whose own function failed."""
        return [failure for failure in self.failures.values() if not failure.because]

    @property
    def ok(self) -> bool:
        """Whether everything that was wanted is there and fresh."""
        return not self.failures and not self.left

    @property
    def exit(self) -> Exit:
        """How it went: whether it is the storage that failed is another matter."""
        if self.ok:
            return Exit.DONE
        return Exit.STORAGE if self.failed and all(map(_is_of_storage, self.failed)) else Exit.NOT_RIGHT

    def hear(self, event: Event) -> None:
        """A listener: several threads may tell."""
        if isinstance(event, SweepEnded) and event.metric == self.title:
            self.computed += event.computed
        if isinstance(event, FailuresListed) and event.metric == self.title:
            self._shown = self._shown or event.verbose
            self.failures.update((failure.metric, failure) for failure in event.failures)
        if self.as_json:
            facts = attrs.asdict(event, filter=lambda field, _: field.name not in ("verbose", "failures"))
            line = {"schema": "smm.event/1", "event": type(event).__name__, **facts}
            self.out.say(json.dumps(line, ensure_ascii=False, default=_plain))

    def settle(self, schedule: Schedule, found: Mapping[str, Surveyed], *, keeps: bool) -> None:
        """Judge what there is now; with ``keeps``, what is stale may stay so."""
        broken = {without_params(failure.metric) for failure in self.failures.values()}
        doubtful: list[str] = []
        for name in schedule.wanted:
            meant = schedule.wanted[name]
            points = [point for point in found[name].values if meant is None or point.key.name in meant]
            self.fresh += sum(point.state == "fresh" for point in points)
            doubtful += [name] if any(point.state == "unknown" for point in points) else []
            wrong = ("missing", "failed") if keeps else ("stale", "missing", "failed")
            self.kept += [name] if keeps and any(point.state == "stale" for point in points) else []
            lacking = [point for point in points if point.state in wrong]
            if lacking and not any(point.key.name in self.failures for point in lacking):
                reads = sorted(reachable([name], schedule.graph.inputs) & (broken | self.left.keys()))
                self.left[name] = f"needs {', '.join(reads)}" if reads else "stale again: something changed meanwhile"
        self.doubtful = doubtful

    def write(self) -> None:
        """Say it: the sum as the answer, and besides it the tracebacks of failures, unless they were narrated."""
        if not self._shown:
            self._tell_failures()
        if self.as_json:
            self.out.say(json.dumps({"schema": "smm.run/1", **self.to_dict()}, ensure_ascii=False))
            return
        self.out.say(self._sentence())
        if self.slowest and len(self.slowest) > 1:
            told = [f"{each.found.metric} {format_seconds(each.found.seconds)}" for each in self.slowest]
            self.out.say(f"Slowest: {', '.join(told)}")
        for failure in self.failed[:_LISTED]:
            name = _quoted(failure.metric)
            self.out.say(f"Failed:  {failure.metric}, {failure.error}: {_first(failure.message)}")
            if not _is_of_storage(failure):
                self.out.say(f"         smm show {name} --error, or debug it: smm run {name} --pdb")
        if len(self.failed) > _LISTED:
            self.out.say(f"         and {len(self.failed) - _LISTED} more: smm status --state failed --points")
        for name, why in self.left.items():
            self.out.say(f"Skipped: {name}, {why}")
        if self.kept:
            self.out.say(f"Stale, and kept: {', '.join(self.kept)}")
        if self.doubtful:
            names = ", ".join(self.doubtful)
            self.out.say(f"Not known to be fresh, and left alone: {names}. `--state unknown` computes them anew.")

    def _tell_failures(self) -> None:
        """Each kind once: a sweep that fails at one line fails there at many points."""
        kinds: dict[tuple[str, str], list[Failure]] = {}
        for failure in self.failed:
            kinds.setdefault((failure.error, last_frame(failure.traceback)), []).append(failure)
        for first, *others in list(kinds.values())[:_LISTED]:
            more = f"\n... and {len(others)} more like it" if others else ""
            self.out.note(f"\n{first}\n{of_user(first.traceback.rstrip())}{more}")

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "manager": self.title,
            "computed": self.computed,
            "fresh": self.fresh,
            "failed": [failure.to_dict() for failure in self.failed],
            "skipped": dict(self.left)
            | {failure.metric: f"needs {failure.because}" for failure in self.failures.values() if failure.because},
            "kept": list(self.kept),
            "seconds": self.seconds,
            "slowest": [{"name": each.found.metric, "seconds": each.found.seconds} for each in self.slowest],
        }

    def _sentence(self) -> str:
        if not self.computed and self.ok:
            if self.kept:
                return f"Nothing was computed; {self.fresh} {'values are' if self.fresh != 1 else 'value is'} fresh."
            return f"Nothing to compute: {self.fresh} {'values are' if self.fresh != 1 else 'value is'} fresh."
        skipped = len(self.left) + sum(bool(failure.because) for failure in self.failures.values())
        counts = [f"failed {len(self.failed)}"] if self.failed else []
        counts += [f"skipped {skipped}"] if skipped else []
        counts += [f"{self.fresh} fresh"]
        return f"Computed {self.computed}, {', '.join(counts)}, in {format_seconds(self.seconds)}."


def _is_of_storage(failure: Failure) -> bool:
    return isinstance(failure.exception, StorageError)


def _quoted(name: str) -> str:
    return f"'{name}'" if any(sign in name for sign in " ()[]*~&;$'\"") else name


def _first(message: str) -> str:
    return message.partition("\n")[0]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
