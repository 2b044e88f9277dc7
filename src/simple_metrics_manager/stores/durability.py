"""What a power cut may take, and how files are made to outlive it: one by one, or many at once."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Literal, TypeAlias

from simple_metrics_manager.stores import kernel

if sys.platform == "darwin":
    import fcntl

Durability: TypeAlias = Literal["full", "atomic", "cache"]
"""What a power cut may take; a process that dies takes nothing in any of the three.

``full``: nothing, once a save has returned. ``atomic``: the latest saves, of each of which the old value is then back.
``cache``: the latest saves, and what they replaced; what is damaged is never taken for a value.
"""

_FEW = 4
"""Files up to which it takes no more time to flush one after the other than to flush the file system."""

_OTHERS = 256 * 1024 * 1024
"""Bytes of other programs above which nobody waits for them to be written, too."""

_AT_ONCE = 8
"""Threads that flush: the disk waits for several files in one go."""

_DIRECTORY = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0)
_FILE = (
    (os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)


def flush(descriptor: int) -> None:
    """Wait until a file is on the disk. On macOS, ``fsync`` alone does not wait for the disk's own memory.

    A failed flush is final: the kernel may report success the next time, without having written anything.
    """
    if sys.platform == "darwin":
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY):
                raise
        else:
            return
    os.fsync(descriptor)


def sync_file(path: str) -> None:
    """Makes the bytes of a file durable."""
    descriptor = os.open(path, _FILE)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: str) -> None:
    """Makes the names in a directory durable. Windows has no such call, and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, _DIRECTORY)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


def sync_all(paths: Sequence[str], folders: Iterable[str], size: int, descriptor: int | None) -> None:
    """Makes files of ``size`` bytes in all and the names in ``folders`` durable, in the way that takes least time.

    Many files: the whole file system, in one call, which Linux promises to be as good as flushing every file in it.
    It waits for other programs' files as well: where these are large, and where there are few files of ours, each of
    ours is flushed. ``descriptor`` is of something on that file system that was opened before the first of the files
    was written.
    """
    if descriptor is not None and kernel.is_memory(descriptor):
        return
    many = len(paths) > _FEW
    others_are_small = many and kernel.unwritten_bytes() < size + _OTHERS
    if descriptor is not None and others_are_small and kernel.sync_file_system(descriptor):
        return
    for path in paths:
        _start_writing(path)
    if many:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(_sync_if_there, paths))
    else:
        for path in paths:
            _sync_if_there(path)
    for folder in folders:
        with suppress(FileNotFoundError):
            sync_directory(folder)


def _start_writing(path: str) -> None:
    with suppress(OSError):  # it is told when the file is flushed
        descriptor = os.open(path, _FILE)
        kernel.start_writing(descriptor)
        os.close(descriptor)


def _sync_if_there(path: str) -> None:
    with suppress(FileNotFoundError):
        sync_file(path)


def open_directory(path: str) -> int | None:
    """A descriptor of a directory; None where there is none to be had."""
    try:
        return os.open(path, _DIRECTORY) if os.name != "nt" else None
    except OSError:
        return None
