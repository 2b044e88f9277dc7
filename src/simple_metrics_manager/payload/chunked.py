"""Arrays in chunks, which may be larger than memory: ``zarr.Array``.

What is stored is not the array's numbers but the files that zarr made of them, copied one at a time and never
decoded; what comes back is a read-only array over the stored ones.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from simple_metrics_manager.errors import CannotStoreError, MetricsError
from simple_metrics_manager.payload.chunks import METADATA, Chunks, Vanished, pack, unpack
from simple_metrics_manager.payload.misfit import Misfit, expected
from simple_metrics_manager.payload.shape import Build, Raw, Shape, is_array
from simple_metrics_manager.payload.spelling import class_of
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Native

if TYPE_CHECKING:
    from simple_metrics_manager.payload.zarr_store import ZarrArray

NESTED_LIMIT = 256 * 1024 * 1024
"""Bytes of a chunked array that may stand inside another value, where it has to be in memory as a whole."""


class Chunked(Native):
    """A chunked array: its files, and the array itself where that is not yet one of ours."""

    def __init__(self, chunks: Chunks, array: ZarrArray | None = None) -> None:
        self.chunks = chunks
        self._array = array

    @property
    def borrowed(self) -> bool:
        """Whether its files lie in somebody else's store, where they may be changed or removed: once the array has
        been stored, the stored one should take its place."""
        return self._array is not None

    def array(self) -> ZarrArray:
        """A ``zarr.Array``, read-only, its chunks read when they are touched; a new one each time.

        Raises:
            MissingExtraError: zarr is not installed.
            CorruptMetricError: its description is damaged.
        """
        from simple_metrics_manager.payload.zarr_store import locked, opened  # noqa: PLC0415  # imports zarr

        return opened(self.chunks) if self._array is None else locked(self._array)

    def files(self) -> Iterator[tuple[str, memoryview]]:
        """All its files, one after the other: ``zarr.json`` first.

        Raises:
            Vanished: there is one less than there was.
        """
        return ((key, self.chunks.read(key)) for key in self.chunks.keys)

    @property
    def nbytes(self) -> int:
        return self.array().nbytes

    def summary(self) -> str:
        array = self.array()
        dtype = array.dtype if array.dtype.isnative else array.dtype.newbyteorder("=")  # as it will be when it is read
        return f"zarr {dtype}[{'×'.join(map(str, array.shape))}]"

    def plain(self) -> object:
        """The ``zarr.Array``."""
        return self.array()

    def content(self) -> str:
        """Over what describes the array, and the encoded chunks: equal numbers in other chunks are another content."""
        digest = hashlib.sha256(json.dumps(self.chunks.description, sort_keys=True).encode())
        for key, data in self.files():
            if key != METADATA:
                digest.update(f"\0{key}\0{len(data)}\0".encode())
                digest.update(data)
        return f"sha256:{digest.hexdigest()}"

    def to_array(self) -> Array:
        size = sum(map(self.chunks.size, self.chunks.keys))
        if size > NESTED_LIMIT:
            problem = f"it takes {size:,} bytes, too many to stand in memory at once inside another value"
            raise CannotStoreError("a chunked array", problem, "Return it from a metric of its own, -> zarr.Array")
        return pack(self.files())


class ChunkedShape(Shape):
    """``zarr.Array``, of format 3."""

    kinds: frozenset[str] = frozenset({ARRAY_MARK})
    holds_arrays = True
    natural = "chunked"

    def dump(self, value: object) -> Raw:
        if not is_chunked(value):
            raise expected(self.name, value)
        from simple_metrics_manager.payload.zarr_store import ArrayChunks, problem  # noqa: PLC0415  # imports zarr

        found = problem(value)
        if found is not None:
            raise Misfit(f"expected {self.name}, got {found}")
        try:
            return Chunked(ArrayChunks(value), value)
        except Vanished as gone:
            raise Misfit(
                f"expected {self.name}, got one whose files are gone: {gone}; keep its directory until it is stored, "
                f"as tempfile.mkdtemp() does"
            ) from None

    def load(self, raw: Raw) -> object:
        if is_array(raw) and raw.dtype == np.uint8 and raw.ndim == 1:
            try:
                raw = Chunked(unpack(raw))
            except ValueError as error:
                raise Misfit(f"expected {self.name}, got bytes that are none: {error}") from None
        if not isinstance(raw, Chunked):
            raise expected(self.name, raw)
        try:
            return raw.array()
        except MetricsError:
            raise
        except Exception as error:  # a codec or a type of numbers that this installation of zarr does not know
            raise Misfit(f"zarr cannot open it: {type(error).__name__}: {error}") from error

    def fits(self, value: object, loose: bool) -> bool:
        return is_chunked(value)


def chunked(declared: object, build: Build) -> Shape | None:
    """The family of this module.

    Raises:
        MissingExtraError: zarr is too old to have stores like ours.
    """
    if not _is_zarr_array(class_of(declared)):
        return None
    importlib.import_module("simple_metrics_manager.payload.zarr_store")  # now, and not after a night's computing
    return ChunkedShape("zarr.Array")


def is_chunked(value: object) -> TypeGuard[ZarrArray]:
    """Whether it is an array of zarr's; zarr is not imported to find out."""
    return _is_zarr_array(type(value))


def read_only(value: ZarrArray) -> ZarrArray:
    """A view of an array of zarr's that shares nothing with it that could be changed through the view."""
    from simple_metrics_manager.payload.zarr_store import locked  # noqa: PLC0415  # imports zarr

    return locked(value)


def _is_zarr_array(kind: type | None) -> bool:
    return kind is not None and kind.__name__ == "Array" and kind.__module__.partition(".")[0] == "zarr"
