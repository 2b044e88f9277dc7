"""CRC-32 and Adler-32, at the speed that the installed packages allow.

A zip needs this very CRC, and a load spends most of its time on it: libdeflate's is five times as fast as zlib's. The
packages that make things faster are optional, are imported here and nowhere else, and have to give the right answer
once before they are trusted.
"""

from __future__ import annotations

import importlib
import zlib
from typing import Protocol, cast

from simple_metrics_manager.formats.base import Buffer

_FASTEST_FIRST = ("deflate", "isal.isal_zlib", "zlib_ng.zlib_ng")


class Checksum(Protocol):
    """``crc32(buffer, start)``: the checksum of ``buffer``, going on from ``start``."""

    def __call__(self, buffer: Buffer, start: int = ..., /) -> int: ...


class Deflate(Protocol):
    """One run of compression."""

    def compress(self, data: Buffer, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _fastest(name: str, start: int, expected: int) -> Checksum | None:
    for module in _FASTEST_FIRST:
        try:
            function = cast("Checksum", getattr(importlib.import_module(module), name))
            if function(memoryview(b"6789"), function(b"12345", start)) == expected:
                return function
        except (ImportError, AttributeError, TypeError):
            continue
    return None


crc32: Checksum = _fastest("crc32", 0, 0xCBF43926) or zlib.crc32
"""Of CRC-32, the polynomial of zip: ``crc32(b"") == 0``."""

adler32: Checksum = _fastest("adler32", 1, 0x091E01DE) or zlib.adler32
"""Of RFC 1950: ``adler32(b"") == 1``; the start has to be given."""

_BLOCK = 256 * 1024
"""Bytes that are still in the processor's cache when the second checksum goes over them."""


def sums(parts: tuple[Buffer, ...]) -> tuple[int, int]:
    """Both checksums of the bytes of ``parts``, one after the other."""
    crc, adler = 0, 1
    for part in parts:
        for start in range(0, len(part), _BLOCK):
            block = part[start : start + _BLOCK]
            crc, adler = crc32(block, crc), adler32(block, adler)
    return crc, adler


def deflating() -> Deflate:
    """A run of raw deflate (RFC 1951), of the kind that a zip has inside.

    ISA-L at its default level makes a tenth fewer bytes disappear than zlib at its own, ten times as fast; without it,
    zlib does it at its fastest level.
    """
    try:
        isal = importlib.import_module("isal.isal_zlib")
        return cast("Deflate", isal.compressobj(2, zlib.DEFLATED, -zlib.MAX_WBITS))
    except (ImportError, AttributeError):
        return zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
