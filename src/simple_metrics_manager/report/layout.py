"""Where the nodes of a graph lie: from left to right by what they read, with few crossings.

Layers are by the longest path, edges over several layers bend at places that are kept free for them, and the order
within a layer is found by going to and fro a few times and taking the mean of the neighbours' places, as Sugiyama's
method has it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import attrs

Edge: TypeAlias = tuple[str, str]
_SWEEPS = 12

_Spot: TypeAlias = tuple[str, int]
"""A node, or the place in a layer where an edge passes: then the name is that of its edge."""


@attrs.frozen
class Layout:
    """The column of each node and its height in it, and the way of each edge; both in units."""

    places: Mapping[str, tuple[int, float]]
    paths: Mapping[Edge, Sequence[tuple[int, float]]]

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return 1 + max((column for column, _ in self.places.values()), default=-1)

    @property
    def rows(self) -> float:
        """How high the highest one is."""
        everything = [*self.places.values(), *(spot for path in self.paths.values() for spot in path)]
        return 1 + max((row for _, row in everything), default=-1.0)


def laid_out(nodes: Sequence[str], edges: Iterable[Edge]) -> Layout:
    """The layout of a graph. Edges that go round are left where they are; ``nodes`` are in a good order already."""
    edges = [edge for edge in dict.fromkeys(edges) if edge[0] in nodes and edge[1] in nodes and edge[0] != edge[1]]
    order = {name: place for place, name in enumerate(nodes)}
    forward = [edge for edge in edges if order[edge[0]] < order[edge[1]]]
    column = _columns(nodes, forward)
    layers: list[list[_Spot]] = [[] for _ in range(1 + max(column.values(), default=-1))]
    for name in nodes:
        layers[column[name]].append((name, -1))
    links: dict[_Spot, list[_Spot]] = {}
    ways: dict[Edge, list[_Spot]] = {}
    for number, (source, target) in enumerate(forward):
        way: list[_Spot] = [(source, -1)]
        for between in range(column[source] + 1, column[target]):
            spot = (f"{source}\n{target}", number)
            layers[between].append((spot[0], between))
            way.append((spot[0], between))
        way.append((target, -1))
        ways[source, target] = way
        for before, after in itertools.pairwise(way):
            links.setdefault(before, []).append(after)
            links.setdefault(after, []).append(before)
    rows = _rows(layers, links)
    where = {spot: (number, rows[spot]) for number, layer in enumerate(layers) for spot in layer}
    return Layout(
        {name: where[name, -1] for name in nodes},
        {edge: [where[spot] for spot in way] for edge, way in ways.items()},
    )


def without_shortcuts(nodes: Sequence[str], edges: Iterable[Edge]) -> tuple[list[Edge], list[Edge]]:
    """The edges that a drawing needs, and those that only repeat a longer way."""
    edges = [*dict.fromkeys(edges)]
    after: dict[str, set[str]] = {}
    for source, target in edges:
        after.setdefault(source, set()).add(target)
    reach: dict[str, set[str]] = {}
    for name in reversed(nodes):  # what is read comes first: what reads it is known by now
        found: set[str] = set()
        for each in after.get(name, ()):
            found |= {each} | reach.get(each, set())
        reach[name] = found
    short = [
        (source, target)
        for source, target in edges
        if any(target in reach.get(each, ()) for each in after[source] if each not in (target, source))
    ]
    hidden = set(short)
    return [edge for edge in edges if edge not in hidden], short


def _columns(nodes: Sequence[str], edges: Iterable[Edge]) -> dict[str, int]:
    """By the longest path; what nothing is read for lies just before what reads it."""
    sources: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    for source, target in edges:
        sources.setdefault(target, []).append(source)
        targets.setdefault(source, []).append(target)
    found: dict[str, int] = {}
    for name in nodes:
        found[name] = 1 + max((found[each] for each in sources.get(name, ())), default=-1)
    for name in nodes:
        if name not in sources and name in targets:
            found[name] = min(found[each] for each in targets[name]) - 1
    return found


def _rows(layers: list[list[_Spot]], links: Mapping[_Spot, Sequence[_Spot]]) -> dict[_Spot, float]:
    rows: dict[_Spot, float] = {}
    for layer in layers:
        rows.update((spot, float(place)) for place, spot in enumerate(layer))
    for turn in range(_SWEEPS):
        sides = range(len(layers)) if turn % 2 == 0 else range(len(layers) - 1, -1, -1)
        for number in sides:
            layer = layers[number]
            wanted = {spot: _mean(spot, links, rows) for spot in layer}
            layer.sort(key=lambda spot: wanted[spot])
            rows.update(_spread(layer, wanted))
    lowest = min(rows.values(), default=0.0)
    halves: dict[_Spot, float] = {}
    for layer in layers:
        above = -1.0
        for spot in layer:  # so that chains are straight lines; rounding may not bring neighbours together
            above = halves[spot] = max(round(2 * (rows[spot] - lowest)) / 2, above + 1)
    return halves


def _mean(spot: _Spot, links: Mapping[_Spot, Sequence[_Spot]], rows: Mapping[_Spot, float]) -> float:
    near = [rows[each] for each in links.get(spot, ())]
    return sum(near) / len(near) if near else rows[spot]


def _spread(layer: Sequence[_Spot], wanted: Mapping[_Spot, float]) -> dict[_Spot, float]:
    """As near to where they want to be as their neighbours let them: at least one apart."""
    down: list[float] = []
    for spot in layer:
        down.append(max(wanted[spot], down[-1] + 1) if down else wanted[spot])
    up = [*down]
    for place in range(len(layer) - 1, -1, -1):
        limit = up[place + 1] - 1 if place + 1 < len(layer) else down[place]
        up[place] = min(wanted[layer[place]], limit) if place + 1 < len(layer) else wanted[layer[place]]
    middle = [(one + other) / 2 for one, other in zip(down, up, strict=True)]
    for place in range(1, len(middle)):
        middle[place] = max(middle[place], middle[place - 1] + 1)
    return dict(zip(layer, middle, strict=True))
