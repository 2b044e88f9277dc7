"""What a conditional store promises besides: a blob is replaced only if nobody else has replaced it."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

import time
from functools import partial
from typing import ClassVar

from simple_metrics_manager.stores.base import ConditionalStore, Store
from simple_metrics_manager.testing.store_contract import StoreContract
from simple_metrics_manager.testing.store_writing import broken_off
from simple_metrics_manager.testing.trying import at_once, raises


class ConditionalStoreContract(StoreContract):
    """The promises of :class:`.ConditionalStore`.

    ``tags_tell_equal_blobs`` is to be False where equal bytes have equal tags, as in an object store whose tag is
    a hash: such a tag tells blobs apart, but not whether one was written again.
    """

    tags_tell_equal_blobs: ClassVar[bool] = True

    def make_store(self) -> ConditionalStore:
        """A new, empty store, in a place of its own each time."""
        raise NotImplementedError(f"{type(self).__name__} has to say which store is tested: write make_store(self)")

    def reopen(self, store: Store) -> ConditionalStore | None:
        """Another store object on the same place, as another process would make it; None where there can be none."""
        return None

    def test_tag(self) -> None:
        """A tag stays as long as the blob, and another blob has another one; what is not there has none."""
        store = self.make_store()
        assert store.tag("a") is None
        tags: list[str | None] = []
        for number in range(10):
            store.write("a", [b"%d" % number])
            tags += [store.tag("a")]
            store.write("b", [b"x"])
            assert store.tag("a") == tags[-1]
        store.delete("a")

        assert store.tag("a") is None
        assert None not in tags
        assert len(set(tags)) == len(tags)

    def test_tags_of_equal_blobs(self) -> None:
        """A blob that is written again, or anew after a deletion, has another tag, be its bytes the same or not."""
        store = self.make_store()
        tags: set[str | None] = set()
        for _ in range(5):
            store.write("a", [b"same"])
            tags.add(store.tag("a"))
            store.delete("a")
            store.create("a", [b"same"])
            tags.add(store.tag("a"))

        assert None not in tags
        assert len(tags) == 10 or not self.tags_tell_equal_blobs

    def test_replace(self) -> None:
        """A blob is replaced under its own tag, once; the tag of the new one serves for the next time."""
        store = self.make_store()
        for name in ("a", "é/..", ""):
            store.write(name, [b"1"])
            first = store.tag(name)
            assert first is not None
            assert store.replace(name, [b"2", b"2"], first) is True
            assert bytes(store.read(name)) == b"22"
            assert store.replace(name, [b"3"], first) is False
            second = store.tag(name)
            assert second is not None
            assert store.replace(name, [b"4"], second) is True
            assert bytes(store.read(name)) == b"4"

    def test_replace_what_has_changed(self) -> None:
        """Nothing is replaced that another wrote, deleted, moved or set aside, nor under a tag of another name."""
        store = self.make_store()
        store.write("other", [b"other"])
        other = store.tag("other")
        assert other is not None
        for change in (_write, _delete, _move, _set_aside):
            store.write("a", [b"1"])
            tag = store.tag("a")
            assert tag is not None
            change(store)
            before = {name: bytes(store.read(name)) for name in store.names()}

            assert store.replace("a", [b"mine"], tag) is False
            assert store.replace("a", [b"mine"], other) is False
            assert store.replace("a", [b"mine"], "no tag at all") is False
            assert {name: bytes(store.read(name)) for name in store.names()} == before

    def test_replacing_pieces_that_cannot_be_made(self) -> None:
        """An error while the pieces of a replacement are made comes out as it is, and the old blob keeps its tag."""
        store = self.make_store()
        store.write("a", [b"old"])
        tag = store.tag("a")
        assert tag is not None
        wrong = ValueError("of the caller")

        with raises(ValueError) as caught:
            store.replace("a", broken_off(b"new", wrong), tag)

        assert caught.error is wrong
        assert (store.tag("a"), bytes(store.read("a"))) == (tag, b"old")
        assert store.replace("a", [b"new"], tag)

    def test_no_update_is_lost(self) -> None:
        """A counter that threads increase at once, each replacing what it has read, counts every increase."""
        stores = [self.make_store()]
        stores += [self.reopen(stores[0]) or stores[0] for _ in range(3)]
        stores[0].write("counter", [b"0"])

        at_once(*(partial(_increase, store, self.rounds) for store in stores))

        assert bytes(stores[0].read("counter")) == b"%d" % (4 * self.rounds)


def _increase(store: ConditionalStore, times: int) -> int:
    while times:
        tag = store.tag("counter")
        assert tag is not None
        count = int(bytes(store.read("counter")))
        time.sleep(0.0005)  # for others to come between
        times -= store.replace("counter", [b"%d" % (count + 1)], tag)
    return times


def _write(store: Store) -> None:
    store.write("a", [b"2"])


def _delete(store: Store) -> None:
    store.delete("a")


def _move(store: Store) -> None:
    store.move("a", "b")


def _set_aside(store: Store) -> None:
    store.write("a", [b"3"])
    store.set_aside("a")
