"""One entry of one storage put into another one, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Self

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, NotStoredError
from simple_metrics_manager.formats.base import Buffer, Format
from simple_metrics_manager.formats.checksum import sums
from simple_metrics_manager.formats.json import Json
from simple_metrics_manager.formats.packed import Packed
from simple_metrics_manager.formats.parquet import Parquet
from simple_metrics_manager.formats.zarr import Zarr
from simple_metrics_manager.keeping.blobs import truth, verified
from simple_metrics_manager.keeping.likeness import likeness, same_record
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing import conditional
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.object_storage import ObjectStorageInterface

_LARGE = 256 * 1024
"""Bytes from which on a database has a file for a blob, which shares nothing with others."""

_IN_PARTS = 16 << 20
"""Bytes of an object from which on it is sent in parts, which no server does on a condition."""


class Blob:
    """A stored file as it lies there."""

    def __init__(self, form: Format, data: memoryview, place: str) -> None:
        self.form = form
        self.data = data
        self.place = place

    @classmethod
    def read(cls, storage: StoredEntries, name: str) -> Self:
        """What lies under this name, in whatever format.

        Raises:
            NotStoredError: nothing does.
        """
        form = storage.form
        store = storage.beside(form.extension)  # most things have the format of the storage: they cost one question
        with suppress(NotStoredError):
            return cls(form, store.read(name), store.describe(name))
        form = storage.form_of(name)
        store = storage.beside(form.extension)
        return cls(form, store.read(name), store.describe(name))


def put(blob: Blob, target: StoredEntries, name: str, record: Record | None, *, replace: bool) -> int | None:
    """Verify the entry and store it under ``name``; its size, or None if there is one already.

    ``record`` is what it gets if it has none. If it has one, that is taken from the whole entry: what a database says
    of a record alone has no preview of an array.

    Of what was read from afar nothing is held any more when it is read back: there are never two of it in memory.

    Raises:
        CorruptMetricError: it is damaged, and was not stored; or what was read back is not what was written.
        CannotStoreError: the target cannot keep it as it is.
    """
    form = form_in(target, blob.form, record)
    alike = type(form) is type(blob.form)
    reader = form if alike and not _unpickles(form) else blob.form  # nothing is unpickled that one of the two forbids
    entry = verified(reader, blob.data, blob.place)
    record = entry.record or record
    pieces, is_back = _as_it_is(blob, entry) if alike and entry.record is record else _anew(form, entry, record)
    size = _write(target, form, name, pieces, len(blob.data), replace=replace)
    if size is None:
        return None
    del entry, pieces
    blob.data = memoryview(b"")
    store = truth(target).beside(form.extension)
    if not is_back(store.read(name), store.describe(name)):
        raise CorruptMetricError(store.describe(name), "what was read back is not what was written")
    return size


def form_in(target: StoredEntries, form: Format, record: Record | None) -> Format:
    """The format that this has in the target: that of the target, or the one that it has by nature or by choice."""
    own = target.form
    if type(own) is type(form) or not (isinstance(form, Parquet | Zarr) or (record is not None and record.chosen)):
        return own
    return form


def _unpickles(form: Format) -> bool:
    return bool(getattr(form, "allow_pickle", False))


def _as_it_is(blob: Blob, entry: Entry) -> tuple[Sequence[Buffer], Callable[[memoryview, str], bool]]:
    """The same bytes; in the pieces of which a database keeps those that many entries have in common once."""
    data = blob.data
    pieces: Sequence[Buffer] = [data]
    if isinstance(blob.form, Packed) and len(data) < _LARGE:
        own = list(blob.form.encode(entry))
        pieces = own if b"".join(own) == data.tobytes() else pieces
    size, expected = len(data), sums((data,))
    return pieces, lambda back, _: len(back) == size and sums((back,)) == expected


def _anew(
    form: Format, entry: Entry, record: Record | None
) -> tuple[Iterable[Buffer], Callable[[memoryview, str], bool]]:
    """The entry in another format. JSON has one NaN only: whether it comes back is tried before anything is written."""
    expected = likeness(entry.payload)

    def is_back(back: memoryview, place: str) -> bool:
        found = verified(form, back, place)
        return likeness(found.payload) == expected and same_record(found.record, record)

    pieces = form.encode(Entry(record, entry.payload))
    if isinstance(form, Json) or entry.payload.nbytes < _LARGE:
        pieces = list(pieces)
        if not is_back(memoryview(b"".join(pieces)), entry.name):
            problem = f"{type(form).__name__} would not give it back as it is"
            raise CannotStoreError(entry.name, problem, "Copy it to NpzStorageInterface")
    return pieces, is_back


def _write(
    target: StoredEntries, form: Format, name: str, pieces: Iterable[Buffer], size: int, *, replace: bool
) -> int | None:
    store = target.beside(form.extension)
    if not replace:
        if size >= _IN_PARTS and isinstance(truth(target), ObjectStorageInterface):
            return None if store.exists(name) else store.write(name, pieces)
        return conditional.create(store, name, pieces)
    size = store.write(name, pieces)
    while (other := target.form_of(name).extension) != form.extension:  # what it takes the place of has another format
        target.beside(other).delete(name)
    return size
