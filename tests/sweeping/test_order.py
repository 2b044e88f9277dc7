"""In which order many metrics are computed, and what a failure takes along."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.sweeping.components import components
from simple_metrics_manager.sweeping.needs import Node
from simple_metrics_manager.sweeping.order import Order

Edges: TypeAlias = dict[str, frozenset[str]]


def key(name: str) -> Metric[object]:
    """A key of this name."""
    return Metric[object].made_from(Declaration(lambda: None, takes_manager=False), name)


def node(name: str, needs: AbstractSet[str] = frozenset(), after: AbstractSet[str] = frozenset()) -> Node:
    """A node whose metric is what stands before the comma."""
    return Node(key(name), name.partition(",")[0], frozenset(needs), frozenset(after))


def nodes(*given: Node) -> dict[str, Node]:
    """Nodes by name."""
    return {one.key.name: one for one in given}


def names(keys: list[Metric[object]]) -> list[str]:
    """The names of keys."""
    return [each.name for each in keys]


def run(order: Order, failing: AbstractSet[str] = frozenset()) -> tuple[list[str], dict[str, str]]:
    """All that is computed, in its order, and what is skipped and why; what is ready is always taken from behind."""
    ran: list[str] = []
    skipped: dict[str, str] = {}
    waiting = names(order.ready())
    while waiting:
        name = waiting.pop()
        ran.append(name)
        if name in failing:
            skipped |= {lost.name: reason for lost, reason in order.failed(name)}
        else:
            order.done(name)
        waiting += names(order.ready())
    return ran, skipped


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Edges, Edges]:
    """What nodes need, and after what they come, without cycles."""
    order = draw(st.permutations([f"m{number}" for number in range(draw(st.integers(1, 12)))]))
    needs: Edges = {}
    after: Edges = {}
    for place, name in enumerate(order):
        earlier = st.frozensets(st.sampled_from(order[:place]), max_size=3) if place else st.just(frozenset[str]())
        needs[name], after[name] = draw(earlier), draw(earlier)
    return needs, after


def reached(edges: Mapping[str, AbstractSet[str]], start: str) -> set[str]:
    """What one comes to from a node, itself only through a cycle."""
    found: set[str] = set()
    todo = [*edges[start]]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += edges[name]
    return found


def made_of(needs: Edges, after: Edges) -> dict[str, Node]:
    """The nodes of a graph, in the order of their numbers."""
    return {name: node(name, needs[name], after[name]) for name in sorted(needs)}


@given(graphs())
def test_all_come_once_and_after_what_they_need(graph: tuple[Edges, Edges]) -> None:
    """Every node is ready exactly once, when all that it needs and all that it comes after is done."""
    needs, after = graph
    order = Order(made_of(needs, after))
    ran, skipped = run(order)

    assert sorted(ran) == sorted(needs)
    assert skipped == {}
    assert order.left == 0
    for name in needs:
        assert all(ran.index(other) < ran.index(name) for other in needs[name] | after[name])


@given(graphs(), st.data())
def test_failures_take_along_what_needs_them(graph: tuple[Edges, Edges], data: st.DataObject) -> None:
    """Exactly the transitive dependents of what fails are skipped, each because of one that it depends on."""
    needs, after = graph
    failing = data.draw(st.frozensets(st.sampled_from(sorted(needs))))
    order = Order(made_of(needs, after))
    ran, skipped = run(order, failing)
    lost = {name for name in needs if reached(needs, name) & failing}

    assert set(skipped) == lost
    assert sorted(ran) == sorted(needs.keys() - lost)
    assert order.left == 0
    for name, reason in skipped.items():
        assert reason in reached(needs, name) & failing & set(ran)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.frozensets(st.sampled_from("abcdefgh"))))
def test_components(edges: Edges) -> None:
    """Components hold what reaches one another, and come after all that they reach."""
    edges = {name: others & edges.keys() for name, others in edges.items()}
    found = list(components(edges))
    reach = {name: reached(edges, name) | {name} for name in edges}

    assert sorted(name for part in found for name in part) == sorted(edges)
    for place, part in enumerate(found):
        for name in part:
            assert set(part) == {other for other in reach[name] if name in reach[other]}
            assert all(other in {each for earlier in found[: place + 1] for each in earlier} for other in reach[name])


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.frozensets(st.sampled_from("abcdefgh")), min_size=1), st.data())
def test_cycles_do_not_lock(edges: Edges, data: st.DataObject) -> None:
    """Whatever needs whatever, and whatever fails, all are computed or skipped, and parts of a cycle skip no other."""
    edges = {name: others & edges.keys() for name, others in sorted(edges.items())}
    failing = data.draw(st.frozensets(st.sampled_from(sorted(edges))))
    ran, skipped = run(Order({name: node(name, others) for name, others in edges.items()}), failing)

    assert sorted([*ran, *skipped]) == sorted(edges)
    for name, reason in skipped.items():
        assert reason in reached(edges, name)
        assert name not in reached(edges, reason)


def test_parameter_sets_wait_for_all_of_another_metric() -> None:
    """A metric that may read any parameter set of another one comes after all of them."""
    order = Order(nodes(node("m,1", after={"p"}), node("m,2", after={"p"}), node("p,1"), node("p,2")))

    assert names(order.ready()) == ["p,1", "p,2"]
    order.done("p,2")
    assert names(order.ready()) == []
    assert order.failed("p,1") == []
    assert names(order.ready()) == ["m,1", "m,2"]
    assert order.left == 2


def test_what_others_need_comes_first() -> None:
    """Of what is ready, first comes what the longest way depends on, and else what was declared first."""
    order = Order(nodes(node("free"), node("last", {"middle"}), node("middle", {"first"}), node("first"), node("also")))

    assert names(order.ready()) == ["first", "free", "also"]


def test_a_metric_that_reads_itself_goes_one_by_one() -> None:
    """Parameter sets that may read one another come one after the other; a failure of one skips none of them."""
    order = Order(nodes(*(node(f"fib,{n}", after={"fib"}) for n in (1, 2, 3)), node("sum", after={"fib"})))

    assert names(order.ready()) == ["fib,1"]
    assert order.failed("fib,1") == []
    assert names(order.ready()) == ["fib,2"]
    order.done("fib,2")
    assert names(order.ready()) == ["fib,3"]
    order.done("fib,3")
    assert names(order.ready()) == ["sum"]


def test_metrics_that_read_each_other_wait_for_what_one_of_them_needs() -> None:
    """A cycle begins after everything that any of its metrics comes after, since each may come to it."""
    odd = [node("odd,1", {"x"}, {"even"}), node("odd,3", {"x"}, {"even"})]
    order = Order(nodes(node("even,2", after={"odd"}), *odd, node("x")))

    assert names(order.ready()) == ["x"]
    skipped = [(lost.name, reason) for lost, reason in order.failed("x")]
    assert skipped == [("odd,1", "x"), ("odd,3", "x")]
    assert names(order.ready()) == ["even,2"]


def test_only_what_is_ready_can_be_done() -> None:
    """A node cannot be done before it is ready, nor twice."""
    order = Order(nodes(node("a"), node("b", {"a"})))
    order.ready()
    order.done("a")

    with pytest.raises(ValueError, match="a"):
        order.done("a")
    with pytest.raises(ValueError, match="b"):
        order.failed("b")
    assert order.left == 1


def test_many() -> None:
    """Each of 20,000 parameter sets may read each of 20,000 others: that is planned and run through all the same."""
    first = [node(f"p,{n}", {"x"}) for n in range(20_000)]
    after = frozenset({"p"})
    ran, _ = run(Order(nodes(*(node(f"m,{n}", after=after) for n in range(20_000)), *first, node("x"))))

    assert [ran[0], len(ran)] == ["x", 40_001]
    assert {name[0] for name in ran[1:20_001]} == {"p"}
