"""Files are written to the last byte: in large pieces, in many small ones, and in pieces that are made as they go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simple_metrics_manager.errors import SaveError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores import Directory, files, kernel

MIB = 1 << 20
SMALL = {"_JOINED_BELOW": 500, "_BATCH_BYTES": 1000, "_BATCH_PIECES": 4, "_ALLOCATED_FROM": 700}
"""Limits that small files reach."""

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has this")


@pytest.fixture
def store(store_dir: Path) -> Directory:
    """A directory that holds ``a``."""
    directory = Directory(store_dir, ".bin", "cache")
    directory.write("a", [b"old"])
    return directory


@given(pieces=st.lists(st.binary(max_size=3000) | st.binary(max_size=3), max_size=40), lazily=st.booleans())
@settings(max_examples=60)
def test_any_pieces(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], lazily: bool) -> None:
    """A file holds the bytes of all pieces in order, whatever their sizes, from a list or from a generator."""
    path = str(tmp_path_factory.mktemp("pieces") / "file")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SMALL.items():
            patch.setattr(files, name, value)
        size = files.write_new_file(path, iter(pieces) if lazily else pieces, sync=False)

    assert Path(path).read_bytes() == b"".join(pieces)
    assert size == len(b"".join(pieces))


@pytest.mark.parametrize("large", [False, True])
def test_pieces_of_other_shapes(store: Directory, large: bool) -> None:
    """A piece counts by its bytes, be it a view of larger elements or of none."""
    numbers = memoryview(bytearray(range(160)) * (1000 if large else 1)).cast("q")
    pieces: Sequence[Buffer] = [numbers, numbers[:0], memoryview(b"end")]

    assert store.write("b", pieces) == numbers.nbytes + 3
    assert bytes(store.read("b")) == bytes(numbers) + b"end"


def test_streamed(store: Directory) -> None:
    """Pieces that are made as they are asked for are written as they come, no more than a batch being held."""
    behind: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(40):
            written = next(path for path in store.path.iterdir() if path.suffix == ".tmp").stat().st_size
            behind.append(number * MIB - written)
            yield bytes([number]) * MIB

    assert store.write("big", pieces()) == 40 * MIB
    assert 0 <= max(behind) <= 16 * MIB
    assert bytes(store.read("big")) == b"".join(bytes([number]) * MIB for number in range(40))


@pytest.mark.parametrize("error", [ZeroDivisionError, FileNotFoundError, FileExistsError])
@pytest.mark.parametrize("size", [0, 20 * MIB])
# EVIDENCE-OF: P1
def test_pieces_that_cannot_be_made(store: Directory, error: type[Exception], size: int) -> None:
    """An error in the making of a piece is never taken for one of the file: what was there stands, nothing is left."""

    def pieces() -> Iterator[bytes]:
        yield bytes(size)
        raise error

    for write in (store.write, store.create):
        with pytest.raises((ZeroDivisionError, SaveError)) as caught:
            write("a" if write == store.write else "b", pieces())
        assert isinstance(caught.value.__cause__ or caught.value, error)

    assert bytes(store.read("a")) == b"old"
    assert os.listdir(store.path) == ["a.bin"]


@posix
# EVIDENCE-OF: P3
def test_room_is_asked_for_first(store: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that has no room for a large file says so before anything is written."""
    written: list[int] = []

    def full(_descriptor: int, size: int) -> None:
        raise OSError(28, "No space left on device", size)

    def noted(_descriptor: int, data: bytes) -> int:
        written.append(len(data))
        return len(data)

    monkeypatch.setattr(files, "allocate", full)
    monkeypatch.setattr(os, "write", noted)
    with pytest.raises(SaveError, match="No space left on device"):
        store.write("a", [bytes(2 * MIB)])

    assert written == []
    assert bytes(store.read("a")) == b"old"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_room_where_none_can_be_asked_for() -> None:
    """What is no file, or on a file system that gives no room beforehand, is written all the same."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        kernel.allocate(descriptor, MIB)
        assert os.fstat(descriptor).st_size == 0
    finally:
        os.close(descriptor)


@posix
def test_room_is_the_size_of_the_file(store: Directory) -> None:
    """A large file is as long as its bytes, and takes no more room than they do."""
    store.write("b", [bytes(3 * MIB), b"end"])
    status = (store.path / "b.bin").stat()

    assert status.st_size == 3 * MIB + 3
    assert status.st_blocks * 512 <= 4 * MIB
