"""The table of metrics: a group of two rows for each, the second with what is the matter and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.wording import short, size
from simple_metrics_manager.report.elements import Element, Node, h, scrolling
from simple_metrics_manager.report.facts import STATES, Facts, MetricFacts
from simple_metrics_manager.report.limits import ROWS, more
from simple_metrics_manager.report.marks import badge, moment
from simple_metrics_manager.report.previews import preview
from simple_metrics_manager.report.provenance import provenance
from simple_metrics_manager.report.wording import count, minute

_COLUMNS = (("State", ""), ("Metric", ""), ("Value", ""), ("Pulled on", ""), ("Took", "n"), ("Size", "n"))
_SEVERAL = 2
_NAMES = 4


def table(facts: Facts) -> Node:
    """The whole table; of too many metrics, first those that are not fresh."""
    metrics = facts.metrics
    if len(metrics) > ROWS:
        metrics = tuple(sorted(metrics, key=lambda metric: metric.row.state == "fresh"))[:ROWS]
    known = {metric.name: metric for metric in facts.metrics}
    left = more(len(facts.metrics) - len(metrics), "metrics")
    heads = [h.th(scope="col", class_=kind or None)[title] for title, kind in _COLUMNS]
    return [
        scrolling(
            "Table of metrics",
            h.table(".metrics")[
                h.caption["One row for each metric; all points of a sweep are one. Times are UTC."],
                h.thead[h.tr[heads]],
                [_group(place, metric, known, facts) for place, metric in enumerate(metrics)],
            ],
        ),
        h.p(".left")[left] if left else None,
    ]


def _group(place: int, metric: MetricFacts, known: Mapping[str, MetricFacts], facts: Facts) -> Element:
    row = metric.row
    date = None if row.date is None else moment(row.date)
    took = format_seconds(row.seconds) if row.seconds else "–"
    stored = size(row.bytes) if row.bytes else "–"
    return h.tbody({"data-state": row.state, "data-place": str(place)}, id=metric.anchor)[
        h.tr[
            h.td({"data-key": str(STATES.index(row.state))})[badge(row.state)],
            h.th({"data-key": metric.name}, scope="row")[
                h.code(".what")[metric.name], h.span(".doc")[metric.doc] if metric.doc else None
            ],
            h.td(".preview")[None if facts.hidden and not metric.row.sweep else preview(metric), _type(metric)],
            h.td({"data-key": _key(metric)})[date or h.span(".none")["never"]],
            h.td(".n", {"data-key": f"{row.seconds:.6g}"})[took],
            h.td(".n", {"data-key": str(row.bytes)})[stored],
        ],
        h.tr(".more")[h.td, h.td(colspan="5")[_details(metric, known)]],
    ]


def _key(metric: MetricFacts) -> str:
    return "" if metric.row.date is None else metric.row.date.isoformat()


def _type(metric: MetricFacts) -> Node:
    text = metric.newest_summary
    return h.code(".type")[text] if text else None


def _details(metric: MetricFacts, known: Mapping[str, MetricFacts]) -> Node:
    told, facts = why(metric), list[Node]()
    if metric.reads:
        names = metric.reads[:_NAMES]
        more_names = f" and {len(metric.reads) - _NAMES} more" if len(metric.reads) > _NAMES else None
        facts.append(
            ["reads ", [[", " if place else None, h.code[name]] for place, name in enumerate(names)], more_names]
        )
    record = metric.newest
    if record is not None and record.code.file:
        facts.append(f"{PurePath(record.code.file).name}:{record.code.line}")
    line = [
        [h.strong(class_=f"why {metric.row.state}")[told], " · " if facts else None] if told else None,
        [[" · " if place else None, each] for place, each in enumerate(facts)],
    ]
    if record is None and not any(point.causes for point in metric.points):
        return h.div(".line")[line]
    return h.details[h.summary[line if told or facts else "details"], provenance(metric, known)]


def why(metric: MetricFacts) -> str:
    """What is the matter with a metric, in a few words, whenever they are read."""
    row, said = metric.row, list[str]()
    if row.failures:
        last = max(row.failures, key=lambda failure: failure.date)
        many = f"{len(row.failures)} failed, the last with " if row.sweep else ""
        kept = f"; the value of {minute(row.date)} is kept" if row.date is not None and not row.sweep else ""
        said.append(f"{many}{last.error} on {minute(last.date)}{kept}")
    missing = row.counts.get("missing", 0)
    if row.sweep and missing:
        said.append(f"{missing:,} of {count(row.points, 'point')} missing")
    if row.codes > 1:
        said.append(f"points of {row.codes} versions of the code")
    causes: list[Cause] = [cause for cause in row.causes if not cause.via]
    said += [short(cause) for cause in causes[:_SEVERAL]]
    if len(causes) > _SEVERAL:
        said.append(f"{len(causes) - _SEVERAL} more reasons")
    if row.state == "missing" and not row.sweep and not said:
        said.append("not stored")
    return "; ".join(said)
