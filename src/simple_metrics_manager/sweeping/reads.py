"""Which metrics a metric of a manager class reads, by their names within the manager, from its source."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import cast

import attrs

from simple_metrics_manager.declaring.checks import AnyMetric, is_metric
from simple_metrics_manager.declaring.declaration import spelled_in
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.fingerprint.metric_reads import metrics_read
from simple_metrics_manager.fingerprint.uses import Certainty

_READS: weakref.WeakKeyDictionary[type, dict[str, Mapping[str, MetricRead]]] = weakref.WeakKeyDictionary()
"""By class and metric. Only names are kept: what a class declares refers to it, and would keep it alive."""


@attrs.frozen
class MetricRead:
    """How a metric is read: ``whole`` says that all declared parameter sets are, by ``get_all``."""

    certainty: Certainty
    whole: bool = False


_NOTHING: Mapping[str, MetricRead] = {}


def reads_of(kind: type, metric: str) -> Mapping[str, MetricRead]:
    """What this metric of the class ``kind`` reads, as far as its source tells.

    Names are those of metrics without their parameters: ``spectrum``, ``inertia`` for any of its parameter sets,
    and ``spectrum@Base`` for what ``super().spectrum`` means. What cannot be found out is not there.
    """
    known = _READS.setdefault(kind, {})
    found = known.get(metric)
    if found is None:
        declared = metric_called(kind, metric)
        if declared is None:
            return _NOTHING  # functions without a manager may be many, and come and go
        found = known[metric] = _looked_up(kind, declared)
    return found


def metric_called(kind: type, name: str) -> AnyMetric | None:
    """The metric of the class that has this name, ``spectrum`` or ``spectrum@Base``; None if there is none."""
    plain, _, base = name.partition("@")
    for owner in kind.__mro__:
        found = vars(owner).get(plain)
        if is_metric(found):
            if not base or spelled_in(kind, owner) == base:
                return cast("AnyMetric", found)
        elif plain in vars(owner) and not base:
            return None
    return None


def key_called(kind: type, name: str) -> Metric[object] | None:
    """The key of the plain metric that has this name; None if there is none.

    The key of ``spectrum@Base`` runs the function of ``Base``, whatever a subclass has made of it: it is for
    :meth:`~simple_metrics_manager.asking.cache.Cache.get`, and no key that users have.
    """
    found = metric_called(kind, name)
    if not isinstance(found, Metric):
        return None
    return found if name == found.name else Metric[object].made_from(found.declaration, name)


def _looked_up(kind: type, declared: AnyMetric) -> Mapping[str, MetricRead]:
    found: dict[str, MetricRead] = {}
    for (descriptor, whole), certainty in metrics_read(declared.declaration.function, kind).items():
        if not is_metric(descriptor):
            continue
        read = cast("AnyMetric", descriptor)
        name = _name_in(kind, read)
        before = found.get(name, MetricRead(certainty))
        # get_all that may be called counts as a point that is read: it is the lesser claim
        whole = isinstance(read, ParameterizedMetric) and whole and "@" not in name and certainty > Certainty.POSSIBLE
        found[name] = MetricRead(max(certainty, before.certainty), whole or before.whole)
    return found


def _name_in(kind: type, metric: AnyMetric) -> str:
    owner = metric.declaration.owner
    if owner is None or metric_called(kind, metric.declaration.name) is metric:
        return metric.declaration.name
    return f"{metric.declaration.name}@{spelled_in(kind, owner)}"
