"""What may go of what a manager has stored: planned, shown, and deleted entry by entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias, cast

import attrs

from simple_metrics_manager.asking.identity import same_module
from simple_metrics_manager.asking.inputs import Inputs
from simple_metrics_manager.asking.memory import Memory
from simple_metrics_manager.declaring.carrying import home_of
from simple_metrics_manager.declaring.checks import declared_metrics
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.errors import MetricsError, NeedsParametersError, NotStoredError, StorageError
from simple_metrics_manager.keeping.reports import Clearing, ClearPlan
from simple_metrics_manager.keys import DATE, stored_name
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import parse_date
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.sweeping.host import Manager

_AFTER_A_METRIC = re.compile("[,~@]")


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


@attrs.frozen
class Owned:
    """One entry of a manager: its name in the storage and in the manager, its metric, and the rest of its record."""

    name: str
    metric_name: str
    metric: str
    bytes: int
    record: Record | None
    date: datetime | None
    side_car: bool = False


class Belongings:
    """What a manager has stored, read once.

    An entry is the manager's if its name begins with the manager's own, and its record says so, too. Entries of
    functions, which belong to no class, are those that the manager has functions for; so is what 0.5.0 stored.
    """

    def __init__(
        self, manager: Manager, inputs: Inputs, declared: Mapping[str, Metric[object]], storage: StoredEntries
    ) -> None:
        self._manager = manager
        self.kind: type = type(manager)
        self._label = inputs.label
        self._declared = declared
        self.storage = storage
        self._readers: dict[str, list[str]] = {}
        self._records: dict[str, Record | None] = {}
        self._bytes: dict[str, int] = {}
        self._read()
        self.entries: dict[str, Owned] = {each.name: each for each in self._mine()}

    def _read(self) -> None:
        for name, size, _ in self.storage.listing():
            self._bytes[name] = size
            try:
                record = self.storage.read_record(name)
            except NotStoredError:
                continue
            except StorageError:  # damaged: its name alone says whose it is
                record = None
            self._records[name] = record
            for read in () if record is None else record.reads:
                self._readers.setdefault(stored_name(read.manager, read.metric), []).append(name)

    # ------------------------------------------------------------------------------------------------ whose is it?
    def _mine(self) -> Iterator[Owned]:
        keys = {self._stored(key): key for key in self._declared.values()}
        old = {
            name: key for key in keys.values() if key.declaration.takes_manager for name in self._manager.old_names(key)
        }
        functions = {key.declaration.name: key for key in keys.values() if not key.declaration.takes_manager}
        for name, record in self._records.items():
            if name in keys and (record is None or self._is_ours(record, keys[name])):
                yield self._entry(name, keys[name].name, keys[name].declaration.name, record)
            elif name in old and record is None and name + DATE in self._records:
                yield self._entry(name, old[name].name, old[name].declaration.name, record)
            elif record is not None and record.manager and self._is_labelled(name, record):
                yield self._entry(name, record.name[len(self._label) + 1 :], record.metric, record)
            elif record is not None and not record.manager and record.metric in functions:
                ours = self._is_ours(record, functions[record.metric])
                yield from [self._entry(name, name, record.metric, record)] if ours else ()

    def stored(self, name: str) -> str:
        """The name in the storage of what has this name in the manager."""
        return stored_name(self._label, name)

    def _stored(self, key: Metric[object]) -> str:
        return self.stored(key.name) if key.declaration.takes_manager else key.name

    def _is_ours(self, record: Record, key: Metric[object]) -> bool:
        """Whether it is of our class, or of our function; a bare name says no more than it says."""
        if not record.metric:
            return not record.manager
        module = self._module() if key.declaration.takes_manager else home_of(key.function)
        return bool(record.manager) == key.declaration.takes_manager and same_module(record.module, module)

    def _is_labelled(self, name: str, record: Record) -> bool:
        """Whether it is stored as a metric of ours, be that declared still or not."""
        rest = record.name.removeprefix(f"{self._label}.")
        return (
            rest != record.name
            and _AFTER_A_METRIC.split(rest, maxsplit=1)[0] == record.metric
            and record.manager == self.kind.__qualname__
            and same_module(record.module, self._module())
        )

    def _module(self) -> str:
        moved = self._manager.stored_module
        return moved if moved is not None else home_of(self.kind)

    def _entry(self, name: str, metric_name: str, metric: str, record: Record | None) -> Owned:
        if record is not None:
            return Owned(name, metric_name, metric, self._bytes[name], record, record.date)
        if name + DATE not in self._records:
            return Owned(name, metric_name, metric, self._bytes[name], None, None)
        date = parse_date(self.storage.load(name + DATE))
        return Owned(name, metric_name, metric, self._bytes[name] + self._bytes[name + DATE], None, date, True)

    # --------------------------------------------------------------------------------------------- what is asked for
    def named(self, key: Metric[object]) -> Iterator[str]:
        """The stored names of one metric."""
        return (each.name for each in self.entries.values() if each.metric_name == key.name)

    def of_metric(self, name: str) -> Iterator[str]:
        """The stored names of all parameter sets of a metric, or of the one that is called so."""
        for each in self.entries.values():
            if name in (each.metric, each.metric_name, each.name):
                yield each.name

    def orphans(self) -> Iterator[str]:
        """The stored names of what the class does not declare any more."""
        metrics = declared_metrics(self.kind)
        for each in self.entries.values():
            if each.record is not None and each.record.manager and self._is_orphan(each, metrics.get(each.metric)):
                yield each.name

    def _is_orphan(self, entry: Owned, found: object) -> bool:
        base, _, params = entry.metric_name.partition("@")
        if isinstance(found, Metric):
            return not params and base != entry.metric
        if not isinstance(found, ParameterizedMetric):
            return True
        sweep = cast("ParameterizedMetric[..., object]", found)
        return not params and (base == entry.metric or not (sweep.dynamic or base in self._declared))

    def plan(self, names: Collection[str], before: datetime | None) -> ClearPlan:
        """What would go if these went, as far as they are older than that."""
        going = [
            each
            for each in self.entries.values()
            if each.name in names and (before is None or (each.date is not None and each.date < before))
        ]
        gone = {each.name for each in going}
        orphans = set(self.orphans())
        return ClearPlan(
            tuple(
                Clearing(
                    name=each.name,
                    metric=each.metric_name,
                    bytes=each.bytes,
                    seconds=0.0 if each.record is None else each.record.seconds,
                    date=each.date,
                    orphan=each.name in orphans,
                    read_by=tuple(other for other in self._readers.get(each.name, ()) if other not in gone),
                )
                for each in going
            )
        )

    def clear(self, plan: ClearPlan, memory: Memory) -> ClearPlan:
        """Delete what is planned, one after the other, and forget it; what became of it."""
        failed: dict[str, str] = {}
        with self.storage.grouped():
            for each in plan.entries:
                try:
                    self._delete(self.entries[each.name])
                except (MetricsError, OSError) as error:
                    failed[each.name] = str(error)
                    continue
                held = memory.held.get(each.metric)
                if held is not None and held.state == "stored":
                    memory.forget(each.metric)
        return attrs.evolve(plan, dry_run=False, failed=failed)

    def _delete(self, entry: Owned) -> None:
        """The date that lies beside a value goes first: without one, nothing counts as stored."""
        for name in (entry.name + DATE, entry.name) if entry.side_car else (entry.name,):
            try:
                self.storage.delete(name)
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
