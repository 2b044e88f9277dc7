"""Looking after what is stored: what may be cleared, and what plans and reports are."""

# pyright: reportUnusedExpression=false

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

from simple_metrics_manager import (
    CheckReport,
    ClearPlan,
    CopyReport,
    DatedCacheManager,
    MemoryStorageInterface,
    Metric,
    ParameterizedDatedCacheManager,
    ParameterizedMetric,
    RenamePlan,
    check_storage,
    copy_storage,
    metric,
    rename_stored,
)


class CM(DatedCacheManager):
    verbose = False

    @metric(renamed_from="sum")
    def total(self) -> float:
        return 1.5

    @metric(params_list=[(8,), (10,)], renamed_from=("distance", "spread"), renamed_parameters={"k": ("n", "m")})
    def inertia(self, k: int) -> float:
        return k * 1.0

    @metric(dynamic=True, renamed_from="heading", renamed_parameters={"of": "what"})
    def title(self, of: str) -> str:
        return of


def inferred_renamed() -> None:
    assert_type(CM.total, Metric[float])
    assert_type(CM().total, float)
    assert_type(CM().inertia(8), float)
    assert_type(CM().title("a"), str)
    declared: ParameterizedMetric[..., float] = CM.inertia
    assert_type(declared.name, str)
    assert_type(CM().use(MemoryStorageInterface()).adopt_renamed(), RenamePlan)
    assert_type(CM().adopt_renamed(dry_run=False).ok, bool)
    storage = MemoryStorageInterface()
    assert_type(rename_stored(storage, CM), RenamePlan)
    assert_type(rename_stored(storage, CM, classes={"CM": "Old"}, inputs={"a": ("b", "c")}, dry_run=False), RenamePlan)


def inferred_clear() -> None:
    cm = CM(MemoryStorageInterface())
    assert_type(cm.clear(), ClearPlan)
    assert_type(cm.clear(CM.total), ClearPlan)
    assert_type(cm.clear("total", dry_run=False), ClearPlan)
    assert_type(cm.clear(cm.inertia).names, tuple[str, ...])
    assert_type(cm.clear(CM.title).seconds, float)
    assert_type(cm.clear([CM.total, CM.inertia(8), CM.inertia, cm.title, "total"]), ClearPlan)
    assert_type(cm.clear(older_than=timedelta(days=30), orphans=True), ClearPlan)
    assert_type(
        [each.date for each in cm.clear(older_than=datetime(2026, 1, 1, tzinfo=UTC)).entries], list[datetime | None]
    )


def inferred_collected() -> None:
    cm = ParameterizedDatedCacheManager(MemoryStorageInterface())
    assert_type(cm.clear(), ClearPlan)


def inferred_check_and_copy() -> None:
    storage = MemoryStorageInterface()
    assert_type(CM(storage).check(), CheckReport)
    assert_type(check_storage(storage), CheckReport)
    assert_type(copy_storage(storage, MemoryStorageInterface(), verbose=False), CopyReport)
    assert_type(copy_storage(storage, storage, names=["a"], overwrite=True, dry_run=True, verbose=False).bytes, int)


def refused(cm: CM) -> None:
    cm.clear(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.clear(older_than=30)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    copy_storage(cm, MemoryStorageInterface())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    rename_stored(cm, CM)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    rename_stored(MemoryStorageInterface(), CM, inputs={"a": 7})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-argument-type]
    metric(renamed_from=3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
