"""Headers of npy files, the usual and the unusual."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from simple_metrics_manager.formats import npy_header
from simple_metrics_manager.formats.npy_header import read_header, write_header
from simple_metrics_manager.payload.tree import Array
from tests.formats.samples import OTHER_ARRAYS, PLAIN_ARRAYS

ALL_ARRAYS = {**PLAIN_ARRAYS, **OTHER_ARRAYS}


def headed(text: bytes, version: bytes = b"\x01\x00") -> memoryview:
    """A header with this text."""
    length = len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return memoryview(b"\x93NUMPY" + version + length + text)


@pytest.mark.parametrize("array", ALL_ARRAYS.values(), ids=ALL_ARRAYS)
def test_what_is_written_is_read(array: Array) -> None:
    """A header says dtype, shape and order again, and ends at a multiple of 64 bytes."""
    header = write_header(array)
    layout = read_header(memoryview(header), 0, len(header))

    assert (layout.dtype, layout.shape) == (array.dtype, array.shape)
    assert layout.fortran == (array.flags.f_contiguous and not array.flags.c_contiguous)
    assert layout.nbytes == array.nbytes
    assert layout.start == len(header)
    assert len(header) % 64 == 0


@pytest.mark.parametrize("array", PLAIN_ARRAYS.values(), ids=PLAIN_ARRAYS)
def test_numpy_agrees(array: Array) -> None:
    """numpy reads the same from it."""
    stream = io.BytesIO(write_header(array))

    assert np.lib.format.read_magic(stream) == (1, 0)
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    assert (shape, dtype) == (array.shape, array.dtype)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (b"\x01\x00", b"{'descr': '<f8', 'fortran_order': False, 'shape': (3L, 2L), }\n"),
        (b"\x02\x00", b"{'shape': (3, 2), 'fortran_order': False, 'descr': '<f8'}"),
        (b"\x03\x00", b" {'descr':\t'<f8', 'fortran_order': False, 'shape': (3, 2)} "),
    ],
)
def test_unusual_headers(version: bytes, text: bytes) -> None:
    """Python 2's integers, another order, another version: all of them are read."""
    blob = headed(text, version)
    layout = read_header(blob, 0, len(blob))

    assert layout[:4] == (np.dtype("<f8"), (3, 2), False, 48)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (True,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': 3, }",
        b"{'descr': '<f8', 'fortran_order': 0, 'shape': (3,), }",
        b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': '(2,)f8', 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': ('f8', (2,)), 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': 5, 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': 'V99999999999999999999', 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': [('a', '<f8'), ('b', 'V4294967295')], 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': [('a', 'V99999999999999999999', (2,))], 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': [('a', 'b', 'c', 'd')], 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': 1}",
        b"{'descr': __import__('os').getpid(), 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': " + b"(" * 60_000,
        b"-" * 60_000 + b"1",
        b"1+" * 30_000 + b"1",
        b"\x00" * 100,
        b"\xff" * 100,
    ],
)
def test_damaged_headers(text: bytes) -> None:
    """A header that is none is a ``ValueError``, whatever it is instead."""
    for version in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        blob = headed(text, version)
        with pytest.raises(ValueError, match="the header of an array"):
            read_header(blob, 0, len(blob))


def test_ends_of_headers() -> None:
    """A header that is cut off, too long, of an unknown version, or no header at all is refused."""
    header = write_header(np.arange(3))
    for length in range(len(header)):
        with pytest.raises(ValueError, match=r"cut off|no array"):
            read_header(memoryview(header), 0, length)
    for blob in (headed(b" " * 70_000, b"\x02\x00"), headed(b"{}", b"\x04\x00"), headed(b"{}", b"\x01\x01")):
        with pytest.raises(ValueError, match=r"too long|not known"):
            read_header(blob, 0, len(blob))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of headers does not grow without end, and many threads may use it."""
    monkeypatch.setattr(npy_header, "_REMEMBERED", 8)

    def there_and_back(size: int) -> bool:
        header = write_header(np.empty(size, np.int8))
        return read_header(memoryview(header), 0, len(header)).shape == (size,)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(there_and_back, range(2000)))
    assert len(npy_header._written) < 16
    assert len(npy_header._parsed) < 16
