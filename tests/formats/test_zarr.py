"""A chunked array is one zip, written and read a chunk at a time; zarr reads it, and no byte changes unnoticed."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
import pytest

pytest.importorskip("zarr", minversion="3.1.4", reason="zarr is not installed, or too old")

import zarr.storage
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, NewerFormatError, StorageError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.zarr import Zarr
from simple_metrics_manager.payload.chunked import Chunked
from simple_metrics_manager.payload.chunks import METADATA, Chunks
from simple_metrics_manager.payload.tree import Payload, Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.files import read_file
from simple_metrics_manager.testing import FormatContract
from tests.formats.samples import RECORD, SINGLE, encoded, flips, outcome
from tests.payload.zarr_samples import MAPPED, SAMPLES, ZarrArray, dumped, grid, loaded, numbers, open_, same

ROOT = Path(__file__).resolve().parent.parent.parent
FORM: Format = Zarr()
each_sample = pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)


def entry_of(array: ZarrArray) -> Entry:
    """A value that is one array."""
    return Entry(RECORD, Payload(SINGLE, {}, {"value": dumped(array)}))


def native_in(blob: bytes | memoryview, path: str = "somewhere/x") -> Chunked:
    """What is in a file."""
    native = FORM.decode(memoryview(blob), path).payload.natives["value"]
    assert isinstance(native, Chunked)
    return native


def array_in(blob: bytes | memoryview, path: str = "somewhere/x") -> ZarrArray:
    """The array in a file."""
    return loaded(native_in(blob, path))


def written(array: ZarrArray, file: Path) -> Path:
    """The file of an array."""
    file.write_bytes(encoded(FORM, entry_of(array)))
    return file


@each_sample
def test_round_trip(make: Callable[[], ZarrArray]) -> None:
    """What comes back is the array that was stored, with its record, and stored again it makes the same bytes."""
    array = make()
    blob = encoded(FORM, entry_of(array))
    entry = FORM.decode(memoryview(blob), "x")

    assert same(array_in(blob), array)
    assert dict(array_in(blob).attrs) == dict(array.attrs)
    assert entry.record == FORM.decode_record(memoryview(blob), "x") == RECORD
    assert (entry.payload.tree, dict(entry.payload.arrays)) == (SINGLE, {})
    assert encoded(FORM, entry_of(array_in(blob))) == encoded(FORM, entry) == blob


@each_sample
def test_facts(make: Callable[[], ZarrArray]) -> None:
    """Size, summary and content are the same before and after."""
    before = dumped(make())
    after = native_in(encoded(FORM, entry_of(make())))

    assert (after.nbytes, after.summary(), after.content()) == (before.nbytes, before.summary(), before.content())
    assert (before.borrowed, after.borrowed) == (True, False)


@each_sample
def test_zarr_reads_it(make: Callable[[], ZarrArray], tmp_path: Path) -> None:
    """It is an ordinary zip, in which zarr itself finds the array."""
    file = written(make(), tmp_path / "x.zarr.zip")
    with zarr.storage.ZipStore(file, mode="r") as store:
        assert same(open_(store=store, mode="r"), make())
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert (archive.namelist()[0], archive.namelist()[-1]) == ("zarr.json", "record.json")


@pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not installed")
def test_unzip_reads_it(tmp_path: Path) -> None:
    """The tool that everybody has finds nothing wrong with it."""
    file = written(grid(), tmp_path / "x.zarr.zip")
    ran = subprocess.run(["unzip", "-t", str(file)], capture_output=True, text=True, check=False)

    assert ran.returncode == 0
    assert "No errors detected" in ran.stdout


def load_all(folder: str) -> int:
    """In the other process: how many arrays are what they were; any that is not is an error."""
    for number, (name, make) in enumerate(SAMPLES.items()):
        assert same(array_in(read_file(f"{folder}/{number}")), make()), name
    return len(SAMPLES)


def test_another_process(tmp_path: Path) -> None:
    """Every kind of array comes back in another process."""
    for number, make in enumerate(SAMPLES.values()):
        written(make(), tmp_path / str(number))
    program = f"from tests.formats.test_zarr import load_all; print(load_all({str(tmp_path)!r}))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == (f"{len(SAMPLES)}\n", "")


def test_chunks_are_not_encoded_again() -> None:
    """The bytes of a chunk in the file are those in the store of the array; large ones begin at a multiple of 64."""
    array = grid(dtype="i2", compressors=None)
    blob = encoded(FORM, entry_of(array))
    chunk = numbers(array)[2:4, 3:6].tobytes()

    assert blob.count(chunk) == 1
    assert blob.index(chunk) % 64 == 0


OTHER_ENTRIES = {
    "an array": Entry(RECORD, Payload(SINGLE, {"value": np.zeros(3)})),
    "no array": Entry(RECORD, Payload(1.5, {})),
    "an array inside": Entry(RECORD, Payload(cast("Tree", [SINGLE]), {}, {"value": dumped(grid())})),
}


@pytest.mark.parametrize("entry", OTHER_ENTRIES.values(), ids=OTHER_ENTRIES)
def test_other_values(entry: Entry) -> None:
    """What is not one chunked array is refused before anything is written, with the way out."""
    with pytest.raises(CannotStoreError, match=r"holds one zarr\.Array, and nothing else. Declare the metric"):
        FORM.encode(entry)


def test_chunk_that_vanishes(tmp_path: Path) -> None:
    """An array that is removed while it is written is an error, not an array of fill values."""
    pieces = iter(FORM.encode(entry_of(grid(tmp_path / "source"))))
    next(pieces)
    shutil.rmtree(tmp_path / "source")
    with pytest.raises(CannotStoreError, match=r"c/0/0 is no longer in .*Keep the directory"):
        list(pieces)


# ---------------------------------------------------------------------------------------------------------- damage
SMALL = grid(shape=(3, 2), chunks=(2, 2), dtype="i2", compressors=None, attributes={})
BLOB = encoded(FORM, entry_of(SMALL))
SHARDED = grid(shape=(4, 2), chunks=(1, 2), shards=(2, 2), dtype="i1", compressors=None, attributes={})
SHARDED_BLOB = encoded(FORM, entry_of(SHARDED))


def read(blobs: Iterable[bytes], array: ZarrArray) -> set[bool | str]:
    """What became of damaged files that were read as a whole: ``True`` is the same array, ``False`` another one."""

    def is_same(blob: bytes) -> bool:
        entry = FORM.decode(memoryview(blob), "x")
        found = array_in(blob)
        return bool(np.array_equal(numbers(found), numbers(array))) and entry.record == RECORD

    return {outcome(is_same, blob) for blob in blobs}


def sample(blobs: Iterable[bytes], every: int) -> Iterator[bytes]:
    """Some of them."""
    return (blob for number, blob in enumerate(blobs) if number % every == 0)


# EVIDENCE-OF: P4
def test_flipped_bits() -> None:
    """Every flipped bit of a file is found, at the latest when the chunk is read that it is in."""
    assert read(flips(BLOB), SMALL) == {"CorruptMetricError"}


# EVIDENCE-OF: P4
def test_flipped_bits_in_shards() -> None:
    """The same where chunks are read as parts of larger files."""
    assert read(sample(flips(SHARDED_BLOB), 7), SHARDED) == {"CorruptMetricError"}


# EVIDENCE-OF: P4
def test_cut_files() -> None:
    """A file that lost its end or its beginning is found to be damaged when it is opened."""
    cuts = [BLOB[:length] for length in range(len(BLOB))] + [BLOB[length:] for length in range(1, len(BLOB))]

    assert {outcome(lambda blob: bool(native_in(blob)), cut) for cut in cuts} == {"CorruptMetricError"}
    assert {outcome(lambda blob: FORM.decode_record(memoryview(blob), "x") == RECORD, cut) for cut in cuts} <= {
        True,  # of a file without its beginning the record may be whole
        "CorruptMetricError",
    }


# EVIDENCE-OF: P4
def test_added_bytes() -> None:
    """Bytes before, behind or between the members are found."""
    middle = BLOB.index(b"PK\3\4", 1)
    rubbish = [b"\0", b"\n", bytes(4096)]
    added = [BLOB + extra for extra in rubbish] + [extra + BLOB for extra in rubbish]
    added += [BLOB[:middle] + extra + BLOB[middle:] for extra in rubbish]

    assert read(added, SMALL) == {"CorruptMetricError"}


# EVIDENCE-OF: P4
def test_flipped_bits_and_the_record() -> None:
    """A record that is read alone is the one that was written, or an error."""

    def is_same(blob: bytes) -> bool:
        return FORM.decode_record(memoryview(blob), "x") == RECORD

    assert {outcome(is_same, blob) for blob in flips(BLOB)} == {True, "CorruptMetricError"}


@given(data=st.data())
# EVIDENCE-OF: P4
def test_any_damage(data: st.DataObject) -> None:
    """Whatever is done to some stretch of the file, another array never comes out of it."""
    at = data.draw(st.integers(0, len(BLOB)))
    stop = data.draw(st.integers(at, len(BLOB)))
    damaged = BLOB[:at] + data.draw(st.binary(max_size=40)) + BLOB[stop:]

    assert read([damaged], SMALL) <= ({"CorruptMetricError"} if damaged != BLOB else {True})


@given(blob=st.binary(max_size=400))
# EVIDENCE-OF: P4
def test_rubbish(blob: bytes) -> None:
    """Any bytes at all are damaged: nothing else is raised."""
    assert outcome(lambda blob: bool(native_in(blob)), blob) == "CorruptMetricError"


# EVIDENCE-OF: P4
def test_exchanged_chunks() -> None:
    """Two chunks of equal length that have changed places are found."""
    one, other = numbers(SMALL)[:2].tobytes(), np.array([[4, 5], [0, 0]], np.int16).tobytes()
    middle = BLOB.replace(one, b"@" * 8).replace(other, one).replace(b"@" * 8, other)

    assert middle != BLOB
    assert read([middle], SMALL) == {"CorruptMetricError"}


# EVIDENCE-OF: P4
def test_damage_is_found_where_it_is_touched() -> None:
    """A damaged chunk is told by an error that names the file, through all of zarr; the other chunks are read."""
    array = grid(compressors=None)
    blob = bytearray(encoded(FORM, entry_of(array)))
    blob[blob.index(np.float64(24).tobytes())] ^= 1
    found = array_in(bytes(blob), "metrics/Store.cube.zarr.zip")

    assert np.array_equal(np.asarray(found[:2]), numbers(array)[:2])
    with pytest.raises(
        CorruptMetricError, match=r"(?s)^metrics/Store\.cube\.zarr\.zip is damaged: the checksum of its "
    ):
        found[2:4, 3:6]
    with pytest.raises(CorruptMetricError, match=r"its member c/1/1 is wrong"):
        native_in(bytes(blob)).content()
    with pytest.raises(CorruptMetricError, match=r"its member c/1/1 is wrong"):
        list(FORM.encode(Entry(RECORD, Payload(SINGLE, {}, {"value": native_in(bytes(blob))}))))


def test_shards_are_verified_once() -> None:
    """Of a shard, which is read in parts, the checksum is computed the first time; a whole chunk is verified each time.

    To verify all of it for each part would take the square of the time.
    """
    blob = bytearray(SHARDED_BLOB)
    part = array_in(memoryview(blob))
    whole = array_in(memoryview(blob))
    at = blob.index(bytes([0, 1, 2, 3]))
    first = part[0]
    blob[at] ^= 1

    assert np.array_equal(np.asarray(first), [0, 1])
    assert np.array_equal(np.asarray(part[1]), [2, 3])
    with pytest.raises(CorruptMetricError):
        whole[1]


def test_archives_of_others(tmp_path: Path) -> None:
    """An archive that zarr wrote has no seal and no record: it is refused, with the reason."""
    file = tmp_path / "x.zip"
    with zarr.storage.ZipStore(file, mode="w") as store:
        grid(store)
    for decode in (FORM.decode, FORM.decode_record):
        with pytest.raises(CorruptMetricError, match="there is no"):
            decode(read_file(str(file)), str(file))


def test_newer_format() -> None:
    """A file of a later version of the library is refused with the advice to upgrade."""
    newer = Entry(Record(name="later", date=RECORD.date, format=2), entry_of(SMALL).payload)
    with pytest.raises(NewerFormatError, match="written in format 2; this version reads up to 1: upgrade"):
        FORM.decode(memoryview(encoded(FORM, newer)), "x")


class TestContract(FormatContract):
    """What is promised of every format, with arrays in chunks."""

    refuses: ClassVar = frozenset(OTHER_ENTRIES)
    flipped: ClassVar = 3000

    def make_format(self) -> Format:
        return FORM

    def samples(self) -> Mapping[str, Entry]:
        return {**{name: entry_of(make()) for name, make in SAMPLES.items()}, **OTHER_ENTRIES}

    def small_samples(self) -> Mapping[str, Entry]:
        return {"array": entry_of(SMALL), "shards": entry_of(SHARDED)}

    def test_extension(self) -> None:
        """The extension says that it is a zip, and of what."""
        assert FORM.extension == ".zarr.zip"


# ------------------------------------------------------------------------------------------------- travelling, changing
@pytest.mark.parametrize("options", [{}, MAPPED], ids=["read", "mapped"])
def test_pickle(options: dict[str, object], tmp_path: Path) -> None:
    """A small array travels with its chunks; a mapped one as the path of its file, wherever the other process works."""
    file = written(grid(**options), tmp_path / "x.zarr.zip")
    pickled = pickle.dumps(array_in(read_file(str(file)), os.path.relpath(file)))
    program = "import sys, pickle; a = pickle.load(sys.stdin.buffer); print(a[4, 6], a.read_only)"
    ran = subprocess.run([sys.executable, "-c", program], input=pickled, cwd="/", capture_output=True, check=False)

    assert (ran.stdout.decode(), ran.stderr.decode()) == (f"{numbers(grid(**options))[4, 6]} True\n", "")
    assert len(pickled) < 8000


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be replaced there, and none is mapped")
def test_replaced_file(tmp_path: Path) -> None:
    """Who has an array open goes on reading the old file; one that arrives by its path says that it was replaced."""
    file = written(grid(**MAPPED), tmp_path / "x.zarr.zip")
    array = array_in(read_file(str(file)), str(file))
    pickled = pickle.dumps(array)
    other = written(grid(**MAPPED | {"dtype": "f4"}), tmp_path / "y.zarr.zip")
    other.replace(file)

    assert same(array, grid(**MAPPED))
    with pytest.raises(StorageError, match="has been replaced since this array was read from it: ask its manager"):
        pickle.loads(pickled)
    file.unlink()
    assert same(array, grid(**MAPPED))
    with pytest.raises(StorageError, match="whose chunks this array reads, is not there"):
        pickle.loads(pickled)
    file.mkdir()
    with pytest.raises(StorageError, match="whose chunks this array reads, is a directory"):
        pickle.loads(pickled)
    file.rmdir()
    file.write_bytes(b"rubbish")
    with pytest.raises(CorruptMetricError, match="it does not end as an archive does"):
        pickle.loads(pickled)


FORKED = """
import multiprocessing, pickle, sys
array = pickle.load(sys.stdin.buffer)
assert array[4, 6] == 65542.0
def read(row):
    return float(array[row, 6])
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(read, range(3)), array[0, 6])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork(tmp_path: Path) -> None:
    """A forked process reads from the map that it has inherited."""
    file = written(grid(**MAPPED), tmp_path / "x.zarr.zip")
    (tmp_path / "forked.py").write_text(FORKED)
    command = [sys.executable, "-W", "ignore", str(tmp_path / "forked.py")]
    ran = subprocess.run(
        command, input=pickle.dumps(array_in(read_file(str(file)), str(file))), capture_output=True, check=False
    )

    assert (ran.stdout, ran.stderr) == (b"[6.0, 16390.0, 32774.0] 6.0\n", b"")


# ------------------------------------------------------------------------------------------------------- larger sizes
class _Zeros(Chunks):
    """An array of zeros in chunks of one size, of which there is one in memory."""

    def __init__(self, array: ZarrArray, size: int) -> None:
        chunks = dumped(array).chunks
        self._metadata = chunks.read(METADATA)
        self._zeros = memoryview(bytes(size))
        self.keys = [METADATA, *(f"c/{number}" for number in range(array.nchunks))]

    def size(self, key: str) -> int:
        return len(self.read(key))

    def read(self, key: str) -> memoryview:
        return self._metadata if key == METADATA else self._zeros


def zeros(count: int, size: int) -> Entry:
    """``count`` chunks of ``size`` bytes."""
    array = grid(shape=(0,), chunks=(size,), dtype="u1", compressors=None)
    array.resize((count * size,))
    return Entry(RECORD, Payload(SINGLE, {}, {"value": Chunked(_Zeros(array, size))}))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a file may have no holes, and 5 GiB are too many")
def test_beyond_four_gigabytes(tmp_path: Path) -> None:
    """Where the numbers of a zip have to become wide it is written and read as well, by ourselves and by others."""
    file, size = tmp_path / "x.zarr.zip", 512 * 1024 * 1024
    with file.open("wb") as out:
        for piece in FORM.encode(zeros(9, size)):
            if len(piece) == size:
                out.seek(size, os.SEEK_CUR)
            else:
                out.write(piece)
    mapped = read_file(str(file))
    array = array_in(mapped, str(file))

    assert FORM.decode_record(mapped, str(file)) == RECORD
    assert (array.shape, array[8 * size + 5]) == ((9 * size,), 0)
    with zipfile.ZipFile(file) as archive:
        assert archive.getinfo("c/8").header_offset > 8 * size
        assert archive.read("record.json").startswith(b'{"format')


def test_many_chunks() -> None:
    """More chunks than an ordinary zip can count are listed in a wide one."""
    blob = encoded(FORM, zeros(70_000, 1))
    array = array_in(blob)

    assert np.array_equal(np.asarray(array[69_990:]), [0] * 10)
    assert FORM.decode_record(memoryview(blob), "x") == RECORD


BOUNDED = '''
import os, resource, sys, threading
threading.stack_size(1024 * 1024)  # those of many threads would be most of the memory
import numpy as np
import zarr, zarr.storage
from zarr.core.buffer import default_buffer_prototype
from tests.formats.test_zarr import FORM, array_in, entry_of
from tests.payload.zarr_samples import create
from simple_metrics_manager.stores.files import read_file
from simple_metrics_manager.testing import FormatContract

ROWS, ROW = 256, 4 * 1024 * 1024
B = default_buffer_prototype().buffer

class Virtual(zarr.storage.MemoryStore):
    """Its chunks are made when they are asked for: the number of the row, and zeros."""

    async def get(self, key, prototype=None, byte_range=None):
        if not key.startswith("c/"):
            return await super().get(key, prototype, byte_range)
        row = np.zeros(ROW, np.uint8)
        row[0] = int(key.split("/")[1])
        return B.from_array_like(row)

    async def list_prefix(self, prefix):
        for number in range(ROWS):
            yield f"c/{number}/0"

array = create(store=Virtual(), shape=(ROWS, ROW), chunks=(1, ROW), dtype="u1", compressors=None)
assert array[7, 0] == 7  # threads are started, and what zarr keeps is allocated

used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 96 * 1024 * 1024, resource.RLIM_INFINITY))

entry = entry_of(array)
entry.payload.natives["value"].content()
written = 0
with open(sys.argv[1], "wb") as file:
    for piece in FORM.encode(entry):
        if len(piece) == ROW:  # a hole in the file spares the disk, and reads as the zeros that it stands for
            file.write(bytes(piece[:4096]))
            file.seek(ROW - 4096, os.SEEK_CUR)
        else:
            file.write(piece)
        written += len(piece)
back = array_in(read_file(sys.argv[1]), sys.argv[1])
assert [int(back[row, 0]) for row in range(ROWS)] == list(range(ROWS))
try:
    back[...]
except MemoryError:
    print(written // ROW, "times a row, and not at once")
'''


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited in this way on Linux")
def test_larger_than_memory(tmp_path: Path) -> None:
    """1 GiB is hashed, written and read with 96 MiB of memory; all of it at once does not fit there."""
    command = [sys.executable, "-c", BOUNDED, str(tmp_path / "x.zarr.zip")]
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ZARR_THREADING__MAX_WORKERS": "1",
    }
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == ("256 times a row, and not at once\n", "")


# ------------------------------------------------------------------------------------------------------- without zarr
BLOCKED = """
import sys
sys.modules["zarr"] = None
from simple_metrics_manager.errors import MissingExtraError
from simple_metrics_manager.formats.zarr import Zarr
from simple_metrics_manager.stores.files import read_file
from simple_metrics_manager.testing import FormatContract
blob = read_file(sys.argv[1])
print(Zarr().decode_record(blob, "x").name)
native = Zarr().decode(blob, "x").payload.natives["value"]
print(native.content() == sys.argv[2], len(b"".join(Zarr().encode(Zarr().decode(blob, "x")))) == len(blob))
try:
    native.array()
except MissingExtraError as error:
    print(error)
"""


def test_without_zarr(tmp_path: Path) -> None:
    """Without zarr, files are listed, verified and copied; who wants the array is told what to install."""
    file = written(grid(), tmp_path / "x.zarr.zip")
    command = [sys.executable, "-c", BLOCKED, str(file), dumped(grid()).content()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.stdout.splitlines() == [
        "Digits.spectrum",
        "True True",
        "a chunked array needs zarr>=3.1.4: pip install 'simple-metrics-manager[zarr]'",
    ], ran.stderr
