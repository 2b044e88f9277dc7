"""Words that are nearly right: errors say which one was meant, where it stands, and what is kept."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager import (
    DatedCacheManager,
    MemoryStorageInterface,
    MetricTypeError,
    NotStoredError,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    UndeclaredParametersError,
    UnknownMetricError,
    metric,
    storage_from_config,
)
from simple_metrics_manager.declaring.sets import declared, near
from simple_metrics_manager.errors import ConfigError
from simple_metrics_manager.errors.nearest import nearest

GRID = [(C, gamma) for C in (0.1, 1.0, 3.0, 10.0) for gamma in (0.001, 0.01)]


class Digits(DatedCacheManager):
    """A grid of which one point fails, and a metric that breaks its word."""

    verbose = False

    @metric
    def features(self) -> float:
        return 1.0

    @metric(params_list=GRID, dynamic=False)
    def cv_accuracy(self, C: float, gamma: float) -> float:  # noqa: N803  # as in the literature
        if C == 10.0 and gamma == 0.001:
            raise ValueError("X has 64 features")
        return C * gamma * self.features

    @metric
    def confusion(self) -> list[int]:
        return "none"  # type: ignore[return-value]  # what is under test


class Letters(DatedCacheManager):
    """Another manager with a metric of the same name."""

    @metric
    def features(self) -> float:
        return 2.0


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("featurs", "features"),
        ("cv_acuracy", "cv_accuracy"),
        ("cv_accuracy,C=0.2,gamma=0.001", "cv_accuracy,C=0.1,gamma=0.001"),
        ("nothing_like_it", None),
    ],
)
def test_metrics(asked: str, meant: str | None) -> None:
    """A name that is nearly that of a metric, of a sweep or of a parameter set is told what it may mean."""
    cm = Digits(MemoryStorageInterface())
    asking: list[Callable[[str], object]] = [cm.get, cm.why, cm.compute, cm.save, cm.clear]
    for ask in asking:
        with pytest.raises(UnknownMetricError) as caught:
            ask(asked)

        assert caught.value.suggestion == meant
        assert (f"Did you mean {meant!r}?" in str(caught.value)) is (meant is not None)


def test_rows_of_a_status() -> None:
    """The table of a status, too, is asked by names."""
    status = Digits(MemoryStorageInterface()).status()
    with pytest.raises(UnknownMetricError, match=r"^Digits has no metric 'cv_acuracy'\. Did you mean 'cv_accuracy'\?$"):
        _ = status["cv_acuracy"]


def test_what_is_not_stored_names_the_storage_in_short() -> None:
    """The storage is written as it was made, not with everything that is at its default."""
    cm = Digits(NpzStorageInterface("nowhere"))
    with pytest.raises(NotStoredError) as caught:
        cm.load("featurs")

    assert str(caught.value) == (
        "'featurs' is not stored in NpzStorageInterface(metrics_dir=nowhere). Did you mean 'features'?"
    )


def test_the_key_of_another_manager() -> None:
    """A key of another class is told the one that is called alike."""
    with pytest.raises(UnknownMetricError, match=r"no metric 'Letters\.features'\. Did you mean 'Digits\.features'\?"):
        Digits().get(Letters.features)


def test_parameters() -> None:
    """A parameter that is spelled nearly right is named; one that is nothing like them is told what there is."""
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'gama'\. Did you mean 'gamma'\?"):
        Digits.cv_accuracy(C=3.0, gama=0.001)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'use_cached'; it takes C, gamma"):
        Digits().cv_accuracy.fresh(C=3.0, gamma=0.001, use_cached=True)  # type: ignore[call-arg]


def test_flags_of_collected_functions() -> None:
    """A collected function also takes flags, which are named where a keyword means nothing."""
    cm = ParameterizedDatedCacheManager(MemoryStorageInterface())

    @cm.collect(params_list=[[1]])
    def sample(count: int) -> int:
        return count

    with pytest.raises(TypeError, match=r"argument 'use_cached'\. Besides its own parameters .* use_stored and cache"):
        sample(1, cache=True, use_cached=True)
    with pytest.raises(TypeError, match=r"argument 'cont'\. Did you mean 'count'\?"):
        cm.sample(cont=1)


def test_points_of_a_grid() -> None:
    """A value that is not in a grid is told the grid, and what lies on both sides of it."""
    with pytest.raises(UndeclaredParametersError) as caught:
        Digits.cv_accuracy(5.0, 0.001)

    assert caught.value.near == ("C=3.0", "C=10.0")
    assert str(caught.value).splitlines() == [
        "Digits.cv_accuracy is not declared for C=5.0, gamma=0.001.",
        "  Declared: C in (0.1, 1.0, 3.0, 10.0), gamma in (0.001, 0.01)",
        "  Nearest: C=3.0 or C=10.0",
        "  Add it to params_list, or let any parameters in: @metric(params_list=..., dynamic=True) on cv_accuracy.",
    ]


def spell(row: tuple[object, ...]) -> str:
    """A row as messages of these tests have it."""
    return str(row)


@pytest.mark.parametrize(
    ("rows", "told", "asked", "nearby"),
    [
        ([], "nothing", (1,), ()),
        ([(1,)], "(1,)", (2,), ("k=1",)),
        ([(1,), (4,)], "k in (1, 4)", (9,), ("k=4",)),
        ([(k,) for k in range(10)], "k in (0, 1, 2, 3, 4, 5, 6, ... 9)", (-1,), ("k=0",)),
        ([("fast",), ("slow",)], "k in ('fast', 'slow')", ("fsat",), ("k='fast'",)),
        ([(True,), (False,)], "k in (True, False)", (None,), ()),
        ([(1, 2), (3, 4)], "(1, 2); (3, 4)", (1, 9), ("j=2",)),
        ([(1, 2), (3, 4)], "(1, 2); (3, 4)", (7, 9), ()),
        ([(k, -k) for k in range(9)], "; ".join(str((k, -k)) for k in range(8)) + "; and 1 more", (7, 9), ("j=-7",)),
    ],
)
def test_sets_in_short(
    rows: list[tuple[object, ...]], told: str, asked: tuple[object, ...], nearby: tuple[str, ...]
) -> None:
    """Complete grids are told by their values, others by their rows; neighbours differ in one parameter."""
    names = ("k", "j")[: len(asked)]

    assert declared(names, spell, rows) == told
    assert near(names, rows, asked) == nearby


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.floats(allow_nan=False))
def test_neighbours_are_next_to_it(values: list[float], asked: float) -> None:
    """No declared value lies between a number and its neighbours."""
    found = [float(text.removeprefix("k=")) for text in near(("k",), [(value,) for value in values], (asked,))]

    assert all(value in values for value in found)
    for value in values:
        assert not any(min(asked, other) < value < max(asked, other) for other in found)


def test_fields_of_a_configuration() -> None:
    """A field and a kind that are spelled nearly right are told what they may mean."""
    with pytest.raises(ConfigError, match=r"^extra fields found \(compres: did you mean compress\?\) @ storage$"):
        storage_from_config({"kind": "npz", "metrics_dir": "a", "compres": True})
    with pytest.raises(ConfigError, match=r"Did you mean 'npz'\? @ storage\.kind$"):
        storage_from_config({"kind": "npzz", "metrics_dir": "a"})


def test_a_broken_word_is_shown_where_it_stands() -> None:
    """The traceback does not lead into a function that has returned, so the message says where it is."""
    with pytest.raises(MetricTypeError) as caught:
        _ = Digits(MemoryStorageInterface()).confusion
    code = Digits.confusion.function.__code__

    assert caught.value.place == f"{__file__}:{code.co_firstlineno}"
    assert str(caught.value).splitlines()[1] == f"  Declared at {caught.value.place}."
    assert len(str(caught.value).splitlines()) <= 5


def test_a_failure_ends_a_sweep_and_says_what_is_kept() -> None:
    """The exception is the function's own, with notes of its parameters and of what is there already."""
    cm = Digits(MemoryStorageInterface())
    with pytest.raises(ValueError, match="X has 64 features") as caught:
        cm.cv_accuracy.get_all()

    assert caught.value.__notes__ == [
        "while computing the metric Digits.cv_accuracy(C=10.0, gamma=0.001)",
        "6 of 8 of Digits.cv_accuracy are there and kept: ask again to go on with the others",
    ]
    assert sum(cm.exists(Digits.cv_accuracy(*row)) for row in GRID) == 6


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=5))
def test_the_nearest_is_a_known_one(name: str, known: list[str]) -> None:
    """A suggestion is one of the known names; a known name suggests itself."""
    assert nearest(name, known) in {None, *known}
    assert nearest(name, [*known, name]) == name or not name


@attrs.frozen
class Run(DatedCacheManager):
    """A manager with inputs."""

    subject: str


def test_fields_of_a_manager() -> None:
    """A manager is called as any class of attrs: Python says which word it does not know."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'subjct'"):
        Run(subjct="s01")  # type: ignore[call-arg]
