"""Whichever file call of a save fails, be it once or from then on: the error says so, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import SaveError, StorageError
from simple_metrics_manager.stores.leftovers import LOCKED
from tests.faults.engine import Plan, counted, needs_tracer, run
from tests.faults.subject import (
    LARGE,
    NEW,
    SMALL,
    AnyStorage,
    Instrument,
    MakeStorage,
    Seen,
    every_storage,
    leftovers,
    look,
    prepare,
    shows,
)
from tests.faults.syscalls import Call

pytestmark = [needs_tracer, pytest.mark.forks]

ERRORS = [errno.ENOSPC, errno.EIO, errno.EDQUOT]


@attrs.frozen
class Told:
    """What a process knows after a save that may have failed."""

    error: str
    name: str
    path: str
    cause: int | None
    replaced: bool | None
    held: float
    stored: Seen | None
    retried: Seen | None
    runs: int


def save_and_retry(storage: AnyStorage, size: int) -> Told:
    """A save under faults, and what the same process makes of it when they are over."""
    shows.set((NEW, size))
    cm = Instrument(storage)
    Instrument.runs = 0
    failure: SaveError | None = None
    with counted():
        try:
            cm.get(Instrument.reading, use_stored=False)
        except SaveError as error:
            failure = error
    cause = failure.__cause__ if failure is not None else None
    number = cause.errno if isinstance(cause, OSError) else None
    held, stored = float(cm.reading[0]), look(storage)
    cm.save(Instrument.reading)
    told = ("", "", "") if failure is None else (str(failure), failure.name, failure.path)
    replaced = failure is not None and failure.replaced
    return Told(*told, number, replaced, held, stored, look(storage), Instrument.runs)


def check_told(told: Told, size: int, path: str) -> None:
    """What is promised after any save, failed or not: it was computed once, is held, and can be saved now."""
    if told.error:
        assert (told.name, told.path) == ("Instrument.reading", path)
        assert path in told.error
    assert told.retried is not None
    assert (told.retried.value, told.retried.size) == (NEW, size)
    assert (told.held, told.runs) == (NEW, 1)


def is_claim(call: Call) -> bool:
    """Whether it is about the note that says who computes."""
    return any(LOCKED in path for path in call.paths)


def failed_everywhere(make: MakeStorage, folder: Path, size: int, error: int, *, lasting: bool) -> int:
    """Fail a save at each of its calls in turn; how many points that are."""
    storage = make(folder / "store")
    path = storage.place("Instrument.reading")
    old = prepare(make(folder / "before"), size, first=False)
    shutil.copytree(folder / "before", folder / "store")
    calls = run(lambda: save_and_retry(storage, size), folder / "store").calls
    claims = {at for at, call in enumerate(calls, 1) if is_claim(call)}
    made = next(at for at, call in enumerate(calls, 1) if call.makes and at not in claims)
    replaced = next(at for at, call in enumerate(calls, 1) if call.renames)

    for at in range(1, len(calls) + 1):
        shutil.rmtree(folder / "store")
        shutil.copytree(folder / "before", folder / "store")
        plan = Plan(at, "fail", error, lasting=lasting)
        told = run(lambda: save_and_retry(storage, size), folder / "store", plan).result()
        check_told(told, size, path)
        # Before that it only looks for leftovers; and claims save work, no more.
        if (lasting or at >= made) and at not in claims:
            assert (told.cause, os.strerror(error) in told.error) == (error, True)
        kept = told.error and at <= replaced  # after that, only the flush of the directory can fail
        assert told.stored == (old if kept else told.retried)
        assert told.replaced == (bool(told.error) and not kept)
        assert [name for name in leftovers(folder / "store") if not name.endswith(LOCKED)] == []
    shutil.rmtree(folder / "store")
    shutil.rmtree(folder / "before")
    return len(calls)


@every_storage
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
# EVIDENCE-OF: P3
def test_every_call_fails(tmp_path: Path, make: MakeStorage, lasting: bool) -> None:
    """An error that names metric, file and cause; the old value stored, the new one held; a retry works."""
    for error in ERRORS:
        assert failed_everywhere(make, tmp_path, SMALL, error, lasting=lasting) >= 10


@every_storage
# EVIDENCE-OF: P3
def test_every_call_of_a_large_save_fails(tmp_path: Path, make: MakeStorage) -> None:
    """The same for a value that is written in several pieces."""
    assert failed_everywhere(make, tmp_path, LARGE, errno.ENOSPC, lasting=True) >= 10


@every_storage
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
# EVIDENCE-OF: P3
def test_short_writes(tmp_path: Path, make: MakeStorage, size: int) -> None:
    """A system that takes half of a write gets the rest in another one; and so on, until it has taken all."""
    storage = make(tmp_path)
    prepare(storage, size, first=False)
    calls = run(lambda: save_and_retry(storage, size), tmp_path).calls
    # Half a note about who computes is as good as none.
    writes = [at for at, call in enumerate(calls, 1) if call.writes and not is_claim(call)]
    assert writes

    for at in writes:
        outcome = run(lambda: save_and_retry(storage, size), tmp_path, Plan(at, "short"))
        told = outcome.result()
        assert (told.error, told.stored) == ("", told.retried)
        check_told(told, size, "")
        assert len(outcome.calls) == len(calls) + 1


def load_counted(storage: AnyStorage) -> str:
    """A load under faults, in short."""
    with counted():
        try:
            return str(Instrument(storage).load(Instrument.reading)[0])
        except (OSError, StorageError) as error:
            return type(error).__name__


@every_storage
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
# EVIDENCE-OF: P4
def test_every_call_of_a_load_fails(tmp_path: Path, make: MakeStorage, size: int) -> None:
    """A file that cannot be read gives an error, never another value; nothing is computed in its place."""
    storage = make(tmp_path)
    prepare(storage, size, first=False)
    calls = run(lambda: load_counted(storage), tmp_path).calls
    assert {"openat", "pread64"} <= {call.name for call in calls}

    for at, call in enumerate(calls, 1):
        found = run(lambda: load_counted(storage), tmp_path, Plan(at, "fail", errno.EIO)).result()
        # What ``pread64`` does not give is read in another way, which may succeed; it is verified as ever.
        assert found in ({"OSError"} if call.name in {"openat", "read"} else {"OSError", "1.5"})
