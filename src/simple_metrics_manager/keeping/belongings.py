"""What a manager has stored of its own: values, and the last errors of what could not be computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import cast

import attrs

from simple_metrics_manager.asking.identity import same_module
from simple_metrics_manager.asking.inputs import Inputs
from simple_metrics_manager.declaring.carrying import home_of
from simple_metrics_manager.declaring.checks import declared_metrics
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.errors import CorruptMetricError, NotStoredError
from simple_metrics_manager.keeping.naming import records
from simple_metrics_manager.keys import DATE, metric_in, stored_name
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import parse_date
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import names_of_failures, read_failure
from simple_metrics_manager.sweeping.host import Manager


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


@attrs.frozen
class OwnedFailure:
    """The last error of a metric of the manager; without a date if it is damaged."""

    name: str
    metric_name: str
    metric: str
    date: datetime | None
    message: str


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
        self.label: str = inputs.label
        self._declared = declared
        self.storage = storage
        self.readers: dict[str, list[str]] = {}
        """What was computed from a stored value, by the name of that."""
        self._records: dict[str, Record | None] = {}
        self._bytes: dict[str, int] = {}
        self._read()
        self.entries: dict[str, Owned] = {each.name: each for each in self._mine()}
        self.failures: dict[str, OwnedFailure] = {each.name: each for each in self._failed()}

    def _read(self) -> None:
        for name, size, record in records(self.storage):  # of what is damaged its name alone says whose it is
            self._bytes[name] = size
            self._records[name] = record
            for read in () if record is None else record.reads:
                self.readers.setdefault(stored_name(read.manager, read.metric), []).append(name)

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
                yield self._entry(name, record.name[len(self.label) + 1 :], record.metric, record)
            elif record is not None and not record.manager and record.metric in functions:
                ours = self._is_ours(record, functions[record.metric])
                yield from [self._entry(name, name, record.metric, record)] if ours else ()

    def _failed(self) -> Iterator[OwnedFailure]:
        """Last errors of the manager, which say of which metric they are; of what is damaged, those of declared ones.

        Functions, which belong to no class, have those that the manager has functions for.
        """
        names = {name: each.metric_name for name, each in self.entries.items()}
        names |= {self._stored(key): key.name for key in self._declared.values()}
        for name in names_of_failures(self.storage):
            known = names.get(name)
            try:
                kept = read_failure(self.storage, name)
            except NotStoredError:
                continue
            except CorruptMetricError as error:
                if known is not None:
                    yield OwnedFailure(name, known, _metric_in(known), None, f"damaged: {error.found}")
                continue
            whole, failure = kept.name or name, kept.failure
            if known is not None or (self.label and whole == self.stored(failure.metric)):
                metric = failure.metric if known is None else known
                message = f"{failure.error}: {failure.message}".partition("\n")[0]
                yield OwnedFailure(name, metric, _metric_in(metric), failure.date, message)

    def stored(self, name: str) -> str:
        """The name in the storage of what has this name in the manager."""
        return stored_name(self.label, name)

    def _stored(self, key: Metric[object]) -> str:
        return self.stored(key.name) if key.declaration.takes_manager else key.name

    def _is_ours(self, record: Record, key: Metric[object]) -> bool:
        """Whether it is of our class, or of our function; a bare name says no more than it says."""
        if not record.metric:
            return not record.manager
        module = self.module if key.declaration.takes_manager else home_of(key.function)
        return bool(record.manager) == key.declaration.takes_manager and same_module(record.module, module)

    def _is_labelled(self, name: str, record: Record) -> bool:
        """Whether it is stored as a metric of ours, be that declared still or not."""
        rest = record.name.removeprefix(f"{self.label}.")
        return (
            rest != record.name
            and metric_in(rest) == record.metric
            and record.manager == self.kind.__qualname__
            and same_module(record.module, self.module)
        )

    @property
    def module(self) -> str:
        """The module of the class, or the one that it was in when its values were stored."""
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
        return (each.name for each in self._all() if each.metric_name == key.name)

    def _all(self) -> Iterator[Owned | OwnedFailure]:
        yield from self.entries.values()
        yield from self.failures.values()

    def of_metric(self, name: str) -> Iterator[str]:
        """The stored names of all parameter sets of a metric, or of the one that is called so."""
        for each in self._all():
            if name in (each.metric, each.metric_name, each.name):
                yield each.name

    def orphans(self) -> Iterator[str]:
        """The stored names of what the class does not declare any more."""
        metrics = declared_metrics(self.kind)
        for each in self._all():
            record = each.record if isinstance(each, Owned) else None
            ours = (record is not None and bool(record.manager)) if isinstance(each, Owned) else bool(self.label)
            if ours and self._is_orphan(each, metrics.get(each.metric)):
                yield each.name

    def _is_orphan(self, entry: Owned | OwnedFailure, found: object) -> bool:
        base, _, params = entry.metric_name.partition("@")
        if isinstance(found, Metric):
            return not params and base != entry.metric
        if not isinstance(found, ParameterizedMetric):
            return True
        sweep = cast("ParameterizedMetric[..., object]", found)
        return not params and (base == entry.metric or not (sweep.dynamic or base in self._declared))


def _metric_in(name: str) -> str:
    return metric_in(name)
