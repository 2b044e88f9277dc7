"""Inheritance: overriding, ``super()``, generic managers, mixins."""

# pyright: reportUnusedVariable=false

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, assert_type

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from simple_metrics_manager import BoundMetric, DatedCacheManager, Metric, metric

X = TypeVar("X")


class Base(DatedCacheManager):
    verbose = False

    @metric
    def total(self) -> float:
        return 1.0

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        return np.ones(3)

    @metric(params_list=[(1, 2), (1, 3)])
    def poly(self, a: int, b: int) -> float:
        return a * b * 1.0


class Sub(Base):
    # @metric, then @override, then def
    @metric
    @override
    def total(self) -> float:
        assert_type(super().total, float)
        return super().total + 1.0

    @metric(params_list=[(1, 2)])
    @override
    def poly(self, a: int, b: int) -> float:
        assert_type(super().poly(1, 2), float)
        return super().poly(1, 2) + 1.0

    @metric
    def own(self) -> str:
        return "own"


class Narrower(Base):
    # a narrower type may take the place of a wider one
    @metric
    @override
    def total(self) -> int:
        return 2


class WithoutMark(Base):
    # without @override: a lint of pyrefly's strict preset, nothing elsewhere
    @metric
    def total(self) -> float:  # pyrefly: ignore[missing-override-decorator]
        return 2.0


class MarkAbove(Base):
    # @override above @metric: refused by pyright, which takes it for a mark of functions
    @override  # pyright: ignore[reportArgumentType, reportUntypedFunctionDecorator]
    @metric
    def total(self) -> float:
        return 2.0


def inferred_inherited() -> None:
    sub = Sub()
    assert_type(sub.total, float)
    assert_type(sub.spectrum, NDArray[np.float64])
    assert_type(sub.own, str)
    assert_type(sub.poly(1, 2), float)
    assert_type(Sub.total, Metric[float])
    assert_type(Sub.spectrum, Metric[NDArray[np.float64]])
    assert_type(Narrower().total, int)
    assert_type(Narrower.total, Metric[int])


def inferred_with_keys_of_the_base() -> None:
    # the key of a base class means the subclass's metric
    assert_type(Sub().get(Base.total), float)
    assert_type(Sub()[Base.spectrum], NDArray[np.float64])
    assert_type(Sub()[Base.poly(1, 2)], float)
    base: Base = Sub()
    assert_type(base.total, float)
    assert_type(base.get(Base.total), float)


class Box(DatedCacheManager, Generic[X]):
    verbose = False

    def __init__(self, content: X) -> None:
        self.content = content

    @metric
    def value(self) -> X:
        return self.content

    @metric
    def both(self) -> tuple[X, X]:
        return self.value, self.value

    @metric(params_list=[(1,), (2,)])
    def times(self, n: int) -> list[X]:
        return [self.content] * n


class IntBox(Box[int]):
    @metric
    def next(self) -> int:
        assert_type(self.value, int)
        return self.value + 1


def inferred_generic() -> None:
    assert_type(Box[str]("a").value, str)
    assert_type(Box("a").value, str)
    assert_type(Box(1).both, tuple[int, int])
    assert_type(Box(1).times(2), list[int])
    assert_type(IntBox(1).value, int)
    assert_type(IntBox(1).both, tuple[int, int])
    assert_type(IntBox(1).times.get_all(), list[list[int]])
    assert_type(IntBox(1).next, int)
    assert_type(IntBox.value, Metric[int])
    assert_type(IntBox(1)[IntBox.both], tuple[int, int])


def inferred_generic_by_its_subscript() -> None:
    # the metric of a subscripted class: pyrefly leaves the variable
    assert_type(Box[int].value, Metric[int])  # pyrefly: ignore[assert-type]


def inferred_generic_by_a_parameter() -> None:
    def unpack(box: Box[X]) -> X:
        return box.value

    assert_type(unpack(Box(1)), int)
    assert_type(unpack(IntBox(1)), int)


class Counted(DatedCacheManager):
    """A mixin."""

    verbose = False

    @metric
    def count(self) -> int:
        return 3


class Named(DatedCacheManager):
    @metric
    def title(self) -> str:
        return "title"


class Both(Counted, Named):
    @metric
    def line(self) -> str:
        assert_type(self.count, int)
        assert_type(self.title, str)
        return self.title * self.count


class PlainMixin:
    """A mixin that is no manager itself; its metrics are those of the managers that it is mixed into."""

    def helper(self) -> float:
        return 0.5


class WithHelper(PlainMixin, Counted):
    @metric
    def half(self) -> float:
        return self.helper() * self.count


def inferred_mixins() -> None:
    both = Both()
    assert_type(both.count, int)
    assert_type(both.title, str)
    assert_type(both.line, str)
    assert_type(Both.line, Metric[str])
    assert_type(both[Counted.count], int)
    assert_type(both[Named.title], str)
    assert_type(WithHelper().half, float)


def inferred_bound_as_a_variable() -> None:
    poly: BoundMetric[..., float] = Sub().poly
    assert_type(poly.get_all(), list[float])


if TYPE_CHECKING:

    class OtherType(Base):
        @metric
        @override
        def total(self) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # pyrefly: ignore[bad-override]  # ty: ignore[incompatible-attribute-override]
            return "a"

    class NotPlain(Base):
        @metric(params_list=[(1,)])
        @override
        def total(self, a: int) -> float:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # pyrefly: ignore[bad-override]  # ty: ignore[incompatible-attribute-override]
            return 1.0

    class OtherParameters(Base):
        @metric(params_list=[("x",)])
        @override
        def poly(self, a: str) -> float:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # pyrefly: ignore[bad-override]  # ty: ignore[incompatible-attribute-override]
            return 1.0

    class AMethod(Base):
        @override
        def total(self) -> float:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # pyrefly: ignore[bad-override]  # ty: ignore[incompatible-attribute-override]
            return 1.0

    # missed by mypy and ty: the value is what the subclass has
    class AValue(Base):
        total = 3.0  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-override]

    # pyright looks at @override of functions only
    class NothingToOverride(Base):
        @metric
        @override
        def totl(self) -> float:  # type: ignore[misc]  # pyrefly: ignore[bad-override]  # ty: ignore[invalid-explicit-override]
            return 1.0

    class SuperTypo(Base):
        @metric
        @override
        def total(self) -> float:
            return super().totl  # type: ignore[misc, no-any-return]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]

    class WrongArgument(Box[int]):
        @metric
        def text(self) -> str:
            return self.value  # type: ignore[return-value]  # pyright: ignore[reportReturnType]  # pyrefly: ignore[bad-return]  # ty: ignore[invalid-explicit-return]


def refused(box: IntBox) -> None:
    box.value.upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    IntBox("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    Box[int]("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    text: Box[str] = IntBox(1)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
