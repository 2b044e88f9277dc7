"""A store that lives as long as the process: for tests, notebooks and what need not be kept."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import NamedTuple

import attrs

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import Listed

_numbers = itertools.count(1)


class _Kept(NamedTuple):
    blob: bytes
    written: datetime
    tag: str


def _kept(pieces: Iterable[Buffer]) -> _Kept:
    return _Kept(b"".join(pieces), datetime.now(UTC), str(next(_numbers)))


@attrs.frozen(eq=False)
class Memory:
    """Blobs in a dict; a conditional store.

    Readers look into the dict once and need no lock. Who writes makes the blob first, and holds the lock only for
    the look at what is there and the change.
    """

    _blobs: dict[str, _Kept] = attrs.field(factory=dict[str, _Kept], init=False, repr=False)
    _damaged: list[tuple[str, bytes]] = attrs.field(factory=list[tuple[str, bytes]], init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

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
        return self.write_tagged(name, pieces)[0]

    def write_tagged(self, name: str, pieces: Iterable[Buffer]) -> tuple[int, str]:
        """The same; how many bytes that were, and the tag that they have."""
        kept = _kept(pieces)
        with self._lock:
            self._blobs[name] = kept
        return len(kept.blob), kept.tag

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Keeps the blob if there is none of this name; whether it did."""
        kept = _kept(pieces)
        with self._lock:
            return self._blobs.setdefault(name, kept) is kept

    def tag(self, name: str) -> str | None:
        """The number of the blob, among all that this process ever kept; None if there is none."""
        kept = self._blobs.get(name)
        return None if kept is None else kept.tag

    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool:
        """Keeps the blob in place of the one that has this tag; whether it did."""
        kept = _kept(pieces)
        with self._lock:
            if self.tag(name) != tag:
                return False
            self._blobs[name] = kept
            return True

    def delete(self, name: str) -> None:
        """Removes the blob."""
        self._take(name)

    def names(self) -> Iterator[str]:
        """The names under which something is stored, in order."""
        return iter(sorted(self._blobs.copy()))

    def listing(self) -> Iterator[Listed]:
        """The names in order, each with the size of its blob and the time of writing."""
        kept = self._blobs.copy()
        return iter([Listed(name, len(kept[name].blob), kept[name].written) for name in sorted(kept)])

    def move(self, old: str, new: str) -> None:
        """Gives the blob another name; never over one that is there."""
        with self._lock:
            kept = self._blobs.get(old)
            if kept is None:
                raise NotStoredError(old, "memory")
            if new in self._blobs:
                raise FileExistsError(f"{new!r} is in memory already: {old!r} was not moved")
            self._blobs[new] = kept
            del self._blobs[old]

    def set_aside(self, name: str) -> str:
        """Keeps the blob where no name means it."""
        kept = self._take(name)
        with self._lock:
            self._damaged.append((name, kept.blob))
            return f"number {len(self._damaged)} of what is damaged in memory"

    def damaged(self, number: int) -> bytes:
        """The blob that was set aside as this number."""
        return self._damaged[number - 1][1]

    def _take(self, name: str) -> _Kept:
        with self._lock:
            kept = self._blobs.pop(name, None)
        if kept is None:
            raise NotStoredError(name, "memory")
        return kept

    def describe(self, name: str) -> str:
        """The name, said to be in memory."""
        return f"{name!r} in memory"

    def grouped(self) -> AbstractContextManager[None]:
        """Nothing here outlives the process, so nothing is to be made durable."""
        return nullcontext()
