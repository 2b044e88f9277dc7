"""zarr: one zip with the files of a chunked array, which ``zarr.storage.ZipStore`` reads, and the record as JSON.

zarr itself is not needed to write or to read such a file, only to look at the numbers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from mmap import mmap
from typing import ClassVar

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, StorageError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.record_text import (
    DAMAGE,
    StoredEntry,
    name_of,
    read_record,
    record_text,
    unreadable,
)
from simple_metrics_manager.formats.zip_end import last_member, read_end
from simple_metrics_manager.formats.zip_layout import STORED
from simple_metrics_manager.formats.zip_reader import (
    check_seal,
    read_data,
    read_last,
    read_members,
)
from simple_metrics_manager.formats.zip_stream import ZipStream
from simple_metrics_manager.payload.chunked import Chunked
from simple_metrics_manager.payload.chunks import METADATA, Chunks, Vanished
from simple_metrics_manager.payload.tree import ARRAY_MARK, Native, Payload, Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.files import NotAFileError, read_file

_RECORD = "record.json"
_VALUE = "value"
_WHOLE: Tree = {ARRAY_MARK: _VALUE}


@attrs.frozen
class Zarr:
    """One ``zarr.Array``, which may be larger than memory.

    The members are ``zarr.json``, the chunks as zarr encoded them, and ``record.json``; none is compressed again. They
    are written one after the other, so that never more than one chunk is in memory. When the file is opened,
    everything but the chunks is verified; the checksum of a chunk is when it is read.
    """

    extension: ClassVar[str] = ".zarr.zip"

    def encode(self, entry: Entry) -> Iterable[Buffer]:
        """The archive, a chunk at a time."""
        native = entry.payload.natives.get(_VALUE)
        if entry.payload.tree != _WHOLE or not isinstance(native, Chunked):
            remedy = "Declare the metric -> zarr.Array, or leave the choice of the format to its storage"
            raise CannotStoreError(name_of(entry), "the zarr format holds one zarr.Array, and nothing else", remedy)
        return _stream(entry, native)

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry; its array reads from ``blob`` what is touched."""
        try:
            chunks = ZipChunks(blob, path)
            natives: Mapping[str, Native] = {_VALUE: Chunked(chunks)}
            return StoredEntry(bytes(chunks.record()), Payload(_WHOLE, {}, natives), path)
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        """The record, verified by its own checksum, from the end of the file alone."""
        try:
            end = read_end(blob)
            member = last_member(blob, end, _RECORD)
            if member is None or not end.sealed:
                raise ValueError("there is no record at its end")
            return read_record(read_last(blob, end, member))
        except DAMAGE as error:
            raise unreadable(path, error) from error


class ZipChunks(Chunks):
    """The files of an array in one of our archives, which lies in memory or is mapped into it.

    A mapped archive travels to another process as its path, one in memory as its bytes.

    Raises:
        ValueError: it is damaged, outside the chunks.
    """

    def __init__(self, blob: memoryview, path: str) -> None:
        end = read_end(blob)
        if not end.sealed:
            raise ValueError("there is no seal at its end: this library did not write it, or not all of it is there")
        members = read_members(blob, end)
        starts = check_seal(blob, end, members)
        first, last = members[:1], members[-1:]
        if [each.name for each in (*first, *last)] != [METADATA, _RECORD] or any(m.method != STORED for m in members):
            raise ValueError("its members are not those of a chunked array")
        self._blob = blob
        self._path = path
        self._directory = end.start
        self._record = (members.pop(), starts.pop())
        self._members = {m.name: (m, start) for m, start in zip(members, starts, strict=True)}
        self._verified: set[str] = set()
        self.keys: Sequence[str] = tuple(self._members)
        read_data(blob, *self._members[METADATA])

    def record(self) -> memoryview:
        """The text of the record."""
        return read_data(self._blob, *self._record)

    def size(self, key: str) -> int:
        return self._members[key][0].kept

    def read(self, key: str) -> memoryview:
        try:
            data = read_data(self._blob, *self._members[key])
        except ValueError as error:
            raise CorruptMetricError(self._path, str(error)) from None
        self._verified.add(key)
        return data

    def part(self, key: str, start: int, stop: int) -> memoryview:
        """Some of it. A shard is read in many parts: it is verified the first time, as a whole."""
        if key not in self._verified:
            self.read(key)
        member, at = self._members[key]
        return self._blob[at : at + member.kept][start:stop]

    def __str__(self) -> str:
        return self._path

    def identity(self) -> str:
        """Of this very archive: its directory has the checksums of all members, and its end the seal."""
        return hashlib.sha256(self._blob[self._directory :]).hexdigest()

    def __reduce__(self) -> tuple[object, ...]:
        if isinstance(self._blob.obj, mmap):
            return _mapped_again, (os.path.abspath(self._path), self._path, self.identity())
        return _in_memory, (bytes(self._blob), self._path)


def _in_memory(blob: bytes, path: str) -> ZipChunks:
    return ZipChunks(memoryview(blob), path)


def _mapped_again(file: str, path: str, identity: str) -> ZipChunks:
    try:
        chunks = ZipChunks(read_file(file), path)
    except FileNotFoundError:
        raise StorageError(f"{file}, whose chunks this array reads, is not there (any more)") from None
    except NotAFileError as error:
        raise StorageError(f"{file}, whose chunks this array reads, is {error}") from None
    except DAMAGE as error:
        raise unreadable(path, error) from error
    if chunks.identity() != identity:
        raise StorageError(f"{file} has been replaced since this array was read from it: ask its manager for it again")
    return chunks


def _stream(entry: Entry, native: Chunked) -> Iterator[Buffer]:
    archive = ZipStream()
    try:
        for key, data in native.files():
            yield from archive.member(key, data)
    except Vanished as gone:
        remedy = "Keep the directory of the array until it is stored"
        raise CannotStoreError(name_of(entry), str(gone), remedy) from None
    yield from archive.member(_RECORD, record_text(entry.record).encode("ascii"))
    yield archive.end()
