"""``smm graph --svg``: the graph as a picture of its own, laid out as in the report."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping, Sequence

from simple_metrics_manager.errors import MissingExtraError
from simple_metrics_manager.freshness.drawing import Arrows, Labels

_HIGH, _DOWN, _ACROSS, _AIR, _LETTER = 34.0, 18.0, 56.0, 14.0, 7.9
_BORDERS: Mapping[str, str] = {
    "fresh": "#1a7f4b",
    "stale": "#b06f00",
    "unknown": "#b06f00",
    "failed": "#c0323a",
    "missing": "#7b8494",
}
_PLAIN = "#57606a"
_HEAD = (
    '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    f'<path d="M0 0L8 4L0 8z" fill="{_PLAIN}"/></marker>'
)


def as_svg(title: str, labels: Labels, arrows: Arrows, states: Mapping[str, str]) -> str:
    """The nodes from left to right; a state is the colour of a border, and what is but possible a dashed line.

    An arrow is left out if a longer way leads there too, or if it goes round; the description names it.

    Raises:
        MissingExtraError: the extra ``report`` is not installed, to which the layout belongs.
    """
    try:
        from simple_metrics_manager.report.elements import visible  # noqa: PLC0415 - it needs an extra
        from simple_metrics_manager.report.layout import laid_out, without_shortcuts  # noqa: PLC0415 - and so does this
    except MissingExtraError as error:
        raise MissingExtraError("drawing a graph", error.package, error.extra) from error
    needed, _ = without_shortcuts([*labels], [(source, target) for source, target, _ in arrows])
    layout = laid_out([*labels], needed)
    wide = max((len(label) for label in labels.values()), default=0) * _LETTER + 24
    step, down = wide + _ACROSS, _HIGH + _DOWN
    width = layout.columns * step - _ACROSS + 2 * _AIR if labels else 2 * _AIR
    height = layout.rows * down - _DOWN + 2 * _AIR if labels else 2 * _AIR
    body = [f"<title>{html.escape(visible(title))}</title>"]
    left = [f"{target} reads {source}" for source, target, _ in arrows if (source, target) not in layout.paths]
    body += [f"<desc>Not drawn: {html.escape(visible('; '.join(left)))}.</desc>"] if left else []
    body += [f"<defs>{_HEAD}</defs>", f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>']
    for source, target, sure in arrows:
        if (source, target) in layout.paths:
            way = [(_AIR + column * step, _AIR + row * down) for column, row in layout.paths[source, target]]
            body.append(_arrow(way, wide, sure=sure))
    for name, label in labels.items():
        column, row = layout.places[name]
        colour = _BORDERS[states[name]] if name in states else _PLAIN
        body.append(_node(_AIR + column * step, _AIR + row * down, wide, visible(label), colour))
    head = (
        f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    )
    return "\n".join([f'<svg {head} font-family="monospace" font-size="13">', *body, "</svg>"]) + "\n"


def _node(x: float, y: float, wide: float, label: str, colour: str) -> str:
    box = f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{_HIGH:g}" rx="7" fill="#f6f8fa" stroke="{colour}"/>'
    text = f'<text x="{x + 12:g}" y="{y + 22:g}" fill="#1f2328">{html.escape(label)}</text>'
    return f"<g>{box}{text}</g>"


def _arrow(way: Sequence[tuple[float, float]], wide: float, *, sure: bool) -> str:
    """From the right side of a node to the left one of another, level where it passes between nodes."""
    middle = _HIGH / 2
    steps = [f"M{way[0][0] + wide:g} {way[0][1] + middle:g}"]
    for (x, y), (to_x, to_y) in itertools.pairwise(way):
        half = (x + wide + to_x) / 2
        steps.append(f"C{half:g} {y + middle:g} {half:g} {to_y + middle:g} {to_x:g} {to_y + middle:g}")
        if (to_x, to_y) != way[-1]:
            steps.append(f"H{to_x + wide:g}")
    dashes = "" if sure else ' stroke-dasharray="5 4"'
    return f'<path d="{"".join(steps)}" fill="none" stroke="{_PLAIN}"{dashes} marker-end="url(#head)"/>'
