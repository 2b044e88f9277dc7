"""A store that lives as long as the process: for tests, notebooks and what need not be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import NamedTuple

import attrs

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import Listed


class _Kept(NamedTuple):
    blob: bytes
    written: datetime


@attrs.frozen(eq=False)
class Memory:
    """Blobs in a dict, each in a tuple of its own, by which two equal ones are told apart.

    Every operation on the dict is one step, so threads need no lock.
    """

    _blobs: dict[str, _Kept] = attrs.field(factory=dict[str, _Kept], init=False, repr=False)
    _damaged: list[tuple[str, bytes]] = attrs.field(factory=list[tuple[str, bytes]], init=False, repr=False)

    def exists(self, name: str) -> bool:
        """Whether there is something under this name."""
        return name in self._blobs

    def read(self, name: str) -> memoryview:
        """The whole blob, read-only."""
        kept = self._blobs.get(name)
        if kept is None:
            raise NotStoredError(name, "memory")
        return memoryview(kept.blob)

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        """Makes a copy of ``pieces`` the blob of this name."""
        blob = b"".join(pieces)
        self._blobs[name] = _Kept(blob, datetime.now(UTC))
        return len(blob)

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Keeps the blob if there is none of this name; whether it did."""
        kept = _Kept(b"".join(pieces), datetime.now(UTC))
        return self._blobs.setdefault(name, kept) is kept

    def delete(self, name: str) -> None:
        """Removes the blob."""
        if self._blobs.pop(name, None) is None:
            raise NotStoredError(name, "memory")

    def names(self) -> Iterator[str]:
        """The names under which something is stored, in order."""
        return iter(sorted(self._blobs))

    def listing(self) -> Iterator[Listed]:
        """The names in order, each with the size of its blob and the time of writing."""
        return iter([Listed(name, len(kept.blob), kept.written) for name, kept in sorted(self._blobs.items())])

    def move(self, old: str, new: str) -> None:
        """Gives the blob another name; never over one that is there."""
        kept = self._blobs.get(old)
        if kept is None:
            raise NotStoredError(old, "memory")
        if self._blobs.setdefault(new, kept) is not kept or old == new:
            raise FileExistsError(f"{new!r} is already stored in memory")
        self._blobs.pop(old, None)

    def set_aside(self, name: str) -> str:
        """Keeps the blob where no name means it."""
        kept = self._blobs.pop(name, None)
        if kept is None:
            raise NotStoredError(name, "memory")
        self._damaged.append((name, kept.blob))
        return f"number {len(self._damaged)} of what is damaged in memory"

    def describe(self, name: str) -> str:
        """The name, said to be in memory."""
        return f"{name!r} in memory"

    def grouped(self) -> AbstractContextManager[None]:
        """Nothing here outlives the process, so nothing is to be made durable."""
        return nullcontext()
