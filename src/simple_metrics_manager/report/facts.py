"""What a report tells, as plain values: nothing here knows of managers, of storages, or of HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote

import attrs

from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.graph import GraphEdge
from simple_metrics_manager.freshness.status import State, StatusRow
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record

STATES: tuple[State, ...] = ("fresh", "stale", "failed", "missing", "unknown")
GLYPHS: Mapping[State, str] = {"fresh": "●", "stale": "◐", "failed": "✕", "missing": "○", "unknown": "?"}
"""A state is told by a sign and a word, and only then by a colour."""

Params: TypeAlias = Mapping[str, Tree]


@attrs.frozen
class Point:
    """One value: that of a plain metric, or that of one parameter set. ``record`` is None if none is stored."""

    name: str
    state: State
    params: Params = attrs.field(factory=dict[str, Tree])
    record: Record | None = attrs.field(default=None, repr=False)
    causes: tuple[Cause, ...] = ()
    failure: Failure | None = None


@attrs.frozen
class MetricFacts:
    """A metric with all its points; ``reads`` are the metrics that it reads, ``row`` is its line in a status."""

    name: str
    row: StatusRow
    points: tuple[Point, ...] = ()
    doc: str = ""
    reads: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The id of its row in the page."""
        return f"metric-{quote(self.name.encode('utf-8', 'surrogatepass'), safe='')}"

    @property
    def newest(self) -> Record | None:
        """The record of the value that was computed last."""
        records = [point.record for point in self.points if point.record is not None]
        return max(records, key=lambda record: record.date, default=None)

    @property
    def newest_summary(self) -> str:
        """What the value is, in a few words: ``float64[1797×64]``, or its declared type."""
        record = self.newest
        return record.summary if record is not None and record.summary else self.row.type


@attrs.frozen
class Facts:
    """Everything about one manager. ``hidden`` says that values were left out on purpose."""

    manager: str
    storage: str
    metrics: tuple[MetricFacts, ...] = attrs.field(repr=False)
    edges: tuple[GraphEdge, ...] = attrs.field(default=(), repr=False)
    others: tuple[str, ...] = ()
    """What is read and is none of this manager's."""
    hidden: bool = False

    @property
    def counts(self) -> Mapping[State, int]:
        """How many metrics have each state."""
        return {state: sum(metric.row.state == state for metric in self.metrics) for state in STATES}

    @property
    def stored(self) -> int:
        """How many values are stored."""
        return sum(point.record is not None for metric in self.metrics for point in metric.points)
