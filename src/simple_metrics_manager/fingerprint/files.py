"""What files hold: their SHA-256, which is looked up anew only where size or time of change are other ones.

The trap of telling by size and time is that of git's index: a file that is changed twice within the grain of the clock
has the same size and time. So a time that is as young as that is not noted, and the file is read again the next time.
"""

from __future__ import annotations

import hashlib
import os
import time

from simple_metrics_manager.record import File

_GRAIN = 2_000_000_000
"""Nanoseconds: the coarsest clock of a file system in use, that of FAT."""

_known: dict[str, tuple[tuple[int, int, int, int], File]] = {}
"""By absolute path, with device, inode, size and time."""

ABSENT = File()


def file_now(path: str) -> File:
    """What the file holds now; ``ABSENT`` if there is none that can be read, or if it is no file."""
    try:
        with open(path, "rb") as stream:
            told = os.fstat(stream.fileno())
            facts = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns)
            place = os.path.abspath(path)
            known = _known.get(place)
            if known is not None and known[0] == facts:
                return known[1]
            young = time.time_ns() - told.st_mtime_ns < _GRAIN
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ABSENT
    found = File(told.st_size, 0 if young else told.st_mtime_ns, digest)
    if not young:
        _known[place] = facts, found
    return found


def still(path: str, then: File) -> File:
    """What the file holds now, judged by its size and time if these are as they were."""
    if then.mtime_ns:
        try:
            told = os.stat(path)
        except OSError:
            return ABSENT
        if (told.st_size, told.st_mtime_ns) == (then.size, then.mtime_ns):
            return then
    return file_now(path)
