"""Managers with collected functions are copied, and sent to other processes."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import attrs
import pytest

import simple_metrics_manager
from simple_metrics_manager import Metric, ParameterizedDatedCacheManager, metric
from tests import folders

T = TypeVar("T")

CM = ParameterizedDatedCacheManager()
CM.verbose = False


@CM.collect(params_list=[(2, 3), (4, 5)])
def times(a: int, b: int) -> int:
    """A product."""
    return a * b


@attrs.define
class Fields(ParameterizedDatedCacheManager):
    """With a field; attrs gives a slotted class a state of its own."""

    number: int = 2
    verbose = False

    @metric(params_list=[(1,)])
    def plus(self, k: int) -> int:
        return self.number + k

    @metric
    def double(self) -> int:
        return 2 * self.number


def pickled(value: T) -> T:
    """What another process would get."""
    return cast("T", pickle.loads(pickle.dumps(value)))


each_way = pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled], ids=["copy", "deepcopy", "pickle"])


@each_way
def test_a_copy_has_functions_of_its_own(copied: Callable[[object], ParameterizedDatedCacheManager]) -> None:
    """Its collected functions go through its own cache, and what it collects stays with it."""
    CM.clear_cache()
    other = copied(CM)
    assert other.times(2, 3) == 6
    other.dynamic_metric_creation = True
    assert other.times(7, 7) == 49

    assert list(other.cache) == ["times_2_3", "times_7_7"]
    assert list(CM.cache) == []
    assert list(CM.functions_dict) == ["times_2_3", "times_4_5"]
    assert other.parameterized_metrics == [other.times]
    assert not CM.dynamic_metric_creation


@each_way
def test_a_copy_of_an_attrs_class(copied: Callable[[object], Fields]) -> None:
    """Fields, collected functions and ``dynamic_metric_creation`` go along in a slotted class as well."""
    cm = Fields(3)
    cm.dynamic_metric_creation = True
    cm.collect("product", params_list=[(2, 3)])(times.__wrapped__)
    other = copied(cm)

    assert (other.number, other.double, other.product(2, 3), other.product(5, 5)) == (3, 6, 6, 25)
    assert list(cm.cache) == []


def test_keys_and_functions_travel() -> None:
    """A declared key means the same one afterwards; a collected function is the one of its module."""
    key = Fields.plus(1)

    assert pickled(Fields.double) is Fields.double
    assert pickled(Fields.plus) is Fields.plus
    assert pickled(key) is key
    assert pickled(times) is times
    assert pickled(times.key(2, 3)).name == "times_2_3"
    assert pickled(CM.times)(4, 5) == 20
    assert isinstance(pickled(times.key(2, 3)), Metric)


def test_what_no_other_process_could_find_is_told() -> None:
    """A lambda cannot be sent to another process: the error says why and what to do. It can be copied."""
    cm = ParameterizedDatedCacheManager()
    cm.verbose = False
    cm.collect("answer")(lambda: 42)

    with pytest.raises(pickle.PicklingError, match=r"cannot be sent to another process.*'def' at the top level"):
        pickle.dumps(cm)
    assert copy.deepcopy(cm).answer() == 42


LAB = """
from simple_metrics_manager import NpzStorageInterface, ParameterizedDatedCacheManager

CM = ParameterizedDatedCacheManager(NpzStorageInterface("stored"))
CM.verbose = False

@CM.collect(params_list=[(1,), (2,)])
def square(n: int) -> int:
    return n * n

def ask(cm):
    return cm.square.get_all(), cm is CM, cm.square(2), list(cm.cache)
"""
MAIN = """
import multiprocessing
import lab

if __name__ == "__main__":
    lab.CM.square(1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(lab.ask, (lab.CM,)), pool.map(lab.square.cached, [1, 2]))
"""


def test_a_spawned_process_computes_and_stores(tmp_path: Path) -> None:
    """A process that imports everything anew gets the manager with its functions and its storage."""
    (tmp_path / "lab.py").write_text(LAB)
    (tmp_path / "main.py").write_text(MAIN)
    path = {"PYTHONPATH": str(Path(simple_metrics_manager.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, env=os.environ | path, capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.stdout == "([1, 4], False, 4, ['square_1', 'square_2']) [1, 4]\n"
    assert folders.names(tmp_path / "stored") == ["square_1.npz", "square_2.npz"]
