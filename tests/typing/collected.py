"""The dynamic way of 0.5.0: functions collected by a manager object, typed as far as that goes."""

# pyright: reportUnusedExpression=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, assert_type

from simple_metrics_manager import (
    CachedFunction,
    Collected,
    CollectingDatedCacheManager,
    DataCacheManager,
    Metric,
    ParameterizedDataCacheManager,
    ParameterizedDatedCacheManager,
)

CM = ParameterizedDatedCacheManager(dynamic_metric_creation=True)
CM.verbose = False


@CM.collect
def metric_1() -> float:
    return 1.0


# 0.5.0's brackets
@CM.collect()
def bracketed() -> float:
    return 1.0


# rows as tuples are checked, names and defaults are kept
@CM.collect(params_list=[(1, 2.0), (1, 3.0)])
def poly(a: int, b: float = 2.0) -> float:
    return a * b


# rows as lists, as 0.5.0's documentation has them, are checked when they run
@CM.collect(params_list=[[1], [4]])
def poly_x(a: int) -> float:
    return a * 1.0


@CM.collect("renamed", params_list=[(1,)])
def original(a: int) -> int:
    return a


@CM.collect(base_name="renamed_too")
def original_too() -> str:
    return "a"


def join_name(base_name: str, params: Sequence[Any]) -> str:
    return "-".join([base_name, *map(str, params)])


@CM.collect(params_list=[(1, "x")], name_generation_function=join_name)
def named(a: int, b: str) -> str:
    return b * a


# a function that has no types may be collected; the strict checkers ask for them
@CM.collect
def untyped(a=0, b=1):  # type: ignore[no-untyped-def]  # pyright: ignore[reportMissingParameterType]  # pyrefly: ignore[implicit-any-parameter]
    return 1.0


COLLECTING = CollectingDatedCacheManager()
COLLECTING.verbose = False


@COLLECTING.collect
def plain() -> int:
    return 3


def inferred_plain_calls() -> None:
    assert_type(metric_1(), float)
    assert_type(bracketed(), float)
    assert_type(poly(7), float)
    assert_type(poly(1, b=2.0), float)
    assert_type(poly_x(7), float)
    assert_type(original(1), int)
    assert_type(original_too(), str)
    assert_type(named(2, b="x"), str)
    assert_type(plain(), int)


def inferred_flags() -> None:
    assert_type(metric_1(cache=True), float)
    assert_type(metric_1(cache=True, use_stored=False), float)
    assert_type(poly(1, 2.0, cache=True), float)
    assert_type(poly(1, b=2.0, cache=True, use_stored=False), float)
    assert_type(poly_x(1, cache=True), float)
    assert_type(poly_x(7, cache=False), float)
    assert_type(plain(cache=True), int)


def inferred_handles() -> None:
    assert_type(poly.cached(1, b=2.0), float)
    assert_type(poly.fresh(1, b=2.0), float)
    assert_type(poly.key(1), Metric[float])
    assert_type(poly.get_all(), list[float])
    assert_type(poly.get_all(use_stored=False, verbose=False), list[float])
    assert_type(poly_x.cached(4), float)
    assert_type(metric_1.cached(), float)
    assert_type(plain.fresh(), int)
    assert_type(CM.get(poly.key(1, b=2.0), use_stored=False), float)
    assert_type(CM[poly.key(1, 3.0)], float)
    assert_type(CM.exists(poly.key(1, 3.0)), bool)
    assert_type(COLLECTING[plain.key()], int)
    collected: Collected[..., float] = poly
    assert_type(collected.get_all(), list[float])


def inferred_as_functions() -> None:
    function: Callable[[int, float], float] = poly
    assert_type(function(1, 2.0), float)
    assert_type(list(map(poly_x, [1, 2])), list[float])


def inferred_attributes() -> None:
    # what was collected cannot be seen as an attribute: Any; a typo is told at run time
    assert_type(CM.metric_1(), Any)
    assert_type(CM.poly(1, 3.0, use_stored=False), Any)
    assert_type(CM.poly_x.get_all(), list[Any])
    assert_type(CM.poly_x.base_name, str)
    assert_type(CM.poly_x, CachedFunction[..., Any])
    assert_type(CM["poly_x_1"], Any)
    assert_type(CM.dynamic_metric_creation, bool)
    assert_type(CM.parameterized_metrics, list[CachedFunction[..., Any]])


def inferred_other_names() -> None:
    assert_type(DataCacheManager(), ParameterizedDatedCacheManager)
    assert_type(ParameterizedDataCacheManager(None, dynamic_metric_creation=True), ParameterizedDatedCacheManager)


def missed() -> None:
    # a flagged call keeps the result's type only: arguments are checked when it runs, here or with cached(...)
    assert_type(poly("x", cache=True), float)
    # an attribute that nobody collected
    assert_type(CM.metric_17(), Any)


def refused() -> None:
    metric_1(1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[bad-argument-count]  # ty: ignore[no-matching-overload]
    poly("x")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    poly(1, c=2.0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    poly.cached("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    poly.fresh(1, c=2.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    poly.key("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # use_stored belongs to the cache
    metric_1(use_stored=False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    poly(1, use_stored=False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    # misspelt flags
    metric_1(cach=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    poly(1, cach=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    # flags of another type
    metric_1(cache="yes")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
    # wrong use of the result
    poly(1).upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    poly(1, cache=True).upper()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    poly + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    # a collected function is no key; its key is
    CM.get(poly)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    # the base has no attributes that were not declared
    COLLECTING.plain()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    ParameterizedDatedCacheManager(dynamic_metric_creation="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    CollectingDatedCacheManager(dynamic_metric_creation=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]


def refused_rows() -> None:
    # a row that does not fit
    @CM.collect(params_list=[(1, "x")])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    def wrong_type(a: int, b: int) -> float:
        return a * b

    @CM.collect(params_list=[(1, 2, 3)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    def too_many(a: int, b: int) -> float:
        return a * b

    @CM.collect(params_list=[(1,)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    def too_few(a: int, b: int) -> float:
        return a * b

    @CM.collect(params_list=[1, 2])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    def scalars(a: int) -> float:
        return a * 1.0

    @CM.collect(param_list=[(1,)])  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportCallIssue, reportUntypedFunctionDecorator]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    def misspelt(a: int) -> float:
        return a * 1.0

    # a manager for functions without parameters
    @COLLECTING.collect  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    def with_parameter(a: int) -> float:
        return a * 1.0


def refused_lists() -> None:
    # as lists they do not fit either, but only running it tells
    @CM.collect(params_list=[["x"]])
    def wrong_list(a: int) -> float:
        return a * 1.0

    assert_type(wrong_list(1), float)
