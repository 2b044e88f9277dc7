"""Copying what one storage holds to another: verified, entry by entry, never over what is there."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable
from contextlib import nullcontext

import attrs

from simple_metrics_manager.errors import (
    CorruptDatabaseError,
    CorruptMetricError,
    ForkedError,
    MetricsError,
    NotStoredError,
    StorageError,
    UnreachableError,
)
from simple_metrics_manager.events import tell
from simple_metrics_manager.events.base import Event, format_seconds
from simple_metrics_manager.keeping.blobs import known, own_name, truth, verified
from simple_metrics_manager.keeping.likeness import likeness, same_question
from simple_metrics_manager.keeping.printing import format_bytes
from simple_metrics_manager.keeping.putting import Blob, put
from simple_metrics_manager.keeping.reports import CopyReport
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import parse_date
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import copy_failure, names_of_failures, read_failure
from simple_metrics_manager.storing.sources import copy_sources

_PAUSE = 10.0
"""Seconds between two lines about a copy that goes on."""

_HOPELESS = (UnreachableError, CorruptDatabaseError, ForkedError)
"""What would happen with every other entry as well."""


@attrs.frozen
class Copying(Event):
    """A copy has got so far: ``done`` of ``total``, ``bytes`` written. ``metric`` is the kind of the target."""

    done: int
    total: int
    bytes: int
    seconds: float

    def line(self) -> str:
        did = f"{self.done} of {self.total} ({format_bytes(self.bytes)}) in {format_seconds(self.seconds)}"
        return f"Copy to {self.metric}: {did}"


@attrs.frozen
class CopyEnded(Event):
    """A copy has ended; ``report`` is what became of it."""

    report: CopyReport

    def line(self) -> str:
        return f"Copy to {self.metric}: {self.report}"


def copy_storage(
    source: StoredEntries,
    target: StoredEntries,
    *,
    names: Iterable[str] | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    verbose: bool = True,
) -> CopyReport:
    """Copy everything that ``source`` holds, or only ``names``, to ``target``, whatever kinds of storage they are.

    Values, records and dates come along to the bit. Where the format is the same, the bytes of the file are copied as
    they are, compressed or not; anything else is taken apart and written anew. Each entry is verified before it is
    copied, and read back afterwards. What has a format of its own keeps it. What 0.5.0 stored stays as it was, its date
    beside it, where the target may hold such files, and gets a record with that date elsewhere.

    What the target has already is compared: equal and sound, it is skipped, so a copy that was interrupted goes on when
    it is called again. Damaged, it is set aside. Anything else is a conflict, which is reported and left alone
    unless ``overwrite=True``. ``dry_run`` says what would be done; what is to be copied is not read for it.

    Raises:
        TypeError: one of the two is no storage of this library.
        UnreachableError: one of them does not answer; call again.
        SaveError: what was copied cannot be made to outlive a power cut.
    """
    copier = _Copier(truth(known(source)), known(target), overwrite, dry_run)
    began = told = time.monotonic()
    title = type(target).__name__
    with nullcontext() if dry_run else target.grouped():
        asked = tuple(dict.fromkeys(copier.source.names() if names is None else names))
        for done, name in enumerate(asked):
            copier.take(name)
            if (now := time.monotonic()) - told > _PAUSE:
                tell(Copying(title, done + 1, len(asked), copier.bytes, now - began, verbose=verbose))
                told = now
        copier.take_failures(None if names is None else set(asked))
        if not dry_run:
            copier.take_sources()
    report = copier.report(time.monotonic() - began)
    tell(CopyEnded(title, report, verbose=verbose))
    return report


class _Copier:
    """One copy: where to, and what has become of it so far."""

    def __init__(self, source: StoredEntries, target: StoredEntries, overwrite: bool, dry_run: bool) -> None:
        self.source = source
        self.target = target
        self.bytes = 0
        self._overwrite = overwrite
        self._dry_run = dry_run
        self._there = set(target.names())
        self._sizes = {each.name: each.bytes for each in source.listing()} if dry_run else {}
        self._copied: list[str] = []
        self._skipped: list[str] = []
        self._conflicts: dict[str, str] = {}
        self._failed: dict[str, str] = {}
        self._set_aside: dict[str, str] = {}
        self._failures: list[str] = []

    def report(self, seconds: float) -> CopyReport:
        """What has become of it."""
        return CopyReport(
            tuple(self._copied),
            tuple(self._skipped),
            self._conflicts,
            self._failed,
            self._set_aside,
            self.bytes,
            seconds,
            self._dry_run,
            tuple(self._failures),
        )

    def take(self, name: str) -> None:
        """Copy this one, or say why not."""
        try:
            if self._dry_run and name in self._sizes and name not in self._there:
                self._note(name, self._sizes[name])
            else:
                self._take(name)
        except _HOPELESS:
            raise
        except (MetricsError, OSError) as error:
            self._failed[name] = str(error)

    def take_sources(self) -> None:
        """Copy the sources of helpers, which all values of the same code share."""
        try:
            copy_sources(self.source, self.target)
        except _HOPELESS:
            raise
        except (MetricsError, OSError) as error:
            self._failed["the sources of helpers"] = str(error)

    def take_failures(self, names: Container[str] | None) -> None:
        """Copy the last errors of metrics, of these names or of all; one that the target has is left alone, too."""
        there = set(names_of_failures(self.target))
        for name in names_of_failures(self.source):
            if (names is not None and name not in names) or (name in there and not self._overwrite):
                continue
            try:
                target_name = read_failure(self.source, name).name or name
                new = self._dry_run or copy_failure(
                    self.source, self.target, name, target_name, replace=self._overwrite
                )
                self._failures += [name] if new else []
            except _HOPELESS:
                raise
            except (MetricsError, OSError) as error:
                self._failed[f"the error of {name}"] = str(error)

    def _note(self, name: str, size: int) -> None:
        self._copied.append(name)
        self.bytes += size

    def _take(self, name: str) -> None:
        blob = Blob.read(self.source, name)
        record = blob.form.decode_record(blob.data, blob.place)
        if record is None and self._goes_along(name):
            return
        wanted = self._record(name, record)
        target_name = name if record is None else own_name(self.source, blob.form, name, record.name) or name
        if target_name in self._there:
            self._compare(name, target_name, blob, wanted)
        elif self._dry_run:
            self._note(name, len(blob.data))
        else:
            self._put(name, target_name, blob, wanted, replace=False)

    def _record(self, name: str, record: Record | None) -> Record | None:
        """The record that it is to have. What 0.5.0 stored gets one where nobody would look for its date beside it."""
        if record is not None or self.target.old_files or not self.source.exists(name + DATE):
            return record
        date = parse_date(self.source.load(name + DATE))
        return None if date is None else Record(name=name, date=date)

    def _goes_along(self, name: str) -> bool:
        """Whether it is the date of something that gets a record in the target."""
        base = name.removesuffix(DATE)
        if base == name or self.target.old_files:
            return False
        try:
            if self.source.read_record(base) is not None:
                return False
        except NotStoredError:
            return False
        return parse_date(self.source.load(name)) is not None

    def _put(self, name: str, target_name: str, blob: Blob, record: Record | None, *, replace: bool) -> None:
        size = put(blob, self.target, target_name, record, replace=replace)
        if size is None:  # somebody else was quicker, or a listing does not tell the whole name
            self._compare(name, target_name, blob, record)
            return
        self._note(name, size)

    def _compare(self, name: str, target_name: str, blob: Blob, record: Record | None) -> None:
        """There is something of this name in the target: skip it, replace it, or say that it is another one."""
        try:
            there = Blob.read(truth(self.target), target_name)
            reason = self._difference(blob, record, there)
        except CorruptDatabaseError:
            raise
        except CorruptMetricError as error:
            verified(blob.form, blob.data, blob.place)  # before anything is moved away for its sake
            self._renew(name, target_name, blob, record, error.found)
            return
        except StorageError as error:
            reason = str(error)
        if reason is None:
            self._skipped.append(name)
        elif not self._overwrite:
            self._conflicts[name] = reason
        elif self._dry_run:
            self._note(name, len(blob.data))
        else:
            self._put(name, target_name, blob, record, replace=True)

    def _difference(self, blob: Blob, record: Record | None, there: Blob) -> str | None:
        """Why what is there is another one; None if it is the same, whenever that was computed."""
        theirs = verified(there.form, there.data, there.place)
        if not same_question(record, theirs.record):
            return f"{there.place} is another metric's, or of another version, type or time of 0.5.0"
        if record is not None and theirs.record is not None and record.content and theirs.record.content:
            same = record.content == theirs.record.content
        else:
            mine = verified(blob.form, blob.data, blob.place)
            same = likeness(mine.payload) == likeness(theirs.payload)
        return None if same else f"{there.place} has another value"

    def _renew(self, name: str, target_name: str, blob: Blob, record: Record | None, found: str) -> None:
        if self._dry_run:
            self._set_aside[name] = f"still in its place, damaged: {found}"
            self._note(name, len(blob.data))
            return
        self._set_aside[name] = self.target.set_aside(target_name)
        size = put(blob, self.target, target_name, record, replace=False)
        if size is None:
            self._conflicts[name] = "somebody else has stored it meanwhile"
        else:
            self._note(name, size)
