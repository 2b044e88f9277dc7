"""Files that are locked by ``flock`` while somebody computes, and are there only as long.

The holder of a lock removes the file while it still has the lock. So the file that somebody has opened may be gone from
its path by the time he gets the lock on it, and another one be there, locked by another process: whoever gets a lock
looks whether the file is still the one at the path, and tries again if it is not.

The lock belongs to the open file, which a forked child has, too: it would keep the lock of a parent that was killed. So
children close what they have inherited, and do no more than that, since to unlock it would unlock it for the parent.
"""

from __future__ import annotations

import math
import os
import stat
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from simple_metrics_manager.claims.notes import LARGEST, Note, new_note, read_note

if sys.platform != "win32":
    import fcntl

_OPEN = sum(getattr(os, flag, 0) for flag in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"))

_gate = threading.RLock()
"""Nobody forks between the moment a file is locked and the moment it is noted here, or the other way round."""
_locked: set[int] = set()
"""The descriptors that hold a lock."""


class LockedFile:
    """A file at a path, once it has been opened; perhaps locked. As a claim, what it says is in :class:`.Claim`.

    Who has held it for longer than ``ttl`` may have stood still, and lost it to another one.
    """

    def __init__(self, name: str, path: str, ttl: float) -> None:
        self.name: str = name
        self.file: tuple[int, int] = (0, 0)
        self._written = 0
        self._ttl = ttl
        self._path = path
        self._descriptor = -1
        self._process = os.getpid()
        self._since = time.monotonic()
        self._note: Note | None = None

    def lock(self) -> bool:
        """Open the file, which is made if there is none, and lock it if nobody has; whether it was."""
        with _gate:
            self._descriptor = descriptor = _opened(self._path)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(0, "something that is not a file of ours", self._path)
            self.file = (status.st_dev, status.st_ino)
            self._written = status.st_size
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            _locked.add(descriptor)
            return True

    def mine(self) -> bool:
        """Whether this file is still the one at the path."""
        if self._descriptor < 0 or self._process != os.getpid():
            return False
        try:
            status = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self.file

    def sign(self) -> None:
        """Write the first note."""
        self._note = new_note()
        self._write(self._note)

    def waiting(self, name: str) -> None:
        """Say in the note what its writer waits for."""
        if self._note is not None and self._process == os.getpid() and self._descriptor >= 0:
            self._note = self._note.waiting(name)
            self._write(self._note)

    def _write(self, note: Note) -> None:
        text = note.written()
        with suppress(OSError):  # a full disk keeps nobody from computing
            os.pwrite(self._descriptor, text, 0)
            if self._written > len(text):
                os.ftruncate(self._descriptor, len(text))
            self._written = len(text)

    def note(self) -> Note | None:
        """What its holder wrote."""
        return _note(self._descriptor)

    def release(self) -> None:
        """Remove the file, then unlock it: in the other order, somebody else might have locked it by then."""
        try:
            if self._descriptor in _locked and self.mine():
                if time.monotonic() - self._since < self._ttl:
                    with suppress(OSError):
                        os.unlink(self._path)
                else:  # somebody may be about to take it over
                    self.remove()
        finally:
            self.forget()

    def remove(self) -> bool:
        """Remove the file from its path, if it is still there; whether it was, and nobody else is removing it.

        Of all who take something over in this folder, one does it at a time: what he looks at stays so until he
        has removed it.
        """
        with suppress(OSError), _alone(os.path.dirname(self._path)) as alone:
            if alone and self.mine():
                os.unlink(self._path)
                return True
        return False

    def forget(self) -> None:
        """Unlock and close the file."""
        with _gate:
            if self._descriptor >= 0 and self._process == os.getpid():
                with suppress(OSError):  # first, and again if an interrupt comes before its descriptor is forgotten
                    if self._descriptor in _locked:  # said aloud: a child that runs no Python code may have it, too
                        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
                descriptor, self._descriptor = self._descriptor, -1
                _locked.discard(descriptor)
                with suppress(OSError):
                    os.close(descriptor)
            self._descriptor = -1


def remove_unlocked(path: str) -> bool:
    """Remove a file that was to be locked, if it is not; whether it was removed."""
    if sys.platform == "win32":
        return False
    lock = LockedFile("", path, math.inf)
    with suppress(OSError):
        if lock.lock():
            lock.release()
            return True
    lock.forget()
    return False


def _opened(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | _OPEN, 0o666)
    except PermissionError:
        return os.open(path, os.O_RDONLY | _OPEN)  # another user's, which can be locked all the same


def note_at(path: str) -> Note | None:
    """What the holder of the lock of this file wrote, or somebody who died.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | _OPEN)
    try:
        return _note(descriptor)
    finally:
        os.close(descriptor)


def _note(descriptor: int) -> Note | None:
    return read_note(os.pread(descriptor, LARGEST, 0))


@contextmanager
def _alone(folder: str) -> Generator[bool]:
    """A block that one process of the host is in at a time; whether it is this one."""
    with _gate:
        descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)


def _close_inherited() -> None:
    for descriptor in _locked:
        with suppress(OSError):
            os.close(descriptor)
    _locked.clear()
    _gate.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_gate.acquire, after_in_parent=_gate.release, after_in_child=_close_inherited)
