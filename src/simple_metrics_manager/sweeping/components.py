"""Strongly connected components: which nodes of a graph reach one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet


def components(before: Mapping[str, AbstractSet[str]]) -> Iterator[list[str]]:
    """The components of a graph, each after all that come before it.

    ``before`` has for each node those that come before it. This is Tarjan's algorithm, on a stack of its own since a
    path may be longer than calls can be deep.
    """
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: dict[str, None] = {}
    for root in before:
        path = [] if root in index else [(root, iter(before[root]))]
        while path:
            node, others = path[-1]
            if node not in index:
                index[node] = lowest[node] = len(index)
                open_[node] = None
            for other in others:
                if other not in index:
                    path.append((other, iter(before[other])))
                    break
                if other in open_:
                    lowest[node] = min(lowest[node], index[other])
            else:
                path.pop()
                if path:
                    parent = path[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
                if lowest[node] == index[node]:
                    yield _closed(open_, node)


def _closed(open_: dict[str, None], first: str) -> list[str]:
    found: list[str] = []
    while not found or found[-1] != first:
        found.append(open_.popitem()[0])
    return found
