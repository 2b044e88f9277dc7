"""What ``why`` and ``status`` of a manager answer."""

from __future__ import annotations

from collections.abc import Mapping

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.staleness import Staleness, SweepStaleness
from simple_metrics_manager.freshness.status import ManagerStatus, StatusRow
from simple_metrics_manager.freshness.sweeps import Points, all_points, by_metric, stored_names
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.storing.storage import described
from simple_metrics_manager.sweeping.host import Manager


def why_one(manager: Manager, key: Metric[object]) -> Staleness:
    """What there is to say about one value."""
    source = manager.__metrics__
    failure = source.shelf.last_failure(source.ask(manager, key))
    return Inquiry(manager).about(key, failure)


def why_all(manager: Manager, points: Points, failures: Mapping[str, Failure]) -> SweepStaleness:
    """What there is to say about all points of a sweep."""
    names = stored_names(manager.__metrics__.shelf.storage(manager))
    inquiry = Inquiry(manager, names)
    keys = points.with_stored(by_metric(names or (), inquiry.label).get(points.name, ()))
    return SweepStaleness(points.name, points.label, tuple(inquiry.about(key, failures.get(key.name)) for key in keys))


def status_of_all(manager: Manager, failures: Mapping[str, Failure]) -> ManagerStatus:
    """A row for everything that is declared, in that order."""
    storage = manager.__metrics__.shelf.storage(manager)
    names = stored_names(storage)
    inquiry = Inquiry(manager, names)
    stored = by_metric(names or (), inquiry.label)
    rows: list[StatusRow] = []
    for points in all_points(type(manager), manager.functions_dict):
        keys = points.with_stored(stored.get(points.name, ()))
        found = [inquiry.about(key, failures.get(key.name)) for key in keys]
        type_ = inquiry.declared_type(keys[0]) if keys else ""
        rows.append(StatusRow.of(points.name, type_, found, sweep=points.sweep))
    return ManagerStatus(type(manager).__qualname__, described(storage), tuple(rows))
