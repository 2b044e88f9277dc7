"""``smm graph``: which metric reads which, as lines for ``grep``, as text that others draw, or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.exporting import write_whole
from simple_metrics_manager.cli.graph_svg import as_svg
from simple_metrics_manager.cli.naming import matching
from simple_metrics_manager.cli.output import STYLES, Style
from simple_metrics_manager.cli.survey import survey
from simple_metrics_manager.freshness.drawing import as_dot, as_mermaid
from simple_metrics_manager.freshness.graph import GraphNode, MetricGraph


@attrs.frozen(kw_only=True)
class Graph:
    """The verb."""

    names: tuple[str, ...] = ()
    mermaid: bool = False
    dot: bool = False
    svg: str | None = None
    no_state: bool = False

    def run(self, context: Context) -> Exit:
        """Draw it."""
        graph = context.manager.graph(recorded=not self.no_state)
        if self.names:
            kept = set(matching(context.manager, self.names, graph))
            edges = tuple(edge for edge in graph.edges if {edge.source, edge.target} <= kept)
            graph = MetricGraph(graph.manager, tuple(node for node in graph.nodes if node.name in kept), edges)
        states = {} if self.no_state else {name: each.row.state for name, each in survey(context.manager).items()}
        labels = {node.name: _label(node, states) for node in graph.nodes}
        arrows = [(edge.source, edge.target, edge.sure) for edge in graph.edges]
        if self.svg is not None:
            write_whole(Path(self.svg), as_svg(graph.manager, labels, arrows, states).encode())
            context.out.note(f"Wrote {len(labels)} metrics, {len(arrows)} arrows to {self.svg}.")
        elif context.options.json:
            plain = graph.to_dict()
            nodes = [{**node.to_dict(), "state": states.get(node.name)} for node in graph.nodes]
            context.out.document("smm.graph/1", {**{k: v for k, v in plain.items() if k != "schema"}, "nodes": nodes})
        elif self.mermaid or self.dot:
            text = as_mermaid(labels, arrows) if self.mermaid else as_dot(graph.manager, labels, arrows)
            context.out.say(text.rstrip("\n"))
        else:
            self._list(context, graph, states)
        return Exit.DONE

    def _list(self, context: Context, graph: MetricGraph, states: Mapping[str, str]) -> None:
        """A line for each metric, what is read before what reads it."""
        arrow = context.out.sign("←", "<-")
        lines: list[tuple[str, str]] = []
        for node in graph.nodes:
            many = f" {context.out.sign('×', 'x')}{node.declared}" if node.sweep else ""
            sign = "" if self.no_state else f"{context.out.glyph(states[node.name]) if node.name in states else ' '} "
            read = [edge.source + ("" if edge.sure else "?") for edge in graph.edges if edge.target == node.name]
            lines.append((f"{sign}{node.name}{many}", f"{arrow} {', '.join(read)}" if read else ""))
        styles: list[Style] = [STYLES[states[node.name]] if node.name in states else "" for node in graph.nodes]
        context.out.table(lines, styles=styles)


def _label(node: GraphNode, states: Mapping[str, str]) -> str:
    many = f" ×{node.declared}" if node.sweep else ""
    state = f" ({states[node.name]})" if node.name in states else ""
    return f"{node.name}{many}{state}"
