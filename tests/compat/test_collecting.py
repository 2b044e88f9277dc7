"""``collect`` in all its forms, and what becomes of a function that was collected."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from simple_metrics_manager import (
    CollectingDatedCacheManager,
    MetricDeclarationError,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    UndeclaredParametersError,
    UnknownMetricError,
    metric,
)

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")


class Quiet(ParameterizedDatedCacheManager):
    """Says nothing."""

    verbose = False


@pytest.fixture(name="cm")
def _cm(tmp_path: Path) -> Quiet:
    return Quiet(NpzStorageInterface(tmp_path))


def add(a: int, b: int = 10) -> int:
    """Add two numbers."""
    return a + b


def joined(base_name: str, params: Sequence[object]) -> str:
    """Names of another style."""
    return "-".join([base_name, *map(str, params)])


def test_attributes_of_a_collected_function(cm: Quiet) -> None:
    """``CM.add`` carries what it was collected with, and the function's own name and docstring."""
    rows = [[1, 2], [3, 4]]
    collected = cm.collect(params_list=rows)(add)
    cached = cm.add

    assert cached.original_function is add
    assert cached.params_list is rows is collected.params_list
    assert cached.base_name == cached.__name__ == collected.__name__ == "add"
    assert cached.__doc__ == collected.__doc__ == "Add two numbers."
    assert cached.name_generation_function("add", [1, 2.5]) == "add_1_2p5"
    assert cm.parameterized_metrics == [cached]
    assert list(cm.functions_dict) == ["add_1_2", "add_3_4"]
    assert cm.functions_dict["add_3_4"]() == 7


def test_all_arguments_by_keyword_and_by_position(cm: Quiet) -> None:
    """``base_name``, ``params_list`` and ``name_generation_function`` come in this order."""
    cm.collect("sum", params_list=[[1, 2]])(add)
    assert cm.collect("other", [[1, 2]], joined)(add)(1, 2, cache=True) == 3
    cm.collect(base_name="third", params_list=[[5, 6]], name_generation_function=joined)(add)

    assert list(cm.functions_dict) == ["sum_1_2", "other-1-2", "third-5-6"]
    assert (cm.sum(1, 2), cm.other(1, 2), cm.third(5, 6)) == (3, 3, 11)
    assert cm["third-5-6"] == 11
    assert [cached.base_name for cached in cm.parameterized_metrics] == ["sum", "other", "third"]


def test_the_function_goes_on_as_it_was(cm: Quiet) -> None:
    """Without ``cache=True`` it takes any arguments, by keyword too, and leaves no trace."""
    collected = cm.collect(params_list=[[1]])(add)

    assert (collected(7), collected(7, 8), collected(7, b=9)) == (17, 15, 16)
    assert list(cm.cache) == []
    assert collected(1, cache=True) == collected.cached(1) == 11
    assert list(cm.cache) == ["add_1"]


def test_left_out_parameters_stay_left_out(cm: Quiet) -> None:
    """``f(1)`` and ``f(1, 10)`` are two metrics, as in 0.5.0; by keyword or by position makes no difference."""
    cm.collect(params_list=[[1], [1, 10]])(add)

    assert list(cm.functions_dict) == ["add_1", "add_1_10"]
    assert cm.add(a=1) == cm.add(1, b=10) == cm.add(b=10, a=1) == 11
    assert list(cm.cache) == ["add_1", "add_1_10"]


def test_use_stored(cm: Quiet, tmp_path: Path) -> None:
    """``use_stored=False`` computes anew, memory and storage are overwritten; in ``get_all`` too."""
    runs: list[int] = []

    def count(a: int) -> int:
        runs.append(a)
        return len(runs)

    collected = cm.collect(params_list=[[1], [2]])(count)
    assert cm.count.get_all() == collected.get_all() == [1, 2]
    assert cm.count(1, use_stored=False) == 3
    assert collected(1, cache=True, use_stored=False) == collected.fresh(1) - 1 == 4
    assert cm.count.get_all(use_stored=False, verbose=False) == [6, 7]
    assert Quiet(NpzStorageInterface(tmp_path))["count_2"] == 7


def test_flags_are_checked(cm: Quiet) -> None:
    """A keyword that is neither a flag nor a parameter is refused, in memory or not."""
    collected = cm.collect(params_list=[[1]])(add)
    assert cm.add(1) == 11

    with pytest.raises(TypeError, match=r"add\(\): got an unexpected keyword argument 'use_cached'"):
        cm.add(1, use_cached=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'verbosity'"):
        collected(1, cache=True, verbosity=False)
    with pytest.raises(TypeError, match="unexpected keyword argument 'params_lists'"):
        getattr(cm, "collect")(params_lists=[[1]])(add)  # noqa: B009  # a checker would refuse it, too
    with pytest.raises(TypeError, match=r"add\(\): missing a required argument: 'a'"):
        cm.add()


def test_undeclared_parameters(cm: Quiet) -> None:
    """They are ``ValueError``; the message has what is declared and the way out."""
    cm.collect(params_list=[[1, 2], [3, 4]])(add)

    with pytest.raises(ValueError, match="dynamic_metric_creation=True") as caught:
        cm.add(2, 2)
    assert isinstance(caught.value, UndeclaredParametersError)
    assert (caught.value.params, caught.value.declared) == ("(2, 2)", "(1, 2); (3, 4)")

    cm.dynamic_metric_creation = True
    assert cm.add(2, 2) == 4


def test_replacing_and_deleting_one_parameter_set(cm: Quiet, tmp_path: Path) -> None:
    """What stands in ``functions_dict`` is what is computed, whichever way it is asked for, and added ones count."""
    collected = cm.collect(params_list=[[1, 2], [3, 4]])(add)
    cm.functions_dict["add_1_2"] = lambda: "mine"
    cm.functions_dict["add_9_9"] = lambda: "added"

    assert (cm.add(1, 2), cm["add_1_2"], repr(cm[collected.key(1, 2)])) == ("mine", "mine", "'mine'")
    assert cm.add(9, 9) == "added"
    assert cm.add(3, 4) == 7
    assert Quiet(NpzStorageInterface(tmp_path))["add_1_2"] == "mine"

    del cm.functions_dict["add_3_4"]
    with pytest.raises(ValueError, match=r"add is not declared for \(3, 4\)"):
        cm.add(3, 4)
    assert cm["add_3_4"] == 7
    cm.dynamic_metric_creation = True
    assert cm.add(3, 4) == 7


def test_a_bare_function_with_parameters_is_for_dynamic_use(tmp_path: Path) -> None:
    """Collected bare, it has no declared parameter sets; with dynamic creation it takes any."""
    cm = Quiet(NpzStorageInterface(tmp_path), dynamic_metric_creation=True)
    cm.collect(add)

    assert cm.add(1, 2) == 3
    assert cm.add.params_list == ((),)
    with pytest.raises(TypeError, match="missing a required argument: 'a'"):
        cm.add()


def test_parameters_may_come_from_anywhere(cm: Quiet) -> None:
    """A generator, an array or a range of tuples; numpy's numbers are the Python numbers that they hold."""

    def rows() -> Iterator[tuple[int, int]]:
        yield from zip(range(2), range(2), strict=True)

    cm.collect(params_list=rows())(add)
    cm.collect("arrayed", params_list=[[np.int64(5), np.int64(6)]])(add)
    cm.collect("half", params_list=[(x,) for x in np.linspace(0, 1, 3)])(math.floor)

    assert cm.add.get_all() == [0, 2]
    assert list(cm.functions_dict) == ["add_0_0", "add_1_1", "arrayed_5_6", "half_0p0", "half_0p5", "half_1p0"]
    assert cm.arrayed(5, 6) == cm.arrayed(np.int32(5), 6) == 11
    assert type(cm.arrayed(5, 6)) is int
    assert cm.half(0.5) == cm.half(np.float32(0.5)) == 0


def test_rows_that_the_function_does_not_take_are_told_at_once(cm: Quiet) -> None:
    """A row of the wrong length, or one that is no row, is a mistake of the declaration."""
    with pytest.raises(MetricDeclarationError, match=r"params_list has \[1, 2, 3\]: too many positional arguments"):
        cm.collect(params_list=[[1, 2, 3]])(add)
    with pytest.raises(TypeError, match="params_list has 1: "):
        getattr(cm, "collect")(params_list=[1, 2])(add)  # noqa: B009  # a checker would refuse it, too


def test_functions_of_other_kinds(cm: Quiet) -> None:
    """Functions written in C, with and without a signature, and partial ones, which need a ``base_name``."""
    assert cm.collect("root", params_list=[(4.0,)])(math.sqrt)(4.0, cache=True) == 2.0
    assert cm.collect("most", params_list=[(4, 5)])(max)(4, 5, cache=True) == 5
    assert cm.collect("power", params_list=[(3,)])(functools.partial(pow, 2))(3, cache=True) == 8


def test_collecting_again_replaces(cm: Quiet) -> None:
    """A cell of a notebook that is run again collects the new function, and forgets the old parameter sets."""
    cm.collect(params_list=[[1, 2], [3, 4]])(add)
    assert cm.add(1, 2) == 3

    def add_(a: int, b: int) -> int:
        return 100 * a + b

    cm.collect("add", params_list=[[1, 2]])(add_)
    assert list(cm.functions_dict) == ["add_1_2"]
    assert len(cm.parameterized_metrics) == 1
    assert (cm.add(1, 2), cm.add(1, 2, use_stored=False)) == (3, 102)


def test_names_of_the_manager_are_refused(cm: Quiet) -> None:
    """A collected function would take the place of the manager's method; ``base_name`` is the way out."""

    def get() -> int:
        return 1

    with pytest.raises(MetricDeclarationError, match=r"the manager's own.*collect\(base_name=...\)"):
        cm.collect(get)
    assert cm.collect("get_it")(get)(cache=True) == 1


@pytest.mark.parametrize("name", ["x", "x_date"])
def test_names_that_would_meet_are_refused(cm: Quiet, name: str) -> None:
    """Equal names, and the name of the other one's date."""
    cm.functions_dict["x"] = lambda: 1

    with pytest.raises(MetricDeclarationError, match="'x' is a metric already"):
        cm.collect(name)(lambda: 2)


def test_collecting_manager(tmp_path: Path) -> None:
    """``CollectingDatedCacheManager.collect(f, name)`` collects functions without parameters, without attributes."""
    cm = CollectingDatedCacheManager(NpzStorageInterface(tmp_path))
    cm.verbose = False
    runs: list[int] = []

    @cm.collect
    def first() -> int:
        runs.append(1)
        return len(runs)

    second = cm.collect(first, "second")
    third = cm.collect(first, name="third")

    assert list(cm.functions_dict) == ["first", "second", "third"]
    assert (first(cache=True), first(cache=True), first()) == (1, 1, 2)
    assert first(cache=True, use_stored=False) == 3 == cm["first"]
    assert second(cache=True) == cm["second"] == 4
    assert third.__name__ == "first"
    assert not hasattr(cm, "first")
    assert cm.collect(lambda: 9, "first")(cache=True, use_stored=False) == 9


def test_a_collected_function_needs_its_own_manager(cm: Quiet, tmp_path: Path) -> None:
    """Another manager knows neither the function nor its parameters, but what is stored."""
    cm.collect(params_list=[[1, 2]])(add)
    other = Quiet(NpzStorageInterface(tmp_path))
    with pytest.raises(UnknownMetricError, match="has no metric 'add_1_2'"):
        other.get("add_1_2")

    assert cm.add(1, 2) == 3
    assert other["add_1_2"] == 3


def test_a_refusal_changes_nothing(cm: Quiet) -> None:
    """Collected again with a row that does not fit, the earlier function and its parameter sets stand."""
    cm.collect(params_list=[[1, 2]])(add)
    cached, functions = cm.add, dict(cm.functions_dict)
    with pytest.raises(MetricDeclarationError):
        cm.collect("add", params_list=[[3], [1, 2, 3]])(add)

    assert cm.add is cached
    assert cm.functions_dict == functions
    assert cm.parameterized_metrics == [cached]
    assert cm.add(1, 2) == 3


class Declaring(Quiet):
    """A manager with a declared metric besides."""

    @metric
    def x(self) -> int:
        return 1


def test_the_name_of_a_declared_metric_is_refused() -> None:
    """A collected function cannot be called like a metric of the class; nothing is changed by the attempt."""
    cm = Declaring()
    with pytest.raises(MetricDeclarationError, match=r"Declaring declares the metric 'x', so a function cannot"):
        cm.collect("x")(lambda: "text")

    assert (cm.functions_dict, cm.parameterized_metrics, cm.x) == ({}, [], 1)


def test_the_name_of_a_declared_metric_is_refused_in_functions_dict() -> None:
    """So it is in ``functions_dict``: by name one of the two would be taken for the other."""
    cm = Declaring()
    cm.set_functions_dict({"x": lambda: "text"})
    for ask in (lambda: cm["x"], lambda: cm.exists("x"), cm.get_all):
        with pytest.raises(MetricDeclarationError, match="'x'"):
            ask()

    assert cm.x == 1


def flagged(cache: int, use_stored: int = 1) -> int:
    """Has parameters that are called like flags."""
    return 10 * cache + use_stored


def test_parameters_that_are_called_like_flags(cm: Quiet) -> None:
    """By keyword they could be either, which is an error; by position, or with ``cached``, they are parameters."""
    collected = cm.collect(params_list=[[2], [2, 3]])(flagged)
    for ask in (lambda: collected(cache=2), lambda: cm.flagged(cache=2), lambda: collected(2, cache=True)):
        with pytest.raises(TypeError, match=r"give the parameter by position, or write flagged.cached\(cache=...\)"):
            ask()
    with pytest.raises(TypeError, match="its own parameter 'use_stored'"):
        cm.flagged(2, use_stored=3)

    assert (collected(2), collected(2, use_stored=5), cm.flagged(2), cm.flagged(2, 3)) == (21, 25, 21, 23)
    assert (collected.cached(cache=2), collected.fresh(2, use_stored=3)) == (21, 23)
    assert list(cm.cache) == ["flagged_2", "flagged_2_3"]


def test_parameters_are_kept_as_they_were(cm: Quiet) -> None:
    """A list that changes after it was collected, or in the function, changes no parameter set."""
    given = [1]

    def grow(items: list[int]) -> int:
        items.append(1)
        return len(items)

    collected = cm.collect(params_list=[(given,)])(grow)
    key = collected.key([1])
    assert cm[key] == 2
    given.append(6)

    assert key.row == ([1],)
    assert cm.get(key, use_stored=False) == 2


MISTAKES: list[tuple[Callable[[Any], object], str]] = [
    (lambda cm: cm.collect([[1], [2]]), r"write collect\(params_list=\[\[1\], \[2\]\]\)"),
    (lambda cm: cm.collect(params_list=3), r"params_list=3 is no list of parameter sets; .*\[\(3,\)\]"),
    (lambda cm: cm.collect(params_list=[1, 2])(add), r"params_list has 1: a row is a tuple .* \(1,\)"),
    (lambda cm: cm.collect(params_list=["ab"])(add), r"params_list has 'ab': a row is a tuple .* \('ab',\)"),
    (lambda cm: cm.collect(functools.partial(add, 1)), r"has no name; give it one: collect\(base_name=...\)"),
    (lambda _: CollectingDatedCacheManager().collect(functools.partial(add, 1)), r"give it one: collect\(f, name"),
]


@pytest.mark.parametrize(("wrong", "says"), MISTAKES)
def test_mistakes_of_collecting(cm: Quiet, wrong: Callable[[Any], object], says: str) -> None:
    """What ``collect`` cannot take is told at once, with what to write instead."""
    with pytest.raises(MetricDeclarationError, match=says):
        wrong(cm)

    assert (cm.functions_dict, cm.parameterized_metrics) == ({}, [])


@attrs.define
class Fields(ParameterizedDatedCacheManager):
    """An attrs class, whose ``__init__`` calls no other."""

    verbose = False
    number: int = 2


@attrs.frozen
class FrozenFields(ParameterizedDatedCacheManager):
    """A frozen one."""

    verbose = False
    number: int = 2


@pytest.mark.parametrize("kind", [Fields, FrozenFields])
def test_attrs_classes_collect(kind: type[ParameterizedDatedCacheManager]) -> None:
    """A class with a generated constructor collects as others do."""
    cm = kind()
    cm.collect(params_list=[[1, 2]])(add)

    assert cm.add.get_all() == [3]
    assert cm.parameterized_metrics == [cm.add]
    assert not cm.dynamic_metric_creation
    assert kind().parameterized_metrics == []
