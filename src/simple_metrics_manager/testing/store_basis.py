"""What all parts of the contract of stores have in common: how the stores under test are made."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

from typing import ClassVar

from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.testing.trying import Contract


class StoreBasis(Contract):
    """Says what is under test. What is not given is not tested, where not every store can do it."""

    pickles: ClassVar[bool] = False
    forks: ClassVar[bool] = False
    large: ClassVar[int] = 3_000_000
    rounds: ClassVar[int] = 40
    steps: ClassVar[int] = 300

    def make_store(self) -> Store:
        """A new, empty store, in a place of its own each time."""
        raise NotImplementedError(f"{type(self).__name__} has to say which store is tested: write make_store(self)")

    def reopen(self, store: Store) -> Store | None:
        """Another store object on the same place, as another process would make it; None where there can be none."""
        return None

    def read_aside(self, store: Store, where: str) -> bytes | None:
        """The blob that was set aside, by what ``set_aside`` returned; None where a test cannot look there."""
        return None


def filled(number: int) -> bytes:
    """A blob in which every byte is the same, and tells how many there are."""
    return bytes([number % 256]) * (30_000 + 977 * (number % 64))


def check(blob: memoryview) -> None:
    """Notices a blob that is not one whole :func:`filled`."""
    assert len(blob), "an empty blob was read, which nobody wrote"
    assert blob == filled(blob[0]), "a torn blob was read"
