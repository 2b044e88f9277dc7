"""Copies in front of a shared place: as fast as they can be, and never what the shared place no longer has."""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ClassVar, cast

import attrs
import pytest

from simple_metrics_manager import (
    ConfigError,
    CorruptMetricError,
    DatedCacheManager,
    NpzStorageInterface,
    SaveError,
    StorageInterface,
    metric,
    storage_from_config,
    storage_to_config,
)
from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores import Directory, Memory, Store
from simple_metrics_manager.stores.tiered import Tiered
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface
from simple_metrics_manager.storing.tiered_storage import TieredStorageInterface
from tests.faults.places import in_private, mount_memory, mount_read_only, needs_mounts


class Far(Directory):
    """A shared place that notes what it is asked, can be out of reach, and be written to while it is read."""

    @property
    def asked(self) -> list[str]:
        """What it was asked since this was cleared."""
        asked: list[str] = self.__dict__.setdefault("asked", [])
        return asked

    def _ask(self, what: str) -> None:
        if not self.path.exists():
            raise ConnectionError("no way there")
        self.asked.append(what)

    def read(self, name: str) -> memoryview:
        self._ask("read")
        blob = super().read(name)
        for each in self.__dict__.pop("meanwhile", ()):
            each()
        return blob

    def tag(self, name: str) -> str | None:
        self._ask("tag")
        return super().tag(name)

    def exists(self, name: str) -> bool:
        self._ask("exists")
        return super().exists(name)


class Telling(Far):
    """One that says which tag it gave."""

    def write_tagged(self, name: str, pieces: Iterable[Buffer]) -> tuple[int, str]:
        """For a single writer: looks at the file that it has written."""
        size = self.write(name, pieces)
        return size, str(Directory.tag(self, name))


@attrs.frozen
class House:
    """A shared place and machines that have each a front of their own."""

    path: Path
    kind: type[Far] = Far

    def __attrs_post_init__(self) -> None:
        (self.path / "shared").mkdir(parents=True)

    @property
    def shared(self) -> Far:
        """The shared place, as any machine opens it."""
        return self.kind(self.path / "shared", ".bin", "cache")

    def machine(self, name: str = "here", *, checks: bool = True) -> tuple[Tiered, Far]:
        """The store on one machine, and its way to the shared place."""
        shared, fast = self.shared, Directory(self.path / name, ".bin", "cache")
        return Tiered(fast, shared, "always" if checks else "never"), shared


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty one."""
    return House(tmp_path)


# ------------------------------------------------------------------------------------------------------------- speed
def test_what_was_read_is_read_here(house: House) -> None:
    """The first read costs two questions and the blob, each later one a question."""
    house.shared.write("a", [b"1"])
    store, shared = house.machine()

    assert bytes(store.read("a")) == b"1"
    assert shared.asked == ["tag", "read", "tag"]
    for _ in range(2):
        shared.asked.clear()
        assert bytes(store.read("a")) == b"1"
        assert shared.asked == ["tag"]


def test_the_next_process_reads_here(house: House) -> None:
    """Copies are of use to whoever opens the same front."""
    house.shared.write("a", [b"1"])
    house.machine()[0].read("a")
    store, shared = house.machine()

    assert bytes(store.read("a")) == b"1"
    assert shared.asked == ["tag"]


def test_what_was_written_is_read_here(tmp_path: Path) -> None:
    """If the shared place says which tag it gave, what was written need not be fetched; else it is, once."""
    for kind, questions in ((Telling, ["tag"]), (Far, ["tag", "read", "tag"])):
        store, shared = House(tmp_path / kind.__name__, kind).machine()
        store.write("a", [b"1", b"2"])
        shared.asked.clear()

        assert bytes(store.read("a")) == b"12"
        assert shared.asked == questions


def test_pieces_that_can_be_had_once(tmp_path: Path) -> None:
    """What makes its pieces as it goes is written to the shared place, and copied when it is read."""
    store, shared = House(tmp_path, Telling).machine()
    store.write("a", (piece for piece in (b"1", b"2")))
    shared.asked.clear()

    assert [bytes(store.read("a")) for _ in range(2)] == [b"12"] * 2
    assert shared.asked == ["tag", "read", "tag", "tag"]


def test_without_questions(house: House) -> None:
    """Copies that are not checked cost nothing but themselves."""
    store, shared = house.machine(checks=False)
    store.write("a", [b"1"])
    house.shared.write("b", [b"2"])
    store.read("b")
    shared.asked.clear()

    assert [bytes(store.read(name)) for name in "ab"] == [b"1", b"2"]
    assert store.exists("a")
    assert shared.asked == []


# --------------------------------------------------------------------------------------------------------- staleness
# EVIDENCE-OF: P1
def test_stale_copies(house: House) -> None:
    """What another machine has written, replaced or deleted counts at once, whatever this one has copies of."""
    here, there = house.machine("here")[0], house.machine("there")[0]
    for number in range(5):
        for one, other in ((here, there), (there, here)):
            one.write("a", [b"%d" % number])
            assert [bytes(store.read("a")) for store in (one, other)] == [b"%d" % number] * 2
    there.delete("a")

    assert not here.exists("a")
    with pytest.raises(NotStoredError):
        here.read("a")
    assert list(here.names()) == []
    assert list(Directory(house.path / "here", ".bin").names()) == []


def test_moved_copies(house: House) -> None:
    """A name that another machine gave to another blob means that one."""
    here, there = house.machine("here")[0], house.machine("there")[0]
    for name in "ab":
        here.write(name, [name.encode()])
        here.read(name)
    there.move("a", "c")
    there.move("b", "a")

    assert (bytes(here.read("a")), bytes(here.read("c")), list(here.names())) == (b"b", b"a", ["a", "c"])


def test_replaced_while_it_was_read(house: House) -> None:
    """A blob that was replaced while it was fetched is not kept as the new one."""
    house.shared.write("a", [b"old"])
    store, shared = house.machine()
    shared.__dict__["meanwhile"] = [lambda: house.shared.write("a", [b"new"])]

    assert bytes(store.read("a")) == b"old"
    assert bytes(store.read("a")) == b"new"


def test_copies_of_another_kind(house: House) -> None:
    """What lies in front and is no copy, or is another one's, is not used, and gives way to one."""
    front = Directory(house.path / "here", ".bin", "cache")
    store = house.machine()[0]
    for name in ("a", "b", "c"):
        house.shared.write(name, [name.encode()])
        store.read(name)
    front.write("a", [b"something else"])
    front.write("b", [front.read("c")])
    front.write("c", [])

    for _ in range(2):
        assert [bytes(store.read(name)) for name in "abc"] == [b"a", b"b", b"c"]


def test_damaged_tags(house: House) -> None:
    """A copy whose tag or size is not sure is not used."""
    house.shared.write("a", [b"value"])
    store, shared = house.machine()
    store.read("a")
    copy = house.path / "here" / "a.bin"
    blob = copy.read_bytes()
    tail = range(len(b"value"), len(blob))
    for bad in [blob[:at] + bytes([blob[at] ^ 1 << bit]) + blob[at + 1 :] for at in tail for bit in range(8)]:
        copy.write_bytes(bad)
        shared.asked.clear()

        assert bytes(store.read("a")) == b"value"
        assert shared.asked == ["tag", "read", "tag"]
    for bad in (*(blob[:at] for at in range(len(blob))), blob + b"x"):
        copy.write_bytes(bad)
        assert bytes(store.read("a")) == b"value"


def test_unchecked_copies_follow_their_own_machine(house: House) -> None:
    """Without checks, a machine sees at least what it has done itself."""
    store, _ = house.machine(checks=False)
    store.write("a", [b"1"])
    store.read("a")
    store.write("a", iter([b"2"]))
    assert bytes(store.read("a")) == b"2"
    store.move("a", "b")
    assert (store.exists("a"), bytes(store.read("b"))) == (False, b"2")
    store.delete("b")
    assert not store.exists("b")
    assert store.create("b", [b"3"])
    assert bytes(store.read("b")) == b"3"
    store.set_aside("b")
    assert not store.exists("b")


def test_unchecked_copies_are_stale(house: House) -> None:
    """Without checks, what another machine has written is not seen where there is a copy: so it was asked for."""
    here, there = house.machine("here", checks=False)[0], house.machine("there")[0]
    here.write("a", [b"1"])
    there.write("a", [b"2"])

    assert (bytes(here.read("a")), bytes(there.read("a"))) == (b"1", b"2")


# ---------------------------------------------------------------------------------------------------------- failures
def test_out_of_reach(house: House) -> None:
    """Without the shared place nothing can be checked, which is an error; copies that need no check are read."""
    for name in "ab":
        house.shared.write(name, [b"1"])
    checked, unchecked = house.machine()[0], house.machine("there", checks=False)[0]
    checked.read("a")
    unchecked.read("a")
    shutil.move(house.path / "shared", house.path / "away")

    with pytest.raises(ConnectionError):
        checked.read("a")
    assert (bytes(unchecked.read("a")), unchecked.exists("a")) == (b"1", True)
    with pytest.raises(ConnectionError):
        unchecked.read("b")


def in_the_way(path: Path) -> Iterator[Store]:
    """Fronts on which nothing can be written: a file in the place of the directory, a directory that is read-only."""
    (path / "file").write_bytes(b"")
    yield Directory(path / "file", ".bin", "cache")
    yield Directory(path / "file" / "below", ".bin", "cache")
    yield Directory("/proc/self/nowhere", ".bin", "cache")
    if os.getuid():
        (path / "locked").mkdir(mode=0o500)
        yield Directory(path / "locked", ".bin", "cache")


@pytest.mark.parametrize("checks", [True, False])
def test_a_front_that_cannot_be_written(house: House, checks: bool, caplog: pytest.LogCaptureFixture) -> None:
    """With a front that takes nothing all is as without one, and a warning is logged."""
    for fast in in_the_way(house.path):
        store = Tiered(fast, house.shared, "always" if checks else "never")
        with caplog.at_level(logging.WARNING, "simple_metrics_manager"):
            assert store.write("a", [b"1"]) == 1
            assert [bytes(store.read("a")) for _ in range(2)] == [b"1"] * 2
            store.move("a", "b")
            assert [each.name for each in store.listing()] == ["b"]
            store.set_aside("b")
            assert store.create("a", [b"2"])
            store.delete("a")

        assert not store.exists("a")
        assert "no copy of 'a' was kept" in caplog.text
        caplog.clear()


@needs_mounts
def test_a_front_on_a_full_disk(house: House) -> None:
    """What does not fit in front is read from the shared place, and what is there of it is not taken for a copy."""
    (house.path / "here").mkdir()

    def act() -> list[tuple[int, list[str]]]:
        mount_memory(house.path / "here", "64k", 100)
        store = house.machine()[0]
        found: list[tuple[int, list[str]]] = []
        for size in (1000, 200_000, 2000, 300_000):
            store.write("a", [bytes(size)])
            found += [(len(store.read("a")), sorted(os.listdir(house.path / "here"))) for _ in range(2)]
        return found

    assert in_private(act) == [(size, ["a.bin"]) for size in (1000, 200_000, 2000, 300_000) for _ in range(2)]


@needs_mounts
def test_a_front_that_has_become_read_only(house: House) -> None:
    """Copies on a disk that is read-only now are used as long as they are right; unchecked, they cannot be hidden."""
    store = house.machine()[0]
    for name in "ab":
        store.write(name, [b"old"])
        store.read(name)

    def act() -> tuple[list[str], list[str], bytes, str]:
        mount_read_only(house.path / "here")
        store, shared = house.machine()
        store.read("a")
        asked = list(shared.asked)
        store.write("a", [b"new"])
        seen = [bytes(store.read(name)).decode() for name in "aab"]
        unchecked = house.machine(checks=False)[0]
        with pytest.raises(SaveError) as caught:
            unchecked.write("b", [b"new"])
        return asked, seen, bytes(house.shared.read("b")), caught.value.cause

    asked, seen, shared, cause = in_private(act)
    assert (asked, seen, shared) == (["tag"], ["new", "new", "old"], b"old")
    assert cause.startswith("its copy there would hide the new value")


# EVIDENCE-OF: P3
def test_a_copy_that_cannot_be_removed(house: House) -> None:
    """Where copies are not checked, one that would hide the new value is a SaveError, before anything is saved."""
    store, _ = house.machine(checks=False)
    store.write("a", [b"1"])

    class Stuck(Directory):
        def delete(self, name: str) -> None:
            raise PermissionError(13, "not yours")

    stuck = Tiered(Stuck(house.path / "here", ".bin", "cache"), house.shared, "never")
    with pytest.raises(SaveError, match=r"'a' was not saved .* hide the new value, and cannot be removed: .*not yours"):
        stuck.write("a", [b"2"])
    with pytest.raises(PermissionError):
        stuck.delete("a")

    assert bytes(house.shared.read("a")) == b"1"
    assert stuck.write("b", [b"3"]) == 1


# EVIDENCE-OF: P3
def test_a_save_that_fails(house: House) -> None:
    """A value is saved if the shared place has it: a failure there is a SaveError, and the old value stands."""
    store, _ = house.machine()
    store.write("a", [b"old"])
    store.read("a")
    broken = Tiered(store.fast, Directory("/proc/self/nowhere", ".bin", "cache"))

    with pytest.raises(SaveError):
        broken.write("a", [b"new"])
    assert bytes(store.read("a")) == b"old"


@pytest.mark.parametrize("what", ["directory", "link", "pipe"])
def test_something_in_the_place_of_a_copy(house: House, what: str) -> None:
    """What is no file is moved away, and a copy takes its place."""
    house.shared.write("a", [b"1"])
    store, shared = house.machine()
    place = house.path / "here" / "a.bin"
    place.parent.mkdir()
    makers: dict[str, Callable[[], object]] = {
        "directory": lambda: (place / "x").mkdir(parents=True),
        "link": lambda: place.symlink_to(house.path / "shared" / "a.bin"),
        "pipe": lambda: os.mkfifo(place),
    }
    makers[what]()

    assert bytes(store.read("a")) == b"1"
    shared.asked.clear()
    assert bytes(store.read("a")) == b"1"
    assert shared.asked == ["tag"]
    assert bytes(house.shared.read("a")) == b"1"


def test_a_place_without_tags(tmp_path: Path) -> None:
    """A shared place that cannot tell whether a blob was replaced can only have copies that are not checked."""

    untagged = cast("type[Directory]", type("Untagged", (Directory,), {"tag": None}))
    shared = untagged(tmp_path / "shared", ".bin")
    with pytest.raises(ConfigError, match=r"shared: Untagged has no tags .* check='never'"):
        Tiered(Memory(), shared)
    assert Tiered(Memory(), shared, "never").write("a", [b"1"]) == 1


# ---------------------------------------------------------------------------------------------------------- storages
class Counted(DatedCacheManager):
    """Notes what it computes."""

    verbose = False
    computed: ClassVar[list[str]] = []

    @metric
    def total(self) -> list[int]:
        self.computed.append("total")
        return [1, 2, 3]


def tiers(path: Path, machine: str = "here") -> TieredStorageInterface:
    """npz files on this machine, in front of shared ones."""
    return TieredStorageInterface(
        NpzStorageInterface(path / machine, durability="cache"),
        NpzStorageInterface(path / "shared", durability="cache"),
    )


def test_machines_share_what_they_compute(tmp_path: Path) -> None:
    """A metric is computed on one machine; others load it, and have a copy then."""
    Counted.computed.clear()

    for machine in ("here", "there", "here"):
        assert Counted(tiers(tmp_path, machine)).total == [1, 2, 3]
    assert Counted.computed == ["total"]
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["Counted.total.npz"]


# EVIDENCE-OF: P4
def test_a_damaged_copy(tmp_path: Path) -> None:
    """However a copy is damaged, the value comes from the shared place; nothing is computed, and nothing deleted."""
    Counted.computed.clear()
    Counted(tiers(tmp_path)).get_all()
    storage = tiers(tmp_path)
    entry = storage.read("Counted.total")
    copy = tmp_path / "here" / "Counted.total.npz"
    blob = copy.read_bytes()
    damaged = [blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :] for at in range(0, len(blob), 11)]
    for bad in (*damaged, b"", blob[:-1], blob[1:], bytes(len(blob))):
        copy.write_bytes(bad)

        assert storage.read("Counted.total").record == entry.record
        copy.write_bytes(bad)
        assert (storage.load("Counted.total"), storage.read_record("Counted.total")) == ([1, 2, 3], entry.record)
        copy.write_bytes(bad)
        assert Counted(tiers(tmp_path)).total == [1, 2, 3]
        assert copy.read_bytes() == blob
    assert Counted.computed == ["total"]
    kept = [path.read_bytes() for path in (tmp_path / "here").glob("*.damaged")]
    assert set(kept) & set(damaged)
    assert blob not in kept


def test_damage_of_the_shared_place(tmp_path: Path) -> None:
    """A metric that is damaged in the shared place is computed anew, and the damaged file is set aside there."""
    Counted.computed.clear()
    Counted(tiers(tmp_path)).get_all()
    place = tmp_path / "shared" / "Counted.total.npz"
    bad = place.read_bytes()[:-9]
    place.write_bytes(bad)
    storage = tiers(tmp_path)
    for _ in range(3):
        with pytest.raises(CorruptMetricError, match=r"shared/Counted\.total\.npz is damaged"):
            storage.load("Counted.total")
    assert list((tmp_path / "here").glob("*.damaged")) == []

    assert Counted(storage).total == [1, 2, 3]
    assert Counted(tiers(tmp_path, "there")).total == [1, 2, 3]
    assert Counted.computed == ["total", "total"]
    assert [path.read_bytes() for path in (tmp_path / "shared").glob("*.damaged")] == [bad]


def test_damage_in_the_middle_of_three_tiers(tmp_path: Path) -> None:
    """Of several tiers, the value comes from the first one in which it is sound."""
    storage = TieredStorageInterface(MemoryStorageInterface(str(tmp_path)), tiers(tmp_path))
    storage.save("a", [1, 2])
    tiers(tmp_path).load("a")
    copy = tmp_path / "here" / "a.npz"
    copy.write_bytes(copy.read_bytes().replace(b"[1, 2]", b"[1, 3]"))

    assert [storage.load("a") for _ in range(2)] == [[1, 2]] * 2
    assert len(list((tmp_path / "here").glob("*.damaged"))) == 1


def test_another_process_replaces(tmp_path: Path) -> None:
    """What another process has saved in the shared place counts, although there is a copy."""
    storage = tiers(tmp_path)
    storage.save("a", "old")
    assert storage.load("a") == "old"
    code = "import sys; from simple_metrics_manager import *; NpzStorageInterface(sys.argv[1]).save('a', 'new')"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "shared")], check=True)

    assert storage.load("a") == "new"


CONFIGS: list[tuple[StorageInterface, dict[str, object]]] = [
    (
        TieredStorageInterface(NpzStorageInterface("here"), NpzStorageInterface("there")),
        {
            "kind": "tiered",
            "fast": {"kind": "npz", "metrics_dir": "here"},
            "shared": {"kind": "npz", "metrics_dir": "there"},
        },
    ),
    (
        TieredStorageInterface(MemoryStorageInterface("m"), NpzStorageInterface("there", compress=True), check="never"),
        {
            "kind": "tiered",
            "fast": {"kind": "memory", "name": "m"},
            "shared": {"kind": "npz", "metrics_dir": "there", "compress": True},
            "check": "never",
        },
    ),
    (MemoryStorageInterface("m", allow_pickle=True), {"kind": "memory", "name": "m", "allow_pickle": True}),
]


@pytest.mark.parametrize(("storage", "config"), CONFIGS)
def test_configuration(storage: StorageInterface, config: dict[str, object]) -> None:
    """A storage of two is a table of two tables."""
    assert storage_to_config(storage) == config
    assert storage_from_config(config) == storage
    assert hash(storage_from_config(config)) == hash(storage)


def test_wrong_configurations(tmp_path: Path) -> None:
    """Mistakes are told with their path, and two tiers have to be two places."""
    table: dict[str, object] = {"kind": "npz", "metrics_dir": "a"}
    with pytest.raises(ConfigError, match=r"compres.* @ storage\.fast"):
        storage_from_config({"kind": "tiered", "fast": {**table, "compres": True}, "shared": table})
    with pytest.raises(ConfigError, match=r"'always'.*'never'"):
        storage_from_config({"kind": "tiered", "fast": {"kind": "memory"}, "shared": table, "check": "often"})
    with pytest.raises(ConfigError, match="fast and shared have to be two places"):
        TieredStorageInterface(NpzStorageInterface(tmp_path), NpzStorageInterface(tmp_path / "x" / ".."))


# ------------------------------------------------------------------------------------------------------------ memory
def test_memory_of_its_own() -> None:
    """A storage in memory without a name is one place, which is equal to no other."""
    one, other = MemoryStorageInterface(), MemoryStorageInterface()
    one.save("a", 1)

    assert one == one  # noqa: PLR0124  # that it is equal to itself is a fact
    assert one != other
    assert len({one, other}) == 2
    assert (one.load("a"), other.exists("a")) == (1, False)


def test_memory_by_name(tmp_path: Path) -> None:
    """All storages of one name are equal, and one place; those of another name are not."""
    name = str(tmp_path)
    MemoryStorageInterface(name).save("a", 1)

    assert MemoryStorageInterface(name).load("a") == 1
    assert MemoryStorageInterface(name) == MemoryStorageInterface(name)
    assert MemoryStorageInterface(name) != MemoryStorageInterface(name, allow_pickle=True)
    assert not MemoryStorageInterface(name + "x").exists("a")


def test_memory_stays_in_its_process(tmp_path: Path) -> None:
    """What another process gets of a storage in memory is its name, and an empty place."""
    storage = MemoryStorageInterface(str(tmp_path))
    storage.save("a", 1)
    code = "import pickle, sys; s = pickle.load(sys.stdin.buffer); print(s.name, s.exists('a'))"
    ran = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(storage), capture_output=True, check=True)

    assert ran.stdout.decode().split() == [str(tmp_path), "False"]
