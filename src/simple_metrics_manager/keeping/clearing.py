"""What may go of what a manager has stored: planned, shown, and deleted entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

import attrs

from simple_metrics_manager.asking.memory import Memory
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.errors import MetricsError, NeedsParametersError, NotStoredError
from simple_metrics_manager.keeping.belongings import Belongings, Owned
from simple_metrics_manager.keeping.reports import ClearedFailure, Clearing, ClearPlan
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import delete_failure


class Sweep(Protocol):
    """A metric with parameters, of one manager: ``cm.inertia``, or a collected function."""

    @property
    def base_name(self) -> str: ...


class DeclaredSweep(Protocol):
    """The same on its class: ``Digits.inertia``."""

    @property
    def name(self) -> str: ...
    @property
    def params_list(self) -> Sequence[Row]: ...


Clearable: TypeAlias = "Metric[object] | Sweep | DeclaredSweep | str"
"""What one may ask to have cleared: one value, or all that is stored of a metric."""


def planned(mine: Belongings, names: Collection[str], before: datetime | None) -> ClearPlan:
    """What would go if these went, as far as they are older than that."""

    def is_old(date: datetime | None) -> bool:
        return before is None or (date is not None and date < before)

    going = [each for each in mine.entries.values() if each.name in names and is_old(each.date)]
    gone = {each.name for each in going}
    orphans = set(mine.orphans())
    entries = tuple(
        Clearing(
            name=each.name,
            metric=each.metric_name,
            bytes=each.bytes,
            seconds=0.0 if each.record is None else each.record.seconds,
            date=each.date,
            orphan=each.name in orphans,
            read_by=tuple(other for other in mine.readers.get(each.name, ()) if other not in gone),
        )
        for each in going
    )
    failures = tuple(
        ClearedFailure(each.name, each.metric_name, each.date, each.message, each.name in orphans)
        for each in mine.failures.values()
        if each.name in gone or (each.name in names and each.name not in mine.entries and is_old(each.date))
    )
    return ClearPlan(entries, failures=failures)


def cleared(mine: Belongings, plan: ClearPlan, memory: Memory) -> ClearPlan:
    """Delete what is planned, one after the other, and forget it; what became of it."""
    failed: dict[str, str] = {}
    with mine.storage.grouped():
        for each in plan.entries:
            try:
                _delete(mine.storage, mine.entries[each.name])
            except (MetricsError, OSError) as error:
                failed[each.name] = str(error)
                continue
            held = memory.held.get(each.metric)
            if held is not None and held.state == "stored":
                memory.forget(each.metric)
        for failure in plan.failures:
            try:
                delete_failure(mine.storage, failure.name)
            except (MetricsError, OSError) as error:
                failed.setdefault(failure.name, str(error))
    return attrs.evolve(plan, dry_run=False, failed=failed)


def _delete(storage: StoredEntries, entry: Owned) -> None:
    """The date that lies beside a value goes first: without one, nothing counts as stored."""
    for name in (entry.name + DATE, entry.name) if entry.side_car else (entry.name,):
        try:
            storage.delete(name)
        except NotStoredError:  # somebody else has
            continue


def moment(older_than: timedelta | datetime | None) -> datetime | None:
    """The time before which something is older than that; a naive one is local."""
    if isinstance(older_than, timedelta):
        return datetime.now(UTC) - older_than
    return None if older_than is None else older_than.astimezone(UTC)


def selected(
    belongings: Belongings, keys: Iterable[Clearable], meant: Callable[[Metric[object] | str], Metric[object]]
) -> set[str]:
    """The stored names of what is asked for; ``meant`` gives the key that a key or a name means for the manager.

    Raises:
        UnknownMetricError: a name means nothing, neither declared nor stored.
        TypeError: a key is none.
    """
    names: set[str] = set()
    for key in keys:
        if isinstance(key, Metric):
            names.update(belongings.named(meant(key)))
        elif isinstance(key, str):
            names.update(_by_name(belongings, key, meant(key)))
        elif isinstance(base := getattr(key, "base_name", getattr(key, "name", None)), str):
            names.update(belongings.of_metric(base))
        else:
            raise TypeError(f"{key!r} is no metric: give keys, names, or metrics with parameters as in cm.inertia")
    return names


def _by_name(belongings: Belongings, name: str, key: Metric[object]) -> set[str]:
    found = {*belongings.of_metric(name), *belongings.named(key)}
    unknown = key.declaration.unknown
    if not found and unknown is not None and not isinstance(unknown, NeedsParametersError):
        raise unknown
    return found
