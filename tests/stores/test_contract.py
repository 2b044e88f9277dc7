"""Every store keeps the same promises; a new one is added to the list at the top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.stores import Directory, Memory, Store

MAKERS: dict[str, Callable[[Path], Store]] = {
    "directory": lambda path: Directory(path / "store", ".bin", "cache"),
    "memory": lambda _path: Memory(),
}
NAMES = ("a", "A.b", "x/../y", "é", "a b", "", "..", "con", "a" * 500, "a" * 499 + "b", "%41", "\ud800")
BLOBS = (b"", b"a", bytes(range(256)) * 10)


@pytest.fixture(params=MAKERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each kind of store in turn, empty."""
    return MAKERS[request.param](tmp_path)


def test_empty(store: Store) -> None:
    """An empty store has nothing, and says so by name."""
    assert list(store.names()) == []
    assert not store.exists("a")
    with pytest.raises(NotStoredError, match=r"^'a' is not stored in "):
        store.read("a")
    with pytest.raises(NotStoredError, match=r"^'a' is not stored in "):
        store.delete("a")
    with pytest.raises(NotStoredError, match=r"^'a' is not stored in "):
        store.move("a", "b")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("blob", BLOBS)
def test_write_and_read(store: Store, name: str, blob: bytes) -> None:
    """What was written under a name is read under it, read-only, until it is deleted."""
    assert store.write(name, [blob]) == len(blob)
    assert store.exists(name)
    assert bytes(store.read(name)) == blob
    assert store.read(name).readonly
    assert name[:100] in store.describe(name) or len(name) < 20

    store.delete(name)
    assert not store.exists(name)


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b""],
        [b"a", b"", b"b"],
        [b"%d," % n for n in range(3000)],
        [bytearray(b"x" * 70_000), memoryview(b"yz")[1:]],
    ],
    ids=["none", "empty", "few", "many", "kinds"],
)
def test_pieces(store: Store, pieces: Sequence[bytes]) -> None:
    """Pieces are written one after the other, however many there are."""
    whole = b"".join(pieces)

    assert store.write("a", pieces) == len(whole)
    assert bytes(store.read("a")) == whole


def test_what_was_read_stays(store: Store) -> None:
    """A blob that somebody holds stays what it was when another takes its place, be it small or large."""
    for size in (10, 2_000_000):
        store.write("a", [b"1" * size])
        held = store.read("a")
        store.write("a", [b"2" * (size // 2)])

        assert held == b"1" * size
        assert bytes(store.read("a")) == b"2" * (size // 2)


def test_what_was_written_is_a_copy(store: Store) -> None:
    """What the writer does with its memory afterwards changes nothing."""
    mine = bytearray(b"before")
    store.write("a", [mine])
    mine[:] = b"after!"

    assert bytes(store.read("a")) == b"before"


def test_names(store: Store) -> None:
    """All names are listed in order; those too long for a file in a form that stands for them."""
    for name in NAMES:
        store.write(name, [name.encode("utf-8", "replace")])
    listed = list(store.names())

    assert listed == sorted(listed)
    assert len(listed) == len(NAMES)
    assert {name for name in NAMES if len(name) < 100} <= set(listed)
    assert {bytes(store.read(name)) for name in listed} == {name.encode("utf-8", "replace") for name in NAMES}


def test_move(store: Store) -> None:
    """A blob gets another name, and only that."""
    store.write("a", [b"1"])
    store.move("a", "x/y")

    assert list(store.names()) == ["x/y"]
    assert bytes(store.read("x/y")) == b"1"


def test_move_replaces_nothing(store: Store) -> None:
    """A move onto a name that is taken, its own included, changes nothing."""
    store.write("a", [b"1"])
    store.write("b", [b"2"])
    for new in ("a", "b"):
        with pytest.raises(FileExistsError, match=new):
            store.move("a", new)

    assert (bytes(store.read("a")), bytes(store.read("b"))) == (b"1", b"2")


@given(name=st.text(max_size=300), other=st.text(max_size=300))
def test_any_name(name: str, other: str) -> None:
    """Any text is a name, and two texts are two names."""
    store = Memory()
    store.write(name, [b"1"])

    assert store.exists(other) == (name == other)


class AgainstADict(RuleBasedStateMachine):
    """Whatever is done to a store, it holds what a dict would hold."""

    names = st.sampled_from(NAMES)

    def __init__(self) -> None:
        super().__init__()
        self.expected: dict[str, bytes] = {}
        self.place = TemporaryDirectory()
        self.store: Store = Memory()

    @initialize(kind=st.sampled_from(sorted(MAKERS)))
    def begin(self, kind: str) -> None:
        """An empty store of some kind."""
        self.store = MAKERS[kind](Path(self.place.name))

    def teardown(self) -> None:
        """Removes what was stored."""
        self.place.cleanup()

    @rule(name=names, blob=st.binary(max_size=20))
    def write(self, name: str, blob: bytes) -> None:
        """Write, over what is there or not."""
        self.store.write(name, [blob])
        self.expected[name] = blob

    @rule(name=names)
    def delete(self, name: str) -> None:
        """Delete, if it is there."""
        if name in self.expected:
            del self.expected[name]
            self.store.delete(name)
        else:
            with pytest.raises(NotStoredError):
                self.store.delete(name)

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
        """Each name has what it should have."""
        found = {name: bytes(self.store.read(name)) for name in NAMES if self.store.exists(name)}

        assert found == self.expected
        assert len(list(self.store.names())) == len(found)


TestAgainstADict = AgainstADict.TestCase
TestAgainstADict.settings = settings(max_examples=30, stateful_step_count=25)


def test_what_is_set_aside_is_gone_from_its_name(store: Store) -> None:
    """A blob that was set aside leaves its name free, each time in another place, and what is not there cannot be."""
    places: set[str] = set()
    for _ in range(2):
        store.write("a", [b"x"])
        places.add(store.set_aside("a"))
        assert (store.exists("a"), list(store.names())) == (False, [])

    assert len(places) == 2
    with pytest.raises(NotStoredError):
        store.set_aside("a")
