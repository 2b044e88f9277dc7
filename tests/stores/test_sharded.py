"""Files spread over 256 folders: the same store, also where files lie in the directory itself from before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simple_metrics_manager import JsonStorageInterface, NpyStorageInterface, NpzStorageInterface
from simple_metrics_manager.errors import NotStoredError, SaveError
from simple_metrics_manager.stores import Directory
from simple_metrics_manager.stores.layout import shard_of
from simple_metrics_manager.stores.leftovers import swept

NAMES = ("a", "A.b", "x/../y", "a b", "", "con", "a" * 500, "a" * 499 + "b", "%41", "\ud800", "00", "ff")
posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has this")


@pytest.fixture
def store(store_dir: Path) -> Directory:
    """An empty directory with folders."""
    return Directory(store_dir, ".bin", "cache", sharded=True)


def files(folder: Path) -> list[str]:
    """All files below a folder, as relative paths."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_where_files_lie(store: Directory) -> None:
    """A file lies in the folder that the CRC-32 of its name gives, and in no other layout ever: this is the format."""
    store.write("a", [b"1"])
    store.write("Digits.spectrum", [b"2"])

    assert files(store.path) == ["43/a.bin", "5b/Digits.spectrum.bin"]
    assert store.describe("a") == str(store.path / "43" / "a.bin")


def test_folders_are_filled_evenly() -> None:
    """Names that differ in a number only are spread over all folders: none gets twice its share."""
    counted = Counter(shard_of(f"Metric.level,key={number}") for number in range(25_600))

    assert len(counted) == 256
    assert max(counted.values()) < 200


class LikeADict(RuleBasedStateMachine):
    """Whatever a store with folders and one without do in one directory, the first holds what a dict would hold.

    The one without folders stands for what was there before; it is asked to write only what the other does not have,
    or has in the directory itself.
    """

    names = st.sampled_from(NAMES)

    def __init__(self) -> None:
        super().__init__()
        self.place = TemporaryDirectory()
        self.expected: dict[str, bytes] = {}
        self.store = Directory(Path(self.place.name), ".bin", "cache", sharded=True)
        self.before = Directory(Path(self.place.name), ".bin", "cache")

    def teardown(self) -> None:
        """Removes what was stored."""
        self.place.cleanup()

    @rule(name=names, blob=st.binary(max_size=20), flat=st.booleans())
    def write(self, name: str, blob: bytes, flat: bool) -> None:
        """Write; also by who knows of no folders, even if there is one in a folder."""
        (self.before if flat else self.store).write(name, [blob])
        self.expected[name] = blob

    @rule(name=names, blob=st.binary(max_size=20))
    def create(self, name: str, blob: bytes) -> None:
        """Write where there is nothing."""
        assert self.store.create(name, [blob]) == (name not in self.expected)
        self.expected.setdefault(name, blob)

    @rule(name=names)
    def delete(self, name: str) -> None:
        """Delete; what was hidden does not come back."""
        if name in self.expected:
            self.store.delete(name)
            del self.expected[name]
        else:
            with pytest.raises(NotStoredError):
                self.store.delete(name)

    @rule(name=names)
    def set_aside(self, name: str) -> None:
        """Set aside."""
        if name in self.expected:
            place = Path(self.store.set_aside(name))
            assert place.read_bytes() == self.expected.pop(name)
        else:
            with pytest.raises(NotStoredError):
                self.store.set_aside(name)

    @rule(old=names, new=names)
    def move(self, old: str, new: str) -> None:
        """Move, if there is something to move and room for it."""
        if old in self.expected and new not in self.expected:
            self.store.move(old, new)
            self.expected[new] = self.expected.pop(old)
        else:
            with pytest.raises((NotStoredError, FileExistsError)):
                self.store.move(old, new)

    @invariant()
    def same(self) -> None:
        """Each name has what it should have, and is listed with its size."""
        found = {name: bytes(self.store.read(name)) for name in NAMES if self.store.exists(name)}
        listed = [(each.name, each.bytes) for each in self.store.listing()]

        assert found == self.expected
        assert [name for name, _ in listed] == list(self.store.names())
        assert sorted(size for _, size in listed) == sorted(map(len, self.expected.values()))


TestLikeADict = LikeADict.TestCase
TestLikeADict.settings = settings(max_examples=40, stateful_step_count=30)


@posix
# EVIDENCE-OF: P6
def test_a_link_in_the_place_of_a_folder(store: Directory, tmp_path: Path) -> None:
    """A link where one of the 256 folders should be leads nowhere: nothing is read, written, moved or deleted."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.bin").write_bytes(b"mine")
    store.write("b", [b"1"])
    (store.path / "43").symlink_to(outside)

    with pytest.raises(OSError, match="is a symbolic link, not a folder"):
        store.read("a")
    with pytest.raises(SaveError, match="is a symbolic link, not a folder"):
        store.write("a", [b"2"])
    with pytest.raises(SaveError, match="is a symbolic link, not a folder"):
        store.move("b", "a")
    with pytest.raises(OSError, match="is a symbolic link, not a folder"):
        store.delete("a")
    with pytest.raises(OSError, match="is a symbolic link, not a folder"):
        store.set_aside("a")
    assert list(store.names()) == ["b"]
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"a.bin": b"mine"}


# EVIDENCE-OF: P9
def test_first_write_sweeps_all_folders(store: Directory) -> None:
    """What a dead process left an hour ago is removed, in whichever folder it lies."""
    store.write("a", [b"1"])
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    for folder in (store.path, store.path / "43", store.path / "not one"):
        folder.mkdir(exist_ok=True)
        left = folder / f".a.bin.{process.pid}.{'0' * 16}.tmp"
        left.write_bytes(b"")
        os.utime(left, (1, 1))
    swept.clear()
    store.write("a", [b"2"])

    assert files(store.path) == ["43/a.bin", f"not one/.a.bin.{process.pid}.{'0' * 16}.tmp"]


def test_folders_are_durable(store_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``full``, the name of a new folder outlives a power cut, too."""
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}") if os.path.isdir("/proc/self/fd") else "")
        fsync(descriptor)

    store = Directory(store_dir, ".bin", "full", sharded=True)
    store.write("b", [b"1"])
    monkeypatch.setattr(os, "fsync", noted)
    store.write("a", [b"1"])

    assert len(synced) == 3
    if os.path.isdir("/proc/self/fd"):
        assert (synced[0], synced[2]) == (str(store_dir), str(store_dir / "43"))


@pytest.mark.parametrize("make", [NpzStorageInterface, NpyStorageInterface, JsonStorageInterface])
def test_storages(tmp_path: Path, make: type[NpzStorageInterface | NpyStorageInterface | JsonStorageInterface]) -> None:
    """A storage that is given folders later finds what it has, and puts what is new into folders."""
    make(tmp_path).save("old", 1.5)
    storage = make(tmp_path, sharded=True)
    storage.save("new", 2.5)

    assert (storage.load("old"), storage.load("new"), storage.exists("new")) == (1.5, 2.5, True)
    assert list(storage.names()) == ["new", "old"]
    assert files(tmp_path) == [f"{shard_of('new')}/new{storage.file_ext}", f"old{storage.file_ext}"]
    assert storage != make(tmp_path)
