"""A random walk: whatever is done to a store, in whatever order, it holds what a dict would hold."""

# ruff: noqa: S101, S311  # a contract asserts; and chance is not for secrets here

from __future__ import annotations

import random

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.testing.sample_names import LONG_NAMES
from simple_metrics_manager.testing.store_basis import StoreBasis
from simple_metrics_manager.testing.trying import raises

WALKED = ("a", "A", "é", "x/../y", "", "a b", "\ud800", ".a.tmp", *LONG_NAMES[:2])


class StoreWalkContract(StoreBasis):
    """Compares a store with a dict."""

    def test_it_is_like_a_dict(self) -> None:
        """After any sequence of writes, creations, moves, deletions and settings aside, it holds what a dict would."""
        for seed in range(3):
            walk = Walk(self.make_store(), random.Random(seed))
            for _ in range(self.steps // 3):
                walk.step()


class Walk:
    """A store, the dict that it should be like, and what was done to both so far."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self.store = store
        self.model: dict[str, bytes] = {}
        self.done: list[str] = []
        self._chance = chance

    def step(self) -> None:
        """Does one thing to both, and compares them.

        Raises:
            AssertionError: they differ; what was done last is told with it.
        """
        doing = (self.write, self.write, self.create, self.delete, self.move, self.aside)
        try:
            self._chance.choice(doing)()
            self._compare()
        except Exception as error:
            error.add_note("after " + "; ".join(self.done[-12:]))
            raise

    def write(self) -> None:
        """Writes, over what is there or not."""
        name, blob = self._name("write"), self._blob()
        assert self.store.write(name, [blob[:3], blob[3:]]) == len(blob)
        self.model[name] = blob

    def create(self) -> None:
        """Writes where nothing is."""
        name, blob = self._name("create"), self._blob()
        assert self.store.create(name, [blob]) is (name not in self.model)
        self.model.setdefault(name, blob)

    def delete(self) -> None:
        """Deletes, if there is something."""
        name = self._name("delete")
        if self.model.pop(name, None) is None:
            with raises(NotStoredError):
                self.store.delete(name)
        else:
            self.store.delete(name)

    def move(self) -> None:
        """Moves, if there is something to move, and room for it."""
        old, new = self._name("move"), self._name("to")
        if old in self.model and new not in self.model:
            self.store.move(old, new)
            self.model[new] = self.model.pop(old)
        else:
            with raises(FileExistsError if old in self.model else NotStoredError, FileExistsError):
                self.store.move(old, new)

    def aside(self) -> None:
        """Sets aside, if there is something."""
        name = self._name("set aside")
        if self.model.pop(name, None) is None:
            with raises(NotStoredError):
                self.store.set_aside(name)
        else:
            self.store.set_aside(name)

    def _name(self, what: str) -> str:
        name = self._chance.choice(WALKED)
        self.done.append(f"{what} {name!r:.40}")
        return name

    def _blob(self) -> bytes:
        return self._chance.randbytes(self._chance.choice((0, 1, 5, 20)))

    def _compare(self) -> None:
        found = {name: bytes(self.store.read(name)) for name in WALKED if self.store.exists(name)}
        assert found == self.model
        names = list(self.store.names())
        assert names == sorted(set(names))
        assert len(names) == len(self.model)
        assert {name for name in self.model if name not in LONG_NAMES} <= set(names)
        assert sorted(each.bytes for each in self.store.listing()) == sorted(map(len, self.model.values()))
