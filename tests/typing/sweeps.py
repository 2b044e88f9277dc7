"""Many metrics at once: what comes back keeps its type, be it values, failures, a plan or one array."""

# pyright: reportUnusedExpression=false, reportUnusedVariable=false

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    Failure,
    LabelledArray,
    Metric,
    ParameterizedDatedCacheManager,
    Plan,
    metric,
)


class CM(DatedCacheManager):
    verbose = False
    memory_limit = 1_000_000

    @metric
    def total(self) -> float:
        return 1.5

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        return np.zeros(3)

    @metric(params_list=[(8,), (10,)])
    def inertia(self, k: int) -> float:
        return k * 1.0

    @metric(params_list=[("a",), ("b",)])
    def title(self, of: str) -> str:
        return of


def inferred_of_one_metric() -> None:
    cm = CM()
    executor: Executor = ThreadPoolExecutor(2)
    assert_type(cm.inertia.get_all(), list[float])
    assert_type(cm.inertia.get_all(executor=executor), list[float])
    assert_type(cm.inertia.get_all(executor=ThreadPoolExecutor(2), on_error="raise"), list[float])
    assert_type(cm.inertia.get_all(on_error="collect", executor=executor), list[float | Failure])
    assert_type(cm.inertia.get_all(dry_run=True), Plan)
    assert_type(cm.inertia.get_all(dry_run=True, on_error="collect", executor=executor).todo, int)
    for value in cm.title.get_all(on_error="collect"):
        if isinstance(value, Failure):
            assert_type(value.exception, BaseException | None)
        else:
            text: str = value


def inferred_of_many() -> None:
    cm = CM()
    executor = ThreadPoolExecutor(2)
    assert_type(cm.get_all(executor=executor), dict[str, object])
    assert_type(cm.get_all(on_error="collect"), dict[str, object])
    assert_type(cm.get_all([CM.total, CM.inertia(8)], executor=executor), list[float])
    assert_type(cm.get_all([CM.inertia(8)], on_error="collect"), list[float | Failure])
    assert_type(cm.get_all(["total", "inertia,k=8"]), list[Any])
    assert_type(cm.get_all(dry_run=True), Plan)
    assert_type(cm.get_all([CM.total], dry_run=True), Plan)
    assert_type(cm.get_all([CM.total], dry_run=True).expected, float | None)
    assert_type(cm.iter_all([CM.total]), Iterator[tuple[Metric[float], float]])
    assert_type(cm.iter_all(executor=executor), Iterator[tuple[Metric[object], object]])
    assert_type(cm.iter_all([CM.total], on_error="collect"), Iterator[tuple[Metric[float], float | Failure]])
    assert_type(cm.failures(), dict[str, Failure])
    assert_type(cm.last_error(CM.total), Failure | None)
    assert_type(cm.retry_failed(executor=executor), dict[str, object])


def inferred_as_an_array() -> None:
    cm = CM()
    assert_type(cm.inertia.to_array(), LabelledArray[np.float64])
    assert_type(cm.inertia.to_array().values, NDArray[np.float64])


def inferred_in_asyncio() -> None:
    asyncio.run(awaited())


async def awaited() -> None:
    cm = CM()
    assert_type(await cm.aget(CM.total), float)
    assert_type(await cm.aget(CM.inertia(8), use_stored=False), float)
    assert_type(await cm.aget(CM.spectrum), NDArray[np.float64])


def inferred_of_collected() -> None:
    executor = ThreadPoolExecutor(2)
    manager = ParameterizedDatedCacheManager()

    @manager.collect(params_list=[(1,), (2,)])
    def double(a: int) -> float:
        return a * 2.0

    assert_type(double.get_all(executor=executor), list[float])
    assert_type(double.get_all(on_error="collect"), list[float | Failure])
    assert_type(double.get_all(dry_run=True), Plan)


def refused(cm: CM) -> None:
    cm.inertia.get_all(executor=4)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
    cm.inertia.get_all(on_error="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    text: list[str] = cm.inertia.get_all()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    numbers: list[float] = cm.inertia.get_all(on_error="collect")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    cm.get_all(CM.total)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get_all([CM.inertia])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get_all([1, 2])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.inertia.get_all = None  # type: ignore[assignment, misc]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[read-only]  # ty: ignore[invalid-assignment]


async def refused_in_asyncio(cm: CM) -> None:
    cm.aget(CM.total) + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    await cm.aget(CM.inertia)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    word: str = await cm.aget(CM.total)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
