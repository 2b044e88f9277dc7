"""Saves that are flushed together: nothing old is ever lost, what a process that dies had saved is there, and after the
block all is durable.

``SMM_POWER_CUTS`` says how often each block is repeated; 1 is about twenty cuts for each disk.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import attrs
import numpy as np
import pytest

from simple_metrics_manager import CorruptMetricError, NpzStorageInterface, SaveError
from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.stores import kernel
from tests.faults.disks import Disk, every_disk, on_disk
from tests.faults.engine import Action, Plan, counted, fresh, needs_tracer, run
from tests.faults.places import needs_mounts
from tests.faults.subject import leftovers
from tests.faults.syscalls import Call

pytestmark = [needs_tracer, pytest.mark.forks]

REPEATS = int(os.environ.get("SMM_POWER_CUTS", "1"))
State: TypeAlias = Literal["old", "new", "absent", "damaged"]

MANY, FEW = 24, 3
"""New metrics of one block: flushed by flushing the file system, and one by one."""


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no other program had written anything that the disk does not have yet."""
    monkeypatch.setattr(kernel, "unwritten_bytes", lambda: 0)


def flushes_together(calls: Sequence[Call]) -> bool:
    """Whether a block of ``MANY`` ended with the flush of the file system; skip where this one is not known for it."""
    if "syncfs" not in {call.name for call in calls}:
        pytest.skip("this file system is not known to be flushed as a whole")
    return True


def names(count: int) -> list[str]:
    """What a block saves, in order: every fourth replaces an old value."""
    return [f"{'old' if number % 4 == 1 else 'new'}_{number}" for number in range(count)]


def prepare(storage: NpzStorageInterface, count: int) -> None:
    """A directory with the old values, all of them durable."""
    storage.save("other", np.full(8, 7.0))
    for name in names(count):
        if name.startswith("old"):
            storage.save(name, np.full(8, 1.0))


def save_all(storage: NpzStorageInterface, count: int) -> str:
    """The block under test; the error that it ended with."""
    with counted():
        try:
            with storage.grouped():
                for name in names(count):
                    storage.save(name, np.full(8, 2.0))
        except SaveError as error:
            return f"{error.name} {error.cause} {error.replaced}"
    return ""


def state_of(storage: NpzStorageInterface, name: str) -> State:
    """What is under this name; the test fails at any value that was never written."""
    try:
        value = storage.load(name)
    except NotStoredError:
        return "absent"
    except CorruptMetricError:
        storage.set_aside(name)
        storage.save(name, np.full(8, 3.0))  # computed anew
        return "damaged"
    known: dict[str, State] = {str(np.full(8, 1.0)): "old", str(np.full(8, 2.0)): "new"}
    return known[str(value)]


def states(storage: NpzStorageInterface, count: int) -> tuple[State, ...]:
    """What is under each name of the block."""
    assert state_of_other(storage) == 7.0
    return tuple(state_of(storage, name) for name in names(count))


def state_of_other(storage: NpzStorageInterface) -> float:
    """The value that no block touches."""
    value = storage.load("other")
    assert isinstance(value, np.ndarray)
    return float(value[0])


def before(count: int) -> tuple[State, ...]:
    """What is there when nothing has been saved yet."""
    return tuple("old" if name.startswith("old") else "absent" for name in names(count))


def is_prefix(found: Sequence[State], count: int) -> bool:
    """Whether the first so many are new and the others as before: saves happen in order, and none is lost."""
    saved = list(found).count("new")
    return tuple(found) == ("new",) * saved + before(count)[saved:]


# -------------------------------------------------------------------------------------------------------- kill -9


@pytest.mark.parametrize("count", [FEW, MANY])
# EVIDENCE-OF: P1
def test_death_at_every_call(tmp_path: Path, count: int) -> None:
    """Whoever dies inside a block, at any file call, has lost nothing of what was saved in it so far."""
    storage = NpzStorageInterface(tmp_path / "copy")
    prepare(NpzStorageInterface(tmp_path / "before"), count)
    shutil.copytree(tmp_path / "before", tmp_path / "copy")
    calls = run(lambda: save_all(storage, count), tmp_path).calls
    assert count == FEW or flushes_together(calls)

    seen: list[int] = []
    deaths: tuple[Action, ...] = ("kill", "tear") if count == FEW else ("kill",)
    for at in range(1, len(calls) + 1):
        for action in deaths:
            shutil.rmtree(tmp_path / "copy")
            shutil.copytree(tmp_path / "before", tmp_path / "copy")
            assert run(lambda: save_all(storage, count), tmp_path, Plan(at, action)).ending == "killed"
            found = fresh(lambda: states(storage, count))
            assert is_prefix(found, count)
            seen.append(found.count("new"))

    assert seen == sorted(seen)
    assert set(seen) == set(range(count + 1))


# ---------------------------------------------------------------------------------------------------- failing calls


@attrs.frozen
class Told:
    """What a block ended with, what is stored then, and what is stored when it is done again without faults."""

    error: str
    found: tuple[State, ...]
    again: str
    after: tuple[State, ...]


def save_all_twice(storage: NpzStorageInterface, count: int) -> Told:
    """The block under faults, and again without, in the same process."""
    error = save_all(storage, count)
    found = states(storage, count)
    with storage.grouped():
        for name in names(count):
            storage.save(name, np.full(8, 2.0))
    return Told(error, found, "", states(storage, count))


@pytest.mark.parametrize("count", [FEW, MANY])
# EVIDENCE-OF: P3
def test_every_call_fails(tmp_path: Path, count: int) -> None:
    """A block in which a call fails says so, has lost nothing old, and can be done again."""
    storage = NpzStorageInterface(tmp_path / "copy")
    prepare(NpzStorageInterface(tmp_path / "before"), count)
    shutil.copytree(tmp_path / "before", tmp_path / "copy")
    calls = run(lambda: save_all(storage, count), tmp_path).calls
    first = next(at for at, call in enumerate(calls, 1) if call.makes)  # before, it only looks for leftovers

    for at in range(first, len(calls) + 1):
        shutil.rmtree(tmp_path / "copy")
        shutil.copytree(tmp_path / "before", tmp_path / "copy")
        call = calls[at - 1]
        told = run(lambda: save_all_twice(storage, count), tmp_path, Plan(at, "fail", errno.EIO)).result()
        assert is_prefix(told.found, count)
        assert set(told.after) == {"new"}
        assert leftovers(storage.metrics_dir) == []
        forgiven = call.name in {"sync_file_range", "close"} or (call.name == "openat" and not call.makes)
        assert told.error or forgiven, (at, call)
        if told.error:
            assert os.strerror(errno.EIO) in told.error
            assert told.error.endswith("True") == (told.found.count("new") == count)


# EVIDENCE-OF: P3
def test_what_could_not_be_flushed_is_named(tmp_path: Path) -> None:
    """When the flush of the file system fails, the error names what may not outlive a power cut."""
    storage = NpzStorageInterface(tmp_path)
    prepare(storage, MANY)
    calls = run(lambda: save_all(NpzStorageInterface(tmp_path), MANY), tmp_path).calls
    shutil.rmtree(tmp_path)
    prepare(storage, MANY)
    assert flushes_together(calls)
    at = [call.name for call in calls].index("syncfs") + 1

    told = run(lambda: save_all_twice(storage, MANY), tmp_path, Plan(at, "fail", errno.ENOSPC)).result()
    assert told.error == "new_0, new_10, new_11 and 21 more No space left on device True"
    assert told.found == ("new",) * MANY


# ------------------------------------------------------------------------------------------------------ power cuts


@attrs.frozen
class Cut:
    """At which call the block died, what the disk had before and has, and whether the block had ended."""

    at: int
    found: tuple[State, ...]
    ended: bool


def cuts(disk: Disk, count: int) -> list[Cut]:
    """Blocks, killed at one call or not at all, and the power cut right after."""
    storage = NpzStorageInterface(disk.store)
    made: list[Cut] = []
    prepare(storage, count)
    calls = run(lambda: save_all(storage, count), disk.store).calls
    flush = next(at for at, call in enumerate(calls, 1) if call.name in {"syncfs", "sync_file_range"})
    inside = [*range(6, flush, flush // (2 * FEW)), *range(flush, min(flush + 4, len(calls) + 1))]
    for at in [*inside, 9999, 9999, 9999] * REPEATS:
        for name in storage.names():
            storage.delete(name)
        prepare(storage, count)
        outcome = run(lambda: save_all(storage, count), disk.store, Plan(at, "kill"))
        ended = outcome.ending == "returned"
        assert not ended or outcome.result() == ""
        for flushed in (True,) if not ended else (True, False):
            found = disk.cut(lambda after: states(after, count), flushed=flushed)
            made.append(Cut(at, found, ended))
    return made


@needs_mounts
@every_disk
@pytest.mark.parametrize("count", [FEW, MANY])
# EVIDENCE-OF: P2
# EVIDENCE-OF: P4
def test_power_cuts(tmp_path: Path, kind: str, options: str, options_after: str, count: int) -> None:
    """A cut inside a block leaves each old value or its new one, and of what was not there nothing, a value, or
    damage that is told; one after the block leaves all that is new."""
    made = on_disk(tmp_path, kind, options, options_after, lambda disk: cuts(disk, count))

    for cut in made:
        for name, state in zip(names(count), cut.found, strict=True):
            assert state in ({"old", "new"} if name.startswith("old") else {"absent", "damaged", "new"}), cut
    assert [cut for cut in made if cut.ended and set(cut.found) != {"new"}] == []
    assert sum(cut.ended for cut in made) >= 6
    assert any(not cut.ended and set(cut.found) != {"new"} for cut in made), "the cuts are real"
