"""Reading everything that a storage holds: is each of it what was written, and what its name says?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from simple_metrics_manager.errors import (
    CorruptDatabaseError,
    CorruptMetricError,
    MissingExtraError,
    NewerFormatError,
    NotStoredError,
    PickledObjectsError,
    UnreachableError,
)
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.keeping.blobs import known, own_name, truth, verified
from simple_metrics_manager.keeping.naming import taken_apart
from simple_metrics_manager.keeping.reports import CheckReport, Finding
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.leftovers import left_in
from simple_metrics_manager.storing.dated import parse_date
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import failures_beside, names_of_failures, read_failure
from simple_metrics_manager.storing.natural import NATURAL, OTHERS
from simple_metrics_manager.storing.sources import damaged_sources

_UNREADABLE = (NewerFormatError, PickledObjectsError, MissingExtraError, OSError)


def check_storage(storage: StoredEntries) -> CheckReport:
    """Read everything, verify every checksum, and compare each name with the record; nothing is changed.

    One value is in memory at a time, and of an array in chunks one chunk. Of two tiers the shared one is read, in which
    alone something can be lost.

    Raises:
        TypeError: this is no storage of this library.
        UnreachableError: it does not answer.
    """
    return _Checker(truth(known(storage))).run()


class _Checker:
    """One check: of which storage, and what it has found so far."""

    def __init__(self, storage: StoredEntries) -> None:
        self._storage = storage
        self._checked = 0
        self._bytes = 0
        self._failures = 0
        self._damaged: list[Finding] = []
        self._unreadable: list[Finding] = []
        self._misplaced: list[Finding] = []
        self._leftovers: list[Finding] = []

    def run(self) -> CheckReport:
        """Read it all."""
        began = time.monotonic()
        try:
            for form, store in self._stores():
                for name in store.names():
                    self._take(name, form, store)
            for name in names_of_failures(self._storage):
                self._take_failure(name)
            for place in damaged_sources(self._storage):
                self._damaged.append(Finding("", place, "sources of helpers, which only show changes"))
        except CorruptDatabaseError as error:
            self._damaged.append(Finding("", error.path, error.found))
        self._leftovers += (Finding("", path, reason) for path, reason in self._left())
        return CheckReport(
            self._checked,
            self._bytes,
            tuple(self._damaged),
            tuple(self._unreadable),
            tuple(self._misplaced),
            tuple(self._leftovers),
            time.monotonic() - began,
            self._failures,
        )

    def _stores(self) -> Iterator[tuple[Format, Store]]:
        own = self._storage.form
        yield own, self._storage.beside(own.extension)
        for form in OTHERS:
            if form.extension != own.extension:
                yield form, self._storage.beside(form.extension)

    def _take(self, name: str, form: Format, store: Store) -> None:
        place = store.describe(name)
        try:
            blob = store.read(name)
            record = verified(form, blob, place).record
        except NotStoredError:
            return  # somebody has removed it meanwhile
        except (CorruptDatabaseError, UnreachableError):
            raise
        except CorruptMetricError as error:
            self._damaged.append(Finding(name, place, error.found))
        except _UNREADABLE as error:
            self._unreadable.append(Finding(name, place, str(error)))
        else:
            own = form is self._storage.form
            if (
                own or form in NATURAL.values() or (record is not None and record.chosen)
            ):  # else it is another storage's
                self._judge(name, form, store, record)
                self._bytes += len(blob)
                self._checked += 1
            return
        self._checked += 1

    def _take_failure(self, name: str) -> None:
        """The last error of a metric: it is sound, and says that it is of that one."""
        place = failures_beside(self._storage).describe(name)
        try:
            kept = read_failure(self._storage, name)
        except NotStoredError:
            return
        except (CorruptDatabaseError, UnreachableError):
            raise
        except CorruptMetricError as error:
            self._damaged.append(Finding(name, place, f"its last error: {error.found}"))
        except OSError as error:
            self._unreadable.append(Finding(name, place, str(error)))
        else:
            if kept.name and failures_beside(self._storage).describe(kept.name) != place:
                reason = f"it is the last error of {kept.name}, and lies in the place of that of {name}"
                self._misplaced.append(Finding(name, place, reason))
        self._failures += 1

    def _judge(self, name: str, form: Format, store: Store, record: Record | None) -> None:
        """Whether it is where it belongs."""
        place, own = store.describe(name), self._storage.form
        if record is not None and own_name(self._storage, form, name, record.name) is None:
            self._misplaced.append(Finding(name, place, f"it is {record.name}, and lies in the place of {name}"))
        elif record is not None and taken_apart(record) is None:
            told = ", ".join([f"{record.manager} {record.metric}", *record.params])
            self._misplaced.append(Finding(name, place, f"its record says that it is another one: of {told}"))
        elif form is not own and self._storage.beside(own.extension).exists(name):
            reason = f"{self._storage.place(name)} has taken its place"
            self._leftovers.append(Finding(name, place, reason))
        elif record is None:
            reason = self._undated(name, store)
            if reason:
                self._leftovers.append(Finding(name, place, reason))

    def _undated(self, name: str, store: Store) -> str:
        """Why something without a record is found by nobody; empty for what 0.5.0 stored, and for its date."""
        if name.endswith(DATE) and parse_date(self._storage.load(name)) is not None:
            return "" if store.exists(name.removesuffix(DATE)) else "it is the date of something that is gone"
        return (
            "" if store.exists(name + DATE) else "it has neither a record nor a date beside it, so no metric finds it"
        )

    def _left(self) -> Iterator[tuple[str, str]]:
        """Files in the directory of the storage that are no entries."""
        folder: object = getattr(self._storage, "metrics_dir", None)
        return iter(()) if folder is None else left_in(str(folder))
