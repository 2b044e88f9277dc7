"""What a store promises: under each name there is either nothing or one whole blob."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from simple_metrics_manager.formats.base import Buffer


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

    def write(self, name: str, pieces: Sequence[Buffer]) -> int:
        """Makes ``pieces``, one after the other, the blob of this name; how many bytes that were.

        Raises:
            SaveError: the blob was not written; what was there before stands.
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
