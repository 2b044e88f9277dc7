"""What becomes of stale values is said in words that a checker knows; the types of values stay what they are."""

# pyright: reportUnusedExpression=false

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

from simple_metrics_manager import DatedCacheManager, Failure, Metric, OnStale, Plan, metric


def files_of(cm: DatedCacheManager, k: int) -> list[Path]:
    return []


def number_of(cm: DatedCacheManager) -> int:
    return 5


class Fresh(DatedCacheManager):
    on_stale = "fresh"


class CM(DatedCacheManager):
    verbose = False

    @metric(on_stale="strict", max_age=timedelta(days=7), files="numbers.csv", version=1)
    def total(self) -> float:
        return 1.5

    @metric(on_stale={"code_changed": "use", "expired": "error"}, files=[Path("a"), "b"])
    def text(self) -> str:
        return "a"

    @metric(params_list=[(8,)], on_stale="careful", files=files_of)
    def inertia(self, k: int) -> float:
        return k * 1.0


def inferred_with_a_policy() -> None:
    cm = CM()
    policy: OnStale = {"helper_changed": "warn"}
    assert_type(CM.total, Metric[float])
    assert_type(cm.total, float)
    assert_type(cm.inertia(8), float)
    assert_type(cm.get(CM.total, on_stale="fresh"), float)
    assert_type(cm.get(CM.text, on_stale=policy), str)
    assert_type(cm.get_all([CM.total], on_stale="strict"), list[float])
    assert_type(cm.get_all([CM.total], on_stale=policy, on_error="collect"), list[float | Failure])
    assert_type(cm.get_all(on_stale="careful"), dict[str, object])
    assert_type(cm.get_all(dry_run=True, on_stale="fresh"), Plan)
    assert_type(cm.iter_all([CM.total], on_stale="fresh"), Iterator[tuple[Metric[float], float]])
    assert_type(cm.inertia.get_all(on_stale="fresh"), list[float])
    assert_type(asyncio.run(cm.aget(CM.text, on_stale="fresh")), str)
    cm.on_stale = "careful"
    cm.on_stale = {"unknown": "use"}


def refused(cm: CM) -> None:
    cm.get(CM.total, on_stale="strikt")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get(CM.total, on_stale={"code_change": "use"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get(CM.total, on_stale={"code_changed": "ignore"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get(CM.total, on_stale=True)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.get_all([CM.total], on_stale="strikt")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm.inertia.get_all(on_stale="never")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
    asyncio.run(cm.aget(CM.total, on_stale="never"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.on_stale = "never"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]


if TYPE_CHECKING:

    class Wrong(DatedCacheManager):
        on_stale = "never"  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]

        @metric(on_stale="never")  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def policy(self) -> float:
            return 1.0

        @metric(max_age=7)  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def age(self) -> float:
            return 1.0

        @metric(files=5)  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def file(self) -> float:
            return 1.0

        @metric(files=number_of)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def function(self) -> float:
            return 1.0
