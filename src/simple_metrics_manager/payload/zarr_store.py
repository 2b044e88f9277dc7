"""The one module that knows zarr: an array's files out of any store of zarr's, and an array over files of ours.

It is imported when the first chunked array is declared or read, and raises ``MissingExtraError`` without zarr,
or with an older one, whose arrays and stores are declared otherwise.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import NoReturn, Self, TypeAlias, cast

import numpy as np

from simple_metrics_manager.errors import MissingExtraError
from simple_metrics_manager.payload.chunks import METADATA, Chunks, Vanished

try:
    import zarr
    from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store
    from zarr.core.buffer import Buffer, BufferPrototype, default_buffer_prototype
    from zarr.core.metadata.v3 import ArrayV3Metadata
    from zarr.core.sync import sync
    from zarr.storage import WrapperStore
    from zarr.types import AnyArray
except ImportError:
    raise MissingExtraError("a chunked array", "zarr>=3.1.4", "zarr") from None

ZarrArray: TypeAlias = AnyArray

_READ_ONLY = "this array is what is stored, and cannot be changed; copy it with zarr.from_array(store, data=array)"


def problem(array: ZarrArray) -> str | None:
    """Why the files of this array cannot be copied as they are, or None."""
    if array.metadata.zarr_format != 3:
        return (
            f"one of zarr format {array.metadata.zarr_format}, whose filters may be pickles; copy it with "
            f"zarr.from_array(store, data=array, zarr_format=3)"
        )
    if not array.store.supports_listing:
        return f"one in a {type(array.store).__name__}, which cannot list its chunks; copy it into a LocalStore"
    return None


def locked(array: ZarrArray) -> ZarrArray:
    """The same array, read-only: its store refuses to write, and its attributes are a copy.

    zarr changes the attributes in memory before it asks the store, so no two callers may have the same ones.
    """
    store = array.store if isinstance(array.store, ChunkStore | _ReadOnly) else _ReadOnly(array.store)
    metadata = cast("ArrayV3Metadata", array.metadata)
    metadata = dataclasses.replace(metadata, attributes=copy.deepcopy(metadata.attributes))
    return zarr.Array(zarr.AsyncArray(metadata=metadata, store_path=type(array.store_path)(store, array.path)))


def opened(chunks: Chunks) -> ZarrArray:
    """A read-only array whose chunks are read when they are touched."""
    store = ChunkStore(chunks)
    return zarr.open_array(store=store, mode="r", zarr_format=3)  # pyright: ignore[reportUnknownMemberType]  # fsspec's


class ArrayChunks(Chunks):
    """The files of an array in a store of zarr's. What they are called is asked once: all passes read the same."""

    def __init__(self, array: ZarrArray) -> None:
        self._store = array.store
        self._prefix = f"{array.path}/" if array.path else ""
        metadata = cast("ArrayV3Metadata", array.metadata)
        self._metadata = metadata.to_buffer_dict(default_buffer_prototype())[METADATA].to_bytes()
        self.keys: Sequence[str] = (METADATA, *sync(self._list(metadata)))
        self._get(METADATA)  # of a store that has been removed nothing is listed, as of one where nothing was written

    async def _list(self, metadata: ArrayV3Metadata) -> list[str]:
        found: list[tuple[tuple[int, ...], str]] = []
        async for path in self._store.list_prefix(self._prefix):
            key = path.removeprefix(self._prefix)
            place = tuple(map(int, re.findall(r"[0-9]+", key)))[: len(metadata.shape)]
            if key != METADATA and len(place) == len(metadata.shape) and metadata.encode_chunk_key(place) == key:
                found.append((place, key))
        return [key for _, key in sorted(found)]

    def size(self, key: str) -> int:
        return len(self._metadata) if key == METADATA else sync(self._store.getsize(self._prefix + key))

    def read(self, key: str) -> memoryview:
        if key == METADATA:
            return memoryview(self._metadata)
        return self._get(key).as_numpy_array().view(np.uint8).data.toreadonly()

    def _get(self, key: str) -> Buffer:
        found = sync(self._store.get(self._prefix + key, default_buffer_prototype()))
        if found is None:
            raise Vanished(f"{self._prefix}{key} is no longer in {self._store}")
        return found

    def __str__(self) -> str:
        return f"{self._store}/{self._prefix}".rstrip("/")


class _Refusing(Store):
    """What the two kinds of store here have in common: all the ways to write lead to one sentence."""

    @property
    def read_only(self) -> bool:
        return True

    @property
    def supports_writes(self) -> bool:
        return False

    @property
    def supports_deletes(self) -> bool:
        return False

    def _check_writable(self) -> None:
        _refuse()

    def with_read_only(self, read_only: bool = False) -> Self:
        return self if read_only else _refuse()

    def close(self) -> None:
        """Others read from it as well: it stays open."""

    async def clear(self) -> None:
        _refuse()

    async def set(self, key: str, value: Buffer) -> None:
        _refuse()

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        _refuse()

    async def _set_many(self, values: Iterable[tuple[str, Buffer]]) -> None:
        _refuse()

    async def delete(self, key: str) -> None:
        _refuse()

    async def delete_dir(self, prefix: str) -> None:
        _refuse()


class _ReadOnly(_Refusing, WrapperStore[Store]):
    """Any store, without the ways to write into it."""


class ChunkStore(_Refusing):
    """Serves the files of one array; whatever is damaged is an error of ours, which passes through zarr as it is."""

    @property
    def supports_listing(self) -> bool:
        return True

    def __init__(self, chunks: Chunks) -> None:
        super().__init__(read_only=True)
        self._chunks = chunks
        self._known = frozenset(chunks.keys)

    def __eq__(self, value: object) -> bool:
        return isinstance(value, ChunkStore) and value._chunks is self._chunks

    def __hash__(self) -> int:
        return id(self._chunks)

    def __deepcopy__(self, memo: object) -> ChunkStore:
        return self  # nothing in it ever changes

    def __str__(self) -> str:
        return str(self._chunks)

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        if key not in self._known:
            return None
        if byte_range is None:
            return prototype.buffer.from_bytes(self._chunks.read(key))
        start, stop = _span(byte_range, self._chunks.size(key))
        return prototype.buffer.from_bytes(self._chunks.part(key, start, stop))

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return [await self.get(key, prototype, byte_range) for key, byte_range in key_ranges]

    async def exists(self, key: str) -> bool:
        return key in self._known

    async def getsize(self, key: str) -> int:
        if key not in self._known:
            raise FileNotFoundError(key)
        return self._chunks.size(key)

    async def list(self) -> AsyncIterator[str]:
        for key in self._chunks.keys:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        for key in self._chunks.keys:
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        folder = f"{prefix.rstrip('/')}/" if prefix.rstrip("/") else ""
        inside = (key[len(folder) :] for key in self._chunks.keys if key.startswith(folder))
        for name in dict.fromkeys(rest.partition("/")[0] for rest in inside):
            yield name


def _span(asked: ByteRequest, size: int) -> tuple[int, int]:
    """From where to where, within a file of this size."""
    if isinstance(asked, RangeByteRequest):
        return asked.start, min(asked.end, size)
    if isinstance(asked, OffsetByteRequest):
        return asked.offset, size
    return max(0, size - asked.suffix), size


def _refuse() -> NoReturn:
    raise ValueError(_READ_ONLY)
