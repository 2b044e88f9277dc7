"""The note that lies where a claim is held: who holds it, as one line of JSON that people can read, too."""

from __future__ import annotations

import functools
import json
import os
import socket
import threading
from datetime import UTC, datetime
from typing import cast

import attrs

from simple_metrics_manager.claims.base import Owner
from simple_metrics_manager.claims.processes import where_numbers_mean_this

LARGEST = 1 << 16
"""Bytes of a note that are read; a longer one is no note."""


@attrs.frozen
class Note:
    """What a note says: its owner, and ``space``, in which the number of the owner's process means that process.

    ``beat`` grows with each sign of life.
    """

    owner: Owner
    space: str
    beat: int = 0

    def written(self) -> bytes:
        """The note as it is stored."""
        owner = self.owner
        told = {
            "host": owner.host,
            "process": owner.process,
            "thread": owner.thread,
            "since": owner.since.isoformat(),
            "token": owner.token,
            "waits_for": owner.waits_for,
            "space": self.space,
            "beat": self.beat,
        }
        return f"{json.dumps(told)}\n".encode("ascii")

    def waiting(self, name: str) -> Note:
        """The same, of an owner that waits for ``name``."""
        return attrs.evolve(self, owner=attrs.evolve(self.owner, waits_for=name))

    def beating(self) -> Note:
        """The next sign of life."""
        return attrs.evolve(self, beat=self.beat + 1)


def new_note() -> Note:
    """The note of a claim that this thread takes now."""
    thread = threading.current_thread().name
    owner = Owner(_host(), os.getpid(), thread, datetime.now(UTC), os.urandom(8).hex())
    return Note(owner, where_numbers_mean_this())


def read_note(text: bytes | memoryview) -> Note | None:
    """What a note says; None for one that is empty, cut short, or none of ours."""
    try:
        found = json.loads(bytes(text))
        told = cast("dict[str, object]", found) if isinstance(found, dict) else {}
        words = [told[key] for key in ("host", "thread", "token", "waits_for", "space")]
        process, beat, since = told["process"], told["beat"], datetime.fromisoformat(str(told["since"]))
    except (ValueError, KeyError, RecursionError):
        return None
    if not all(isinstance(word, str) for word in words) or type(process) is not int or type(beat) is not int:
        return None
    host, thread, token, waits_for, space = map(str, words)
    if process <= 0 or not token or since.tzinfo is None:
        return None
    return Note(Owner(host, process, thread, since.astimezone(UTC), token, waits_for), space, beat)


@functools.cache
def _host() -> str:
    return socket.gethostname()
