"""Which file of a directory a name means: all beside one another, or spread over 256 folders.

Nothing is created or changed here; who looks for what is asked in this place only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import zlib
from collections.abc import Iterator

import attrs

from simple_metrics_manager.stores.file_names import from_file_name, is_component, to_file_name

_SHARD = re.compile(r"[0-9a-f]{2}")


@attrs.frozen
class Layout:
    """Files ``<name><extension>`` in ``folder``, which ends with a separator.

    ``sharded``: new ones lie in 256 folders ``00`` to ``ff`` in it, by the checksum of their name, so that each
    folder stays small. What lies in ``folder`` itself, since it was written before there were folders or is written
    by somebody who knows of none, stays there, is found there, and is replaced there: it comes first.
    """

    folder: str
    extension: str
    sharded: bool

    def file(self, name: str) -> str:
        """Where a write puts it."""
        stem = to_file_name(name)
        flat = f"{self.folder}{stem}{self.extension}"
        if not self.sharded or is_there(flat):
            return flat
        return f"{self.folder}{shard_of(stem)}{os.sep}{stem}{self.extension}"

    def present(self, name: str) -> str:
        """The file of this name that is there, or would be: 0.5.0 wrote names as they were, blanks and brackets too."""
        path = self.file(name)
        if to_file_name(name) == name or not is_component(name) or is_there(path):
            return path
        if from_file_name(name) is not None:  # that file is another name's: the one of " " is called %20
            return path
        raw = f"{self.folder}{name}{self.extension}"
        return raw if os.path.lexists(raw) else path  # which may not be sayable to the system

    def hidden(self, name: str, path: str) -> str | None:
        """An older file of this name that ``path`` hides: there are two if who knows of no folders wrote one since."""
        if not self.sharded:
            return None
        stem = to_file_name(name)
        file = f"{self.folder}{shard_of(stem)}{os.sep}{stem}{self.extension}"
        return file if file != path and is_there(file) else None

    def check(self, path: str) -> str:
        """The path, if it does not lead through a link that somebody put in the place of one of the 256 folders.

        Raises:
            OSError: it does.
        """
        if self.sharded:
            folder = path[: path.rfind(os.sep)]
            if len(folder) > len(self.folder) and os.path.islink(folder):
                raise OSError(errno.ELOOP, f"{folder} is a symbolic link, not a folder", path)
        return path

    def folders(self) -> Iterator[str]:
        """The folders that are there and may hold files."""
        yield self.folder
        if self.sharded:
            for entry in _entries(self.folder):
                if _SHARD.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    yield f"{entry.path}{os.sep}"

    def names(self) -> set[str]:
        """The names of all files that a write could have made, here or in 0.5.0."""
        found: set[str | None] = set()
        for folder in self.folders():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                found.update(map(self._name_of, os.listdir(folder)))
        return {name for name in found if name is not None}

    def entries(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """These names, each with its file; a name that has two comes twice."""
        for folder in self.folders():
            for entry in _entries(folder):
                name = self._name_of(entry.name)
                if name is not None:
                    yield name, entry

    def _name_of(self, file: str) -> str | None:
        if not file.endswith(self.extension) or file.startswith("."):
            return None
        stem = file[: len(file) - len(self.extension)]
        name = from_file_name(stem)
        return stem if name is None and to_file_name(stem) != stem and is_component(stem) else name


if os.access in os.supports_follow_symlinks:

    def is_there(path: str) -> bool:
        """Whether there is something at ``path``; a link counts by itself. Half the time of ``os.path.lexists``."""
        return os.access(path, os.F_OK, follow_symlinks=False)

else:
    is_there = os.path.lexists


def shard_of(stem: str) -> str:
    """The folder for a file: two hexadecimal digits of the CRC-32 of its name without extension."""
    return f"{zlib.crc32(stem.encode('ascii')) & 0xFF:02x}"


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
