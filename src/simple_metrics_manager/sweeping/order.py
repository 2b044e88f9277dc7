"""In which order many metrics are computed: what others need first, nothing before what it needs.

The sorting is :class:`graphlib.TopologicalSorter`'s. Three things are added. All parameter sets of one metric meet at
a *barrier*: if 1,000 sets of one metric may read any of 1,000 of another, that makes 2,000 edges and not 1,000,000.
Metrics that may read one another (``fib(n)`` reads ``fib(n - 1)``; ``even`` reads ``odd`` reads ``even``) have no
order that is known beforehand: their nodes are computed one after the other as they were declared, so that no two
workers wait for each other, and each finds what the former ones have left. And a failure ends what cannot do without
the failed value, and only that: what merely comes *after* it is computed all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import TypeAlias

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.sweeping.components import components
from simple_metrics_manager.sweeping.needs import Node

_Point: TypeAlias = "str | int"
"""A node by its name, or a barrier by its number."""


class Order:
    """Nodes in an order in which they can be computed. It is not for several threads at once."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes
        self._sorter: TopologicalSorter[_Point] = TopologicalSorter()
        self._place = {name: place for place, name in enumerate(nodes)}
        self._over: set[str] = set()
        self._skipped: set[str] = set()
        before = _before(nodes)
        parts = list(components(before))
        self._part = {metric: number for number, part in enumerate(parts) for metric in part}
        self._before = [{self._part[other] for metric in part for other in before[metric]} for part in parts]
        self._members: list[list[str]] = [[] for _ in parts]
        for name, node in nodes.items():
            self._members[self._part[node.metric]].append(name)
        self._height = self._heights()
        self._arrange()
        self._alike, self._dependents = self._index()

    @property
    def left(self) -> int:
        """How many nodes are neither done, nor failed, nor skipped."""
        return len(self._nodes) - len(self._over)

    def ready(self) -> list[Metric[object]]:
        """What can be computed now and could not before: first what the longest way depends on, else as declared."""
        found: list[str] = []
        while points := self._sorter.get_ready():
            for point in points:
                if isinstance(point, int) or point in self._skipped:
                    self._sorter.done(point)
                else:
                    found.append(point)
        found.sort(key=self._urgency)
        return [self._nodes[name].key for name in found]

    def done(self, name: str) -> None:
        """It has been computed.

        Raises:
            ValueError: it was not ready, or is done already.
        """
        self._sorter.done(name)
        self._over.add(name)

    def failed(self, name: str) -> list[tuple[Metric[object], str]]:
        """It could not be computed; all that cannot be computed without it, however far, each with this ``name``.

        They are skipped: :meth:`ready` will not give them.

        Raises:
            ValueError: it was not ready, or is done already.
        """
        self.done(name)
        skipped: list[str] = []
        todo = [name]
        while todo:
            for alike in self._dependents.pop(todo.pop(), ()):
                lost = [other for other in self._alike.pop(alike, ()) if other not in self._over]
                self._over.update(lost)
                skipped += lost
                todo += lost
        self._skipped.update(skipped)
        return [(self._nodes[other].key, name) for other in sorted(skipped, key=self._place.__getitem__)]

    def _urgency(self, name: str) -> tuple[int, int]:
        return -self._height[self._part[self._nodes[name].metric]], self._place[name]

    def _is_chain(self, part: int) -> bool:
        return part in self._before[part]

    def _heights(self) -> list[int]:
        """For each part the length of the longest way from its beginning to an end of everything."""
        height = [0] * len(self._members)
        for part in reversed(range(len(self._members))):
            height[part] += len(self._members[part]) if self._is_chain(part) else 1
            for other in self._before[part] - {part}:
                height[other] = max(height[other], height[part])
        return height

    def _arrange(self) -> None:
        """Hand nodes and barriers to the sorter, which sees each part begin after the ends of others."""
        ends: list[_Point] = []
        for part, names in enumerate(self._members):
            first = [ends[other] for other in sorted(self._before[part] - {part})]
            if self._is_chain(part) or len(names) == 1:
                for previous, name in zip([None, *names], names, strict=False):
                    self._sorter.add(name, *(first if previous is None else [previous]))
                ends.append(names[-1])
                continue
            if len(first) > 1:
                self._sorter.add(2 * part, *first)
                first = [2 * part]
            for name in names:
                self._sorter.add(name, *first)
            self._sorter.add(2 * part + 1, *names)
            ends.append(2 * part + 1)
        self._sorter.prepare()

    def _index(self) -> tuple[dict[_Alike, list[str]], dict[str, list[_Alike]]]:
        """Nodes that need the same, and for each node what needs it; parts of a cycle are not known to need another."""
        alike: dict[_Alike, list[str]] = {}
        for name, node in self._nodes.items():
            if node.needs:
                alike.setdefault((self._part[node.metric], node.needs), []).append(name)
        dependents: dict[str, list[_Alike]] = {}
        for part, needs in alike:
            for name in needs & self._nodes.keys():
                if self._part[self._nodes[name].metric] != part:
                    dependents.setdefault(name, []).append((part, needs))
        return alike, dependents


_Alike: TypeAlias = "tuple[int, frozenset[str]]"


def _before(nodes: Mapping[str, Node]) -> dict[str, set[str]]:
    """For each metric the metrics that come before it."""
    before: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str], frozenset[str]]] = set()
    for node in nodes.values():
        before.setdefault(node.metric, set())
        seen.add((node.metric, node.needs, node.after))
    for metric, needs, after in seen:
        before[metric].update(_metrics(needs, nodes), after & before.keys())
    return before


def _metrics(names: Iterable[str], nodes: Mapping[str, Node]) -> Iterable[str]:
    return {nodes[name].metric for name in names if name in nodes}
