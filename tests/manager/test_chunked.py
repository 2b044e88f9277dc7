"""A metric that returns an array larger than memory: stored in one file, handed out lazily, changed by nobody."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip("zarr", minversion="3.1.4", reason="zarr is not installed, or too old")

import attrs
import zarr
import zarr.storage

from simple_metrics_manager import (
    CorruptMetricError,
    DatedCacheManager,
    JsonStorageInterface,
    MetricTypeError,
    NpyStorageInterface,
    NpzStorageInterface,
    OnStale,
    StorageInterface,
    metric,
)
from simple_metrics_manager.events import Event, SetAside, listening
from simple_metrics_manager.formats.zarr import Zarr
from tests import folders
from tests.payload.zarr_samples import MAPPED, ZarrArray, create, dumped, grid, numbers, open_, same

ROOT = Path(__file__).resolve().parent.parent.parent


@attrs.frozen
class Recording:
    """An array among other things."""

    rate: float
    signal: zarr.Array[Any]


class Lab(DatedCacheManager):
    """Its arrays lie in a temporary directory while they are made."""

    verbose = False
    on_stale: OnStale = {"global_changed": "use"}  # noqa: RUF012 - as users write it; it is the folder that changes
    runs: ClassVar[list[str]] = []
    folder: ClassVar[str] = ""

    @metric
    def cube(self) -> zarr.Array[Any]:
        self.runs.append("cube")
        return grid(os.path.join(self.folder, "cube"), **MAPPED)

    @metric(format=Zarr(), params_list=[("f4",), ("i2",)])
    def typed(self, dtype: str) -> zarr.Array[Any]:
        self.runs.append(dtype)
        return grid(dtype=dtype)

    @metric
    def total(self) -> float:
        return float(sum(np.asarray(self.cube[row]).sum() for row in range(self.cube.shape[0])))

    @metric
    def recording(self) -> Recording:
        self.runs.append("recording")
        return Recording(500.0, grid())

    @metric
    def perhaps(self) -> zarr.Array[Any] | None:
        return grid()

    @metric
    def wrong(self) -> zarr.Array[Any]:
        return np.zeros(3)  # type: ignore[return-value]  # what is tested


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Lab, "runs", [])
    monkeypatch.setattr(Lab, "folder", str(tmp_path / "temporary"))
    return tmp_path


STORAGES: dict[str, Callable[[Path], StorageInterface]] = {
    "npz": NpzStorageInterface,
    "npy": NpyStorageInterface,
    "json": JsonStorageInterface,
}


@pytest.fixture(name="storage", params=STORAGES)
def _storage(request: pytest.FixtureRequest, folder: Path) -> StorageInterface:
    return STORAGES[str(request.param)](folder / "metrics")


@pytest.fixture(name="npz")
def _npz(folder: Path) -> NpzStorageInterface:
    return NpzStorageInterface(folder / "metrics")


def test_stored_in_one_file_whatever_the_storage(storage: StorageInterface, folder: Path) -> None:
    """Such an array has files of its own kind beside those of the storage; the next manager reads it from there."""
    first = Lab(storage).cube
    shutil.rmtree(Lab.folder)
    again = Lab(storage)

    assert folders.names(folder / "metrics") == ["Lab.cube.zarr.zip"]
    assert same(again.cube, grid(**MAPPED))
    assert (first.shape, first.read_only, again.cube.read_only) == (again.cube.shape, True, True)
    assert again.exists("cube")
    assert again.date("cube") == Lab(storage).date("cube")
    assert Lab.runs == ["cube"]


def test_zarr_reads_the_file(npz: NpzStorageInterface, folder: Path) -> None:
    """What a manager stored can be opened without it."""
    Lab(npz).get(Lab.cube)
    store = zarr.storage.ZipStore(folder / "metrics" / "Lab.cube.zarr.zip", mode="r")

    assert same(open_(store=store, mode="r"), grid(**MAPPED))


def test_declared_format(npz: NpzStorageInterface) -> None:
    """The format can be declared, and there can be one array per parameter set."""
    arrays = [*Lab(npz).typed.get_all(), *Lab(npz).typed.get_all()]

    assert [str(array.dtype) for array in arrays] == ["float32", "int16"] * 2
    assert len(list(npz.names())) == 2
    assert Lab.runs == ["f4", "i2"]


def test_record(npz: NpzStorageInterface) -> None:
    """The record says what a listing has to show, without the array being read; who read it knows its content."""
    Lab(npz).get(Lab.total)
    record, reader = npz.read_record("Lab.cube", Zarr()), npz.read_record("Lab.total")
    assert record is not None
    assert reader is not None

    assert (record.summary, record.bytes, record.preview) == ("zarr float64[20×16384]", 20 * 16384 * 8, None)
    assert [read.content for read in reader.reads] == [record.content]
    assert record.content != ""


def load(folder: str) -> str:
    """In the other process: what comes back there."""
    lab = Lab(NpzStorageInterface(Path(folder)))
    assert same(lab.cube, grid(**MAPPED))
    assert same(lab.recording.signal, grid())
    return f"{lab.total} {Lab.runs}"


def test_another_process(npz: NpzStorageInterface, folder: Path) -> None:
    """Alone or inside another value, it comes back in another process, where nothing is computed."""
    lab = Lab(npz)
    expected = (lab.total, lab.recording.rate)
    program = f"from tests.manager.test_chunked import load; print(load({str(folder / 'metrics')!r}))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == (f"{expected[0]} []\n", "")
    assert expected == (float(numbers(grid(**MAPPED)).sum()), 500.0)


def test_inside_another_value(npz: NpzStorageInterface, folder: Path) -> None:
    """Inside another value it lies in that one's file, as the bytes of a zip."""
    Lab(npz).get(Lab.recording)
    Lab(npz).get(Lab.perhaps)
    again = Lab(npz)
    perhaps = again.perhaps
    assert perhaps is not None

    assert folders.names(folder / "metrics") == ["Lab.perhaps.npz", "Lab.recording.npz"]
    assert same(again.recording.signal, grid())
    assert same(perhaps, grid())
    with np.load(folder / "metrics" / "Lab.recording.npz") as arrays:
        assert arrays["signal"].tobytes().startswith(b"PK")


# EVIDENCE-OF: P10
def test_nobody_can_change_it(npz: NpzStorageInterface) -> None:
    """Neither what was just computed nor what was loaded can be changed by those who got it."""
    computed, loaded = Lab(npz), Lab(npz)
    for lab in (computed, loaded):
        mine: Any = lab.cube
        with pytest.raises(ValueError, match="this array is what is stored, and cannot be changed"):
            mine[0] = 1
        with pytest.raises(ValueError, match="this array is what is stored, and cannot be changed"):
            mine.attrs["unit"] = "V"
        mine.attrs["deep"]["list"].append(2)

        assert dict(lab.cube.attrs) == {"unit": "mV", "deep": {"list": [1]}}
        assert same(lab.cube, grid(**MAPPED))
    assert same(Lab(npz).cube, grid(**MAPPED))


def test_other_values_are_refused(npz: NpzStorageInterface) -> None:
    """What is no such array is refused, and kept."""
    lab = Lab(npz)
    with pytest.raises(MetricTypeError, match=r"expected zarr\.Array, got ndarray"):
        lab.get(Lab.wrong)
    assert np.array_equal(np.asarray(lab.cache["wrong"]), np.zeros(3))


def damage(file: Path, at: int) -> None:
    """Change one byte."""
    blob = bytearray(file.read_bytes())
    blob[at] ^= 1
    file.unlink()  # who has mapped it keeps the sound one
    file.write_bytes(blob)


# EVIDENCE-OF: P4
def test_damage_in_a_chunk(npz: NpzStorageInterface, folder: Path) -> None:
    """A damaged chunk is told when it is touched, with the file and the way out; asked for anew, it is computed."""
    Lab(npz).get(Lab.cube)
    damage(folder / "metrics" / "Lab.cube.zarr.zip", 5000)
    lab = Lab(npz)

    assert np.array_equal(np.asarray(lab.cube[12:]), numbers(grid(**MAPPED))[12:])
    with pytest.raises(CorruptMetricError, match=r"Lab\.cube\.zarr\.zip is damaged: .*c/0/0.*\n.*use_stored=False"):
        lab.cube[0]
    shutil.rmtree(Lab.folder)
    assert same(lab.get(Lab.cube, use_stored=False), grid(**MAPPED))
    assert np.array_equal(np.asarray(Lab(npz).cube[0]), numbers(grid(**MAPPED))[0])


# EVIDENCE-OF: P4
def test_damage_outside_the_chunks(npz: NpzStorageInterface, folder: Path) -> None:
    """Damage that is found when the file is opened sets it aside, and the array is computed anew."""
    Lab(npz).get(Lab.cube)
    file = folder / "metrics" / "Lab.cube.zarr.zip"
    damage(file, file.stat().st_size - 40)
    shutil.rmtree(Lab.folder)
    told: list[Event] = []
    with listening(told.append):
        assert same(Lab(npz).cube, grid(**MAPPED))

    assert [type(event) for event in told if isinstance(event, SetAside)] == [SetAside]
    assert Lab.runs == ["cube", "cube"]
    assert folders.names(folder / "metrics") == ["Lab.cube.zarr.zip", "Lab.cube.zarr.zip.1.damaged"]


def test_directory_that_is_gone(npz: NpzStorageInterface) -> None:
    """A function whose array does not outlive it is told so; zeros are never stored in its place."""

    class Hasty(DatedCacheManager):
        """Removes what it returns."""

        verbose = False

        @metric
        def cube(self) -> zarr.Array[Any]:
            with tempfile.TemporaryDirectory() as place:
                return grid(place)

    with pytest.raises(MetricTypeError, match=r"got one whose files are gone.*tempfile\.mkdtemp"):
        Hasty(npz).get(Hasty.cube)
    assert list(npz.names()) == []


def test_travelling(npz: NpzStorageInterface) -> None:
    """What a manager hands out can be sent to other processes: by its path, if the file is large."""
    Lab(npz).get(Lab.cube)
    pickled = pickle.dumps(Lab(npz).cube)

    assert len(pickled) < 8000
    assert same(pickle.loads(pickled), grid(**MAPPED))


def test_stored_again_elsewhere(npz: NpzStorageInterface, folder: Path) -> None:
    """What came from one storage can be stored in another one: the same bytes but for the record."""
    lab = Lab(npz)
    array: ZarrArray = Lab(npz).cube
    lab.use(NpzStorageInterface(folder / "other"))
    lab.cache["cube"] = array
    lab.save(Lab.cube)

    assert same(Lab(NpzStorageInterface(folder / "other")).cube, grid(**MAPPED))
    assert dumped(array).content() == dumped(Lab(NpzStorageInterface(folder / "other")).cube).content()


BOUNDED = """
import resource, sys, threading
threading.stack_size(1024 * 1024)  # those of many threads would be most of the memory
import numpy as np
from tests.manager.test_chunked import Slow

slow = Slow(sys.argv[1])
array = slow.rows(1)
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 64 * 1024 * 1024, resource.RLIM_INFINITY))
print(slow.rows(96)[95, 7], Slow(sys.argv[1]).rows(96)[94, 7])
try:
    np.asarray(slow.rows(96)[...])
except MemoryError:
    print("not at once")
"""


class Slow(DatedCacheManager):
    """Fills an array row by row."""

    verbose = False

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.use(NpzStorageInterface(Path(folder) / "metrics", durability="cache"))

    @metric(params_list=[(1,), (96,)])
    def rows(self, count: int) -> zarr.Array[Any]:
        made = create(
            store=os.path.join(self.folder, f"source{count}"),
            shape=(count, 2 * 1024 * 1024),
            chunks=(1, 2 * 1024 * 1024),
            dtype="u1",
            compressors=None,
        )
        for row in range(count):
            made[row] = row
        return made


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited in this way on Linux")
def test_larger_than_memory(folder: Path) -> None:
    """192 MiB are computed, stored and loaded with 64 MiB of memory; all of it at once does not fit there."""
    command = [sys.executable, "-c", BOUNDED, str(folder)]
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ZARR_THREADING__MAX_WORKERS": "1",
    }
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == ("95 94\nnot at once\n", "")


def test_original_may_go(npz: NpzStorageInterface) -> None:
    """Once it is stored, what is handed out is the stored one: the original may be removed, or changed."""
    lab = Lab(npz)
    first = lab.cube
    recording = lab.recording
    shutil.rmtree(Lab.folder)

    assert same(first, grid(**MAPPED))
    assert same(lab.cube, grid(**MAPPED))
    assert same(recording.signal, grid())
