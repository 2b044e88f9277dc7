"""A sweep over one parameter as a curve; one over several that is no grid as one cloud for each of them."""

from __future__ import annotations

from collections.abc import Sequence

from simple_metrics_manager.report.axes import Scale, grows
from simple_metrics_manager.report.elements import Element, Node, drawing, h, label_at, px
from simple_metrics_manager.report.facts import GLYPHS, Point
from simple_metrics_manager.report.grids import Axis
from simple_metrics_manager.report.limits import CURVE, SPARKS, thinned
from simple_metrics_manager.report.wording import count, cut, named, number

_WIDTH, _HEIGHT = 640.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 68.0, 20.0, 18.0, 52.0
_WRITTEN = 12
"""Values of a parameter that are written as they are."""

_DOTS = 120
"""Points that each have a dot, and say what they are."""


def curve(title: str, axis: Axis, points: Sequence[Point], numbers: Sequence[float | None], *, line: bool) -> Element:
    """The numbers over one parameter, with a line through them or without."""
    known = [each for each in numbers if each is not None]
    down = Scale.over(known, _HEIGHT - _BOTTOM, _TOP, air=0.16)
    right = _along(axis)
    placed = sorted((axis.place(point), point.name, point, value) for point, value in zip(points, numbers, strict=True))
    spots = [(right[place], point, value) for place, _, point, value in placed if place >= 0]
    label = f"{title} over {axis.name}: {count(len(known), 'value')}, {number(min(known))} to {number(max(known))}"
    return drawing(
        _WIDTH,
        _HEIGHT,
        label,
        "chart",
        _frame(down),
        _below(axis, right),
        _line(spots, down) if line else None,
        [_spot(x, point, value, down) for x, point, value in spots]
        if len(spots) <= _DOTS
        else _cloud(spots, down, line),
        _extremes(spots, down, known),
    )


def _scale(axis: Axis) -> Scale | None:
    """That of a parameter whose values are numbers."""
    if axis.numbers is None:
        return None
    return Scale.over(axis.numbers, _LEFT + 12, _WIDTH - _RIGHT - 12, logarithmic=grows(axis.numbers))


def _along(axis: Axis) -> list[float]:
    """Where each value of the parameter lies; what are no numbers lie side by side."""
    scale = _scale(axis)
    if scale is not None and axis.numbers is not None:
        return [scale.at(each) for each in axis.numbers]
    start, end = _LEFT + 12, _WIDTH - _RIGHT - 12
    step = (end - start) / len(axis.levels)
    return [start + step * (place + 0.5) for place in range(len(axis.levels))]


def _frame(down: Scale) -> Node:
    lines = [(down.at(each), each) for each in down.ticks]
    return [
        [h.line(".grid", x1=px(_LEFT), x2=px(_WIDTH - _RIGHT), y1=px(y), y2=px(y)) for y, _ in lines],
        [label_at(_LEFT - 8, y + 4, number(each), "tick", "end") for y, each in lines],
        h.line(".axis", x1=px(_LEFT), x2=px(_WIDTH - _RIGHT), y1=px(_HEIGHT - _BOTTOM), y2=px(_HEIGHT - _BOTTOM)),
    ]


def _below(axis: Axis, right: Sequence[float]) -> Node:
    """Its values, as many as have room, or round numbers if there are many; and its name."""
    scale, labels = _scale(axis), axis.labels
    if scale is not None and len(labels) > _WRITTEN:
        right, labels = [scale.at(tick) for tick in scale.ticks], [*map(number, scale.ticks)]
    y, shown, last = _HEIGHT - _BOTTOM + 18, list[Node](), float("-inf")
    for x, text in zip(right, labels, strict=True):
        half = len(cut(text, 16)) * 3.6
        if x - half > last + 6:
            shown.append(label_at(x, y, cut(text, 16), "tick", "middle"))
            last = x + half
    name = label_at((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, axis.name, "name", "middle")
    return [shown, name]


def _line(spots: Sequence[tuple[float, Point, float | None]], down: Scale) -> Node:
    """Lines between neighbours; what has no number interrupts them."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, _, value in spots:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x, value))
    made: list[Node] = []
    for run in runs:
        kept = [(run[place][0], value) for place, value in thinned([value for _, value in run], CURVE)] if run else []
        if len(kept) > 1:
            made.append(h.polyline(".curve", points=" ".join(f"{px(x)},{px(down.at(value))}" for x, value in kept)))
    return made


def _spot(x: float, point: Point, value: float | None, down: Scale) -> Node:
    if value is None:
        mark = GLYPHS["failed" if point.failure is not None else "missing"]
        text = h.text(class_=f"mark {point.state}", x=px(x), y=px(_HEIGHT - _BOTTOM - 8), text_anchor="middle")
        return text[h.title[f"{named(point.params)}: {point.state}"], mark]
    said = "" if point.state == "fresh" else f", {point.state}"
    dot = h.circle(class_=f"dot {point.state}", cx=px(x), cy=px(down.at(value)), r="3.5")
    return dot[h.title[f"{named(point.params)}: {number(value)}{said}"]]


def _cloud(spots: Sequence[tuple[float, Point, float | None]], down: Scale, line: bool) -> Node:
    """Many dots as one path: they take a hundredth of the room, and none of them can say what it is."""
    if line:
        return None
    dots = dict.fromkeys(f"M{px(x)} {px(down.at(value))}h0" for x, _, value in spots if value is not None)
    return h.path(".cloud", d="".join(dots))


def _extremes(spots: Sequence[tuple[float, Point, float | None]], down: Scale, known: Sequence[float]) -> Node:
    """The numbers of the highest and the lowest point; which of them is the better one nobody has said."""
    low, high = min(known), max(known)
    if low == high:
        return None
    made: list[Node] = []
    for value, sign, shift in ((high, "▲", -10.0), (low, "▼", 18.0)):
        x = next(x for x, _, each in spots if each == value)
        anchor = "start" if x < _LEFT + 60 else "end" if x > _WIDTH - _RIGHT - 60 else "middle"
        made.append(label_at(x, down.at(value) + shift, f"{sign} {number(value)}", "peak", anchor))
    return made


def spark(numbers: Sequence[float | None], label: str) -> Element:
    """A small curve for a line of text."""
    width, height = 120.0, 26.0
    known = [each for each in numbers if each is not None]
    down = Scale.over(known, height - 3, 3)
    step = (width - 6) / max(1, len(known) - 1)
    kept = thinned(known, SPARKS)
    line = " ".join(f"{px(3 + place * step)},{px(down.at(value))}" for place, value in kept)
    return drawing(width, height, label, "spark", h.polyline(".curve", points=line))


def bars(numbers: Sequence[float], label: str) -> Element:
    """A few numbers as bars for a line of text; they stand on zero, or hang from it."""
    height, step = 26.0, 9.0
    down = Scale.over([*numbers, 0.0], height - 1, 1)
    zero = down.at(0.0)
    made: list[Node] = []
    for place, value in enumerate(numbers):
        y = down.at(value)
        rect = {
            "x": px(place * step),
            "width": px(step - 2),
            "y": px(min(y, zero)),
            "height": px(max(1, abs(y - zero))),
        }
        made.append(h.rect(".bar", rect))
    return drawing(step * len(numbers), height, label, "spark", *made)
