"""A place and a format together: what the storages of this library share."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress

from simple_metrics_manager.claims.base import Claims
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, NewerFormatError, NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.record_text import BareEntry
from simple_metrics_manager.keys import DATE
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.split import join
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.base import Listed, Store
from simple_metrics_manager.storing import conditional
from simple_metrics_manager.storing.natural import NATURAL, OTHERS
from simple_metrics_manager.storing.storage import StorageInterface


class StoredEntries(StorageInterface):
    """A place and a format together: everything that the storages of this library share.

    What has a format of its own, declared or, as tables, by nature, lies there too, under the extension of that one.
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

    def _claims(self) -> Claims | None:
        """Where it is told who computes what of this storage just now; None if nobody else could."""
        return None

    @functools.cached_property
    def claims(self) -> Claims | None:
        """Where it is told who computes what of this storage just now, so that others wait; None if nowhere."""
        return self._claims()

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
        return self._default if form is None or form.extension == self._own.extension else self.beside(form.extension)

    def beside(self, extension: str) -> Store:
        """The same place for what has another extension than the entries."""
        store = self._others.get(extension)
        return store if store is not None else self._others.setdefault(extension, self._open(extension))

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
        name, store = self._target(entry, form)
        size = store.write(name, (form or self._own).encode(entry))
        if store is not self._default:
            self._remove(name, keep=store)
        return size

    def _target(self, entry: Entry, form: Format | None) -> tuple[str, Store]:
        if not entry.dated:
            raise CannotStoreError("", "an entry without a record has no name", "Give it one.")
        self._check(entry)
        return entry.name, self._store(form)

    def create(self, entry: Entry, /, form: Format | None = None) -> int | None:
        """As :meth:`write`, if there is nothing to be read in its place; the number of bytes, or None if there is.

        Of several at once, one stores its own; not so in an object store whose server ignores conditions.
        """
        name, store = self._target(entry, form)
        if store is not self._default and self._default.exists(name):
            return None
        return conditional.create(store, name, (form or self._own).encode(entry))

    def tag(self, name: str, /, form: Format | None = None) -> str | None:
        """What tells this entry from any other that was or will be there; None if there is none, or no telling."""
        return conditional.tag_of(self._store(form), name)

    def replace(self, entry: Entry, tag: str, /, form: Format | None = None) -> int | None:
        """As :meth:`write`, if what is there still has this tag; the number of bytes, or None if it has not."""
        name, store = self._target(entry, form)
        return conditional.replace(store, name, (form or self._own).encode(entry), tag)

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
        """The names of everything that is stored, in order, whatever its format.

        Only of files in another format than that of the storage the records are read: a directory may be that of
        another storage, too, whose metrics are none of this one.
        """
        own = self._default.names()  # first: what gets a format of its own is written there before it is gone here
        others = [(name, store, form) for store, form in self._beside() for name in store.names()]
        if not others:
            return own
        found = set(own)
        for name, store, form in others:
            if name not in found and self._is_listed(store, form, name):
                found.add(name)
        return iter(sorted(found))

    def listing(self) -> Iterator[Listed]:
        """What :meth:`names` gives, with size in bytes and the time of writing."""
        own = self._default.listing()
        others = [(listed, store, form) for store, form in self._beside() for listed in store.listing()]
        if not others:
            return own
        found = {listed.name: listed for listed in own}
        for listed, store, form in others:
            if listed.name not in found and self._is_listed(store, form, listed.name):
                found[listed.name] = listed
        return map(found.__getitem__, sorted(found))

    def _beside(self) -> list[tuple[Store, Format]]:
        """Where something may lie in another format than that of the storage; the first place is what counts."""
        return [(self._store(form), form) for form in OTHERS if form.extension != self._own.extension]

    def _is_listed(self, store: Store, form: Format, name: str) -> bool:
        with suppress(NewerFormatError):  # whether it is ours only a later version of this library can say
            return self._is_ours(store, form, name)
        return False

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
        self.write(BareEntry(name, plain_codec(self._pickle, name).dump(data)))

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
