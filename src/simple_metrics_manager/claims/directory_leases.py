"""Claims by ``mkdir`` and ``rename``, for hosts that share a file system.

These two calls are exclusive where others were not: of two hosts, each with its own cache of one network file
system, both may create a file exclusively, link, or lock it. A lease is a directory with a note in it. Whoever takes
a dead one over renames it to a name of its own, a grave, which only one can do, looks whether it is what it took
for dead, and only then makes the directory anew.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import attrs

from simple_metrics_manager.claims.base import Attempt, Claim, Owner
from simple_metrics_manager.claims.beats import Beats
from simple_metrics_manager.claims.folders import as_text, is_folder, make_folder
from simple_metrics_manager.claims.leases import Lease, Watch, process_is_gone
from simple_metrics_manager.claims.notes import LARGEST, Note, read_note
from simple_metrics_manager.claims.unclaimed import Telling
from simple_metrics_manager.stores.file_names import to_file_name

_NOTE = "note"
_NEXT_NOTE = "next"
_GRAVE = re.compile(r"\.grave-[0-9a-f]{16}")
_OLD = 86400.0
"""Seconds after which a lease that nobody waits for is swept up; that clocks differ by less is all that is assumed."""

_READ = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_ROUNDS = 3

_beats = Beats()
_swept: set[tuple[int, str]] = set()


@attrs.frozen
class DirectoryLeases:
    """Claims in ``folder``, which is made by the first one: directories ``<name><suffix>``.

    Whoever shows no sign of life for ``ttl`` seconds loses them.
    """

    folder: str = attrs.field(converter=as_text)
    ttl: float = 60.0
    suffix: str = ""
    telling: Telling = attrs.field(factory=Telling, init=False, eq=False, repr=False)

    @property
    def reach(self) -> Literal["host", "fleet"]:
        """All hosts that share the folder."""
        return "fleet"

    @property
    def pause(self) -> float:
        """A quarter of a second: to look is a request to a file server."""
        return 0.25

    def attempt(self, name: str) -> Attempt:
        """Tries for what has this name."""
        return _Attempt(self, name)


class _Attempt:
    def __init__(self, leases: DirectoryLeases, name: str) -> None:
        self._leases = leases
        self._name = name
        self._path = os.path.join(leases.folder, to_file_name(name) + leases.suffix)
        self._lease: _Directory | None = None
        self._watch = Watch(leases.ttl)

    def take(self) -> Claim | None:
        """The claim; None if somebody else holds it."""
        try:
            _prepare(self._leases)
            for _ in range(_ROUNDS):
                # kept before it is there: whoever is interrupted then can release it
                self._lease = _Directory(self._name, self._path, self._leases.ttl)
                if self._lease.make():
                    return self._lease
                self._lease = None
                if not self._take_over():
                    break
        except OSError as error:
            self.end()
            return self._leases.telling.unclaimed(self._name, error)
        return None

    def _take_over(self) -> bool:
        """Bury the lease that is there if its holder is dead; whether it was so."""
        text = _read(self._path)
        note = read_note(text)
        if self._watch.is_new(text) and not process_is_gone(note):
            return False
        return self._watch.is_dead(note) and _bury(self._path, lambda found: found == text)

    def end(self) -> None:
        """Release what was taken."""
        if self._lease is not None:
            self._lease.release()
            self._lease = None

    def owner(self) -> Owner | None:
        """Who holds it."""
        note = read_note(_read(self._path))
        return None if note is None or process_is_gone(note) else note.owner


class _Directory(Lease):
    def __init__(self, name: str, path: str, ttl: float) -> None:
        super().__init__(name, ttl, _beats)
        self._path = path
        self._made = False

    def make(self) -> bool:
        """Make the directory, unless it is there; whether it was made."""
        self._made = True  # before it is: an interrupt comes after a call, before what it returns can be noted
        try:
            os.mkdir(self._path)
        except FileExistsError:
            self._made, self._ended = False, True
            return False
        self._write(self._note)
        self.begin()
        return True

    def _write(self, note: Note) -> None:
        path = os.path.join(self._path, _NEXT_NOTE)
        with open(path, "wb") as file:
            file.write(note.written())
        os.replace(path, os.path.join(self._path, _NOTE))

    def _is_ours(self) -> bool:
        return self._wrote(_read(self._path))

    def _wrote(self, text: bytes) -> bool:
        note = read_note(text)
        return note is not None and note.owner.token == self.token

    def _show(self, note: Note) -> bool:
        if not self._is_ours():
            return False
        self._write(note)
        return True

    def _remove(self) -> None:
        if self._begun and self._is_ours():
            _bury(self._path, self._wrote)
        elif self._made and not self._begun:  # there was no room for a note, or an interrupt came before it
            _bury(self._path, lambda text: not text or self._wrote(text))


def _prepare(leases: DirectoryLeases) -> None:
    """See to it that the folder is there; the first time in this process, remove what is left of the dead."""
    there = is_folder(leases.folder)
    key = (os.getpid(), leases.folder)
    if there and key in _swept:
        return
    if not there:
        make_folder(leases.folder)
    _swept.add(key)
    with suppress(OSError), os.scandir(leases.folder) as entries:
        for entry in entries:
            with suppress(OSError):
                _sweep(entry, max(_OLD, 10 * leases.ttl))


def _sweep(entry: os.DirEntry[str], old: float) -> None:
    """Remove a grave, or a lease whose holder is dead although nobody waits for it."""
    grave = _GRAVE.fullmatch(entry.name)
    text = _read(entry.path)
    forgotten = time.time() - entry.stat(follow_symlinks=False).st_mtime > old
    if grave and (forgotten or process_is_gone(read_note(text))):
        _clear(entry.path)
    elif not grave and (forgotten or process_is_gone(read_note(text))):
        _bury(entry.path, lambda found: found == text)


def _read(path: str) -> bytes:
    """The note in a directory, through a fresh opening, which is what makes a network file system look; empty if there
    is none, as in a directory whose maker died before it wrote one.

    Raises:
        OSError: whether there is one cannot be told.
    """
    try:
        descriptor = os.open(os.path.join(path, _NOTE), _READ)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    try:
        return os.read(descriptor, LARGEST)
    finally:
        os.close(descriptor)


def _bury(path: str, expected: Callable[[bytes], bool]) -> bool:
    """Take a lease out of the way, and remove it, if its note is as expected; whether that was so.

    Between the look that told so and the renaming it may have been renewed, or released and taken anew: then it is
    put back, unless there is yet another one by now.
    """
    grave = os.path.join(os.path.dirname(path), f".grave-{secrets.token_hex(8)}")
    try:
        os.rename(path, grave)
    except OSError:  # somebody else was faster; some file systems then say that this is an I/O error
        return False
    if not expected(_read(grave)):
        with suppress(OSError):
            os.rename(grave, path)
            return False
    _clear(grave)
    return True


def _clear(path: str) -> None:
    with suppress(OSError):
        if os.path.islink(path) or not os.path.isdir(path):
            os.unlink(path)
            return
        for file in (_NOTE, _NEXT_NOTE):
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(path, file))
        os.rmdir(path)
