"""Who has which database open: one handle for each thread and file, opened when it is needed, and none after a fork."""

from __future__ import annotations

import atexit
import contextlib
import os
import stat
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple

from simple_metrics_manager.errors import InTheWayError, NetworkFileSystemError
from simple_metrics_manager.stores.durability import sync_directory
from simple_metrics_manager.stores.mounts import network_kind
from simple_metrics_manager.stores.sqlite_binding import binding
from simple_metrics_manager.stores.sqlite_handle import Handle, abandon_all
from simple_metrics_manager.stores.sqlite_tables import FORMAT, is_ours, make_tables

_SYNCHRONOUS = {
    ("log", "full"): "FULL",
    ("log", "atomic"): "NORMAL",
    ("log", "cache"): "NORMAL",
    ("journal", "full"): "FULL",
    ("journal", "atomic"): "FULL",
    ("journal", "cache"): "NORMAL",
}
"""What SQLite flushes, and when. It is never ``OFF``, with which a power cut could take all metrics at once. A rollback
journal is certain to be on the disk before what it protects only with ``FULL``, which ``atomic`` therefore needs there.
"""


_NO_CHANGE = f"PRAGMA user_version={FORMAT}"
"""A commit all the same, and with it a flush of the whole log."""

_FROZEN = (0, 0)
"""The identity of a file that nobody writes to, as far as can be seen: it is opened anew after a moment."""

_SOON = 0.1
"""Seconds. To ask for each value whether somebody has deleted the file takes as long as to read a small value."""


class Place(NamedTuple):
    """A file, by its absolute path, and what a power cut may take of it."""

    file: str
    durability: str


class _Here(threading.local):
    """What belongs to one thread: the databases that it has open, and in how many groups of writes it is for each."""

    def __init__(self) -> None:
        self.open: dict[Place, Handle] = {}
        self.groups: dict[Place, int] = {}


_here = _Here()
_turns: dict[str, threading.Lock] = {}
"""For each file, whose turn it is to write to it, in this process."""


def reader_of_late(place: Place) -> Handle | None:
    """The same as :func:`reader`, but that the file is still there may have been true a tenth of a second ago."""
    handle = _here.open.get(place)
    return handle if handle is not None and time.monotonic() < handle.checked + _SOON else reader(place)


def reader(place: Place) -> Handle | None:
    """The database, for reading; None if there is none.

    Raises:
        CorruptMetricError: what is there is no database of metrics.
        NewerFormatError: it is one of a later version of this library.
        RefusedError: it must not be used here.
    """
    handle = _here.open.get(place)
    try:
        status = os.stat(place.file)
    except (FileNotFoundError, NotADirectoryError):
        _forget(place)
        return None
    if handle is not None:
        if (status.st_dev, status.st_ino) == handle.identity:
            handle.checked = time.monotonic()
            return handle
        _forget(place)
    if not stat.S_ISREG(status.st_mode):
        raise InTheWayError(place.file, "a directory" if stat.S_ISDIR(status.st_mode) else "something else")
    return _open(place, create=False) if status.st_size else None


def writer(place: Place) -> Handle:
    """The database, for writing; it is made if there is none. Raises as :func:`reader`."""
    handle = reader(place)
    if handle is None:
        _make_folders(place)
        handle = _open(place, create=True)
    if handle is None:
        raise AssertionError("a database that is made is there")
    handle.make_safe()
    return handle


def discard(place: Place) -> None:
    """Close what this thread has open, since it has met an error; whoever comes next opens it anew."""
    handle = _here.open.pop(place, None)
    if handle is not None:
        handle.close()


def close_all() -> None:
    """Close all that this thread has open. The last one to close a database takes its log away."""
    for place in list(_here.open):
        discard(place)


@contextlib.contextmanager
def grouped(place: Place) -> Generator[None]:
    """A block whose writes do not wait for the disk; when it ends, all of them are on it.

    Only where there is a log: it is flushed as a whole, with all that was written to it. Without one, each write
    flushes as ever.
    """
    _here.groups[place] = _here.groups.get(place, 0) + 1
    _set_synchronous(place)
    try:
        yield
    finally:
        _here.groups[place] -= 1
        if not _here.groups[place]:
            del _here.groups[place]
            if os.path.exists(place.file):
                handle = writer(place)
                _set_synchronous(place)
                if handle.has_log():
                    handle.change(_NO_CHANGE, ())


def settled(place: Place) -> bool:
    """Have what was committed outlive a power cut, where a commit alone is no promise of that; whether it does."""
    handle = _here.open.get(place)
    relaxed = place.durability == "atomic" or place in _here.groups
    if handle is not None and relaxed and handle.has_log():
        try:
            handle.execute("PRAGMA synchronous=FULL")
            handle.change(_NO_CHANGE, ())
            _set_synchronous(place)
        except handle.kind.error:
            discard(place)
            return False
    return True


def _set_synchronous(place: Place) -> None:
    handle = _here.open.get(place)
    if handle is not None:
        kind = "log" if handle.has_log() else "journal"
        asked = "atomic" if place in _here.groups else place.durability
        handle.execute(f"PRAGMA synchronous={_SYNCHRONOUS[kind, asked]}")


def _open(place: Place, *, create: bool) -> Handle | None:
    _refuse_network(place.file)
    frozen = not create and _is_frozen(place.file)
    kind = binding()
    connection = kind.connect(place.file, "ro&immutable=1" if frozen else "rwc" if create else "rw")
    try:
        status = os.stat(place.file)
        identity = _FROZEN if frozen else (status.st_dev, status.st_ino)
        handle = Handle(kind, connection, identity, _turns.setdefault(place.file, threading.Lock()))
    except BaseException:
        connection.close()
        raise
    try:
        there = _prepare(handle, place, create=create)
    except BaseException:
        handle.close()
        raise
    if not there:
        handle.close()
        return None
    handle.checked = time.monotonic()
    _here.open[place] = handle
    _set_synchronous(place)
    return handle


def _prepare(handle: Handle, place: Place, *, create: bool) -> bool:
    """Make the tables if need be, and choose the journal; whether there is a database of metrics then."""
    there = is_ours(handle, place.file)
    if not there and create:
        handle.make_safe()
        make_tables(handle)
        there = is_ours(handle, place.file)
        if place.durability == "full":
            sync_directory(os.path.dirname(place.file))
    if there and handle.identity != _FROZEN and not handle.has_log():
        handle.value("PRAGMA journal_mode=TRUNCATE")
    handle.execute("PRAGMA fullfsync=ON")  # on macOS, where fsync alone does not wait for the disk's own memory
    return there


def _is_frozen(file: str) -> bool:
    """Whether neither we nor others write here. SQLite reads a database that had a log only where it may write, or
    where it is told this."""
    if os.access(os.path.dirname(file), os.W_OK) or os.path.exists(f"{file}-shm"):
        return False
    return not any(os.path.exists(side) and os.path.getsize(side) for side in (f"{file}-wal", f"{file}-journal"))


def _make_folders(place: Place) -> None:
    """Make the directory of the file and those above it; with ``full``, they outlive a power cut too."""
    folder = Path(place.file).parent
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    if missing:
        folder.mkdir(parents=True, exist_ok=True)
        if place.durability == "full":
            for path in missing:
                sync_directory(str(path.parent))


_local: set[str] = set()
"""Folders that were found to be on a disk of this host."""


def _refuse_network(file: str) -> None:
    folder = os.path.dirname(file)
    if folder not in _local:
        kind = network_kind(folder)
        if kind is not None:
            raise NetworkFileSystemError(file, kind)
        _local.add(folder)


def _forget(place: Place) -> None:
    handle = _here.open.pop(place, None)
    if handle is not None and handle.identity == _FROZEN:
        handle.close()
    elif handle is not None:
        handle.abandon()


def _after_fork() -> None:
    abandon_all()
    _here.open = {}
    _here.groups = {}
    _turns.clear()  # somebody who is not here may have had a turn


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(close_all)
