"""One look at all that a manager declares and has stored: the names once, each record once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.staleness import Staleness
from simple_metrics_manager.freshness.status import StatusRow
from simple_metrics_manager.freshness.sweeps import Points, all_points, by_metric, stored_names
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.sweeping.host import Manager


@attrs.frozen(eq=False)
class Looked:
    """One metric: its points, declared and stored, and what there is to say about each."""

    points: Points
    type: str
    values: tuple[tuple[Metric[object], Staleness], ...]

    @property
    def row(self) -> StatusRow:
        """Its line of a status."""
        return StatusRow.of(self.points.name, self.type, [found for _, found in self.values], sweep=self.points.sweep)


class Survey:
    """Looks at the metrics of one manager; ``failures`` are the last errors of points, by their names."""

    def __init__(self, manager: Manager, failures: Mapping[str, Failure]) -> None:
        self._manager = manager
        self._failures = failures
        names = stored_names(manager.__metrics__.shelf.storage(manager))
        self._inquiry = Inquiry(manager, names)
        self._stored = by_metric(names or (), self._inquiry.label)

    def at(self, points: Points, also: tuple[Metric[object], ...] = ()) -> Looked:
        """One of its metrics; ``also`` are points of it that are neither declared nor, perhaps, stored."""
        keys = points.with_stored(self._stored.get(points.name, ()))
        known = {key.name for key in keys} if also else set[str]()
        keys = [*keys, *(key for key in also if key.name not in known)]
        type_ = self._inquiry.declared_type(keys[0]) if keys else ""
        values = tuple((key, self._inquiry.about(key, self._failures.get(key.name))) for key in keys)
        return Looked(points, type_, values)

    def everything(self) -> Iterator[Looked]:
        """All metrics, in the order in which they are declared."""
        return map(self.at, all_points(type(self._manager), self._manager.functions_dict))
