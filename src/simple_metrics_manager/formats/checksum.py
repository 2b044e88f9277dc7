"""CRC-32, at the speed that the installed packages allow.

A zip needs this very checksum, and a load spends most of its time on it: libdeflate's is five times as fast as
zlib's. Each package named here is optional, is imported nowhere else, and has to give the right answer once
before it is trusted.
"""

from __future__ import annotations

import importlib
import zlib
from typing import Protocol, cast

from simple_metrics_manager.formats.base import Buffer

_FASTEST_FIRST = ("deflate", "isal.isal_zlib", "zlib_ng.zlib_ng")


class Crc32(Protocol):
    """``crc32(buffer, start)``: the checksum of ``buffer``, going on from ``start``."""

    def __call__(self, buffer: Buffer, start: int = 0, /) -> int: ...


def _fastest() -> Crc32:
    for module in _FASTEST_FIRST:
        try:
            function = cast("Crc32", importlib.import_module(module).crc32)
            if function(memoryview(b"6789"), function(b"12345")) == 0xCBF43926:
                return function
        except (ImportError, AttributeError, TypeError):
            continue
    return zlib.crc32


crc32: Crc32 = _fastest()
