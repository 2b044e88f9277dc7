"""Whether another thread stands still until this one ends: then this one must not wait for it.

A metric may start a plain thread, which knows nothing of the metric, and wait for it to end. If the thread asks for
that metric, both would wait for ever. Nobody tells who has started a thread; but who waits for one without a limit is
seen in its stack, in ``Thread.join`` or ``Future.result``, and no such call returns while what it waits for goes on.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import thread as pools
from types import CodeType, FrameType
from typing import cast

_DEEPEST = 4
"""Frames of the standard library between ``join`` or ``result`` and the lock that they wait for, at most."""


def _code(function: object) -> CodeType | None:
    return cast("CodeType | None", getattr(function, "__code__", None))


_JOIN = _code(threading.Thread.join)
_RESULTS = (_code(Future[object].result), _code(Future[object].exception))
_WORK = _code(getattr(getattr(pools, "_WorkItem", None), "run", None))


def waits_for_us(number: int) -> bool:
    """Whether the thread of this number waits, without a limit, for the current one to end, directly or not."""
    frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]  # there is no other way to other threads
    ours, seen = threading.get_ident(), set[int]()
    while number in frames and number not in seen:
        seen.add(number)
        awaited = _awaited(frames, number)
        if awaited is None or awaited == ours:
            return awaited == ours
        number = awaited
    return False


def _awaited(frames: Mapping[int, FrameType], number: int) -> int | None:
    """The number of the thread that this one waits for; None if it waits for none, or not without a limit."""
    for _, frame in zip(range(_DEEPEST), _stack(frames[number]), strict=False):
        if frame.f_code is _JOIN or frame.f_code in _RESULTS:
            if frame.f_locals.get("timeout") is not None:
                return None
            awaited: object = frame.f_locals.get("self")
            return awaited.ident if isinstance(awaited, threading.Thread) else _runner(frames, awaited)
    return None


def _runner(frames: Mapping[int, FrameType], future: object) -> int | None:
    """The number of the thread of a pool that computes this future."""
    for number, top in frames.items():
        for frame in _stack(top):
            if frame.f_code is _WORK and getattr(frame.f_locals.get("self"), "future", None) is future:
                return number
    return None


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
