"""Storages: values that are their configuration, and anything with the three methods."""

# pyright: reportUnusedExpression=false, reportUnusedVariable=false

from __future__ import annotations

from pathlib import Path
from typing import Any, assert_type

from attrs import evolve

from simple_metrics_manager import (
    DatedCacheManager,
    FileBasedStorageInterface,
    JsonStorageInterface,
    NpyStorageInterface,
    NpzStorageInterface,
    Storage,
    StorageInterface,
    read_storage,
    storage_from_config,
    storage_to_config,
    write_storage,
)


class Remembering:
    """Three methods make a storage."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {}

    def exists(self, name: str) -> bool:
        return name in self.kept

    def save(self, name: str, data: object) -> None:
        self.kept[name] = data

    def load(self, name: str) -> object:
        return self.kept[name]


class AsIn050(StorageInterface):
    """A storage written for 0.5.0: types as far as anybody wrote them."""

    def exists(self, name: str) -> bool:
        return False

    def save(self, name: str, data: Any) -> Any:
        return data

    def load(self, name: str) -> Any:
        raise KeyError(name)


class OwnFiles(FileBasedStorageInterface):
    def __init__(self, metrics_dir: str) -> None:
        super().__init__(".txt", metrics_dir)

    def _load(self, filepath: str) -> object:
        return Path(filepath).read_text()

    def _save(self, filepath: str, data: object) -> None:
        Path(filepath).write_text(str(data))


def inferred_values() -> None:
    storage = NpzStorageInterface("somewhere", compress=True, list_limit=10)
    assert_type(storage, NpzStorageInterface)
    assert_type(storage.metrics_dir, Path)
    assert_type(storage.compress, bool)
    assert_type(storage.list_limit, int | None)
    assert_type(NpzStorageInterface(Path("somewhere")), NpzStorageInterface)
    assert_type(NpyStorageInterface("somewhere").metrics_dir, Path)
    assert_type(JsonStorageInterface("somewhere"), JsonStorageInterface)
    assert_type(evolve(storage, compress=False), NpzStorageInterface)
    assert_type(storage.kind, str)
    assert_type(storage == NpzStorageInterface("elsewhere"), bool)


def inferred_configurations() -> None:
    config = storage_to_config(NpzStorageInterface("somewhere"))
    assert_type(config, dict[str, object])
    assert_type(storage_from_config(config), StorageInterface)
    assert_type(storage_from_config(config, NpzStorageInterface), NpzStorageInterface)
    assert_type(storage_from_config({"kind": "json", "metrics_dir": "d"}), StorageInterface)
    assert_type(storage_from_config({"kind": "json", "metrics_dir": "d"}, JsonStorageInterface), JsonStorageInterface)


def inferred_files(path: Path | None = None) -> None:
    if path is not None:
        write_storage(NpzStorageInterface("somewhere"), path)
        assert_type(read_storage(path), StorageInterface)
        assert_type(read_storage("storage.toml"), StorageInterface)


def inferred_as_a_storage() -> None:
    storages: list[Storage] = [
        NpzStorageInterface("somewhere"),
        NpyStorageInterface("somewhere"),
        JsonStorageInterface("somewhere"),
        Remembering(),
        AsIn050(),
        OwnFiles("somewhere"),
    ]
    assert_type(storages[0].exists("total"), bool)
    assert_type(DatedCacheManager(Remembering()), DatedCacheManager)
    assert_type(DatedCacheManager().use(AsIn050()), DatedCacheManager)
    interface: StorageInterface = NpzStorageInterface("somewhere")
    assert_type(interface.exists("total"), bool)


class NoLoad:
    def exists(self, name: str) -> bool:
        return False

    def save(self, name: str, data: object) -> None: ...


class OnlyText(Remembering):
    def save(self, name: str, data: str) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # pyrefly: ignore[bad-override, missing-override-decorator]  # ty: ignore[incompatible-method-override]
        self.kept[name] = data


class NumbersAsNames:
    def exists(self, name: int) -> bool:
        return False

    def save(self, name: int, data: object) -> None: ...

    def load(self, name: int) -> object: ...


class ExistsSaysMore:
    def exists(self, name: str) -> str:
        return name

    def save(self, name: str, data: object) -> None: ...

    def load(self, name: str) -> object: ...


class Unfinished(StorageInterface):
    def exists(self, name: str) -> bool:
        return False


def refused_values(storage: NpzStorageInterface) -> None:
    # wrong types of fields
    NpzStorageInterface(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    NpzStorageInterface("somewhere", compress="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    NpzStorageInterface("somewhere", list_limit="ten")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    JsonStorageInterface("somewhere", durability="often")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # a misspelt field, one that is missing, one too many
    NpzStorageInterface("somewhere", compres=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    NpzStorageInterface()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[missing-argument]  # ty: ignore[missing-argument]
    JsonStorageInterface("somewhere", "full")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[bad-argument-count]
    NpyStorageInterface("somewhere", compress=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    # (ty does not know kw_only= of attrs.field)
    # the kind is the class's
    NpzStorageInterface("somewhere", kind="npy")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    # frozen (deleting: missed by mypy)
    storage.compress = True  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[read-only]  # ty: ignore[invalid-assignment]
    storage.metrics_dir = Path("elsewhere")  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[read-only]  # ty: ignore[invalid-assignment]
    del storage.compress  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[read-only]  # ty: ignore[invalid-assignment]
    # a field that is not there
    storage.level  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    # missed by pyright and ty
    evolve(storage, compress="yes")  # type: ignore[arg-type]  # pyrefly: ignore[bad-argument-type]
    # what is stored has no type until a metric's key gives it one
    storage.load("total") + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    storage.exists(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]


def refused_configurations(storage: NpzStorageInterface) -> None:
    storage_from_config("npz")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    storage_from_config({1: "npz"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-argument-type]
    storage_from_config({"kind": "npz"}, int)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-specialization]  # ty: ignore[invalid-argument-type]
    storage_from_config({"kind": "npz"}).metrics_dir  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    npy: NpyStorageInterface = storage_from_config({"kind": "npz"}, NpzStorageInterface)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    storage_to_config(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # three methods make a storage, but no configuration
    storage_to_config(Remembering())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    write_storage("storage.toml", storage)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    read_storage(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]


def refused_storages() -> None:
    DatedCacheManager(NoLoad())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    DatedCacheManager(NumbersAsNames())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    DatedCacheManager(ExistsSaysMore())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    DatedCacheManager(NpzStorageInterface)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    DatedCacheManager(Path("somewhere"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # abstract
    Unfinished()  # type: ignore[abstract]  # pyright: ignore[reportAbstractUsage]  # pyrefly: ignore[bad-instantiation]  # ty: ignore[abstract-class-instantiation]
    StorageInterface()  # type: ignore[abstract]  # pyright: ignore[reportAbstractUsage]  # pyrefly: ignore[bad-instantiation]  # ty: ignore[abstract-class-instantiation]
