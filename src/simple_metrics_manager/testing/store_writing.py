"""What a store promises of a blob: written whole or not at all, and never changed for those who hold it."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Buffer, Shared
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.testing.store_basis import StoreBasis
from simple_metrics_manager.testing.trying import elsewhere, raises


class Interruption(BaseException):
    """What ends a thread or a process in the middle of something, as Ctrl-C does."""


class StoreWritingContract(StoreBasis):
    """Blobs and their pieces."""

    def sizes(self) -> tuple[int, ...]:
        """Sizes of blobs that are tried: none, one byte, those around which stores do things another way, large."""
        return (0, 1, 100, 4095, 4096, 65_535, 65_537, 1_000_003, self.large)

    def test_write_and_read(self) -> None:
        """A blob of any size is read as it was written, read-only, byte by byte; its size is what writing returns."""
        store = self.make_store()
        for size in self.sizes():
            blob = random.Random(size).randbytes(size)  # noqa: S311  # not for secrets

            assert store.write("a", [blob]) == size
            found = store.read("a")
            assert isinstance(found, memoryview)
            assert (found.readonly, found.format, found.ndim, found.c_contiguous) == (True, "B", 1, True)
            assert found == blob, f"{size} bytes did not come back"

    def test_pieces(self) -> None:
        """Pieces are written one after the other, however many there are and whatever holds or makes them."""
        store = self.make_store()
        large = bytes(range(256)) * (self.large // 1024)
        cases: dict[str, list[Buffer]] = {
            "none": [],
            "an empty one": [b""],
            "few": [b"a", b"", b"b"],
            "many": [b"%d," % number for number in range(5000)],
            "of all kinds": [bytearray(b"x" * 70_000), memoryview(b"yz")[1:], Shared(b"shared"), b"bytes"],
            "large": [large, b"-", memoryview(large), Shared(large)],
        }
        for what, pieces in cases.items():
            whole = b"".join(pieces)
            for given in (pieces, tuple(pieces), iter(pieces), (piece for piece in pieces)):
                assert store.write("a", given) == len(whole)
                assert store.read("a") == whole, f"of pieces ({what}) another blob was made"

    def test_shared_pieces(self) -> None:
        """A piece that many blobs have in common is part of each, also when the others are gone or changed."""
        store = self.make_store()
        common = Shared(b"what all points of a sweep have in common" * 50)
        for number in range(5):
            store.write(f"{number}", [b"%d" % number, common, b"!"])
        store.delete("0")
        store.write("1", [b"other"])
        store.set_aside("2")
        store.move("3", "5")

        assert bytes(store.read("4")) == b"4" + common + b"!"
        assert bytes(store.read("5")) == b"3" + common + b"!"

    def test_what_was_written_is_a_copy(self) -> None:
        """What the writer does with its memory afterwards changes nothing."""
        store = self.make_store()
        for size in (6, self.large):
            mine = bytearray(size)
            store.write("a", [memoryview(mine)])
            store.create(f"b{size}", [mine])
            mine[:] = b"\1" * size

            assert bytes(store.read("a")) == bytes(store.read(f"b{size}")) == bytes(size)

    def test_what_was_read_stays(self) -> None:
        """A blob that somebody holds stays what it was when it is replaced, moved, deleted or set aside."""
        for size in (10, self.large):
            for change in _CHANGES:
                store = self.make_store()
                store.write("a", [b"1" * size])
                held = store.read("a")
                change(store)
                store.write("a", [b"3" * (size // 2)])

                assert held == b"1" * size
                assert store.read("a") == b"3" * (size // 2)

    # ----------------------------------------------------------------------------------------------------- create
    def test_create(self) -> None:
        """Create writes what is not there, and says of what is there that it did not, whatever it holds."""
        store = self.make_store()
        for name in ("a", "é/..", ""):
            assert store.create(name, [b"fi", b"rst"]) is True
            for pieces in ([b"second"], [b"first"], []):
                assert store.create(name, pieces) is False
            assert bytes(store.read(name)) == b"first"

        assert list(store.names()) == sorted(["a", "é/..", ""])

    def test_create_knows_what_others_did(self) -> None:
        """Create respects what was written, moved there, or is empty, and takes a name that became free."""
        store = self.make_store()
        store.write("written", [])
        store.write("elsewhere", [b"1"])
        store.move("elsewhere", "moved")
        assert (store.create("written", [b"2"]), store.create("moved", [b"2"])) == (False, False)
        assert (bytes(store.read("written")), bytes(store.read("moved"))) == (b"", b"1")

        store.delete("written")
        store.set_aside("moved")
        for name in ("written", "moved", "elsewhere"):
            assert store.create(name, [b"3"]) is True
        assert [bytes(store.read(name)) for name in store.names()] == [b"3"] * 3

    # ------------------------------------------------------------------------------------- all of it or nothing
    def test_nothing_is_there_before_it_is_whole(self) -> None:
        """While the pieces are still being made, others see what was there before, or nothing, however they ask."""
        store = self.make_store()
        for write in (store.write, store.create):
            write("new", self._watched(lambda: elsewhere(lambda: self._absent(store, "new"))))
            assert bytes(store.read("new")) == b"1" * 200_000 + b"2"
            store.delete("new")

        store.write("old", [b"old"])
        store.write("old", self._watched(lambda: elsewhere(lambda: self._stands(store, "old", b"old"))))
        assert store.read("old") == b"1" * 200_000 + b"2"

    def test_pieces_that_cannot_be_made(self) -> None:
        """An error while the pieces are made comes out as it is, and what was there before stands."""
        for wrong in (ValueError("of the caller"), KeyError("b"), Interruption()):
            for large in (b"1", b"1" * self.large):
                store = self.make_store()
                store.write("old", [b"old"])
                for write, name in ((store.write, "old"), (store.write, "new"), (store.create, "new")):
                    with raises(type(wrong)) as caught:
                        write(name, broken_off(large, wrong))
                    assert caught.error is wrong

                self._stands(store, "old", b"old")
                assert store.create("new", [b"new"])
                assert {each.name: each.bytes for each in store.listing()} == {"old": 3, "new": 3}

    def _watched(self, look: Callable[[], None]) -> Iterator[Buffer]:
        look()
        yield b"1" * 200_000
        look()
        yield b"2"
        look()

    def _absent(self, store: Store, name: str) -> None:
        assert not store.exists(name), "there is something before it is whole"
        assert (list(store.names()), list(store.listing())) == ([], [])
        with raises(NotStoredError):
            store.read(name)

    def _stands(self, store: Store, name: str, blob: bytes) -> None:
        assert store.exists(name), "what was there is gone"
        assert bytes(store.read(name)) == blob, "what was there has changed"
        assert [each.bytes for each in store.listing() if each.name == name] == [len(blob)]
        assert list(store.names()) == [name]


def broken_off(piece: bytes, error: BaseException) -> Iterator[Buffer]:
    """Pieces of which the third one cannot be made."""
    yield piece
    yield piece
    raise error


def _replaced(store: Store) -> None:
    store.write("a", [b"22"])


def _deleted(store: Store) -> None:
    store.delete("a")


def _moved(store: Store) -> None:
    store.move("a", "b")
    store.write("b", [b"2"])


def _aside(store: Store) -> None:
    store.set_aside("a")


_CHANGES = (_replaced, _deleted, _moved, _aside)
