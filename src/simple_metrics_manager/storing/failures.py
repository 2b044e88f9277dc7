"""The last error of a metric, kept beside its value: a good value that is older is never replaced by it.

It is a small JSON text under the name of the metric, with the extension ``.failure``: something to be read by people
who come back in the morning. What of it cannot be written or read is no reason for anything else to fail. It says
under which name it was kept, and has a sum of all that it says: damage is told by a check, and not taken for an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import attrs

from simple_metrics_manager.errors import CorruptMetricError, NotStoredError, StorageError
from simple_metrics_manager.keys import digest
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.storing import conditional
from simple_metrics_manager.storing.entries import StoredEntries

_EXTENSION = ".failure"
_NAME, _SUM = "stored", "sum"
"""What is written beside the failure itself."""


@attrs.frozen
class KeptFailure:
    """A failure as it is kept: ``name`` is what it was kept under, empty if an earlier version did not say."""

    failure: Failure
    name: str = ""


def keep_failure(storage: object, name: str, failure: Failure) -> None:
    """Keep it under the name that the storage has for the metric, in place of the last one."""
    store = _store(storage)
    if store is not None:
        with suppress(StorageError, OSError):
            store.write(name, [_text(name, attrs.evolve(failure, over=_value_at(storage, name)))])


def last_failure(storage: object, name: str) -> Failure | None:
    """The last failure that was kept under this name; None if there is none that can be read."""
    if _store(storage) is None:
        return None
    with suppress(StorageError, CorruptMetricError, OSError):
        return read_failure(storage, name).failure
    return None


def read_failure(storage: object, name: str) -> KeptFailure:
    """The failure that is kept under this name, verified.

    Raises:
        NotStoredError: there is none.
        CorruptMetricError: it is damaged.
    """
    store = failures_beside(storage)
    place = store.describe(name)
    try:
        plain = cast("object", json.loads(bytes(store.read(name))))
        if not isinstance(plain, dict):
            raise ValueError("no failure of a metric")
        said = cast("dict[str, Tree]", plain)
        if said.pop(_SUM, None) not in (None, digest(said)):
            raise CorruptMetricError(place, "its sum is another one than that of what it says")
        return KeptFailure(Failure.from_dict(cast("dict[str, str]", said)), str(said.get(_NAME, "")))
    except ValueError as error:
        raise CorruptMetricError(place, str(error)) from None


def is_latest(failure: Failure, record: Record | None) -> bool:
    """Whether nothing was stored since this failure was kept; ``record`` is that of what is stored now."""
    if failure.over and (record is None or record.run):
        return failure.over == _value_of(record)
    return record is None or record.date < failure.date  # one of them is of an earlier version: clocks have to do


def _value_at(storage: object, name: str) -> str:
    if not isinstance(storage, StoredEntries):
        return ""
    try:
        record = storage.read_record(name)
    except NotStoredError:
        return _value_of(None)
    except (StorageError, CorruptMetricError, OSError):
        return ""  # it cannot be told
    return "" if record is None else _value_of(record)


def _value_of(record: Record | None) -> str:
    """What tells the value of this record from those that were stored before or will be."""
    return "nothing" if record is None else f"{record.date.isoformat()} {record.run} {record.content}"


def names_of_failures(storage: object) -> Iterator[str]:
    """All names under which a failure is kept; none is read."""
    store = _store(storage)
    return iter(()) if store is None else store.names()


def delete_failure(storage: object, name: str) -> bool:
    """Forget the failure of this name; whether there was one."""
    store = _store(storage)
    if store is not None:
        with suppress(NotStoredError):
            store.delete(name)
            return True
    return False


def move_failure(storage: object, old: str, new: str, metric: str) -> None:
    """Keep what is kept under ``old`` as that of ``metric``, called ``new`` in the storage, unless that has one."""
    store = _store(storage)
    if store is None or not store.exists(old):
        return
    failure = last_failure(storage, old)
    if failure is not None:
        conditional.create(store, new, [_text(new, attrs.evolve(failure, metric=metric))])
    delete_failure(storage, old)


def copy_failure(source: object, target: object, name: str, target_name: str, *, replace: bool) -> bool:
    """Keep the same failure in another storage, verified; whether it had to be written.

    Raises:
        NotStoredError: there is none.
        CorruptMetricError: it is damaged, and is not copied.
    """
    failure, store = read_failure(source, name).failure, failures_beside(target)
    text = _text(target_name, failure)
    if not replace:
        return conditional.create(store, target_name, [text]) is not None
    with suppress(NotStoredError):
        if bytes(store.read(target_name)) == text:
            return False
    store.write(target_name, [text])
    return True


def failures_beside(storage: object) -> Store:
    """Where the failures of a storage of this library lie."""
    store = _store(storage)
    if store is None:
        raise TypeError(f"{storage!r} has no room for failures")
    return store


def _text(name: str, failure: Failure) -> bytes:
    said: dict[str, Tree] = {_NAME: name, **failure.to_dict()}
    return json.dumps({**said, _SUM: digest(said)}).encode()


def _store(storage: object) -> Store | None:
    return storage.beside(_EXTENSION) if isinstance(storage, StoredEntries) else None
