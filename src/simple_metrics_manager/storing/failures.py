"""The last error of a metric, kept beside its value: a good value that is older is never replaced by it.

It is a small JSON text under the name of the metric, with the extension ``.failure``: something to be read by people
who come back in the morning. What of it cannot be written or read is no reason for anything else to fail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

from simple_metrics_manager.errors import CorruptMetricError, StorageError
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.storing.entries import StoredEntries

_EXTENSION = ".failure"


def keep_failure(storage: object, name: str, failure: Failure) -> None:
    """Keep it under the name that the storage has for the metric, in place of the last one."""
    store = _store(storage)
    if store is not None:
        with suppress(StorageError, OSError):
            store.write(name, [json.dumps(failure.to_dict()).encode()])


def last_failure(storage: object, name: str) -> Failure | None:
    """The last failure that was kept under this name; None if there is none that can be read."""
    store = _store(storage)
    if store is None:
        return None
    with suppress(StorageError, CorruptMetricError, OSError, ValueError):
        return Failure.from_dict(cast("dict[str, str]", json.loads(bytes(store.read(name)))))
    return None


def names_of_failures(storage: object) -> Iterator[str]:
    """All names under which a failure is kept; none is read."""
    store = _store(storage)
    return iter(()) if store is None else store.names()


def _store(storage: object) -> Store | None:
    return storage.beside(_EXTENSION) if isinstance(storage, StoredEntries) else None
