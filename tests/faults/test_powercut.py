"""What a power cut leaves: a disk in a file is copied while it is mounted, and the copy is what got to the disk.

``SMM_POWER_CUTS`` says how often each save is repeated; 1 is about fifteen cuts for each test.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import CorruptMetricError, NpzStorageInterface
from simple_metrics_manager.stores.durability import Durability
from tests.faults.disks import Disk, every_disk, on_disk
from tests.faults.engine import Plan, counted, needs_tracer, run
from tests.faults.places import needs_mounts
from tests.faults.subject import OLD, SMALL, look, prepare, save

pytestmark = [needs_tracer, needs_mounts, pytest.mark.forks]

REPEATS = int(os.environ.get("SMM_POWER_CUTS", "1"))
DAMAGED = -1.0


@attrs.frozen
class Cut:
    """At which call, what was stored before and was being stored, what the disk has, and whether the save returned."""

    at: int
    before: float
    value: float
    found: float | None
    returned: bool


def found_by(storage: NpzStorageInterface) -> float | None:
    """The value that is there; None if there is none, ``DAMAGED`` if it is."""
    try:
        seen = look(storage)
    except CorruptMetricError:
        return DAMAGED
    return None if seen is None else seen.value


def cuts(disk: Disk, durability: Durability) -> list[Cut]:
    """Saves, each killed at a later file call, then some that are not killed; the power is cut after each."""
    storage = NpzStorageInterface(disk.store, durability=durability)
    prepare(NpzStorageInterface(disk.store), SMALL, first=False)
    made: list[Cut] = []
    points = [*range(1, 8 + 3 * (durability != "cache")), *[100] * 5] * REPEATS
    for at in points:
        before, value = look(storage), len(made) + 10.0
        outcome = run(partial(_save_counted, storage, value), disk.store, Plan(at, "kill"))
        assert before is not None
        returned = outcome.ending == "returned"
        found = disk.cut(found_by, flushed=not returned or len(made) % 2 == 0)
        made.append(Cut(at, before.value, value, found, returned))
    return made


def _save_counted(storage: NpzStorageInterface, value: float) -> None:
    with counted():
        save(storage, value, SMALL)


@every_disk
# EVIDENCE-OF: P2
def test_full(tmp_path: Path, kind: str, options: str, options_after: str) -> None:
    """A cut during a save, at any file call, leaves old or new; one after it leaves new."""
    made = on_disk(tmp_path, kind, options, options_after, lambda disk: cuts(disk, "full"))

    assert [cut for cut in made if cut.found not in {cut.before, cut.value}] == []
    assert [cut for cut in made if cut.returned and cut.found != cut.value] == []
    assert sum(cut.returned for cut in made) >= 5


@every_disk
# EVIDENCE-OF: P2
def test_atomic(tmp_path: Path, kind: str, options: str, options_after: str) -> None:
    """A cut leaves some value that was there once, and whole."""
    made = on_disk(tmp_path, kind, options, options_after, lambda disk: cuts(disk, "atomic"))
    written = {OLD, *(cut.value for cut in made)}

    assert [cut for cut in made if cut.found not in written] == []


@every_disk
# EVIDENCE-OF: P2
# EVIDENCE-OF: P4
def test_cache(tmp_path: Path, kind: str, options: str, options_after: str) -> None:
    """A cut may take a value; what it left of one is never given for a value. Some cut does: they are real."""
    made = on_disk(tmp_path, kind, options, options_after, lambda disk: cuts(disk, "cache"))
    written = {None, DAMAGED, OLD, *(cut.value for cut in made)}

    assert [cut for cut in made if cut.found not in written] == []
    if (kind, options) != ("ext4", ""):
        assert any(cut.found in {None, DAMAGED} for cut in made)
