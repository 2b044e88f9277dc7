"""A directory of files: old or new under every failure, nothing followed, nothing left behind."""

from __future__ import annotations

import os
import pickle
import resource
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from mmap import mmap
from pathlib import Path
from typing import Literal

import pytest

from simple_metrics_manager.errors import CorruptMetricError, NotStoredError, SaveError
from simple_metrics_manager.stores import Directory, Store, files
from simple_metrics_manager.stores.leftovers import swept, temporary_name

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has this")
LARGE = 3 * files.MAPPED_ABOVE


@pytest.fixture
def store(store_dir: Path) -> Directory:
    """A directory that holds ``a``."""
    directory = Directory(store_dir, ".bin")
    directory.write("a", [b"old"])
    return directory


def listing(store: Directory) -> list[str]:
    """All files of a directory, the hidden ones too."""
    return sorted(os.listdir(store.path))


# ----------------------------------------------------------------------------------------------------- as a value


def test_is_a_value(tmp_path: Path) -> None:
    """A directory is its configuration: equal, hashable, picklable, and made of a str as well."""
    one = Directory(tmp_path, ".npz", "atomic")

    assert one == Directory(str(tmp_path), ".npz", "atomic")
    assert pickle.loads(pickle.dumps(one)) == one
    assert len({one, Directory(tmp_path, ".npz", "atomic"), Directory(tmp_path, ".npz")}) == 2


def test_is_made_by_the_first_write(tmp_path: Path) -> None:
    """Looking makes no directory; writing makes it and those above it."""
    store = Directory(tmp_path / "x" / "y", ".bin")

    assert list(store.names()) == []
    assert not store.exists("a")
    with pytest.raises(NotStoredError):
        store.read("a")
    assert list(tmp_path.iterdir()) == []

    store.write("a", [b"1"])
    assert (tmp_path / "x" / "y" / "a.bin").read_bytes() == b"1"


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("path", ["x", "x/y", "."])
def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, sharded: bool) -> None:
    """A path may be relative to where the process is."""
    monkeypatch.chdir(tmp_path)
    store = Directory(path, ".bin", sharded=sharded)
    store.write("a", [b"1"])
    store.move("a", "b")
    with store.grouped():
        store.write("c", [b"2"])

    assert list(store.names()) == ["b", "c"]
    assert sorted(file.name for file in (tmp_path / path).rglob("*.bin")) == ["b.bin", "c.bin"]


def test_removed_meanwhile(store: Directory) -> None:
    """A directory that was removed is made again."""
    for file in store.path.iterdir():
        file.unlink()
    store.path.rmdir()
    store.write("b", [b"1"])

    assert bytes(store.read("b")) == b"1"


def test_extensions_are_apart(store_dir: Path) -> None:
    """Two stores with two extensions share a directory and nothing else."""
    one, other = Directory(store_dir, ".npz"), Directory(store_dir, ".npy")
    one.write("a", [b"1"])

    assert not other.exists("a")
    assert list(other.names()) == []


@posix
def test_mode_of_files(store_dir: Path) -> None:
    """Files have the rights that the user's mask gives to new files."""
    before = os.umask(0o027)
    try:
        Directory(store_dir, ".bin").write("a", [b"1"])
    finally:
        os.umask(before)

    assert stat.S_IMODE((store_dir / "a.bin").stat().st_mode) == 0o640


# ----------------------------------------------------------------------------------------------- read and listed


def test_large_files_are_mapped(store: Directory) -> None:
    """A large file is mapped, so that it is not read until it is looked at; a small one is read at once."""
    store.write("large", [b"x" * LARGE])
    store.write("small", [b"x" * 1000])

    assert isinstance(store.read("large").obj, mmap)
    assert type(store.read("small").obj) is bytes


@pytest.mark.parametrize("error", [OSError(12, "no memory"), ValueError("shorter than it was")])
def test_files_that_cannot_be_mapped_are_read(
    store: Directory, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Where no map can be had, the file is read."""

    def refuse(_descriptor: int, _size: int) -> None:
        raise error

    store.write("large", [b"x" * LARGE])
    monkeypatch.setattr(files, "_mapped", refuse)

    assert bytes(store.read("large")) == b"x" * LARGE


def test_short_reads(store: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives fewer bytes than asked for is asked again."""
    store.write("b", [bytes(range(256))])
    read = os.read

    def reluctant(descriptor: int, size: int) -> bytes:
        return read(descriptor, min(size, 7))

    monkeypatch.setattr(os, "read", reluctant)

    assert bytes(store.read("b")) == bytes(range(256))


def test_descriptors_are_closed(store: Directory) -> None:
    """Nothing stays open, whatever was found."""
    (store.path / "folder.bin").mkdir()
    before = _open_descriptors()
    for _ in range(20):
        store.read("a")
        store.write("b", [b"1"])
        for name in ("folder", "missing"):
            with pytest.raises((CorruptMetricError, NotStoredError)):
                store.read(name)

    assert _open_descriptors() == before


def _open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def _link_to(target: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.symlink_to(target)

    return make


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.getcwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(folder)


@posix
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (Path.mkdir, "a directory"),
        (_link_to("a.bin"), "a symbolic link"),
        (_link_to("/dev/zero"), "a symbolic link"),
        (_link_to("nowhere"), "a symbolic link"),
        (os.mkfifo, "a named pipe"),
        (_bind, "a socket"),
    ],
    ids=["directory", "link", "link to a device", "dangling link", "pipe", "socket"],
)
# EVIDENCE-OF: P6
def test_what_is_no_file(store: Directory, make: Callable[[Path], None], what: str) -> None:
    """Only regular files are read: nothing is followed or waited for; the error says what is there."""
    make(store.path / "b.bin")

    assert store.exists("b")
    with pytest.raises(CorruptMetricError, match=f"cannot be read: it is {what}, not a file"):
        store.read("b")


@posix
# EVIDENCE-OF: P6
def test_write_replaces_a_link(store: Directory, tmp_path: Path) -> None:
    """A link in the way is replaced; what it pointed to stays."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    (store.path / "b.bin").symlink_to(outside)
    store.write("b", [b"1"])

    assert bytes(store.read("b")) == b"1"
    assert outside.read_bytes() == b"mine"


def test_directory_in_the_way(store: Directory) -> None:
    """A directory in the place of a file is not replaced, and nothing is left of the attempt."""
    (store.path / "b.bin").mkdir()
    with pytest.raises(SaveError):
        store.write("b", [b"1"])

    assert listing(store) == ["a.bin", "b.bin"]


def test_path_is_a_file(tmp_path: Path) -> None:
    """A store whose directory is a file has nothing, and cannot be written."""
    (tmp_path / "file").write_bytes(b"")
    store = Directory(tmp_path / "file", ".bin")

    assert list(store.names()) == []
    assert not store.exists("a")
    with pytest.raises(NotStoredError):
        store.read("a")
    with pytest.raises(SaveError):
        store.write("a", [b"1"])


@pytest.mark.parametrize("name", ["../up", "/tmp/abs", "..", "a/b", "a\\b", "a\x00b", "C:x", "\ud800", ".hidden", ""])
# EVIDENCE-OF: P6
def test_nothing_leaves_the_directory(store_dir: Path, name: str) -> None:
    """Whatever the name, one visible file appears in the directory, and nothing beside it."""
    store = Directory(store_dir, ".bin")
    store.write(name, [b"1"])

    assert [path.name for path in store_dir.parent.iterdir()] == [store_dir.name]
    assert len(listing(store)) == 1
    assert not listing(store)[0].startswith(".")
    assert list(store.names()) == [name]


# EVIDENCE-OF: P9
def test_files_of_others_are_not_listed(store: Directory) -> None:
    """Files with another extension, hidden ones and temporary ones are not listed."""
    for file in ("b.txt", ".bin", ".x.bin", temporary_name("a.bin")):
        (store.path / file).write_bytes(b"")

    assert list(store.names()) == ["a"]


@pytest.mark.parametrize("name", ["a b", "f_[1, 2]", "é", "%41"])
def test_names_that_were_written_as_they_are_are_found(store: Directory, name: str) -> None:
    """0.5.0 encoded nothing: such a file is found under its name until one that is written now takes its place."""
    (store.path / f"{name}.bin").write_bytes(b"old")

    assert (store.exists(name), bytes(store.read(name)), name in set(store.names())) == (True, b"old", True)
    store.write(name, [b"new"])
    assert bytes(store.read(name)) == b"new"
    assert (store.path / f"{name}.bin").read_bytes() == b"old"
    store.delete(name)
    assert bytes(store.read(name)) == b"old"


# -------------------------------------------------------------------------------------------------- failed writes


def _fail(*_arguments: object) -> None:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace", "close"])
# EVIDENCE-OF: P3
def test_failed_calls(store: Directory, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Whichever call fails: the error says so, the old file stands, nothing else is there, and a retry works."""
    real = os.close

    def close_and_fail(descriptor: int) -> None:
        real(descriptor)
        _fail()

    with monkeypatch.context() as patch:
        patch.setattr(os, call, close_and_fail if call == "close" else _fail)
        with pytest.raises(SaveError, match=r"'a' was not saved to .*a\.bin: Input/output error") as caught:
            store.write("a", [b"new"])

    assert isinstance(caught.value.__cause__, OSError)
    assert bytes(store.read("a")) == b"old"
    assert listing(store) == ["a.bin"]
    assert store.write("a", [b"new"]) == 3
    assert bytes(store.read("a")) == b"new"


@posix
# EVIDENCE-OF: P3
def test_failed_large_write(store: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a write in several pieces that fails after some of them."""
    writev = os.writev
    sizes: list[int] = []

    def full(descriptor: int, views: list[memoryview]) -> int:
        sizes.append(writev(descriptor, [view[:1000] for view in views[:1]]))
        if len(sizes) > 3:
            raise OSError(28, "No space left on device")
        return sizes[-1]

    monkeypatch.setattr(os, "writev", full)
    with pytest.raises(SaveError, match="No space left on device"):
        store.write("a", [b"x" * 50_000, b"y" * 50_000])

    assert sizes == [1000] * 4
    assert bytes(store.read("a")) == b"old"
    assert listing(store) == ["a.bin"]


@posix
def test_short_writes(store: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes fewer bytes than given gets the rest."""
    writev, write = os.writev, os.write

    def reluctant_v(descriptor: int, views: list[memoryview]) -> int:
        return writev(descriptor, [views[0][:777]])

    def reluctant(descriptor: int, view: memoryview) -> int:
        return write(descriptor, view[:999])

    monkeypatch.setattr(os, "writev", reluctant_v)
    monkeypatch.setattr(os, "write", reluctant)
    for pieces in ([b"small"], [bytes(range(256)) * 300, b"", b"tail", b"x" * 70_000]):
        store.write("b", pieces)

        assert bytes(store.read("b")) == b"".join(pieces)


def test_write_that_takes_nothing(store: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes no bytes and reports no error is not asked for ever."""

    def refuse(_descriptor: int, _view: memoryview) -> int:
        return 0

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(SaveError, match="takes no more bytes"):
        store.write("a", [b"new"])

    assert bytes(store.read("a")) == b"old"


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_interrupted_write(store: Directory, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    """What is no failure of the storage passes through, and leaves nothing behind either."""

    def interrupt(_descriptor: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(error):
        store.write("a", [b"new"])

    assert bytes(store.read("a")) == b"old"
    assert listing(store) == ["a.bin"]


@posix
# EVIDENCE-OF: P3
def test_limit_of_file_sizes(store: Directory) -> None:
    """A disk that takes half of a file and no more leaves the old one whole."""
    code = """
        import resource, signal, sys
        from pathlib import Path
        from simple_metrics_manager.errors import SaveError
        from simple_metrics_manager.stores import Directory
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        store = Directory(Path(sys.argv[1]), ".bin")
        for pieces in ([b"x" * 200_000], [b"x" * 90_000, b"y" * 90_000]):
            try:
                store.write("a", pieces)
            except SaveError as error:
                print(error.cause)
        store.write("b", [b"fits"])
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(store.path)], capture_output=True, text=True, check=False
    )

    assert (found.stdout.split("\n"), found.stderr) == (["File too large", "File too large", ""], "")
    assert bytes(store.read("a")) == b"old"
    assert listing(store) == ["a.bin", "b.bin"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
# EVIDENCE-OF: P3
def test_read_only_directory(store: Directory) -> None:
    """A directory that may not be written is not, and still read."""
    store.path.chmod(0o500)
    try:
        with pytest.raises(SaveError, match="Permission denied"):
            store.write("a", [b"new"])
    finally:
        store.path.chmod(0o700)

    assert bytes(store.read("a")) == b"old"


@pytest.mark.parametrize(("durability", "calls"), [("full", 2), ("atomic", 1), ("cache", 0)])
# EVIDENCE-OF: P2
def test_durability(
    store: Directory,
    monkeypatch: pytest.MonkeyPatch,
    durability: Literal["full", "atomic", "cache"],
    calls: int,
) -> None:
    """``full`` waits for the file and its name to be on the disk, ``atomic`` for the file, ``cache`` for neither."""
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        order.append("fsync")
        fsync(descriptor)

    def noted_replace(old: str, new: str) -> None:
        order.append("replace")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    Directory(store.path, ".bin", durability).write("a", [b"new"])

    assert order == {2: ["fsync", "replace", "fsync"], 1: ["fsync", "replace"], 0: ["replace"]}[calls]


def test_many_writers_of_one_name(store: Directory) -> None:
    """Readers see one whole blob or another while many write at once, and no file is left over."""
    blobs = [bytes([letter]) * 5000 for letter in range(8)]
    store.write("a", [blobs[0]])
    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(store.write, "a", [blob]) for blob in blobs * 10]
        read = [bytes(store.read("a")) for _ in range(200)]
        assert [write.result() for write in writes] == [5000] * 80

    assert set(read) <= set(blobs)
    assert listing(store) == ["a.bin"]


# ------------------------------------------------------------------------------------------------------ leftovers


def _leftover(store: Directory, process: int, age: float) -> str:
    path = store.path / f".a.bin.{process}.{'0' * 16}.tmp"
    path.write_bytes(b"")
    then = path.stat().st_mtime - age
    os.utime(path, (then, then))
    return path.name


def _dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


# EVIDENCE-OF: P9
def test_sweep(store: Directory) -> None:
    """What a dead process left an hour ago is removed; what is young, of a living process, or no such file, stays."""
    dead = _dead_process()
    _leftover(store, dead, 4000)

    assert store.sweep() == 1
    kept = [_leftover(store, dead, 10)]
    assert store.sweep() == 0
    kept.append(_leftover(store, os.getpid(), 4000))
    for name in (".a.bin.tmp", ".x.tmp", "a.bin.1.0000000000000000.tmp"):
        (store.path / name).write_bytes(b"")
        os.utime(store.path / name, (1, 1))
        kept.append(name)
    assert store.sweep() == 0
    assert listing(store) == sorted([*kept, "a.bin"])


# EVIDENCE-OF: P9
def test_first_write_sweeps(store: Directory) -> None:
    """The first write of a process looks for leftovers, the next do not."""
    swept.clear()
    _leftover(store, _dead_process(), 4000)
    store.write("b", [b"1"])
    assert listing(store) == ["a.bin", "b.bin"]

    name = _leftover(store, _dead_process(), 4000)
    store.write("b", [b"1"])
    assert name in listing(store)


def test_sweep_of_nothing(tmp_path: Path) -> None:
    """A directory that is not there has no leftovers."""
    assert Directory(tmp_path / "none", ".bin").sweep() == 0


def test_is_a_store(store: Directory) -> None:
    """The directory has the protocol of stores."""
    as_store: Store = store

    assert as_store.describe("a b") == str(store.path / "a%20b.bin")
