"""What a power cut leaves: a disk in a file is copied while it is mounted, and the copy is what got to the disk.

``SMM_POWER_CUTS`` says how often each save is repeated; 1 is about fifteen cuts for each test.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import CorruptMetricError, NpzStorageInterface
from simple_metrics_manager.stores.directory import Durability
from tests.faults.engine import Plan, counted, needs_tracer, run
from tests.faults.places import copy_image, in_private, make_image, mount_image, needs_mounts, unmount
from tests.faults.subject import OLD, SMALL, look, prepare, save

pytestmark = [needs_tracer, needs_mounts]

REPEATS = int(os.environ.get("SMM_POWER_CUTS", "1"))
DAMAGED = -1.0
SIZES = {"ext4": 16 << 20, "xfs": 320 << 20}


@attrs.frozen
class Disk:
    """A mounted disk in a file, and how to cut its power."""

    folder: Path
    options: str

    @property
    def store(self) -> Path:
        """Where metrics are kept on it."""
        return self.folder / "disk" / "store"

    def cut(self, *, flushed: bool) -> float | None:
        """The value that is there after a cut at this instant; None if there is none, ``DAMAGED`` if it is.

        ``flushed``: right before it, somebody flushed a file of his own. That commits others' renames, not their bytes.
        """
        if flushed:
            with open(self.folder / "disk" / "somebody's", "wb") as file:
                file.write(b"x")
                os.fsync(file.fileno())
        copy_image(self.folder / "image", self.folder / "copy")
        mount_image(self.folder / "copy", self.folder / "after", self.options)
        try:
            seen = look(NpzStorageInterface(self.folder / "after" / "store"))
        except CorruptMetricError:
            return DAMAGED
        finally:
            unmount(self.folder / "after")
            (self.folder / "copy").unlink()
        return None if seen is None else seen.value


@attrs.frozen
class Cut:
    """At which call, what was stored before and was being stored, what the disk has, and whether the save returned."""

    at: int
    before: float
    value: float
    found: float | None
    returned: bool


DISKS = [("ext4", "", ""), ("ext4", "noauto_da_alloc", ""), ("xfs", "", "nouuid")]
every_disk = pytest.mark.parametrize(
    ("kind", "options", "options_after"), DISKS, ids=["ext4", "ext4-noauto_da_alloc", "xfs"]
)


def on_disk(folder: Path, kind: str, options: str, options_after: str, act: Callable[[Disk], list[Cut]]) -> list[Cut]:
    """What ``act`` gives in a process that has a disk of this kind; skip where that cannot be had."""
    if shutil.which(f"mkfs.{kind}", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        pytest.skip(f"there is no mkfs.{kind}")
    make_image(folder / "image", kind, SIZES[kind])
    (folder / "disk").mkdir()
    (folder / "after").mkdir()

    def inside() -> list[Cut] | str:
        try:
            mount_image(folder / "image", folder / "disk", options)
        except OSError as error:
            return str(error)
        try:
            return act(Disk(folder, options_after))
        finally:
            unmount(folder / "disk")

    made = in_private(inside)
    if isinstance(made, str):
        pytest.skip(f"no disk in a file here: {made}")
    return made


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
        found = disk.cut(flushed=not returned or len(made) % 2 == 0)
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
