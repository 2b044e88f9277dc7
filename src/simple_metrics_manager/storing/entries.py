"""A place and a format together: what the storages of this library share."""

from __future__ import annotations

import functools
import heapq
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress

from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.split import join
from simple_metrics_manager.record import Entry, Record
from simple_metrics_manager.stores.base import Listed, Store
from simple_metrics_manager.storing.natural import NATURAL, OTHERS
from simple_metrics_manager.storing.storage import StorageInterface


class StoredEntries(StorageInterface):
    """A place and a format together: everything that the storages of this library share.

    A metric may have a format of its own, and tables and chunked arrays have one by nature; their files lie in
    the same place under the extension of that format.
    """

    @property
    def old_files(self) -> bool:
        """Whether 0.5.0 may have stored something in such a place."""
        return False

    @property
    def form(self) -> Format:
        """The format of what has none of its own."""
        return self._own

    @abstractmethod
    def _open(self, extension: str) -> Store:
        """The place for what has this extension; opened once, and never pickled."""

    @abstractmethod
    def _format(self) -> Format: ...

    @functools.cached_property
    def _own(self) -> Format:
        return self._format()

    @functools.cached_property
    def _default(self) -> Store:
        return self._open(self._own.extension)

    @functools.cached_property
    def _others(self) -> dict[str, Store]:
        return {}

    def _store(self, form: Format | None = None) -> Store:
        if form is None or form.extension == self._own.extension:
            return self._default
        store = self._others.get(form.extension)
        return store if store is not None else self._others.setdefault(form.extension, self._open(form.extension))

    def _places(self, name: str) -> Iterator[tuple[Store, Format]]:
        """Where something of this name lies, whatever its format. The first is what counts: a metric that gets a format
        of its own takes the place of what had that of the storage, and not the other way round."""
        if self._default.exists(name):
            yield self._default, self._own
        for form in OTHERS:
            store = self._store(form)
            if store is not self._default and store.exists(name) and self._is_ours(store, form, name):
                yield store, form

    def _is_ours(self, store: Store, form: Format, name: str) -> bool:
        """Whether it lies there since the metric has this format: a directory may be that of another storage, too."""
        if form in NATURAL.values():
            return True
        with suppress(NotStoredError, CorruptMetricError):
            record = form.decode_record(store.read(name), store.describe(name))
            return record is not None and record.chosen
        return False

    def _where(self, name: str) -> tuple[Store, Format]:
        """Where something of this name lies; the default place if it lies nowhere."""
        return next(self._places(name), (self._default, self._own))

    def _hidden(self, store: Store, name: str) -> bool:
        """Whether something newer of this name lies in the format of the storage."""
        return store is not self._default and self._default.exists(name)

    def _check(self, entry: Entry) -> None:
        """Refuse what is not to be stored here although it could be.

        Raises:
            CannotStoreError: it is not.
        """

    @property
    def _pickle(self) -> bool:
        return bool(getattr(self, "allow_pickle", False))

    # ------------------------------------------------------------------------------------- entries, for managers
    def place(self, name: str, /, form: Format | None = None) -> str:
        return self._store(form).describe(name)

    def holds(self, name: str, /, form: Format | None = None) -> bool:
        store = self._store(form)
        return store.exists(name) and not self._hidden(store, name)

    def read(self, name: str, /, form: Format | None = None) -> Entry:
        if form is None or form is self._own:
            try:
                return self._own.decode(self._default.read(name), self._default.describe(name))
            except NotStoredError:
                if form is not None:
                    raise
        store, form = self._found(name, form)
        return form.decode(store.read(name), store.describe(name))

    def read_record(self, name: str, /, form: Format | None = None) -> Record | None:
        store, form = self._found(name, form)
        return form.decode_record(store.read(name), store.describe(name))

    def _found(self, name: str, form: Format | None) -> tuple[Store, Format]:
        """Where to read this, in this format or, for None, in whichever it lies."""
        if form is None:
            return self._where(name)
        store = self._store(form)
        if self._hidden(store, name):
            raise NotStoredError(name, store.describe(name))
        return store, form

    def form_of(self, name: str, /) -> Format:
        """The format in which this lies, or would."""
        return self._where(name)[1]

    def write(self, entry: Entry, /, form: Format | None = None) -> int:
        if entry.record is None:
            raise CannotStoreError("", "an entry without a record has no name", "Give it one.")
        self._check(entry)
        name, store = entry.record.name, self._store(form)
        size = store.write(name, (form or self._own).encode(entry))
        if store is not self._default:
            self._remove(name, keep=store)
        return size

    def _remove(self, name: str, keep: Store | None = None) -> None:
        """Remove everything of this name, but for what lies in ``keep``."""
        for store, _ in list(self._places(name)):
            if store is not keep:
                with suppress(NotStoredError):
                    store.delete(name)

    def grouped(self) -> AbstractContextManager[None]:
        """A block whose saves are made to outlive a power cut together, at its end: far faster than one by one.

        Raises:
            SaveError: at the end of the block, for what could not be made to.
        """
        return self._default.grouped()

    def names(self) -> Iterator[str]:
        """The names of everything that is stored, in order; not of metrics that have another format of their own than
        the one that their type has by nature."""
        stores = [self._default, *map(self._store, NATURAL.values())]
        return iter(sorted({name for store in stores for name in store.names()}))

    def listing(self) -> Iterator[Listed]:
        """What :meth:`names` gives, with size in bytes and the time of writing; nothing is read."""
        stores = [self._default, *map(self._store, NATURAL.values())]
        previous = None
        for listed in heapq.merge(*(store.listing() for store in stores), key=_name):
            if listed.name != previous:  # what is hidden comes later, since the default place is asked first
                yield listed
            previous = listed.name

    def delete(self, name: str, /) -> None:
        """Remove what is stored under this name.

        Raises:
            NotStoredError: there is nothing.
        """
        store, _ = self._where(name)
        self._remove(name, keep=store)  # what is hidden goes first, lest it come back
        store.delete(name)

    def move(self, old: str, new: str, /) -> None:
        """Give what is stored another name, as it is; a record that names it is not rewritten.

        Raises:
            NotStoredError: there is nothing under ``old``.
            FileExistsError: there is something under ``new``.
        """
        store, _ = self._where(old)
        self._remove(old, keep=store)
        store.move(old, new)

    def set_aside(self, name: str, /, form: Format | None = None) -> str:
        """Take a damaged entry out of the way, to be looked at by people; where it is then.

        Raises:
            NotStoredError: there is nothing under this name.
        """
        return (self._where(name)[0] if form is None else self._store(form)).set_aside(name)

    # -------------------------------------------------------------------------------- plain values, as in 0.5.0
    def exists(self, name: str) -> bool:
        """Whether something is stored under this name; the date of what is stored exists as ``<name>_date``."""
        if self._default.exists(name) or next(self._places(name), None) is not None:
            return True
        return name.endswith(DATE) and self._has_date(name.removesuffix(DATE))

    def _has_date(self, name: str) -> bool:
        try:
            return self.read_record(name) is not None
        except NotStoredError:
            return False
        except CorruptMetricError:
            return True  # there is one, and loading it says what is wrong

    def save(self, name: str, data: object) -> None:
        """Store a value as what it is; it comes back as exactly that."""
        payload = plain_codec(self._pickle, name).dump(data)
        self.write(Entry(Record(name=name, bytes=payload.nbytes), payload))

    def load(self, name: str) -> object:
        """The value of this name. What a manager stored by its declared type comes as plain lists, dicts, arrays.

        Raises:
            NotStoredError: there is none.
            CorruptMetricError: its bytes are not what was written.
        """
        try:
            entry = self.read(name)
        except NotStoredError:
            return self._load_date(name)
        return join(entry.payload) if entry.codec == "typed" else plain_codec(self._pickle, name).load(entry.payload)

    def _load_date(self, name: str) -> str:
        if name.endswith(DATE):
            record = self.read_record(name.removesuffix(DATE))
            if record is not None:
                return record.date.astimezone().date().isoformat()
        raise NotStoredError(name, self.place(name))


def _name(listed: Listed) -> str:
    return listed.name
