"""A graph as text: an indented list for a terminal, a Mermaid flowchart, a Graphviz graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Labels: TypeAlias = Mapping[str, str]
"""What is written at the nodes, by their names, in the order in which they are drawn."""

Arrows: TypeAlias = "Sequence[tuple[str, str, bool]]"
"""From, to, and whether there is more than a possibility of it."""


def as_list(labels: Labels, arrows: Arrows) -> Iterator[str]:
    """Lines: what nothing comes from first, and below each what comes to it; what was shown before only by name."""
    into: dict[str, list[tuple[str, bool]]] = {name: [] for name in labels}
    for source, target, sure in arrows:
        into[target].append((source, sure))
    read = {source for source, _, _ in arrows}
    shown: set[str] = set()
    for root in (*(name for name in labels if name not in read), *labels):  # those of a circle have no root
        todo = [] if root in shown else [(root, 0, True)]
        while todo:
            name, depth, sure = todo.pop()
            remark = ("" if sure else ", possibly") + (", see above" if name in shown and into[name] else "")
            yield "  " * depth + labels[name] + remark
            if name not in shown:
                todo += [(source, depth + 1, certain) for source, certain in reversed(into[name])]
            shown.add(name)


def as_mermaid(labels: Labels, arrows: Arrows) -> str:
    """A flowchart from left to right."""
    number = {name: f"m{index}" for index, name in enumerate(labels)}
    lines = [f'    {number[name]}["{_entities(label)}"]' for name, label in labels.items()]
    lines += [f"    {number[source]} {'-->' if sure else '-.->'} {number[target]}" for source, target, sure in arrows]
    return "\n".join(["flowchart LR", *lines]) + "\n"


def as_dot(title: str, labels: Labels, arrows: Arrows) -> str:
    """A directed graph from left to right."""
    lines = [f"  {_quoted(name)} [label={_quoted(label)}];" for name, label in labels.items()]
    lines += [f"  {_quoted(source)} -> {_quoted(target)}{_style(sure)};" for source, target, sure in arrows]
    return "\n".join([f"digraph {_quoted(title)} {{", "  rankdir=LR;", *lines, "}"]) + "\n"


def _style(sure: bool) -> str:
    return "" if sure else " [style=dashed]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _entities(text: str) -> str:
    return "".join(_ENTITIES.get(character, character) for character in text)


_ENTITIES: Mapping[str, str] = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;"}
