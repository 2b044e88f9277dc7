"""A manager that computes as another one would, from what is stored, and changes neither its memory nor its storage.

It is a copy of the manager, with the same fields, over a storage that reads what the other one has and keeps for itself
what is saved. The function of a metric runs as always, whatever it reads and however: only what other managers
compute meanwhile, because it is missing there, is theirs.
"""

from __future__ import annotations

import copy
from typing import Protocol, cast

from simple_metrics_manager.asking.cache import Cache
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface
from simple_metrics_manager.storing.storage import EntryStorage, Storage
from simple_metrics_manager.sweeping.host import Manager as Host


class Manager(Host, Protocol):
    """A manager whose cache is known."""

    @property
    def __metrics__(self) -> Cache: ...


class Overlay:
    """What is stored elsewhere, read-only, and what was saved meanwhile, which is gone with it."""

    def __init__(self, below: EntryStorage) -> None:
        self._below = below
        self.allow_pickle: bool = bool(getattr(below, "allow_pickle", False))
        self._above = MemoryStorageInterface(allow_pickle=self.allow_pickle)

    def exists(self, name: str, /) -> bool:
        """Whether it is stored in either."""
        return self._above.exists(name) or self._below.exists(name)

    def save(self, name: str, data: object, /) -> None:
        """Save for as long as this lives."""
        self._above.save(name, data)

    def load(self, name: str, /) -> object:
        """The value of this name."""
        storage = self._above if self._above.exists(name) else self._below
        return getattr(storage, "load")(name)  # noqa: B009 - storages of entries have it, and need not say so

    def holds(self, name: str, /, form: Format | None = None) -> bool:
        return self._above.holds(name, form) or self._below.holds(name, form)

    def read(self, name: str, /, form: Format | None = None) -> Entry:
        try:
            return self._above.read(name, form)
        except NotStoredError:
            return self._below.read(name, form)

    def read_record(self, name: str, /, form: Format | None = None) -> Record | None:
        try:
            return self._above.read_record(name, form)
        except NotStoredError:
            return self._below.read_record(name, form)

    def write(self, entry: Entry, /, form: Format | None = None) -> int:
        return self._above.write(entry, form)

    def place(self, name: str, /, form: Format | None = None) -> str:
        return self._below.place(name, form)

    def __repr__(self) -> str:
        return f"{self._below!r}, read only"


class ValueOverlay:
    """The same for a storage of three methods."""

    def __init__(self, below: Storage) -> None:
        self._below = below
        self._above: dict[str, object] = {}
        self.allow_pickle: bool = bool(getattr(below, "allow_pickle", False))

    def exists(self, name: str, /) -> bool:
        """Whether it is stored in either."""
        return name in self._above or bool(self._below.exists(name))

    def save(self, name: str, data: object, /) -> None:
        """Save for as long as this lives."""
        self._above[name] = data

    def load(self, name: str, /) -> object:
        """The value of this name."""
        return self._above[name] if name in self._above else self._below.load(name)


def rehearsal(manager: Host) -> Manager:
    """A manager that computes what this one would, and reads what it has stored."""
    made = cast("Manager", copy.copy(manager))
    made.__metrics__.use(_over(manager.__metrics__.shelf.storage(manager)))
    made.__metrics__.decider.trusting = True  # what is stored is what today's code is held against
    return made


def _over(storage: object) -> Storage | None:
    if isinstance(storage, EntryStorage):
        return Overlay(storage)
    return None if storage is None else ValueOverlay(cast("Storage", storage))
