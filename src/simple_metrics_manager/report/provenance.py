"""Where the value of a metric comes from, for those who ask: everything that its record says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.wording import sentence, size
from simple_metrics_manager.keys import without_params
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.report.elements import Node, h
from simple_metrics_manager.report.facts import MetricFacts
from simple_metrics_manager.report.marks import link, moment
from simple_metrics_manager.report.wording import count, plain

_CAUSES = 12
_DIFF = 60
_MANY = 20


def provenance(metric: MetricFacts, known: Mapping[str, MetricFacts]) -> Node:
    """What is the matter in full, the facts of the newest record, and the source of the function."""
    record = metric.newest
    return h.div(".provenance")[
        _causes(metric),
        None if record is None else h.dl[[[h.dt[name], h.dd[said]] for name, said in _facts(metric, record, known)]],
        _source(record),
    ]


def _causes(metric: MetricFacts) -> Node:
    causes = [*metric.row.causes.items()]
    if not causes:
        return None
    left = len(causes) - _CAUSES
    return h.ul(".causes")[
        [h.li[_cause(cause, points if metric.row.sweep else 0)] for cause, points in causes[:_CAUSES]],
        h.li[f"and {left} more"] if left > 0 else None,
    ]


def _cause(cause: Cause, points: int) -> Node:
    said = f"{count(points, 'point')}: {sentence(cause)}" if points else sentence(cause)
    return [said, diff(cause.diff) if cause.diff else None]


def diff(text: str) -> Node:
    """What was taken out and what was put in; the signs at the begin say it without colours."""
    lines = text.removesuffix("\n").split("\n")
    kinds = {"+": "added", "-": "removed", "@": "at"}
    return h.pre(".diff", tabindex="0")[
        [h.span(class_=kinds.get(line[:1]))[f"{line}\n"] for line in lines[:_DIFF]],
        f"… and {len(lines) - _DIFF} more lines" if len(lines) > _DIFF else None,
    ]


def _facts(metric: MetricFacts, record: Record, known: Mapping[str, MetricFacts]) -> Iterator[tuple[str, Node]]:
    yield "Stored as", [h.code[record.name], " and its other points" if metric.row.sweep else None]
    cpu = f" ({format_seconds(record.cpu_seconds)} of CPU)" if record.cpu_seconds else ""
    took = f", took {format_seconds(record.seconds)}{cpu}" if record.seconds else ""
    place = f", on {record.host}" if record.host else ""
    yield "Newest" if metric.row.sweep else "Computed", [moment(record.date), took, place]
    if metric.row.sweep and metric.row.date is not None:
        yield "Oldest", moment(metric.row.date)
    if record.type:
        yield "Type", h.code[record.type]
    if record.bytes:
        yield "Arrays", [h.code[record.summary], f", {size(record.bytes)}"]
    if record.version is not None:
        yield "Version", str(record.version)
    if record.inputs:
        yield "Inputs", h.code[", ".join(f"{name}={plain(value)}" for name, value in record.inputs.items())]
    yield from _origin(record, _reads(metric, known))
    if record.content and not metric.row.sweep:
        yield "Content", h.code[record.content]
    if record.history:
        yield "Since then", h.ul[[h.li[str(change)] for change in record.history]]


def _origin(record: Record, reads: list[Node]) -> Iterator[tuple[str, Node]]:
    if reads:
        yield "Read", [[", " if number else None, each] for number, each in enumerate(reads)]
    if record.code.hash:
        at = f", {record.code.file}:{record.code.line}" if record.code.file else ""
        yield "Code", [h.code[record.code.hash], at]
    if record.helpers:
        yield "Helpers", _listed(record.helpers, " ")
    if record.globals:
        yield "Globals", _listed(record.globals, " = ")
    if record.python:
        yield "Made with", ", ".join([f"Python {record.python}", *(f"{n} {v}" for n, v in record.libraries.items())])


def _listed(table: Mapping[str, str], between: str) -> Node:
    items = [*table.items()]
    left = len(items) - _MANY
    return [
        [[h.code[f"{name}{between}{text}" if text else name], h.br] for name, text in items[:_MANY]],
        f"and {left} more" if left > 0 else None,
    ]


def _reads(metric: MetricFacts, known: Mapping[str, MetricFacts]) -> list[Node]:
    """Each thing that was read, once, with a remark if it is another one now."""
    found: dict[Read, None] = {}
    for point in metric.points:
        if point.record is not None and len(found) <= _MANY:
            found.update(dict.fromkeys(point.record.reads))
    made: list[Node] = []
    for read in [*found][:_MANY]:
        source = known.get(without_params(read.metric))
        now = {point.name: point.record.content for point in source.points if point.record} if source else {}
        content = now.get(read.metric)
        changed = " (is another one now)" if content and read.content and content != read.content else None
        made.append([link(source, read.metric), changed])
    if len(found) > _MANY:
        made.append("and more")
    return made


def _source(record: Record | None) -> Node:
    if record is None or not record.code.source:
        return None
    return h.details(".source")[
        h.summary["The code that computed it"], h.pre(tabindex="0")[h.code[record.code.source.rstrip()]]
    ]
