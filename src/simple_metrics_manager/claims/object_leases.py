"""Claims by conditional writes, for hosts that share an object store: of several, one creates or replaces an object.

A server that ignores conditions keeps nobody out. The store tries that out before its first conditional write; then
nobody is kept waiting, and it is told once.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import attrs

from simple_metrics_manager.claims.base import Attempt, Claim, Owner
from simple_metrics_manager.claims.beats import Beats
from simple_metrics_manager.claims.leases import Lease, Watch, process_is_gone
from simple_metrics_manager.claims.notes import Note, read_note
from simple_metrics_manager.claims.unclaimed import Telling
from simple_metrics_manager.errors import NotStoredError, StorageError
from simple_metrics_manager.stores.base import ConditionalStore

EXTENSION = ".lease"
"""Of the objects that are leases, so that no listing of what is stored shows them."""

_TOMBSTONE = b"released\n"

_beats = Beats()


@attrs.frozen
class ObjectLeases:
    """Claims in ``store``, which nothing else is stored in. Whoever shows no sign of life for ``ttl`` seconds loses
    them.

    To take and release one that nobody holds takes three requests, and a waiter makes one a second.
    """

    store: ConditionalStore
    ttl: float = 60.0
    telling: Telling = attrs.field(factory=Telling, init=False, eq=False, repr=False)

    @property
    def reach(self) -> Literal["host", "fleet"]:
        """All hosts that use the store."""
        return "fleet"

    @property
    def pause(self) -> float:
        """A second: to look is a request, which may have a price."""
        return 1.0

    def attempt(self, name: str) -> Attempt:
        """Tries for what has this name."""
        return _Attempt(self, name)


class _Attempt:
    def __init__(self, leases: ObjectLeases, name: str) -> None:
        self._leases = leases
        self._name = name
        self._lease: _Object | None = None
        self._watch = Watch(leases.ttl)
        self._held = False
        self._note: Note | None = None

    def take(self) -> Claim | None:
        """The claim; None if somebody else holds it."""
        store = self._leases.store
        try:
            tag = store.tag(self._name) if self._held else None  # the first time, there will be nobody
            if tag is None:
                self._held = True
                return self._taken(None)
            if self._watch.is_new(tag):
                self._note = _read(store, self._name)
            return self._taken(tag) if self._watch.is_dead(self._note) else None
        except (OSError, StorageError) as error:
            self.end()
            return self._leases.telling.unclaimed(self._name, error)

    def _taken(self, tag: str | None) -> Claim | None:
        """The lease in the place of the dead one that has this tag, or of none."""
        self._lease = _Object(self._name, self._leases)  # kept before it is there, for whoever is interrupted then
        if self._lease.put(tag):
            return self._lease
        self._lease = None
        return None

    def end(self) -> None:
        """Release what was taken."""
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def owner(self) -> Owner | None:
        """Who holds it."""
        with suppress(OSError, StorageError):
            note = self._note if self._held and self._note is not None else _read(self._leases.store, self._name)
            return None if note is None or process_is_gone(note) else note.owner
        return None


class _Object(Lease):
    def __init__(self, name: str, leases: ObjectLeases) -> None:
        super().__init__(name, leases.ttl, _beats)
        self._store = leases.store

    def put(self, tag: str | None) -> bool:
        """Write the object in the place of the one that has this tag, or of none; whether it was written."""
        text = [self._note.written()]
        if tag is None:
            written = self._store.create(self.name, text)
        else:
            written = self._store.replace(self.name, text, tag)
        if written:
            self.begin()
        else:
            self._ended = True
        return written

    def _is_ours(self) -> bool:
        note = _read(self._store, self.name)
        return note is not None and note.owner.token == self.token

    def _show(self, note: Note) -> bool:
        return self._replaced(note.written())

    def _replaced(self, text: bytes) -> bool:
        """Write this in the place of our note; whether that was there.

        The tag is asked for before the note is looked at: what was ours at the later time was ours at the earlier one.
        """
        tag = self._store.tag(self.name)
        return tag is not None and self._is_ours() and self._store.replace(self.name, [text], tag)

    def _remove(self) -> None:
        """Objects are not deleted under a condition. Where another one may just be taking the lease over, or nobody
        knows whether it was written, it is made sure first that it is ours, and will be for long enough."""
        if (self._begun and self.fresh) or self._replaced(_TOMBSTONE):
            with suppress(NotStoredError):
                self._store.delete(self.name)


def _read(store: ConditionalStore, name: str) -> Note | None:
    try:
        return read_note(store.read(name))
    except NotStoredError:
        return None
