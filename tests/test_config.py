"""A storage is its configuration: to plain data and back, with every mistake in it told at once."""

from __future__ import annotations

import json
import pickle
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import attrs
import pytest

from simple_metrics_manager import (
    ConfigError,
    DatedCacheManager,
    JsonStorageInterface,
    MissingExtraError,
    NpyStorageInterface,
    NpzStorageInterface,
    StorageInterface,
    metric,
    read_storage,
    storage_from_config,
    storage_to_config,
    write_storage,
)
from tests import folders


@attrs.frozen
class Limits:
    """Part of a configuration."""

    largest: int
    warn: bool = True


@attrs.frozen
class ThirdParty(StorageInterface):
    """A storage that the library has never heard of."""

    kind: ClassVar[str] = "third-party"

    address: str
    limits: Limits = Limits(5)
    comment: str | None = None
    copies: tuple[int, ...] = ()
    weight: float = 1.0

    def exists(self, name: str, /) -> bool:
        return False

    def save(self, name: str, data: object, /) -> None:
        """Nowhere."""

    def load(self, name: str, /) -> object:
        raise KeyError(name)


@attrs.frozen
class Mirrored(StorageInterface):
    """A storage that consists of others."""

    kind: ClassVar[str] = "mirrored"

    first: StorageInterface
    second: NpzStorageInterface | None = None

    def exists(self, name: str, /) -> bool:
        return self.first.exists(name)

    def save(self, name: str, data: object, /) -> None:
        self.first.save(name, data)

    def load(self, name: str, /) -> object:
        return self.first.load(name)


STORAGES: list[tuple[StorageInterface, dict[str, object]]] = [
    (NpzStorageInterface("cache"), {"kind": "npz", "metrics_dir": "cache"}),
    (
        NpzStorageInterface("cache", compress=True, allow_pickle=True, list_limit=5),
        {"kind": "npz", "metrics_dir": "cache", "compress": True, "allow_pickle": True, "list_limit": 5},
    ),
    (NpyStorageInterface(Path("a") / "b"), {"kind": "npy", "metrics_dir": "a/b"}),
    (JsonStorageInterface("/abs/ü"), {"kind": "json", "metrics_dir": "/abs/ü"}),
    (ThirdParty("host:1"), {"kind": "third-party", "address": "host:1"}),
    (
        ThirdParty("host:1", Limits(7, False), "text", (1, 2), 2.5),
        {
            "kind": "third-party",
            "address": "host:1",
            "limits": {"largest": 7, "warn": False},
            "comment": "text",
            "copies": [1, 2],
            "weight": 2.5,
        },
    ),
    (
        Mirrored(NpyStorageInterface("a")),
        {"kind": "mirrored", "first": {"kind": "npy", "metrics_dir": "a"}},
    ),
]
IDS = [f"{n}-{config['kind']}" for n, (_, config) in enumerate(STORAGES)]


@pytest.mark.parametrize(("storage", "config"), STORAGES, ids=IDS)
def test_plain_data(storage: StorageInterface, config: dict[str, object]) -> None:
    """The plain form names the kind, leaves out defaults, is ready for JSON, and gives an equal storage."""
    plain = storage_to_config(storage)

    assert json.loads(json.dumps(plain)) == config
    assert storage_from_config(config) == storage == storage_from_config(plain)
    assert type(storage_from_config(config)) is type(storage)
    assert storage_from_config(config, type(storage)) == storage


@pytest.mark.parametrize(("storage", "config"), STORAGES, ids=IDS)
@pytest.mark.parametrize("extension", ["json", "toml"])
def test_files(storage: StorageInterface, config: dict[str, object], extension: str, tmp_path: Path) -> None:
    """A file holds the plain form, in JSON or in TOML, and nothing else."""
    if extension == "toml":
        pytest.importorskip("tomli_w")
    path = tmp_path / f"storage.{extension}"
    write_storage(storage, path)
    text = path.read_text(encoding="utf-8")

    assert (json.loads(text) if extension == "json" else tomllib.loads(text)) == config
    assert read_storage(str(path)) == storage


def test_none_is_left_out_of_toml(tmp_path: Path) -> None:
    """TOML has no null: what is None where that is no default cannot be written, what is None by default need not."""
    pytest.importorskip("tomli_w")
    write_storage(Mirrored(NpzStorageInterface("a", list_limit=None), None), tmp_path / "storage.toml")

    assert (tmp_path / "storage.toml").read_text() == 'kind = "mirrored"\n\n[first]\nkind = "npz"\nmetrics_dir = "a"\n'


def test_toml_needs_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``tomli-w`` the message says what to install; nothing is written."""
    monkeypatch.setitem(sys.modules, "tomli_w", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'simple-metrics-manager\[toml\]'"):
        write_storage(NpzStorageInterface("a"), tmp_path / "storage.toml")
    assert list(tmp_path.iterdir()) == []


MISTAKES: list[tuple[Mapping[str, object], set[str]]] = [
    (
        {"kind": "npz", "metrics_dir": 5, "compress": "no", "list_limit": 1.5, "colour": "red"},
        {
            "expected a path, got 5 @ storage.metrics_dir",
            "expected bool, got 'no' @ storage.compress",
            "expected int, got 1.5 @ storage.list_limit",
            "extra fields found (colour) @ storage",
        },
    ),
    ({"kind": "npz"}, {"required field missing @ storage.metrics_dir"}),
    ({"kind": "npz", "metrics_dir": "a", "compress": 1}, {"expected bool, got 1 @ storage.compress"}),
    (
        {
            "kind": "third-party",
            "address": 5,
            "limits": {"largest": "9", "warm": True},
            "copies": [1, "b", 2.0],
            "weight": "2",
        },
        {
            "expected float, got '2' @ storage.weight",
            "expected str, got 5 @ storage.address",
            "expected int, got '9' @ storage.limits.largest",
            "extra fields found (warm: did you mean warn?) @ storage.limits",
            "expected int, got 'b' @ storage.copies[1]",
            "expected int, got 2.0 @ storage.copies[2]",
        },
    ),
    (
        {"kind": "mirrored", "first": {"kind": "npy", "metrics_dir": 1, "x": 2}, "second": {"kind": "npy"}},
        {
            "expected a path, got 1 @ storage.first.metrics_dir",
            "extra fields found (x) @ storage.first",
            "expected a NpzStorageInterface, not one of kind 'npy' @ storage.second.kind",
        },
    ),
]


@pytest.mark.parametrize(("config", "problems"), MISTAKES)
def test_every_mistake_is_told_with_its_path(config: Mapping[str, object], problems: set[str]) -> None:
    """One error lists all wrong fields, each with where it is and what was found."""
    with pytest.raises(ConfigError) as caught:
        storage_from_config(config)

    assert set(caught.value.problems) == problems
    assert len(caught.value.problems) == len(problems)
    assert set(str(caught.value).splitlines()) == problems


@pytest.mark.parametrize("kind", ["npzz", None, 5, ["npz"]])
def test_unknown_kinds(kind: object) -> None:
    """An unknown kind is told together with the known ones, those of other packages too."""
    with pytest.raises(ConfigError, match="no storage is of kind") as caught:
        storage_from_config({"kind": kind, "metrics_dir": "a"})

    (problem,) = caught.value.problems
    assert f"no storage is of kind {kind!r}; there is " in problem
    for known in ("'json'", "'npy'", "'npz'", "'third-party'"):
        assert known in problem


@pytest.mark.parametrize("config", [[], "npz", None, {}, {"metrics_dir": "a"}])
def test_what_is_no_configuration(config: Mapping[str, object]) -> None:
    """Something that is no table with a kind is told as such."""
    with pytest.raises(ConfigError, match=r"a storage is a table with a 'kind', not .* @ storage"):
        storage_from_config(config)


def test_another_kind_than_expected() -> None:
    """With ``expected``, a storage of another class is refused."""
    with pytest.raises(ConfigError, match="expected a NpyStorageInterface, not one of kind 'npz'"):
        storage_from_config({"kind": "npz", "metrics_dir": "a"}, NpyStorageInterface)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("storage.yaml", "kind: npz", "a configuration is a .json or a .toml file"),
        ("storage.json", "{", r"storage\.json: Expecting property name"),
        ("storage.toml", "kind =", r"storage\.toml: Invalid value"),
        ("storage.json", "[]", "a storage is a table with a 'kind'"),
        ("storage.toml", "kind = 'npz'", "required field missing @ storage.metrics_dir"),
    ],
)
def test_files_that_are_none(name: str, text: str, problem: str, tmp_path: Path) -> None:
    """A file that cannot be read as a storage is a ``ConfigError`` as well."""
    (tmp_path / name).write_text(text)

    with pytest.raises(ConfigError, match=problem):
        read_storage(tmp_path / name)


def test_a_file_of_another_kind_is_not_written(tmp_path: Path) -> None:
    """There is no YAML here; nothing is written."""
    with pytest.raises(ConfigError, match=r"a configuration is a .json or a .toml file"):
        write_storage(NpzStorageInterface("a"), tmp_path / "storage.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_storage_without_a_plain_form() -> None:
    """A storage that is no attrs class with a kind is told how to become one; a subclass does not inherit a kind."""

    class Plain(StorageInterface):
        def exists(self, name: str, /) -> bool:
            return False

        def save(self, name: str, data: object, /) -> None:
            """Nowhere."""

        def load(self, name: str, /) -> object:
            raise KeyError(name)

    @attrs.frozen
    class Special(NpyStorageInterface):
        pass

    for storage in (Plain(), Special("a")):
        with pytest.raises(ConfigError, match=r"has no plain form: make it an attrs class with kind: ClassVar\[str\]"):
            storage_to_config(storage)


PLUGIN = """
from typing import ClassVar
import attrs
from simple_metrics_manager import StorageInterface

@attrs.frozen
class Attic(StorageInterface):
    kind: ClassVar[str] = "attic"
    floor: int = 3

    def exists(self, name: str) -> bool: return False
    def save(self, name: str, data: object) -> None: pass
    def load(self, name: str) -> object: raise KeyError(name)
"""


def test_a_storage_of_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that is not imported yet is found through its entry point, called like its kind."""
    (tmp_path / "attic_storage.py").write_text(PLUGIN)
    info = tmp_path / "attic_storage-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: attic-storage\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[simple_metrics_manager.storage]\nattic = attic_storage:Attic\n")
    with pytest.raises(ConfigError, match="no storage is of kind 'attic'"):
        storage_from_config({"kind": "attic"})
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConfigError, match=r"there is 'attic', "):
        storage_from_config({"kind": "attics"})
    assert "attic_storage" not in sys.modules

    storage = storage_from_config({"kind": "attic", "floor": 5})
    assert (type(storage).__name__, storage_to_config(storage)) == ("Attic", {"kind": "attic", "floor": 5})
    sys.modules.pop("attic_storage")


@pytest.mark.parametrize("storage", [storage for storage, _ in STORAGES], ids=IDS)
def test_storages_are_values(storage: StorageInterface) -> None:
    """They pickle, compare equal, hash alike, and print as what they were made with."""
    twin = pickle.loads(pickle.dumps(storage))

    assert twin == storage
    assert hash(twin) == hash(storage)
    names = {**vars(attrs), **{kind.__name__: kind for kind in (*map(type, (s for s, _ in STORAGES)), Limits)}}
    assert eval(repr(storage), {**names, "PosixPath": Path, "WindowsPath": Path}) == storage
    assert all(twin != other for other, _ in STORAGES if other is not storage)


@pytest.mark.parametrize("kind", [NpzStorageInterface, NpyStorageInterface, JsonStorageInterface])
def test_storages_are_frozen(kind: type[NpzStorageInterface]) -> None:
    """A configuration does not change under those who share it; ``attrs.evolve`` makes another one."""
    storage = kind("a")

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(storage, "metrics_dir", Path("b"))  # noqa: B010  # a checker would refuse it, too
    assert attrs.evolve(storage, metrics_dir="b") == kind("b") != storage
    assert storage.metrics_dir == Path("a")


class Sums(DatedCacheManager):
    """For a storage that came out of a file."""

    verbose = False

    @metric
    def total(self) -> int:
        return 6


def test_a_storage_from_a_file_works(tmp_path: Path) -> None:
    """What a manager stores through one storage, another storage of the same configuration finds."""
    write_storage(JsonStorageInterface(tmp_path / "sums"), tmp_path / "storage.json")
    assert Sums(read_storage(tmp_path / "storage.json")).total == 6

    assert Sums(read_storage(tmp_path / "storage.json")).exists(Sums.total)
    assert folders.names(tmp_path / "sums") == ["Sums.total.json"]
