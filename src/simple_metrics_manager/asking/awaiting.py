"""Asking from a program that runs on ``asyncio``: in a thread, so that its event loop goes on.

Threads may wait for one another here, as the computation of one metric may await another one. So only what is asked
for by the program itself shares a bounded pool; what a running computation awaits gets a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from simple_metrics_manager.asking import running

T = TypeVar("T")

_THREADS = 32
_pool: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()


async def in_thread(ask: Callable[[], T]) -> T:
    """What ``ask`` gives, run in a thread in the context of the caller.

    A task that is cancelled stops waiting; a computation that has begun goes on, and its value is stored.
    """
    context = contextvars.copy_context()

    def call() -> T:
        try:
            return context.run(ask)
        except StopIteration as error:  # no task can raise it: before Python 3.12, whoever awaits would do so for ever
            raise RuntimeError("a metric has raised StopIteration") from error

    if running.frame() is None:
        return await asyncio.wrap_future(_threads().submit(call))
    future = Future[T]()
    future.set_running_or_notify_cancel()  # before the thread starts: from now on nobody can cancel it
    threading.Thread(target=_settle, args=(future, call), name="metrics").start()
    return await asyncio.wrap_future(future)


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="metrics")
        return _pool


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    try:
        value = call()
    except BaseException as error:  # noqa: BLE001 - as executors do: whoever awaits it gets it
        future.set_exception(error)
    else:
        future.set_result(value)


def _after_fork() -> None:
    """A forked child has none of the threads of its parent, and perhaps a lock that one of them held."""
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
