"""A store in one SQLite database: the promises of every store, through both bindings, and what is special about it."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from simple_metrics_manager.errors import (
    CorruptMetricError,
    InTheWayError,
    NetworkFileSystemError,
    NewerFormatError,
    NotStoredError,
    SaveError,
)
from simple_metrics_manager.formats.base import Shared
from simple_metrics_manager.stores import sqlite_binding, sqlite_connection
from simple_metrics_manager.stores.sqlite import LARGE, Sqlite
from simple_metrics_manager.stores.sqlite_binding import is_repaired
from simple_metrics_manager.storing.sqlite_storage import SqliteStorageInterface
from simple_metrics_manager.storing.storage import Storage
from simple_metrics_manager.testing import ConditionalStoreContract, StorageContract
from tests.stores.bindings import NAMES, using

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has this")
linux = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="only Linux says which files are open")
needs_an_old_library = pytest.mark.skipif(
    is_repaired(sqlite3.sqlite_version_info), reason="the SQLite of this Python has no bug to be kept from"
)


@pytest.fixture(params=NAMES, autouse=True)
def binding(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each binding in turn."""
    with using(request.param) as name:
        yield name


@pytest.fixture
def store(tmp_path: Path) -> Sqlite:
    """A store whose file and directory do not exist yet."""
    return Sqlite(tmp_path / "new" / "metrics.db")


def run_sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """What the last of these statements gives in a database that this process has closed."""
    sqlite_connection.close_all()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        found = [connection.execute(statement).fetchall() for statement in statements]
    return found[-1]


@contextmanager
def another_process(path: Path, *statements: str) -> Generator[None]:
    """A process that has run these statements, with the standard library's binding, and keeps the database open."""
    code = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for s in sys.argv[2:]: c.execute(s).fetchall()\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path), *statements], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            process.communicate("")


# ------------------------------------------------------------------------------------------------------- contracts
# EVIDENCE-OF: P11
class TestStore(ConditionalStoreContract):
    """What every store promises."""

    pickles: ClassVar[bool] = True
    forks: ClassVar[bool] = True

    def make_store(self) -> Sqlite:
        return Sqlite(self.scratch() / "metrics.db", ".x", "cache")

    def reopen(self, store: object) -> Sqlite:
        assert isinstance(store, Sqlite)
        return Sqlite(store.path, store.extension, store.durability, store.large)

    def read_aside(self, store: object, where: str) -> bytes | None:
        assert isinstance(store, Sqlite)
        number = int(where.rpartition(" ")[2])
        ((blob,),) = run_sql(store.path, f"SELECT blob FROM damaged WHERE number={number}")
        if isinstance(blob, str):
            return (Path(f"{store.path}.large") / blob).read_bytes()
        assert isinstance(blob, bytes)
        return blob


class TestLargeStore(TestStore):
    """The same where nearly everything lies in files of its own."""

    rounds: ClassVar[int] = 10

    def make_store(self) -> Sqlite:
        return Sqlite(self.scratch() / "metrics.db", ".x", "cache", large=1)


class TestStorage(StorageContract):
    """What every storage promises."""

    pickles: ClassVar[bool] = True

    def make_storage(self) -> SqliteStorageInterface:
        return SqliteStorageInterface(self.scratch() / "metrics.db", large=4096)

    def reopen(self, storage: Storage) -> SqliteStorageInterface:
        assert isinstance(storage, SqliteStorageInterface)
        return SqliteStorageInterface(storage.path, large=4096)


# ---------------------------------------------------------------------------------------------------- one small file
def test_reading_makes_nothing(store: Sqlite) -> None:
    """Only a write makes the database and its directory."""
    assert (list(store.names()), store.exists("a"), store.tag("a"), store.sweep()) == ([], False, None, 0)
    assert not store.path.parent.exists()

    store.path.parent.mkdir()
    store.path.touch()
    assert list(store.names()) == []
    assert store.path.stat().st_size == 0


@pytest.mark.parametrize("order", ["in order", "at random"])
def test_bytes_of_a_metric(tmp_path: Path, order: str) -> None:
    """A number with a name of 30 characters takes less than 200 bytes of disk, record and all, whatever the order."""
    storage = SqliteStorageInterface(tmp_path / "metrics.db")
    names = [f"Experiment.inertia,k={number:05},x=1" for number in range(3000)]
    if order == "at random":
        random.Random(1).shuffle(names)
    with storage.grouped():
        for name in names:
            storage.save(name, 1 / 3)
    sqlite_connection.close_all()

    files = [path for path in tmp_path.iterdir() if path.stat().st_size]
    assert [path.name for path in files] == ["metrics.db"]
    assert files[0].stat().st_size < 200 * len(names)


def test_shared_texts_are_kept_once(store: Sqlite) -> None:
    """What many blobs end with is in the database once, part by part, and in each blob that is read."""
    question, origin = Shared(b"question"), Shared(b"origin" * 100)
    blobs = {"a": [b"1", question, origin], "b": [b"2", question, origin], "c": [b"3", origin], "d": [b"4", question]}
    for name, pieces in blobs.items():
        assert store.write(name, pieces) == sum(map(len, pieces))
    store.write("e", [Shared(b"first"), b"5"])

    assert {name: bytes(store.read(name)) for name in "abcd"} == {key: b"".join(each) for key, each in blobs.items()}
    assert bytes(store.read("e")) == b"first5"
    assert run_sql(store.path, "SELECT text, count(*) FROM shared GROUP BY text") == [(origin, 1), (question, 2)]
    assert {name: bytes(store.read(name)) for name in "abcd"} == {key: b"".join(each) for key, each in blobs.items()}


def test_extensions_share_a_database(store: Sqlite) -> None:
    """Stores of several extensions lie in one file, and each has its own names: no name of one is one of another."""
    other = Sqlite(store.path, ".csv")
    for name in ("a", "a.csv", "b"):
        store.write(name, [name.encode()])
    other.write("a", [b"other"])

    assert (list(store.names()), list(other.names())) == (["a", "a.csv", "b"], ["a"])
    assert [bytes(each.read("a")) for each in (store, other)] == [b"a", b"other"]
    other.delete("a")
    assert list(store.names()) == ["a", "a.csv", "b"]
    assert not other.exists("")


@pytest.mark.parametrize(
    "change", [{"extension": "x"}, {"extension": ".a'b"}, {"durability": "none"}, {"large": -1}, {"large": 2**40}]
)
def test_configuration(tmp_path: Path, change: dict[str, object]) -> None:
    """What cannot be is told when the store is made."""
    with pytest.raises(ValueError, match=next(iter(change))):
        Sqlite(tmp_path / "x.db", **change)  # type: ignore[arg-type]  # that is the point


def test_it_is_a_value(store: Sqlite) -> None:
    """A store compares, prints and pickles as what it was made of, used or not."""
    before = pickle.dumps(store)
    store.write("a", [b"1"])

    assert pickle.dumps(store) == before
    again = pickle.loads(before)
    assert (again, repr(again)) == (
        store,
        f"Sqlite(path={store.path!r}, extension='', durability='full', large={LARGE})",
    )
    assert bytes(again.read("a")) == b"1"


def test_it_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is that of the directory in which the store was made."""
    monkeypatch.chdir(tmp_path)
    store = Sqlite(Path("metrics.db"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.write("a", [b"1"])

    assert (tmp_path / "metrics.db").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_time_of_writing(store: Sqlite) -> None:
    """The listing has the time of the last write, to the microsecond; a move is none."""
    before = datetime.now(UTC) - timedelta(microseconds=1)
    store.write("a", [b"1"])
    after = datetime.now(UTC)
    (first,) = store.listing()
    store.move("a", "b")
    (second,) = store.listing()

    assert before <= first.written <= after
    assert (second.name, second.written) == ("b", first.written)


# ------------------------------------------------------------------------------------------------- files, replaced
def test_the_database_is_deleted(store: Sqlite) -> None:
    """A database that somebody deletes is an empty one, for all threads, and can be written again."""
    store.write("a", [b"1"])
    done, deleted = threading.Event(), threading.Event()
    seen: list[object] = []

    def other() -> None:
        seen.append(bytes(store.read("a")))
        done.set()
        deleted.wait(30)
        seen.append(list(store.names()))
        store.write("c", [b"3"])
        seen.append(list(store.names()))

    thread = threading.Thread(target=other)
    thread.start()
    done.wait(30)
    for path in store.path.parent.iterdir():
        path.unlink()
    assert not store.exists("a")
    with pytest.raises(NotStoredError):
        store.read("b")
    store.write("b", [b"2"])
    deleted.set()
    thread.join()

    assert seen == [b"1", ["b"], ["b", "c"]]
    assert {name: bytes(store.read(name)) for name in store.names()} == {"b": b"2", "c": b"3"}


def test_the_database_is_replaced(store: Sqlite) -> None:
    """So is one in whose place another is put."""
    store.write("a", [b"1"])
    other = Sqlite(store.path.with_name("other.db"))
    other.write("b", [b"2"])
    with closing(sqlite3.connect(other.path)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() is not None
    for path in store.path.parent.glob("metrics.db*"):
        path.unlink()
    shutil.copy(other.path, store.path)

    assert list(store.names()) == ["b"]
    store.write("c", [b"3"])
    assert {name: bytes(store.read(name)) for name in store.names()} == {"b": b"2", "c": b"3"}


@linux
def test_threads_take_their_connections_with_them(store: Sqlite) -> None:
    """Threads that have ended have left no file open."""
    store.write("a", [b"1"])
    before = len(os.listdir("/proc/self/fd"))

    for _ in range(20):
        thread = threading.Thread(target=lambda: store.write("b", [bytes(store.read("a"))]))
        thread.start()
        thread.join()

    assert len(os.listdir("/proc/self/fd")) <= before + 1  # a log is opened by the first to use it


# ------------------------------------------------------------------------------------------------------ large blobs
@pytest.fixture
def large(tmp_path: Path) -> Sqlite:
    """A store with a large blob and a small one."""
    store = Sqlite(tmp_path / "metrics.db", large=1000)
    store.write("big", [b"x" * 600, b"y" * 600])
    store.write("small", [b"1"])
    return store


def beside(store: Sqlite) -> list[Path]:
    """The files of large blobs."""
    return sorted(Path(f"{store.path}.large").iterdir())


def test_large_blobs_lie_beside(large: Sqlite) -> None:
    """A large blob is a file, which goes when another blob takes its place, or when it is deleted."""
    assert [path.read_bytes() for path in beside(large)] == [b"x" * 600 + b"y" * 600]
    large.write("big", [b"z" * 1001])
    assert [path.read_bytes() for path in beside(large)] == [b"z" * 1001]
    assert not large.create("big", [b"w" * 2000])
    assert not large.replace("big", [b"w" * 2000], "1")
    large.move("big", "bigger")
    assert [path.read_bytes() for path in beside(large)] == [b"z" * 1001]
    assert [(each.name, each.bytes) for each in large.listing()] == [("bigger", 1001), ("small", 1)]
    large.write("bigger", [b"2"])
    assert (beside(large), bytes(large.read("bigger"))) == ([], b"2")

    large.write("big", [b"x" * 2000])
    large.delete("big")
    assert beside(large) == []


def test_a_large_file_is_lost(large: Sqlite) -> None:
    """If the file of a row is gone, that is damage, which names both; another write mends it."""
    beside(large)[0].unlink()

    with pytest.raises(CorruptMetricError, match=r"'big' is damaged: its file .*metrics.db.large/[0-9a-f]+ is missing"):
        large.read("big")
    large.write("big", [b"3"])
    assert bytes(large.read("big")) == b"3"


@posix
# EVIDENCE-OF: P6
def test_a_link_in_the_place_of_a_file(large: Sqlite, tmp_path: Path) -> None:
    """A link is not followed."""
    (file,) = beside(large)
    file.rename(tmp_path / "outside")
    file.symlink_to(tmp_path / "outside")

    with pytest.raises(InTheWayError, match="symbolic link"):
        large.read("big")


@pytest.mark.parametrize("token", ["../outside", "/etc/passwd", "", "x" * 32, "a" * 31, "é" * 32])
# EVIDENCE-OF: P6
def test_a_row_leads_nowhere_else(large: Sqlite, tmp_path: Path, token: str) -> None:
    """A row that names a file which we would not have named reads, removes and replaces nothing outside."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    run_sql(large.path, f"UPDATE entry SET blob='{token}' WHERE name='big'")

    with pytest.raises(CorruptMetricError, match="'big' is damaged"):
        large.read("big")
    large.write("big", [b"new"])
    assert bytes(large.read("big")) == b"new"
    run_sql(large.path, f"UPDATE entry SET blob='{token}' WHERE name='big'")
    large.delete("big")
    assert outside.read_bytes() == b"secret"


def test_sweep(large: Sqlite) -> None:
    """Files that no row names are removed, by the first large write too; all others stay, set aside ones included."""
    large.set_aside("big")
    large.write("big", [b"k" * 2000])
    folder = Path(f"{large.path}.large")
    kept = {path.name for path in beside(large)}
    (folder / ("0" * 32)).write_bytes(b"of a writer that died before its row was committed")
    (folder / "somebody's").write_bytes(b"")
    living = folder / f".{'1' * 32}.{os.getpid()}.{'0' * 16}.tmp"
    living.write_bytes(b"of a writer that lives")
    os.utime(living, (0, 0))

    assert large.sweep() == 1
    assert {path.name for path in beside(large)} == kept | {"somebody's", living.name}


def test_arrays_are_mapped(tmp_path: Path) -> None:
    """A large array is a read-only view of its file, aligned."""
    storage = SqliteStorageInterface(tmp_path / "metrics.db")
    storage.save("a", np.arange(200_000.0))
    found = storage.load("a")

    assert isinstance(found, np.ndarray)
    assert (found.sum(), found.flags.writeable, found.ctypes.data % 64) == (199_999 * 100_000, False, 0)
    assert not found.flags.owndata


# ---------------------------------------------------------------------------------------------- journals and flushes
@pytest.mark.parametrize(
    ("version", "repaired"),
    [
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 3), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_which_libraries_keep_a_log(version: tuple[int, ...], repaired: bool) -> None:
    """A write-ahead log is for libraries that have the repair of the WAL-reset bug."""
    assert is_repaired(version) == repaired


SYNCHRONOUS = {"wal": {"full": 2, "atomic": 1, "cache": 1}, "truncate": {"full": 2, "atomic": 2, "cache": 1}}


@pytest.mark.parametrize("durability", ["full", "atomic", "cache"])
def test_journal_and_flushes(tmp_path: Path, durability: str) -> None:
    """What SQLite flushes follows from the durability and the journal; in a group with a log, less than that."""
    store = Sqlite(tmp_path / "metrics.db", "", durability)  # type: ignore[arg-type]  # it is one of the three
    store.write("a", [b"1"])
    handle = sqlite_connection.writer(store._place)
    mode = "wal" if sqlite_binding.binding().keeps_log else "truncate"

    def synchronous() -> object:
        return handle.value("PRAGMA synchronous")

    assert handle.value("PRAGMA journal_mode") == mode
    assert synchronous() == SYNCHRONOUS[mode][durability]
    with store.grouped():
        with store.grouped():
            store.write("b", [b"2"])
        assert synchronous() == (1 if mode == "wal" or durability == "cache" else 2)
    assert synchronous() == SYNCHRONOUS[mode][durability]
    assert bytes(store.read("b")) == b"2"


def test_a_group_begins_with_nothing(store: Sqlite) -> None:
    """A group may make the database, or nothing at all."""
    with store.grouped():
        pass
    assert not store.path.exists()
    with store.grouped():
        store.write("a", [b"1"])

    handle = sqlite_connection.writer(store._place)
    assert handle.value("PRAGMA synchronous") == 2
    assert list(store.names()) == ["a"]


@needs_an_old_library
def test_an_old_library_beside_a_log(store: Sqlite, binding: str) -> None:
    """A library with the bug reads where there is a log, but writes only once it has been given up."""
    if binding != "sqlite3":
        pytest.skip("this one has no bug")
    store.write("a", [b"1"])
    sqlite_connection.close_all()
    with another_process(store.path, "PRAGMA journal_mode=WAL", "SELECT * FROM entry"):
        assert bytes(store.read("a")) == b"1"
        for _ in range(2):
            with pytest.raises(SaveError, match=r"(?s)write-ahead log.*simple-metrics-manager\[sqlite\]"):
                store.write("a", [b"2"])
        assert bytes(store.read("a")) == b"1"
    store.write("a", [b"3"])

    assert bytes(store.read("a")) == b"3"
    assert run_sql(store.path, "PRAGMA journal_mode") != [("wal",)]


@needs_an_old_library
def test_an_old_library_under_which_a_log_is_begun(store: Sqlite, binding: str) -> None:
    """It notices, in the transaction in which it would write, that somebody has begun a log."""
    if binding != "sqlite3":
        pytest.skip("this one has no bug")
    store.write("a", [b"1"])
    with another_process(store.path, "PRAGMA journal_mode=WAL", "SELECT * FROM entry"):
        with pytest.raises(SaveError, match="write-ahead log"):
            store.write("a", [b"2"])
        assert bytes(store.read("a")) == b"1"


def test_a_current_library_leaves_the_journal(store: Sqlite) -> None:
    """No library begins a log in a database that was made without one: others may have it open without knowing how."""
    store.write("a", [b"1"])
    run_sql(store.path, "PRAGMA journal_mode=DELETE")
    store.write("a", [b"2"])

    assert sqlite_connection.writer(store._place).value("PRAGMA journal_mode") == "truncate"
    assert bytes(store.read("a")) == b"2"


def test_who_is_locked_out(store: Sqlite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer for whom others leave no room in time says so; the old value stands, and later it goes."""
    store.write("a", [b"1"])
    sqlite_connection.close_all()
    monkeypatch.setattr(sqlite_binding, "PATIENCE", 0.05)
    with another_process(store.path, "BEGIN IMMEDIATE", "DELETE FROM entry"):
        with pytest.raises(SaveError, match=r"'a' was not saved to .*metrics\.db, entry 'a': database is locked"):
            store.write("a", [b"2"])
        with pytest.raises(OSError, match="database is locked"):
            store.delete("a")
        assert bytes(store.read("a")) == b"1"
    store.write("a", [b"3"])
    assert bytes(store.read("a")) == b"3"


# ------------------------------------------------------------------------------------------- what is no such database
def _other_program(path: Path) -> None:
    run_sql(path, "CREATE TABLE entry(name, blob)")


def _trigger(path: Path) -> None:
    Sqlite(path).write("a", [b"1"])
    run_sql(path, "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END")


def _view(path: Path) -> None:
    Sqlite(path).write("a", [b"1"])
    run_sql(
        path, "DROP TABLE entry", "CREATE VIEW entry AS SELECT 'a' AS name, '' AS form, zeroblob(1000000000) AS blob"
    )


def _text(path: Path) -> None:
    path.write_bytes(b"no database at all, but longer than a header would be. " * 30)


@pytest.mark.parametrize("make", [_other_program, _trigger, _view, _text])
# EVIDENCE-OF: P7
def test_what_is_no_database_of_ours(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """Another program's database, one that was tampered with, or none at all is not read and not changed."""
    path = tmp_path / "x.db"
    make(path)
    sqlite_connection.close_all()
    before = path.read_bytes()
    store = Sqlite(path)

    for ask in (store.exists, store.read, store.delete, store.set_aside, store.tag):
        with pytest.raises(CorruptMetricError, match=r"x\.db is damaged") as caught:
            ask("a")
        assert caught.value.path == str(path)
    with pytest.raises(CorruptMetricError):
        store.names()
    with pytest.raises(SaveError, match=r"'a' was not saved to .*x\.db"):
        store.write("a", [b"1"])
    assert path.read_bytes() == before


# EVIDENCE-OF: P13
def test_a_later_version(store: Sqlite) -> None:
    """A database of a later version is refused with the advice to upgrade."""
    store.write("a", [b"1"])
    run_sql(store.path, "PRAGMA user_version=7")

    with pytest.raises(NewerFormatError, match="format 7"):
        store.read("a")
    with pytest.raises(SaveError, match="upgrade"):
        store.write("a", [b"2"])


@posix
def test_what_is_no_file(tmp_path: Path) -> None:
    """A directory or a pipe in its place is neither read nor waited for."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(InTheWayError, match=name):
            Sqlite(tmp_path / name).read("a")
        with pytest.raises(SaveError, match=name):
            Sqlite(tmp_path / name).write("a", [b"1"])


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE entry SET name='b' WHERE name='a'", "another name"),
        ("UPDATE entry SET guard=guard+1", "another name"),
        ("DELETE FROM shared", "shares with others"),
        ("UPDATE shared SET text='x'", "shares with others"),
        ("UPDATE entry SET blob=12", "names a file '12'"),
    ],
)
def test_damaged_rows(store: Sqlite, damage: str, found: str) -> None:
    """A row that is not as it was written is damage of that name; it can be set aside, and written again."""
    store.write("a", [b"1", Shared(b"2")])
    run_sql(store.path, damage)
    name = next(store.names())

    with pytest.raises(CorruptMetricError, match=found) as caught:
        store.read(name)
    assert caught.value.path == store.describe(name)
    assert store.set_aside(name) == f"{store.path}, table damaged, number 1"
    store.write(name, [b"1", Shared(b"2")])
    assert bytes(store.read(name)) == b"12"


def test_a_row_with_a_bad_time(store: Sqlite) -> None:
    """So is one with a time that is none."""
    store.write("a", [b"1"])
    run_sql(store.path, "UPDATE entry SET stamp='never'")

    with pytest.raises(CorruptMetricError, match=r"metrics\.db"):
        store.listing()


# -------------------------------------------------------------------------------------------------- other computers
def test_network_file_systems_are_refused(store: Sqlite, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system nothing is opened, and the reason is said."""
    store.path.parent.mkdir()
    store.path.write_bytes(b"not looked at")

    def everywhere(folder: str) -> str:
        return "nfs4"

    monkeypatch.setattr(sqlite_connection, "network_kind", everywhere)

    with pytest.raises(NetworkFileSystemError, match=r"(?s)network file system \(nfs4\).*Npz"):
        store.read("a")
    with pytest.raises(NetworkFileSystemError, match=r"\(nfs4\)"):
        store.write("a", [b"1"])
    assert store.path.read_bytes() == b"not looked at"
