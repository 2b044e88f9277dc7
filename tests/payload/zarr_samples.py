"""Arrays in chunks that every test of them uses. Import only where zarr is installed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np
import zarr
import zarr.codecs
import zarr.storage

from simple_metrics_manager.payload.chunked import Chunked
from simple_metrics_manager.payload.converter import shape_of
from simple_metrics_manager.payload.tree import Array

ZarrArray: TypeAlias = "zarr.Array[Any]"

create = cast("Callable[..., ZarrArray]", zarr.create_array)  # pyright: ignore[reportUnknownMemberType]  # fsspec's
copied = cast("Callable[..., ZarrArray]", zarr.from_array)  # pyright: ignore[reportUnknownMemberType]  # fsspec's
open_ = cast("Callable[..., ZarrArray]", zarr.open_array)  # pyright: ignore[reportUnknownMemberType]  # fsspec's

SHAPE = shape_of(zarr.Array)

MAPPED: dict[str, object] = {"shape": (20, 16384), "chunks": (3, 4096), "compressors": None}
"""For :func:`grid`: more than 512 KiB; such a file is mapped, and not read."""


def numbers(array: ZarrArray) -> Array:
    """All of it."""
    return np.asarray(cast("Array", array[...]))


def dumped(array: ZarrArray) -> Chunked:
    """What is to be stored of it."""
    raw = SHAPE.dump(array)
    assert isinstance(raw, Chunked)
    return raw


def loaded(raw: object) -> ZarrArray:
    """The array of what was stored."""
    return cast("ZarrArray", SHAPE.load(raw))


def grid(store: object = None, **options: object) -> ZarrArray:
    """5 by 7 numbers in chunks of 2 by 3, with attributes."""
    array = create(
        store=zarr.storage.MemoryStore() if store is None else store,
        **{
            "shape": (5, 7),
            "chunks": (2, 3),
            "dtype": "f8",
            "attributes": {"unit": "mV", "deep": {"list": [1]}},
            **options,
        },
    )
    if array.dtype.kind in "biufc":
        array[...] = np.arange(array.size).reshape(array.shape).astype(array.dtype)
    return array


def sparse() -> ZarrArray:
    """Most of its chunks were never written."""
    array = create(store=zarr.storage.MemoryStore(), shape=(1000, 10), chunks=(10, 10), dtype="i2", fill_value=-7)
    array[500:505] = 3
    return array


def of_text() -> ZarrArray:
    """Strings of any length."""
    array = create(store=zarr.storage.MemoryStore(), shape=(4,), chunks=(3,), dtype=str)
    array[...] = np.array(["", "é", "a longer text", "😀"], dtype=object)
    return array


def of_days() -> ZarrArray:
    """Dates, one of which is none."""
    array = create(store=zarr.storage.MemoryStore(), shape=(3,), chunks=(2,), dtype="M8[ns]")
    array[...] = np.array(["2026-11-24", "NaT", "1900-01-01"], "M8[ns]")
    return array


def in_a_group() -> ZarrArray:
    """One of several arrays in a store."""
    store = zarr.storage.MemoryStore()
    grid(store, name="a/other", dtype="i4")
    return grid(store, name="a/b")


SAMPLES: Mapping[str, Callable[[], ZarrArray]] = {
    **{dtype: functools.partial(grid, dtype=dtype) for dtype in ("bool", "i1", "u2", ">i4", "f4", ">f8", "c16")},
    "one chunk": lambda: grid(chunks=(5, 7)),
    "no compression": lambda: grid(compressors=None),
    "blosc": lambda: grid(compressors=zarr.codecs.BloscCodec(cname="lz4")),
    "gzip with checksum": lambda: grid(compressors=[zarr.codecs.GzipCodec(), zarr.codecs.Crc32cCodec()]),
    "transposed": lambda: grid(filters=[zarr.codecs.TransposeCodec(order=(1, 0))]),
    "shards": lambda: grid(shards=(4, 6)),
    "shards without compression": lambda: grid(shards=(4, 6), compressors=None),
    "keys with dots": lambda: grid(chunk_key_encoding={"name": "v2", "separator": "."}),
    "names of dimensions": lambda: grid(dimension_names=["time", "place"]),
    "nothing written": lambda: create(store=zarr.storage.MemoryStore(), shape=(4,), dtype="f8", fill_value=np.nan),
    "sparse": sparse,
    "no elements": lambda: grid(shape=(0, 7)),
    "0-d": lambda: grid(shape=(), chunks=()),
    "0-d with keys of v2": lambda: grid(shape=(), chunks=(), chunk_key_encoding={"name": "v2", "separator": "."}),
    "text": of_text,
    "days": of_days,
    "in a group": in_a_group,
}


def same(one: ZarrArray, other: ZarrArray) -> bool:
    """Equal in all that zarr writes of them, and in every number.

    The order of bytes in memory is not written: zarr opens every array in that of the machine.
    """
    return dumped(one).chunks.description == dumped(other).chunks.description and bool(
        np.array_equal(numbers(one), numbers(other), equal_nan=one.dtype.kind in "fcM")
    )
