"""Writes that are flushed together: who takes part, when they are flushed, and what becomes of errors."""

from __future__ import annotations

import contextvars
import errno
import os
import platform
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simple_metrics_manager.errors import SaveError
from simple_metrics_manager.stores import Directory, durability, groups, kernel

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="it is told by /proc what is flushed")


FIRST = "first "
"""Before the name of a file that was flushed before it got its name."""


class Flushed(list[str]):
    """What was flushed, in order: files, directories, and ``everything``."""

    fails: bool = False


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> Flushed:
    """Notes what would be flushed, and nothing is; ``fails`` makes it fail."""
    order = Flushed()

    def note(what: str) -> None:
        if order.fails:
            raise OSError(errno.EIO, "Input/output error")
        order.append(what)

    def flush(descriptor: int) -> None:
        name = os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
        note(FIRST + name[1:].partition(".")[0] if name.endswith(".tmp") else name.partition(".")[0])

    def sync_file_system(_descriptor: int) -> bool:
        note("everything")
        return True

    monkeypatch.setattr(durability, "flush", flush)
    monkeypatch.setattr(kernel, "sync_file_system", sync_file_system)
    monkeypatch.setattr(kernel, "unwritten_bytes", lambda: 0)
    return order


@pytest.fixture
def store(store_dir: Path, flushed: Flushed) -> Directory:
    """A directory that holds ``a``."""
    directory = Directory(store_dir, ".bin")
    directory.write("a", [b"old"])
    flushed.clear()
    return directory


def fail_in_a_block(store: Directory) -> None:
    """A block that ends with an error after a file was written."""
    with store.grouped():
        store.write("b", [b"1"])
        raise ZeroDivisionError


def write_many(store: Directory, start: str = "n") -> None:
    """Twenty new files."""
    for number in range(20):
        store.write(f"{start}{number}", [b"1"])


def test_a_few_files(store: Directory, flushed: Flushed) -> None:
    """New files are flushed at the end, one by one, then their names; a file that replaces one is flushed before."""
    with store.grouped():
        store.write("b", [b"1"])
        store.write("a", [b"new"])
        store.write("c", [b"1"])
        assert flushed == [f"{FIRST}a"]
        assert (bytes(store.read("a")), list(store.names())) == (b"new", ["a", "b", "c"])

    assert flushed == [f"{FIRST}a", "b", "c", "store"]


def test_many_files(store: Directory, flushed: Flushed) -> None:
    """Many files are flushed at once."""
    with store.grouped():
        write_many(store)
        assert flushed == []

    assert flushed == ["everything"]


@pytest.mark.parametrize("why", ["the file system", "other programs"])
def test_many_files_where_not_everything_is_flushed(
    store: Directory, flushed: Flushed, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Where that does not reach the disk, or where others' large files would be waited for, each is flushed."""

    def cannot(_descriptor: int) -> bool:
        return False

    if why == "other programs":
        monkeypatch.setattr(kernel, "unwritten_bytes", lambda: 1 << 30)
    else:
        monkeypatch.setattr(kernel, "sync_file_system", cannot)
    with store.grouped():
        write_many(store)

    assert sorted(flushed) == sorted([f"n{number}" for number in range(20)] + ["store"])


def test_other_changes(store: Directory, flushed: Flushed) -> None:
    """Files that are created, moved, deleted and set aside belong to the group; what is gone is not waited for."""
    with store.grouped():
        assert store.create("b", [b"1"])
        store.write("c", [b"1"])
        store.move("c", "d")
        store.write("e", [b"1"])
        store.delete("e")
        store.write("f", [b"1"])
        store.set_aside("f")
        assert flushed == []

    assert flushed == ["b", "d", "store"]


def test_a_file_written_twice(store: Directory, flushed: Flushed) -> None:
    """The second time, it replaces one, and is flushed before."""
    with store.grouped():
        store.write("b", [b"1"])
        store.write("b", [b"2"])
        assert flushed == [f"{FIRST}b"]

    assert bytes(store.read("b")) == b"2"


def test_appeared_meanwhile(store: Directory, flushed: Flushed) -> None:
    """What another process wrote under a new name, just before it was taken, is replaced by a flushed file only."""

    def pieces() -> Iterator[bytes]:
        (store.path / "b.bin").write_bytes(b"theirs")
        yield b"ours"

    with store.grouped():
        store.write("b", pieces())
        assert flushed == [f"{FIRST}b"]

    assert bytes(store.read("b")) == b"ours"
    assert sorted(os.listdir(store.path)) == ["a.bin", "b.bin"]


def test_new_directory(tmp_path: Path, flushed: Flushed) -> None:
    """A directory that the block makes is flushed into the one above it, with the rest."""
    above = tmp_path.name.partition(".")[0]
    with Directory(tmp_path / "x" / "y", ".bin").grouped():
        Directory(tmp_path / "x" / "y", ".bin").write("b", [b"1"])
        assert flushed == []

    assert flushed == ["b", above, "x", "y"]


def test_folders(store_dir: Path, flushed: Flushed) -> None:
    """So are the folders that files are spread over."""
    store = Directory(store_dir, ".bin", sharded=True)
    with store.grouped():
        write_many(store)

    assert flushed == ["everything"]


@pytest.mark.parametrize(("kind", "expected"), [("atomic", ["b", "store"]), ("cache", [])])
def test_other_durabilities(
    store_dir: Path, flushed: Flushed, kind: durability.Durability, expected: list[str]
) -> None:
    """With ``atomic``, a block makes durable as well; with ``cache``, nothing does."""
    store = Directory(store_dir, ".bin", kind)
    store.write("a", [b"1"])
    flushed.clear()
    with store.grouped():
        store.write("b", [b"1"])

    assert flushed == expected


def test_formats_share_a_group(store: Directory, flushed: Flushed) -> None:
    """The block is about a directory: another store that has another extension there takes part, one elsewhere not."""
    with store.grouped():
        Directory(store.path, ".txt").write("b", [b"1"])
        assert flushed == []
        Directory(store.path.parent / "elsewhere", ".bin").write("c", [b"1"])
        assert flushed[-2:] == [f"{FIRST}c", "elsewhere"]

    assert flushed[-2:] == ["b", "store"]


# ------------------------------------------------------------------------------------------- when and for whom it ends


def test_nested(store: Directory, flushed: Flushed) -> None:
    """An inner block makes durable at its end what was written so far; the outer one goes on."""
    with store.grouped():
        store.write("b", [b"1"])
        with store.grouped():
            store.write("c", [b"1"])
            assert flushed == []
        assert flushed == ["b", "c", "store"]
        store.write("d", [b"1"])
        assert len(flushed) == 3
    assert flushed[3:] == ["d", "store"]

    store.write("e", [b"1"])
    assert flushed[5:] == [f"{FIRST}e", "store"]


def test_error_in_the_block(store: Directory, flushed: Flushed) -> None:
    """A block that ends with an error makes durable what was written, and the error comes out."""
    with pytest.raises(ZeroDivisionError):
        fail_in_a_block(store)

    assert flushed == ["b", "store"]


def test_flushed_once_a_second(store: Directory, flushed: Flushed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What took longer than a second to come is flushed at once."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with store.grouped():
        store.write("b", [b"1"])
        now[0] += 0.9
        store.write("c", [b"1"])
        assert flushed == []
        now[0] += 0.2
        store.write("d", [b"1"])
        assert flushed == ["b", "c", "d", "store"]
        now[0] += 0.9
        store.write("e", [b"1"])
        assert len(flushed) == 4


def test_other_threads(store: Directory, flushed: Flushed) -> None:
    """A thread that knows nothing of the block writes as ever; one that was given its context takes part."""
    with store.grouped():
        for context in (contextvars.Context(), contextvars.copy_context()):
            thread = threading.Thread(target=context.run, args=(store.write, f"t{len(flushed)}", [b"1"]))
            thread.start()
            thread.join()
        assert flushed == [f"{FIRST}t0", "store"]

    assert flushed == [f"{FIRST}t0", "store", "t2", "store"]


def test_two_blocks_in_two_threads(store: Directory, flushed: Flushed) -> None:
    """Each thread's block is its own."""
    inside, written = threading.Event(), threading.Event()

    def other() -> None:
        with store.grouped():
            store.write("t", [b"1"])
            written.set()
            inside.wait()

    thread = threading.Thread(target=contextvars.Context().run, args=(other,))
    thread.start()
    written.wait()
    with store.grouped():
        store.write("b", [b"1"])
    assert flushed == ["b", "store"]
    inside.set()
    thread.join()
    assert flushed == ["b", "store", "t", "store"]


def test_after_the_block(store: Directory, flushed: Flushed) -> None:
    """Who still has the context of a block that has ended flushes what it writes by itself."""
    with store.grouped():
        context = contextvars.copy_context()
    context.run(store.write, "b", [b"1"])
    context.run(store.write, "a", [b"1"])

    assert flushed == ["b", "store", f"{FIRST}a", "store"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork(store: Directory, flushed: Flushed) -> None:
    """A child that was forked inside a block flushes what it writes by itself; the block goes on in the parent."""
    with store.grouped():
        store.write("b", [b"1"])
        child = os.fork()
        if not child:
            store.write("c", [b"1"])
            os._exit(0 if flushed == [f"{FIRST}c", "store"] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert flushed == []

    assert flushed == ["b", "store"]


def test_descriptors_are_closed(store: Directory) -> None:
    """Nothing stays open after a block."""
    before = len(os.listdir("/proc/self/fd"))
    with store.grouped():
        write_many(store)
    with pytest.raises(ZeroDivisionError):
        fail_in_a_block(store)

    assert len(os.listdir("/proc/self/fd")) == before


# ---------------------------------------------------------------------------------------------------------- errors


# EVIDENCE-OF: P3
def test_flush_fails(store: Directory, flushed: Flushed) -> None:
    """A flush that fails is told when the block ends, with what may not last; it is not tried again."""

    def block() -> None:
        with store.grouped():
            write_many(store)
            flushed.fails = True

    with pytest.raises(SaveError) as caught:
        block()
    flushed.fails = False

    assert str(caught.value).startswith("'n0, n1, n10 and 17 more' was not saved to ")
    assert (caught.value.cause, caught.value.replaced) == ("Input/output error", True)
    assert bytes(store.read("n7")) == b"1"
    with store.grouped():
        store.write("b", [b"1"])
    assert flushed == ["b", "store"]


# EVIDENCE-OF: P3
def test_flush_fails_in_the_middle(store: Directory, flushed: Flushed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of a flush inside the block is told at its end, too, and names no more than what it is about."""
    monkeypatch.setattr(groups, "_PAUSE", -1.0)

    def block() -> None:
        with store.grouped():
            flushed.fails = True
            store.write("b", [b"1"])
            flushed.fails = False
            store.write("c", [b"1"])

    with pytest.raises(SaveError) as caught:
        block()

    assert (caught.value.name, flushed) == ("b", ["c", "store"])


# EVIDENCE-OF: P3
def test_flush_fails_after_an_error(store: Directory, flushed: Flushed) -> None:
    """An error in the block comes out as it is, with a note of what could not be flushed."""
    flushed.fails = True
    with pytest.raises(ZeroDivisionError) as caught:
        fail_in_a_block(store)

    assert caught.value.__notes__[0].startswith("'b' was not saved to ")


@pytest.mark.parametrize("release", ["5.4.0-generic", "4.18", "3.10.0-1160.el7"])
def test_kernels_that_do_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, release: str) -> None:
    """A kernel that does not tell of failures is not asked to flush everything."""
    kernel._tells.cache_clear()
    monkeypatch.setattr(platform, "release", lambda: release)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert not kernel.sync_file_system(descriptor)
    finally:
        os.close(descriptor)
        kernel._tells.cache_clear()


def test_file_systems_that_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on no disk is not flushed as one."""
    descriptor = os.open("/proc", os.O_RDONLY)
    try:
        assert not kernel.sync_file_system(descriptor)
    finally:
        os.close(descriptor)
