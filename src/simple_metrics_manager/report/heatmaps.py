"""A sweep over two parameters as a heat map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs

from simple_metrics_manager.report.colours import STEPS, ink_on, ramp, step_of
from simple_metrics_manager.report.elements import Element, Node, drawing, h, label_at, px
from simple_metrics_manager.report.facts import GLYPHS, Point
from simple_metrics_manager.report.grids import Axis
from simple_metrics_manager.report.limits import CELLS, WRITTEN_CELLS
from simple_metrics_manager.report.wording import count, cut, named, number

_LEFT, _TOP, _LEGEND = 96.0, 44.0, 46.0
_WIDEST = 1080.0
_TIES = 3
"""Cells that may share a sign: where more are best, none of them is remarkable."""


@attrs.frozen
class Cell:
    """A point with its number, or several that have become one cell of a map that would be too fine."""

    points: tuple[Point, ...]
    value: float | None


Cells = Mapping[tuple[int, int], Cell]


def cells_of(
    points: Sequence[Point], numbers: Sequence[float | None], down: Axis, right: Axis
) -> dict[tuple[int, int], Cell]:
    """The cells of a map by row and column; with more than can be shown, the mean of each block."""
    many = len(down.levels) * len(right.levels)
    block = math.ceil(math.sqrt(many / CELLS)) if many > CELLS else 1
    found: dict[tuple[int, int], list[tuple[Point, float | None]]] = {}
    for point, value in zip(points, numbers, strict=True):
        row, column = down.place(point), right.place(point)
        if row >= 0 and column >= 0:
            found.setdefault((row // block, column // block), []).append((point, value))
    made: dict[tuple[int, int], Cell] = {}
    for place, each in found.items():
        known = [value for _, value in each if value is not None]
        made[place] = Cell(tuple(point for point, _ in each), math.fsum(known) / len(known) if known else None)
    return made


def heat_map(title: str, cells: Cells, down: Axis, right: Axis, limits: tuple[float, float]) -> Element:
    """The map. ``limits`` are the numbers of the first and the last colour."""
    rows, columns = (1 + max(place[side] for place in cells) for side in (0, 1))
    room = (_WIDEST - _LEFT) / columns
    written = len(cells) <= WRITTEN_CELLS and room >= 44
    wide = min(84.0, room) if written else min(22.0, max(2.0, room))
    high = 36.0 if written else max(2.0, min(wide, 600.0 / rows))
    width, height = max(300.0, _LEFT + wide * columns + 2), _TOP + high * rows + _LEGEND
    known = [cell.value for cell in cells.values() if cell.value is not None]
    label = f"{title} over {down.name} and {right.name}: {count(len(known), 'value')}"
    if known:
        label += f", {number(min(known))} to {number(max(known))}"
    size = wide, high
    signs = _signs(known)
    body = [_cell(place, cell, size, limits, signs) for place, cell in cells.items()] if written else []
    return drawing(
        width,
        height,
        label,
        "chart",
        _names(down, right, rows, columns, size),
        body if written else _plain(cells, size, limits),
        _legend(width, height, limits) if known else None,
    )


def _names(down: Axis, right: Axis, rows: int, columns: int, size: tuple[float, float]) -> Node:
    wide, high = size
    block_down, block_right = math.ceil(len(down.levels) / rows), math.ceil(len(right.levels) / columns)
    every_row, every = max(1, math.ceil(15 / high)), max(1, math.ceil(48 / wide))
    beside = [
        label_at(_LEFT - 10, _TOP + row * high + high / 2 + 4, cut(down.labels[row * block_down], 12), "tick", "end")
        for row in range(0, rows, every_row)
    ]
    above = [
        label_at(_LEFT + (column + 0.5) * wide, _TOP - 8, cut(right.labels[column * block_right], 9), "tick", "middle")
        for column in range(0, columns, every)
    ]
    names = [
        label_at(_LEFT - 10, _TOP - 8, f"{cut(down.name, 10)} ↓", "name", "end"),
        label_at(_LEFT, _TOP - 26, f"{right.name} →", "name"),
    ]
    return [names, beside, above]


def _cell(
    place: tuple[int, int],
    cell: Cell,
    size: tuple[float, float],
    limits: tuple[float, float],
    signs: Mapping[float, str],
) -> Node:
    """One cell with its number. The highest and the lowest have a sign; which of them is better nobody has said."""
    wide, high = size
    x, y = _LEFT + place[1] * wide, _TOP + place[0] * high
    point = cell.points[0]
    box = {"x": px(x + 1), "y": px(y + 1), "width": px(wide - 2), "height": px(high - 2), "rx": "3"}
    title = h.title[f"{named(point.params)}: {point.state if cell.value is None else cell.value}"]
    middle = x + wide / 2, y + high / 2 + 4
    if cell.value is None:
        mark = h.text(class_=f"mark {point.state}", x=px(middle[0]), y=px(middle[1]), text_anchor="middle")
        return h.g[title, h.rect(box, class_=f"gap {point.state}"), mark[GLYPHS[point.state]]]
    colour = ramp()[step_of(cell.value, *limits)]
    text = h.text(class_=f"in {ink_on(colour)}", x=px(middle[0]), y=px(middle[1]), text_anchor="middle")
    state = None if point.state == "fresh" else h.rect(box, class_=f"ring {point.state}")
    return h.g[title, h.rect(box, fill=colour), state, text[f"{number(cell.value)}{signs.get(cell.value, '')}"]]


def _signs(known: Sequence[float]) -> Mapping[float, str]:
    return {each: f" {sign}" for sign, each in _extremes(known) if known.count(each) <= _TIES}


def _extremes(known: Sequence[float]) -> list[tuple[str, float]]:
    return [("▲", max(known)), ("▼", min(known))] if known and min(known) < max(known) else []


def _plain(cells: Cells, size: tuple[float, float], limits: tuple[float, float]) -> Node:
    """Cells without their numbers, as one path for each colour."""
    wide, high = size
    paths: dict[str, list[str]] = {}
    for place, cell in sorted(cells.items()):
        value = cell.value
        kind = f"gap {cell.points[0].state}" if value is None else str(step_of(value, *limits))
        x, y = _LEFT + place[1] * wide, _TOP + place[0] * high
        paths.setdefault(kind, []).append(f"M{px(x)} {px(y)}h{px(wide)}v{px(high)}h-{px(wide)}z")
    colours = ramp()
    return h.g(".cells")[
        [
            h.path(d="".join(each), fill=colours[int(kind)]) if kind.isdigit() else h.path(d="".join(each), class_=kind)
            for kind, each in sorted(paths.items())
        ]
    ]


def _legend(width: float, height: float, limits: tuple[float, float]) -> Node:
    """What the colours mean."""
    y, step = round(height - 24), 4
    low, high = limits
    if low == high:
        return None
    steps = [
        h.rect(x=px(_LEFT + place * step), y=px(y), width=px(step), height="8", fill=colour)
        for place, colour in enumerate(ramp())
    ]
    ends = [
        label_at(_LEFT, y + 21, number(low), "tick", "start"),
        label_at(_LEFT + step * STEPS, y + 21, number(high), "tick", "end"),
    ]
    return h.g(".legend")[steps, ends]
