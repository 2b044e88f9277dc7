"""What every store promises, as tests: under each name there is nothing or one whole blob."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Shared
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.testing.sample_names import LONG_NAMES, NAMES, SHORT_NAMES
from simple_metrics_manager.testing.store_crowd import StoreCrowdContract
from simple_metrics_manager.testing.store_processes import StoreProcessesContract
from simple_metrics_manager.testing.store_walk import StoreWalkContract
from simple_metrics_manager.testing.store_writing import StoreWritingContract
from simple_metrics_manager.testing.trying import raises

CLOCKS = timedelta(minutes=5)
"""How far the clock of a server may be from ours."""


class StoreContract(StoreWritingContract, StoreCrowdContract, StoreProcessesContract, StoreWalkContract):
    """The promises of :class:`.Store`. Give :meth:`make_store`, and :meth:`reopen` where a place can be opened twice.

    ``pickles`` says that a store object can be sent to another process, ``forks`` that one which was used before
    a fork works in the child, too; neither is promised by every store. ``large`` is the size of the largest blob
    that is tried, in bytes; ``rounds`` is how often each thread does what several do at once, ``steps`` how long the
    random walk is.
    """

    # ------------------------------------------------------------------------------------------ what is not there
    def test_an_empty_store_has_nothing(self) -> None:
        """A new store has no names, and says of each that it is not stored."""
        store = self.make_store()

        assert not store.exists("a")
        assert list(store.names()) == []
        assert list(store.listing()) == []

    def test_what_is_not_there(self) -> None:
        """Reading, deleting, moving and setting aside what is not there is a NotStoredError that has its name."""
        store = self.make_store()
        store.write("b", [b"other"])
        for name in ("a", "B", "b/", "é", ""):
            attempts: tuple[Callable[[str], object], ...]
            attempts = (store.read, store.delete, store.set_aside, lambda name: store.move(name, "c"))
            for attempt in attempts:
                with raises(NotStoredError) as caught:
                    attempt(name)
                assert isinstance(caught.error, NotStoredError)
                assert caught.error.name == name
                assert caught.error.storage != ""

        assert list(store.names()) == ["b"]

    # ------------------------------------------------------------------------------------------------------ names
    def test_any_text_is_a_name(self) -> None:
        """Every text is a name, and names that differ in anything have each a blob of their own."""
        store = self.make_store()
        for name in NAMES:
            assert not store.exists(name), f"{name!r:.60} is there before it was written"
            store.write(name, [repr(name).encode()])

        for name in NAMES:
            assert store.exists(name), f"{name!r:.60} is not there"
            assert bytes(store.read(name)) == repr(name).encode(), f"{name!r:.60} is another's"

    def test_names_are_in_order(self) -> None:
        """Names are listed once each, in the order of their code points; only long ones may be abbreviated."""
        store = self.make_store()
        for name in NAMES:
            store.write(name, [repr(name).encode()])
        listed = list(store.names())

        assert listed == sorted(set(listed))
        assert set(SHORT_NAMES) <= set(listed)
        assert len(listed) == len(NAMES)

    def test_a_listed_name_is_a_name(self) -> None:
        """Whatever name is listed, its blob can be read, moved and deleted under it."""
        store = self.make_store()
        for name in NAMES:
            store.write(name, [repr(name).encode()])
        listed = list(store.names())

        assert {bytes(store.read(name)) for name in listed} == {repr(name).encode() for name in NAMES}
        assert [each.name for each in store.listing()] == listed
        store.move(listed[-1], "another")
        for name in (*listed[:-1], "another"):
            store.delete(name)
        assert list(store.names()) == []

    def test_long_names_can_be_deleted_and_moved(self) -> None:
        """A long name is as good as a short one."""
        store = self.make_store()
        for name in LONG_NAMES:
            store.write("a", [name[-1:].encode("utf-8", "surrogatepass")])
            store.move("a", name)

            assert bytes(store.read(name)) == name[-1:].encode("utf-8", "surrogatepass")
            store.delete(name)
            assert not store.exists(name)

    def test_describe(self) -> None:
        """Each name has a place of its own to be told of in messages, whether something is there or not."""
        store = self.make_store()
        before = [store.describe(name) for name in NAMES]
        store.write("a", [b"1"])

        assert all(before)
        assert len(set(before)) == len(NAMES)
        assert store.describe("a") == before[0]

    # ---------------------------------------------------------------------------------------------------- listing
    def test_listing(self) -> None:
        """A listing gives names in order, exact sizes, and times of writing that are aware and in UTC."""
        store = self.make_store()
        sizes = {"b": 0, "a": 1, "x/y": 70_000, "é": 3}
        before = datetime.now(UTC)
        for name, size in sizes.items():
            store.write(name, [b"x" * size])
        listed = list(store.listing())

        assert [(each.name, each.bytes) for each in listed] == sorted(sizes.items())
        assert all(isinstance(each, Listed) for each in listed)
        for each in listed:
            assert each.written.utcoffset() == timedelta(0)
            assert before - CLOCKS <= each.written <= datetime.now(UTC) + CLOCKS

    def test_listing_follows_what_happens(self) -> None:
        """A listing tells what is there when it is asked for: new sizes, new names, and nothing that is gone."""
        store = self.make_store()
        for name in "abc":
            store.write(name, [b"1"])
        first = {each.name: each for each in store.listing()}
        store.write("a", [b"22"])
        store.move("b", "d")
        store.delete("c")
        second = {each.name: each for each in store.listing()}

        assert {name: each.bytes for name, each in second.items()} == {"a": 2, "d": 1}
        assert second["a"].written >= first["a"].written

    # ------------------------------------------------------------------------------------------ moving and deleting
    def test_delete(self) -> None:
        """What was deleted is gone, and only that; the name can be used again."""
        store = self.make_store()
        store.write("a", [b"1"])
        store.write("A", [b"2"])
        store.delete("a")

        assert (store.exists("a"), store.exists("A")) == (False, True)
        assert list(store.names()) == ["A"]
        store.write("a", [b"3"])
        assert bytes(store.read("a")) == b"3"

    def test_move(self) -> None:
        """A blob gets another name, and only that."""
        store = self.make_store()
        store.write("a", [b"1"])
        store.move("a", "x/y")

        assert not store.exists("a")
        assert list(store.names()) == ["x/y"]
        assert bytes(store.read("x/y")) == b"1"

    def test_move_between_names_that_look_alike(self) -> None:
        """A name that differs in case, a blank or an accent is another one, to which a blob can be moved."""
        store = self.make_store()
        path = ["a", "A", "A ", "é", "e\u0301", ".a", "a."]
        store.write("a", [b"1"])
        for old, new in itertools.pairwise(path):
            store.move(old, new)

            assert list(store.names()) == [new]
            assert bytes(store.read(new)) == b"1"

    def test_move_replaces_nothing(self) -> None:
        """A move onto a name that is taken, its own included, is a FileExistsError and changes nothing."""
        store = self.make_store()
        store.write("a", [b"1"])
        store.write("b", [b"2"])
        for new in ("a", "b"):
            with raises(FileExistsError) as caught:
                store.move("a", new)
            assert repr(new) in str(caught.error) or store.describe(new) in str(caught.error)

        assert (bytes(store.read("a")), bytes(store.read("b"))) == (b"1", b"2")
        assert list(store.names()) == ["a", "b"]

    # -------------------------------------------------------------------------------------------------- set aside
    def test_set_aside(self) -> None:
        """What was set aside leaves its name free, and no name means it, nor the text that says where it is."""
        store = self.make_store()
        store.write("a", [b"damaged"])
        store.write("b", [b"sound"])
        where = store.set_aside("a")

        assert where != ""
        assert not store.exists("a")
        assert not store.exists(where)
        assert (list(store.names()), len(list(store.listing()))) == (["b"], 1)
        with raises(NotStoredError):
            store.read("a")

    def test_set_aside_again_and_again(self) -> None:
        """Blobs of one name that are set aside one after the other have each a place of their own, and all are kept."""
        store = self.make_store()
        places: dict[str, bytes] = {}
        for round_ in range(12):
            blob = b"damaged %d" % round_
            store.write("x/y", [blob])
            places[store.set_aside("x/y")] = blob

        assert len(places) == 12
        assert list(store.names()) == []
        for where, blob in places.items():
            kept = self.read_aside(store, where)
            assert kept is None or kept == blob, f"what was set aside is not at {where}"

    def test_any_name_can_be_set_aside(self) -> None:
        """Whatever its name, a blob can be set aside, and the name used again."""
        store = self.make_store()
        places: set[str] = set()
        for name in NAMES:
            store.write(name, [b"1"])
            places.add(store.set_aside(name))
            assert not store.exists(name)

        assert len(places) == len(NAMES)
        assert list(store.names()) == []

    # ------------------------------------------------------------------------------------------------ whole groups
    def test_a_group_is_visible_at_once(self) -> None:
        """What is written in a group can be read at once, and stays when the group has ended."""
        store = self.make_store()
        store.write("old", [b"1"])
        with store.grouped():
            store.write("old", [b"2"])
            assert store.create("new", [Shared(b"3"), b"4"])

            assert (bytes(store.read("old")), bytes(store.read("new"))) == (b"2", b"34")
            assert list(store.names()) == ["new", "old"]
            store.move("new", "newer")
            store.write("gone", [b"5"])
            store.delete("gone")

        assert {name: bytes(store.read(name)) for name in store.names()} == {"old": b"2", "newer": b"34"}

    def test_a_group_that_fails(self) -> None:
        """An error within a group goes through it as it is; no blob is torn by it, and the next group is sound."""
        store = self.make_store()
        store.write("a", [b"old"])
        wrong = ValueError("of the caller")
        with raises(ValueError) as caught, store.grouped():
            store.write("a", [b"new"])
            raise wrong

        assert caught.error is wrong
        assert bytes(store.read("a")) in (b"old", b"new")
        with store.grouped():
            store.write("a", [b"newer"])
        assert bytes(store.read("a")) == b"newer"

    def test_groups_of_nothing_and_of_many(self) -> None:
        """A group may be empty, or hold hundreds of writes, several of one name among them; the last one counts."""
        store = self.make_store()
        with store.grouped():
            pass
        with store.grouped():
            for number in range(300):
                store.write(f"{number % 100:02}", [b"%d" % number])

        assert {name: int(bytes(store.read(name))) for name in store.names()} == {
            f"{number:02}": 200 + number for number in range(100)
        }
