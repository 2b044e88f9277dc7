"""What is drawn where: the layout of graphs, colours, curves, and the lanes of a timeline."""

from __future__ import annotations

import itertools
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("htpy", reason="needs the extra report")

from simple_metrics_manager.freshness.status import StatusRow
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.report.axes import Scale, grows, rounded
from simple_metrics_manager.report.colours import INKS, bounds, contrast, ink_on, ramp, step_of
from simple_metrics_manager.report.facts import Facts, MetricFacts, Point
from simple_metrics_manager.report.grids import axes_of, numbers_of
from simple_metrics_manager.report.layout import Edge, laid_out, without_shortcuts
from simple_metrics_manager.report.limits import BARS, LANES, thinned
from simple_metrics_manager.report.runs import lanes, last_run
from simple_metrics_manager.report.wording import as_number, number, spelled
from tests.report.demo import NOW


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[Edge]]:
    """Nodes in an order in which every edge leads forward."""
    nodes = [f"n{place}" for place in range(draw(st.integers(1, 14)))]
    pairs = [*itertools.combinations(nodes, 2)]
    return nodes, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=30)) if pairs else []


def reach(nodes: list[str], edges: list[Edge]) -> set[Edge]:
    """Who is reached from whom."""
    found = set(edges)
    for middle, left, right in itertools.product(nodes, repeat=3):
        if (left, middle) in found and (middle, right) in found:
            found.add((left, right))
    return found


@given(graphs())
def test_layout(graph: tuple[list[str], list[Edge]]) -> None:
    """What is read stands left of what reads it, no two nodes lie on each other, and every edge has its way."""
    nodes, edges = graph
    found = laid_out(nodes, edges)

    assert set(found.places) == set(nodes)
    assert all(found.places[source][0] < found.places[target][0] for source, target in edges)
    for (_, (column, row)), (_, (other, at)) in itertools.combinations(found.places.items(), 2):
        assert column != other or abs(row - at) >= 1
    assert set(found.paths) == set(edges)
    for (source, target), path in found.paths.items():
        assert (path[0], path[-1]) == (found.places[source], found.places[target])
        assert [column for column, _ in path] == [*range(path[0][0], path[-1][0] + 1)]
    assert all(0 <= row < found.rows for _, row in found.places.values())


@given(graphs())
def test_shortcuts_are_not_drawn(graph: tuple[list[str], list[Edge]]) -> None:
    """Without them everything is reached that was, and none that is drawn could be left out as well."""
    nodes, edges = graph
    drawn, short = without_shortcuts(nodes, edges)

    assert sorted(drawn + short) == sorted(edges)
    assert reach(nodes, drawn) == reach(nodes, edges)
    for edge in drawn:
        assert edge not in reach(nodes, [each for each in drawn if each != edge])


def test_edges_that_go_round_are_left_out() -> None:
    """Metrics that need each other, or themselves, have places; of the edges those stay that lead forward."""
    found = laid_out(["a", "b"], [("a", "b"), ("b", "a"), ("a", "a")])

    assert found.places == {"a": (0, 0.0), "b": (1, 0.0)}
    assert [*found.paths] == [("a", "b")]


def test_every_number_in_a_map_can_be_read() -> None:
    """The ink stands out 4.5 to 1 from each colour, and the colours grow lighter from step to step."""
    light = [contrast(colour, "#000000") for colour in ramp()]

    assert min(contrast(INKS[ink_on(colour)], colour) for colour in ramp()) >= 4.5
    assert light == sorted(light)
    assert (step_of(0.0, 0.0, 1.0), step_of(9.0, 0.0, 1.0), step_of(3.0, 3.0, 3.0)) == (0, 47, 24)


def test_an_outlier_does_not_flatten_a_map() -> None:
    """One wild number is drawn in the last colour; without one, the colours end where the numbers do."""
    numbers = [0.9 + n / 1000 for n in range(40)]

    assert bounds([*numbers, -1e6]) == (numbers[1], numbers[-1])
    assert bounds(numbers) == (numbers[0], numbers[-1])


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=700), st.integers(4, 200))
def test_thinning_keeps_peaks(numbers: list[float], most: int) -> None:
    """Of many numbers about that many are drawn, in order, among them the extremes, the first and the last."""
    kept = thinned(numbers, most)

    assert len(kept) <= max(most + 2, 4)
    assert kept == sorted(kept)
    assert {max(numbers), min(numbers), numbers[0], numbers[-1]} <= {value for _, value in kept}
    assert all(numbers[place] == value for place, value in kept)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e12))
def test_ticks_are_round_and_inside(low: float, width: float) -> None:
    """There are a few of them, evenly spaced, between the ends of the scale."""
    ticks = rounded(low, low + width)

    assert len(ticks) <= 7
    assert all(low - width / 100 <= tick <= low + width * 1.01 for tick in ticks)
    assert Scale.over([low, low + width], 0.0, 100.0).at(low) == pytest.approx(0.0)


def test_scales_that_grow_by_factors() -> None:
    """Values such as 0.1, 1, 10 lie evenly on their scale; values such as 10, 20, 30 do so on theirs."""
    assert grows([0.1, 1.0, 10.0, 100.0])
    assert not grows([10.0, 20.0, 30.0, 50.0])
    assert not grows([-1.0, 1.0, 1000.0])
    scale = Scale.over([0.1, 1.0, 10.0], 0.0, 100.0, logarithmic=True)
    assert [round(scale.at(each)) for each in (0.1, 1.0, 10.0)] == [0, 50, 100]
    assert scale.ticks == [0.1, 1.0, 10.0]


def test_words_for_numbers() -> None:
    """Four digits, integers whole, infinities by name, and a value in one line."""
    assert [*map(number, (0.97387, 1797.0, 1e-5, float("inf"), 12345678.9, 10**400))] == [
        "0.9739", "1,797", "1e-05", "inf", "1.235e+07", "…",
    ]  # fmt: skip
    assert as_number({"$float": "-inf"}) == float("-inf")
    others: list[Tree] = [True, "1", {"a": 1}, None]
    assert [*map(as_number, others)] == [None] * 4
    assert spelled({"a": 1, "b": [1.5, "x"]}) == "a=1, b=[1.5, 'x']"


def computed(name: str, *, end: float, seconds: float) -> Point:
    """A value that was there so many seconds after a moment."""
    return Point(name, "fresh", {}, Record(name=name, date=NOW + timedelta(seconds=end), seconds=seconds, preview=1.0))


def facts(*metrics: tuple[str, list[Point]]) -> Facts:
    """Facts with nothing but when things were computed."""
    made = [MetricFacts(name, StatusRow(name, "fresh"), tuple(points)) for name, points in metrics]
    return Facts("Made", "", tuple(made))


def test_a_pause_ends_a_run() -> None:
    """The last run is what was computed without a pause of ten minutes; a long computation is no pause."""
    run = last_run(
        facts(
            ("old", [computed("old", end=0, seconds=5)]),
            ("long", [computed("long", end=8_000, seconds=7_000)]),
            ("new", [computed("new", end=8_100, seconds=1)]),
        )
    )

    assert run is not None
    assert [each.name for each in run.computations] == ["long", "new"]
    assert run.seconds == 7_100
    assert [each.name for each in run.slowest] == ["long", "new"]
    assert last_run(facts()) is None


def test_what_ran_side_by_side_lies_side_by_side() -> None:
    """Bars that overlap are in different rows of their lane; short neighbours become one, and none is lost."""
    points = [computed(f"p{n}", end=10 + n // 2, seconds=1) for n in range(8)]
    run = last_run(facts(("p", points)))
    assert run is not None
    lane = lanes(run)[0]

    assert [len(row) for row in lane.rows] == [4, 4]
    assert lane.seconds == 8

    many = [computed(f"p{n}", end=n / 1000, seconds=0.0005) for n in range(5_000)]
    crowd = [(f"m{n}", [computed(f"m{n}", end=n / 10, seconds=0.01)]) for n in range(100)]
    run = last_run(facts(("p", many), *crowd))
    assert run is not None
    found = lanes(run)
    bars = [bar for each in found for row in each.rows for bar in row]
    assert len(found) == LANES
    assert len(bars) <= BARS
    assert sum(bar.many for bar in bars) == 5_100


def test_what_varies_in_a_sweep() -> None:
    """Parameters of one value are no axes; numbers are in order, words as declared; parts of values have names."""
    record = Record(name="x", date=NOW)
    points = [
        Point(
            "",
            "fresh",
            {"a": a, "kind": kind, "b": 1},
            attrs.evolve(record, preview={"loss": a, "name": "a", "steps": 5}),
        )
        for a in (3.0, 1.0)
        for kind in ("noise", "flip")
    ]
    axes, constant = axes_of(points)

    assert [(axis.name, axis.levels) for axis in axes] == [("a", (1.0, 3.0)), ("kind", ("noise", "flip"))]
    assert constant == {"b": 1}
    assert numbers_of(points) == {"loss": [3.0, 3.0, 1.0, 1.0], "steps": [5.0] * 4}
