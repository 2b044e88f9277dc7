"""Every store and every storage of the library keeps the public contract."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simple_metrics_manager import JsonStorageInterface, NpyStorageInterface, NpzStorageInterface
from simple_metrics_manager.stores import Directory, Memory, Store
from simple_metrics_manager.stores.base import ConditionalStore
from simple_metrics_manager.stores.tiered import Tiered
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface
from simple_metrics_manager.storing.storage import Storage
from simple_metrics_manager.storing.tiered_storage import TieredStorageInterface
from simple_metrics_manager.testing import ConditionalStoreContract, StorageContract, StoreContract
from simple_metrics_manager.testing.store_walk import Walk
from tests.compat.own_storages import DuckStorage, PickleStorage


class TestMemory(ConditionalStoreContract):
    """The store in memory."""

    def make_store(self) -> ConditionalStore:
        return Memory()

    def read_aside(self, store: Store, where: str) -> bytes | None:
        assert isinstance(store, Memory)
        return store.damaged(int(where.split()[1]))


# EVIDENCE-OF: P11
class TestDirectory(StoreContract):
    """Files in a directory."""

    pickles = forks = True

    def make_store(self) -> Store:
        return Directory(self.scratch() / "made" / "later", ".npz", "cache")

    def reopen(self, store: Store) -> Store:
        assert isinstance(store, Directory)
        return attrs.evolve(store)

    def read_aside(self, store: Store, where: str) -> bytes | None:
        return Path(where).read_bytes()


class TestDurableDirectory(TestDirectory):
    """Files that are flushed."""

    rounds = 10

    def make_store(self) -> Store:
        return Directory(self.scratch(), ".npz")


class TestTieredOverMemory(StoreContract):
    """Files in front of a store that says which tags it gives."""

    def make_store(self) -> Store:
        return Tiered(Directory(self.scratch(), ".npz", "cache"), Memory())

    def reopen(self, store: Store) -> Store:
        """The same shared place from another machine."""
        assert isinstance(store, Tiered)
        return Tiered(Directory(self.scratch(), ".npz", "cache"), store.shared)

    def read_aside(self, store: Store, where: str) -> bytes | None:
        assert isinstance(store, Tiered)
        assert isinstance(store.shared, Memory)
        return store.shared.damaged(int(where.split()[1]))


class TestTieredOverDirectory(StoreContract):
    """Files in front of files, each store object with a front of its own."""

    pickles = forks = True

    def make_store(self) -> Store:
        return Tiered(Directory(self.scratch(), ".npz", "cache"), Directory(self.scratch(), ".npz", "cache"))

    def reopen(self, store: Store) -> Store:
        assert isinstance(store, Tiered)
        return attrs.evolve(store, fast=Directory(self.scratch(), ".npz", "cache"))


class TestTieredOnOneMachine(TestTieredOverDirectory):
    """The same with one front for all store objects."""

    def reopen(self, store: Store) -> Store:
        assert isinstance(store, Tiered)
        return attrs.evolve(store)


class TestTieredUnchecked(TestTieredOnOneMachine):
    """Copies that are not checked are right as long as all writers are on one machine."""

    def make_store(self) -> Store:
        return Tiered(Directory(self.scratch(), ".npz", "cache"), Directory(self.scratch(), ".npz", "cache"), "never")


class TestThreeTiers(StoreContract):
    """A tiered store is a store that can have another one in front."""

    def make_store(self) -> Store:
        return Tiered(Memory(), Tiered(Directory(self.scratch(), ".npz", "cache"), Memory()))

    def reopen(self, store: Store) -> Store:
        assert isinstance(store, Tiered)
        return Tiered(Memory(), store.shared)


class _OfFiles(StorageContract):
    """What can be opened a second time."""

    pickles = True

    def reopen(self, storage: Storage) -> Storage:
        assert isinstance(storage, NpzStorageInterface | NpyStorageInterface | JsonStorageInterface)
        return attrs.evolve(storage)


class TestNpz(_OfFiles):
    """npz files."""

    def make_storage(self) -> Storage:
        return NpzStorageInterface(self.scratch(), durability="cache")


class TestJson(_OfFiles):
    """JSON files."""

    def make_storage(self) -> Storage:
        return JsonStorageInterface(self.scratch(), durability="cache")


class TestMemoryStorage(StorageContract):
    """Memory of its own."""

    def make_storage(self) -> Storage:
        return MemoryStorageInterface()


class TestNamedMemoryStorage(StorageContract):
    """Memory that all storages of one name share, in one process."""

    pickles = True

    def make_storage(self) -> Storage:
        return MemoryStorageInterface(str(self.scratch()))

    def reopen(self, storage: Storage) -> Storage:
        assert isinstance(storage, MemoryStorageInterface)
        return MemoryStorageInterface(storage.name)


class TestTieredStorage(StorageContract):
    """npz files in front of others."""

    pickles = True

    def make_storage(self) -> Storage:
        return TieredStorageInterface(
            NpzStorageInterface(self.scratch(), durability="cache"),
            NpzStorageInterface(self.scratch(), durability="cache"),
        )

    def reopen(self, storage: Storage) -> Storage:
        assert isinstance(storage, TieredStorageInterface)
        return attrs.evolve(storage, fast=NpzStorageInterface(self.scratch(), durability="cache"))


class TestThreeMethods(StorageContract):
    """An object with three methods."""

    def make_storage(self) -> Storage:
        return DuckStorage()


class TestFileBased(StorageContract):
    """A storage of one's own that keeps files, as in 0.5.0."""

    def make_storage(self) -> Storage:
        return PickleStorage(self.scratch())

    def reopen(self, storage: Storage) -> Storage:
        assert isinstance(storage, PickleStorage)
        return PickleStorage(Path(storage.metrics_dir))


MAKERS: dict[str, Callable[[Path], Store]] = {
    "directory": lambda path: Directory(path / "store", ".bin", "cache"),
    "memory": lambda _path: Memory(),
    "tiered": lambda path: Tiered(Directory(path / "front", ".bin", "cache"), Memory()),
}


@pytest.mark.parametrize("kind", MAKERS)
@settings(max_examples=30)
@given(chance=st.randoms(use_true_random=False))
def test_any_walk(kind: str, chance: random.Random) -> None:
    """Whatever is done to a store, in whatever order, it holds what a dict would hold."""
    with TemporaryDirectory() as place:
        walk = Walk(MAKERS[kind](Path(place)), chance)
        for _ in range(25):
            walk.step()


@given(name=st.text(max_size=300), other=st.text(max_size=300))
def test_any_name(name: str, other: str) -> None:
    """Any text is a name, and two texts are two names."""
    store = Memory()
    store.write(name, [b"1"])

    assert store.exists(other) == (name == other)
