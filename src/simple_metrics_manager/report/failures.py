"""The section about what could not be computed, with whole tracebacks for those who ask."""

from __future__ import annotations

from simple_metrics_manager.report.elements import Element, Node, h
from simple_metrics_manager.report.facts import GLYPHS, Facts, MetricFacts, Point
from simple_metrics_manager.report.limits import ERRORS, more
from simple_metrics_manager.report.marks import moment


def failures(facts: Facts) -> Node | None:
    """The last errors, the newest first; None if there are none."""
    found = [
        (point.failure.date, point.name, metric, point)
        for metric in facts.metrics
        for point in metric.points
        if point.failure is not None
    ]
    if not found:
        return None
    found.sort(key=lambda each: (each[0], each[1]), reverse=True)
    left = more(len(found) - ERRORS, "errors")
    return [
        [_failure(metric, point) for _, _, metric, point in found[:ERRORS]],
        h.p(".left")[left] if left else None,
    ]


def _failure(metric: MetricFacts, point: Point) -> Element | None:
    failure = point.failure
    if failure is None:
        return None
    said: Node = failure.message or "its text is left out"
    if failure.because:
        said = ["it was not tried, since it needs ", h.code[failure.because], ", which failed"]
    return h.article(".failure")[
        h.h3[
            h.span(".sign", aria_hidden="true")[GLYPHS["failed"]],
            " ",
            h.a(href=f"#{metric.anchor}")[h.code[point.name]],
            h.small[moment(failure.date), f", on {failure.host}" if failure.host else None],
        ],
        h.p(".message")[h.strong[failure.error], ": ", said],
        h.details[h.summary["Traceback"], h.pre(tabindex="0")[failure.traceback.rstrip()]]
        if failure.traceback
        else None,
        h.p(".again")["Try again: ", h.code[f"smm run {metric.name}"]],
    ]
