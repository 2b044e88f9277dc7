"""Blobs that are too large for a row: files in a folder beside the database, each under a random name of its own.

The row with the name is what makes a file count. The file is whole and, unless durability is ``cache``, on the disk
before the row is committed; the file of a row that is no more is removed after that. Whoever holds the write lock of
the database and finds a file that no row names can be sure that it is nobody's.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable

from simple_metrics_manager.errors import InTheWayError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.durability import sync_directory
from simple_metrics_manager.stores.files import NotAFileError, read_file, write_new_file
from simple_metrics_manager.stores.leftovers import remove_leftovers, temporary_name

_TOKEN = re.compile(r"[0-9a-f]{32}")

_swept: set[tuple[int, str]] = set()
"""Process and database of every store that has looked for leftovers: a forked child looks anew."""


def is_due(database: str) -> bool:
    """Whether this process has not yet looked for what dead writers left beside this database."""
    key = (os.getpid(), database)
    if key in _swept:
        return False
    _swept.add(key)
    return True


class LargeFiles:
    """The folder ``<database>.large``."""

    def __init__(self, database: str, *, sync: bool) -> None:
        self.folder: str = f"{database}.large"
        self._sync = sync

    def path(self, token: object) -> str:
        """Where the file of this name is.

        Raises:
            ValueError: this is no name that we would have given, and may lead anywhere.
        """
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ValueError(f"it names a file {str(token)[:80]!r}, as we never do")
        return os.path.join(self.folder, token)

    def read(self, token: object) -> memoryview:
        """The file, read or mapped.

        Raises:
            ValueError: as :meth:`path`.
            FileNotFoundError: it is not there.
            InTheWayError: what is there is no file.
        """
        path = self.path(token)
        try:
            return read_file(path)
        except NotAFileError as error:
            raise InTheWayError(path, str(error)) from None

    def write(self, pieces: Iterable[Buffer]) -> str:
        """A new file, under a name that does not count yet; its path."""
        temporary = temporary_name(os.path.join(self.folder, secrets.token_hex(16)))
        if not os.path.isdir(self.folder):
            os.makedirs(self.folder, exist_ok=True)
            if self._sync:
                sync_directory(os.path.dirname(self.folder))
        try:
            write_new_file(temporary, pieces, sync=self._sync)
        except BaseException:
            self.drop(temporary)
            raise
        return temporary

    def keep(self, temporary: str) -> str:
        """Give it the name under which a row will find it; that name."""
        token = secrets.token_hex(16)
        os.rename(temporary, os.path.join(self.folder, token))
        if self._sync:
            sync_directory(self.folder)
        return token

    def remove(self, token: object) -> None:
        """Remove the file of a row that is no more; who reads it has it still."""
        with contextlib.suppress(ValueError):
            self.drop(self.path(token))

    def drop(self, path: str) -> None:
        """Remove a file if that can be done."""
        with contextlib.suppress(OSError):
            os.unlink(path)

    def sweep(self, used: Iterable[object]) -> int:
        """Remove what dead writers left: files that no row names, by one who holds the write lock; how many."""
        names = set(used)
        removed = remove_leftovers(self.folder)
        with contextlib.suppress(OSError):
            for name in os.listdir(self.folder):
                if _TOKEN.fullmatch(name) and name not in names:
                    self.drop(os.path.join(self.folder, name))
                    removed += 1
        return removed
