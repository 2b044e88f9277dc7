"""``manager.status()``: a row for each metric and each sweep, as values and as a plain table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from simple_metrics_manager.errors import UnknownMetricError
from simple_metrics_manager.errors.nearest import nearest
from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.freshness.causes import Cause, Status
from simple_metrics_manager.freshness.staleness import Staleness, SweepStaleness
from simple_metrics_manager.freshness.wording import age, day, short, size
from simple_metrics_manager.markup import Markup, Shown, joined, line, state, table, tag
from simple_metrics_manager.outcomes.failure import Failure

State: TypeAlias = "Status | Literal['failed']"

_LONGEST = 60
_SEVERAL = 2
"""Causes that are told in a row."""


@attrs.frozen
class StatusRow:
    """One plain metric, or all points of a sweep.

    ``state`` is that of the worst point, or ``failed`` if there is an error that is newer than the value; ``counts``
    are the points by their status. ``date`` is that of the oldest value (aware, UTC), ``seconds`` and ``bytes`` (of
    arrays) are sums over all of them. ``causes`` counts the points that each cause concerns. ``codes`` is how many
    versions of the function computed the stored points.
    """

    metric: str
    state: State
    type: str = ""
    sweep: bool = False
    counts: Mapping[Status, int] = attrs.field(factory=dict[Status, int])
    date: datetime | None = None
    seconds: float = 0.0
    bytes: int = 0
    causes: Mapping[Cause, int] = attrs.field(factory=dict[Cause, int], repr=False)
    failures: tuple[Failure, ...] = attrs.field(default=(), repr=False)
    codes: int = 1

    @classmethod
    def of(cls, metric: str, type_: str, points: Sequence[Staleness], *, sweep: bool) -> StatusRow:
        """The row of these points."""
        whole = SweepStaleness(metric, metric, tuple(points))
        failures = tuple(point.failure for point in points if point.failure is not None)
        dates = [point.date for point in points if point.date is not None]
        return cls(
            metric,
            "failed" if failures else whole.status if points else "missing",
            type_,
            sweep,
            whole.counts,
            min(dates, default=None),
            sum(point.seconds for point in points),
            sum(point.bytes for point in points),
            whole.causes,
            failures,
            max(1, len(whole.codes)),
        )

    @property
    def points(self) -> int:
        """How many points the sweep has; 1 for a plain metric."""
        return sum(self.counts.values())

    @property
    def why(self) -> str:
        """What is to be said about it, in a few words."""
        said: list[str] = []
        if self.failures:
            last = max(self.failures, key=lambda failure: failure.date)
            many = f"{len(self.failures)} failed, last: " if self.sweep else ""
            said.append(f"{many}{last.error} {age(last.date)} ago")
        if self.sweep and self.counts.get("missing"):
            said.append(f"{self.counts['missing']} missing")
        if self.codes > 1:
            said.append(f"mixed code ({self.codes} versions)")
        causes = [short(cause) for cause in self.causes if not cause.via]
        said += causes[:_SEVERAL]
        if len(causes) > _SEVERAL:
            said.append(f"{len(causes) - _SEVERAL} more")
        if self.state == "missing" and not self.sweep and not said:
            said.append("not stored")
        return "; ".join(said)

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "name": self.metric,
            "state": self.state,
            "type": self.type,
            "sweep": self.sweep,
            "points": self.points,
            "counts": dict(self.counts),
            "pulled_on": None if self.date is None else self.date.isoformat(),
            "seconds": self.seconds,
            "bytes": self.bytes,
            "codes": self.codes,
            "why": [{**cause.to_dict(), "points": count} for cause, count in self.causes.items()],
            "failures": [failure.to_dict() for failure in self.failures],
        }


@attrs.frozen
class ManagerStatus(Shown):
    """What a manager has stored, and what of it is fresh. Printed, it is a table with a line for each metric."""

    manager: str
    storage: str
    rows: tuple[StatusRow, ...] = attrs.field(repr=False)

    @property
    def counts(self) -> Mapping[State, int]:
        """How many rows have each state."""
        return Counter[State](row.state for row in self.rows)

    @property
    def fresh(self) -> bool:
        """Whether all is fresh."""
        return all(row.state == "fresh" for row in self.rows)

    def __getitem__(self, metric: str) -> StatusRow:
        """The row of a metric.

        Raises:
            UnknownMetricError: there is none.
        """
        for row in self.rows:
            if row.metric == metric:
                return row
        names = [row.metric for row in self.rows]
        raise UnknownMetricError(self.manager, metric, nearest(metric, names))

    def to_dict(self) -> dict[str, object]:
        """As plain data, with the name of the schema."""
        return {
            "schema": "smm.status/1",
            "manager": self.manager,
            "storage": self.storage,
            "counts": dict(self.counts),
            "metrics": [row.to_dict() for row in self.rows],
        }

    def __str__(self) -> str:
        head = f"{self.manager}, {self.storage or 'in memory only'}"
        if not self.rows:
            return f"{head}\n\n{self.manager} has no metrics."
        return "\n".join([head, "", *_table([_TITLES, *map(_cells, self.rows)]), "", self._sentence()])

    def __html__(self) -> Markup:
        head = line(tag("b", self.manager), f", {self.storage or 'in memory only'}")
        if not self.rows:
            return joined(head, line(f"{self.manager} has no metrics."))
        rows = [(state(row.state), *_cells(row)[1:]) for row in self.rows]
        return joined(
            head, table([title.lower() for title in _TITLES], rows, map(str.lower, _RIGHT)), line(self._sentence())
        )

    def _sentence(self) -> str:
        if self.fresh:
            oldest = min(row.date for row in self.rows if row.date is not None)
            return f"{self.manager}: all {len(self.rows)} metrics are fresh; the oldest was pulled on {day(oldest)}."
        told = [f"{self.counts[state]} {state}" for state in _ORDER if self.counts.get(state)]
        return f"{', '.join(told)}. cm.why('NAME') explains; cm.get_all() computes what is missing."


_ORDER: tuple[State, ...] = ("fresh", "stale", "failed", "missing", "unknown")
_TITLES = ("STATE", "METRIC", "POINTS", "PULLED ON", "AGE", "TOOK", "SIZE", "TYPE", "WHY")
_RIGHT = frozenset({"POINTS", "AGE", "TOOK", "SIZE"})


def _cells(row: StatusRow) -> tuple[str, ...]:
    stored = row.points - row.counts.get("missing", 0)
    there = row.date is not None
    return (
        row.state,
        row.metric,
        f"{stored}/{row.points}" if row.sweep else "-",
        day(row.date) if row.date is not None else "-",
        age(row.date) if row.date is not None else "-",
        format_seconds(row.seconds) if there and row.seconds else "-",
        size(row.bytes) if there and row.bytes else "-",
        row.type or "-",
        row.why,
    )


def _table(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as they must be, two blanks apart: every line stands for itself in what ``grep`` finds."""
    cut = [[cell if len(cell) <= _LONGEST else f"{cell[: _LONGEST - 3]}..." for cell in line[:-1]] for line in lines]
    wide = [max(map(len, column)) for column in zip(*cut, strict=True)]
    for row, whole in zip(cut, lines, strict=True):
        cells = [
            f"{cell:>{width}}" if title in _RIGHT else f"{cell:<{width}}"
            for cell, width, title in zip(row, wide, _TITLES[:-1], strict=True)
        ]
        yield "  ".join([*cells, whole[-1]]).rstrip()
