"""What ``why`` and ``status`` of a manager answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import attrs

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.staleness import Staleness, SweepStaleness
from simple_metrics_manager.freshness.status import ManagerStatus, StatusRow
from simple_metrics_manager.freshness.sweeps import Points, all_points, by_metric, stored_names
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.sweeping.host import Manager


def why_one(manager: Manager, key: Metric[object]) -> Staleness:
    """What there is to say about one value."""
    source = manager.__metrics__
    failure = source.shelf.last_failure(source.ask(manager, key))
    return Inquiry(manager).about(key, failure)


def why_all(manager: Manager, points: Points) -> SweepStaleness:
    """What there is to say about all points of a sweep."""
    names = stored_names(manager.__metrics__.shelf.storage(manager))
    inquiry = Inquiry(manager, names)
    keys = points.with_stored(by_metric(names or (), inquiry.label).get(points.name, ()))
    return SweepStaleness(points.name, points.label, tuple(map(inquiry.about, keys)))


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
    return ManagerStatus(type(manager).__qualname__, _shown(storage), tuple(rows))


def _shown(storage: object) -> str:
    """A storage as it was most likely made: without what is at its default."""
    if storage is None:
        return ""
    if not attrs.has(type(storage)):
        return repr(storage)
    kind = cast("type[attrs.AttrsInstance]", type(storage))
    fields = [field for field in attrs.fields(kind) if field.repr and field.init]
    given = [(field, getattr(storage, field.name)) for field in fields]
    told = [f"{field.name}={value!s}" for field, value in given if field.default != value]
    return f"{type(storage).__name__}({', '.join(told)})"
