"""Executors: the one that is used if none is given, and how many tasks another one runs at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, Protocol, TypeVar, cast

T = TypeVar("T")
P = ParamSpec("P")

UNKNOWN_SLOTS = 16
"""How many tasks are assumed to run at once where an executor does not say."""


class Inline(Executor):
    """Runs each task at once, in the thread that submits it; an interrupt ends the sweep and not just the task."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = Future[T]()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as executors do: the future raises it
            future.set_exception(error)
        return future


class _Counted(Protocol):
    def nthreads(self) -> dict[str, int]: ...


def inline_if_inside(executor: Executor | None) -> Executor:
    """The executor, if there is one that is not waiting for us: a thread of a pool that waited for others of it would
    keep one of them from ever being free. Then, and if there is none, tasks run where they are submitted."""
    prefix: object = getattr(executor, "_thread_name_prefix", None)  # its list of threads may lack one just started
    inside = bool(prefix) and threading.current_thread().name.startswith(f"{prefix}_")
    return Inline() if executor is None or inside else executor


def slots(executor: Executor) -> int:
    """How many tasks it runs at once: pools of threads and processes, loky, MPI and Dask say so, each in its way."""
    if isinstance(executor, Inline):
        return 1
    for name in ("_max_workers", "num_workers"):
        count: object = getattr(executor, name, None)
        if isinstance(count, int) and count > 0:
            return count
    client = cast("_Counted | None", getattr(executor, "_client", None))
    if callable(getattr(client, "nthreads", None)) and client is not None:
        return max(1, sum(client.nthreads().values()))
    return UNKNOWN_SLOTS
