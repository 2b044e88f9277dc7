"""Writes that are made durable together: each is visible at once, and all are flushed when their block ends.

Inside a block, a file under a new name is not flushed when it is written: a power cut may leave it empty or damaged,
which its checksum tells, and nothing else is lost. A file that replaces another one is flushed before it does. The
block belongs to the context that opened it, and to one directory: other threads, other directories, and children of
this process write as ever.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Generator, Mapping
from contextvars import ContextVar
from threading import Lock
from types import MappingProxyType

from simple_metrics_manager.errors import SaveError
from simple_metrics_manager.stores.durability import open_directory, sync_all, sync_directory, sync_file

_PAUSE = 1.0
"""Seconds between two flushes. What is not yet flushed took less than that to be computed and written."""

_NAMED = 3


class Group:
    """What was written to one directory and is not yet durable."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process = os.getpid()
        self._noting = Lock()
        self._flushing = Lock()
        self._blocks = 0
        self._descriptor: int | None = None
        self._names: dict[str, str] = {}
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._size = 0
        self._flushed = time.monotonic()
        self._failed: dict[str, str] = {}
        self._cause: OSError | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it was opened in this process, and not in one that this one was forked from."""
        return self._process == os.getpid()

    def prepare(self) -> None:
        """Before a file is written: from now on, the system tells of failures to write it later."""
        if self._descriptor is None:
            self._open()

    def _open(self) -> None:
        with self._noting:
            if self._descriptor is None and self._blocks:
                self._descriptor = open_directory(self._folder)

    def note(self, folder: str, path: str, name: str, size: int | None = None) -> None:
        """What is called ``name`` has changed in ``folder``; with ``size``, its file, which was not flushed.

        Without a name, it is a folder that others will lie in.

        Raises:
            OSError: the block has ended meanwhile, and the change could not be flushed.
        """
        with self._noting:
            ended = not self._blocks
            if not ended:
                if name:
                    self._names[path] = name
                self._folders.add(folder)
                if size is not None:
                    self._files.add(path)
                    self._size += size
        if ended:
            if size is not None:
                sync_file(path)
            sync_directory(folder)
        elif time.monotonic() - self._flushed >= _PAUSE:
            self.flush()

    def moved(self, old: str, new: str) -> None:
        """A file has another path now."""
        with self._noting:
            if old in self._files:
                self._files.remove(old)
                self._files.add(new)

    def flush(self) -> None:
        """Make durable what was noted so far; what could not be is told when the block ends."""
        with self._flushing:
            with self._noting:
                names, files, folders, size = self._names, self._files, self._folders, self._size
                self._names, self._files, self._folders, self._size = {}, set(), set(), 0
            try:
                if folders:
                    sync_all(sorted(files), sorted(folders), size, self._descriptor)
            except OSError as error:
                self._failed |= names
                self._cause = error
            self._flushed = time.monotonic()

    def enter(self) -> None:
        """One more block."""
        with self._noting:
            self._blocks += 1

    def leave(self) -> SaveError | None:
        """The end of a block: all is flushed; what could not be, if anything."""
        if not self.is_ours:
            return None  # a child of the process that opened it; another thread may have held a lock at the fork
        try:
            self.flush()
        finally:
            with self._noting:
                self._blocks -= 1
                ended = not self._blocks
            if ended:
                self._end()
        return self._failure()

    def _end(self) -> None:
        """Nothing is noted any more; what another task of this context noted meanwhile is flushed, too."""
        self.flush()
        with self._flushing:
            descriptor, self._descriptor = self._descriptor, None
            if descriptor is not None:
                with contextlib.suppress(OSError):  # it was only read
                    os.close(descriptor)

    def _failure(self) -> SaveError | None:
        cause, failed = self._cause, self._failed
        self._cause, self._failed = None, {}
        if cause is None:
            return None
        names = sorted(failed.values())
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        error = SaveError(", ".join(names[:_NAMED]) + more, self._folder, cause.strerror or str(cause), replaced=True)
        error.__cause__ = cause
        return error


_groups: ContextVar[Mapping[str, Group]] = ContextVar("groups", default=MappingProxyType({}))


def group_of(folder: str) -> Group | None:
    """The group of this directory that a write in this context belongs to."""
    group = _groups.get().get(folder)
    return group if group is not None and group.is_ours else None


@contextlib.contextmanager
def grouped_writes(folder: str) -> Generator[None]:
    """A block whose writes to this directory, which ends with a separator, are made durable together, at its end.

    An inner block makes durable at its own end what was written so far. Where the block ends with an error, what was
    written is made durable all the same; if that fails, the error has a note of it.

    Raises:
        SaveError: not everything could be made durable.
    """
    group = group_of(folder) or Group(folder)
    token = _groups.set({**_groups.get(), folder: group})
    group.enter()
    try:
        yield
    except BaseException as error:
        failure = group.leave()
        if failure is not None:
            error.add_note(str(failure))
        raise
    else:
        failure = group.leave()
        if failure is not None:
            raise failure
    finally:
        _groups.reset(token)
