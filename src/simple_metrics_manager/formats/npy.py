"""npy: a file that ``np.load`` reads, memory maps included, with the record behind the array."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import attrs
import numpy as np

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.foreign import from_npy
from simple_metrics_manager.formats.npy_array import array_from_npy, array_to_npy
from simple_metrics_manager.formats.npy_header import header_size, read_header
from simple_metrics_manager.formats.record_text import (
    DAMAGE,
    name_of,
    read_json,
    read_record,
    record_text,
    tree_text,
    unreadable,
)
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from simple_metrics_manager.record import Record

_OURS = b"\t\n"
"""Ends the header of our files, where numpy writes a space and a newline: one of them whose trailer has been cut
off cleanly is not taken for a file of numpy's."""

_MAGIC = b"smm1 npy"
_FOOTER = struct.Struct("<8sQII")
"""Magic, length of the trailer, CRC-32 of the array's header and the trailer, CRC-32 of every byte of the file before
this number."""

_LARGE = 64 * 1024

_FIXED = ('{"record":', ',"tree":', ',"array":', "}")
"""The lines between which record, tree and name of the array stand, one line each: together they are one object."""


class _Trailer(NamedTuple):
    start: int
    record: Record | None
    tree: Tree
    array: str | None


@attrs.frozen
class Npy:
    """Values with at most one array.

    The array is an ordinary npy. Behind it, where ``np.load`` does not look, are a JSON object with the record and
    the tree, and a footer with the checksums. A value without an array has something there for people who look
    with ``np.load``: its numbers, or the text of its tree; what is read back is the tree.
    """

    extension: ClassVar[str] = ".npy"

    allow_pickle: bool = False
    verify: bool = True
    """Whether the bytes of an array are verified when it is read. Everything else always is, and so are small files and
    pickled objects."""

    def encode(self, entry: Entry) -> Sequence[Buffer]:
        """The array, the trailer and the footer."""
        name = name_of(entry)
        payload = entry.payload.flat()
        arrays = payload.arrays
        if len(arrays) > 1:
            problem = f"the npy format holds one array, this value has {len(arrays)}"
            raise CannotStoreError(name, problem, "Store it with NpzStorageInterface, or return one array")
        tree = tree_text(name, payload.tree)
        key = next(iter(arrays), None)
        array = _shown(payload.tree, tree) if key is None else arrays[key]
        try:
            body = array_to_npy(array, self.allow_pickle, _OURS)
        except TypeError as error:
            remedy = "Return a plain array, or say allow_pickle=True"
            raise CannotStoreError(name, f"its array cannot be kept: {error}", remedy) from None
        texts = (record_text(entry.record), tree, json.dumps(key))
        trailer = "\n".join([part for pair in zip(_FIXED, (*texts, ""), strict=True) for part in pair]).encode("ascii")
        footer = _FOOTER.pack(_MAGIC, len(trailer), crc32(trailer, crc32(body[0])), 0)[:-4]
        whole = 0
        for piece in (*body, trailer, footer):
            whole = crc32(piece, whole)
        return [*body, trailer + footer + whole.to_bytes(4, "little")]

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry, every byte verified; its array is a read-only view of ``blob``."""
        try:
            if not _is_ours(blob):
                return from_npy(array_from_npy(blob, 0, len(blob), self.allow_pickle))
            trailer = _read_trailer(blob)
            trusts = not self.verify and not self.allow_pickle and len(blob) > _LARGE  # what is damaged must not run
            if not trusts and crc32(blob[:-4]) != int.from_bytes(blob[-4:], "little"):
                raise ValueError("its checksum is wrong")
            arrays: dict[str, Array] = {}
            if trailer.array is not None:
                arrays[trailer.array] = array_from_npy(blob, 0, trailer.start, self.allow_pickle)
            return Entry(trailer.record, Payload(trailer.tree, arrays))
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        """The record, verified by the trailer's checksum."""
        try:
            return _read_trailer(blob).record if _is_ours(blob) else None
        except DAMAGE as error:
            raise unreadable(path, error) from error


def _is_ours(blob: memoryview) -> bool:
    """Whether the file has a record, or had one before it was damaged.

    Raises:
        ValueError: it does not begin as a npy.
    """
    if bytes(blob[-_FOOTER.size :][: len(_MAGIC)]) == _MAGIC:
        return True
    layout = read_header(blob, 0, len(blob))
    return bytes(blob[layout.start - len(_OURS) : layout.start]) == _OURS or (
        not layout.dtype.hasobject and layout.start + layout.nbytes < len(blob)
    )


def _read_trailer(blob: memoryview) -> _Trailer:
    at = len(blob) - _FOOTER.size
    if at < 0:
        raise ValueError("its end is missing")
    magic, length, crc, _ = _FOOTER.unpack_from(blob, at)
    start = at - length
    if magic != _MAGIC or start < 0:
        raise ValueError("it does not end as it should: bytes are missing, or too many")
    if crc32(blob[start:at], crc32(blob[: header_size(blob, 0, start)])) != crc:
        raise ValueError("the checksum of its record is wrong")
    lines = str(blob[start:at], "ascii").split("\n")
    if len(lines) != 2 * len(_FIXED) or tuple(lines[::2]) != _FIXED:
        raise ValueError("its record is not where it should be")
    key = read_json(lines[5])
    if key is not None and not isinstance(key, str):
        raise ValueError("the name of its array is no name")
    return _Trailer(start, read_record(lines[1]), read_json(lines[3]), key)


def _shown(tree: Tree, text: str) -> Array:
    """What ``np.load`` shows of a value that has no array."""
    if isinstance(tree, bool | int | float | str) or _is_flat(tree):
        array: Array = np.asarray(tree)
        if not array.dtype.hasobject:
            return array
    return np.asarray(text)


def _is_flat(tree: Tree) -> bool:
    return isinstance(tree, list) and all(isinstance(item, int | float) for item in tree)
