"""What was computed last, without a long pause: found in the dates and durations of records and failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from simple_metrics_manager.report.facts import Facts
from simple_metrics_manager.report.limits import BARS, LANES

_PAUSE = timedelta(minutes=10)
"""A longer time in which nothing was computed ends a run: nobody writes down where one begins."""


@attrs.frozen
class Computation:
    """A value that was computed, or that could not be; ``end`` is when its record, or its failure, was written."""

    metric: str
    name: str
    seconds: float
    end: datetime
    failed: bool = False

    @property
    def start(self) -> datetime:
        """When it began. Of a failure only the end is known."""
        return self.end - timedelta(seconds=self.seconds)


@attrs.frozen
class Run:
    """Computations one after the other, or beside each other, by their beginnings."""

    computations: tuple[Computation, ...]

    @property
    def start(self) -> datetime:
        """When the first one began."""
        return min(each.start for each in self.computations)

    @property
    def end(self) -> datetime:
        """When the last one ended."""
        return max(each.end for each in self.computations)

    @property
    def seconds(self) -> float:
        """How long all of it took."""
        return (self.end - self.start).total_seconds()

    @property
    def slowest(self) -> list[Computation]:
        """The ten that took longest."""
        timed = [each for each in self.computations if not each.failed]
        return sorted(timed, key=lambda each: (-each.seconds, each.name))[:10]


@attrs.frozen
class Bar:
    """A stretch of a lane, in seconds from the start of the run; ``many`` computations that lie close together."""

    start: float
    end: float
    what: str
    many: int = 1
    failed: bool = False


@attrs.frozen
class Lane:
    """All bars of one metric; ``rows`` of them lie beside each other where it was computed several times at once."""

    metric: str
    rows: tuple[tuple[Bar, ...], ...]
    seconds: float


def last_run(facts: Facts) -> Run | None:
    """The last run; None if nothing was ever computed."""
    found = sorted(_computations(facts), key=lambda each: (each.end, each.name), reverse=True)
    kept: list[Computation] = []
    start: datetime | None = None
    for each in found:
        if start is not None and start - each.end > _PAUSE:
            break
        start = each.start if start is None else min(start, each.start)
        kept.append(each)
    return Run(tuple(sorted(kept, key=lambda each: (each.start, each.name)))) if kept else None


def _computations(facts: Facts) -> Iterator[Computation]:
    for metric in facts.metrics:
        for point in metric.points:
            if point.record is not None:
                yield Computation(metric.name, point.name, point.record.seconds, point.record.date)
            if point.failure is not None and not point.failure.because:
                yield Computation(metric.name, point.name, 0.0, point.failure.date, failed=True)


def lanes(run: Run) -> list[Lane]:
    """The bars of a timeline, by metric in the order in which they began; no more than can be looked at."""
    groups: dict[str, list[Computation]] = {}
    for each in run.computations:
        groups.setdefault(each.metric, []).append(each)
    if len(groups) > LANES:
        longest = sorted(groups, key=lambda name: -sum(each.seconds for each in groups[name]))[: LANES - 1]
        rest = [each for name in groups if name not in longest for each in groups[name]]
        groups = {name: groups[name] for name in groups if name in longest}
        groups[f"{len({each.metric for each in rest})} others"] = sorted(rest, key=lambda each: each.start)
    width = max(run.seconds, 1e-9)
    gap = width / 1000
    made = [_lane(name, each, run.start) for name, each in groups.items()]
    merged = [_merged(lane, gap) for lane in made]
    while sum(len(row) for lane in merged for row in lane.rows) > BARS and gap < width:
        gap *= 2
        merged = [_merged(lane, gap) for lane in made]
    return merged


def _lane(metric: str, computations: Sequence[Computation], start: datetime) -> Lane:
    """What overlaps lies in different rows, up to eight of them."""
    rows: list[list[Bar]] = []
    for each in computations:
        begin, end = ((moment - start).total_seconds() for moment in (each.start, each.end))
        bar = Bar(begin, end, each.name, failed=each.failed)
        free = next((row for row in rows if row[-1].end <= begin + 1e-6), None)
        if free is not None:
            free.append(bar)
        elif len(rows) < 8:
            rows.append([bar])
        else:
            rows[-1].append(bar)
    return Lane(metric, tuple(map(tuple, rows)), sum(each.seconds for each in computations))


def _merged(lane: Lane, gap: float) -> Lane:
    """The same with short neighbours as one."""
    rows: list[tuple[Bar, ...]] = []
    for row in lane.rows:
        made: list[Bar] = []
        for bar in row:
            last = made[-1] if made else None
            near = (
                last is not None
                and bar.start - last.end < gap
                and min(bar.end - bar.start, last.end - last.start) < gap * 4
            )
            if last is not None and near and last.failed == bar.failed:
                made[-1] = Bar(last.start, max(last.end, bar.end), last.what, last.many + bar.many, bar.failed)
            else:
                made.append(bar)
        rows.append(tuple(made))
    return attrs.evolve(lane, rows=tuple(rows))
