"""Everything that is declared, point by point, as it is stored and judged at this moment: looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import cast

import attrs

from simple_metrics_manager.cli.reasons import reasons
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.staleness import Staleness
from simple_metrics_manager.freshness.status import State, StatusRow
from simple_metrics_manager.freshness.survey import Survey
from simple_metrics_manager.freshness.sweeps import Points, all_points
from simple_metrics_manager.keeping.clearing import moment
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.sweeping.host import Manager


class Point:
    """One value: its key, and what there is to say about it."""

    __slots__ = ("found", "key")

    # No attrs class: a metric that is declared as a field would be taken for the descriptor that it is in class bodies.
    def __init__(self, key: Metric[object], found: Staleness) -> None:
        self.key: Metric[object] = key
        self.found: Staleness = found

    @property
    def state(self) -> State:
        """Its status, or ``failed`` if there is an error that is newer than the value."""
        return self.found.status if self.found.failure is None else "failed"

    def older_than(self, moment: datetime) -> bool:
        """Whether its value was computed before."""
        return self.found.date is not None and self.found.date < moment


@attrs.frozen(eq=False)
class Surveyed:
    """One metric with all of its points."""

    points: Points
    type: str
    values: tuple[Point, ...]

    @property
    def name(self) -> str:
        """Its name in the manager."""
        return self.points.name

    @property
    def row(self) -> StatusRow:
        """Its line of a status."""
        found = [each.found for each in self.values]
        return StatusRow.of(self.name, self.type, found, sweep=self.points.sweep)

    @property
    def why(self) -> str:
        """What is to be said about it, in a few words."""
        return reasons(self.row)

    def only(self, values: Iterable[Point]) -> Surveyed:
        """The same with some of its points."""
        return attrs.evolve(self, values=tuple(values))


def survey(
    manager: DatedCacheManager, names: Iterable[str] | None = None, also: Iterable[Metric[object]] = ()
) -> Mapping[str, Surveyed]:
    """What is to be said about the metrics of these names, or about all, in the order in which they are declared.

    ``also`` are points of them that are neither declared nor, perhaps, stored.
    """
    host = cast("Manager", manager)
    look = Survey(host, manager.failures())
    wanted = None if names is None else set(names)
    found: dict[str, Surveyed] = {}
    for points in all_points(type(manager), manager.functions_dict):
        if wanted is None or points.name in wanted:
            looked = look.at(points, tuple(key for key in also if key.declaration.name == points.name))
            values = tuple(Point(key, about) for key, about in looked.values)
            found[points.name] = Surveyed(points, looked.type, values)
    return found


def selected(
    found: Mapping[str, Surveyed], states: Iterable[str], older_than: timedelta | datetime | None
) -> list[Surveyed]:
    """Those with a point in one of these states, and older than that; with these points only.

    A sweep is in the state of its worst point, too, so that ``stale`` also finds all points of it that are stale.
    """
    wanted, before = frozenset(states), moment(older_than)
    if not wanted and before is None:
        return [*found.values()]
    kept = [
        each.only(
            point
            for point in each.values
            if (not wanted or point.state in wanted) and (before is None or point.older_than(before))
        )
        for each in found.values()
    ]
    return [each for each in kept if each.values]
