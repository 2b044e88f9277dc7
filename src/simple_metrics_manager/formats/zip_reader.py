"""Reads a zip in memory without trusting a number in it: each is checked against the bytes that are there."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import TypeAlias

from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.zip_end import BEST_RATIO, End, read_central
from simple_metrics_manager.formats.zip_layout import (
    DEFLATED,
    END,
    END_MAGIC,
    FULL16,
    FULL32,
    LOCAL,
    LOCAL_MAGIC,
    SEAL_MARK,
    SEAL_SIZE,
    SIZES_FOLLOW,
    STORED,
    UTF8,
    WHOLE_MARK,
    Member,
)

Lead: TypeAlias = Callable[[memoryview, int, int], int]
"""Of the data of an array, from the file, its start and its end: how many bytes are under the seal."""

_SEAL = re.compile(rb"[0-9a-f]{8}")


def read_sealed(blob: memoryview, lead: Lead, *, trusts: bool = False) -> dict[str, memoryview] | None:
    """The members of an archive of ours, by name; None if it is none, or one beyond 4 GiB.

    The seal says that all headers are as they were written, so they are not compared with one another: the local
    ones are read one after the other, as the writer has set them down. ``lead`` says how many bytes of the data of an
    array are under the seal; ``trusts``, that the rest of them is not to be verified.

    Raises:
        ValueError, struct.error: a byte of the file has changed, or somebody sealed what is no archive of ours.
    """
    at = len(blob) - SEAL_SIZE
    mark = bytes(blob[at : at + 5]) if at >= END.size else b""
    whole = mark == WHOLE_MARK
    if not whole and mark != SEAL_MARK:
        return None
    magic, _, _, _, count, _, stop, _ = END.unpack_from(blob, at - END.size)
    if magic != END_MAGIC or count == FULL16 or stop == FULL32:
        return None
    if whole:
        _compare(blob, crc32(blob[: at + 5]))
    members: dict[str, memoryview] = {}
    seal = at = 0
    for _ in range(count):
        header, _, _, method, _, _, crc, kept, size, n_name, n_extra = LOCAL.unpack_from(blob, at)
        start = at + 30 + n_name + n_extra
        end = start + kept
        name = str(blob[at + 30 : at + 30 + n_name], "utf-8")
        if header != LOCAL_MAGIC or end > stop or name in members:
            raise ValueError("the seal of the archive is no seal of a metric")
        data = blob[start:end]
        array = not whole and method == STORED and name[-4:] == ".npy"
        if not whole:
            seal = crc32(blob[at : end if method else start + (lead(blob, start, end) if array else 0)], seal)
        if method == DEFLATED and size <= BEST_RATIO * kept:
            data = memoryview(_inflated(data, Member(name, method, 0, crc, kept, size, 0)))
        elif method:
            raise ValueError("the seal of the archive is no seal of a metric")
        if not whole and not (array and trusts) and crc32(data) != crc:
            raise ValueError(f"the checksum of its member {name} is wrong")
        members[name] = data
        at = end
    if at != stop or not members:
        raise ValueError("the seal of the archive is no seal of a metric")
    if not whole:
        _compare(blob, crc32(blob[at : len(blob) - 8], seal))
    return members


def _compare(blob: memoryview, seal: int) -> None:
    if bytes(blob[len(blob) - 8 :]) != b"%08x" % seal:
        raise ValueError("the seal of the archive is broken")


def read_members(blob: memoryview, end: End) -> list[Member]:
    """All members, as the central directory lists them.

    Raises:
        ValueError: the directory is damaged, or has something that no archive of arrays has.
    """
    members: list[Member] = []
    at = end.start
    for _ in range(end.entries):
        member, at = read_central(blob, at, end.stop)
        members.append(member)
    if at != end.stop:
        raise ValueError("the directory of the archive is damaged")
    if len({member.name for member in members}) != len(members):
        raise ValueError("two members of the archive have the same name")
    if sum(member.kept for member in members) > end.start:
        raise ValueError("the members of the archive are larger than the archive")
    return members


def data_start(blob: memoryview, member: Member) -> int:
    """Where the data of a member begins, having compared its two headers."""
    at = member.offset
    if at + LOCAL.size > len(blob):
        raise ValueError(f"its member {member.name} is not there")
    magic, _, flags, method, _, _, crc, kept, size, n_name, n_extra = LOCAL.unpack_from(blob, at)
    name_at = at + LOCAL.size
    start: int = name_at + n_name + n_extra
    name = bytes(blob[name_at : name_at + n_name])
    sizes_agree = (flags & SIZES_FOLLOW) or (
        crc == member.crc and kept in (member.kept, FULL32) and size in (member.size, FULL32)
    )
    if (
        magic != LOCAL_MAGIC
        or flags != member.flags
        or method != member.method
        or not sizes_agree
        or name != member.name.encode("utf-8" if flags & UTF8 else "cp437")
        or start + member.kept > len(blob)
    ):
        raise ValueError(f"the header of its member {member.name} is damaged")
    return start


def check_seal(blob: memoryview, end: End, members: list[Member], lead: Lead | None = None) -> list[int]:
    """Where the data of each member begins, having verified every byte of the file that is not in one.

    ``lead`` as in :func:`read_sealed`.

    Raises:
        ValueError: a byte of the file has changed, or bytes lie between the members.
    """
    starts: list[int] = []
    seal = at = 0
    for member in members:
        start = data_start(blob, member)
        if member.offset != at:
            raise ValueError("there are bytes between its members")
        stop = start + member.kept
        if member.method == DEFLATED:
            seal = crc32(blob[at:stop], seal)
        else:
            leading = lead(blob, start, stop) if lead is not None and member.name.endswith(".npy") else 0
            seal = crc32(blob[at : start + leading], seal)
        at = stop
        starts.append(start)
    if at != end.start or crc32(blob[at : len(blob) - 8], seal) != read_seal(blob):
        raise ValueError("the seal of the archive is broken")
    return starts


def read_seal(blob: memoryview) -> int:
    """The checksum that the seal gives.

    Raises:
        ValueError: it is not written as we write it.
    """
    digits = bytes(blob[len(blob) - 8 :])
    if not _SEAL.fullmatch(digits):
        raise ValueError("the seal of the archive is broken")
    return int(digits, 16)


def read_data(blob: memoryview, member: Member, start: int) -> memoryview:
    """The verified bytes of a member: a view, or what they inflate to.

    Raises:
        ValueError: they are not the bytes that were written.
    """
    data = blob[start : start + member.kept]
    if member.method == DEFLATED:
        data = memoryview(_inflated(data, member))
    if crc32(data) != member.crc:
        raise ValueError(f"the checksum of its member {member.name} is wrong")
    return data


def read_last(blob: memoryview, end: End, member: Member) -> bytes:
    """The verified bytes of the last member, which the directory follows; nothing before it is looked at.

    Raises:
        ValueError: they are not the bytes that were written, or not where they should be.
    """
    read_seal(blob)
    start = data_start(blob, member)
    if start + member.kept != end.start:
        raise ValueError("its record is not where it should be")
    return bytes(read_data(blob, member, start))


def _inflated(data: memoryview, member: Member) -> bytes:
    unpacker = zlib.decompressobj(-15)
    try:
        whole = unpacker.decompress(data, member.size + 1)
    except zlib.error as error:
        raise ValueError(f"its member {member.name} cannot be inflated: {error}") from None
    if len(whole) != member.size or not unpacker.eof or unpacker.unused_data:
        raise ValueError(f"its member {member.name} is not as long as its header says")
    return whole
