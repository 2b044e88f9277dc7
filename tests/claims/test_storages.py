"""Storages: which claims go with each, and saves that do not replace what somebody else has stored."""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import pytest

from simple_metrics_manager import (
    ConfigError,
    JsonStorageInterface,
    MemoryStorageInterface,
    NpyStorageInterface,
    NpzStorageInterface,
    ObjectStorageInterface,
    SqliteStorageInterface,
    TieredStorageInterface,
    storage_from_config,
    storage_to_config,
)
from simple_metrics_manager.claims.directory_leases import DirectoryLeases
from simple_metrics_manager.claims.flocks import FileLocks
from simple_metrics_manager.claims.object_leases import ObjectLeases
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.zarr import Zarr
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.dated import dated
from simple_metrics_manager.storing.entries import StoredEntries
from tests.claims.places import waited
from tests.stores.object_server import Careless, Server, serving, weed

__all__ = ["weed"]

FILES = (NpzStorageInterface, NpyStorageInterface, JsonStorageInterface)


def entry(name: str, value: object) -> Entry:
    """A value with a record."""
    payload = plain_codec(False, name).dump(value)
    return Entry(Record(name=name, bytes=payload.nbytes), payload)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
@pytest.mark.parametrize("kind", FILES)
def test_files_on_this_host_are_claimed_by_locks(tmp_path: Path, kind: type[NpzStorageInterface]) -> None:
    """A directory of files has hidden files for locks, which are in nobody's way, and do not stay."""
    storage = kind(tmp_path, lease=7)
    locks = storage.claims
    assert isinstance(locks, FileLocks)
    assert locks == FileLocks(tmp_path, 7, f"{kind.file_ext}.computing")
    assert locks is storage.claims
    claim = waited(locks, "a b")
    storage.save("a b", 1.5)

    assert list(storage.names()) == ["a b"]
    hidden, file = f".a%20b{kind.file_ext}.computing", f"a%20b{kind.file_ext}"
    assert sorted(os.listdir(tmp_path)) == [hidden, file]
    claim.release()
    assert os.listdir(tmp_path) == [file]
    assert pickle.loads(pickle.dumps(storage)) == storage
    assert pickle.loads(pickle.dumps(storage)).claims == storage.claims


# EVIDENCE-OF: P9
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_locks_of_the_dead_are_swept(tmp_path: Path) -> None:
    """The first save of a process removes the locks of those that died, and leaves the locks of the living alone."""
    storage = NpzStorageInterface(tmp_path)
    (tmp_path / ".dead.npz.computing").write_text("{}", encoding="ascii")
    (tmp_path / ".folder.npz.computing").mkdir()
    assert storage.claims is not None
    claim = waited(storage.claims, "living")
    storage.save("a", 1)

    assert sorted(os.listdir(tmp_path)) == [".folder.npz.computing", ".living.npz.computing", "a.npz"]
    claim.release()


@pytest.mark.parametrize("kind", FILES)
def test_files_that_hosts_share_are_claimed_by_leases(
    tmp_path: Path, kind: type[NpzStorageInterface], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where other hosts write, or where the directory lies on a network file system, leases take the place of locks."""
    leases = DirectoryLeases(tmp_path / ".leases", 60, kind.file_ext)

    def network(_: str) -> str:
        return "nfs4"

    assert kind(tmp_path, shared=True).claims == leases
    monkeypatch.setattr("simple_metrics_manager.claims.beside_files.network_kind", network)

    assert kind(tmp_path).claims == leases


def test_what_else_is_claimed(tmp_path: Path) -> None:
    """A database has locks beside it, tiers have the claims of what is shared, and memory needs none."""
    database = SqliteStorageInterface(tmp_path / "m.sqlite")
    locks = None if sys.platform == "win32" else FileLocks(tmp_path / "m.sqlite.computing")

    assert database.claims == locks
    assert TieredStorageInterface(MemoryStorageInterface(), database).claims is database.claims
    assert MemoryStorageInterface().claims is None


def test_objects_are_claimed_by_leases(weed: Server) -> None:
    """An object store has leases as objects that are in no listing."""
    pytest.importorskip("obstore")
    storage = weed.storage()
    assert isinstance(storage.claims, ObjectLeases)
    claim = waited(storage.claims, "a")
    storage.save("a", 1)

    assert list(storage.names()) == ["a"]
    assert list(storage.claims.store.names()) == ["a"]
    claim.release()
    assert list(storage.names()) == ["a"]


def test_claims_are_configured(tmp_path: Path) -> None:
    """What is said of claims is part of the configuration, unless it is the default."""
    for kind in FILES:
        storage = kind(tmp_path, shared=True, lease=5)
        plain = storage_to_config(storage)
        assert plain == {"kind": kind.kind, "metrics_dir": str(tmp_path), "shared": True, "lease": 5.0}
        assert storage_from_config(plain) == storage
        assert set(storage_to_config(kind(tmp_path))) == {"kind", "metrics_dir"}
    objects = ObjectStorageInterface("s3://bucket/prefix", lease=30)
    assert storage_from_config(storage_to_config(objects)) == objects

    with pytest.raises(ConfigError, match="lease"):
        storage_from_config({"kind": "npz", "metrics_dir": "x", "lease": 0})


@pytest.fixture(params=["npz", "json", "sqlite", "memory", "objects", "tiered"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    """A storage of each kind."""
    if request.param == "objects":
        pytest.importorskip("obstore")
        server: Server = request.getfixturevalue("weed")
        return server.storage()
    made: dict[str, StoredEntries] = {
        "npz": NpzStorageInterface(tmp_path),
        "json": JsonStorageInterface(tmp_path),
        "sqlite": SqliteStorageInterface(tmp_path / "m.sqlite"),
        "memory": MemoryStorageInterface(),
        "tiered": TieredStorageInterface(MemoryStorageInterface(), NpzStorageInterface(tmp_path)),
    }
    return made[request.param]


# EVIDENCE-OF: P8
def test_what_is_stored_is_not_replaced(storage: StoredEntries) -> None:
    """Who creates stores what was not there, and is told if something is."""
    size = storage.create(entry("a", 1))

    assert size == next(storage.listing()).bytes > 0
    assert storage.create(entry("a", 2)) is None
    assert storage.load("a") == 1
    storage.delete("a")
    assert storage.create(entry("a", 2)) is not None
    assert storage.load("a") == 2


def test_one_format_hides_the_other(tmp_path: Path) -> None:
    """What lies in the format of the storage is what counts, also for who would create in another one."""
    pytest.importorskip("zarr")
    storage = NpzStorageInterface(tmp_path)
    storage.save("a", 1)

    assert storage.create(entry("a", 2), Zarr()) is None
    assert storage.load("a") == 1


@pytest.mark.parametrize("storage", ["objects", "sqlite", "memory"], indirect=True)
def test_replacing_on_a_condition(storage: StoredEntries) -> None:
    """An entry is replaced if it is still the one whose tag was asked for."""
    assert storage.tag("a") is None
    storage.save("a", 1)
    tag = storage.tag("a")
    assert tag is not None
    size = storage.replace(entry("a", 2), tag)

    assert size is not None
    assert storage.replace(entry("a", 3), tag) is None
    assert storage.load("a") == 2
    assert storage.tag("a") not in {None, tag}


@pytest.mark.parametrize("storage", ["npz", "json", "tiered"], indirect=True)
def test_files_have_no_conditions(storage: StoredEntries) -> None:
    """Files cannot be replaced on a condition: they have no tag, and any that is given is refused."""
    storage.save("a", 1)

    assert storage.tag("a") is None
    assert storage.replace(entry("a", 2), "x") is None
    assert storage.load("a") == 1


def test_creating_where_conditions_are_ignored() -> None:
    """A server that ignores conditions is asked first whether something is there."""
    pytest.importorskip("obstore")
    with serving(Careless().handler()) as port:
        storage = Server(port).storage("s3://b/p")
        assert storage.create(entry("a", 1)) is not None
        assert storage.create(entry("a", 2)) is None

        assert storage.load("a") == 1


class Three:
    """A storage of one's own."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {}

    def exists(self, name: str, /) -> bool:
        """Whether it is there."""
        return name in self.kept

    def save(self, name: str, data: object, /) -> None:
        """Keep it."""
        self.kept[name] = data

    def load(self, name: str, /) -> object:
        """What was kept."""
        return self.kept[name]


def test_as_a_manager_sees_it(storage: StoredEntries) -> None:
    """Through a manager's eyes it is the same; a storage of three methods has no claims, and replaces what is there."""
    own, first = Three(), entry("a", 1)
    record = first.record
    assert record is not None

    assert dated(storage).claims is storage.claims
    assert dated(storage).create(1, first.payload, record) is not None
    assert dated(storage).create(1, first.payload, record) is None
    assert dated(own).claims is None
    assert dated(own).create(1, first.payload, record) == 0
    assert dated(own).create(2, first.payload, record) == 0
    assert own.kept["a"] == 2
