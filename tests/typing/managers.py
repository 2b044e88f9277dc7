"""Managers of every kind: attrs (frozen or not, slotted or not), dataclasses, an ``__init__`` of one's own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic, Self, TypeVar, assert_type

import numpy as np
from attrs import define, evolve, field, frozen
from numpy.typing import NDArray
from typing_extensions import override

from simple_metrics_manager import DatedCacheManager, Metric, NpzStorageInterface, Storage, metric

X = TypeVar("X")


def compute_area(cm: DatedCacheManager) -> float:
    return 4.0


@frozen
class Frozen(DatedCacheManager):
    # ty takes what is not a field of a frozen class for a frozen field
    verbose = False  # ty: ignore[incompatible-attribute-override]

    subject: str
    alpha: float = 0.1

    area: ClassVar[Metric[float]] = Metric(compute_area)  # ClassVar keeps it from being a field

    @metric
    def total(self) -> float:
        assert_type(self.alpha, float)
        return self.alpha * 2.0

    @metric(params_list=[(1,), (2,)])
    def power(self, n: int) -> float:
        return self.alpha**n


@frozen
class FrozenSub(Frozen):
    beta: int = 2

    @metric
    @override
    def total(self) -> float:
        assert_type(super().total, float)
        return super().total + self.beta


@define
class Defined(DatedCacheManager):
    verbose = False

    n: int
    _private: str = "p"
    note: str = field(default="", eq=False, kw_only=True)
    data: NDArray[np.float64] = field(factory=lambda: np.zeros(2))

    @metric
    def total(self) -> float:
        return self.n * 1.0


@define
class DefinedSub(Defined):
    m: int = 2

    @metric
    @override
    def total(self) -> float:
        return super().total + self.m


@define(slots=False)
class WithDict(DatedCacheManager):
    verbose = False

    n: int

    @metric
    def total(self) -> float:
        return self.n * 1.0


@dataclass
class Data(DatedCacheManager):
    verbose = False

    n: int
    alpha: float = 0.1

    @metric
    def total(self) -> float:
        return self.n * self.alpha


@dataclass(frozen=True)
class FrozenData(DatedCacheManager):
    verbose = False  # ty: ignore[incompatible-attribute-override]

    n: int

    @metric
    def total(self) -> float:
        return self.n * 1.0


@dataclass(slots=True)
class SlottedData(DatedCacheManager):
    verbose = False

    n: int

    @metric
    def total(self) -> float:
        return self.n * 1.0


class Handwritten(DatedCacheManager):
    verbose = False

    def __init__(self, path: Path, *, level: int = 1) -> None:
        self.path = path
        self.level = level

    @metric
    def total(self) -> float:
        return self.level * 1.0

    def deeper(self) -> Self:
        return type(self)(self.path, level=self.level + 1)


class CallsBase(DatedCacheManager):
    verbose = False

    def __init__(self, storage: Storage | None, n: int) -> None:
        super().__init__(storage)
        self.n = n

    @metric
    def total(self) -> float:
        return self.n * 1.0


@frozen
class WithStorage(DatedCacheManager):
    verbose = False  # ty: ignore[incompatible-attribute-override]

    n: int
    storage: Storage | None = None

    @metric
    def total(self) -> float:
        return self.n * 1.0


@define
class Box(DatedCacheManager, Generic[X]):
    """An attrs manager may be generic."""

    verbose = False

    content: X

    @metric
    def value(self) -> X:
        return self.content


@define(slots=False)
class Counted(DatedCacheManager):
    """A mixin with fields: two slotted ones could not be bases of one class."""

    times: int = 3

    @metric
    def count(self) -> int:
        return self.times


@define
class WithCount(Counted):
    verbose = False

    unit: str = "s"

    @metric
    def text(self) -> str:
        assert_type(self.count, int)
        return self.unit * self.count


def inferred_frozen() -> None:
    run = Frozen("s01", alpha=0.5)
    assert_type(run, Frozen)
    assert_type(run.subject, str)
    assert_type(run.total, float)
    assert_type(run.area, float)
    assert_type(run.power(2), float)
    assert_type(Frozen.total, Metric[float])
    assert_type(Frozen.area, Metric[float])
    assert_type(run[Frozen.power(2)], float)
    assert_type(FrozenSub("s01", 0.5, 3).total, float)
    assert_type(FrozenSub("s01", beta=1)[Frozen.total], float)


def inferred_evolve() -> None:
    changed = evolve(Frozen("s01"), alpha=0.2)
    assert_type(changed, Frozen)
    assert_type(changed.total, float)
    replaced = dataclasses.replace(FrozenData(1), n=2)
    assert_type(replaced, FrozenData)
    assert_type(replaced.total, float)


def inferred_defined() -> None:
    assert_type(Defined(3, "q", np.ones(2), note="n").total, float)
    # attrs' name for the argument of a private field: pyright and ty do not know it
    assert_type(Defined(3, private="q").n, int)  # pyright: ignore[reportCallIssue]  # ty: ignore[unknown-argument]
    assert_type(DefinedSub(3, m=1).total, float)
    assert_type(DefinedSub.total, Metric[float])
    assert_type(WithDict(3).total, float)
    changing = Defined(3)
    changing.n = 4
    assert_type(changing.total, float)


def inferred_generic_and_mixin() -> None:
    assert_type(Box(1), Box[int])
    assert_type(Box("a").value, str)
    assert_type(Box[float](1.0).value, float)
    assert_type(evolve(Box(1), content=2).value, int)
    assert_type(WithCount(2, unit="m").text, str)
    assert_type(WithCount()[Counted.count], int)


def inferred_dataclass() -> None:
    assert_type(Data(1, alpha=0.2).total, float)
    assert_type(Data.total, Metric[float])
    assert_type(FrozenData(1).total, float)
    assert_type(SlottedData(1).total, float)


def inferred_handwritten() -> None:
    assert_type(Handwritten(Path("p"), level=2).total, float)
    assert_type(Handwritten(Path("p")).deeper().total, float)
    assert_type(CallsBase(None, 2).total, float)


def inferred_storage() -> None:
    assert_type(Frozen("s01").use(NpzStorageInterface("somewhere")), Frozen)
    assert_type(Frozen("s01").use(None).total, float)
    assert_type(Frozen("s01").storage_interface, Storage | None)
    assert_type(WithStorage(1, NpzStorageInterface("somewhere")).storage, Storage | None)
    assert_type(DatedCacheManager(NpzStorageInterface("somewhere")), DatedCacheManager)


def inferred_fields() -> None:
    # dataclasses see the fields, not the metrics
    assert_type([each.name for each in dataclasses.fields(Data)], list[str])


def refused_constructors() -> None:
    Frozen()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[missing-argument]  # ty: ignore[missing-argument]
    Frozen("s01", alpha="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    Frozen("s01", beta=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    Frozen("s01", total=1.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    Defined("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # the name of the attribute for that of the argument, see above
    Defined(1, _private="q")  # type: ignore[call-arg]  # pyrefly: ignore[unexpected-keyword]
    Data("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    Handwritten("p")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    Handwritten(Path("p"), 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[bad-argument-count]  # ty: ignore[too-many-positional-arguments]
    # the constructor of the base is not theirs
    Frozen(NpzStorageInterface("somewhere"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    DatedCacheManager("somewhere")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    WithStorage(1, storage="somewhere")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    Frozen("s01").use("somewhere")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]


def refused_assignments(frozen_run: Frozen, data: FrozenData, defined: Defined) -> None:
    frozen_run.alpha = 0.2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[read-only]  # ty: ignore[invalid-assignment]
    data.n = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[read-only]  # ty: ignore[invalid-assignment]
    defined.n = "x"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    frozen_run.total = 2.0  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    data.total = 2.0  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    defined.total = 2.0  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    defined.storage_interface = "somewhere"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]


def refused_evolve(frozen_run: Frozen, data: FrozenData) -> None:
    # missed by pyright and ty
    evolve(frozen_run, alpha="x")  # type: ignore[arg-type]  # pyrefly: ignore[bad-argument-type]
    evolve(frozen_run, beta=1)  # type: ignore[call-arg]  # pyrefly: ignore[unexpected-keyword]
    dataclasses.replace(data, n="x")  # type: ignore[arg-type]  # pyrefly: ignore[bad-argument-type]


if TYPE_CHECKING:

    @define
    class BecomesAField(DatedCacheManager):
        # without ClassVar, attrs makes a field of it; only pyrefly warns: MetricDeclarationError when it runs
        area: Metric[float] = Metric(compute_area)  # noqa: RUF009  # pyrefly: ignore[bad-dataclass-descriptor]

    @dataclass
    class BecomesADataField(DatedCacheManager):
        # the same with a dataclass
        area: Metric[float] = Metric(compute_area)  # noqa: RUF009  # pyrefly: ignore[bad-dataclass-descriptor]

    @frozen
    class DefaultsFirst(DatedCacheManager):
        alpha: float = 0.1
        n: int  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]  # pyrefly: ignore[bad-class-definition]  # ty: ignore[invalid-dataclass-field-order]

    # a frozen class of one that is not: attrs lets it be, pyright and ty do not
    @frozen  # pyright: ignore[reportGeneralTypeIssues]
    class FrozenOfDefined(Defined):  # pyrefly: ignore[invalid-inheritance]  # ty: ignore[invalid-frozen-dataclass-subclass]
        pass

    # verbose is a flag
    class Loud(DatedCacheManager):
        verbose = "yes"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
