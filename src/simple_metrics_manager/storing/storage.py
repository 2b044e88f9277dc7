"""Where metrics are kept: the ``StorageInterface`` family.

A storage is any object with ``exists(name)``, ``save(name, data)`` and ``load(name)``, as in 0.5.0. The ones of this
module are frozen values besides: they *are* their configuration, compare equal, print themselves, pickle to
a worker, and go to and from plain data (:mod:`simple_metrics_manager.storing.config`). Each is a pair of a place from
:mod:`simple_metrics_manager.stores` and a format from :mod:`simple_metrics_manager.formats`, and keeps value,
date and the rest of the record in one file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Protocol, TypeGuard, get_args, runtime_checkable

import attrs

from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.json import Json
from simple_metrics_manager.formats.npy import Npy
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.split import join
from simple_metrics_manager.payload.unshare import lock_payload
from simple_metrics_manager.record import Entry, Record
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.directory import Directory, Durability


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
    """A storage that keeps records beside values, in one piece; a manager uses this where it finds it."""

    def exists(self, name: str, /) -> bool: ...

    def read(self, name: str, /) -> Entry:
        """The entry of this name.

        Raises:
            NotStoredError: there is none.
            CorruptMetricError: its bytes are not what was written.
        """
        ...

    def read_record(self, name: str, /) -> Record | None:
        """Only its record; None for what has none. Raises as :meth:`read`."""
        ...

    def write(self, entry: Entry, /) -> int:
        """Store the entry under ``entry.record.name``, whole or not at all; the number of bytes.

        Raises:
            CannotStoreError: the format cannot keep the value as it is.
            SaveError: the storage failed; what was there before stands.
        """
        ...

    def place(self, name: str, /) -> str:
        """Where the entry is or would be, for messages."""
        ...


def is_storage(value: object) -> TypeGuard[Storage]:
    """Whether this has the three methods of a storage; a manager has them too, and is none."""
    methods = ("exists", "save", "load")
    return all(callable(getattr(value, name, None)) for name in methods) and not hasattr(value, "metric_inputs")


class StorageInterface(ABC):
    """Base class for storages of one's own, as in 0.5.0; subclassing it is not required."""

    @abstractmethod
    def exists(self, name: str, /) -> bool: ...

    @abstractmethod
    def save(self, name: str, data: object, /) -> object: ...

    @abstractmethod
    def load(self, name: str, /) -> object: ...


class StoredEntries(StorageInterface):
    """A place and a format together: everything that the storages of this library share."""

    @abstractmethod
    def _store(self) -> Store: ...

    @abstractmethod
    def _format(self) -> Format: ...

    @property
    def _pickle(self) -> bool:
        return bool(getattr(self, "allow_pickle", False))

    # ------------------------------------------------------------------------------------- entries, for managers
    def place(self, name: str, /) -> str:
        return self._store().describe(name)

    def read(self, name: str, /) -> Entry:
        store = self._store()
        return self._format().decode(store.read(name), store.describe(name))

    def read_record(self, name: str, /) -> Record | None:
        store = self._store()
        return self._format().decode_record(store.read(name), store.describe(name))

    def write(self, entry: Entry, /) -> int:
        if entry.record is None:
            raise CannotStoreError("", "an entry without a record has no name", "Give it one.")
        return self._store().write(entry.record.name, self._format().encode(entry))

    def names(self) -> Iterator[str]:
        """The names of everything that is stored."""
        return self._store().names()

    def delete(self, name: str, /) -> None:
        """Remove what is stored under this name.

        Raises:
            NotStoredError: there is nothing.
        """
        self._store().delete(name)

    def move(self, old: str, new: str, /) -> None:
        """Give what is stored another name, as it is; a record that names it is not rewritten.

        Raises:
            NotStoredError: there is nothing under ``old``.
            FileExistsError: there is something under ``new``.
        """
        self._store().move(old, new)

    def set_aside(self, name: str, /) -> str:
        """Take a damaged entry out of the way, to be looked at by people; where it is then.

        Raises:
            NotStoredError: there is nothing under this name.
        """
        return self._store().set_aside(name)

    # -------------------------------------------------------------------------------- plain values, as in 0.5.0
    def exists(self, name: str) -> bool:
        """Whether something is stored under this name; the date of what is stored exists as ``<name>_date``."""
        return self._store().exists(name) or (name.endswith(DATE) and self._has_date(name.removesuffix(DATE)))

    def _has_date(self, name: str) -> bool:
        try:
            return self.read_record(name) is not None
        except NotStoredError:
            return False
        except CorruptMetricError:
            return True  # there is one, and loading it says what is wrong

    def save(self, name: str, data: object) -> None:
        """Store a value as what it is; it comes back as exactly that."""
        payload = lock_payload(plain_codec(self._pickle, name).dump(data))
        self.write(Entry(Record(name=name, bytes=payload.nbytes), payload))

    def load(self, name: str) -> object:
        """The value of this name. What a manager stored by its declared type comes as plain lists, dicts, arrays.

        Raises:
            NotStoredError: there is none.
            CorruptMetricError: its bytes are not what was written.
        """
        if name.endswith(DATE) and not self._store().exists(name):
            record = self.read_record(name.removesuffix(DATE))
            if record is not None:
                return record.date.astimezone().date().isoformat()
            raise NotStoredError(name, self.place(name))
        entry = self.read(name)
        if entry.record is not None and entry.record.codec == "typed":
            return join(entry.payload)
        return plain_codec(self._pickle, name).load(entry.payload)


_known_durability = attrs.validators.in_(get_args(Durability))


@attrs.frozen
class NpzStorageInterface(StoredEntries):
    """Metrics in npz files, one each, readable by ``np.load``: the default, which keeps every type of value.

    ``compress`` deflates arrays: slow, and of little use for measured floats. ``allow_pickle`` lets arrays of Python
    objects in, and lets them run code when they are loaded. ``list_limit`` refuses longer lists (``TypeError``),
    which are meant to be arrays. ``durability`` says what a power cut may take: see :data:`.Durability`.
    """

    kind: ClassVar[str] = "npz"
    file_ext: ClassVar[str] = ".npz"

    metrics_dir: Path = attrs.field(converter=Path)
    compress: bool = False
    allow_pickle: bool = False
    list_limit: int | None = None
    durability: Durability = attrs.field(default="full", kw_only=True, validator=_known_durability)

    def _store(self) -> Store:
        return Directory(self.metrics_dir, self.file_ext, self.durability)

    def _format(self) -> Format:
        return Npz(self.compress, self.allow_pickle)

    def write(self, entry: Entry, /) -> int:
        self._refuse_long_list(entry)
        return super().write(entry)

    def _refuse_long_list(self, entry: Entry) -> None:
        tree = entry.payload.tree
        if isinstance(tree, dict) and isinstance(tree.get("$tuple"), list):
            tree = tree["$tuple"]
        if self.list_limit is not None and isinstance(tree, list) and len(tree) > self.list_limit:
            raise CannotStoreError(
                entry.record.name if entry.record is not None else "",
                f"a list of {len(tree)} is longer than list_limit={self.list_limit}",
                "Use an array instead, or adjust the limit.",
            )


@attrs.frozen
class NpyStorageInterface(StoredEntries):
    """Metrics in npy files, one each: for values that hold at most one array; ``np.load`` maps them into memory."""

    kind: ClassVar[str] = "npy"
    file_ext: ClassVar[str] = ".npy"

    metrics_dir: Path = attrs.field(converter=Path)
    durability: Durability = attrs.field(default="full", kw_only=True, validator=_known_durability)

    def _store(self) -> Store:
        return Directory(self.metrics_dir, self.file_ext, self.durability)

    def _format(self) -> Format:
        return Npy()


@attrs.frozen
class JsonStorageInterface(StoredEntries):
    """Metrics in JSON files, one each, for small values; arrays are lists there, and come back as arrays."""

    kind: ClassVar[str] = "json"
    file_ext: ClassVar[str] = ".json"

    metrics_dir: Path = attrs.field(converter=Path)
    durability: Durability = attrs.field(default="full", kw_only=True, validator=_known_durability)

    def _store(self) -> Store:
        return Directory(self.metrics_dir, self.file_ext, self.durability)

    def _format(self) -> Format:
        return Json()
