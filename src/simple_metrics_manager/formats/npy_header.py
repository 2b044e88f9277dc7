"""The header of an npy file: which dtype and shape the bytes behind it have, and in which order they lie.

numpy parses this little text with ``ast.literal_eval``, which takes longer than reading a small file. Headers
repeat, so both directions remember what they have seen.
"""

from __future__ import annotations

import math
import re
import struct
from ast import literal_eval
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from simple_metrics_manager.payload.tree import Array

MAGIC = b"\x93NUMPY"
LONGEST = 65_536
"""Bytes of the longest header that is written or parsed; numpy itself stops at 10,000 unless told otherwise."""

_REMEMBERED = 4096
_WORTH_REMEMBERING = 1024

_PYTHON_2_INTEGER = re.compile(r"(?<=[0-9])L(?=[,) ])")
"""Python 2 wrote some integers of a shape with an ``L`` behind."""

AnyDtype: TypeAlias = "np.dtype[np.generic]"

_to_dtype = cast("Callable[[object], AnyDtype]", np.lib.format.descr_to_dtype)
"""numpy's stubs know only some of what it takes."""


class Layout(NamedTuple):
    """What a header says. ``start`` is where the data begins, counted from the first byte of the header."""

    dtype: AnyDtype
    shape: tuple[int, ...]
    fortran: bool
    nbytes: int
    start: int


_written: dict[tuple[AnyDtype, tuple[int, ...], bool, bytes], bytes] = {}
_parsed: dict[bytes, Layout] = {}


def write_header(array: Array, end: bytes = b" \n") -> bytes:
    """The header of ``array``, padded so that data behind it is aligned to 64 bytes.

    ``end`` closes the padding: any white space that ends in a newline is the same to a reader.

    Raises:
        TypeError: npy has no way to describe this dtype, so that the array would come back as another.
    """
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    key = (array.dtype, array.shape, fortran, end)
    header = _written.get(key)
    if header is None:
        header = _compose(array.dtype, array.shape, fortran, end)
        if len(_written) >= _REMEMBERED:
            _written.clear()
        _written[key] = header
    return header


def _compose(dtype: AnyDtype, shape: tuple[int, ...], fortran: bool, end: bytes) -> bytes:
    text = f"{{'descr': {_describe(dtype)!r}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    if text.isascii() and len(text) < LONGEST - 192:
        version, prefix, body = b"\x01\x00", 10, text.encode("ascii")
    else:
        version, prefix, body = b"\x03\x00", 12, text.encode("utf-8")
    size = len(body) + len(end)
    size += -(prefix + size) % 64
    if size > LONGEST:
        raise TypeError(f"its dtype takes {size} bytes to describe, which no reader of npy accepts")
    length = struct.pack("<H" if prefix == 10 else "<I", size)
    return MAGIC + version + length + body.ljust(size - len(end)) + end


def _describe(dtype: AnyDtype) -> object:
    """What numpy writes for ``dtype``, having checked that it reads it back as the same."""
    if dtype.hasobject and dtype.names is None:
        return "|O"
    try:
        descr: object = np.lib.format.dtype_to_descr(dtype)
        faithful = _to_dtype(descr) == dtype
    except (ValueError, TypeError):
        descr, faithful = None, False
    if not faithful:
        raise TypeError(f"npy cannot describe the dtype {dtype}")
    return descr


def read_header(blob: memoryview, start: int, end: int) -> Layout:
    """The header that begins at ``start`` and whose array ends before ``end``.

    Raises:
        ValueError: there is no header, or one that no array can have.
    """
    usual = _parsed.get(blob[start : start + 128].tobytes())
    if usual is not None and start + 128 <= end:
        return usual
    size = header_size(blob, start, end)
    header = bytes(blob[start : start + size])
    layout = _parsed.get(header)
    if layout is None:
        layout = _parse(header)
        if size <= _WORTH_REMEMBERING:
            if len(_parsed) >= _REMEMBERED:
                _parsed.clear()
            _parsed[header] = layout
    return layout


def header_size(blob: memoryview, start: int, end: int) -> int:
    """Bytes of the header that begins at ``start``, of an array that ends before ``end``.

    Raises:
        ValueError: there is none, or one that no array can have.
    """
    prefix = bytes(blob[start : min(start + 12, end)])
    if len(prefix) < 10 or prefix[:6] != MAGIC:
        raise ValueError("no array where one should be")
    if prefix[6] == 1:
        size = 10 + (prefix[8] | prefix[9] << 8)
    else:
        size = 12 + int.from_bytes(prefix[8:12], "little")
    if start + size > end:
        raise ValueError("the header of an array is cut off")
    if size > LONGEST + 12:
        raise ValueError("the header of an array is too long to be one")
    return size


def _parse(header: bytes) -> Layout:
    encoding = {b"\x01\x00": "latin1", b"\x02\x00": "latin1", b"\x03\x00": "utf-8"}.get(header[6:8])
    if encoding is None:
        raise ValueError(f"npy version {header[6]}.{header[7]} is not known")
    try:
        text = header[10 if header[6] == 1 else 12 :].decode(encoding).strip()
        dtype, shape, fortran = _checked(_literal(text))
    except (ValueError, SyntaxError, TypeError, KeyError, OverflowError, MemoryError, RecursionError) as error:
        raise ValueError(f"the header of an array is damaged: {error}") from None
    if dtype.subdtype is not None or not _is_sound(dtype):
        raise ValueError("the header of an array has a dtype that no array has")
    return Layout(dtype, shape, fortran, math.prod(shape) * dtype.itemsize, len(header))


def _is_sound(dtype: AnyDtype) -> bool:
    """Whether each field lies within its record: numpy 1 takes a number of bytes beyond 2 GiB for a negative one."""
    if dtype.subdtype is not None:
        return dtype.itemsize >= 0 and _is_sound(dtype.subdtype[0])
    fields = (dtype.fields or {}).values()
    return dtype.itemsize >= 0 and all(
        _is_sound(field[0]) and 0 <= field[1] <= dtype.itemsize - field[0].itemsize for field in fields
    )


def _literal(text: str) -> object:
    try:
        return cast("object", literal_eval(text))
    except SyntaxError:
        return cast("object", literal_eval(_PYTHON_2_INTEGER.sub("", text)))


def _checked(fields: object) -> tuple[AnyDtype, tuple[int, ...], bool]:
    if not isinstance(fields, dict) or set(cast("dict[object, object]", fields)) != {"descr", "fortran_order", "shape"}:
        raise ValueError("it is not one")
    plain = cast("dict[str, object]", fields)
    shape, fortran = plain["shape"], plain["fortran_order"]
    if not isinstance(shape, tuple) or not isinstance(fortran, bool):
        raise ValueError("it is not one")
    sizes = cast("tuple[object, ...]", shape)
    numbers = tuple(size for size in sizes if type(size) is int and size >= 0)
    if len(numbers) != len(sizes):
        raise ValueError("no array has this shape")
    descr = plain["descr"]
    if isinstance(descr, str) and descr.lstrip("<>|=")[:1] == "a":
        raise ValueError("'a' is how numpy once abbreviated bytes, which it never wrote into a file")
    return _to_dtype(descr), numbers, fortran
