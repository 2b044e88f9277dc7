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
from collections.abc import Iterable, Iterator

from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.payload.trust import FileMap
from simple_metrics_manager.stores import durability
from simple_metrics_manager.stores.kernel import allocate

_AT_ONCE = 16 * 1024
"""Bytes below which a file is read without its size being asked for: more room than that takes time to get."""

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
_ALLOCATED_FROM = 1024 * 1024
"""Bytes from which it pays to ask for the room of a whole file at once."""

_BATCH_BYTES = 16 * 1024 * 1024
_BATCH_PIECES = 512
"""Large writes leave large folios in the page cache, which map faster later; a batch keeps within ``IOV_MAX``."""


class NotAFileError(Exception):
    """What is there is no regular file; ``args[0]`` says what it is."""


def read_file(path: str) -> memoryview:
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
        # Only a regular file has bytes at a given place and knows how many they are. To be told by ``fstat`` as well
        # takes as long as to verify the few bytes of most files, which one call reads to their end.
        if sys.platform != "win32":
            try:
                whole = os.pread(descriptor, _AT_ONCE, 0)
                if 0 < len(whole) < _AT_ONCE and os.lseek(descriptor, 0, os.SEEK_END) == len(whole):
                    return memoryview(whole)
            except OSError:  # of a directory, a pipe, a disk that fails
                pass
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


def _mapped(descriptor: int, size: int) -> FileMap:
    """A map that keeps no descriptor of its own, where Python can do that: a thousand maps would exhaust them."""
    if sys.version_info >= (3, 13):
        return FileMap(descriptor, size, access=mmap.ACCESS_READ, trackfd=False)
    return FileMap(descriptor, size, access=mmap.ACCESS_READ)


def _kind_at(path: str) -> str | None:
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


def write_new_file(path: str, pieces: Iterable[Buffer], *, sync: bool) -> int:
    """Both of the following."""
    return fill_file(open_new_file(path), pieces, sync=sync)


def open_new_file(path: str) -> int:
    """A descriptor of a file that did not exist."""
    return os.open(path, _CREATE, 0o666)


def fill_file(descriptor: int, pieces: Iterable[Buffer], *, sync: bool) -> int:
    """Writes the bytes of a new file and closes it; how many. With ``sync``, they are on the disk when this returns.

    Of pieces that are made as they are asked for, no more than a batch is held at a time.
    """
    try:
        size = _write_all(descriptor, pieces)
        if sync:
            durability.flush(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        raise
    os.close(descriptor)
    return size


def _write_all(descriptor: int, pieces: Iterable[Buffer]) -> int:
    if isinstance(pieces, (list, tuple)):
        if len(pieces) == 1 and type(pieces[0]) is bytes:
            size = len(pieces[0])
        else:
            size = sum([memoryview(piece).nbytes for piece in pieces])
        if size < _JOINED_BELOW:
            whole = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            taken = os.write(descriptor, whole) if size else 0
            if taken < size:
                _write_views(descriptor, [memoryview(whole)[taken:]])
            return size
        if size >= _ALLOCATED_FROM:
            allocate(descriptor, size)
    size = 0
    for batch in _batches(pieces):
        size += sum(map(len, batch))
        _write_views(descriptor, batch)
    return size


def _batches(pieces: Iterable[Buffer]) -> Iterator[list[memoryview]]:
    """The bytes of the pieces, as many at a time as make a large write."""
    batch: list[memoryview] = []
    room = _BATCH_BYTES
    for piece in pieces:
        view = memoryview(piece)
        rest = view.cast("B") if view.nbytes else memoryview(b"")
        while rest:
            batch.append(rest[:room])
            rest = rest[room:]
            room -= len(batch[-1])
            if not room:
                yield _few(batch)
                batch, room = [], _BATCH_BYTES
    yield _few(batch)


def _few(batch: list[memoryview]) -> list[memoryview]:
    """The same bytes in no more pieces than one call takes."""
    return batch if len(batch) <= _BATCH_PIECES else [memoryview(b"".join(batch))]


def _write_views(descriptor: int, views: list[memoryview]) -> None:
    waiting = deque(views)
    while waiting:
        _advance(waiting, _write_some(descriptor, waiting))


def _write_some(descriptor: int, waiting: deque[memoryview]) -> int:
    """One write of what comes first; how many bytes the file took, which may be fewer than it was given."""
    if len(waiting) == 1 or sys.platform == "win32":
        taken = os.write(descriptor, waiting[0])
    else:
        taken = os.writev(descriptor, list(waiting))
    if not taken:
        raise OSError("the file system takes no more bytes and does not say why")
    return taken


def _advance(waiting: deque[memoryview], taken: int) -> None:
    while taken:
        view = waiting.popleft()
        if taken < len(view):
            waiting.appendleft(view[taken:])
        taken -= min(taken, len(view))
