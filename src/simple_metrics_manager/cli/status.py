"""``smm status``: a line for everything that is declared, and what took longest."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.naming import matching
from simple_metrics_manager.cli.output import STYLES, Output
from simple_metrics_manager.cli.places import shown_place
from simple_metrics_manager.cli.survey import Point, Surveyed, selected, survey
from simple_metrics_manager.events import format_seconds
from simple_metrics_manager.freshness.staleness import Staleness
from simple_metrics_manager.freshness.status import ManagerStatus, State, StatusRow
from simple_metrics_manager.freshness.wording import age, day, short, size

_TITLES = ("STATE", "METRIC", "PULLED ON", "AGE", "TOOK", "SIZE", "WHY")
_RIGHT = frozenset({3, 4, 5})
_ORDER: tuple[State, ...] = ("fresh", "stale", "failed", "missing", "unknown")


@attrs.frozen(kw_only=True)
class Status:
    """The verb; ``watch`` is the number of seconds between two looks."""

    names: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    older_than: timedelta | datetime | None = None
    points: bool = False
    durations: int | None = None
    check: bool = False
    watch: float | None = None

    def run(self, context: Context) -> Exit:
        """Show it, once or until it is interrupted."""
        if self.watch is None:
            return self._show(context, self._look(context))
        shown: object = None
        try:
            while True:
                found = self._look(context)
                rows = [(each.row, [point.state for point in each.values]) for each in found]
                terminal = sys.stdout.isatty() and not context.options.json
                if terminal:
                    context.out.say("\x1b[2J\x1b[H" + f"every {self.watch:g} s, Ctrl-C ends it")
                if terminal or rows != shown:
                    self._show(context, found)
                shown = rows
                time.sleep(self.watch)
        except KeyboardInterrupt:
            return Exit.DONE

    def _look(self, context: Context) -> list[Surveyed]:
        names = matching(context.manager, self.names)
        return selected(survey(context.manager, names), self.state, self.older_than)

    def _show(self, context: Context, found: Sequence[Surveyed]) -> Exit:
        manager = type(context.manager).__qualname__
        place = shown_place(context.manager.storage_interface)
        rows = tuple(each.row for each in found)
        status = ManagerStatus(manager, place, rows)
        slowest = longest(found, self.durations) if self.durations else []
        if context.options.json:
            context.out.document("smm.status/1", self._plain(context, status, found, slowest))
        else:
            self._write(context, status, found, slowest)
        return Exit.NOT_RIGHT if self.check and not status.fresh else Exit.DONE

    def _plain(
        self, context: Context, status: ManagerStatus, found: Sequence[Surveyed], slowest: Sequence[Point]
    ) -> Mapping[str, object]:
        plain = {name: value for name, value in status.to_dict().items() if name != "schema"}
        metrics = [row.to_dict() for row in status.rows]
        if self.points:
            for metric, each in zip(metrics, found, strict=True):
                metric["values"] = [{**point.found.to_dict(), "state": point.state} for point in each.values]
        plain |= {"target": context.found.target, "metrics": metrics}
        if self.durations:
            plain["durations"] = [{"name": each.found.metric, "seconds": each.found.seconds} for each in slowest]
        return plain

    def _write(
        self, context: Context, status: ManagerStatus, found: Sequence[Surveyed], slowest: Sequence[Point]
    ) -> None:
        out = context.out
        if not status.rows:
            asked = self.names or self.state or self.older_than
            out.say("Nothing like that." if asked else f"{status.manager} has no metrics.")
            return
        if not context.options.quiet:
            dot = out.sign(" · ", ", ")
            weight = sum(row.bytes for row in status.rows)
            head = [status.manager, context.found.target, status.storage, *([size(weight)] if weight else [])]
            out.say(dot.join(head) + "\n")
            lines = [line for each in found for line in self._lines(out, each)]
            out.table([_TITLES, *(cells for cells, _ in lines)], _RIGHT, ("", *(STYLES[state] for _, state in lines)))
            out.say("")
        if slowest:
            out.say("Slowest:")
            out.table([(f"  {format_seconds(each.found.seconds)}", each.found.metric) for each in slowest])
            out.say("")
        out.say(sentence(status))

    def _lines(self, out: Output, each: Surveyed) -> list[tuple[Sequence[str], State]]:
        lines: list[tuple[Sequence[str], State]] = []
        lines.append((_cells(out, each.row, each.why), each.row.state))
        if self.points and each.points.sweep:
            lines.extend((_of_point(out, point), point.state) for point in each.values)
        return lines


def longest(found: Sequence[Surveyed], count: int) -> list[Point]:
    """The values that took longest, the longest first."""
    stored = [point for each in found for point in each.values if point.found.date is not None]
    return sorted(stored, key=lambda point: -point.found.seconds)[:count]


def sentence(status: ManagerStatus) -> str:
    """What there is to do, in one line."""
    rows = status.rows
    if status.fresh:
        oldest = min(row.date for row in rows if row.date is not None)
        many = f"all {len(rows)} metrics are" if len(rows) > 1 else f"{next(iter(rows)).metric} is"
        return f"{status.manager}: {many} fresh; the oldest was pulled on {day(oldest)}."
    counts = Counter(row.state for row in rows)
    told = ", ".join(f"{counts[state]} {state}" for state in _ORDER if counts[state])
    return f"{told}. `smm why NAME` explains, `smm run` fixes."


def _cells(out: Output, row: StatusRow, why: str) -> Sequence[str]:
    stored = row.points - row.counts.get("missing", 0)
    name = f"{row.metric} {stored}/{row.points}" if row.sweep else row.metric
    return (out.state(row.state), name, *_facts(out, row.date, row.seconds, row.bytes), why)


def _of_point(out: Output, point: Point) -> Sequence[str]:
    found = point.found
    facts = _facts(out, found.date, found.seconds, found.bytes)
    return (out.state(point.state), f"  {found.metric}", *facts, _why(found))


def _facts(out: Output, date: datetime | None, seconds: float, weight: int) -> Sequence[str]:
    nothing = out.sign("–", "-")
    if date is None:
        return (nothing,) * 4
    took = format_seconds(seconds) if seconds else nothing
    return day(date), age(date), took, size(weight) if weight else nothing


def _why(found: Staleness) -> str:
    if found.failure is not None:
        return f"{found.failure.error} {age(found.failure.date)} ago"
    return "; ".join(short(cause) for cause in found.own_causes if cause.reason != "missing")
