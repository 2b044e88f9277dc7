"""A limit for the memory tier: what each value takes there, and who was used longest ago.

A hit takes no lock: it writes a stamp into what it hit, see :func:`touch`. The queue of :class:`Room` holds the stamp
that each value had when it was queued; one that was used since then is queued again when its turn comes. So whoever
goes is the one used longest ago, and it costs each hit at most one turn.
"""

from __future__ import annotations

import heapq
import itertools
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast

import numpy as np

from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.payload.chunked import is_chunked
from simple_metrics_manager.payload.tree import Array

OVERHEAD = 1024
"""Bytes that a value takes whatever it is: its record, its place."""

_SAMPLE = 256
"""Of a longer container so many items are looked at, evenly spread, and stand for the others."""

_DEPTH = 16
_clock = itertools.count(1)


class Tenant(Protocol):
    """A value in memory. ``used`` and ``size`` are set as long as there is a limit only."""

    value: object
    state: str
    used: int
    size: int


def touch(tenant: Tenant) -> None:
    """It was used just now."""
    tenant.used = next(_clock)


def measure(tenant: Tenant) -> None:
    """Find out how much memory it takes, without any lock: that may take a while."""
    tenant.size = OVERHEAD + bytes_of(tenant.value)


def check_limit(limit: object, where: str) -> None:
    """Refuse what is no number of bytes.

    Raises:
        MetricDeclarationError: it is neither that nor None.
    """
    if limit is None or (isinstance(limit, int | float | np.integer) and limit >= 0 and limit is not True):
        return
    problem = f"{limit!r} is no number of bytes; give one, as in memory_limit = 2_000_000_000, or None"
    raise MetricDeclarationError(f"{where}.memory_limit", problem)


def bytes_of(value: object) -> int:
    """About how many bytes a value takes in memory: exact for arrays, estimated for what long containers hold.

    An array that is mapped from a file counts as a whole, one in chunks (``zarr.Array``) not at all: its numbers stay
    in the storage. What is in a value twice counts once.
    """
    return _bytes(value, set(), 0)


def _bytes(value: object, seen: set[int], depth: int) -> int:
    if id(value) in seen or depth > _DEPTH or isinstance(value, type):
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        array = cast("Array", value)
        return array.nbytes + (_items(array.ravel(), seen, depth) if array.dtype.hasobject else 0)
    size = 0 if is_chunked(value) else sys.getsizeof(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value)
        return size + _items([*pairs], seen, depth) + _items([*pairs.values()], seen, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return size + _items([*cast("Iterable[object]", value)], seen, depth)
    estimate = cast("Callable[[], int] | None", getattr(value, "estimated_size", None))
    if type(value).__module__.partition(".")[0] == "polars" and estimate is not None:
        return size + estimate()
    return size + _fields(value, seen, depth)


def _items(items: Array | list[object], seen: set[int], depth: int) -> int:
    step = -(-len(items) // _SAMPLE) or 1
    looked_at = items[::step]
    found = sum(_bytes(cast("object", item), seen, depth + 1) for item in looked_at)
    return found * len(items) // len(looked_at) if step > 1 else found


def _fields(value: object, seen: set[int], depth: int) -> int:
    """Of an object of an attrs class or a dataclass; the size of another one says all that it holds, or nobody does."""
    names = [field.name for field in getattr(type(value), "__attrs_attrs__", ())]
    names += getattr(type(value), "__dataclass_fields__", {})
    return sum(_bytes(getattr(value, name, None), seen, depth + 1) for name in names)


class _Entry:
    """One value, and its ``ticket`` in the queue; 0 if it is in memory only, and so has to stay."""

    __slots__ = ("size", "tenant", "ticket")

    def __init__(self, tenant: Tenant, ticket: int) -> None:
        self.tenant = tenant
        self.size = tenant.size
        self.ticket = ticket


class Room:
    """What is in memory under a limit. It holds nothing itself, and is used under ``running.switch``."""

    __slots__ = ("_entries", "_evictable", "_queue", "_staying", "_tickets")

    def __init__(self, held: Mapping[str, Tenant]) -> None:
        self._entries: dict[str, _Entry] = {}
        self._queue: list[tuple[int, int, str]] = []
        """When it was last used, as far as the queue knows; its ticket; its name."""
        self._tickets = itertools.count(1)
        self._evictable = 0
        self._staying = 0
        for name, tenant in held.items():
            if not hasattr(tenant, "size"):
                measure(tenant)
            if not hasattr(tenant, "used"):
                touch(tenant)
            self.enter(name, tenant)

    @property
    def size(self) -> int:
        """The bytes of all that is in memory."""
        return self._evictable + self._staying

    def enter(self, name: str, tenant: Tenant) -> None:
        """It is in memory, in place of what was there under this name; and stored by now, if its state says so."""
        self.leave(name)
        stored = tenant.state == "stored"
        entry = self._entries[name] = _Entry(tenant, next(self._tickets) if stored else 0)
        if not stored:
            self._staying += entry.size
            return
        self._evictable += entry.size
        if len(self._queue) > 2 * len(self._entries) + 16:  # mostly of those that have left
            self._queue = [(each.tenant.used, each.ticket, name) for name, each in self._entries.items() if each.ticket]
            heapq.heapify(self._queue)
        else:
            heapq.heappush(self._queue, (tenant.used, entry.ticket, name))

    def leave(self, name: str) -> None:
        """It is in memory no more, if it was."""
        entry = self._entries.pop(name, None)
        if entry is None:
            return
        if entry.ticket:
            self._evictable -= entry.size
        else:
            self._staying -= entry.size

    def overflow(self, limit: float, newest: str) -> list[str]:
        """Who has to leave, and has left this room: the newest, if it is larger than what there is, else the oldest."""
        gone: list[str] = []
        entry = self._entries.get(newest)
        if entry is not None and entry.ticket and entry.size > limit - self._staying:
            self.leave(newest)
            gone.append(newest)
        while self.size > limit and self._queue:
            used, ticket, name = heapq.heappop(self._queue)
            entry = self._entries.get(name)
            if entry is None or entry.ticket != ticket:
                continue
            if entry.tenant.used > used:
                heapq.heappush(self._queue, (entry.tenant.used, ticket, name))
            elif entry.tenant.state != "stored":  # it is being stored anew, and will enter again
                self.enter(name, entry.tenant)
            else:
                self.leave(name)
                gone.append(name)
        return gone
