"""What a store promises: under each name there is either nothing or one whole blob."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol

from simple_metrics_manager.formats.base import Buffer


class Listed(NamedTuple):
    """What a listing says of a blob without reading it: its name, its size in bytes, and when it was written (UTC)."""

    name: str
    bytes: int
    written: datetime


class Store(Protocol):
    """Blobs by name. One module of this folder for each kind.

    A name is any text. Writing is all or nothing: a reader gets the blob that was there or the new one, never a
    part, whatever happens to the writer.
    """

    def exists(self, name: str) -> bool:
        """Whether there is something under this name."""
        ...

    def read(self, name: str) -> memoryview:
        """The whole blob, read-only.

        Raises:
            NotStoredError: there is none.
            CorruptMetricError: what is there is no blob.
        """
        ...

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        """Makes ``pieces``, one after the other, the blob of this name; how many bytes that were.

        Raises:
            SaveError: the blob was not written; what was there before stands.
        """
        ...

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Writes the blob if there is none of this name; whether it did. Of several at once, one does.

        Raises:
            SaveError: the blob was not written, for another reason than that there is one.
        """
        ...

    def delete(self, name: str) -> None:
        """Removes the blob.

        Raises:
            NotStoredError: there is none.
        """
        ...

    def names(self) -> Iterator[str]:
        """The names under which something is stored, in order."""
        ...

    def listing(self) -> Iterator[Listed]:
        """The names in order, each with the size of its blob and the time of writing; no blob is read."""
        ...

    def move(self, old: str, new: str) -> None:
        """Gives the blob another name; never over one that is there.

        Raises:
            NotStoredError: there is none under ``old``.
            FileExistsError: there is something under ``new``.
        """
        ...

    def set_aside(self, name: str) -> str:
        """Takes a damaged blob out of the way, to be looked at by people; where it is then.

        Raises:
            NotStoredError: there is none.
        """
        ...

    def describe(self, name: str) -> str:
        """Where the blob is, for messages."""
        ...

    def grouped(self) -> AbstractContextManager[None]:
        """A block whose writes are made durable together: when it has ended without an error, they all are.

        Each of them is visible at once, and what it replaced is never lost before it is durable itself.

        Raises:
            SaveError: at the end of the block, for what could not be made durable.
        """
        ...


class ConditionalStore(Store, Protocol):
    """A store that can also replace a blob on the condition that nobody else has in the meantime."""

    def tag(self, name: str) -> str | None:
        """What tells this blob from any other that was or will be written under its name; None if there is none."""
        ...

    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool:
        """Writes the blob if the one that is there still has this tag; whether it did.

        Raises:
            SaveError: the blob was not written, for another reason than that it has another tag or is gone.
        """
        ...
