"""The examples in the documentation of 0.5.0 run as they are printed there, once their slips are corrected.

The slips: ``params_list=[1, 2], [1, 3], [4, 5]`` lacks its outer brackets, and ``CM['poly_X_1]`` a quotation mark.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

import simple_metrics_manager

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

BASIC = """
    CM = DataCacheManager(NpyStorageInterface(SOME_DIRECTORY))

    @CM.collect
    def metric_1():
        stuff = do_something()
        return stuff

    @CM.collect
    def metric_2():
        stuff = do_something_else(CM.metric_1())  # <- use of the cached version here
        other_stuff = convert(stuff)
        return other_stuff
"""
PARAMETERIZED = """
    CM = ParameterizedDataCacheManager(NpyStorageInterface(SOME_DIRECTORY))

    @CM.collect(params_list=[[1], [4]])
    def poly_X(a):
        return do_something_hard(a)

    @CM.collect(params_list=[[1, 2], [1, 3], [4, 5]])
    def poly_Y(a, b):
        return CM.poly_X(a) ** 2 + do_something_else(b)
"""
MANUAL = """
    METRIC_1 = 'metric_1'
    METRIC_2 = 'metric_2'

    CM = DataCacheManager(NpyStorageInterface(SOME_DIRECTORY))

    def metric_1_function():
        stuff = do_something()
        return stuff

    def metric_2_function():
        stuff = do_something_else(CM[METRIC_1])
        other_stuff = convert(stuff)
        return other_stuff

    FUNCTIONS_DICT = {
      METRIC_1: metric_1_function,
      METRIC_2: metric_2_function,
    }

    CM.set_functions_dict(FUNCTIONS_DICT)
"""


class Example:
    """A printed example in the world of its user, who counts what is really done."""

    def __init__(self, text: str, directory: Path) -> None:
        self.done: list[object] = []
        self.names: dict[str, object] = {
            "SOME_DIRECTORY": directory,
            "do_something": lambda: self._do("something", np.arange(3.0)),
            "do_something_hard": self._hard,
            "do_something_else": self._else,
            "convert": self._convert,
        }
        exec("from simple_metrics_manager import *", self.names)
        exec(dedent(text), self.names)

    def _do(self, what: object, result: object) -> object:
        self.done.append(what)
        return result

    def _hard(self, a: int) -> object:
        return self._do(("hard", a), np.arange(3.0) * a)

    def _else(self, x: float) -> object:
        return self._do("else", x + 1.0)

    def _convert(self, x: float) -> object:
        return x * 2.0

    def run(self, expression: str) -> object:
        """The value of an expression of the documentation's running text."""
        return eval(expression, self.names)


def test_basic(tmp_path: Path) -> None:
    """``CM.metric_2()`` computes both metrics once; the plain function goes on as it was."""
    example = Example(BASIC, tmp_path)

    np.testing.assert_array_equal(example.run("CM.metric_2()"), [2.0, 4.0, 6.0])
    np.testing.assert_array_equal(example.run("CM.metric_1()"), [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(example.run("metric_1(cache=True)"), [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(example.run("CM['metric_1']"), [0.0, 1.0, 2.0])
    assert example.done == ["something", "else"]

    example.run("metric_1()")
    assert example.done == ["something", "else", "something"]
    example.run("metric_1(cache=True, use_stored=False)")
    example.run("CM.metric_1(use_stored=False)")
    assert len(example.done) == 5

    again = Example(BASIC, tmp_path)
    np.testing.assert_array_equal(again.run("CM.metric_2()"), [2.0, 4.0, 6.0])
    assert again.done == []


def test_parameterized(tmp_path: Path) -> None:
    """Parameter sets share what they have in common, and are known by name."""
    example = Example(PARAMETERIZED, tmp_path)

    np.testing.assert_array_equal(example.run("CM.poly_Y(1, 2)"), [3.0, 4.0, 7.0])
    assert example.done == [("hard", 1), "else"]
    np.testing.assert_array_equal(example.run("CM.poly_Y(1, 2)"), example.run("CM['poly_Y_1_2']"))
    example.run("poly_Y(1, 3)")
    np.testing.assert_array_equal(example.run("CM['poly_X_1']"), [0.0, 1.0, 2.0])
    assert example.done == [("hard", 1), "else", "else"]

    assert len(example.run("CM.poly_X.get_all()")) == 2  # type: ignore[arg-type]  # a list
    assert len(example.run("CM.poly_Y.get_all()")) == 3  # type: ignore[arg-type]  # a list
    assert [what for what in example.done if what != "else"] == [("hard", 1), ("hard", 4)]
    with pytest.raises(ValueError, match=r"poly_Y is not declared for \(12, 13\)"):
        example.run("CM.poly_Y(12, 13)")


def test_any_parameters(tmp_path: Path) -> None:
    """With ``dynamic_metric_creation=True`` "things like ``CM.poly_Y(12, 13)`` will also work"."""
    opened = PARAMETERIZED.replace("SOME_DIRECTORY)", "SOME_DIRECTORY), dynamic_metric_creation=True", 1)
    example = Example(opened, tmp_path)

    with pytest.raises(TypeError, match="missing a required argument: 'b'"):
        example.run("CM.poly_Y(12)")
    example.run("CM.poly_Y(12, 13)")
    assert example.run("CM.exists('poly_Y_12_13') and CM.exists('poly_X_12')") is True


def test_manual(tmp_path: Path) -> None:
    """Functions by name, without any decorator."""
    example = Example(MANUAL, tmp_path)

    np.testing.assert_array_equal(example.run("CM[METRIC_2]"), [2.0, 4.0, 6.0])
    np.testing.assert_array_equal(example.run("CM[METRIC_1]"), [0.0, 1.0, 2.0])
    assert example.done == ["something", "else"]


def test_its_names_are_exported() -> None:
    """Every class and function of 0.5.0 has its name still."""
    names = {
        *("CollectingDatedCacheManager", "DatedCacheManager", "ParameterizedDatedCacheManager"),
        *("DataCacheManager", "ParameterizedDataCacheManager"),
        *("FileBasedStorageInterface", "StorageInterface"),
        *("JsonStorageInterface", "NpyStorageInterface", "NpzStorageInterface"),
        *("convert_metric_name", "convert_metric_name_and_arguments"),
    }

    assert names <= set(simple_metrics_manager.__all__)
