"""From a manager to the facts of a report: by reading records, and never a value."""

from __future__ import annotations

import inspect

import attrs

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import CorruptMetricError, NewerFormatError
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.graph import MetricGraph
from simple_metrics_manager.freshness.survey import Looked, Survey
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.record import Record
from simple_metrics_manager.report.facts import Facts, MetricFacts, Point
from simple_metrics_manager.storing.storage import described


def gather(manager: DatedCacheManager, *, values: bool = True) -> Facts:
    """The facts about everything that the manager declares.

    With ``values=False`` whatever shows a value is left out here, so that no other part can show it: previews,
    written globals, what they were before, messages of errors, and what is enclosed in tracebacks.
    """
    building = _Gathering(manager, values)
    graph = manager.graph()
    metrics = [building.metric(looked, graph) for looked in building.survey.everything()]
    known = {metric.name for metric in metrics}
    others = tuple(node.name for node in graph.nodes if node.name not in known)
    return Facts(graph.manager, building.storage, tuple(metrics), graph.edges, others, not values)


class _Gathering:
    def __init__(self, manager: DatedCacheManager, values: bool) -> None:
        self._manager = manager
        self._values = values
        self.storage = described(manager.__metrics__.shelf.storage(manager))
        self.survey = Survey(manager, manager.failures())

    def metric(self, looked: Looked, graph: MetricGraph) -> MetricFacts:
        name = looked.points.name
        made: list[Point] = []
        for key, staleness in looked.values:
            record = None if staleness.date is None else self._record(key)
            state = "failed" if staleness.failure is not None else staleness.status
            params = key.params if record is None or not record.params else record.params
            causes = tuple(cause for cause in staleness.causes if cause.reason != "missing")
            if not self._values:
                causes = tuple(map(_hushed, causes))
            made.append(Point(key.name, state, params, record, causes, self._told(staleness.failure)))
        return MetricFacts(name, looked.row, tuple(made), _doc([key for key, _ in looked.values]), graph.inputs(name))

    def _record(self, key: Metric[object]) -> Record | None:
        source = self._manager.__metrics__
        held = source.memory.held.get(key.name)
        if held is not None:
            record: Record | None = held.record
        else:
            try:
                record = source.shelf.record(source.ask(self._manager, key))
            except (CorruptMetricError, NewerFormatError):  # it has become so since it was asked about
                return None
        if record is None or self._values:
            return record
        return attrs.evolve(record, preview=None, globals=dict.fromkeys(record.globals, ""))

    def _told(self, failure: Failure | None) -> Failure | None:
        if failure is None or self._values:
            return failure
        return attrs.evolve(failure, message="", traceback="", exception=None)


def _hushed(cause: Cause) -> Cause:
    """A cause without what was written of values."""
    return attrs.evolve(cause, old="", new="", diff="") if cause.reason in _OF_VALUES else cause


_OF_VALUES = frozenset({"global_changed", "signature_changed"})


def _doc(keys: list[Metric[object]]) -> str:
    """The first line of the docstring of the function."""
    function = keys[0].declaration.function if keys else None
    if not inspect.isroutine(function):
        return ""  # what else can be called has the docstring of its class
    return (inspect.getdoc(function) or "").partition("\n")[0]
