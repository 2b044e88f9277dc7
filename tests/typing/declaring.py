"""Declaring plain metrics: the value on an instance, the typed key on the class, in every spelling.

In this folder ``assert_type`` says what is inferred; an ``ignore`` of a checker says that it refuses the line, and as
unused ones are errors, a line without one says that this checker lets it pass. ``inferred_...`` functions are run.
"""

# pyright: reportUnusedExpression=false, reportUnusedVariable=false

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, assert_type

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from simple_metrics_manager import DatedCacheManager, Metric, metric


def compute_area(cm: CM) -> float:
    return cm.w * 2.0


class CM(DatedCacheManager):
    verbose = False

    def __init__(self, w: float) -> None:
        self.w = w

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        """Power spectrum."""
        return np.ones(4) * self.w

    @metric
    def total(self) -> float:
        assert_type(self.spectrum, NDArray[np.float64])  # a metric reads another one
        return float(self.spectrum.sum())

    @metric()
    def count(self) -> int:
        return len(self.spectrum)

    @metric(version=2)
    def names(self) -> tuple[str, ...]:
        return ("a", "b")

    @metric
    def peak(self) -> float | None:
        return None

    area = Metric(compute_area)
    area_annotated: Metric[float] = Metric(compute_area)
    area_classvar: ClassVar[Metric[float]] = Metric(compute_area)
    area_versioned = Metric(compute_area, version="b")


def inferred_on_an_instance() -> None:
    cm = CM(2.0)
    assert_type(cm.spectrum, NDArray[np.float64])
    assert_type(cm.total, float)
    assert_type(cm.count, int)
    assert_type(cm.names, tuple[str, ...])
    assert_type(cm.area, float)
    assert_type(cm.area_annotated, float)
    assert_type(cm.area_classvar, float)
    assert_type(cm.area_versioned, float)


def inferred_on_the_class() -> None:
    assert_type(CM.spectrum, Metric[NDArray[np.float64]])
    assert_type(CM.total, Metric[float])
    assert_type(CM.count, Metric[int])
    assert_type(CM.names, Metric[tuple[str, ...]])
    assert_type(CM.area, Metric[float])
    assert_type(CM.area_annotated, Metric[float])
    assert_type(CM.area_classvar, Metric[float])
    assert_type(CM.area_versioned, Metric[float])
    assert_type(CM.total.name, str)
    assert_type(CM.total.label, str)
    assert_type(CM.total.function, Callable[..., float])


def inferred_narrowing() -> None:
    cm = CM(2.0)
    assert_type(cm.peak, float | None)
    assert_type(CM.peak, Metric[float | None])
    if cm.peak is not None:
        assert_type(cm.peak, float)


def inferred_covariance() -> None:
    wider: Metric[float | str] = CM.total
    anything: Metric[object] = CM.spectrum
    numbers: Sequence[Metric[float]] = [CM.total, CM.count, CM.area]
    assert_type([CM(1.0).get(key) for key in numbers], list[float])
    pair = (CM.total, CM.names)
    assert_type(pair, tuple[Metric[float], Metric[tuple[str, ...]]])
    assert_type(wider.name + anything.name, str)


def inferred_by_a_function_of_keys() -> None:
    def largest(cm: DatedCacheManager, *keys: Metric[float]) -> float:
        return max(cm[key] for key in keys)

    assert_type(largest(CM(1.0), CM.total, CM.area, CM.count), float)


class HasTotal(Protocol):
    @property
    def total(self) -> float: ...


def inferred_in_place_of_a_protocol() -> None:
    # pyright compares the descriptor's class-level type with a property: a limit of it for any descriptor.
    has_total: HasTotal = CM(1.0)  # pyright: ignore[reportAssignmentType]
    assert_type(has_total.total, float)


class Abstract(DatedCacheManager, ABC):
    @metric
    @abstractmethod
    def total(self) -> float: ...

    @metric
    def twice(self) -> float:
        return self.total * 2


class Concrete(Abstract):
    verbose = False

    @metric
    @override
    def total(self) -> float:
        return 1.5


def inferred_abstract() -> None:
    assert_type(Concrete().twice, float)
    assert_type(Abstract.total, Metric[float])


def refused(cm: CM) -> None:
    # assigning to a metric, on an instance
    cm.total = 3.0  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    cm.spectrum = np.ones(3)  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    cm.area = 3.0  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    cm.total += 1.0  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    # deleting one is let pass by all: it means "forget it in memory"
    del cm.total
    # a typo, on an instance and on the class
    cm.totl  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    CM.totl  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    # calling a plain metric
    cm.total()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[not-callable]  # ty: ignore[not-callable]
    # wrong use of the value
    cm.total.upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    cm.total + "a"  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    cm.spectrum.frobnicate()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    # None is not dealt with
    cm.peak + 1.0  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    # a key is not a value, a value no key
    CM.total + 1.0  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    text: Metric[str] = CM.total  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    # a manager that still has abstract metrics, missed by ty: at run time the TypeError of ABC
    Abstract()  # type: ignore[abstract]  # pyright: ignore[reportAbstractUsage]  # pyrefly: ignore[direct-abstract-base-instantiation]
