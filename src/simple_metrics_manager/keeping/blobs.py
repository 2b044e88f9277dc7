"""Stored files as they lie there, every byte of them verified: what copying and checking have in common."""

from __future__ import annotations

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.npy import Npy
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.payload.chunked import Chunked
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.tiered_storage import TieredStorageInterface


def known(storage: object) -> StoredEntries:
    """The storage, if it can say what it holds.

    Raises:
        TypeError: it is none of this library's.
    """
    if isinstance(storage, StoredEntries):
        return storage
    raise TypeError(
        f"{storage!r} cannot say what it holds: give a storage of this library, as in NpzStorageInterface('metrics')"
    )


def truth(storage: StoredEntries) -> StoredEntries:
    """The storage that counts: of two tiers the shared one. Reading there leaves no copies behind."""
    while isinstance(storage, TieredStorageInterface):
        storage = storage.shared
    return storage


def verified(form: Format, blob: memoryview, path: str) -> Entry:
    """The entry in a blob, every byte of it verified, also where a storage says ``verify=False``.

    Chunks of arrays that may be larger than memory are read one by one, and none is kept.

    Raises:
        CorruptMetricError: it is damaged.
        NewerFormatError: a later version of this library wrote it.
        PickledObjectsError: it holds pickled objects, and the format was not told to read them.
    """
    if isinstance(form, Npz | Npy) and not form.verify:
        form = attrs.evolve(form, verify=True)
    entry = form.decode(blob, path)
    for native in entry.payload.natives.values():
        if isinstance(native, Chunked):
            for _ in native.files():
                pass
    if entry.dated and entry.record is None:  # which parses it, and says what is wrong with it
        raise AssertionError("what is dated has a record")
    return entry


def own_name(storage: StoredEntries, form: Format, name: str, said: str) -> str | None:
    """The name that this was stored under, of which its record says ``said``; None if it lies in another one's place.

    The files of long names are called by a part of them only, so a listing may not know the whole name.
    """
    if not said or said == name:
        return name
    return said if storage.place(said, form) == storage.place(name, form) else None
