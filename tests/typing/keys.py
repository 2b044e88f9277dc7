"""What one may ask a manager: by typed key, where the type of the value comes back, and by name."""

# pyright: reportUnusedExpression=false, reportUnusedVariable=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar, assert_type

import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, Metric, Storage, metric

T = TypeVar("T")


class CM(DatedCacheManager):
    verbose = False

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        return np.ones(4)

    @metric
    def total(self) -> float:
        return 4.0

    @metric(params_list=[(8,), (10,)])
    def inertia(self, k: int) -> float:
        return k * 1.0


class Other(DatedCacheManager):
    verbose = False

    @metric
    def elsewhere(self) -> str:
        return "elsewhere"


def inferred_by_key() -> None:
    cm = CM()
    assert_type(cm.get(CM.spectrum), NDArray[np.float64])
    assert_type(cm.get(CM.spectrum, use_stored=False), NDArray[np.float64])
    assert_type(cm.get(CM.total, use_stored=True, verbose=False), float)
    assert_type(cm.get(CM.total, False, False), float)
    assert_type(cm[CM.total], float)
    assert_type(cm[CM.inertia(10)], float)
    assert_type(cm.compute(CM.total), float)
    assert_type(cm.compute(CM.total, force=True), float)
    assert_type(cm.compute(CM.total, True, False), float)
    assert_type(cm.exists(CM.total), bool)
    assert_type(cm.date(CM.total), datetime)
    assert_type(cm.exists(CM.inertia(8)), bool)


def inferred_with_a_storage(cm: CM | None = None) -> None:
    if cm is not None:
        assert_type(cm.save(CM.total), float)
        assert_type(cm.save(CM.spectrum, force=True, verbose=False), NDArray[np.float64])
        assert_type(cm.load(CM.total), float)
        assert_type(cm.load(CM.inertia(8), force=True), float)


def inferred_by_name() -> None:
    # a name says nothing about the type of its value: Any, so that 0.5.0's code goes on
    cm = CM()
    assert_type(cm.get("total"), Any)
    assert_type(cm.get("total", use_stored=False, verbose=False), Any)
    assert_type(cm["inertia,k=10"], Any)
    assert_type(cm.compute("total", force=True), Any)
    assert_type(cm.exists("total"), bool)
    assert_type(cm.exists(name="total"), bool)
    assert_type(cm.get(name="total"), Any)
    assert_type(cm.date("total"), datetime)


def inferred_whole() -> None:
    cm = CM()
    assert_type(cm.get_all(), dict[str, object])
    assert_type(cm.get_all(use_stored=False, verbose=False), dict[str, object])
    assert_type(cm.functions_dict, dict[str, Callable[[], object]])
    assert_type(cm.metric_inputs(), Mapping[str, object])
    assert_type(cm.old_names(CM.total), Iterable[str])
    assert_type(cm.verbose, bool)
    assert_type(cm.storage_interface, Storage | None)


def inferred_manual_style() -> None:
    cm = DatedCacheManager()
    cm.verbose = False
    functions: dict[str, Callable[[], object]] = {"a": lambda: 1, "b": lambda: [2.0]}
    cm.set_functions_dict(functions)
    cm.functions_dict = functions
    assert_type(cm["a"], Any)
    del cm.cache["a"]
    cm.clear_cache()


def inferred_by_a_function_of_a_key() -> None:
    def timed(cm: DatedCacheManager, key: Metric[T]) -> tuple[T, datetime]:
        return cm[key], cm.date(key)

    assert_type(timed(CM(), CM.total), tuple[float, datetime])
    assert_type(timed(CM(), CM.inertia(8)), tuple[float, datetime])


def missed(cm: CM) -> None:
    # The key of another manager: missed by all four, UnknownMetricError at run time.
    assert_type(cm.get(Other.elsewhere), str)
    assert_type(cm[Other.elsewhere], str)
    assert_type(cm.exists(Other.elsewhere), bool)
    # A name that no metric has: the same.
    assert_type(cm["totl"], Any)


def refused(cm: CM) -> None:
    # a value, a number, None, the class given as key
    cm.get(cm.total)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get(3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get(None)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm[cm.spectrum]  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[bad-index]  # ty: ignore[invalid-argument-type]
    cm.exists(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.date(cm.total)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # a parameterized metric without its parameters
    cm.get(CM.inertia)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.save(CM.inertia)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.load(CM.inertia)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.compute(CM.inertia)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.date(CM.inertia)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # flags: misspelt, of another method, of another type
    cm.get(CM.total, use_sotred=False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get(CM.total, force=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get("total", force=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.compute(CM.total, use_stored=False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.save(CM.total, use_stored=False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get(CM.total, use_stored="no")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    # the value's type is known
    text: str = cm.get(CM.total)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    cm[CM.total].upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    cm.load(CM.spectrum).upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    # what there is by name is not known, so nothing can be done with it unseen
    cm.get_all()["total"] + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    # keys are not assigned to
    cm[CM.total] = 3.0  # type: ignore[index]  # pyright: ignore[reportIndexIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[invalid-assignment]
    # functions have no arguments
    cm.set_functions_dict({"a": 3})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-argument-type]
    cm.set_functions_dict({"a": lambda x: x})  # type: ignore[dict-item, misc]  # pyright: ignore[reportArgumentType, reportUnknownLambdaType]  # pyrefly: ignore[bad-assignment, implicit-any-lambda]  # ty: ignore[invalid-argument-type]
