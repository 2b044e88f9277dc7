"""parquet: one table a file, which pandas, polars, pyarrow and most others read, with the record among its metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.record_text import (
    DAMAGE,
    StoredEntry,
    name_of,
    read_record,
    record_text,
    unreadable,
)
from simple_metrics_manager.payload.tables import Table
from simple_metrics_manager.payload.tree import ARRAY_MARK, Payload, Tree
from simple_metrics_manager.record import Record

_KEY = "simple_metrics_manager.record"

_BEGIN = "\nsimple_metrics_manager 1\n"
_SUMS = "\nbody %08x footer %08x\n"
_NOTE = re.compile(rb"\nsimple_metrics_manager 1\n([\x20-\x7e]*)\nbody ([0-9a-f]{8}) footer ([0-9a-f]{8})\n")
"""The record, which is one line of ASCII, between lines that cannot stand in it. A text in the metadata of a parquet
file lies there as it is, so the note is found, and its digits are filled in, without parsing anything."""

_OWN, _BODY = 9, 25
"""How far before the end of the note the digits of the two checksums begin."""

_MAGIC = b"PAR1"
_LAST = 8
"""Bytes of the length of the footer and the magic behind it."""

_ZEROS = b"0" * 8
_WHOLE: Tree = {ARRAY_MARK: "value"}


class _Note(NamedTuple):
    start: int
    """Where the footer begins."""
    record: bytes
    body: int
    """CRC-32 of everything before the footer."""


@attrs.frozen
class Parquet:
    """Tables of pandas, polars and pyarrow.

    The columns and all that is needed for them to come back are in the file as these libraries write it. The record is
    one more text in the metadata of the footer, with two checksums: one over the pages before the footer, one over the
    footer to the last byte, with the digits of that very checksum taken as zeros. ``compression`` is a codec of
    parquet's: ``zstd``, ``snappy``, ``lz4``, ``gzip``, ``brotli`` or ``none``.
    """

    extension: ClassVar[str] = ".parquet"

    compression: str = attrs.field(
        default="zstd", validator=attrs.validators.in_(("zstd", "snappy", "lz4", "gzip", "brotli", "none"))
    )

    def encode(self, entry: Entry) -> Sequence[Buffer]:
        """The file; its pieces are one memory."""
        table = _only_table(entry)
        note = _BEGIN + record_text(entry.record) + _SUMS % (0, 0)
        blob = table.to_parquet(self.compression, {_KEY: note})
        start = _footer_start(blob)
        footer = bytearray(blob[start:])
        body, own = (footer.rfind(note.encode("ascii")) + len(note) - back for back in (_BODY, _OWN))
        footer[body : body + 8] = b"%08x" % crc32(blob[:start])
        footer[own : own + 8] = b"%08x" % crc32(footer)
        return [blob[:start], footer]

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry, every byte verified before anything is parsed. A parquet file that others wrote is refused."""
        try:
            note = _read_note(blob)
            if crc32(blob[: note.start]) != note.body:
                raise ValueError("its checksum is wrong")
            return StoredEntry(note.record, Payload(_WHOLE, {}, {"value": Table.from_bytes(blob)}), path)
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        """The record, verified by the checksum of the footer, from the end of the file alone."""
        try:
            return read_record(_read_note(blob).record)
        except DAMAGE as error:
            raise unreadable(path, error) from error


def _only_table(entry: Entry) -> Table:
    payload = entry.payload
    table = payload.natives.get("value")
    if payload.tree != _WHOLE or payload.arrays or not isinstance(table, Table):
        problem = "the parquet format holds one table, and this value is none"
        raise CannotStoreError(name_of(entry), problem, "Return a data frame, or leave out format=Parquet()")
    return table


def _footer_start(blob: memoryview) -> int:
    """Where the footer begins; everything from there to the end has one checksum."""
    length = int.from_bytes(blob[-_LAST:-4], "little")
    start = len(blob) - _LAST - length
    if start < len(_MAGIC) or bytes(blob[-4:]) != _MAGIC:
        raise ValueError("it does not end as it should: bytes are missing, or too many")
    return start


def _read_note(blob: memoryview) -> _Note:
    """The record and the checksum of the pages, both verified.

    The metadata of a table may hold what looks like a note: it is the one whose checksum is that of the footer.
    """
    start = _footer_start(blob)
    footer = bytes(blob[start:])
    found = None
    for found in _NOTE.finditer(footer):
        crc = crc32(footer[found.end(3) :], crc32(_ZEROS, crc32(footer[: found.start(3)])))
        if crc == int(found[3], 16):
            return _Note(start, found[1], int(found[2], 16))
    if found is None:
        raise ValueError("there is no record in it where this library writes one")
    raise ValueError("the checksum of its footer is wrong")
