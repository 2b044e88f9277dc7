"""What contracts are made of: places to try something in, threads that begin at once, errors that must come."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from unittest import SkipTest

T = TypeVar("T")


class Contract:
    """A class of tests. Each test is a method of its own, and works on things that it makes itself."""

    def scratch(self) -> Path:
        """A new empty directory; it is removed after the test."""
        path = tempfile.mkdtemp(prefix="contract-")
        self.__dict__.setdefault("_scratches", []).append(path)
        return Path(path)

    def teardown_method(self) -> None:
        """Removes what :meth:`scratch` made; called by pytest."""
        for path in self.__dict__.pop("_scratches", ()):
            shutil.rmtree(path, ignore_errors=True)

    def tearDown(self) -> None:
        """The same, called by unittest, which wants this name."""
        self.teardown_method()


def skip(reason: str) -> SkipTest:
    """What to raise where a promise does not concern what is under test."""
    return SkipTest(reason)


class Raised:
    """A block out of which an error has to come, which is in ``errors`` then."""

    def __init__(self, kinds: tuple[type[BaseException], ...]) -> None:
        self.errors: list[BaseException] = []
        self._kinds = kinds

    @property
    def error(self) -> BaseException:
        """The error that came."""
        return self.errors[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if error is None:
            raise AssertionError(f"there was no {' or '.join(kind.__name__ for kind in self._kinds)}")
        self.errors.append(error)
        return isinstance(error, self._kinds)


def raises(*kinds: type[BaseException]) -> Raised:
    """A block out of which one of these errors must come; any other one goes on, and none is a failed test."""
    return Raised(kinds)


def at_once(*jobs: Callable[[], T]) -> list[T]:
    """What these return, in their order, each run in a thread of its own, all from the same moment on."""
    ready = threading.Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        ready.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return [each.result() for each in [threads.submit(run, job) for job in jobs]]


def meanwhile(changes: Sequence[Callable[[int], object]], look: Callable[[], object], rounds: int) -> None:
    """Two threads look, ``rounds`` times each; until both have, others call ``changes`` with 0, 1, 2 ..."""
    looking, done = itertools.count(1), threading.Event()

    def keep_looking() -> None:
        try:
            for _ in range(rounds):
                look()
        finally:
            if next(looking) == 2:
                done.set()

    def keep_changing(change: Callable[[int], object]) -> None:
        for number in itertools.count():
            change(number)
            if done.is_set():
                return

    at_once(keep_looking, keep_looking, *(partial(keep_changing, change) for change in changes))


def elsewhere(job: Callable[[], T], patience: float = 30.0) -> T:
    """What this returns in another thread, which must not wait for this one.

    Raises:
        TimeoutError: it has not returned for ``patience`` seconds.
    """
    threads = ThreadPoolExecutor(1)
    try:
        return threads.submit(job).result(timeout=patience)
    finally:
        threads.shutdown(wait=False)
