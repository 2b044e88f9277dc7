"""Other processes of this host, which do what they are told one thing after the other, and may be killed meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from typing import Any, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which something is taken to be stuck."""

_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
_processes = cast("SpawnContext", multiprocessing.get_context(_METHOD))
if _METHOD == "forkserver":
    _processes.set_forkserver_preload(["tests.faults.workshop"])  # what is imported once need not be by each of them


class Pending(Generic[T]):
    """What a worker was told to do."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def done(self, patience: float) -> bool:
        """Whether it is done within this time."""
        return self._worker.pipe.poll(patience)

    def result(self) -> T:
        """What came of it. Fails if the worker did, or takes too long."""
        assert self.done(PATIENCE), "a worker does not come to an end"
        fine, value = self._worker.pipe.recv()
        assert fine, value
        return cast("T", value)


class Worker:
    """One process. Interrupts (``SIGINT``) it ignores, unless what it does says otherwise."""

    def __init__(self) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self._process = _processes.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def number(self) -> int:
        """The number of the process."""
        return self._process.pid or 0

    def begin(self, act: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Pending[T]:
        """Let it do this, which has to be a function that it can import."""
        self.pipe.send((act, args, kwargs))
        return Pending(self)

    def send(self, number: signal.Signals) -> None:
        """Give it a signal."""
        os.kill(self.number, number)

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        self._process.kill()
        self._process.join()
        self.pipe.close()


@contextmanager
def crew(count: int) -> Generator[list[Worker]]:
    """A block with so many workers, which are gone after it."""
    workers = [Worker() for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def _serve(pipe: Connection[Any, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            act, args, kwargs = pipe.recv()
        except EOFError:
            return
        try:
            answer = (True, act(*args, **kwargs))
        except BaseException:  # noqa: BLE001 - the test that asked for it is to see it
            answer = (False, traceback.format_exc())
        pipe.send(answer)
