"""Packed: an entry in as few bytes as it safely takes, for values that stand in the row of a database."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from json import JSONDecoder
from math import isfinite
from typing import ClassVar, TypeAlias

import attrs
import numpy as np

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.foreign import SINGLE, is_single
from simple_metrics_manager.formats.npy_array import array_from_npy, array_to_npy
from simple_metrics_manager.formats.npy_header import Layout, write_header
from simple_metrics_manager.formats.packed_entry import PackedEntry, Written, write_plain, write_record
from simple_metrics_manager.formats.record_text import DAMAGE, name_of, tree_text, unreadable
from simple_metrics_manager.formats.short_header import layout_of, shorten
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree
from simple_metrics_manager.payload.trust import locked
from simple_metrics_manager.record import NewerFormat, Record

_MAGIC = b"smp\x01"
_HEAD = struct.Struct("<4sIIIH")
"""Magic with the version, checksum, lengths of the texts and of the question, number of arrays."""

_START, _LENGTHS = struct.Struct("<4sI"), struct.Struct("<IIH")
"""The head in two parts, of which the second one is under the checksum."""

_ARRAY = struct.Struct("<HHQI")
"""Lengths of the name, header and data of an array; checksum of the data, with what pads it."""

_CHECKED_FROM = _START.size
_SEED = crc32(_MAGIC)
_ALIGNED_FROM = 1024
"""Bytes of an array from which its data is aligned to 64, not to 8; a smaller one that lies askew is copied."""

_SINGLE: Tree = {ARRAY_MARK: SINGLE}

_parse: Callable[[str], tuple[Tree, int]] = JSONDecoder().raw_decode


@attrs.frozen
class Packed:
    """Values of any shape, for a database; it adds about 60 bytes and the name to a number.

    One after the other: a head; where the arrays are; three texts, a line each (the tree, empty for a value that is one
    array; name and parameters; the rest of the answer); names and headers of the arrays; their data; and, as shared
    pieces, the question and the origin of the record. A checksum covers all but the data, which has its own.
    """

    extension: ClassVar[str] = ""

    allow_pickle: bool = False

    def encode(self, entry: Entry) -> Sequence[Buffer]:
        """The pieces; the last two, which many entries have in common, are shared ones."""
        payload = entry.payload.flat()
        return self._pieces(name_of(entry), payload, write_record(entry.record, payload))

    def encode_plain(self, name: str, payload: Payload) -> Sequence[Buffer]:
        """The same for a value in the plain form that is saved now, and of which only its name is known."""
        size = payload.nbytes if payload.arrays or payload.natives else 0
        return self._pieces(name, payload.flat(), write_plain(name, size))

    def _pieces(self, name: str, payload: Payload, written: Written) -> list[Buffer]:
        asked, origin, point, answer = written
        single = is_single(payload)
        tree = "" if single else _text(name, payload.tree)
        texts = f"{tree}\n{point}\n{answer}".encode("ascii")
        data: list[Buffer] = []
        rest = self._arrays(name, payload.arrays, texts, data, single=single) if payload.arrays else texts
        body = _LENGTHS.pack(len(texts), len(asked), len(payload.arrays)) + rest
        own = _START.pack(_MAGIC, crc32(b"".join((body, asked, origin)), _SEED)) + body
        return [own, *data, asked, origin] if asked else [own, *data]

    def _arrays(
        self, name: str, arrays: Mapping[str, Array], texts: bytes, pieces: list[Buffer], *, single: bool
    ) -> bytes:
        """What stands between the head and the data; the data goes into ``pieces``."""
        parts = [self._array(name, key, array) for key, array in arrays.items()]
        if single:
            parts = [(b"", *parts[0][1:])]
        named = b"".join([key + short for key, short, _ in parts])
        at = _HEAD.size + len(parts) * _ARRAY.size + len(texts) + len(named)
        tables: list[bytes] = []
        for key, short, data in parts:
            size = len(data)
            padding = bytes(_padding(at, size))
            if size < _ALIGNED_FROM:
                padded = b"".join((padding, data))
                checksum = crc32(padded)
                pieces.append(padded)
            else:
                checksum = crc32(data, crc32(padding))
                pieces += (padding, data)
            tables.append(_ARRAY.pack(len(key), len(short), size, checksum))
            at += len(padding) + size
        return b"".join((*tables, texts, named))

    def _array(self, name: str, key: str, array: Array) -> tuple[bytes, bytes, Buffer]:
        """Name, header and data of an array; one of objects has its header with its data."""
        try:
            if array.dtype.hasobject:
                return key.encode(), b"", b"".join(array_to_npy(array, self.allow_pickle))
            if array.nbytes < _ALIGNED_FROM:  # a copy takes less time than a view
                return key.encode(), shorten(write_header(array)), array.tobytes("A")
            header, data = array_to_npy(array, self.allow_pickle)
            return key.encode(), shorten(header), data
        except (TypeError, UnicodeEncodeError) as error:
            remedy = "Return plain arrays, or say allow_pickle=True"
            raise CannotStoreError(name, f"its array {key!r} cannot be kept: {error}", remedy) from None

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry, every byte verified; its arrays are read-only views of ``blob``, or copies of small ones."""
        try:
            return self._read(blob, path, arrays=True)
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        """The record, verified by its own checksum."""
        try:
            return self._read(blob, path, arrays=False).record
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def _read(self, blob: memoryview, path: str, *, arrays: bool) -> Entry:
        magic, checksum, length, asked, count = _HEAD.unpack_from(blob)
        if magic != _MAGIC:
            raise self._strange(blob, path)
        start = _HEAD.size + count * _ARRAY.size
        stop = end = start + length
        if count:
            tables = list(_ARRAY.iter_unpack(blob[_HEAD.size : start]))
            for name, header, _, _ in tables:
                stop += name + header
            end = stop
            for _, _, size, _ in tables:
                end += _padding(end, size) + size
            if end > len(blob):
                raise ValueError("its end is missing")
            found = crc32(blob[end:], crc32(blob[_CHECKED_FROM:stop], _SEED))
        else:
            tables = []
            found = crc32(blob[_CHECKED_FROM:], _SEED)
        if found != checksum or end + asked > len(blob):
            raise ValueError("its checksum is wrong")
        text = str(blob[start : start + length], "ascii")
        tree, after = _parse(text) if length and text[0] != "\n" else (_SINGLE, 0)
        if text[after : after + 1] != "\n":
            raise ValueError("its tree is not one")
        held: dict[str, Array] = {}
        if arrays and tables:
            keys = [SINGLE] if not after and count == 1 else _keys(blob, tables, start + length)
            held = self._held(blob, keys, tables, start + length, stop)
        return PackedEntry(Payload(tree, held), text, after, blob[end:], asked, path)

    def _held(self, blob: memoryview, keys: list[str], tables: list[_Table], at: int, end: int) -> dict[str, Array]:
        """The arrays; their names and headers begin at ``at``, and their data at ``end``."""
        held: dict[str, Array] = {}
        for key, (name, header, size, checksum) in zip(keys, tables, strict=True):
            start = end + _padding(end, size)
            stop = start + size
            if crc32(blob[end:stop]) != checksum:
                raise ValueError("the checksum of an array is wrong")
            at += name + header
            if header:
                held[key] = _array_at(blob, start, stop, layout_of(bytes(blob[at - header : at])))
            else:
                held[key] = array_from_npy(blob, start, stop, self.allow_pickle)
            end = stop
        return held

    def _strange(self, blob: memoryview, path: str) -> ValueError:
        """What to say of another magic: that of a later version, unless only these few bytes are damaged."""
        version = blob[3]
        if bytes(blob[:3]) == _MAGIC[:3] and version > _MAGIC[3]:
            try:
                self._read(memoryview(_MAGIC + bytes(blob[4:])), path, arrays=True)
            except DAMAGE:
                return NewerFormat(version)
        return ValueError("it does not begin as it should")


def _text(name: str, tree: Tree) -> str:
    """JSON, as elsewhere; of a number, the commonest value here, it is known how it looks."""
    return repr(tree) if type(tree) is float and isfinite(tree) else tree_text(name, tree)


_Table: TypeAlias = tuple[int, int, int, int]
"""Lengths of name, header and data of an array, and its checksum."""


def _keys(blob: memoryview, tables: list[_Table], at: int) -> list[str]:
    """The names of the arrays, which begin at ``at``, each with a header behind."""
    keys: list[str] = []
    for name, header, _, _ in tables:
        keys.append(str(blob[at : at + name], "utf-8"))
        at += name + header
    return keys


def _padding(at: int, size: int) -> int:
    return -at % (64 if size >= _ALIGNED_FROM else 8)


def _array_at(blob: memoryview, start: int, stop: int, layout: Layout) -> Array:
    """A read-only view, or a copy of what is small and lies askew."""
    if layout.dtype.hasobject or layout.nbytes != stop - start:
        raise ValueError("an array is not as long as its header says")
    if not layout.nbytes:
        return locked(np.ndarray(layout.shape, layout.dtype))
    array: Array = np.frombuffer(blob, layout.dtype, layout.nbytes // layout.dtype.itemsize, start)
    if len(layout.shape) != 1:
        array = array.reshape(layout.shape, order="F" if layout.fortran else "C")
    if not array.flags.aligned and layout.nbytes < _ALIGNED_FROM:
        return locked(array.copy(order="K"))
    array.setflags(write=False)
    return array
