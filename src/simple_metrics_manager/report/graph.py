"""The section about what reads what: a drawing whose nodes lead to the rows of the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.freshness.status import State
from simple_metrics_manager.report.elements import Element, Node, drawing, h, label_at, px, scrolling
from simple_metrics_manager.report.facts import GLYPHS, STATES, Facts, MetricFacts
from simple_metrics_manager.report.layout import Edge, Layout, laid_out, without_shortcuts
from simple_metrics_manager.report.limits import NODES
from simple_metrics_manager.report.wording import count, cut

_HIGH, _DOWN, _AIR = 46.0, 18.0, 14.0
_ROOM = 1120.0
"""What a wide window has for the drawing: up to seven columns fit in."""


@attrs.frozen
class _Spacing:
    """How wide nodes are, and how far apart: as much as there is room for, so that few graphs must be scrolled."""

    wide: float
    across: float

    @classmethod
    def of(cls, columns: int) -> _Spacing:
        each = (_ROOM - 2 * _AIR) / max(1, columns)
        across = min(64.0, max(28.0, each * 0.24))
        return cls(min(176.0, max(132.0, each - across)), across)

    def at(self, column: int, row: float) -> tuple[float, float]:
        return _AIR + column * (self.wide + self.across), _AIR + row * (_HIGH + _DOWN)

    def letters(self, size: float) -> int:
        """How many letters of about this width fit behind the sign."""
        return int((self.wide - 38) / size)


def graph(facts: Facts) -> Node | None:
    """The drawing; of a large graph first what is not fresh, and the whole where it is asked for."""
    names = _ordered([*facts.others, *(metric.name for metric in facts.metrics)], facts)
    edges = [(edge.source, edge.target) for edge in facts.edges]
    if not edges:
        return None
    legend = h.ul(".legend")[
        [h.li(class_=state)[h.span(aria_hidden="true")[GLYPHS[state]], f" {state}"] for state in _states(facts)],
        h.li[h.span(".possible", aria_hidden="true"), " may be read"],
    ]
    whole = f"What reads what: {count(len(names), 'metric')}, {count(len(edges), 'arrow')}"
    if len(names) <= NODES:
        return [legend, scrolling("Dependency graph", _drawing(names, edges, facts, whole))]
    near = _near(names, edges, facts)
    said = f"What is not fresh, with its neighbours: {len(near)} of {len(names)} metrics"
    return [
        legend,
        h.p(".doc")[f"{said}."] if near else h.p(".doc")["Everything is fresh."],
        scrolling("Dependency graph of what is not fresh", _drawing(near, edges, facts, said)) if near else None,
        h.details[
            h.summary[f"The whole graph ({count(len(names), 'metric')})"],
            scrolling("Dependency graph", _drawing(names, edges, facts, whole)),
        ],
    ]


def _ordered(names: Iterable[str], facts: Facts) -> list[str]:
    """What is read before what reads it."""
    sources: dict[str, list[str]] = {}
    for edge in facts.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    order: dict[str, None] = {}
    begun: set[str] = set()
    todo = [*dict.fromkeys(names)][::-1]
    while todo:
        name = todo[-1]
        waiting = [] if name in begun else [each for each in sources.get(name, ()) if each not in begun]
        begun.add(name)
        if waiting:
            todo += waiting[::-1]
        else:
            order.setdefault(todo.pop(), None)
    return [*order]


def _states(facts: Facts) -> list[State]:
    return [state for state in STATES if facts.counts[state]]


def _near(names: Sequence[str], edges: Sequence[Edge], facts: Facts) -> list[str]:
    wrong = {metric.name for metric in facts.metrics if metric.row.state != "fresh"}
    near = wrong | {edge[side] for edge in edges for side in (0, 1) if edge[1 - side] in wrong}
    return [name for name in names if name in near][: NODES * 2]


def _drawing(names: Sequence[str], edges: Sequence[Edge], facts: Facts, label: str) -> Element:
    shown = [edge for edge in edges if edge[0] in names and edge[1] in names]
    drawn, short = without_shortcuts(names, shown)
    layout = laid_out(names, drawn)
    known = {metric.name: metric for metric in facts.metrics}
    sure = {(edge.source, edge.target): edge.sure for edge in facts.edges}
    numbers = {name: place for place, name in enumerate(names)}
    space = _Spacing.of(layout.columns)
    width = layout.columns * (space.wide + space.across) - space.across + 2 * _AIR + 4
    height = layout.rows * (_HIGH + _DOWN) - _DOWN + 2 * _AIR + 4
    said = "; ".join(f"{target} reads {source}" for source, target in short)
    return drawing(
        width,
        height,
        label,
        "graph",
        h.desc[f"Not drawn, since a longer way leads there too: {said}."] if short else None,
        [_arrow(edge, layout, sure.get(edge, True), space, numbers) for edge in drawn if edge in layout.paths],
        [_node(name, known.get(name), layout, space, numbers) for name in names],
        role="group",
    )


def _arrow(edge: Edge, layout: Layout, sure: bool, space: _Spacing, numbers: Mapping[str, int]) -> Node:
    spots = layout.paths[edge]
    (x, y), steps = space.at(*spots[0]), list[str]()
    x, y = x + space.wide, y + _HIGH / 2
    start = f"M{px(x)} {px(y)}"
    for place, (column, row) in enumerate(spots[1:]):
        left, top = space.at(column, row)
        end = left - (7 if place == len(spots) - 2 else 0), top + _HIGH / 2
        bend = space.across / 2
        steps.append(f"C{px(x + bend)} {px(y)} {px(end[0] - bend)} {px(end[1])} {px(end[0])} {px(end[1])}")
        x, y = end
        if place < len(spots) - 2:
            x += space.wide
            steps.append(f"H{px(x)}")
    kind = "edge" if sure else "edge possible"
    ends = {"data-from": str(numbers[edge[0]]), "data-to": str(numbers[edge[1]])}
    head = h.path(ends, class_="head", d=f"M{px(x + 6)} {px(y)}l-7 -4v8z")
    return [h.path(ends, class_=kind, d=start + "".join(steps)), head]


def _node(name: str, metric: MetricFacts | None, layout: Layout, space: _Spacing, numbers: Mapping[str, int]) -> Node:
    x, y = space.at(*layout.places[name])
    number = {"data-node": str(numbers[name])}
    if metric is None:
        told = h.title[f"{name}: not this manager's"]
        box = h.rect(".node.other", x=px(x), y=px(y), width=px(space.wide), height=px(_HIGH), rx="8")
        return h.g(number)[told, box, label_at(x + 14, y + 28, cut(name, space.letters(7.7)), "what")]
    row = metric.row
    state = row.state
    what = f"{row.points - row.counts.get('missing', 0)} of {row.points} points" if row.sweep else metric.newest_summary
    took = format_seconds(row.seconds) if row.seconds else ""
    size = {"width": px(space.wide), "height": px(_HIGH), "rx": "8"}
    behind = h.rect(size, class_=f"node {state}", x=px(x + 4), y=px(y + 4)) if row.sweep else None
    return h.a(number, href=f"#{metric.anchor}", aria_label=f"{name}, {state}")[
        h.title[f"{name}: {state}"],
        behind,
        h.rect(size, class_=f"node {state}", x=px(x), y=px(y)),
        label_at(x + 12, y + 20, GLYPHS[state], f"sign {state}"),
        label_at(x + 30, y + 20, cut(name, space.letters(7.7)), "what"),
        label_at(x + 30, y + 36, _fitting(what, took, space.letters(5.9)), "tick"),
    ]


def _fitting(what: str, took: str, letters: int) -> str:
    """Both, if they fit."""
    both = f"{what} · {took}" if what and took else what or took
    return both if len(both) <= letters else cut(what, letters)
