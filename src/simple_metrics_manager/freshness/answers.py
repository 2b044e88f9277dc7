"""What ``why`` and ``status`` of a manager answer."""

from __future__ import annotations

from collections.abc import Mapping

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.staleness import Staleness, SweepStaleness
from simple_metrics_manager.freshness.status import ManagerStatus
from simple_metrics_manager.freshness.survey import Survey
from simple_metrics_manager.freshness.sweeps import Points
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
    found = Survey(manager, failures).at(points)
    return SweepStaleness(points.name, points.label, tuple(about for _, about in found.values))


def status_of_all(manager: Manager, failures: Mapping[str, Failure]) -> ManagerStatus:
    """A row for everything that is declared, in that order."""
    storage = described(manager.__metrics__.shelf.storage(manager))
    rows = tuple(looked.row for looked in Survey(manager, failures).everything())
    return ManagerStatus(type(manager).__qualname__, storage, rows)
