"""The section about sweeps: a curve or a heat map for each, and the same numbers as a table."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.report.colours import bounds
from simple_metrics_manager.report.curves import curve
from simple_metrics_manager.report.elements import Node, h, scrolling
from simple_metrics_manager.report.facts import Facts, MetricFacts, Point
from simple_metrics_manager.report.grids import Axis, axes_of, numbers_of
from simple_metrics_manager.report.heatmaps import cells_of, heat_map
from simple_metrics_manager.report.limits import CELLS, FACETS, more
from simple_metrics_manager.report.marks import badge, moment
from simple_metrics_manager.report.wording import count, named, plain, spelled

_SPARSE = 3
"""So many times as many cells as points make a grid no grid."""


def sweeps(facts: Facts) -> Iterator[tuple[str, Node]]:
    """Each sweep with its name: a part of the page."""
    for metric in facts.metrics:
        if metric.row.sweep and metric.points:
            yield metric.name, _sweep(metric, hidden=facts.hidden)


def _sweep(metric: MetricFacts, *, hidden: bool) -> Node:
    axes, constant = axes_of(metric.points)
    found = {} if hidden else numbers_of(metric.points)
    counts = [f"{metric.row.counts.get(state, 0):,} {state}" for state in ("stale", "missing", "unknown")]
    told = [count(len(metric.points), "point"), *(each for each in counts if not each.startswith("0 "))]
    if metric.row.failures:
        told.append(f"{len(metric.row.failures)} failed")
    if constant:
        told.append(f"with {named(constant)}")
    numeric = any(each is not None for each in itertools.chain.from_iterable(found.values()))
    drawn: list[Node] = []
    for part, numbers in (found if numeric else {"": [None] * len(metric.points)}).items():
        title = f"{metric.name} {part}".strip()
        maps = h.div(".maps")[_drawings(title, axes, metric.points, numbers)]
        drawn += [h.h4[h.code[title]] if part else None, maps]
    return h.section(".sweep", id=f"sweep-{metric.anchor}")[
        h.h3[h.a(href=f"#{metric.anchor}")[h.code[metric.name]], h.small[" · ".join(told)]],
        h.p(".doc")[metric.doc] if metric.doc else None,
        drawn,
        _table(metric, axes, hidden=hidden),
    ]


def _drawings(
    title: str, axes: Sequence[Axis], points: Sequence[Point], numbers: Sequence[float | None]
) -> Iterator[Node]:
    known = [each for each in numbers if each is not None]
    if len(axes) == 1 and known:
        yield _figure(title, curve(title, axes[0], points, numbers, line=axes[0].numbers is not None))
    elif len(axes) > 1 and _is_grid(axes, points):
        yield from _maps(title, axes, points, numbers)
    elif known:
        numeric = [axis for axis in axes if axis.numbers is not None] or axes
        for axis in numeric[:FACETS]:
            yield _figure(f"{title} over {axis.name}", curve(title, axis, points, numbers, line=False))


def _figure(title: str, drawing: Node) -> Node:
    return h.figure[scrolling(f"Drawing of {title}", drawing)]


def _is_grid(axes: Sequence[Axis], points: Sequence[Point]) -> bool:
    return math.prod(len(axis.levels) for axis in axes) <= max(CELLS, len(points)) * _SPARSE and (
        math.prod(len(axis.levels) for axis in axes) <= len(points) * _SPARSE
    )


def _maps(title: str, axes: Sequence[Axis], points: Sequence[Point], numbers: Sequence[float | None]) -> Iterator[Node]:
    """A map over the two parameters with most values, for each combination of the others."""
    largest = sorted(axes, key=lambda axis: -len(axis.levels))[:2]
    down, right = (axis for axis in axes if axis in largest)
    others = [axis for axis in axes if axis not in largest]
    known = [each for each in numbers if each is not None]
    limits = bounds(known) if known else (0.0, 0.0)
    facets: dict[tuple[int, ...], list[int]] = {}
    for place, point in enumerate(points):
        facets.setdefault(tuple(axis.place(point) for axis in others), []).append(place)
    for key, places in sorted(facets.items())[:FACETS]:
        fixed = {axis.name: axis.levels[at] for axis, at in zip(others, key, strict=True) if at >= 0}
        cells = cells_of([points[place] for place in places], [numbers[place] for place in places], down, right)
        if cells:
            said = f"{title}, {named(fixed)}" if fixed else title
            yield h.figure[
                h.figcaption[h.code[named(fixed)]] if fixed else None,
                scrolling(f"Drawing of {said}", heat_map(said, cells, down, right, limits)),
            ]
    left = more(len(facets) - FACETS, "maps")
    if left:
        yield h.p(".left")[left]


def _table(metric: MetricFacts, axes: Sequence[Axis], *, hidden: bool) -> Node:
    """The points one by one; if there are too many, first those that something is the matter with."""
    points = metric.points
    if len(points) > CELLS:
        points = tuple(sorted(points, key=lambda point: point.state == "fresh"))[:CELLS]
    names = [axis.name for axis in axes] or [*metric.points[0].params]
    left = more(len(metric.points) - len(points), "points")
    numeric = {axis.name for axis in axes if axis.numbers is not None}
    heads = [
        [h.th(scope="col", class_="n" if name in numeric else None)[name] for name in names],
        None if hidden else h.th(".n", scope="col")["Value"],
        [
            h.th(scope="col", class_=kind)[title]
            for title, kind in (("State", None), ("Pulled on", None), ("Took", "n"))
        ],
    ]
    rows = [
        h.tr[
            [h.td(class_="n" if name in numeric else None)[plain(point.params.get(name, ""))] for name in names],
            None if hidden else h.td(".n")[_value(point)],
            h.td[point.state if point.state == "fresh" else badge(point.state)],
            h.td[moment(point.record.date) if point.record is not None else "–"],
            h.td(".n")[format_seconds(point.record.seconds) if point.record is not None else "–"],
        ]
        for point in points
    ]
    return h.details(".points")[
        h.summary[f"The same as a table ({count(len(points), 'row')})"],
        scrolling(f"Points of {metric.name}", h.table[h.thead[h.tr[heads]], h.tbody[rows]]),
        h.p(".left")[left] if left else None,
    ]


def _value(point: Point) -> str:
    if point.record is None:
        return "–"
    return point.record.summary or spelled(point.record.preview) if point.record.preview is not None else "–"
