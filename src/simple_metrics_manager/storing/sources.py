"""The sources of helpers, so that a change can be shown: kept beside the values, once for each state of the code.

A record has the hashes of all helpers. Their texts would be larger than many a value, and are the same for all points
of a sweep: they lie in one compressed text with the extension ``.sources``, whose name is a hash of those hashes. It is
written by the first save that needs it, and never again. Of what cannot be written or read nothing else depends.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import cast

from simple_metrics_manager.errors import CorruptMetricError, NotStoredError, StorageError
from simple_metrics_manager.fingerprint.helpers import Helpers
from simple_metrics_manager.keys import digest
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.storing import conditional
from simple_metrics_manager.storing.entries import StoredEntries

_EXTENSION = ".sources"

MOST = 1 << 18
"""Characters of all texts together; of more, the longest are left out."""


def keep_sources(storage: object, helpers: Mapping[str, str]) -> None:
    """Keep the texts of a record's helpers, unless they are there: a look at a list, but for the first time.

    Only the process that computed has them: for what was read from another record this does nothing.
    """
    if type(helpers) is not Helpers or not helpers or helpers.is_kept_in(storage):
        return
    if not isinstance(storage, StoredEntries):
        return
    helpers.note_kept_in(storage)  # when it fails it is not tried again: there would be a failure with each save
    with suppress(StorageError, OSError):
        conditional.create(storage.beside(_EXTENSION), sources_name(helpers), [_packed(helpers.texts)])


def read_sources(storage: object, helpers: Mapping[str, str]) -> Mapping[str, str]:
    """The texts of a record's helpers by name; without those that nobody kept, or that are damaged."""
    if not helpers or not isinstance(storage, StoredEntries):
        return {}
    with suppress(StorageError, CorruptMetricError, OSError):
        return _read(storage.beside(_EXTENSION), sources_name(helpers))
    return {}


def sources_name(helpers: Mapping[str, str]) -> str:
    """The name under which the texts of these helpers lie."""
    return f"helpers-{digest(dict(helpers))}"


def names_of_sources(storage: StoredEntries) -> Iterator[str]:
    """All names under which texts lie; none is read."""
    return storage.beside(_EXTENSION).names()


def copy_sources(source: StoredEntries, target: StoredEntries) -> None:
    """Copy all texts that the target has not; what is damaged stays behind."""
    come, there = source.beside(_EXTENSION), target.beside(_EXTENSION)
    for name in names_of_sources(source):
        with suppress(NotStoredError, CorruptMetricError):
            conditional.create(there, name, [_packed(_read(come, name))])


def damaged_sources(storage: StoredEntries) -> Iterator[str]:
    """Places of texts that cannot be read; they may be deleted, nothing but a diff is lost."""
    store = storage.beside(_EXTENSION)
    for name in store.names():
        try:
            _read(store, name)
        except CorruptMetricError:
            yield store.describe(name)
        except NotStoredError:  # just deleted
            continue


def delete_sources(storage: StoredEntries, needed: Collection[str]) -> int:
    """Delete all texts but those under names that are still needed; how many that were."""
    store, count = storage.beside(_EXTENSION), 0
    for name in list(store.names()):
        if name not in needed:
            with suppress(NotStoredError):
                store.delete(name)
                count += 1
    return count


def _packed(texts: Mapping[str, str]) -> bytes:
    kept: dict[str, str] = {}
    room = MOST
    for name in sorted(texts, key=lambda name: (len(texts[name]), name)):
        room -= len(texts[name])
        if room < 0:
            break
        kept[name] = texts[name]
    return zlib.compress(json.dumps(kept, sort_keys=True).encode())


def _read(store: Store, name: str) -> Mapping[str, str]:
    blob = store.read(name)
    try:
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(blob, 8 * MOST)  # a character takes 6 in ASCII; and there are names
        if not unpacking.eof:
            raise ValueError("it does not end where it should")
        plain: object = json.loads(text)
    except (zlib.error, ValueError) as error:
        raise CorruptMetricError(store.describe(name), str(error)) from None
    if not isinstance(plain, dict):
        raise CorruptMetricError(store.describe(name), "no sources of helpers")
    return {name: str(text) for name, text in cast("dict[str, object]", plain).items()}
