"""Each binding of SQLite in turn."""

from __future__ import annotations

import importlib.util
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from simple_metrics_manager.stores import sqlite_binding, sqlite_connection
from simple_metrics_manager.stores.sqlite_binding import Name

NAMES: Final[tuple[Name, ...]] = ("apsw", "sqlite3") if importlib.util.find_spec("apsw") else ("sqlite3",)
"""Those that are installed."""


@contextmanager
def using(name: Name) -> Generator[Name]:
    """In this block, databases are opened with this binding."""
    sqlite_connection.close_all()
    sqlite_binding.use(name)
    try:
        yield name
    finally:
        sqlite_connection.close_all()
        sqlite_binding.use(None)
