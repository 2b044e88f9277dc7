"""Claims by ``flock``, for processes of one host: the system takes the lock from whoever dies, at once."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import Literal

import attrs

from simple_metrics_manager.claims.base import Attempt, Claim, Owner
from simple_metrics_manager.claims.folders import as_text, is_folder, make_folder
from simple_metrics_manager.claims.locked_files import LockedFile, note_at, remove_unlocked
from simple_metrics_manager.claims.processes import is_gone, stands_still, where_numbers_mean_this
from simple_metrics_manager.claims.unclaimed import Telling
from simple_metrics_manager.stores.file_names import to_file_name

_ROUNDS = 100
"""How often a file may be gone again by the time its lock is ours before that counts as held by others."""

_prepared: set[tuple[int, str]] = set()
"""Process and folder of all that have been used: a forked child looks anew."""


@attrs.frozen
class FileLocks:
    """Claims in ``folder``, which the first one makes: files ``<name>``, or, among other files, ``.<name><suffix>``.

    A holder that was stopped (Ctrl-Z, ``SIGSTOP``) for ``ttl`` seconds loses its claim to one who has waited that
    long; a holder that runs never does.
    """

    folder: str = attrs.field(converter=as_text)
    ttl: float = 60.0
    suffix: str = ""
    telling: Telling = attrs.field(factory=Telling, init=False, eq=False, repr=False)

    @property
    def reach(self) -> Literal["host", "fleet"]:
        """The processes of this host."""
        return "host"

    @property
    def pause(self) -> float:
        """A twentieth of a second: to look costs microseconds."""
        return 0.05

    def attempt(self, name: str) -> Attempt:
        """Tries for what has this name."""
        return _Attempt(self, name)

    def path(self, name: str) -> str:
        """The file that is locked."""
        file = to_file_name(name)
        return os.path.join(self.folder, f".{file}{self.suffix}" if self.suffix else file)


def file_locks(folder: str, ttl: float = 60.0, suffix: str = "") -> FileLocks | None:
    """Such claims; None on Windows, which has no such locks."""
    return None if sys.platform == "win32" else FileLocks(folder, ttl, suffix)


class _Attempt:
    def __init__(self, locks: FileLocks, name: str) -> None:
        self._locks = locks
        self._name = name
        self._path = locks.path(name)
        self._claim: LockedFile | None = None
        self._still: tuple[tuple[int, int], float] | None = None

    def take(self) -> Claim | None:
        """The claim; None if somebody else holds it."""
        try:
            return self._take()
        except OSError as error:
            self.end()
            return self._locks.telling.unclaimed(self._name, error)

    def _take(self) -> Claim | None:
        if not self._locks.suffix:
            _prepare(self._locks)
        for _ in range(_ROUNDS):
            lock = LockedFile(self._name, self._path, self._locks.ttl)
            self._claim = lock  # before it is locked: whoever is interrupted then can release it
            try:
                got = lock.lock()
            except FileNotFoundError:
                make_folder(self._locks.folder)
                got = lock.lock()
            if got and lock.mine():
                lock.sign()
                return lock
            held = not got and not self._take_over(lock)
            lock.forget()
            if held:
                break
        self._claim = None
        return None

    def _take_over(self, lock: LockedFile) -> bool:
        """Remove the file whose lock somebody holds who has stood still for too long; whether it was so."""
        note, now = lock.note(), time.monotonic()
        if note is None or note.space != where_numbers_mean_this() or not stands_still(note.owner.process):
            self._still = None
        elif self._still is None or self._still[0] != lock.file:
            self._still = (lock.file, now)
        elif now - self._still[1] >= self._locks.ttl:
            return lock.remove()
        return False

    def end(self) -> None:
        """Release what was taken."""
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def owner(self) -> Owner | None:
        """Who holds it."""
        with suppress(OSError):
            note = note_at(self._path)
            if note is not None and not (note.space == where_numbers_mean_this() and is_gone(note.owner.process)):
                return note.owner
        return None


def _prepare(locks: FileLocks) -> None:
    """In a folder that is ours alone, remove, the first time in this process, what those left who died."""
    key = (os.getpid(), locks.folder)
    if is_folder(locks.folder) and key not in _prepared:
        _prepared.add(key)
        for file in os.listdir(locks.folder):
            remove_unlocked(os.path.join(locks.folder, file))
