"""``graph``: which metrics read which, before anything ran by what the source says, and after by what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Literal, TypeAlias

import attrs

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import CorruptMetricError, NewerFormatError
from simple_metrics_manager.freshness.drawing import as_dot, as_list, as_mermaid
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.provenance import record_called
from simple_metrics_manager.freshness.sweeps import Points, all_points, by_metric, stored_names
from simple_metrics_manager.keys import stored_name, without_params
from simple_metrics_manager.markup import Markup, Shown, joined, line, table, tag
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reads import key_called, reads_of

Certainty: TypeAlias = Literal["possible", "expected", "required"]


@attrs.frozen
class GraphNode:
    """A metric; all parameter sets of a sweep are one.

    ``declared`` counts its parameter sets, 1 for a plain metric; it is 0 for what the class does not declare: a
    metric of another manager, or one that is no more. ``stored`` counts the values that are stored.
    """

    name: str
    sweep: bool = False
    declared: int = 1
    stored: int = 0

    def __str__(self) -> str:
        if not (self.declared or self.stored or self.sweep):
            return self.name
        if self.sweep:
            of = f" of {self.declared}" if self.declared else ""
            return f"{self.name} ({self.stored}{of} stored)"
        return f"{self.name} ({'stored' if self.stored else 'not stored'})"

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return attrs.asdict(self)


@attrs.frozen
class GraphEdge:
    """``target`` reads ``source``.

    ``certainty`` is what the source of its function says: it is ``required``, ``expected`` (unless it fails before),
    or ``possible`` (in a branch, say), and None if it was not found there. ``recorded`` counts the stored values of
    ``target`` for which it was read.
    """

    source: str
    target: str
    certainty: Certainty | None = None
    recorded: int = 0

    @property
    def sure(self) -> bool:
        """Whether it is more than a possibility."""
        return self.recorded > 0 or self.certainty in ("expected", "required")

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return attrs.asdict(self)


@attrs.frozen
class MetricGraph(Shown):
    """The metrics of a manager, what is read before what reads it, and who reads whom.

    Printed, it is a list with what a metric reads below it.
    """

    manager: str
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()

    def inputs(self, name: str) -> tuple[str, ...]:
        """What a metric reads, by name."""
        return tuple(edge.source for edge in self.edges if edge.target == name)

    def readers(self, name: str) -> tuple[str, ...]:
        """What reads a metric, by name."""
        return tuple(edge.target for edge in self.edges if edge.source == name)

    def to_dict(self) -> dict[str, object]:
        """As plain data, ready for JSON."""
        return {
            "schema": "smm.graph/1",
            "manager": self.manager,
            "nodes": [node.to_dict() for node in self.nodes],
            "edges": [edge.to_dict() for edge in self.edges],
        }

    def to_mermaid(self) -> str:
        """The text of a Mermaid flowchart, which GitHub and Jupyter draw; a dotted arrow is a mere possibility."""
        return as_mermaid(self._labels(), self._arrows())

    def to_dot(self) -> str:
        """The text of a Graphviz graph; a dashed arrow is a mere possibility."""
        return as_dot(self.manager, self._labels(), self._arrows())

    def __str__(self) -> str:
        return "\n".join([f"{self.manager}: {len(self.nodes)} metrics", *as_list(self._labels(), self._arrows())])

    def __html__(self) -> Markup:
        rows = [(str(node), ", ".join(self._read_by(node.name)) or "-") for node in self.nodes]
        head = line(tag("b", self.manager), f": {len(self.nodes)} metrics")
        return joined(head, table(("metric", "reads"), rows))

    def _read_by(self, name: str) -> Iterator[str]:
        """What a metric reads, as it is said in a table."""
        into = [edge for edge in self.edges if edge.target == name]
        return (edge.source + ("" if edge.sure else " (possibly)") for edge in into)

    def _labels(self) -> dict[str, str]:
        return {node.name: str(node) for node in self.nodes}

    def _arrows(self) -> list[tuple[str, str, bool]]:
        return [(edge.source, edge.target, edge.sure) for edge in self.edges]


def graph(manager: Manager, *, recorded: bool = True) -> MetricGraph:
    """The graph of everything that is declared; with ``recorded``, also what the records of stored values say."""
    building = _Building(manager)
    building.declare()
    building.read_sources()
    if recorded:
        building.read_records()
    return building.made()


class _Building:
    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._kind = type(manager)
        self._nodes: dict[str, GraphNode] = {}
        self._edges: dict[tuple[str, str], GraphEdge] = {}
        self._points: dict[str, Points] = {}
        self._collected: dict[str, str] = {}
        """The functions that parameter sets of them are of, by their own names."""

    def declare(self) -> None:
        """What the class declares, and its functions."""
        for points in all_points(self._kind, self._manager.functions_dict):
            self._nodes[points.name] = GraphNode(points.name, points.sweep, len(points.keys))
            self._points[points.name] = points
            if points.declared is None:
                self._collected.update((key.name, points.name) for key in points.keys)

    def read_sources(self) -> None:
        """What the functions say, and those of base classes that they reach by ``super()``."""
        todo = [*self._nodes]
        for name in todo:  # it grows
            for source, read in reads_of(self._kind, name).items():
                certainty: Certainty = _CERTAINTIES[read.certainty]
                self._edges[source, name] = GraphEdge(source, name, certainty)
                if source not in self._nodes:
                    key = key_called(self._kind, source)
                    self._nodes[source] = GraphNode(source, sweep=key is None, declared=0 if key is None else 1)
                    todo.append(source)

    # ------------------------------------------------------------------------------------------------------- records
    def read_records(self) -> None:
        """What was read when the stored values were computed."""
        storage = self._manager.__metrics__.shelf.storage(self._manager)
        if storage is None:
            return
        label = Inquiry(self._manager).label
        names = stored_names(storage)
        further = by_metric(names or (), label)
        for metric in [*self._nodes]:
            asked = dict(self._asked(metric, names))
            points, others = self._points.get(metric), list[str]()
            if points is None:  # a sweep that is overridden: which points it has, only the storage knows
                others = [name for name in names or () if name.startswith(f"{stored_name(label, metric)},")]
            elif points.declared is not None and points.declared.dynamic:
                others = [stored_name(label, name) for name in further.get(metric, ())]
            for stored in dict.fromkeys([*asked, *sorted(others)]):
                record = self._record(asked.get(stored), storage, stored)
                if record is not None:
                    self._note(metric, label, record)

    def _asked(self, metric: str, names: frozenset[str] | None) -> Iterator[tuple[str, Question]]:
        """What is declared of a metric and may be stored, by stored names."""
        points = self._points.get(metric)
        base = key_called(self._kind, metric) if points is None else None
        for key in points.keys if points is not None else () if base is None else (base,):
            asked = self._manager.__metrics__.ask(self._manager, key)
            if names is None or asked.stored in names or any(old in names for old in self._old_names(key)):
                yield asked.stored, asked

    def _old_names(self, key: Metric[object]) -> Iterable[str]:
        return self._manager.old_names(key) if key.declaration.takes_manager else ()

    def _record(self, asked: Question | None, storage: object, stored: str) -> Record | None:
        if asked is None:
            return record_called(storage, stored)
        with suppress(CorruptMetricError, NewerFormatError):
            return self._manager.__metrics__.shelf.record(asked)
        return None

    def _note(self, metric: str, label: str, record: Record) -> None:
        node = self._nodes[metric]
        self._nodes[metric] = attrs.evolve(node, stored=node.stored + 1)
        for source in dict.fromkeys(self._metric_of(read, label) for read in record.reads):
            self._nodes.setdefault(source, GraphNode(source, declared=0))
            edge = self._edges.get((source, metric), GraphEdge(source, metric))
            self._edges[source, metric] = attrs.evolve(edge, recorded=edge.recorded + 1)

    def _metric_of(self, read: Read, label: str) -> str:
        """The node of something that was read."""
        if not read.manager:
            return self._collected.get(read.metric, read.metric)
        metric = without_params(read.metric)
        return metric if read.manager == label else stored_name(read.manager, metric)

    # --------------------------------------------------------------------------------------------------------- at last
    def made(self) -> MetricGraph:
        """The graph, in order."""
        order = {name: index for index, name in enumerate(_ordered(self._nodes, self._edges))}
        edges = sorted(self._edges.values(), key=lambda edge: (order[edge.target], order[edge.source]))
        return MetricGraph(self._kind.__qualname__, tuple(self._nodes[name] for name in order), tuple(edges))


def _ordered(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[str]:
    """What is read before what reads it, as far as nothing goes round; otherwise as it is declared."""
    names = [*names]
    declared = {name: index for index, name in enumerate(names)}
    sources: dict[str, list[str]] = {}
    for source, target in sorted(edges, key=lambda edge: declared[edge[0]]):
        sources.setdefault(target, []).append(source)
    order: list[str] = []
    begun: set[str] = set()
    for name in names:
        path = [] if name in begun else [(name, iter(sources.get(name, ())))]
        begun.add(name)
        while path:  # no calls in calls: a chain of metrics may be longer than Python lets calls be
            name, waiting = path[-1]
            new = next((each for each in waiting if each not in begun), None)
            if new is None:
                order.append(name)
                path.pop()
            else:
                begun.add(new)
                path.append((new, iter(sources.get(new, ()))))
    return order


_CERTAINTIES: tuple[Certainty, ...] = ("possible", "expected", "required")
