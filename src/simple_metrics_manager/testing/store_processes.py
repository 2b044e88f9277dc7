"""What a store promises that can be sent to another process, or be there after a fork."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

import multiprocessing
import pickle
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from threading import BrokenBarrierError
from typing import Literal, Protocol

from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.testing.store_basis import StoreBasis, check, filled
from simple_metrics_manager.testing.trying import skip

PATIENCE = 60.0
"""Seconds after which another process is taken to be stuck."""


class StoreProcessesContract(StoreBasis):
    """Other processes."""

    def test_pickled(self) -> None:
        """A store object that went through pickle is a store object on the same place."""
        store = self._sendable()
        store.write("a", [b"1"])
        again = pickle.loads(pickle.dumps(store))  # noqa: S301  # our own
        again.write("b", [b"2"])

        assert bytes(again.read("a")) == b"1"
        assert bytes(store.read("b")) == b"2"

    def test_in_another_process(self) -> None:
        """A store object that was sent to another process sees and changes the same place there."""
        self._with_children(self._sendable(), "spawn")

    def test_after_a_fork(self) -> None:
        """A store object that was used before a fork works in both processes after it."""
        if not self.forks or "fork" not in multiprocessing.get_all_start_methods():
            raise skip("this store does not say that it works in a forked process, or there are none here")
        self._with_children(self.make_store(), "fork")

    def _with_children(self, store: Store, method: Literal["spawn", "fork"]) -> None:
        store.write("a", [filled(0)])
        store.read("a")
        context = multiprocessing.get_context(method)
        children = ProcessPoolExecutor(2, context, _meet, (context.Barrier(2, timeout=PATIENCE),))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is what is tried here
            others = [children.submit(_child, store, who, self.rounds) for who in range(2)]
        number = 0
        while not all(each.done() for each in others):
            store.write("a", [filled(number)])
            check(store.read("a"))
            number += 1
            time.sleep(0.001)  # others need the processor to begin at all
        children.shutdown()
        told = [each.result() for each in others]

        made = [bytes(store.read(f"n{number}")) for number in range(self.rounds)]
        assert set(made) <= {b"0", b"1"}
        assert told == [made.count(b"0"), made.count(b"1")]

    def _sendable(self) -> Store:
        if not self.pickles:
            raise skip("this store does not say that it can be sent to another process")
        return self.make_store()


class _Barrier(Protocol):
    def wait(self) -> int: ...


def _meet(barrier: _Barrier) -> None:
    """Both children begin at once: the first one would be done before the second one is there."""
    try:
        barrier.wait()
    except BrokenBarrierError as error:
        raise AssertionError("the other process did not come") from error


def _child(store: Store, who: int, rounds: int) -> int:
    """What a child does: reads and writes what others do, and creates what only one can; how often it was the one."""
    made = 0
    for number in range(rounds):
        store.write("a", [filled(number)])
        check(store.read("a"))
        made += store.create(f"n{number}", [b"%d" % who])
    return made
