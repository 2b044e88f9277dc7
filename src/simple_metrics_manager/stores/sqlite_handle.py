"""One open database file: statements, transactions, and the texts that many of its blobs share.

A handle is let go of in two ways. It is *closed* when it has met an error or its thread ends. It is *abandoned*, kept
as it is until the process ends, when it came through a fork, or when its file has been deleted or replaced: closing it
would tidy up files of that name (the log, the locks) which are others' by now.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from hashlib import blake2b

from simple_metrics_manager.stores.sqlite_binding import PATIENCE, Binding, Connection, Cursor, Value

UNKNOWN = -1
"""The number of texts that have none yet, as far as this handle knows."""

_REMEMBERED = 1024
_LONGEST_CHAIN = 8
_INTERN = (
    "INSERT INTO shared(digest, text, next) VALUES(?, ?, ?) ON CONFLICT(digest) DO UPDATE SET"
    " text=excluded.text, next=excluded.next WHERE text<>excluded.text OR next IS NOT excluded.next"
)


class RefusedError(Exception):
    """A database must not be used, here or now; ``args[0]`` says why, and what to do."""


class Handle:
    """An open database.

    ``execute`` runs a statement; what it gives is to be fetched before the next one is run. ``identity`` tells the
    file from any other that may come to have its name; ``checked`` is when that was last done, by ``time.monotonic``.
    ``turn`` is entered by one writer of this process at a time: those who wait for SQLite sleep up to 0.1 seconds.
    """

    __slots__ = (
        *("__weakref__", "_abandoned", "_numbers", "_process", "_safe", "_texts", "_turn"),
        *("checked", "connection", "execute", "identity", "kind"),
    )

    def __init__(
        self, kind: Binding, connection: Connection, identity: tuple[int, int], turn: AbstractContextManager[object]
    ) -> None:
        self._abandoned = False
        self._process = os.getpid()
        self._safe = kind.keeps_log
        self._numbers: dict[tuple[bytes, ...], int | None] = {(): None}
        self._texts: dict[object, bytes] = {}
        self.kind = kind
        self.connection = connection
        self.execute: Callable[..., Cursor] = connection.cursor().execute
        self.identity = identity
        self.checked: float = 0.0
        self._turn = turn
        _all.add(self)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, unless it is abandoned, or a forked child inherited it.

        Python destroys what other threads had of their own before it runs what is registered for a fork, while
        one of those may have held a lock of SQLite's.
        """
        if self._process != os.getpid():
            self.abandon()
        if not self._abandoned:
            try:  # noqa: SIM105  # when the interpreter ends, contextlib may be gone before this
                self.connection.close()
            except self.kind.error:
                pass

    def abandon(self) -> None:
        """Keep the connection from ever being closed, be it by the garbage collector or at the end of the process."""
        if not self._abandoned:
            self._abandoned = True
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.connection))

    # -------------------------------------------------------------------------------------------------- statements
    def value(self, sql: str, *values: Value) -> object:
        """The first value that a statement gives; None if it gives nothing."""
        rows = self.execute(sql, values).fetchall()
        return rows[0][0] if rows else None

    def change(self, sql: str, values: Sequence[Value]) -> int:
        """Run a statement as a transaction of its own; how many rows it changed."""
        if self._safe:
            with self._turn:
                return self.kind.changes(self.connection, self.execute(sql, values))
        with self.transaction():
            return self.within(sql, values)

    def within(self, sql: str, values: Sequence[Value]) -> int:
        """Run a statement inside a transaction; how many rows it changed."""
        return self.kind.changes(self.connection, self.execute(sql, values))

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """A block of statements of which all are done or none.

        Raises:
            RefusedError: somebody has begun to keep a log here, which this library must not write to.
        """
        with self._turn:
            self.execute("BEGIN IMMEDIATE")
            try:
                if not self._safe and self.has_log():
                    raise RefusedError(self._unsafe())
                yield
                self.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(self.kind.error):
                    self.execute("ROLLBACK")
                raise

    # --------------------------------------------------------------------------------------------------------- log
    def has_log(self) -> bool:
        """Whether the database is one with a write-ahead log."""
        return self.value("PRAGMA journal_mode") == "wal"

    def make_safe(self) -> None:
        """See to it that this library may write: where there is a log that it could not keep, it is given up.

        Raises:
            RefusedError: it cannot be given up, since others have the database open.
        """
        if self._safe or not self.has_log():
            return
        self.value("PRAGMA busy_timeout=0")
        with contextlib.suppress(self.kind.error):
            self.value("PRAGMA journal_mode=TRUNCATE")
        self.value(f"PRAGMA busy_timeout={PATIENCE * 1000:.0f}")
        if self.has_log():
            raise RefusedError(self._unsafe())

    def _unsafe(self) -> str:
        return (
            f"others have it open with a write-ahead log, which {self.kind.library} of this Python can damage when"
            " several write at once (sqlite.org/wal.html#walresetbug); pip install 'simple-metrics-manager[sqlite]'"
            " brings one that does not"
        )

    # ------------------------------------------------------------------------------------------------ shared texts
    def number(self, pieces: tuple[bytes, ...]) -> int | None:
        """The number of these texts in the table of shared ones, None if there are none, or ``UNKNOWN``."""
        return self._numbers.get(pieces, UNKNOWN)

    def intern(self, pieces: tuple[bytes, ...]) -> int | None:
        """Put them there, inside a transaction; their number. A text that has been damaged there is mended."""
        number: int | None = None
        for text in reversed(pieces):
            digest = blake2b(f"{number}:".encode() + text, digest_size=16).digest()
            self.execute(_INTERN, (digest, text, number))
            found = self.value("SELECT id FROM shared WHERE digest=?", digest)
            number = found if isinstance(found, int) else None
        return number

    def remember(self, pieces: tuple[bytes, ...], number: int | None) -> None:
        """That this is their number; the transaction must have been committed."""
        if len(self._numbers) >= _REMEMBERED:
            self._numbers = {(): None}
        self._numbers[pieces] = number

    def text(self, number: object) -> bytes:
        """The shared texts of this number, one after the other.

        Raises:
            ValueError: there are none.
        """
        known = self._texts.get(number)
        if known is None:
            known = self._chain(number)
            if len(self._texts) >= _REMEMBERED:
                self._texts.clear()
            self._texts[number] = known
        return known

    def _chain(self, number: object) -> bytes:
        parts: list[bytes] = []
        following = number
        while following is not None and len(parts) < _LONGEST_CHAIN:
            rows = self.execute("SELECT text, next FROM shared WHERE id=?", (following,)).fetchall()
            text = rows[0][0] if rows else None
            if not isinstance(text, bytes):
                raise ValueError(f"part {following!r} of what it shares with others is missing")
            parts.append(text)
            following = rows[0][1]
        return b"".join(parts)


_all: weakref.WeakSet[Handle] = weakref.WeakSet()


def abandon_all() -> None:
    """What a child does with the databases that its parent had open."""
    for handle in list(_all):
        handle.abandon()
    _all.clear()
