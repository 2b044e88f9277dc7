"""Signs of life: one thread of a process shows, now and then, that the holders of leases in it are alive."""

from __future__ import annotations

import os
import threading
import time
from typing import Protocol
from weakref import WeakKeyDictionary

from simple_metrics_manager.events import logger


class Beating(Protocol):
    """What is to show signs of life."""

    @property
    def interval(self) -> float:
        """Seconds between two of them."""
        ...

    def beat(self) -> bool:
        """Shows one; False if no more are needed."""
        ...


class Beats:
    """The thread, which lives while there is anything to show, and what it shows.

    It keeps nothing alive: whoever is forgotten without an end falls silent. A forked child starts without thread
    and leases; those are its parent's.
    """

    def __init__(self) -> None:
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._due: WeakKeyDictionary[Beating, float] = WeakKeyDictionary()
        # A garbage collection in here may end up in here. To enter the condition itself is a function of Python, in
        # which an interrupt would leave the lock taken.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    def keep(self, beating: Beating, *, soon: bool = False) -> None:
        """Show signs of its life from now on, or, with ``soon``, one at once."""
        with self._lock:
            self._due[beating] = time.monotonic() + (0.0 if soon else beating.interval)
            if self._thread is None:
                self._start()
            else:
                self._changed.notify()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name="simple_metrics_manager: leases", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # too many threads, or the interpreter is about to end
            logger.warning("nobody shows that leases of this process are held: %s", error)
        else:
            self._thread = thread

    def drop(self, beating: Beating) -> None:
        """No more of it."""
        with self._lock:
            self._due.pop(beating, None)

    def _run(self) -> None:
        while self._wait():
            for beating in self._next():
                try:
                    alive = beating.beat()
                except Exception:  # noqa: BLE001 # one of them must not keep the others from living
                    logger.exception("a sign of life of a lease could not be given")
                else:
                    if not alive:
                        self.drop(beating)
                del beating  # while this thread waits, nothing lives for its sake

    def _wait(self) -> bool:
        """Wait until something is due; False if nothing is to be expected any more."""
        with self._lock:
            while self._due:
                wait = min(self._due.values()) - time.monotonic()
                if wait <= 0:
                    return True
                self._changed.wait(wait)
            self._thread = None
            return False

    def _next(self) -> list[Beating]:
        with self._lock:
            now = time.monotonic()
            ready = [beating for beating, due in list(self._due.items()) if due <= now]
            for beating in ready:
                self._due[beating] = now + beating.interval
        return ready
