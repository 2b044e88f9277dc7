"""SQLite through one of two bindings: apsw, which carries a current SQLite with it, or the standard library's.

Which one it is matters for safety. With a write-ahead log (WAL), SQLite 3.7.0 to 3.51.2 can damage a database on which
two connections write or checkpoint at the same moment (https://sqlite.org/wal.html#walresetbug), and Python comes with
whatever SQLite the system has. A log is therefore kept only by a library that has the repair; any other keeps a
rollback journal, which is several times slower.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, cast

import attrs

Value: TypeAlias = "str | bytes | memoryview | int | float | None"
Row: TypeAlias = tuple[object, ...]
Name: TypeAlias = Literal["apsw", "sqlite3"]
Mode: TypeAlias = Literal["rw", "rwc", "ro&immutable=1"]
"""How a database is opened: one that is there; one that is made if need be; one that nobody writes to meanwhile."""

PATIENCE = 60.0
"""Seconds to wait for others who write, before a save is given up."""

BUSY, CORRUPT, CONSTRAINT, NOT_A_DATABASE = 5, 11, 19, 26
"""Result codes of SQLite that are told apart here."""

_REPAIRED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))
"""The first releases without the bug, on their branches; all that came after the last one are without it too."""


class Cursor(Protocol):
    """Runs one statement at a time, and has what that gave."""

    def execute(self, sql: str, values: Sequence[Value] = ..., /) -> Cursor: ...
    def fetchall(self) -> Sequence[Row]: ...


class Connection(Protocol):
    """An open database, as both bindings have it; outside a transaction each statement is one of its own."""

    def cursor(self) -> Cursor: ...
    def close(self) -> None: ...


@attrs.frozen
class Binding:
    """One way to SQLite.

    ``connect(path, mode)`` opens a file; ``changes`` counts the rows that a statement changed; ``code`` is SQLite's
    result code in an ``error``, or 0.
    """

    name: Name
    version: tuple[int, ...]
    error: type[Exception]
    connect: Callable[[str, Mode], Connection]
    changes: Callable[[Connection, Cursor], int]
    code: Callable[[Exception], int]

    @property
    def keeps_log(self) -> bool:
        """Whether it may write where there is a write-ahead log."""
        return is_repaired(self.version)

    @property
    def library(self) -> str:
        """What messages call it."""
        return f"SQLite {'.'.join(map(str, self.version))}"


def is_repaired(version: tuple[int, ...]) -> bool:
    """Whether this release of SQLite resets a write-ahead log as it should."""
    return version >= _REPAIRED[-1] or any(version[:2] == first[:2] and version >= first for first in _REPAIRED)


_chosen: list[Binding] = []


def binding() -> Binding:
    """The one that this process uses: apsw if it is there and current, else the standard library's.

    It stays the same: two copies of SQLite in one process undo each other's locks on a file.
    """
    if not _chosen:
        found = [make for make in (_apsw(), _sqlite3()) if make is not None]
        _chosen.append(next((each for each in found if each.keeps_log), found[-1]))
    return _chosen[0]


def use(name: Name | None) -> None:
    """Choose a binding, before the first database is opened; None stands for the best one.

    Raises:
        LookupError: it is not installed.
    """
    _chosen.clear()
    if name is not None:
        found = _apsw() if name == "apsw" else _sqlite3()
        if found is None:
            raise LookupError(name)
        _chosen.append(found)


def _uri(path: str, mode: Mode) -> str:
    return f"{Path(path).as_uri()}?mode={mode}"


@functools.cache
def _apsw() -> Binding | None:
    try:
        import apsw  # noqa: PLC0415  # the extra "sqlite", wanted by those who keep metrics in a database
    except ImportError:
        return None

    def connect(path: str, mode: Mode) -> Connection:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        opened = apsw.Connection(_uri(path, mode), flags)
        opened.set_busy_timeout(int(PATIENCE * 1000))
        return cast("Connection", opened)

    def changes(connection: Connection, cursor: Cursor) -> int:
        return cast("apsw.Connection", connection).changes()

    version = tuple(map(int, apsw.sqlite_lib_version().split(".")))
    return Binding("apsw", version, apsw.Error, connect, changes, lambda error: getattr(error, "result", 0) & 0xFF)


def _sqlite3() -> Binding:
    def connect(path: str, mode: Mode) -> Connection:
        opened = sqlite3.connect(
            _uri(path, mode), timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=True
        )
        return cast("Connection", opened)

    def changes(connection: Connection, cursor: Cursor) -> int:
        return cast("sqlite3.Cursor", cursor).rowcount

    def code(error: Exception) -> int:
        return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF

    return Binding("sqlite3", sqlite3.sqlite_version_info, sqlite3.Error, connect, changes, code)
