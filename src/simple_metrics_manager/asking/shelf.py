"""What a manager has stored: found under its name, checked to be what was asked for, in the declared type."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

from simple_metrics_manager.asking.damage import take_away
from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.judging import Deciding, check_identity, unusable
from simple_metrics_manager.asking.memory import Held
from simple_metrics_manager.claims.base import Claim, Claims
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import CorruptMetricError, NotStoredError
from simple_metrics_manager.events import Disregarded, Loaded, Saved, Superseded, silent, tell
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.payload.unshare import lock_payload, unshare
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import DatedStorage, Found, dated, known_as_dated
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import is_latest, keep_failure, last_failure
from simple_metrics_manager.storing.natural import NATURAL
from simple_metrics_manager.storing.sources import keep_sources
from simple_metrics_manager.storing.storage import Storage, described, is_storage


def _is_storage(value: object) -> bool:
    return not isinstance(value, type) and is_storage(value)


class Shelf:
    """The storage of one manager, and what that manager may take from it."""

    __slots__ = ("_dated", "_storage", "decider")

    def __init__(self, decider: Deciding) -> None:
        self.decider: Deciding = decider
        self._storage: Storage | None = None
        self._dated: DatedStorage | None = None

    def use(self, storage: Storage | None) -> None:
        """Keep values there from now on.

        Raises:
            TypeError: this is no storage.
        """
        known = known_as_dated(storage)
        if known is None and storage is not None and not _is_storage(storage):
            lacks = "it has not the methods exists(name), save(name, data) and load(name)"
            raise TypeError(f"{storage!r} is no storage: {lacks}; give one, as in NpzStorageInterface('metrics')")
        self._storage = storage
        self._dated = known

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

    def usable(self, asked: Question) -> bool:
        """Whether what is stored will do, judged by its record alone."""
        record = self.record(asked)
        if record is None or (not asked.key.declaration.anonymous and self._unusable(asked, record) is not None):
            return False
        return self.decider.allows(asked, record)

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

    def not_stored(self, asked: Question) -> NotStoredError:
        """The error of what cannot be had without computing it."""
        storage, unknown = self.storage(asked.host), asked.key.declaration.unknown
        near = unknown.suggestion if unknown is not None else None
        return NotStoredError(asked.name, described(storage), near)

    def claims(self, host: object) -> Claims | None:
        """Where this storage notes who computes what; None if it cannot."""
        storage = self._open(host)
        return None if storage is None else storage.claims

    def save(self, asked: Question, held: Held, claim: Claim | None = None) -> Held:
        """Store what is held; if that fails, it is held on. What is stored in the end, which may be somebody else's.

        With a claim, what somebody else has stored since it was taken is not replaced: we may have slept for so long
        that another one took over.
        """
        held.state = "failed"  # until it is stored: what interrupts this, be it MemoryError, leaves it to be saved
        storage = self._open(asked.host)
        if storage is None:
            held.state, held.payload = "unsaved", None
            return held
        payload = held.payload if held.payload is not None else self.codec(asked.host, asked.key).dump(held.value)
        missing = asked.missing
        size = self._put(asked, held, payload, storage, claim)
        if size is None:
            theirs = self.glance(asked)
            begun = held.record.date - timedelta(seconds=held.record.seconds)
            if theirs is not None and (missing or theirs.record.date > begun):  # not what we were to replace
                tell(Superseded(asked.name, verbose=asked.verbose))
                return theirs
            size = storage.keep(held.value, payload, held.record, self.form(asked.host, asked.key))
        held.state, held.payload = "stored", None
        keep_sources(storage.storage, held.record.helpers)
        if payload.natives and any(native.borrowed for native in payload.natives.values()):
            self._take_over(asked, held, storage)
        if not silent(asked.verbose):
            tell(Saved(asked.name, size, verbose=asked.verbose))
        return held

    def mark(self, asked: Question) -> None:
        """Note what is to be replaced, where the storage can tell it from what somebody else may store meanwhile."""
        storage = self._open(asked.host)
        if storage is not None and not asked.missing:
            form = self.form(asked.host, asked.key)
            asked.tag = storage.tag(asked.stored, form)
            if asked.tag is None and not storage.exists(asked.stored, form):
                asked.missing = not storage.storage.exists(asked.stored)  # what lies there in another format is to go

    def keep_failure(self, asked: Question, error: Exception) -> None:
        """Keep the error beside what is stored, for whoever asks in the morning."""
        keep_failure(self.storage(asked.host), asked.stored, Failure.of(asked.name, asked.key.label, error))

    def last_failure(self, asked: Question) -> Failure | None:
        """The last error of this metric, if none of its values is newer."""
        failure = last_failure(self.storage(asked.host), asked.stored)
        return failure if failure is not None and is_latest(failure, self.record(asked)) else None

    def _put(
        self, asked: Question, held: Held, payload: Payload, storage: DatedStorage, claim: Claim | None
    ) -> int | None:
        """Store it, if nobody else may have; the number of bytes, or None."""
        form = self.form(asked.host, asked.key)
        if claim is not None and asked.missing:
            return storage.create(held.value, payload, held.record, form)
        if claim is not None and asked.tag is not None:
            return storage.replace(payload, held.record, asked.tag, form)
        if claim is not None and not claim.mine():
            return None
        return storage.keep(held.value, payload, held.record, form)

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
        if found is None or not (found.exact or self._reason(asked, found) is None):
            return None
        if not self.decider.passes(asked, found):
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
            if not mend or not take_away(asked, error, storage, self.form(asked.host, asked.key)):
                raise
            return None
        if found is None:
            asked.missing = True
            return None
        reason = self._reason(asked, found)
        if reason is None and not self.decider.passes(asked, found):
            reason = asked.outdated
        if asked.pending:
            return None
        if reason is not None:
            tell(Disregarded(asked.name, reason, verbose=asked.verbose))
            return None
        return self._take(asked, codec, found)

    def _reason(self, asked: Question, found: Found) -> str | None:
        """Why what is stored is not the value that is asked for, or None."""
        if found.exact or found.old or asked.key.declaration.anonymous:
            return None
        return self._unusable(asked, found.record)

    def _unusable(self, asked: Question, record: Record) -> str | None:
        said = unusable(asked, self.codec(asked.host, asked.key), record)
        return said[1] if said is not None and self.decider.refuses(asked, *said) else None

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
        storage, known = self._storage, self._dated
        if storage is None:
            storage = self.storage(host)
            if storage is None:
                return None
        if known is None or known.storage is not storage:
            known = self._dated = dated(storage)
        return known

    def _allow_pickle(self, host: object) -> bool:
        return bool(getattr(self.storage(host), "allow_pickle", False))

    def _find(self, asked: Question, storage: DatedStorage, codec: Codec) -> Found | None:
        form = asked.key.declaration.form
        if form is None and codec.natural:
            form = NATURAL.get(codec.natural)
        found = storage.find(asked.stored, form)
        if found is not None:
            if not found.answers(asked.text(codec)) and not found.old:
                check_identity(asked, found.record, storage, form)
            return found
        if not storage.may_be_old or asked.name != asked.key.name:
            return None
        old = map(storage.find, asked.host.old_names(asked.key))
        return next((each for each in old if each is not None and each.old), None)
