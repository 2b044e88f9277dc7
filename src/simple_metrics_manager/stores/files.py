"""Whole files: read into memory or mapped, and written to the last byte or not at all.

What the operating system is asked for, and what is made of its answers; which file, and what its bytes mean, is
decided elsewhere.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import stat
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from simple_metrics_manager.formats.base import Buffer

MAPPED_ABOVE = 512 * 1024
"""Bytes up to which reading a whole file takes less time than mapping it and touching its pages."""

_READ = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)

_JOINED_BELOW = 64 * 1024
_BATCH_BYTES = 64 * 1024 * 1024
_BATCH_PIECES = 512
"""Large writes leave large folios in the page cache, which map faster later; a batch keeps within ``IOV_MAX``."""


class NotAFileError(Exception):
    """What is there is no regular file; ``args[0]`` says what it is."""


def read_file(path: Path | str) -> memoryview:
    """The bytes of a regular file, read-only; those of a large one are mapped.

    No link is followed, and no pipe or device is waited for: the file is opened without blocking and looked at
    before it is read.

    Raises:
        FileNotFoundError: nothing is there.
        NotAFileError: a directory, a link, a pipe, a device is there.
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = _kind_at(path)
        if kind is None:
            raise
        raise NotAFileError(kind) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotAFileError(_kind(status.st_mode))
        return _contents(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _contents(descriptor: int, size: int) -> memoryview:
    if size > MAPPED_ABOVE and os.name != "nt":  # Windows would not replace a file that is mapped
        with contextlib.suppress(OSError, ValueError):  # no map to be had: too many of them, or not on this disk
            return memoryview(_mapped(descriptor, size))
    first = os.read(descriptor, size)
    if len(first) == size:
        return memoryview(first)
    parts = [first]
    missing = size - len(first)
    while missing > 0 and parts[-1]:
        parts.append(os.read(descriptor, missing))
        missing -= len(parts[-1])
    return memoryview(b"".join(parts))


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    """A map that keeps no descriptor of its own, where Python can do that: a thousand maps would exhaust them."""
    if sys.version_info >= (3, 13):
        return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ, trackfd=False)
    return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)


def _kind_at(path: Path | str) -> str | None:
    """What is at ``path``, if it is no regular file."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(mode) else _kind(mode)


def _kind(mode: int) -> str:
    names = {
        stat.S_IFDIR: "a directory",
        stat.S_IFLNK: "a symbolic link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return names.get(stat.S_IFMT(mode), "something else")


def write_new_file(path: Path | str, pieces: Iterable[Buffer], *, sync: bool) -> int:
    """Writes a file that did not exist; how many bytes. With ``sync``, they are on the disk when this returns.

    A failed ``fsync`` is final: the kernel may report success the next time, without having written anything.
    """
    descriptor = os.open(path, _CREATE, 0o666)
    try:
        size = _write_all(descriptor, list(pieces))
        if sync:
            os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        raise
    os.close(descriptor)
    return size


def _write_all(descriptor: int, pieces: Sequence[Buffer]) -> int:
    size = sum(len(piece) for piece in pieces)
    if size < _JOINED_BELOW:
        pieces = (b"".join(pieces),)
    waiting = deque(memoryview(piece) for piece in pieces if len(piece))
    while waiting:
        _advance(waiting, _write_some(descriptor, waiting))
    return size


def _write_some(descriptor: int, waiting: deque[memoryview]) -> int:
    """One write of what comes first; how many bytes the file took, which may be fewer than it was given."""
    batch: list[memoryview] = []
    room = _BATCH_BYTES
    for view in waiting:
        batch.append(view[:room])
        room -= len(batch[-1])
        if not room or len(batch) == _BATCH_PIECES:
            break
    if sys.platform == "win32":
        taken = os.write(descriptor, batch[0])
    else:
        taken = os.writev(descriptor, batch) if len(batch) > 1 else os.write(descriptor, batch[0])
    if not taken:
        raise OSError("the file system takes no more bytes and does not say why")
    return taken


def _advance(waiting: deque[memoryview], taken: int) -> None:
    while taken:
        view = waiting.popleft()
        if taken < len(view):
            waiting.appendleft(view[taken:])
        taken -= min(taken, len(view))


def sync_directory(path: Path | str) -> None:
    """Makes the names in a directory durable. Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
