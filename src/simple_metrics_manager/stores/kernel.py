"""What Linux offers for files and Python does not pass on: asked of the C library, and done without where it is not.

Each function says whether the kernel did it; the caller knows another way.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import sys
from collections.abc import Callable

_HERE, _EXCLUSIVE, _START = -100, 1, 2
"""``AT_FDCWD``, ``RENAME_NOREPLACE`` and ``SYNC_FILE_RANGE_WRITE``."""

_TELLING_KERNEL = (5, 8)
"""Since this one, ``syncfs`` reports what could not be written."""

_TMPFS = 0x01021994
_WHOLE = frozenset({0xEF53, 0x58465342, 0x9123683E, 0xF2F52010})
"""The file systems of which ``syncfs`` waits for everything: ext4, xfs, btrfs, f2fs. That of an overlay, a
network or a FUSE mount may not reach the disk below."""

_NOT_HERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP, errno.EINTR})
"""What a kernel, a file system or a sandbox answers that does not know the call, or that was interrupted in it."""

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@functools.cache
def _function(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where there is none, or where its numbers have not 64 bits."""
    if sys.platform == "linux" and sys.maxsize > 2**32:
        return getattr(ctypes.CDLL(None, use_errno=True), name, None)
    return None


def _error() -> int:
    return ctypes.get_errno()


def rename_exclusively(source: str, target: str) -> bool:
    """Rename, unless there is something at ``target``; whether the kernel can do that in one step.

    Raises:
        FileExistsError: there is something.
        OSError: it cannot be renamed for another reason.
    """
    rename = _function("renameat2")
    if rename is None:
        return False
    old, new = os.fsencode(source), os.fsencode(target)
    if rename(_HERE, old, _HERE, new, ctypes.c_uint(_EXCLUSIVE)) == 0:
        return True
    error = _error()
    if error in _NOT_HERE:
        return False
    raise OSError(error, os.strerror(error), source, None, target)


def allocate(descriptor: int, size: int) -> None:
    """Take the room for ``size`` bytes from the file system in one piece, where it can do that by itself.

    ``os.posix_fallocate`` would fill the file with zeros where it cannot.

    Raises:
        OSError: there is no room.
    """
    fallocate = _function("fallocate")
    if fallocate is not None and fallocate(descriptor, 0, ctypes.c_long(0), ctypes.c_long(size)):
        error = _error()
        if error in _NO_ROOM:
            raise OSError(error, os.strerror(error))


def start_writing(descriptor: int) -> None:
    """Have a file written without waiting for it: of many that are flushed then, each waits less."""
    sync_file_range = _function("sync_file_range")
    if sync_file_range is not None:
        sync_file_range(descriptor, ctypes.c_long(0), ctypes.c_long(0), ctypes.c_uint(_START))


def is_memory(descriptor: int) -> bool:
    """Whether this is on a file system that is on no disk, and has nothing to flush."""
    return _kind(descriptor) == _TMPFS


def sync_file_system(descriptor: int) -> bool:
    """Make all that was written to a file system durable; whether the kernel does that and tells of its failures.

    It tells of those since ``descriptor``, any file or directory there, was opened.

    Raises:
        OSError: something, perhaps another program's, could not be written.
    """
    syncfs = _function("syncfs")
    if syncfs is None or not _tells() or _kind(descriptor) not in _WHOLE:
        return False
    if syncfs(descriptor):
        error = _error()
        if error in _NOT_HERE:
            return False
        raise OSError(error, os.strerror(error))
    return True


@functools.cache
def _tells() -> bool:
    numbers = platform.release().replace("-", ".").split(".")
    return tuple(int(number) if number.isdigit() else 0 for number in numbers[:2]) >= _TELLING_KERNEL


def _kind(descriptor: int) -> int:
    """The number of the kind of file system, which is the first field of what ``fstatfs`` fills in."""
    fstatfs = _function("fstatfs")
    answer = (ctypes.c_long * 64)()
    if fstatfs is None or fstatfs(descriptor, answer):
        return 0
    return answer[0]


def unwritten_bytes() -> int:
    """How many bytes of all files of this machine wait to be written; 0 where that is not told."""
    try:
        with open("/proc/meminfo", "rb") as file:
            for line in file:
                if line.startswith(b"Dirty:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return 0
