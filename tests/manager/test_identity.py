"""Who a manager is decides what it may be answered with: never another one's value."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping
from dataclasses import InitVar
from pathlib import Path

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, WrongIdentityError, metric

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

SOURCE = """
from simple_metrics_manager import DatedCacheManager, metric
class Same(DatedCacheManager):
    verbose = False
    {more}
    @metric
    def x(self) -> int: return {value}
"""


def module(name: str, value: int, more: str = "") -> type[DatedCacheManager]:
    """A class called ``Same`` in a module of its own."""
    made = types.ModuleType(name)
    sys.modules[name] = made
    exec(SOURCE.format(value=value, more=more), vars(made))
    found: type[DatedCacheManager] = made.Same
    return found


@pytest.fixture(name="storage")
def _storage(tmp_path: Path) -> NpzStorageInterface:
    return NpzStorageInterface(tmp_path / "metrics")


# EVIDENCE-OF: P5
def test_classes_of_one_name_in_two_modules_do_not_answer_for_one_another(storage: NpzStorageInterface) -> None:
    """The module is part of the stored identity: the second class is told, and gets no value."""
    assert module("lab_one", 1)(storage)["x"] == 1

    with pytest.raises(WrongIdentityError, match=r"holds Same\.x of lab_one, not Same\.x of lab_two"):
        _ = module("lab_two", 2)(storage)["x"]


def test_a_class_that_has_moved_says_from_where(storage: NpzStorageInterface) -> None:
    """``stored_module`` names the module that the class was in; what it stored there is its own."""
    assert module("lab_old", 1)(storage)["x"] == 1

    assert module("lab_new", 2, "stored_module = 'lab_old'")(storage)["x"] == 1


@pytest.mark.parametrize(
    ("one", "other"), [("__main__", "lab"), ("__main__.lab", "demo.lab"), ("demo.lab", "demo.lab")]
)
def test_a_program_and_its_module_are_one(one: str, other: str, storage: NpzStorageInterface) -> None:
    """What a script or a notebook stored is found by the module that it is imported as."""
    assert module("any", 1, f"stored_module = {one!r}")(storage)["x"] == 1

    assert module("any", 2, f"stored_module = {other!r}")(storage)["x"] == 1


class Slotted(DatedCacheManager):
    """A hand-written class whose argument lies in a slot."""

    __slots__ = ("subject",)
    verbose = False

    def __init__(self, subject: str) -> None:
        self.subject = subject

    @metric
    def value(self) -> str:
        return self.subject


class Behind(DatedCacheManager):
    """A hand-written class whose argument is behind a property."""

    verbose = False

    def __init__(self, subject: str) -> None:
        self._subject = subject

    @property
    def subject(self) -> str:
        """What the value is."""
        return self._subject

    @subject.setter
    def subject(self, subject: str) -> None:
        self._subject = subject

    @metric
    def value(self) -> str:
        return self.subject


class Own(DatedCacheManager):
    """Says itself what its inputs are."""

    verbose = False

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._who = subject

    def metric_inputs(self) -> Mapping[str, object]:
        return {"who": self.subject}

    @metric
    def value(self) -> str:
        return self.subject


class Passing(Slotted):
    """Hands all its arguments on."""

    def __init__(self, *args: str, **kwargs: str) -> None:
        super().__init__(*args, **kwargs)


@attrs.define
class Mutable(DatedCacheManager):
    """An attrs class."""

    subject: str
    verbose = False

    @metric
    def value(self) -> str:
        return self.subject


@attrs.define
class Converting(DatedCacheManager):
    """An attrs class that has a ``__setattr__`` of attrs."""

    subject: str = attrs.field(converter=str, validator=attrs.validators.instance_of(str))
    verbose = False

    @metric
    def value(self) -> str:
        return self.subject


@dataclasses.dataclass
class Data(DatedCacheManager):
    """A dataclass."""

    subject: str
    verbose = False

    @metric
    def value(self) -> str:
        return self.subject


KINDS = [Slotted, Behind, Own, Passing, Mutable, Converting, Data]


@pytest.mark.parametrize("kind", KINDS)
# EVIDENCE-OF: P5
def test_an_input_that_changes_is_noticed(kind: type[Slotted], storage: NpzStorageInterface) -> None:
    """After an assignment the values are those of the new input, in memory and in the storage."""
    cm = kind("a").use(storage)
    assert [cm.value, cm.value] == ["a", "a"]
    cm.subject = "b"

    assert [cm.value, cm.value] == ["b", "b"]
    assert [kind(subject).use(storage).value for subject in "ab"] == ["a", "b"]
    assert len(list(storage.names())) == 2


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Own])
def test_hits_stay_free(kind: type[Slotted]) -> None:
    """A value is promoted in all kinds of managers that can tell when an input is assigned."""
    cm = kind("a")
    assert cm.value == "a"

    assert "value" in vars(cm)


@pytest.mark.parametrize("kind", KINDS)
def test_a_metric_is_never_assigned(kind: type[Slotted]) -> None:
    """Assigning to a metric is an error, also where attrs or a user wrote ``__setattr__``."""
    with pytest.raises(AttributeError, match=r"value is a metric: its value is computed, not assigned"):
        setattr(kind("a"), "value", "mine")  # noqa: B010 - type checkers refuse the plain way


@dataclasses.dataclass
class Initial(DatedCacheManager):
    """Uses an argument that no field keeps."""

    n: int
    scale: InitVar[float]
    verbose = False

    def __post_init__(self, scale: float) -> None:
        self._scale = scale

    @metric
    def value(self) -> float:
        return self.n * self._scale


def test_arguments_that_no_field_keeps_are_inputs(storage: NpzStorageInterface) -> None:
    """An ``InitVar`` is part of the identity, though the class does not keep it."""
    assert [Initial(1, scale).use(storage).value for scale in (2.0, 5.0, 2.0)] == [2.0, 5.0, 2.0]


@attrs.define
class Inner(DatedCacheManager):
    """Given to another manager."""

    a: int
    verbose = False

    @metric
    def x(self) -> int:
        return self.a


@attrs.define
class Outer(DatedCacheManager):
    """Was given a manager."""

    inner: Inner
    verbose = False

    @metric
    def y(self) -> int:
        return 10 * self.inner.x


def test_a_manager_may_be_an_input(storage: NpzStorageInterface) -> None:
    """Its own inputs then are part of the identity, and a change of them is noticed."""
    inner = Inner(1)
    outer = Outer(inner).use(storage)
    assert (outer.y, Outer(Inner(2)).use(storage).y) == (10, 20)
    inner.a = 3

    assert outer.y == 30
    assert Outer(Inner(1)).use(storage).y == 10


@attrs.define
class Sweeping(DatedCacheManager):
    """Changes its own input while it computes."""

    alpha: float
    verbose = False

    @metric
    def fit(self) -> float:
        return self.alpha * 10

    @metric
    def sweep(self) -> list[float]:
        found: list[float] = []
        for alpha in (self.alpha, self.alpha + 1):
            self.alpha = alpha
            found.append(self.fit)
        return found


def test_a_value_is_stored_under_the_inputs_that_it_began_with(storage: NpzStorageInterface) -> None:
    """A metric that changes an input on its way does not leave its value to the changed manager."""
    assert Sweeping(1.0).use(storage).sweep == [10.0, 20.0]

    assert Sweeping(2.0).use(storage).sweep == [20.0, 30.0]
    assert Sweeping(1.0).use(storage).sweep == [10.0, 20.0]


@attrs.frozen(eq=False)
class Holding(DatedCacheManager):
    """Has an array for an input."""

    data: NDArray[np.float64]
    verbose = False

    @metric
    def total(self) -> float:
        return float(self.data.sum())


# EVIDENCE-OF: P5
def test_an_array_counts_by_its_content(storage: NpzStorageInterface) -> None:
    """Equal arrays are one input; one that is written in place is another, also if it was locked after a view."""
    data = np.arange(4.0)
    cm = Holding(data).use(storage)
    assert cm.total == 6.0
    data[0] = 10.0
    assert (cm.total, Holding(np.arange(4.0)).use(storage).total) == (16.0, 6.0)

    older = data[:]
    data.flags.writeable = False
    locked = Holding(data).use(storage)
    assert locked.total == 16.0
    older[0] = 20.0
    assert locked.total == 26.0
    fixed = Holding(np.frombuffer(data.tobytes())).use(storage)
    assert fixed.total == 26.0
    assert "total" in vars(fixed)  # nobody can change bytes, so nothing has to be looked at again
