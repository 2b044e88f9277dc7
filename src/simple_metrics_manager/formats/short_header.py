"""The header of an npy file in a few bytes, for arrays that are smaller than that header."""

from __future__ import annotations

import functools
import re

from simple_metrics_manager.formats.npy_header import MAGIC, Layout, read_header

_LONG = re.compile(rb"\{'descr': '([^'\\!(]*)', 'fortran_order': (True|False), 'shape': (\([0-9, ]*\)), \} *\s?\n")
_SHORT = re.compile(rb"([^'\\!(]*)(!?)(\([0-9, ]*\))")


@functools.lru_cache(maxsize=1024)
def shorten(header: bytes) -> bytes:
    """``<f8(8,)`` for eight floats, ``<f8!(2, 3)`` in Fortran order; the header itself if the dtype is not simple."""
    match = _LONG.fullmatch(header[10:]) if header[6:8] == b"\x01\x00" else None
    if match is None:
        return header
    return match[1] + (b"!" if match[2] == b"True" else b"") + match[3]


def layout_of(short: bytes) -> Layout:
    """What a shortened header says; its ``start`` means nothing.

    Raises:
        ValueError: it is none.
    """
    return _remembered(short) if len(short) < 256 else _layout_of(short)


def _layout_of(short: bytes) -> Layout:
    header = short
    if not short.startswith(MAGIC):
        match = _SHORT.fullmatch(short)
        if match is None:
            raise ValueError("the header of an array is none")
        fortran = b"True" if match[2] else b"False"
        text = b"{'descr': '%b', 'fortran_order': %b, 'shape': %b, }\n" % (match[1], fortran, match[3])
        header = MAGIC + b"\x01\x00" + len(text).to_bytes(2, "little") + text
    return read_header(memoryview(header), 0, len(header))


_remembered = functools.lru_cache(maxsize=4096)(_layout_of)
