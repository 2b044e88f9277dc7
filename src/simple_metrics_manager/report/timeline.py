"""The section about the last run: when what was computed, and what took longest."""

from __future__ import annotations

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.report.axes import Scale, rounded
from simple_metrics_manager.report.elements import Element, Node, drawing, h, label_at, px, scrolling
from simple_metrics_manager.report.facts import Facts, MetricFacts
from simple_metrics_manager.report.marks import link, moment
from simple_metrics_manager.report.runs import Lane, Run, lanes, last_run
from simple_metrics_manager.report.wording import count, cut

_WIDTH, _LEFT, _RIGHT, _TOP = 1000.0, 180.0, 74.0, 30.0
_ROW, _THIN, _GAP = 16.0, 6.0, 8.0
_UNITS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def timeline(facts: Facts) -> Node | None:
    """The drawing and the list; None if nothing was ever computed."""
    run = last_run(facts)
    if run is None:
        return None
    known = {metric.name: metric for metric in facts.metrics}
    failed = sum(each.failed for each in run.computations)
    told = f"{count(len(run.computations) - failed, 'value')} in {format_seconds(run.seconds)}"
    return [
        h.p(".doc")[told, f", {count(failed, 'failure')}" if failed else None, "; it began ", moment(run.start), "."],
        h.figure[scrolling("Timeline of the last run", _drawing(run, told))],
        _slowest(run, known),
    ]


def _drawing(run: Run, told: str) -> Element:
    made = lanes(run)
    right = Scale(0.0, max(run.seconds, 1e-6), _LEFT, _WIDTH - _RIGHT)
    high = [max(_ROW, _THIN * len(lane.rows)) + _GAP for lane in made]
    height = _TOP + sum(high) + 8
    y, parts = _TOP, list[Node]()
    for lane, each in zip(made, high, strict=True):
        parts.append(_lane(lane, y, each - _GAP, right))
        y += each
    return drawing(_WIDTH, height, f"Timeline: {told}", "chart timeline", _grid(right, height), parts)


def _grid(right: Scale, height: float) -> Node:
    size, unit = next((each for each in _UNITS if right.high >= 4 * each[0]), _UNITS[-1])
    made: list[Node] = []
    for each in rounded(0.0, right.high / size, 6):
        x = px(right.at(each * size))
        made.append(h.line(".grid", x1=x, x2=x, y1=px(_TOP - 8), y2=px(height)))
        made.append(label_at(right.at(each * size), _TOP - 14, f"{each:g} {unit}", "tick", "middle"))
    return made


def _lane(lane: Lane, y: float, high: float, right: Scale) -> Node:
    thin = high / len(lane.rows)
    bars: list[Node] = []
    end = 0.0
    for place, row in enumerate(lane.rows):
        for bar in row:
            x, stop = right.at(bar.start), right.at(bar.end)
            end = max(end, stop)
            told = f"{bar.what} and {bar.many - 1} more" if bar.many > 1 else bar.what
            said = h.title[f"{told}: " + ("failed" if bar.failed else format_seconds(bar.end - bar.start))]
            if bar.failed:
                bars.append(h.text(".mark.failed", x=px(x), y=px(y + high / 2 + 5), text_anchor="middle")[said, "✕"])
                continue
            size = {"x": px(x), "y": px(y + place * thin), "width": px(max(1.5, stop - x)), "height": px(thin - 1)}
            bars.append(h.rect(".bar", size)[said])
    name = label_at(_LEFT - 12, y + high / 2 + 4, cut(lane.metric, 24), "lane", "end")
    took = label_at(end + 6, y + high / 2 + 4, format_seconds(lane.seconds), "tick") if lane.seconds else None
    return [name, bars, took]


def _slowest(run: Run, known: dict[str, MetricFacts]) -> Node:
    slow = run.slowest
    if not slow:
        return None
    most = slow[0].seconds or 1.0
    rest = [each.seconds for each in run.computations if not each.failed and each not in slow]
    rows = [
        h.tr[
            h.td(".n")[format_seconds(each.seconds)],
            h.td(".share")[h.meter(min="0", max="100", value=f"{100 * each.seconds / most:.0f}", aria_hidden="true")],
            h.td[link(known.get(each.metric), each.name)],
        ]
        for each in slow
    ]
    heads = h.tr[h.th(".n", scope="col")["Took"], h.td, h.th(scope="col")["Value"]]
    return h.div(".slowest")[
        h.h3["Slowest"],
        scrolling("Slowest values of the last run", h.table[h.thead[heads], h.tbody[rows]]),
        h.p(".left")[f"The other {len(rest):,} took {format_seconds(sum(rest))} together."] if rest else None,
    ]
