"""What a manager has stored: found under its name, checked to be what was asked for, in the declared type."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager, nullcontext

from simple_metrics_manager.asking.identity import Question, same_module
from simple_metrics_manager.asking.memory import Held
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import CorruptDatabaseError, CorruptMetricError, InTheWayError, WrongIdentityError
from simple_metrics_manager.events import Disregarded, Loaded, Saved, SetAside, silent, tell
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.unshare import lock_payload, unshare
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import DatedStorage, Found, dated
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.natural import NATURAL
from simple_metrics_manager.storing.storage import Storage, is_storage


def _is_storage(value: object) -> bool:
    return not isinstance(value, type) and is_storage(value)


class Shelf:
    """The storage of one manager, and what that manager may take from it."""

    __slots__ = ("_dated", "_storage")

    def __init__(self) -> None:
        self._storage: Storage | None = None
        self._dated: tuple[Storage, DatedStorage] | None = None

    def use(self, storage: Storage | None) -> None:
        """Keep values there from now on.

        Raises:
            TypeError: this is no storage.
        """
        if storage is not None and not isinstance(storage, StoredEntries) and not _is_storage(storage):
            lacks = "it has not the methods exists(name), save(name, data) and load(name)"
            raise TypeError(f"{storage!r} is no storage: {lacks}; give one, as in NpzStorageInterface('metrics')")
        self._storage = storage

    @property
    def given(self) -> Storage | None:
        """The storage that was given, be there a field ``storage`` or not."""
        return self._storage

    def storage(self, host: object) -> Storage | None:
        """The storage that was given, or the manager's field ``storage``, or None."""
        if self._storage is not None:
            return self._storage
        field = getattr(host, "storage", None)
        return field if is_storage(field) else None

    def grouped(self, host: object) -> AbstractContextManager[None]:
        """A block whose saves are made to outlive a power cut together, if the storage can do that."""
        storage = self.storage(host)
        return storage.grouped() if isinstance(storage, StoredEntries) else nullcontext()

    def codec(self, host: object, key: Metric[object]) -> Codec:
        """How values of this metric are taken apart."""
        found = key.declaration.codec(type(host), getattr(host, "__orig_class__", None))
        if found is not None:
            return found
        return plain_codec(self._allow_pickle(host), key.label, key.declaration.remedy(type(host)))

    def form(self, host: object, key: Metric[object]) -> Format | None:
        """The format that values of this metric have of their own: the declared one, or that of their type."""
        declared = key.declaration.form
        return declared if declared is not None else NATURAL.get(self.codec(host, key).natural)

    def holds(self, asked: Question) -> bool:
        """Whether there is something that :meth:`load` may find."""
        storage = self._open(asked.host)
        if storage is None:
            return False
        if asked.key.declaration.takes_manager:
            old_names = asked.host.old_names(asked.key)
            return storage.exists(asked.stored, self.form(asked.host, asked.key)) or any(
                storage.old_record(name) is not None for name in old_names
            )
        form = self.form(asked.host, asked.key)
        return storage.exists(asked.name, form) and storage.record(asked.name, form) is not None

    def record(self, asked: Question) -> Record | None:
        """The record of what is stored, without its value."""
        storage = self._open(asked.host)
        if storage is None:
            return None
        found = storage.record(asked.stored, self.form(asked.host, asked.key))
        if found is not None or not asked.key.declaration.takes_manager:
            return found
        old = map(storage.old_record, asked.host.old_names(asked.key))
        return next((record for record in old if record is not None), None)

    def save(self, asked: Question, held: Held) -> None:
        """Store what is held. If that fails, it is held on."""
        held.state = "failed"  # until it is stored: what interrupts this, be it MemoryError, leaves it to be saved
        storage = self._open(asked.host)
        if storage is None:
            held.state, held.payload = "unsaved", None
            return
        payload = held.payload if held.payload is not None else self.codec(asked.host, asked.key).dump(held.value)
        size = storage.keep(held.value, payload, held.record, self.form(asked.host, asked.key))
        held.state, held.payload = "stored", None
        if payload.natives and any(native.borrowed for native in payload.natives.values()):
            self._take_over(asked, held, storage)
        if not silent(asked.verbose):
            tell(Saved(asked.name, size, verbose=asked.verbose))

    def _take_over(self, asked: Question, held: Held, storage: DatedStorage) -> None:
        """Hold what was stored in place of what was computed, which may lie in a directory that is soon removed."""
        found = storage.find(asked.stored, self.form(asked.host, asked.key))
        if found is not None:
            held.value = found.value(self.codec(asked.host, asked.key), self._allow_pickle(asked.host))

    def glance(self, asked: Question) -> Held | None:
        """What is stored, if all is well with it; else None, and :meth:`load` says and does what has to be.

        Raises:
            WrongIdentityError: under its name there is something else.
        """
        storage = self._open(asked.host)
        if storage is None:
            return None
        codec = self.codec(asked.host, asked.key)
        try:
            found = self._find(asked, storage, codec)
        except CorruptMetricError:
            return None
        asked.missing = found is None
        if found is None or not (found.exact or self._reason(asked, codec, found) is None):
            return None
        return self._take(asked, codec, found)

    def load(self, asked: Question, *, mend: bool) -> Held | None:
        """What is stored, to be held; None if there is nothing, or nothing that can be used (an event says why).

        ``mend`` says that a damaged file is set aside, since the metric can be computed anew.

        Raises:
            WrongIdentityError: under its name there is something else.
            CorruptMetricError: its bytes are not what was written.
            MetricTypeError: what 0.5.0 or a storage of three methods kept does not fit the declared type. Neither is
                computed anew without being asked: the old value may have cost a night.
        """
        storage = self._open(asked.host)
        if storage is None:
            return None
        codec = self.codec(asked.host, asked.key)
        try:
            found = self._find(asked, storage, codec)
        except CorruptMetricError as error:
            if not mend or not _set_aside(asked, error, storage, self.form(asked.host, asked.key)):
                raise
            return None
        if found is None:
            return None
        reason = self._reason(asked, codec, found)
        if reason is not None:
            tell(Disregarded(asked.name, reason, verbose=asked.verbose))
            return None
        return self._take(asked, codec, found)

    def _reason(self, asked: Question, codec: Codec, found: Found) -> str | None:
        """Why what is stored is not the value that is asked for, or None."""
        if found.exact or found.old or asked.key.declaration.anonymous:
            return None
        return _unusable(asked, codec, found.record)

    def _take(self, asked: Question, codec: Codec, found: Found) -> Held:
        if found.exact:
            value = found.value(codec, allow_pickle=False)
        else:
            value = found.value(codec, self._allow_pickle(asked.host))
            if found.old:
                value = codec.load(lock_payload(codec.dump(value)))
        if not silent(asked.verbose):
            tell(Loaded(asked.name, found.record.date, verbose=asked.verbose))
        found.forget()
        return Held(value, unshare(value) is value, found, "stored")

    def _open(self, host: object) -> DatedStorage | None:
        storage = self.storage(host)
        if storage is None:
            return None
        if self._dated is None or self._dated[0] is not storage:
            self._dated = (storage, dated(storage))
        return self._dated[1]

    def _allow_pickle(self, host: object) -> bool:
        return bool(getattr(self.storage(host), "allow_pickle", False))

    def _find(self, asked: Question, storage: DatedStorage, codec: Codec) -> Found | None:
        form = asked.key.declaration.form or NATURAL.get(codec.natural)
        found = storage.find(asked.stored, form)
        if found is None and storage.may_be_old and asked.name == asked.key.name:
            old = map(storage.find, asked.host.old_names(asked.key))
            return next((each for each in old if each is not None and each.old), None)
        if found is not None and not found.answers(asked.text(codec)) and not found.old:
            _check_identity(asked, found.record, storage, form)
        return found


def _set_aside(asked: Question, error: CorruptMetricError, storage: DatedStorage, form: Format | None) -> bool:
    """Take what is damaged out of the way, and tell it; False if it lies where it lay."""
    place = None
    if not isinstance(error, InTheWayError | CorruptDatabaseError):
        with contextlib.suppress(OSError):  # a disk that fails here as well: the damage is what matters
            place = storage.set_aside(asked.stored, form)
    if place is None:
        return False
    tell(SetAside(asked.name, error.found, place, verbose=asked.verbose))
    return True


def _check_identity(asked: Question, record: Record, storage: DatedStorage, form: Format | None) -> None:
    """Refuse what was stored as another metric, with other parameters, or by another class of the same name."""
    key, stored = asked.key, asked.stored
    ours, theirs = canonical_text(dict(key.params)), canonical_text(dict(record.params))
    if record.name != stored:
        ours, theirs = f"{stored} {ours}", f"{record.name} {theirs}"
    elif key.declaration.anonymous or not record.metric:
        return  # a bare name says no more than this
    elif record.metric != key.declaration.name:
        ours, theirs = f"{key.declaration.name} {ours}", f"{record.metric} {theirs}"
    elif record.params and key.params and ours != theirs:
        ours, theirs = f"{stored} {ours}", f"{stored} {theirs}"
    elif key.declaration.takes_manager and not same_module(record.module, asked.module):
        ours, theirs = f"{stored} of {asked.module}", f"{stored} of {record.module}"
    else:
        return
    raise WrongIdentityError(storage.place(stored, form), ours, theirs)


def _unusable(asked: Question, codec: Codec, record: Record) -> str | None:
    """Why what is stored is not the value that is asked for, or None."""
    key, inputs = asked.key, asked.inputs.all
    if record.version != key.declaration.version:
        return f"it is version {record.version}, now is {key.declaration.version}"
    if record.codec == "typed" and record.type != codec.declared:
        return f"it was declared -> {record.type}, now is -> {codec.declared or 'nothing'}"
    for name in record.inputs.keys() & inputs.keys() if key.declaration.takes_manager else ():
        if canonical_text(record.inputs[name]) != canonical_text(inputs[name]):
            return f"the default of {name} was {record.inputs[name]!r}, now is {inputs[name]!r}"
    return None
