"""Writes an ordinary zip of any size with little memory: what a member is made of is gone once it has been taken."""

from __future__ import annotations

from collections.abc import Iterator

from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.zip_layout import SEAL_MARK, STORED, UTF8, Member
from simple_metrics_manager.formats.zip_writer import central_header, end_records, local_header


class ZipStream:
    """One archive, sealed as those of :class:`.ZipWriter`; it keeps its central directory and nothing else."""

    def __init__(self) -> None:
        self._offset = 0
        self._directory = bytearray()
        self._count = 0
        self._seal = 0

    def member(self, name: str, data: Buffer) -> Iterator[Buffer]:
        """The pieces of the next member; its data is aligned in the file."""
        size = len(data)
        flags = 0 if name.isascii() else UTF8
        member = Member(name, STORED, flags, crc32(data), size, size, self._offset)
        header = local_header(member, 0)
        self._directory += central_header(member)
        self._count += 1
        self._seal = crc32(header, self._seal)
        self._offset += len(header) + size
        yield header
        yield data

    def end(self) -> bytes:
        """The last piece of the file."""
        records = end_records(self._count, len(self._directory), self._offset)
        last = b"".join((self._directory, records, SEAL_MARK))
        return last + b"%08x" % crc32(last, self._seal)
