"""What can be said of a value by its record: a number, the begin of an array, the curve of a sweep."""

from __future__ import annotations

import itertools
import math

from simple_metrics_manager.report.curves import bars, spark
from simple_metrics_manager.report.elements import Node, h
from simple_metrics_manager.report.facts import MetricFacts
from simple_metrics_manager.report.grids import numbers_of
from simple_metrics_manager.report.wording import as_number, count, number, spelled

_FEW = 3


def preview(metric: MetricFacts) -> Node:
    """What stands in the table for the value of a metric."""
    if metric.row.sweep:
        return _of_sweep(metric)
    record = metric.newest
    if record is None or record.preview is None:
        return None
    if record.bytes and isinstance(record.preview, list):
        first = [each for each in map(as_number, record.preview) if each is not None and math.isfinite(each)]
        if not first:
            return None
        text = ", ".join(number(each) for each in first[:_FEW])
        return h.span(".glance")[bars(first, f"The first {len(first)} numbers"), h.code[f"{text}, …"]]
    return h.span(".glance")[h.code(".value")[spelled(record.preview)]]


def _of_sweep(metric: MetricFacts) -> Node:
    stored = metric.row.points - metric.row.counts.get("missing", 0)
    told = h.span(".of")[f"{stored:,} of {count(metric.row.points, 'point')}"]
    for numbers in itertools.islice(numbers_of(metric.points).values(), 1):
        known = [each for each in numbers if each is not None]
        if len(known) > 1:
            low, high = number(min(known)), number(max(known))
            glance = spark(numbers, f"{count(len(known), 'value')}, {low} to {high}"), h.code[f"{low} to {high}"]
            return [h.span(".glance")[glance], told, " · "]
    return [told, " · "]
