"""A directory that tells whether a file has been replaced, as one has to that is to have copies in front of it."""

from __future__ import annotations

import os
from typing import ClassVar

import attrs

from simple_metrics_manager import NpzStorageInterface
from simple_metrics_manager.stores import Directory, Store


@attrs.frozen
class TaggedDirectory(Directory):
    """Tells files apart by their number, time and size."""

    def tag(self, name: str) -> str | None:
        """Another one for each file."""
        try:
            status = os.lstat(self.describe(name))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"


@attrs.frozen
class TaggedStorage(NpzStorageInterface):
    """npz files in such a directory."""

    kind: ClassVar[str] = "tagged-npz"

    def _open(self, extension: str) -> Store:
        return TaggedDirectory(self.metrics_dir, extension, self.durability)
