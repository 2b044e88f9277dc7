"""The checksum is CRC-32, whichever package computes it."""

from __future__ import annotations

import importlib
import sys
import types
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.formats import checksum
from simple_metrics_manager.formats.checksum import crc32


@given(first=st.binary(), second=st.binary())
def test_is_crc32(first: bytes, second: bytes) -> None:
    """It is zlib's, also of a buffer in parts and of every kind of buffer."""
    expected = zlib.crc32(first + second)

    assert crc32(memoryview(second), crc32(bytearray(first))) == expected
    assert crc32(memoryview(first + second)) == expected


def test_large_buffers() -> None:
    """Megabytes, and memory of numpy's, are summed alike."""
    array = np.arange(1_000_000, dtype=np.uint8)

    assert crc32(array.data[3:]) == zlib.crc32(array.data[3:])


@pytest.mark.parametrize("name", checksum._FASTEST_FIRST)
def test_each_package(name: str) -> None:
    """Each optional package that is installed gives the same numbers."""
    function = pytest.importorskip(name).crc32

    assert function(memoryview(b"456789"), function(b"123", 0)) == zlib.crc32(b"123456789")


def test_without_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any of them zlib does the work."""
    for name in checksum._FASTEST_FIRST:
        monkeypatch.setitem(sys.modules, name, None)

    assert checksum._fastest("crc32", 0, 0xCBF43926) is None


def _always_zero(_data: bytes, _start: int = 0) -> int:
    return 0


@pytest.mark.parametrize("wrong", [_always_zero, len, None])
def test_package_that_is_wrong(monkeypatch: pytest.MonkeyPatch, wrong: object) -> None:
    """A package that gives another number, or has no such function, is not used."""
    fake = types.ModuleType("fake")
    if wrong is not None:
        monkeypatch.setattr(fake, "crc32", wrong, raising=False)
    real = importlib.import_module

    def pretend(name: str) -> types.ModuleType:
        return fake if name in checksum._FASTEST_FIRST else real(name)

    monkeypatch.setattr(importlib, "import_module", pretend)

    assert checksum._fastest("crc32", 0, 0xCBF43926) is None
