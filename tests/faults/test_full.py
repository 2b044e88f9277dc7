"""Disks that are full, files that may not grow, directories that may not be written, memory that is not to be had."""

from __future__ import annotations

import importlib.util
import os
import resource
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

import simple_metrics_manager
from simple_metrics_manager import SaveError
from tests.faults.engine import fresh
from tests.faults.places import in_private, mount_memory, mount_read_only, needs_mounts
from tests.faults.subject import (
    LARGE,
    NEW,
    OLD,
    SMALL,
    AnyStorage,
    Instrument,
    MakeStorage,
    every_storage,
    leftovers,
    look,
    prepare,
    shows,
)

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.skipif(os.name == "nt", reason="this is about POSIX systems"), pytest.mark.forks]


def refused(storage: AnyStorage, size: int, make_room: Callable[[], object]) -> str:
    """A save that fails until there is room: nothing is lost; the cause that the error named."""
    shows.set((NEW, size))
    cm = Instrument(storage)
    Instrument.runs = 0
    before = look(storage)
    with pytest.raises(SaveError) as caught:
        cm.get(Instrument.reading, use_stored=False)
    assert (caught.value.name, caught.value.path) == ("Instrument.reading", storage.place("Instrument.reading"))
    assert before is not None
    assert (look(storage), before.value) == (before, OLD)
    assert leftovers(storage.metrics_dir) == []
    make_room()
    cm.save(Instrument.reading)
    after = look(storage)
    assert after is not None
    assert (after.value, after.size, Instrument.runs) == (NEW, size, 1)
    return caught.value.cause


@needs_mounts
@every_storage
# EVIDENCE-OF: P3
def test_no_bytes_left(tmp_path: Path, make: MakeStorage) -> None:
    """On a disk without room for the new value, the old one stands, and a retry works once there is room."""

    def fill() -> str:
        mount_memory(tmp_path, "2m", 100)
        storage = make(tmp_path)
        prepare(storage, SMALL, first=False)
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "filling").write_bytes(bytes(3 << 20))
        return refused(storage, LARGE, (tmp_path / "filling").unlink)

    assert in_private(fill) == "No space left on device"


@needs_mounts
@every_storage
# EVIDENCE-OF: P3
def test_no_inodes_left(tmp_path: Path, make: MakeStorage) -> None:
    """The same on a disk that has bytes, but no room for one more file."""

    def fill() -> str:
        mount_memory(tmp_path, "2m", 10)
        storage = make(tmp_path)
        prepare(storage, SMALL, first=False)
        with pytest.raises(OSError, match="No space left"):
            deque(map(Path.touch, (tmp_path / f"filling{number}" for number in range(20))))
        return refused(storage, SMALL, (tmp_path / "filling0").unlink)

    assert in_private(fill) == "No space left on device"


@needs_mounts
@every_storage
# EVIDENCE-OF: P3
def test_read_only(tmp_path: Path, make: MakeStorage) -> None:
    """In a directory that may only be read, the old value stands; the new one can be saved elsewhere."""
    (tmp_path / "elsewhere").mkdir()

    def forbid() -> tuple[str, float, float]:
        storage = make(tmp_path / "store")
        prepare(storage, SMALL, first=False)
        mount_read_only(tmp_path / "store")
        shows.set((NEW, SMALL))
        cm = Instrument(storage)
        with pytest.raises(SaveError) as caught:
            cm.get(Instrument.reading, use_stored=False)
        cm.use(make(tmp_path / "elsewhere"))
        cm.save(Instrument.reading)
        kept, saved = look(storage), look(make(tmp_path / "elsewhere"))
        assert kept is not None
        assert saved is not None
        return caught.value.cause, kept.value, saved.value

    assert in_private(forbid) == ("Read-only file system", OLD, NEW)


@every_storage
# EVIDENCE-OF: P3
def test_files_may_not_grow(tmp_path: Path, make: MakeStorage) -> None:
    """Where a file may have half of the size that it needs, the old value stands; without the limit, a retry works."""
    storage = make(tmp_path)
    prepare(storage, LARGE, first=False)

    def limit() -> str:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, most))
        return refused(storage, LARGE, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))

    assert fresh(limit) == "File too large"


@pytest.mark.skipif(importlib.util.find_spec("_testcapi") is None, reason="this Python has no _testcapi")
@pytest.mark.skipif(
    sys.version_info >= (3, 12),
    reason="from 3.12 on the interpreter and its C extensions corrupt the heap or hang when allocations fail",
)
# EVIDENCE-OF: P3
def test_no_memory(tmp_path: Path) -> None:
    """Whichever allocation fails, no success is claimed that is none, old or new is stored, and a retry works."""
    paths = [str(ROOT), str(Path(simple_metrics_manager.__file__).parent.parent)]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.starving", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr  # where a destructor ran out of memory, Python says so, and goes on
    found = [line.split() for line in ran.stdout.splitlines()]

    assert {retried for _, _, retried in found} == {str(NEW)}
    assert {stored for _, stored, _ in found} == {str(OLD), str(NEW)}
    assert {stored for failure, stored, _ in found if failure == "none"} == {str(NEW)}
    assert {failure for failure, _, _ in found} >= {"none", "MemoryError"}
