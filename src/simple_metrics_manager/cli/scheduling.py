"""What ``smm run`` computes, and in which order: what is stale level by level, so that nothing reads what is stale.

A metric whose inputs were computed anew to the same content is fresh again, and is not computed. So after each
level it is looked again. What is missing comes last, in one go: the library itself computes what that needs first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from simple_metrics_manager.cli.naming import reachable
from simple_metrics_manager.cli.survey import Point, Surveyed
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.graph import MetricGraph

Survey = Callable[[], Mapping[str, Surveyed]]
"""Looks again at everything that matters."""


@attrs.frozen(eq=False)
class Batch:
    """Values that are computed together; ``anew`` if something is stored of them that is not to be used."""

    keys: tuple[Metric[object], ...]
    anew: bool


@attrs.define(eq=False)
class Schedule:
    """What has to be computed until what is ``wanted`` is fresh.

    ``wanted`` are metrics by name, each with the names of its points that are meant, or None for all of them. Of what
    they read, what is stale is computed anew as well. ``force`` are names of values that are computed anew though
    they may be fresh; ``doubtful`` says that so is what nobody knows about.
    """

    graph: MetricGraph
    wanted: Mapping[str, frozenset[str] | None]
    force: bool = False
    doubtful: bool = False
    also: tuple[Metric[object], ...] = ()
    """Points that are wanted without being declared."""
    tried: set[str] = attrs.field(factory=set[str])
    """The names of values that were handed out already, each once."""

    @property
    def scope(self) -> frozenset[str]:
        """The metrics that matter: those that are wanted, and all that they read."""
        return frozenset(self.wanted) | reachable(self.wanted, self.graph.inputs)

    def todo(self, found: Mapping[str, Surveyed]) -> dict[str, list[Point]]:
        """What would be computed as things are, by metric; what is stale in the inputs included."""
        every = {name: [*self._outdated(each), *self._missing(each)] for name, each in found.items()}
        return {name: points for name, points in every.items() if points}

    def batches(self, look: Survey) -> Iterator[Batch]:
        """One batch after the other, each to be computed before the next one is asked for."""
        while True:
            found = look()
            outdated = {name: points for name, each in found.items() if (points := self._outdated(each))}
            ready = [name for name in outdated if not self._above(name) & self._stale(found)]
            keys = [point.key for name in ready for point in outdated[name] if point.key.name not in self.tried]
            if not keys:
                break
            yield self._batch(keys, anew=True)
        found = look()
        stale = self._stale(found)
        circle = [
            point.key
            for name, each in found.items()
            if not self._above(name) & self._failed(found)
            for point in self._outdated(each)
            if point.key.name not in self.tried
        ]
        if circle:  # metrics that may read one another, as far as their source tells
            yield self._batch(circle, anew=True)
            stale = self._stale(look())
        missing = [
            point.key for name, each in found.items() if not self._above(name) & stale for point in self._missing(each)
        ]
        if missing:
            yield self._batch(missing, anew=False)

    def everything(self, found: Mapping[str, Surveyed]) -> Batch:
        """All that is wanted, for the library to decide what of it is computed."""
        keys = [
            point.key
            for name, each in found.items()
            if name in self.wanted
            for point in each.values
            if self._is_meant(each, point)
        ]
        return self._batch(keys, anew=False)

    def _batch(self, keys: Iterable[Metric[object]], *, anew: bool) -> Batch:
        batch = Batch(tuple(keys), anew)
        self.tried.update(key.name for key in batch.keys)
        return batch

    def _above(self, name: str) -> set[str]:
        """All that a metric reads."""
        return reachable([name], self.graph.inputs) - {name}

    def _stale(self, found: Mapping[str, Surveyed]) -> set[str]:
        """Metrics of which something is still to be computed anew."""
        return {name for name, each in found.items() if any(self._is_outdated(point) for point in each.values)}

    def _failed(self, found: Mapping[str, Surveyed]) -> set[str]:
        """Metrics of which something was tried, and did not become fresh."""
        return {
            name
            for name, each in found.items()
            if any(point.key.name in self.tried and point.state in ("failed", "missing") for point in each.values)
        }

    def _outdated(self, each: Surveyed) -> list[Point]:
        forced = self.force and each.name in self.wanted
        return [
            point
            for point in each.values
            if self._is_meant(each, point) and (self._is_outdated(point) or (forced and self._is_stored(point)))
        ]

    def _is_outdated(self, point: Point) -> bool:
        """Whether something is stored that is not to be used."""
        if point.found.status == "missing":
            return False
        return point.state in ("stale", "failed") or (self.doubtful and point.state == "unknown")

    def _is_stored(self, point: Point) -> bool:
        return point.found.status != "missing" and point.key.name not in self.tried

    def _missing(self, each: Surveyed) -> list[Point]:
        """What is missing of what is wanted; of the inputs, the library knows best what is needed."""
        if each.name not in self.wanted:
            return []
        return [
            point
            for point in each.values
            if point.found.status == "missing" and self._is_meant(each, point) and point.key.name not in self.tried
        ]

    def _is_meant(self, each: Surveyed, point: Point) -> bool:
        meant = self.wanted.get(each.name)
        return meant is None or point.key.name in meant
