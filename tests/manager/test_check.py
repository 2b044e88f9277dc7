"""Reading everything that is stored: what is damaged, misplaced or left over is found, and nothing is changed."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    Json,
    MemoryStorageInterface,
    NpzStorageInterface,
    SqliteStorageInterface,
    TieredStorageInterface,
    metric,
)
from simple_metrics_manager.keeping.checking import check_storage
from simple_metrics_manager.storing.entries import StoredEntries
from tests.compat.own_storages import PickleStorage

Open: TypeAlias = Callable[[Path], StoredEntries]


class Lab(DatedCacheManager):
    """Has something in each format."""

    verbose = False

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        return np.arange(20_000.0)

    @metric(format=Json())
    def label(self) -> str:
        return "a text"

    @metric(params_list=[(1,), (2,)])
    def size(self, number: int) -> int:
        return number


NAMES = ["Lab.label", "Lab.size,number=1", "Lab.size,number=2", "Lab.spectrum"]


def tiered(folder: Path) -> TieredStorageInterface:
    """Copies in one directory, the truth in another one."""
    return TieredStorageInterface(NpzStorageInterface(folder / "fast"), NpzStorageInterface(folder / "shared"))


OPENERS: dict[str, Open] = {
    "files": NpzStorageInterface,
    "folders": lambda folder: NpzStorageInterface(folder, sharded=True, verify=False),
    "database": lambda folder: SqliteStorageInterface(folder / "db.sqlite", large=10_000),
    "memory": lambda folder: MemoryStorageInterface(),
    "tiers": tiered,
}


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    """All files with their times, but for what a database needs to be read at all."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal"))]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def flip(file: Path, at: int) -> None:
    """Change one bit."""
    blob = bytearray(file.read_bytes())
    blob[at] ^= 1
    file.write_bytes(blob)


@pytest.mark.parametrize("open_", OPENERS.values(), ids=OPENERS)
def test_all_is_well(open_: Open, tmp_path: Path) -> None:
    """What nobody has touched is sound, in every kind of place, and stays as it is."""
    storage = open_(tmp_path)
    lab = Lab(storage)
    lab.get_all()
    before = everything(tmp_path)

    report = lab.check()

    assert (report.ok, report.checked, report.leftovers) == (True, 4, ())
    assert everything(tmp_path) == before
    assert report.bytes == sum(each.bytes for each in storage.listing())
    assert str(report).startswith("4 checked (")
    assert str(report).endswith(": all sound")


@pytest.mark.parametrize("verify", [True, False])
# EVIDENCE-OF: P4
def test_damage_is_found(verify: bool, tmp_path: Path) -> None:
    """One bit anywhere is found, also where loads are told not to verify, and nothing is set aside for it."""
    storage = NpzStorageInterface(tmp_path, verify=verify)
    Lab(storage).get_all()
    for name, at in (("Lab.spectrum.npz", 90_000), ("Lab.label.json", 60), ("Lab.size,number=1.npz", -100)):
        flip(tmp_path / name, at)
    before = everything(tmp_path)

    report = check_storage(storage)

    assert {each.name for each in report.damaged} == {"Lab.spectrum", "Lab.label", "Lab.size,number=1"}
    assert (report.ok, report.checked) == (False, 4)
    assert {Path(each.place).name for each in report.damaged} >= {"Lab.spectrum.npz", "Lab.label.json"}
    assert everything(tmp_path) == before


def test_files_in_the_wrong_place(tmp_path: Path) -> None:
    """A file that was renamed by hand is misplaced; one whose name is too long to be kept whole is not."""
    storage = NpzStorageInterface(tmp_path)
    Lab(storage).get_all()
    long = "x" * 400
    storage.save(long, 1)
    shutil.move(tmp_path / "Lab.size,number=1.npz", tmp_path / "Lab.size,number=3.npz")

    report = check_storage(storage)

    (found,) = report.misplaced
    assert (found.name, found.reason) == (
        "Lab.size,number=3",
        "it is Lab.size,number=1, and lies in the place of Lab.size,number=3",
    )
    assert (report.checked, report.ok) == (5, False)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """Pickled objects that nobody allowed, and files of a later version, are told apart from damage."""
    allowing = NpzStorageInterface(tmp_path, allow_pickle=True)
    allowing.save("objects", np.array([None], dtype=object))
    newer = b'{"simple_metrics_manager": 1,\n'
    Lab(allowing).label  # noqa: B018  # a property that computes
    assert (tmp_path / "Lab.label.json").read_bytes().startswith(newer)

    report = check_storage(NpzStorageInterface(tmp_path))

    assert [each.name for each in report.unreadable] == ["objects"]
    assert "allow_pickle=True" in report.unreadable[0].reason
    assert check_storage(allowing).ok


def test_leftovers(tmp_path: Path) -> None:
    """What was set aside, what dead writers left and what nothing finds any more does no harm, and is named."""
    storage = NpzStorageInterface(tmp_path)
    Lab(storage).get_all()
    storage.set_aside("Lab.size,number=1")
    (tmp_path / ".Lab.size,number=1.npz.123.0123456789abcdef.tmp").write_bytes(b"half")
    storage.save("Lab.label", "what the storage had first")
    np.savez(tmp_path / "gone_date.npz", np.array("2020-02-03"))
    np.savez(tmp_path / "undated.npz", np.arange(3))
    np.savez(tmp_path / "dated.npz", np.arange(3))
    np.savez(tmp_path / "dated_date.npz", np.array("2020-02-03"))

    report = check_storage(storage)

    assert {Path(each.place).name: each.reason.split(",")[0] for each in report.leftovers} == {
        "Lab.size,number=1.npz.1.damaged": "it was damaged",
        ".Lab.size,number=1.npz.123.0123456789abcdef.tmp": "somebody is writing it",
        "Lab.label.json": f"{tmp_path / 'Lab.label.npz'} has taken its place",
        "gone_date.npz": "it is the date of something that is gone",
        "undated.npz": "it has neither a record nor a date beside it",
    }
    assert report.ok
    plain = report.to_dict()
    assert plain["damaged"] == []
    assert sum(line.startswith("  leftovers:") for line in str(report).splitlines()) == 5


def test_damaged_databases(tmp_path: Path) -> None:
    """Damage in a file beside a database is that of one entry; a database that is none is damage as a whole."""
    storage = SqliteStorageInterface(tmp_path / "db.sqlite", large=10_000)
    Lab(storage).get_all()
    (file,) = (path for path in (tmp_path / "db.sqlite.large").rglob("*") if path.is_file() and path.stat().st_size)
    flip(file, 90_000)
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"no database at all" * 1000)

    assert [each.name for each in check_storage(storage).damaged] == ["Lab.spectrum"]
    (found,) = check_storage(SqliteStorageInterface(broken)).damaged
    assert (found.name, found.place) == ("", str(broken))


def test_values_are_not_kept(tmp_path: Path) -> None:
    """Memory is bounded by one value, and by none where files are mapped."""
    storage = NpzStorageInterface(tmp_path, durability="cache")
    for number in range(4):
        storage.save(f"a{number}", np.zeros(1_000_000))
    packed = NpzStorageInterface(tmp_path / "packed", compress=True)
    for number in range(4):
        packed.save(f"a{number}", np.zeros(1_000_000))
    peaks: list[int] = []
    for each in (storage, packed):
        tracemalloc.start()
        assert check_storage(each).ok
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[0] < 2_000_000
    assert peaks[1] < 20_000_000


def test_managers_without_such_a_storage(tmp_path: Path) -> None:
    """Without a storage there is nothing to check; a storage of three methods cannot say what it holds."""
    assert Lab().check().checked == 0
    with pytest.raises(TypeError, match="cannot say what it holds"):
        Lab(PickleStorage(tmp_path)).check()
