"""Writing on a condition, through whichever store there is: how many bytes were written, or None if it was not met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, runtime_checkable

from simple_metrics_manager.errors import NotExclusiveError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import Store


@runtime_checkable
class _Conditional(Protocol):
    def tag(self, name: str) -> str | None: ...
    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool: ...


def create(store: Store, name: str, pieces: Iterable[Buffer]) -> int | None:
    """Write if there is nothing of this name. Where a server ignores conditions, another one may do so just then."""
    try:
        return _counted(pieces, lambda counted: store.create(name, counted))
    except NotExclusiveError:
        return None if store.exists(name) else store.write(name, pieces)


def tag_of(store: Store, name: str) -> str | None:
    """What tells the blob of this name from any other; None if there is none, or if the store has no conditions."""
    return store.tag(name) if isinstance(store, _Conditional) else None


def replace(store: Store, name: str, pieces: Iterable[Buffer], tag: str) -> int | None:
    """Write if the blob that is there still has this tag, which :func:`tag_of` gave."""
    if not isinstance(store, _Conditional):
        return None
    return _counted(pieces, lambda counted: store.replace(name, counted, tag))


def _counted(pieces: Iterable[Buffer], write: Callable[[Iterable[Buffer]], bool]) -> int | None:
    """Pieces that are made as they are asked for are counted then, and not held for it."""
    if isinstance(pieces, list | tuple):
        return sum(memoryview(piece).nbytes for piece in pieces) if write(pieces) else None
    size = 0

    def counting() -> Iterator[Buffer]:
        nonlocal size
        for piece in pieces:
            size += memoryview(piece).nbytes
            yield piece

    return size if write(counting()) else None
