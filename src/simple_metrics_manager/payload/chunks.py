"""A chunked array as the files that zarr makes of it: ``zarr.json``, which describes it, and its encoded chunks.

Nothing here knows zarr: a chunked array is stored by copying these files as they are, whatever encoded them.
"""

from __future__ import annotations

import io
import json
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np

from simple_metrics_manager.payload.tree import Array

METADATA = "zarr.json"
"""The key of the file that describes the array; the first one."""


class Vanished(LookupError):
    """A file of an array is no longer where it was; ``args[0]`` says so in words."""


class Chunks(ABC):
    """The files of one array by their keys, to be read one at a time. Implementations pickle."""

    keys: Sequence[str]
    """``zarr.json``, then those of the chunks that there are; the others are made of the fill value."""

    @abstractmethod
    def size(self, key: str) -> int:
        """How many bytes it has, without reading it."""

    @abstractmethod
    def read(self, key: str) -> memoryview:
        """The whole file, read-only; where there is a checksum, it was verified.

        Raises:
            KeyError: there is none.
            Vanished: there is none any more.
            CorruptMetricError: its bytes are not what was written.
        """

    def part(self, key: str, start: int, stop: int) -> memoryview:
        """Some of it; where there is a checksum, that of the whole file was verified now or before."""
        return self.read(key)[start:stop]

    @property
    def description(self) -> Mapping[str, object]:
        """What ``zarr.json`` says."""
        return cast("dict[str, object]", json.loads(bytes(self.read(METADATA))))


class HeldChunks(Chunks):
    """Files in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self.keys: Sequence[str] = tuple(self._files)

    def size(self, key: str) -> int:
        return len(self._files[key])

    def read(self, key: str) -> memoryview:
        return memoryview(self._files[key])

    def __str__(self) -> str:
        return "an array in memory"


def pack(files: Iterable[tuple[str, memoryview]]) -> Array:
    """The files as the bytes of a zip, which ``zarr.storage.ZipStore`` reads once they lie in a file."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for key, data in files:
            archive.writestr(zipfile.ZipInfo(key), data)  # which is dated 1980: equal arrays make equal bytes
    return np.frombuffer(whole.getbuffer(), np.uint8)


def unpack(packed: Array) -> HeldChunks:
    """The files again.

    Raises:
        ValueError: these are not the bytes of such a zip.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed.tobytes())) as archive:
            files = {info.filename: _read(archive, info) for info in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ValueError(str(error)) from None
    if next(iter(files), None) != METADATA:
        raise ValueError(f"it does not begin with {METADATA}")
    return HeldChunks(files)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its member {info.filename} is compressed, as we write none")
    return archive.read(info)
