"""Where metrics are kept: the ``StorageInterface`` family.

A storage is any object with ``exists(name)``, ``save(name, data)`` and ``load(name)``, as in 0.5.0. The ones of this
folder are frozen values besides: they *are* their configuration, compare equal, print themselves, pickle to
a worker, and go to and from plain data (:mod:`simple_metrics_manager.storing.config`). Each is a pair of a place from
:mod:`simple_metrics_manager.stores` and a format from :mod:`simple_metrics_manager.formats`, and keeps value,
date and the rest of the record in one piece.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, TypeGuard, runtime_checkable

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.record import Record


class Storage(Protocol):
    """What a manager needs: any object with these three methods."""

    def exists(self, name: str, /) -> bool:
        """Whether something is stored under this name."""
        ...

    def save(self, name: str, data: object, /) -> object:
        """Store ``data`` under this name, in place of what was there."""
        ...

    def load(self, name: str, /) -> object:
        """What was stored under this name."""
        ...


@runtime_checkable
class EntryStorage(Protocol):
    """A storage that keeps records beside values, in one piece; a manager uses this where it finds it.

    ``form`` is the format that a metric has of its own; None stands for the storage's.
    """

    def exists(self, name: str, /) -> bool: ...

    def holds(self, name: str, /, form: Format | None = None) -> bool:
        """Whether there is an entry of this name."""
        ...

    def read(self, name: str, /, form: Format | None = None) -> Entry:
        """The entry of this name.

        Raises:
            NotStoredError: there is none.
            CorruptMetricError: its bytes are not what was written.
        """
        ...

    def read_record(self, name: str, /, form: Format | None = None) -> Record | None:
        """Only its record; None for what has none. Raises as :meth:`read`."""
        ...

    def write(self, entry: Entry, /, form: Format | None = None) -> int:
        """Store the entry under ``entry.record.name``, whole or not at all; the number of bytes.

        Raises:
            CannotStoreError: the format cannot keep the value as it is.
            SaveError: the storage failed; what was there before stands.
        """
        ...

    def place(self, name: str, /, form: Format | None = None) -> str:
        """Where the entry is or would be, for messages."""
        ...


def is_storage(value: object) -> TypeGuard[Storage]:
    """Whether this has the three methods of a storage; a manager has them too, and is none."""
    methods = ("exists", "save", "load")
    return all(callable(getattr(value, name, None)) for name in methods) and not hasattr(value, "metric_inputs")


def described(storage: object) -> str:
    """A storage in a message, as it was most likely made: without what is at its default. Empty for none."""
    if storage is None:
        return ""
    kind: type = type(storage)
    if not attrs.has(kind):
        return repr(storage)
    shown = ((field, getattr(storage, field.name)) for field in attrs.fields(kind) if field.repr and field.init)
    told = [f"{field.name}={value!s}" for field, value in shown if field.default != value]
    return f"{kind.__name__}({', '.join(told)})"


class StorageInterface(ABC):
    """Base class for storages of one's own, as in 0.5.0; subclassing it is not required."""

    @abstractmethod
    def exists(self, name: str, /) -> bool: ...

    @abstractmethod
    def save(self, name: str, data: object, /) -> object: ...

    @abstractmethod
    def load(self, name: str, /) -> object: ...
