"""``graph``: who reads whom, as the source says and as was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from typing_extensions import override

from simple_metrics_manager import (
    DatedCacheManager,
    JsonStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    metric,
)
from simple_metrics_manager.freshness.graph import MetricGraph
from simple_metrics_manager.storing.storage import Storage
from tests.compat.own_storages import DuckStorage
from tests.freshness.test_provenance import Diamond


class Lab(DatedCacheManager):
    """Reads in all ways."""

    verbose = False

    @metric
    def report(self) -> str:
        return " ".join(map(str, self.inertia.get_all())) + self.title

    @metric(params_list=[(1,), (2,), (3,)])
    def inertia(self, k: int) -> float:
        return self.total * k if k < 3 else self.extra(k)

    @metric
    def total(self) -> float:
        return 2.0

    @metric(dynamic=True)
    def extra(self, k: int) -> float:
        return k * 0.5

    @metric
    def title(self) -> str:
        return str(self.get("hidden"))

    @metric
    def hidden(self) -> int:
        return 1


class Derived(Lab):
    """Reads what it overrides."""

    @metric(params_list=[(1,), (2,)])
    @override
    def inertia(self, k: int) -> float:
        return super().inertia(k) + 1.0

    @metric
    @override
    def total(self) -> float:
        return super().total + 1.0


def edges(graph: MetricGraph) -> dict[tuple[str, str], tuple[str | None, int]]:
    """By source and target: what the source says, and how often it was recorded."""
    return {(edge.source, edge.target): (edge.certainty, edge.recorded) for edge in graph.edges}


def counts(graph: MetricGraph) -> dict[str, tuple[bool, int, int]]:
    """By name: whether it is a sweep, and how many are declared and stored."""
    return {node.name: (node.sweep, node.declared, node.stored) for node in graph.nodes}


STATIC = {
    ("inertia", "report"): ("required", 0),
    ("title", "report"): ("required", 0),
    ("total", "inertia"): ("possible", 0),
    ("extra", "inertia"): ("possible", 0),
}


def test_before_anything_ran(tmp_path: Path) -> None:
    """The source says what is read, and how certainly; what it does not say is not there."""
    graph = Lab(NpzStorageInterface(tmp_path)).graph()

    assert edges(graph) == STATIC
    assert counts(graph) == {
        "total": (False, 1, 0),
        "extra": (True, 0, 0),
        "inertia": (True, 3, 0),
        "hidden": (False, 1, 0),
        "title": (False, 1, 0),
        "report": (False, 1, 0),
    }
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("kind", ["npz", "json", "three methods"])
def test_after(tmp_path: Path, kind: Literal["npz", "json", "three methods"]) -> None:
    """Records add what only running code could tell, in numbers, as far as a storage keeps them."""
    storages: dict[str, Storage] = {
        "npz": NpzStorageInterface(tmp_path),
        "json": JsonStorageInterface(tmp_path),
        "three methods": DuckStorage(),
    }
    cm = Lab(storages[kind])
    cm.get("report")
    graph = cm.graph()

    assert cm.graph(recorded=False) == Lab().graph()
    assert counts(graph)["inertia"] == (True, 3, 3)
    if kind == "three methods":
        assert edges(graph) == STATIC
        return
    assert counts(graph)["extra"] == (True, 0, 1)
    assert edges(graph) == {
        ("inertia", "report"): ("required", 1),
        ("title", "report"): ("required", 1),
        ("total", "inertia"): ("possible", 2),
        ("extra", "inertia"): ("possible", 1),
        ("hidden", "title"): (None, 1),
    }
    assert graph.inputs("report") == ("inertia", "title")
    assert graph.readers("total") == ("inertia",)


def test_what_is_read_comes_first(tmp_path: Path) -> None:
    """The nodes are in an order in which they could be computed, and edges go from earlier to later ones."""
    cm = Lab(NpzStorageInterface(tmp_path))
    cm.get("report")
    graph = cm.graph()
    place = {node.name: index for index, node in enumerate(graph.nodes)}

    assert all(place[edge.source] < place[edge.target] for edge in graph.edges)


def test_an_overridden_metric(tmp_path: Path) -> None:
    """What ``super()`` means is a node of its own, as it is a value of its own."""
    cm = Derived(NpzStorageInterface(tmp_path))
    cm.get_all(["total", "inertia,k=1", "inertia,k=2"])
    graph = cm.graph()

    assert edges(graph)["total@Lab", "total"] == ("required", 1)
    assert edges(graph)["inertia@Lab", "inertia"] == ("required", 2)
    assert counts(graph)["total@Lab"] == (False, 1, 1)
    assert counts(graph)["inertia@Lab"] == (True, 0, 2)


def test_metrics_of_another_manager(tmp_path: Path) -> None:
    """They are nodes that this class does not declare."""
    cm = Diamond(NpzStorageInterface(tmp_path))
    cm.get("top")
    graph = cm.graph()

    assert edges(graph)["Other.far", "ground"] == (None, 1)
    assert counts(graph)["Other.far"] == (False, 0, 0)


def test_collected_functions(tmp_path: Path) -> None:
    """Their source is not looked into; what was recorded is told, by the function and not by its parameter sets."""
    manager = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path))
    manager.verbose = False

    @manager.collect(params_list=[(1,), (2,)])
    def poly(a: int) -> float:
        return a * 2.0

    @manager.collect
    def both() -> float:
        return poly.cached(1) + poly.cached(2)

    assert edges(manager.graph()) == {}
    both.cached()
    assert edges(manager.graph()) == {("poly", "both"): (None, 1)}
    assert counts(manager.graph())["poly"] == (True, 2, 2)


def test_as_text(tmp_path: Path) -> None:
    """An indented list, what is read below what reads it."""
    cm = Lab(NpzStorageInterface(tmp_path))
    cm.get("total")

    assert str(cm.graph()).splitlines() == [
        "Lab: 6 metrics",
        "report (not stored)",
        "  inertia (0 of 3 stored)",
        "    total (stored), possibly",
        "    extra (0 stored), possibly",
        "  title (not stored)",
        "hidden (not stored)",
    ]


def test_as_a_drawing(tmp_path: Path) -> None:
    """Mermaid and Graphviz draw arrows from what is read; possibilities are dotted."""
    graph = Derived(NpzStorageInterface(tmp_path)).graph()
    mermaid, dot = graph.to_mermaid().splitlines(), graph.to_dot().splitlines()
    number = {line.partition('["')[2].partition(" ")[0]: line.strip().partition("[")[0] for line in mermaid[1:9]}

    assert mermaid[0] == "flowchart LR"
    assert f"    {number['total@Lab']} --> {number['total']}" in mermaid
    assert f"    {number['total']} -.-> {number['inertia@Lab']}" in mermaid
    assert dot[:2] == ['digraph "Derived" {', "  rankdir=LR;"]
    assert '  "total@Lab" -> "total";' in dot
    assert '  "total" -> "inertia@Lab" [style=dashed];' in dot
    assert dot[-1] == "}"


def test_as_plain_data(tmp_path: Path) -> None:
    """Ready for JSON, and all of it."""
    graph = Lab(NpzStorageInterface(tmp_path)).graph()
    plain = json.loads(json.dumps(graph.to_dict()))

    assert (plain["schema"], plain["manager"]) == ("smm.graph/1", "Lab")
    assert plain["nodes"][0] == {"name": "total", "sweep": False, "declared": 1, "stored": 0}
    assert {(each["source"], each["target"]) for each in plain["edges"]} == set(STATIC)


def test_a_damaged_value_keeps_nobody_from_drawing(tmp_path: Path) -> None:
    """It is drawn as not stored."""
    cm = Lab(NpzStorageInterface(tmp_path))
    cm.get("total")
    (tmp_path / "Lab.total.npz").write_bytes(b"damage")

    assert counts(cm.graph())["total"] == (False, 1, 0)
