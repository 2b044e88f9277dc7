"""What a manager has stored: found under its name, checked to be what was asked for, in the declared type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from simple_metrics_manager.asking.identity import Identified, Identity
from simple_metrics_manager.asking.memory import Held
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import WrongIdentityError
from simple_metrics_manager.events import Disregarded, Loaded, Saved, tell
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.codec import Codec
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.payload.unshare import lock_payload, unshare
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import DatedStorage, Found, dated
from simple_metrics_manager.storing.storage import Storage, is_storage


class Owner(Identified, Protocol):
    """A manager, as far as this module goes."""

    def old_names(self, key: Metric[object], /) -> Iterable[str]: ...


class Shelf:
    """The storage of one manager, and what that manager may take from it."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._storage: Storage | None = None
        self._dated: tuple[Storage, DatedStorage] | None = None

    def use(self, storage: Storage | None) -> None:
        """Keep values there from now on."""
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

    def codec(self, host: object, key: Metric[object]) -> Codec:
        """How values of this metric are taken apart."""
        found = key.declaration.codec(type(host), getattr(host, "__orig_class__", None))
        return found if found is not None else plain_codec(self._allow_pickle(host), key.label)

    def holds(self, host: Owner, key: Metric[object]) -> bool:
        """Whether there is something that :meth:`load` may find."""
        storage = self._open(host)
        if storage is None:
            return False
        if key.declaration.takes_manager and storage.exists(self._identity.stored_name(host, key, key.name)):
            return True
        return any(storage.exists(name) and storage.record(name) is not None for name in host.old_names(key))

    def record(self, host: Owner, key: Metric[object]) -> Record | None:
        """The record of what is stored, without its value."""
        storage = self._open(host)
        if storage is None:
            return None
        names = [self._identity.stored_name(host, key, key.name), *host.old_names(key)]
        return next((record for record in map(storage.record, names) if record is not None), None)

    def save(self, host: Owner, key: Metric[object], name: str, held: Held, verbose: bool) -> None:
        """Store what is held. If that fails, it is held on."""
        storage = self._open(host)
        held.state = "unsaved"
        if storage is None:
            return
        payload = self.codec(host, key).dump(held.value)
        size = storage.keep(held.value, payload, held.record)
        held.state = "stored"
        tell(Saved(name, size, verbose=verbose))

    def load(self, host: Owner, key: Metric[object], name: str, verbose: bool) -> Held | None:
        """What is stored, to be held; None if there is nothing, or nothing that can be used (an event says why).

        Raises:
            WrongIdentityError: under its name there is something else.
            CorruptMetricError: its bytes are not what was written.
            MetricTypeError: what 0.5.0 or a storage of three methods kept does not fit the declared type. Neither is
                computed anew without being asked: the old value may have cost a night.
        """
        storage = self._open(host)
        if storage is None:
            return None
        found = self._find(host, key, name, storage)
        if found is None:
            return None
        codec = self.codec(host, key)
        reason = (
            None
            if found.old or key.declaration.anonymous
            else _unusable(key, codec, found.record, self._identity.inputs(host).all)
        )
        if reason is not None:
            tell(Disregarded(name, reason, verbose=verbose))
            return None
        value = found.value(codec, self._allow_pickle(host))
        if found.old:
            value = codec.load(lock_payload(codec.dump(value)))
        tell(Loaded(name, found.record.date, verbose=verbose))
        return Held(value, unshare(value) is value, found.record, "stored")

    def _open(self, host: object) -> DatedStorage | None:
        storage = self.storage(host)
        if storage is None:
            return None
        if self._dated is None or self._dated[0] is not storage:
            self._dated = (storage, dated(storage))
        return self._dated[1]

    def _allow_pickle(self, host: object) -> bool:
        return bool(getattr(self.storage(host), "allow_pickle", False))

    def _find(self, host: Owner, key: Metric[object], name: str, storage: DatedStorage) -> Found | None:
        asked = self._identity.stored_name(host, key, name)
        found = storage.find(asked)
        if found is None and name == key.name:
            return next((old for old in map(storage.find, host.old_names(key)) if old is not None and old.old), None)
        if found is None or found.old:
            return found
        record = found.record
        if record.name != asked or _is_of_another(record, key):
            theirs, ours = (record.name, asked) if record.name != asked else (record.metric, key.declaration.name)
            holds = f"{theirs} {canonical_text(dict(record.params))}"
            raise WrongIdentityError(storage.place(asked), f"{ours} {canonical_text(dict(key.params))}", holds)
        return found


def _is_of_another(record: Record, key: Metric[object]) -> bool:
    """Whether it was stored as another metric or with other parameters; a bare name says neither."""
    if key.declaration.anonymous or not record.metric:
        return False
    if record.metric != key.declaration.name:
        return True
    return bool(record.params and key.params) and canonical_text(dict(record.params)) != canonical_text(
        dict(key.params)
    )


def _unusable(key: Metric[object], codec: Codec, record: Record, inputs: Mapping[str, Tree]) -> str | None:
    """Why what is stored is not the value that is asked for, or None."""
    if record.version != key.declaration.version:
        return f"it is version {record.version}, now is {key.declaration.version}"
    if record.codec == "typed" and record.type != codec.declared:
        return f"it was declared -> {record.type}, now is -> {codec.declared or 'nothing'}"
    for name in record.inputs.keys() & inputs.keys() if key.declaration.takes_manager else ():
        if canonical_text(record.inputs[name]) != canonical_text(inputs[name]):
            return f"the default of {name} was {record.inputs[name]!r}, now is {inputs[name]!r}"
    return None
