"""The tables of a database of metrics, how they are made and recognised, and the statements about them."""

from __future__ import annotations

import functools
import time

import attrs

from simple_metrics_manager.errors import CorruptDatabaseError, NewerFormatError
from simple_metrics_manager.stores.sqlite_binding import BUSY, PATIENCE
from simple_metrics_manager.stores.sqlite_handle import Handle

FORMAT = 1
"""Version of the tables: ``user_version`` of the database."""

MARK = 0x534D4D31
"""``application_id`` of our databases: ``SMM1``."""

_ROW = "stamp INTEGER NOT NULL, size INTEGER NOT NULL, guard INTEGER NOT NULL, shared INTEGER, blob NOT NULL"
_TABLES = (
    f"CREATE TABLE entry(name TEXT NOT NULL, form TEXT NOT NULL, {_ROW}, PRIMARY KEY(name, form)) WITHOUT ROWID",
    "CREATE TABLE shared(id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, text BLOB NOT NULL, next INTEGER)",
    f"CREATE TABLE damaged(number INTEGER PRIMARY KEY, name TEXT NOT NULL, form TEXT NOT NULL, {_ROW})",
)
"""``entry``: one row for each name and ``form``, the extension of its format. ``stamp`` is the time of writing in
microseconds since 1970, times 2048, and a random number below that, so that no two writes have the same; ``size``
counts all bytes of the blob. ``guard`` is a checksum of name and form: no damage gives a row another name. A ``blob``
that is text is the name of a file beside the database. ``shared`` is the number of what comes behind the blob.

``shared``: texts that many blobs end with, each once, by their digest; ``next`` is what comes behind. They stay.

``damaged``: rows that were set aside.
"""


@attrs.frozen
class Statements:
    """What is asked of the entries of one form. Those with ``small`` leave alone what has a file."""

    read: str = "SELECT blob, shared, guard FROM entry WHERE name=? AND form=:form"
    exists: str = "SELECT 1 FROM entry WHERE name=? AND form=:form"
    tag: str = "SELECT stamp FROM entry WHERE name=? AND form=:form"
    file: str = "SELECT blob FROM entry WHERE name=? AND form=:form AND typeof(blob)<>'blob'"
    names: str = "SELECT name FROM entry WHERE form=:form ORDER BY name"
    listing: str = "SELECT name, size, stamp FROM entry WHERE form=:form ORDER BY name"
    create: str = (
        "INSERT INTO entry(name, form, stamp, size, guard, shared, blob) VALUES(?, :form, ?, ?, ?, ?, ?)"
        " ON CONFLICT(name, form) DO NOTHING"
    )
    put: str = (
        "INSERT INTO entry(name, form, stamp, size, guard, shared, blob) VALUES(?, :form, ?, ?, ?, ?, ?)"
        " ON CONFLICT(name, form) DO UPDATE SET stamp=excluded.stamp, size=excluded.size, guard=excluded.guard,"
        " shared=excluded.shared, blob=excluded.blob"
    )
    put_small: str = (
        "INSERT INTO entry(name, form, stamp, size, guard, shared, blob) VALUES(?, :form, ?, ?, ?, ?, ?)"
        " ON CONFLICT(name, form) DO UPDATE SET stamp=excluded.stamp, size=excluded.size, guard=excluded.guard,"
        " shared=excluded.shared, blob=excluded.blob WHERE typeof(entry.blob)='blob'"
    )
    replace: str = "UPDATE entry SET stamp=?, size=?, guard=?, shared=?, blob=? WHERE stamp=? AND name=? AND form=:form"
    replace_small: str = (
        "UPDATE entry SET stamp=?, size=?, guard=?, shared=?, blob=? WHERE stamp=? AND name=? AND form=:form"
        " AND typeof(blob)='blob'"
    )
    delete: str = "DELETE FROM entry WHERE name=? AND form=:form"
    delete_small: str = "DELETE FROM entry WHERE name=? AND form=:form AND typeof(blob)='blob'"
    move: str = "UPDATE entry SET name=?, guard=? WHERE name=? AND form=:form"
    aside: str = (
        "INSERT INTO damaged(name, form, stamp, size, guard, shared, blob)"
        " SELECT name, form, stamp, size, guard, shared, blob FROM entry WHERE name=? AND form=:form"
    )


@functools.cache
def statements(form: str) -> Statements:
    """The statements for a form, which is plain enough to stand in them as it is: that saves a parameter each time."""
    each = attrs.asdict(Statements())
    return Statements(**{name: str(sql).replace(":form", f"'{form}'") for name, sql in each.items()})


FILES = "SELECT blob FROM entry WHERE typeof(blob)='text' UNION SELECT blob FROM damaged WHERE typeof(blob)='text'"
"""All files beside the database that are in use."""

EXTENSIONS = "SELECT DISTINCT form FROM entry"


def is_ours(handle: Handle, file: str) -> bool:
    """Whether this is a database of metrics; False if it is empty.

    A table, view or trigger that we would not have made is not accepted: none of its SQL is ever run.

    Raises:
        CorruptDatabaseError: it is another one, or damaged.
        NewerFormatError: it is one of a later version of this library.
    """
    found = {row[0] for row in handle.execute("SELECT sql FROM sqlite_master").fetchall()}
    if not found:
        return False
    if handle.value("PRAGMA application_id") != MARK:
        raise CorruptDatabaseError(file, "it is no database of metrics")
    version = handle.value("PRAGMA user_version")
    if isinstance(version, int) and version > FORMAT:
        raise NewerFormatError(file, version, FORMAT)
    if found != {*_TABLES, None}:  # None: the index that SQLite makes of the digests
        raise CorruptDatabaseError(file, "its tables are not those of a database of metrics")
    return True


def make_tables(handle: Handle) -> None:
    """Make an empty database one of metrics, unless somebody else has just done that."""
    if handle.kind.keeps_log:
        _begin_log(handle)
    with handle.transaction():
        if handle.value("SELECT count(*) FROM sqlite_master") == 0:
            for table in _TABLES:
                handle.execute(table)
            handle.execute(f"PRAGMA application_id={MARK}")
            handle.execute(f"PRAGMA user_version={FORMAT}")


def _begin_log(handle: Handle) -> None:
    """SQLite does not wait for others here: two that make a database at the same time would refuse each other."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if handle.value("PRAGMA journal_mode=WAL") == "wal":
                return
        except handle.kind.error as error:
            if handle.kind.code(error) != BUSY or time.monotonic() > until:
                raise
        if time.monotonic() > until:
            return
        time.sleep(0.005)
