"""Metrics in memory: for tests, notebooks, and values that need not outlive the process."""

from __future__ import annotations

from typing import ClassVar

import attrs

from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.memory import Memory
from simple_metrics_manager.storing.entries import StoredEntries

_named: dict[tuple[str, str], Memory] = {}
"""By the name of the storage and the extension of what it keeps, as long as the process lives."""


@attrs.frozen(eq=False)
class MemoryStorageInterface(StoredEntries):
    """Metrics as the bytes that their files would have: what comes back is what would come back from a disk.

    Without a ``name`` it is a place of its own, equal to itself alone, which is gone when nobody holds it any more.
    All storages of one name are one place, as long as the process lives. Nothing in memory gets to another process: a
    storage that is sent to a worker, or made again from its configuration there, is empty; and what a forked worker
    stores stays with that worker. ``allow_pickle`` is as for :class:`.NpzStorageInterface`.
    """

    kind: ClassVar[str] = "memory"

    name: str | None = None
    allow_pickle: bool = False

    _own_stores: dict[str, Memory] = attrs.field(factory=dict[str, Memory], init=False, repr=False)

    def _open(self, extension: str) -> Store:
        if self.name is None:
            return self._own_stores.setdefault(extension, Memory())
        return _named.setdefault((self.name, extension), Memory())

    def _format(self) -> Format:
        return Npz(allow_pickle=self.allow_pickle)

    def __eq__(self, other: object) -> bool:
        if self.name is None or not isinstance(other, MemoryStorageInterface):
            return self is other
        return (self.name, self.allow_pickle) == (other.name, other.allow_pickle)

    def __hash__(self) -> int:
        return object.__hash__(self) if self.name is None else hash((self.name, self.allow_pickle))

    def __reduce__(self) -> tuple[type[MemoryStorageInterface], tuple[str | None, bool]]:
        """Only what it is called goes to another process, not what it holds."""
        return type(self), (self.name, self.allow_pickle)
