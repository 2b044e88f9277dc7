"""Which storage a path means, or the table of a storage in ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import attrs

from simple_metrics_manager.errors import ConfigError
from simple_metrics_manager.storing.config import read_storage, storage_from_config
from simple_metrics_manager.storing.file_storages import NpzStorageInterface
from simple_metrics_manager.storing.object_storage import ObjectStorageInterface
from simple_metrics_manager.storing.sqlite_storage import SqliteStorageInterface
from simple_metrics_manager.storing.storage import Storage

_DATABASES = (".sqlite", ".sqlite3", ".db")


def storage_at(place: object, base: Path, present: Storage | None) -> Storage:
    """The storage that is meant: that of a configuration file, a bucket, a database, or a folder.

    A folder is used as the manager uses its present one, in the same format; a new one has npz files.

    Raises:
        ConfigError: it is none of these: a file where a folder should be, or a configuration that is not there.
    """
    if isinstance(place, Mapping):
        return storage_from_config(cast("Mapping[str, object]", place))
    if not isinstance(place, str):
        raise ConfigError((f"store is a path or the table of a storage, not {place!r}",))
    if "://" in place:
        try:
            return ObjectStorageInterface(place)
        except ValueError as error:
            raise ConfigError((str(error),)) from None
    path = base / Path(place).expanduser()
    if path.suffix in (".toml", ".json"):
        if not path.is_file():
            raise ConfigError((f"there is no file {place}, which should describe the storage",))
        return read_storage(path)
    if path.suffix in _DATABASES:
        return SqliteStorageInterface(path)
    if path.exists() and not path.is_dir():
        known = ", ".join(_DATABASES)
        raise ConfigError((f"{place} is a file: a store is a folder, a database ({known}), or a .toml or .json file",))
    if present is not None and hasattr(present, "metrics_dir") and attrs.has(type(present)):
        return attrs.evolve(present, metrics_dir=path)  # type: ignore[misc]  # it is an attrs class
    return NpzStorageInterface(path)


def shown_place(storage: object) -> str:
    """A storage in a few characters: its folder or its file, as it was given."""
    for name in ("metrics_dir", "path", "url"):
        found: object = getattr(storage, name, None)
        if isinstance(found, str | Path):
            return _short(str(found))
    return "in memory only" if storage is None else repr(storage)


def _short(text: str) -> str:
    home = str(Path.home())
    here = str(Path.cwd())
    if text.startswith(here + "/"):
        return text[len(here) + 1 :]
    return f"~{text[len(home) :]}" if text.startswith(home + "/") else text
