"""Clocks that are wrong: what is found, and which of two values is the new one, does not depend on what they say.

A process has no clock of its own, and the machine's belongs to others as well: what asks for the time is answered
wrongly here, in time stamps of files, of rows and of records alike.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    MemoryStorageInterface,
    NpzStorageInterface,
    SqliteStorageInterface,
    TieredStorageInterface,
    metric,
    record,
)
from simple_metrics_manager.stores.leftovers import temporary_name
from simple_metrics_manager.storing.entries import StoredEntries

Make = Callable[[Path], StoredEntries]
real = time.time_ns

STORAGES: dict[str, Make] = {
    "files": lambda path: NpzStorageInterface(path / "files", durability="cache"),
    "sqlite": lambda path: SqliteStorageInterface(path / "metrics.db", durability="cache"),
    "memory": lambda path: MemoryStorageInterface(str(path)),
    "tiered": lambda path: TieredStorageInterface(
        NpzStorageInterface(path / "copies", durability="cache"), MemoryStorageInterface(f"{path} shared")
    ),
}
JUMPS = [timedelta(days=-400), timedelta(days=400), timedelta(days=-365 * 40), timedelta(0)]


class Stream(DatedCacheManager):
    """A metric that has another value each time that it is computed."""

    verbose = False
    runs = 0

    @metric
    def level(self) -> int:
        Stream.runs += 1
        return Stream.runs


def set_clock(monkeypatch: pytest.MonkeyPatch, jump: timedelta) -> None:
    """From now on, whoever asks for the time is told one that is so much later."""
    seconds = round(jump.total_seconds())

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Moved:
            return cls.fromtimestamp(real() / 1e9 + seconds, tz)

    monkeypatch.setattr(record, "datetime", Moved)
    monkeypatch.setattr(time, "time", lambda: real() / 1e9 + seconds)
    monkeypatch.setattr(time, "time_ns", lambda: real() + seconds * 1_000_000_000)


def date_files(folder: Path, moment: datetime) -> None:
    """Files that were written at that moment."""
    for path in folder.rglob("*"):
        os.utime(path, (moment.timestamp(), moment.timestamp()))


@pytest.mark.parametrize("after", JUMPS, ids=str)
@pytest.mark.parametrize("before", JUMPS, ids=str)
@pytest.mark.parametrize("kind", STORAGES)
# EVIDENCE-OF: P12
def test_the_clock_jumps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, before: timedelta, after: timedelta
) -> None:
    """What was saved last is what is found, with the date that the clock said then, whatever it says now."""
    storage, now = STORAGES[kind](tmp_path), datetime.now(UTC)
    found: list[tuple[int, int]] = []
    for jump in (before, after):
        set_clock(monkeypatch, jump)
        saved = Stream(storage).get(Stream.level, use_stored=False)
        if kind in {"files", "tiered"}:
            date_files(tmp_path, now + jump)
        set_clock(monkeypatch, before - after)
        cm = Stream(storage)
        found.append((cm.level - saved, round((cm.date(Stream.level) - now) / timedelta(days=1))))

    assert found == [(0, before.days), (0, after.days)]
    assert [each.name for each in storage.listing()] == ["Stream.level"]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
# EVIDENCE-OF: P12
def test_the_files_of_living_writers_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: timedelta) -> None:
    """A file that is being written is not taken for a leftover, however old the clock makes it."""
    storage = NpzStorageInterface(tmp_path / "files", durability="cache")
    storage.save("a", 1)
    being_written = Path(temporary_name(str(tmp_path / "files" / "b.npz")))
    being_written.write_bytes(b"half")

    set_clock(monkeypatch, jump)
    storage._default.sweep()  # type: ignore[attr-defined]  # it is a directory

    assert being_written.read_bytes() == b"half"
