"""Storages as users of 0.5.0 wrote them: three methods, over whatever they liked."""

from __future__ import annotations

import pickle
from pathlib import Path

from simple_metrics_manager import FileBasedStorageInterface, StorageInterface


class DuckStorage:
    """Three methods and no base class; values are pickled, so that each one comes back as another object."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def exists(self, name: str) -> bool:
        return name in self.kept

    def save(self, name: str, data: object) -> None:
        self.kept[name] = pickle.dumps(data)

    def load(self, name: str) -> object:
        return pickle.loads(self.kept[name])


class DerivedStorage(StorageInterface):
    """A subclass of ``StorageInterface`` that calls its ``__init__``, as 0.5.0's own did."""

    def __init__(self, metrics_dir: Path) -> None:
        self.metrics_dir = metrics_dir
        StorageInterface.__init__(self)

    def exists(self, name: str) -> bool:
        return (self.metrics_dir / f"{name}.pickle").exists()

    def save(self, name: str, data: object) -> None:
        (self.metrics_dir / f"{name}.pickle").write_bytes(pickle.dumps(data))

    def load(self, name: str) -> object:
        return pickle.loads((self.metrics_dir / f"{name}.pickle").read_bytes())


class PickleStorage(FileBasedStorageInterface):
    """The pickle storage that 0.5.0's documentation says one could easily add."""

    def __init__(self, metrics_dir: str | Path) -> None:
        FileBasedStorageInterface.__init__(self, file_ext=".pickle", metrics_dir=metrics_dir)

    def _load(self, filepath: str) -> object:
        with open(filepath, "rb") as file:
            return pickle.load(file)

    def _save(self, filepath: str, data: object) -> None:
        with open(filepath, "wb") as file:
            pickle.dump(data, file)
