"""A storage as a manager sees it: values in, dated values out, whatever kind of storage it is.

Storages that keep entries (see :class:`.EntryStorage`) hold the record inside. Any other object with the three methods
gets the value itself, as 0.5.0 gave it, and the date as one more value called ``<name>_date``, a text ``YYYY-MM-DD``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, cast

from simple_metrics_manager.claims.base import Claims
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, NotStoredError, SaveError, StorageError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.split import join
from simple_metrics_manager.payload.tree import NOTHING, Payload
from simple_metrics_manager.payload.unshare import unshare
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.storage import EntryStorage, Storage


class Found:
    """Something that is stored: its record, and its value once it is asked for as a type."""

    __slots__ = ("_entry", "_raw", "_record", "exact")

    def __init__(self, entry: Entry | None, record: Record | None, raw: object = None) -> None:
        self._entry = entry
        self._record = record
        self._raw = raw
        self.exact: bool = False
        """Whether :meth:`answers` has said yes."""

    @property
    def record(self) -> Record:
        """Its record; of what has none inside, one with its name and date."""
        if self._record is None:
            record = self._entry.record if self._entry is not None else None
            if record is None:
                raise AssertionError("what is found has an entry with a record, or a record of its own")
            self._record = record
        return self._record

    @property
    def old(self) -> bool:
        """Whether it was written without a record: by 0.5.0, or through a storage of three methods."""
        return self._entry is None or not self._entry.dated

    @property
    def origin(self) -> bytes | None:
        """All that its record says of the code, as it is written; None if that is not to be had."""
        return self._entry.origin if self._entry is not None else None

    @property
    def reads(self) -> tuple[Read, ...] | None:
        """The metrics that went into the value; None if that is not to be had without its record being parsed."""
        return self._entry.reads if self._entry is not None else None

    def answers(self, question: bytes) -> bool:
        """Whether it is known, without its record having been parsed, to be the answer to this question."""
        self.exact = self._entry is not None and self._entry.answers(question)
        return self.exact

    def value(self, codec: Codec, allow_pickle: bool) -> object:
        """The value, in the type that ``codec`` stands for.

        Raises:
            MetricTypeError: what is stored does not fit it.
        """
        if self._entry is None:
            return codec.adopt(self._raw)
        if self.exact:
            return codec.load(self._entry.payload)
        payload, kind = self._entry.payload, "old" if self.old else self._entry.codec
        if kind == codec.kind:
            return codec.load(payload)
        if kind == "typed":
            return codec.adopt(join(payload))
        return codec.adopt(plain_codec(allow_pickle).load(payload))

    def forget(self) -> None:
        """Keep the record only: what the value was made of need not live as long as that."""
        self._raw = None
        if self._entry is not None:
            self._entry.payload = NOTHING


class DatedStorage(Protocol):
    """Values with their records, in ``storage``. ``may_be_old`` says whether 0.5.0 may have stored some of them."""

    storage: Storage
    may_be_old: bool

    def exists(self, name: str, form: Format | None = None, /) -> bool: ...
    def find(self, name: str, form: Format | None = None, /) -> Found | None: ...
    def record(self, name: str, form: Format | None = None, /) -> Record | None: ...
    def old_record(self, name: str, /) -> Record | None: ...
    def set_aside(self, name: str, form: Format | None = None, /) -> str | None: ...
    def keep(self, value: object, payload: Payload, record: Record, form: Format | None = None, /) -> int: ...
    def place(self, name: str, form: Format | None = None, /) -> str: ...
    def create(self, value: object, payload: Payload, record: Record, form: Format | None = None, /) -> int | None: ...

    def tag(self, name: str, form: Format | None = None, /) -> str | None: ...
    def replace(self, payload: Payload, record: Record, tag: str, form: Format | None = None, /) -> int | None: ...

    @property
    def claims(self) -> Claims | None: ...


def dated(storage: Storage) -> DatedStorage:
    """The storage as a manager sees it."""
    known = known_as_dated(storage)
    if known is not None:
        return known
    if isinstance(storage, StoredEntries):
        made = cast("dict[str, DatedStorage]", storage.__dict__)["_as_dated"] = _Entries(storage, storage)
        return made
    return _Entries(storage, storage) if isinstance(storage, EntryStorage) else _SideCars(storage)


def known_as_dated(storage: object) -> DatedStorage | None:
    """The same for a storage of ours that was used before: to look at what it is takes as long as a look at its file.

    One that leads all questions to another answers with that one's, which is not meant.
    """
    known: object = getattr(storage, "_as_dated", None)
    return known if isinstance(known, _Entries) and known.storage is storage else None


def parse_date(text: object) -> datetime | None:
    """A stored date, of 0.5.0 (a day, local) or in ISO form; None if it is no date."""
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None


def _meeting(name: str, metric: str, other: str) -> CannotStoreError:
    problem = f"the date of the metric {metric!r} and the metric {other!r} would take each other's place"
    return CannotStoreError(name, problem, "Give one of the two metrics another name.")


class _Entries:
    def __init__(self, entries: EntryStorage, storage: Storage) -> None:
        ours = storage if isinstance(storage, StoredEntries) else None
        self._entries = entries
        self.storage: Storage = storage
        self._ours = ours
        self._form = None if ours is None else ours.form
        self.may_be_old: bool = ours is None or ours.old_files

    def exists(self, name: str, form: Format | None = None, /) -> bool:
        return self._entries.holds(name, form)

    def find(self, name: str, form: Format | None = None, /) -> Found | None:
        try:
            entry = self._entries.read(name, form or self._form)
        except NotStoredError:
            return None
        if entry.dated:
            return Found(entry, None)
        record = self._from_side_car(name)
        return None if record is None else Found(Entry(None, entry.payload), record)

    def record(self, name: str, form: Format | None = None, /) -> Record | None:
        try:
            return self._entries.read_record(name, form or self._form) or self._from_side_car(name)
        except NotStoredError:
            return None

    def old_record(self, name: str, /) -> Record | None:
        """The record of what 0.5.0 stored under this name."""
        return self._from_side_car(name) if self._is_old(name) else None

    def keep(self, value: object, payload: Payload, record: Record, form: Format | None = None, /) -> int:
        base = record.name.removesuffix(DATE)
        if base != record.name and self._is_old(base):
            raise _meeting(record.name, base, record.name)
        return self._entries.write(Entry(record, payload), form)

    @property
    def claims(self) -> Claims | None:
        """Where it is told who computes what of this storage; None where it is not."""
        return self._ours.claims if self._ours is not None else None

    def create(self, value: object, payload: Payload, record: Record, form: Format | None = None, /) -> int | None:
        """As :meth:`keep`, if nothing is there; None if something is. A storage of one's own replaces what is there."""
        if self._ours is None or record.name.endswith(DATE):
            return self.keep(value, payload, record, form)
        return self._ours.create(Entry(record, payload), form)

    def tag(self, name: str, form: Format | None = None, /) -> str | None:
        """What tells the entry that is there from any other; None where nothing does."""
        return self._ours.tag(name, form) if self._ours is not None else None

    def replace(self, payload: Payload, record: Record, tag: str, form: Format | None = None, /) -> int | None:
        """Store it if the entry that is there still has this tag; None if it has not."""
        return self._ours.replace(Entry(record, payload), tag, form) if self._ours is not None else None

    def set_aside(self, name: str, form: Format | None = None, /) -> str | None:
        """Take what is damaged out of the way; where it is then, or None where this storage cannot."""
        move = cast("Callable[[str, Format | None], str] | None", getattr(self._entries, "set_aside", None))
        return None if move is None else move(name, form)

    def place(self, name: str, form: Format | None = None, /) -> str:
        return self._entries.place(name, form)

    def _is_old(self, name: str) -> bool:
        """Whether 0.5.0 stored this: its date lies in a file of its own."""
        try:
            return self.may_be_old and self._entries.read_record(name, self._form) is None
        except NotStoredError:
            return False

    def _from_side_car(self, name: str) -> Record | None:
        """Without a date nothing counts as stored, as in 0.5.0: a save may have been cut short between the two."""
        if not self.storage.exists(name + DATE):
            return None
        date_ = parse_date(self.storage.load(name + DATE))
        return None if date_ is None else Record(name=name, metric=name, date=date_)


class _SideCars:
    may_be_old: bool = True

    def __init__(self, storage: Storage) -> None:
        self.storage: Storage = storage

    def exists(self, name: str, form: Format | None = None, /) -> bool:
        return bool(self.storage.exists(name)) and bool(self.storage.exists(name + DATE))

    def find(self, name: str, form: Format | None = None, /) -> Found | None:
        record = self.record(name)
        return None if record is None else Found(None, record, self.storage.load(name))

    def record(self, name: str, form: Format | None = None, /) -> Record | None:
        if not self.exists(name):
            return None
        date_ = parse_date(self.storage.load(name + DATE))
        return None if date_ is None else Record(name=name, metric=name, date=date_)

    def old_record(self, name: str, /) -> Record | None:
        return self.record(name)

    def keep(self, value: object, payload: Payload, record: Record, form: Format | None = None, /) -> int:
        name, base = record.name, record.name.removesuffix(DATE)
        if self.exists(name + DATE):
            raise _meeting(name, name, name + DATE)
        if base != name and self.storage.exists(base) and not self.exists(name):
            raise _meeting(name, base, name)
        try:
            self.storage.save(record.name, unshare(value))
            self.storage.save(record.name + DATE, datetime.now().astimezone().date().isoformat())
        except StorageError:
            raise
        except OSError as error:
            raise SaveError(record.name, self.place(record.name), str(error)) from error
        return 0

    @property
    def claims(self) -> Claims | None:
        """None: a storage of three methods has no room for them."""
        return None

    def create(self, value: object, payload: Payload, record: Record, form: Format | None = None, /) -> int | None:
        """As :meth:`keep`: what is there is replaced."""
        return self.keep(value, payload, record, form)

    def tag(self, name: str, form: Format | None = None, /) -> str | None:
        return None

    def replace(self, payload: Payload, record: Record, tag: str, form: Format | None = None, /) -> int | None:
        return None

    def set_aside(self, name: str, form: Format | None = None, /) -> str | None:
        return None

    def place(self, name: str, form: Format | None = None, /) -> str:
        return repr(self.storage)
