"""Writes an ordinary zip, in pieces that need no copy, with a seal over all that the members' checksums leave out."""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence

from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32, deflating
from simple_metrics_manager.formats.zip_layout import (
    ALIGNED,
    CENTRAL,
    CENTRAL_MAGIC,
    DEFLATED,
    END,
    END64,
    END64_MAGIC,
    END_MAGIC,
    FULL16,
    FULL32,
    LOCAL,
    LOCAL_MAGIC,
    LOCATOR64,
    LOCATOR64_MAGIC,
    SEAL_MARK,
    SEAL_SIZE,
    STORED,
    UTF8,
    WHOLE_BELOW,
    WHOLE_MARK,
    ZIP64,
    Member,
)

_DATE = 0 << 9 | 1 << 5 | 1
"""1980-01-01, the beginning of time in a zip: equal values make equal bytes."""

_MODE = 0o100644 << 16
"""A regular file that everybody may read, in the bits for Unix."""

_ALIGNMENT = 64

_SUMS = struct.Struct("<III")
_OFFSET = struct.Struct("<I")


class ZipWriter:
    """Collects the pieces of one archive; ``offset`` is where the next one will lie in the file."""

    def __init__(self) -> None:
        self.offset: int = 0
        self._pieces: list[Buffer] = []
        self._central: list[bytes] = []
        self._sealed: list[Buffer] = []

    def add(
        self,
        name: str,
        parts: Sequence[Buffer],
        *,
        deflate: bool = False,
        lead: int | None = None,
        crc: int | None = None,
    ) -> None:
        """One member, the bytes of ``parts``; what follows its first ``lead`` bytes is aligned in the file.

        Those are in the first part, and under the seal too.

        ``crc`` is their checksum, where it is known already.
        """
        size = sum(map(len, parts))
        if crc is None:
            crc = 0
            for part in parts:
                crc = crc32(part, crc)
        method, kept = STORED, size
        if deflate:
            parts = [deflated(parts)]
            method, kept = DEFLATED, len(parts[0])
        member = Member(name, method, 0 if name.isascii() else UTF8, crc, kept, size, self.offset)
        header = local_header(member, None if deflate else lead)
        self._pieces.append(header)
        self._pieces.extend(parts)
        self._central.append(central_header(member))
        self._sealed.append(header)
        if deflate:
            self._sealed.append(parts[0])
        elif lead is not None:
            self._sealed.append(parts[0][:lead])
        self.offset += len(header) + kept

    def finish(self) -> list[Buffer]:
        """All pieces of the file, in order."""
        directory = b"".join(self._central)
        last = directory + end_records(len(self._central), len(directory), self.offset)
        if self.offset + len(last) < WHOLE_BELOW:
            whole = b"".join([*self._pieces, last, WHOLE_MARK])
            return [whole + b"%08x" % crc32(whole)]
        last += SEAL_MARK
        seal = 0
        for part in (*self._sealed, last):
            seal = crc32(part, seal)
        return [*self._pieces, last + b"%08x" % seal]


def deflated(parts: Sequence[Buffer]) -> bytes:
    """The bytes of ``parts``, deflated."""
    packer = deflating()
    return b"".join([*map(packer.compress, parts), packer.flush()])


def local_header(member: Member, lead: int | None) -> bytes:
    """What stands before a member's data; ``lead`` as in :meth:`ZipWriter.add`."""
    name, method, flags, crc, kept, size, offset = member
    if size < FULL32 and kept < FULL32:
        before, after = _local_frame(name, flags, method, None if lead is None else (offset + lead) % _ALIGNMENT)
        return before + _SUMS.pack(crc, kept, size) + after
    encoded = name.encode("utf-8")
    extra = struct.pack("<HHQQ", ZIP64, 16, size, kept)
    if lead is not None:
        extra += _padding(offset + 30 + len(encoded) + len(extra) + lead)
    fields = (45, flags, method, 0, _DATE, crc, FULL32, FULL32, len(encoded), len(extra))
    return LOCAL.pack(LOCAL_MAGIC, *fields) + encoded + extra


@functools.lru_cache(maxsize=1024)
def _local_frame(name: str, flags: int, method: int, lead: int | None) -> tuple[bytes, bytes]:
    """What stands before and behind checksum and sizes: the same for every member of one name at such a place."""
    encoded = name.encode("utf-8")
    extra = b"" if lead is None else _padding(lead + 30 + len(encoded))
    fields = (20, flags, method, 0, _DATE, 0, 0, 0, len(encoded), len(extra))
    header = LOCAL.pack(LOCAL_MAGIC, *fields) + encoded + extra
    return header[:14], header[26:]


def _padding(offset: int) -> bytes:
    """An extra field, in the form that Android's zipalign uses, after which ``offset`` has become aligned."""
    if offset % _ALIGNMENT == 0:
        return b""
    fill = -(offset + 6) % _ALIGNMENT
    return struct.pack("<HHH", ALIGNED, 2 + fill, _ALIGNMENT) + bytes(fill)


def central_header(member: Member) -> bytes:
    """The entry of a member in the central directory."""
    name, method, flags, crc, kept, size, offset = member
    if size < FULL32 and kept < FULL32 and offset < FULL32:
        before, between, after = _central_frame(name, flags, method)
        return before + _SUMS.pack(crc, kept, size) + between + _OFFSET.pack(offset) + after
    wide = [number for number in (size, kept, offset) if number >= FULL32]
    extra = struct.pack(f"<HH{len(wide)}Q", ZIP64, 8 * len(wide), *wide)
    narrow = (min(kept, FULL32), min(size, FULL32), min(offset, FULL32))
    return _central(name.encode("utf-8"), 45, flags, method, crc, narrow, extra)


@functools.lru_cache(maxsize=1024)
def _central_frame(name: str, flags: int, method: int) -> tuple[bytes, bytes, bytes]:
    """What stands before, between and behind checksum, sizes and offset."""
    header = _central(name.encode("utf-8"), 20, flags, method, 0, (0, 0, 0), b"")
    return header[:16], header[28:42], header[46:]


def _central(
    name: bytes, needs: int, flags: int, method: int, crc: int, numbers: tuple[int, int, int], extra: bytes
) -> bytes:
    kept, size, offset = numbers
    fields = (needs, flags, method, 0, _DATE, crc, kept, size, len(name), len(extra), 0, 0, 0, _MODE, offset)
    return CENTRAL.pack(CENTRAL_MAGIC, 3 << 8 | 45, *fields) + name + extra


def end_records(count: int, size: int, offset: int) -> bytes:
    """What follows a central directory of ``count`` entries in ``size`` bytes at ``offset``, up to the comment."""
    wide = b""
    if count >= FULL16 or size >= FULL32 or offset >= FULL32:
        wide = END64.pack(END64_MAGIC, END64.size - 12, 3 << 8 | 45, 45, 0, 0, count, count, size, offset)
        wide += LOCATOR64.pack(LOCATOR64_MAGIC, 0, offset + size, 1)
    few = min(count, FULL16)
    return wide + END.pack(END_MAGIC, 0, 0, few, few, min(size, FULL32), min(offset, FULL32), SEAL_SIZE)
