"""The end of a zip, from which it is read: the end record, and the entries of the directory before it.

Not a number in it is trusted: each is checked against the bytes that are there.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from simple_metrics_manager.formats.zip_layout import (
    CENTRAL,
    CENTRAL_MAGIC,
    DEFLATED,
    ENCRYPTED,
    END,
    END64,
    END64_MAGIC,
    END_MAGIC,
    FULL16,
    FULL32,
    LOCATOR64,
    LOCATOR64_MAGIC,
    SEAL_MARK,
    SEAL_SIZE,
    STORED,
    UTF8,
    WHOLE_MARK,
    ZIP64,
    Member,
)

BEST_RATIO = 1032
"""Deflate makes at most this many bytes out of one: 258 of them from two bits."""

_ZIP64_OFFSET = 12
"""Bytes of the extra field that the last entry of the directory has when its member lies beyond 4 GiB."""


class End(NamedTuple):
    """What the end of the file says: where the central directory lies, and whether there is a seal behind it."""

    start: int
    stop: int
    entries: int
    sealed: bool
    whole: bool


def read_end(blob: memoryview) -> End:
    """The end record. It stands right before our seal, or is the last thing in an archive without a comment.

    Raises:
        ValueError: the file does not end as an archive does.
    """
    for sealed, at in ((True, len(blob) - SEAL_SIZE - END.size), (False, len(blob) - END.size)):
        if at < 0:
            continue
        magic, disk, disk2, here, count, size, start, comment = END.unpack_from(blob, at)
        if magic == END_MAGIC and comment == len(blob) - at - END.size:
            stop = at
            if count == FULL16 or FULL32 in (size, start):
                stop, count, size, start = _read_end64(blob, at, (count, size, start))
            elif here != count or disk or disk2:
                raise ValueError("an archive in several parts")
            if start + size != stop or count * CENTRAL.size > size:
                raise ValueError("the directory of the archive is not where its end says")
            mark = bytes(blob[-SEAL_SIZE : len(blob) - 8])
            if sealed and mark not in (SEAL_MARK, WHOLE_MARK):
                raise ValueError("the seal of the archive is broken")
            return End(start, stop, count, sealed, sealed and mark == WHOLE_MARK)
    raise ValueError("it does not end as an archive does: bytes are missing, or too many")


def _read_end64(blob: memoryview, at: int, narrow: tuple[int, int, int]) -> tuple[int, int, int, int]:
    locator = at - LOCATOR64.size
    stop = locator - END64.size
    if stop < 0 or LOCATOR64.unpack_from(blob, locator)[0] != LOCATOR64_MAGIC:
        return at, *narrow
    magic, length, _, _, disk, disk2, here, count, size, start = END64.unpack_from(blob, stop)
    if LOCATOR64.unpack_from(blob, locator)[2] != stop or magic != END64_MAGIC or length != END64.size - 12:
        raise ValueError("the end of the archive is damaged")
    if here != count or disk or disk2:
        raise ValueError("an archive in several parts")
    return stop, count, size, start


def read_central(blob: memoryview, at: int, stop: int) -> tuple[Member, int]:
    """The member that is listed at ``at``, and where the next entry begins."""
    if at + CENTRAL.size > stop:
        raise ValueError("the directory of the archive is cut off")
    (magic, _, _, flags, method, _, _, crc, kept, size, n_name, n_extra, n_comment, _, _, _, offset) = (
        CENTRAL.unpack_from(blob, at)
    )
    name_at = at + CENTRAL.size
    extra_at = name_at + n_name
    after = extra_at + n_extra + n_comment
    if magic != CENTRAL_MAGIC or after > stop:
        raise ValueError("the directory of the archive is damaged")
    name = bytes(blob[name_at:extra_at]).decode("utf-8" if flags & UTF8 else "cp437")
    if FULL32 in (size, kept, offset):
        extra = bytes(blob[extra_at : extra_at + n_extra])
        size, kept, offset = _widened(extra, [size, kept, offset])
    if flags & ENCRYPTED:
        raise ValueError(f"its member {name} is encrypted")
    if method not in (STORED, DEFLATED) or (method == STORED and kept != size):
        raise ValueError(f"its member {name} is stored in a way that is not known")
    if method == DEFLATED and size > BEST_RATIO * kept:
        raise ValueError(f"its member {name} claims to be larger than it can be")
    return Member(name, method, flags, crc, kept, size, offset), after


def _widened(extra: bytes, numbers: list[int]) -> list[int]:
    """The numbers, those that were too large for their field from the zip64 extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == ZIP64 and at + 4 + length <= len(extra):
            wide = list(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            return [wide.pop(0) if number == FULL32 and wide else number for number in numbers]
        at += 4 + length
    return numbers


def last_member(blob: memoryview, end: End, name: str) -> Member | None:
    """The entry of ``name`` in the directory, if that is the last one there; found from the end, not from the start."""
    for extra in (0, _ZIP64_OFFSET):
        name_at = end.stop - extra - len(name)
        at = name_at - CENTRAL.size
        if at >= end.start and bytes(blob[name_at : end.stop - extra]) == name.encode():
            member, after = read_central(blob, at, end.stop)
            if after == end.stop and member.name == name:
                return member
    return None
