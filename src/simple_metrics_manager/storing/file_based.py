"""``FileBasedStorageInterface``: the base of storages of one's own that keep each value in a file, as in 0.5.0."""

from __future__ import annotations

import os
import re
import secrets
from abc import abstractmethod

from simple_metrics_manager.stores.file_names import to_file_name
from simple_metrics_manager.storing.file_storages import JsonStorageInterface, NpyStorageInterface, NpzStorageInterface
from simple_metrics_manager.storing.storage import StorageInterface

_LITERAL = re.compile(r"(?!\.)[^/\\%:\0]+")
"""Names that lead out of no directory, and are none that :func:`to_file_name` makes of others."""


class FileBasedStorageInterface(StorageInterface):
    """One file per name, for storages of one's own: subclasses write ``_load(filepath)`` and ``_save(filepath, data)``.

    A value is saved to a temporary file beside its place, which is then renamed: old or new, never between.
    """

    file_ext: str
    metrics_dir: str | os.PathLike[str]

    def __init__(self, file_ext: str, metrics_dir: str | os.PathLike[str]) -> None:
        super().__init__()
        self.file_ext = file_ext
        self.metrics_dir = metrics_dir

    def _get_filepath(self, name: str) -> str:
        """The file of this name. Names stand there as 0.5.0 wrote them, unless they would lead elsewhere."""
        file = name if _LITERAL.fullmatch(name) else to_file_name(name)
        return os.path.join(self.metrics_dir, file + self.file_ext)

    def exists(self, name: str) -> bool:
        return os.path.exists(self._get_filepath(name))

    @abstractmethod
    def _load(self, filepath: str) -> object: ...

    @abstractmethod
    def _save(self, filepath: str, data: object) -> object: ...

    def load(self, name: str) -> object:
        return self._load(self._get_filepath(name))

    def save(self, name: str, data: object) -> object:
        filepath = self._get_filepath(name)
        folder, file = os.path.split(filepath)
        temporary = os.path.join(folder, f".{secrets.token_hex(8)}.tmp{os.path.splitext(file)[1]}")
        os.makedirs(folder or os.curdir, exist_ok=True)
        try:
            self._save(temporary, data)
            _sync(temporary)
            os.replace(temporary, filepath)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        return None


def _sync(path: str) -> None:
    """Without this, a power cut after the renaming could leave an empty file in place of the old value."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


for _ours in (NpzStorageInterface, NpyStorageInterface, JsonStorageInterface):
    FileBasedStorageInterface.register(_ours)  # they are, but write their files through a store and a format
