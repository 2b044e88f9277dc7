"""Many small blobs in one SQLite database, for any number of threads and processes of one host at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import attrs

from simple_metrics_manager.errors import CorruptMetricError, NotStoredError, StorageError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.stores.durability import Durability
from simple_metrics_manager.stores.sqlite_binding import CONSTRAINT, Row, Value, binding
from simple_metrics_manager.stores.sqlite_connection import (
    Place,
    discard,
    grouped,
    reader,
    reader_of_late,
    settled,
    writer,
)
from simple_metrics_manager.stores.sqlite_files import LargeFiles, is_due
from simple_metrics_manager.stores.sqlite_handle import UNKNOWN, Handle, RefusedError
from simple_metrics_manager.stores.sqlite_rows import (
    divided,
    guard_of,
    key_of,
    listed,
    name_of,
    row,
    stamp_now,
    taken,
    unreadable,
    unsaved,
)
from simple_metrics_manager.stores.sqlite_tables import EXTENSIONS, FILES, Statements, statements

LARGE = 256 * 1024
"""Bytes above which a blob is better off in a file of its own."""


def _place(store: Sqlite) -> Place:
    return Place(os.path.abspath(store.path), store.durability)


def _sql(store: Sqlite) -> Statements:
    return statements(store.extension)


def _seed(store: Sqlite) -> int:
    return crc32(f"{store.extension}\0".encode())


@attrs.frozen
class Sqlite:
    """Rows of the database ``path``, which is made by the first write, under their names and ``extension``.

    Blobs of more than ``large`` bytes lie beside it, as files in the folder ``<path>.large``. With a current SQLite
    (the extra ``sqlite``) there is a write-ahead log, ``<path>-wal``, as long as somebody has the database open; who
    copies or moves the database does so when it is closed.

    ``durability`` says what a power cut may take: nothing that was written (``full``), or the latest writes, each of
    which is then as before (``atomic`` and ``cache``, which differ in large blobs: with ``cache`` they may be found
    damaged, and what was there before is gone). Without a log ``atomic`` is as durable, and as slow, as ``full``.

    A path on a network file system is refused: with ``StorageError``, or ``SaveError`` on writing.
    """

    path: Path = attrs.field(converter=Path)
    extension: str = attrs.field(default="", validator=attrs.validators.matches_re(r"(\.[A-Za-z0-9_]+)*"))
    durability: Durability = attrs.field(default="full", validator=attrs.validators.in_(get_args(Durability)))
    large: int = attrs.field(default=LARGE, validator=[attrs.validators.ge(0), attrs.validators.le(1 << 28)])

    _place: Place = attrs.field(init=False, eq=False, repr=False, default=attrs.Factory(_place, takes_self=True))
    _sql: Statements = attrs.field(init=False, eq=False, repr=False, default=attrs.Factory(_sql, takes_self=True))
    _seed: int = attrs.field(init=False, eq=False, repr=False, default=attrs.Factory(_seed, takes_self=True))

    @property
    def _files(self) -> LargeFiles:
        return LargeFiles(self._place.file, sync=self.durability != "cache")

    def describe(self, name: str) -> str:
        """The path of the database and the name."""
        return f"{self.path}, entry {name + self.extension!r}"

    # ----------------------------------------------------------------------------------------------------- reading
    def exists(self, name: str) -> bool:
        """Whether there is something under this name."""
        return bool(self._ask(self._sql.exists, key_of(name)))

    def read(self, name: str) -> memoryview:
        """The blob; a large one is read or mapped from its file.

        That somebody has deleted the database itself may be noticed a tenth of a second later, here but nowhere else.
        """
        try:
            handle = reader_of_late(self._place)
            rows = () if handle is None else handle.execute(self._sql.read, (key_of(name),)).fetchall()
            if handle is None or not rows:
                raise NotStoredError(name, str(self.path))
            blob, shared, guard = rows[0]
            if guard != guard_of(name, self._seed):
                raise CorruptMetricError(self.describe(name), "its row is that of another name")
            if type(blob) is not bytes:
                return self._read_file(name, blob)
            return memoryview(blob if shared is None else blob + handle.text(shared))
        except (binding().error, RefusedError, ValueError) as error:
            raise self._unreadable(error, self.describe(name)) from error

    def _read_file(self, name: str, token: object) -> memoryview:
        """The file of a row. If it is gone, the row has been replaced in the meantime, or the file is lost."""
        try:
            return self._files.read(token)
        except FileNotFoundError:
            rows = self._ask(self._sql.read, key_of(name))
            if rows and rows[0][0] == token:
                raise CorruptMetricError(
                    self.describe(name), f"its file {self._files.path(token)} is missing"
                ) from None
        return self.read(name)

    def tag(self, name: str) -> str | None:
        """The time of the last write under this name, with a random number behind."""
        rows = self._ask(self._sql.tag, key_of(name))
        return str(rows[0][0]) if rows else None

    def names(self) -> Iterator[str]:
        """The names under which something is stored, in order."""
        return iter(sorted(name_of(key) for (key,) in self._ask(self._sql.names)))

    def extensions(self) -> set[object]:
        """Those under which something is stored in this database."""
        return {extension for (extension,) in self._ask(EXTENSIONS)}

    def listing(self) -> Iterator[Listed]:
        """The names in order, each with the size of its blob and the time of writing; no blob is looked at."""
        rows = self._ask(self._sql.listing)
        try:
            return listed(rows)
        except (TypeError, ValueError) as error:
            raise CorruptMetricError(str(self.path), f"a row is not as it was written: {error}") from error

    def _ask(self, sql: str, *values: Value, find: Callable[[Place], Handle | None] = reader) -> Sequence[Row]:
        try:
            handle = find(self._place)
            return () if handle is None else handle.execute(sql, values).fetchall()
        except (binding().error, RefusedError, UnicodeDecodeError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception, place: str = "") -> Exception:
        if isinstance(error, StorageError):
            return error
        if isinstance(error, ValueError):
            return CorruptMetricError(place or str(self.path), str(error))
        discard(self._place)
        return unreadable(binding(), str(self.path), error)

    # ----------------------------------------------------------------------------------------------------- writing
    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        """Puts the row of this name, in one transaction."""
        return self._put(name, pieces, self._sql.put_small, self._sql.put)[1]

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Puts the row if there is none, in one transaction."""
        return self._put(name, pieces, self._sql.create, self._sql.create)[0]

    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool:
        """Puts the row if the one that is there has this tag, in one transaction."""
        stamp = int(tag) if tag.isdecimal() and len(tag) < 20 else UNKNOWN
        return self._put(name, pieces, self._sql.replace_small, self._sql.replace, stamp)[0]

    def _put(self, name: str, pieces: Iterable[Buffer], small: str, any_: str, *tag: int) -> tuple[bool, int]:
        """Whether a row was put, and how many bytes; ``small`` alone will do where no large blob is replaced."""
        try:
            parts, size, more = taken(pieces, self.large)
            handle = writer(self._place)
            if more is not None:
                return self._put_file(handle, name, more, any_, tag)
            own, shared = divided(parts)
            number = handle.number(shared)
            key, guard = key_of(name), guard_of(name, self._seed)
            if number != UNKNOWN and handle.change(small, row(key, (stamp_now(), size, guard, number, own), tag)):
                return True, size
            with handle.transaction():
                number = handle.intern(shared)
                old = handle.value(self._sql.file, key)
                changed = handle.within(any_, row(key, (stamp_now(), size, guard, number, own), tag))
            handle.remember(shared, number)
            if changed and old is not None:
                self._remove(old)
            return bool(changed), size
        except (binding().error, RefusedError, OSError, StorageError) as error:
            discard(self._place)
            raise unsaved(name, self.describe(name), error) from error

    def _put_file(
        self, handle: Handle, name: str, pieces: Iterable[Buffer], sql: str, tag: Sequence[int]
    ) -> tuple[bool, int]:
        """The same for a large blob: a file that is whole before the row that names it is committed."""
        if is_due(self._place.file):
            self.sweep()
        files, key = self._files, key_of(name)
        temporary = files.write(pieces)
        try:
            size = os.path.getsize(temporary)
            with handle.transaction():
                old = handle.value(self._sql.file, key)
                token = files.keep(temporary)
                rest = (stamp_now(), size, guard_of(name, self._seed), None, token)
                changed = handle.within(sql, row(key, rest, tag))
        finally:
            files.drop(temporary)
        if not changed:
            files.remove(token)
        elif old is not None:
            self._remove(old)
        return bool(changed), size

    def _remove(self, token: object) -> None:
        """Remove a file, if it is certain that the row which named it will not come back; a sweep can do it later."""
        if settled(self._place):
            self._files.remove(token)

    @contextlib.contextmanager
    def grouped(self) -> Generator[None]:
        """A block whose writes are flushed at its end, all at once, where there is a log."""
        if self.durability != "full":
            yield
            return
        with contextlib.ExitStack() as stack:
            stack.enter_context(grouped(self._place))
            yield
            try:
                stack.close()
            except (binding().error, RefusedError, OSError, StorageError) as error:
                discard(self._place)
                raise unsaved("the last of a group", str(self.path), error) from error

    # ------------------------------------------------------------------------------------------ moving and removing
    def delete(self, name: str) -> None:
        """Removes the row, and its file if it has one."""
        key = key_of(name)
        with self._changing(name) as handle:
            if handle.change(self._sql.delete_small, (key,)):
                return
            with handle.transaction():
                old = handle.value(self._sql.file, key)
                handle.within(self._sql.delete, (key,))
            if old is None:
                raise NotStoredError(name, str(self.path))
            self._remove(old)

    def move(self, old: str, new: str) -> None:
        """Gives the row another name, in one transaction."""
        row = (key_of(new), guard_of(new, self._seed), key_of(old))
        with self._changing(old) as handle:
            try:
                moved = old != new and handle.change(self._sql.move, row)
            except handle.kind.error as error:
                if handle.kind.code(error) != CONSTRAINT:
                    raise
                moved = False
        if not moved:
            if not self.exists(old):
                raise NotStoredError(old, str(self.path))
            raise FileExistsError(f"{self.describe(new)} is there already: {old!r} was not moved to {new!r}")

    def set_aside(self, name: str) -> str:
        """Moves the row to the table ``damaged``, under a number; a file that it has stays where it is."""
        key = key_of(name)
        with self._changing(name) as handle, handle.transaction():
            if not handle.within(self._sql.aside, (key,)):
                raise NotStoredError(name, str(self.path))
            number = handle.value("SELECT last_insert_rowid()")
            handle.within(self._sql.delete, (key,))
        return f"{self.path}, table damaged, number {number}"

    def sweep(self) -> int:
        """Removes files of large blobs that writers left behind when they died; how many."""
        try:
            with self._changing("") as handle, handle.transaction():
                return self._files.sweep(row[0] for row in handle.execute(FILES).fetchall())
        except NotStoredError:
            return 0

    @contextlib.contextmanager
    def _changing(self, name: str) -> Generator[Handle]:
        """The database, if there is one, to change what is there already."""
        try:
            if reader(self._place) is None:
                raise NotStoredError(name, str(self.path))
            yield writer(self._place)
        except (binding().error, RefusedError) as error:
            raise self._unreadable(error) from error
