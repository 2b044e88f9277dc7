"""Large objects in parts: written from pieces that come one by one, read into one piece of memory."""

from __future__ import annotations

import itertools
import mmap
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.object_client import CONCURRENT, LARGE, Client
from simple_metrics_manager.stores.object_meta import Meta

_PART = 8 << 20
"""Bytes of a part, which is what is sent again when a connection breaks."""

_UNKNOWN_PART = 16 << 20
"""The same where nobody knows how many parts there will be: S3 takes 10,000 of them."""

_MOST_PARTS = 9_000


def write_pieces(client: Client, key: str, pieces: Iterable[Buffer]) -> int:
    """Make ``pieces`` an object; how many bytes. Few are sent in one request, many in parts as they come."""
    part = _part_size(pieces)
    rest = iter(pieces)
    first: list[Buffer] = []
    total = 0
    while total <= LARGE and (piece := next(rest, None)) is not None:
        first.append(piece)
        total += len(piece)
    if total <= LARGE:
        client.put(key, b"".join(first))
        return total
    total = 0

    def cut() -> Iterator[memoryview]:
        nonlocal total
        for piece in itertools.chain(first, rest):
            view = memoryview(piece).cast("B")
            total += len(view)
            yield from (view[start : start + part] for start in range(0, len(view), part))

    client.put_parts(key, cut(), part)
    return total


def _part_size(pieces: Iterable[Buffer]) -> int:
    if not isinstance(pieces, Sequence):
        return _UNKNOWN_PART
    return max(_PART, -(-sum(map(len, pieces)) // _MOST_PARTS))


def read_parts(client: Client, meta: Meta) -> memoryview | None:
    """The contents of a large object, fetched in parts at once; None if it is not that object any more."""
    whole = memoryview(bytearray(meta.size))
    with ThreadPoolExecutor(CONCURRENT) as threads:
        starts = range(0, meta.size, _PART)
        parts = [threads.submit(client.get_range, meta, start, whole[start : start + _PART]) for start in starts]
        try:
            return whole.toreadonly() if all(part.result() for part in parts) else None
        finally:
            threads.shutdown(cancel_futures=True)


def read_end(client: Client, meta: Meta, count: int) -> memoryview | None:
    """A large object of which only the last ``count`` bytes are right; None if it is not that object any more.

    The rest is zero, and neither fetched nor held: it is memory that was never touched.
    """
    whole = memoryview(mmap.mmap(-1, meta.size))
    start = max(0, meta.size - count)
    return whole.toreadonly() if client.get_range(meta, start, whole[start:]) else None
