"""Leases: claims that last while their holder shows signs of life, for places where no system knows who lives.

A waiter compares no clocks: it calls a holder dead when what the holder shows has stayed the same for the ``ttl``
of the waiter's own monotonic clock. A holder on the same host whose process is gone is dead at once.

No lease keeps a holder that was paused for longer from going on when it wakes up. It learns that it has lost the
lease if it asks; what it saves is either whole or refused, whether it asks or not.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress

from simple_metrics_manager.claims.beats import Beats
from simple_metrics_manager.claims.notes import Note, new_note
from simple_metrics_manager.claims.processes import is_gone, where_numbers_mean_this
from simple_metrics_manager.errors import StorageError

BEATS_IN_A_TTL = 4
"""A holder may miss two of them and live."""
_FIRST_NOTE = 5.0
"""Seconds in which a file server that is very busy should have written a few bytes."""


class Watch:
    """What one waiter has seen of the present holder."""

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._sign: object = None
        self._since = 0.0

    def is_new(self, sign: object) -> bool:
        """Whether the holder shows something else than before; from then on, that is what it shows."""
        if sign == self._sign:
            return False
        self._sign, self._since = sign, time.monotonic()
        return True

    def is_dead(self, note: Note | None) -> bool:
        """Whether the holder, which has shown the same for so long, is to be taken for dead.

        One that has not written its first note is waited for less: it was to do so in the next moment.
        """
        patience = self._ttl if note is not None else min(self._ttl / BEATS_IN_A_TTL, _FIRST_NOTE)
        return process_is_gone(note) or time.monotonic() - self._since >= patience


def process_is_gone(note: Note | None) -> bool:
    """Whether who wrote this did so on this host, and has ended."""
    return note is not None and note.space == where_numbers_mean_this() != "" and is_gone(note.owner.process)


def _now() -> float:
    """Seconds of a clock that went on while the machine slept, where there is one: others went on, too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class Lease(ABC):
    """What the two kinds of leases share. A forked child has none of its parent's."""

    def __init__(self, name: str, ttl: float, beats: Beats) -> None:
        self.name = name
        self.interval: float = ttl / BEATS_IN_A_TTL
        self._ttl = ttl
        self._beats = beats
        self._note = new_note()
        self._shown = _now()
        self._begun = False
        self._ended = False
        self._process = os.getpid()
        self._lock = threading.Lock()

    # ----------------------------------------------------------------------------- what a kind of leases has to say
    @abstractmethod
    def _is_ours(self) -> bool:
        """Whether the note that lies there is ours. Raises ``OSError`` or ``StorageError`` if that cannot be told."""

    @abstractmethod
    def _show(self, note: Note) -> bool:
        """Put this note in the place of our last one; False if that is no longer there. Raises likewise."""

    @abstractmethod
    def _remove(self) -> None:
        """Take our note away. Raises likewise."""

    # --------------------------------------------------------------------------------------------------- the lease
    @property
    def token(self) -> str:
        """What tells our notes from those of others."""
        return self._note.owner.token

    @property
    def fresh(self) -> bool:
        """Whether our last sign of life is so young that nobody can have taken us for dead."""
        return _now() - self._shown < self._ttl / 2

    def _is_of_this_process(self) -> bool:
        return self._process == os.getpid()

    def begin(self) -> None:
        """The first note lies there: show signs of life from now on."""
        self._begun, self._shown = True, _now()
        self._beats.keep(self)

    def mine(self) -> bool:
        """Whether it is still ours, as far as can be told."""
        if self._ended or not self._is_of_this_process():
            return False
        try:
            return self._is_ours()
        except (OSError, StorageError):
            return _now() - self._shown < self._ttl

    def waiting(self, name: str) -> None:
        """Say in the next note, which is written soon, what its writer waits for."""
        if not self._ended and self._is_of_this_process():
            self._note = self._note.waiting(name)
            self._beats.keep(self, soon=True)

    def beat(self) -> bool:
        """Show a sign of life; False once the lease is lost or released."""
        with self._lock:
            if self._ended:
                return False
            began, note = _now(), self._note.beating()
            with suppress(OSError, StorageError):  # the next one may get through
                if not self._show(note):
                    self._ended = True
                    return False
                self._shown = began
            self._note = note if self._note.owner == note.owner else self._note.beating()
            return True

    def release(self) -> None:
        """Take the note away, if it is still ours."""
        if not self._is_of_this_process():
            return
        self._beats.drop(self)
        with self._lock:
            if not self._ended:
                with suppress(OSError, StorageError):
                    self._remove()
                self._ended = True  # not before: whoever was interrupted releases it once more
