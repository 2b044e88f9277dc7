"""A hash of the values in a table, whatever chunks and slices they lie in and whichever pyarrow made them.

The bytes of a file would not do: another version writes the same table in other bytes. So the nulls' places, the
lengths and the values that are there are hashed, each kind in a stream of its own, which goes on from chunk to chunk.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from simple_metrics_manager.payload.arrow import as_bytes, as_lists, layout

if TYPE_CHECKING:
    from simple_metrics_manager.payload.arrow import ArrowTable, Chunk, Column


def values_hash(table: ArrowTable) -> str:
    """128 bits over names, types and values of the columns; metadata do not take part."""
    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.columns, strict=True):
        name = field.name.encode("utf-8", "surrogatepass")
        digest.update(b"%d %b %d %b\n" % (len(name), name, len(column), str(field.type).encode()))
        digest.update(column_hash(column))
    return digest.hexdigest()[:32]


def column_hash(column: Column) -> bytes:
    """A digest over the values of one column."""
    streams = _Streams()
    for chunk in column.chunks:
        streams.feed("", chunk)
    return streams.digest()


class _Streams:
    """The streams of one column, by the path to a part of its type."""

    def __init__(self) -> None:
        self._hashes = {"": hashlib.sha256()}
        self._counts: dict[str, int] = {}

    def digest(self) -> bytes:
        """All of them together."""
        parts = [f"{path} ".encode() + each.digest() for path, each in sorted(self._hashes.items())]
        return hashlib.sha256(b"".join(parts)).digest()

    def feed(self, path: str, chunk: Chunk) -> None:
        """One more chunk of the part at ``path``."""
        kind = layout(chunk.type)
        if kind == "extension":
            return self.feed(path, chunk.storage)
        if kind == "dictionary":
            return self.feed(path, chunk.dictionary_decode())
        before = self._counts.get(path, 0)
        self._counts[path] = before + len(chunk)
        if kind == "null":
            return None
        if chunk.null_count:
            self._add(f"{path}?", (np.flatnonzero(chunk.is_null().to_numpy(zero_copy_only=False)) + before).data)
        if kind == "struct":
            for at, child in enumerate(chunk.flatten()):
                self.feed(f"{path}.{at}", child)
        elif kind == "list":
            lengths, items = as_lists(chunk)
            self._add(f"{path}#", lengths.to_numpy(zero_copy_only=False).astype(np.int64).data)
            self.feed(f"{path}[", items)
        elif kind == "bytes":
            self._add_bytes(path, as_bytes(chunk).drop_null())
        elif kind == "bool":
            self._add(path, chunk.drop_null().to_numpy(zero_copy_only=False).data)
        else:
            self._add(path, _fixed(chunk.drop_null()))
        return None

    def _add(self, path: str, part: bytes | memoryview) -> None:
        self._hashes.setdefault(path, hashlib.sha256()).update(part)

    def _add_bytes(self, path: str, chunk: Chunk) -> None:
        _, offsets, values = chunk.buffers()
        if len(chunk) and offsets is not None:
            ends = np.frombuffer(memoryview(offsets), np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
            self._add(f"{path}#", np.diff(ends).data)
            if values is not None:
                self._add(path, memoryview(values)[int(ends[0]) : int(ends[-1])])


def _fixed(chunk: Chunk) -> bytes | memoryview:
    """The memory of values that have one size each."""
    values = chunk.buffers()[1]
    width = chunk.type.bit_width // 8
    return b"" if values is None else memoryview(values).cast("B")[chunk.offset * width :][: len(chunk) * width]
