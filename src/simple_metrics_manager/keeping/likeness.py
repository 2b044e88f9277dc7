"""Whether two stored values are the same one, in whatever formats they lie."""

from __future__ import annotations

import hashlib

import attrs

from simple_metrics_manager.formats.content import content_hash
from simple_metrics_manager.formats.npy_array import array_to_npy
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.chunked import Chunked
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.record import Record


def likeness(payload: Payload) -> str:
    """A hash of the value as a format gives it back, equal for equal values whatever the format."""
    if not any(isinstance(native, Chunked) for native in payload.natives.values()):
        payload = payload.flat()
    return content_hash(payload) or _with_objects(payload)


def _with_objects(payload: Payload) -> str:
    """Arrays of Python objects have no bytes but those that they are stored in."""
    digest = hashlib.sha256(canonical_text(payload.tree).encode())
    for name in sorted(payload.arrays):
        for part in (name.encode("utf-8", "surrogatepass"), *array_to_npy(payload.arrays[name], allow_pickle=True)):
            digest.update(b"%d\0" % len(part))
            digest.update(part)
    return f"objects:{digest.hexdigest()}"


def same_question(one: Record | None, other: Record | None) -> bool:
    """Whether two records answer to the same; when the answers were computed does not matter."""
    if one is None or other is None:
        return one is other
    fields = ("codec", "type", "version", "manager", "module", "metric", "inputs", "name", "params", "chosen")
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def same_record(one: Record | None, other: Record | None) -> bool:
    """Whether two records say the same. Durations count to the nanosecond, as a database keeps them."""
    return _to_the_nanosecond(one) == _to_the_nanosecond(other)


def _to_the_nanosecond(record: Record | None) -> Record | None:
    if record is None:
        return None
    return attrs.evolve(record, seconds=round(record.seconds, 9), cpu_seconds=round(record.cpu_seconds, 9))
