"""Small things that stand in many places of the page: states, dates, links to metrics."""

from __future__ import annotations

from datetime import datetime

from simple_metrics_manager.freshness.status import State
from simple_metrics_manager.report.elements import Element, Node, h
from simple_metrics_manager.report.facts import GLYPHS, MetricFacts
from simple_metrics_manager.report.wording import minute, stamp


def badge(state: State) -> Element:
    """A state: sign, word, and colour."""
    return h.span(class_=f"badge {state}")[h.span(aria_hidden="true")[GLYPHS[state]], " ", state]


def moment(date: datetime, zone: str = "") -> Element:
    """A date in UTC. How long ago that is depends on when the page is read, so the page's script says it."""
    return h.time(datetime=stamp(date))[minute(date) + zone]


def link(metric: MetricFacts | None, name: str) -> Node:
    """The name of a metric, as a way to its row if it has one."""
    code = h.code[name]
    return code if metric is None else h.a(href=f"#{metric.anchor}")[code]
