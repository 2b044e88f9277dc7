"""What a store promises when many threads use it at once, or many store objects one place."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

import contextlib
import time
from functools import partial

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.testing.store_basis import StoreBasis, check, filled
from simple_metrics_manager.testing.trying import at_once, meanwhile, skip

A_MOMENT = 0.0002
"""Seconds, for other threads to get their turn."""


class StoreCrowdContract(StoreBasis):
    """Many at once."""

    # ---------------------------------------------------------------------------------------------------- threads
    def test_readers_see_whole_blobs(self) -> None:
        """However many threads write under one name, whoever reads it gets one whole blob."""
        store = self.make_store()
        store.write("a", [filled(0)])

        def write(first: int, number: int) -> None:
            blob = filled(first + number)
            store.write("a", [blob[:7], blob[7:]])

        meanwhile([partial(write, 0), partial(write, 100)], lambda: check(store.read("a")), self.rounds)

    def test_reads_while_it_is_deleted(self) -> None:
        """What is deleted and written in turns is whole, or a NotStoredError, for whoever reads it."""
        store = self.make_store()

        def change(number: int) -> None:
            store.write("a", [filled(number)])
            time.sleep(A_MOMENT)
            store.delete("a")
            time.sleep(A_MOMENT)

        def look() -> None:
            with contextlib.suppress(NotStoredError):
                check(store.read("a"))

        meanwhile([change], look, 2 * self.rounds)
        assert not store.exists("a")

    def test_listing_while_it_changes(self) -> None:
        """A listing that is made while others write and delete has what was there throughout, in order, sizes right."""
        store = self.make_store()
        for name in ("b", "d", "f"):
            store.write(name, [filled(0)])

        def change(name: str, number: int) -> None:
            store.write(name, [b"x" * (1 + number % 2)])
            store.delete(name)

        def look() -> None:
            names = list(store.names())
            assert names == sorted(set(names))
            assert {"b", "d", "f"} <= set(names) <= set("abcdef")
            found = {each.name: each.bytes for each in store.listing()}
            assert {found.get(name) for name in "bdf"} == {len(filled(0))}
            assert {size for name, size in found.items() if name in "ace"} <= {1, 2}

        meanwhile([partial(change, name) for name in "ace"], look, self.rounds)

    def test_many_writers_of_many_names(self) -> None:
        """What threads write under names of their own is all there in the end."""
        store = self.make_store()

        def write(who: int) -> int:
            for number in range(self.rounds):
                store.write(f"{who}/{number:03}", [b"%d," % who, b"%d" % number])
            return 0

        at_once(*(partial(write, who) for who in range(4)))

        assert {name: bytes(store.read(name)) for name in store.names()} == {
            f"{who}/{number:03}": b"%d,%d" % (who, number) for who in range(4) for number in range(self.rounds)
        }

    def test_one_of_many_creates(self) -> None:
        """Of several threads that create one name at once, exactly one is told that it did, and its blob is there."""
        store = self.make_store()
        for number in range(self.rounds):
            name = f"n{number}"
            made = at_once(*(partial(store.create, name, [b"%d" % who]) for who in range(4)))

            assert sorted(made) == [False, False, False, True]
            assert bytes(store.read(name)) == b"%d" % made.index(True)

    def test_one_of_many_moves(self) -> None:
        """Of several threads that move to one name at once, one does; the others are told, and keep what they had."""
        store = self.make_store()
        for number in range(self.rounds):
            for who in "abcd":
                store.write(who, [who.encode()])
            moved = at_once(*(partial(_try_to_move, store, who, f"n{number}") for who in "abcd"))

            assert sorted(moved) == [False, False, False, True]
            winner = "abcd"[moved.index(True)]
            assert bytes(store.read(f"n{number}")) == winner.encode()
            assert {who for who in "abcd" if store.exists(who)} == set("abcd") - {winner}

    def test_groups_beside_others(self) -> None:
        """Groups of several threads, and writes beside them, lose nothing of each other."""
        store = self.make_store()

        def group(who: str) -> int:
            for start in range(0, self.rounds, 10):
                with store.grouped():
                    for number in range(start, start + 10):
                        store.write(f"{who}{number}", [who.encode()])
            return 0

        def single(who: str) -> int:
            for number in range(self.rounds):
                store.write(f"{who}{number}", [who.encode()])
            return 0

        at_once(partial(group, "a"), partial(group, "b"), partial(single, "c"))

        found = [bytes(store.read(name)) for name in store.names()]
        assert [found.count(who) for who in (b"a", b"b", b"c")] == [-(-self.rounds // 10) * 10] * 2 + [self.rounds]

    # ------------------------------------------------------------------------------------------- the place again
    def test_two_store_objects_on_one_place(self) -> None:
        """Two store objects on one place see at once what the other one did."""
        one = self.make_store()
        two = self._again(one)
        for number, writer in enumerate((one, two, one, two)):
            writer.write("a", [b"%02d" % number])
            assert [(store.exists("a"), bytes(store.read("a"))) for store in (one, two)] == [
                (True, b"%02d" % number)
            ] * 2
        assert two.create("a", [b"3"]) is False
        assert one.create("b", [b"4"]) is True
        assert two.create("b", [b"5"]) is False
        assert {each.name: each.bytes for each in one.listing()} == {"a": 2, "b": 1}
        two.move("a", "c")
        one.delete("b")
        assert list(two.names()) == list(one.names()) == ["c"]
        assert two.set_aside("c") != ""
        assert (one.exists("c"), list(one.names())) == (False, [])
        with one.grouped():
            one.write("d", [b"6"])
            assert bytes(two.read("d")) == b"6"

    def test_what_was_written_is_there_later(self) -> None:
        """Who opens the place anew finds everything that was written, moved and replaced, and nothing else."""
        store = self.make_store()
        self._again(store)
        for name in ("a", "b", "é/..", ""):
            store.write(name, [name.encode(), b"1"])
        store.write("a", [b"2"])
        store.delete("b")
        store.move("", "x")
        store.write("damaged", [b"?"])
        store.set_aside("damaged")
        store.write("last", [b"3"])
        again = self._again(store)

        assert {name: bytes(again.read(name)) for name in again.names()} == {
            "a": b"2",
            "é/..": "é/..1".encode(),
            "x": b"1",
            "last": b"3",
        }

    def test_threads_with_a_store_object_each(self) -> None:
        """Threads that have each a store object of their own see whole blobs only, and create each name once."""
        stores = [self.make_store()]
        stores += [self._again(stores[0]) for _ in range(3)]
        stores[0].write("a", [filled(0)])

        def work(who: int) -> list[bool]:
            store = stores[who]
            made: list[bool] = []
            for number in range(self.rounds):
                made.append(store.create(f"n{number}", [b"%d" % who]))
                store.write("a", [filled(number)])
                check(store.read("a"))
            return made

        made = at_once(*(partial(work, who) for who in range(4)))

        assert [sum(each) for each in zip(*made, strict=True)] == [1] * self.rounds

    def _again(self, store: Store) -> Store:
        again = self.reopen(store)
        if again is None:
            raise skip("this place cannot be opened twice: reopen(self, store) is not given")
        return again


def _try_to_move(store: Store, old: str, new: str) -> bool:
    try:
        store.move(old, new)
    except FileExistsError:
        return False
    return True
