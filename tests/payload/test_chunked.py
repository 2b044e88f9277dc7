"""Arrays in chunks are taken apart into the files that zarr made of them; nobody can change what is handed out."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("zarr", minversion="3.1.4", reason="zarr is not installed, or too old")

import zarr
import zarr.storage
from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype

from simple_metrics_manager.errors import CannotStoreError, MetricTypeError
from simple_metrics_manager.payload import chunked
from simple_metrics_manager.payload.chunked import Chunked
from simple_metrics_manager.payload.chunks import METADATA, HeldChunks, unpack
from simple_metrics_manager.payload.converter import shape_of
from simple_metrics_manager.payload.misfit import Misfit
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.payload.typed import typed_codec
from simple_metrics_manager.payload.unshare import unshare
from tests.payload.zarr_samples import SAMPLES, ZarrArray, copied, create, dumped, grid, loaded, numbers, open_, same

each_sample = pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
PROTOTYPE = default_buffer_prototype()


def stored(array: ZarrArray) -> Chunked:
    """As it comes out of a file: its files alone."""
    return Chunked(HeldChunks({key: bytes(data) for key, data in dumped(array).files()}))


@each_sample
def test_files_make_the_same_array(make: Callable[[], ZarrArray]) -> None:
    """The files of an array, copied one by one, are the same array, with its attributes."""
    array = make()

    assert same(loaded(stored(array)), array)
    assert dict(loaded(stored(array)).attrs) == dict(array.attrs)


@each_sample
def test_inside_another_value(make: Callable[[], ZarrArray]) -> None:
    """As an array of bytes it comes back as well, and the bytes are equal for equal arrays."""
    array = make()
    packed = dumped(array).to_array()

    assert (packed.dtype, packed.ndim) == (np.dtype(np.uint8), 1)
    assert same(loaded(packed), array)
    assert packed.tobytes() == stored(array).to_array().tobytes()


def test_packed_files_are_a_zip_of_zarr(tmp_path: Path) -> None:
    """The bytes inside another value are a file that zarr reads."""
    file = tmp_path / "x.zip"
    file.write_bytes(dumped(grid()).to_array().tobytes())

    assert same(open_(store=zarr.storage.ZipStore(file, mode="r"), mode="r"), grid())


@each_sample
def test_facts(make: Callable[[], ZarrArray]) -> None:
    """Size, summary and content are those of the array, be they asked of it or of its files."""
    array = make()

    assert dumped(array).nbytes == stored(array).nbytes == array.nbytes
    assert dumped(array).content() == stored(array).content()
    assert dumped(array).summary() == stored(array).summary()


def test_summary() -> None:
    """It says what a listing can show."""
    assert dumped(grid()).summary() == "zarr float64[5×7]"


def test_content_tells_arrays_apart() -> None:
    """Other numbers, other attributes, another type, other chunks: another content."""
    changed = grid()
    changed[4, 6] = 0.5
    arrays = [grid(), changed, grid(attributes={}), grid(dtype="f4"), grid(chunks=(3, 3)), grid(chunks=(5, 7))]

    assert len({dumped(array).content() for array in arrays}) == len(arrays)
    assert dumped(grid()).content() == dumped(grid()).content()


def test_large_ones_do_not_fit_into_another_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside another value it has to be in memory as a whole: beyond a bound that is refused, with the way out."""
    monkeypatch.setattr(chunked, "NESTED_LIMIT", 100)
    with pytest.raises(CannotStoreError, match=r"it takes [\d,]+ bytes.*Return it from a metric of its own"):
        dumped(grid()).to_array()


@pytest.mark.parametrize("value", [np.zeros(3), [1.0], None, "text", zarr.storage.MemoryStore()])
def test_other_values_are_refused(value: object) -> None:
    """Only an array of zarr's is one."""
    with pytest.raises(MetricTypeError, match=r"A\.b is declared -> zarr\.Array: expected zarr\.Array, got"):
        typed_codec(zarr.Array, "A.b").dump(value)


def test_format_2_is_refused() -> None:
    """An array of zarr's older format is refused before anything is read, with a way out that works."""
    old = grid(zarr_format=2)
    with pytest.raises(
        Misfit, match=r"got one of zarr format 2.*copy it with zarr\.from_array\(store, data=array, zarr"
    ):
        dumped(old)

    assert np.array_equal(numbers(dumped(copied({}, data=old, zarr_format=3)).array()), numbers(old))


def test_removed_directory() -> None:
    """An array whose directory is gone is not taken for one of fill values."""
    with tempfile.TemporaryDirectory() as folder:
        array = grid(folder)
    with pytest.raises(Misfit, match=r"got one whose files are gone: .*zarr\.json is no longer in .*mkdtemp"):
        dumped(array)


def test_removed_chunk(tmp_path: Path) -> None:
    """A chunk that is removed while the array is being stored is not taken for one of fill values."""
    raw = dumped(grid(tmp_path))
    (tmp_path / "c" / "1" / "2").unlink()
    with pytest.raises(LookupError, match=r"c/1/2 is no longer in"):
        list(raw.files())


def test_other_files_in_the_directory(tmp_path: Path) -> None:
    """What lies among the chunks and is none of them is left out."""
    array = grid(tmp_path)
    expected = dumped(array).chunks.keys
    for name in ("c/0/0.tmp", "c/01/0", "c/0", "notes.txt", "c/1/1/1"):
        file = tmp_path / name
        if not file.exists() and not file.parent.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x")

    assert dumped(array).chunks.keys == expected
    assert len(expected) == 1 + 3 * 3


@pytest.mark.parametrize(
    "packed", [b"", b"rubbish", dumped(grid()).to_array().tobytes()[:-1], pickle.dumps(1)], ids=repr
)
def test_bytes_that_are_no_array(packed: bytes) -> None:
    """What is no such zip is told."""
    with pytest.raises(Misfit, match=r"expected zarr\.Array, got bytes that are none"):
        loaded(np.frombuffer(packed, np.uint8))


@pytest.mark.parametrize("raw", [1.5, {"a": 1}, np.zeros(3), np.zeros((2, 2), np.uint8)])
def test_raw_trees_of_other_types(raw: object) -> None:
    """What another type wrote is refused."""
    with pytest.raises(Misfit, match=r"expected zarr\.Array, got"):
        loaded(raw)


def test_what_zarr_cannot_open() -> None:
    """A codec that is not installed is told as what it is: not damage, and not a traceback of zarr's."""
    files = {key: bytes(data) for key, data in dumped(grid()).files()}
    files[METADATA] = files[METADATA].replace(b'"zstd"', b'"nope"')
    with pytest.raises(MetricTypeError, match=r"no longer fits: zarr cannot open it: .*nope"):
        typed_codec(zarr.Array, "A.b").load(Payload({"$array": "value"}, {}, {"value": Chunked(HeldChunks(files))}))


@pytest.mark.parametrize("flat", [False, True])
def test_types_that_hold_one(flat: bool) -> None:
    """It may be declared as optional and inside others; there it may have become an array of bytes."""

    def back(declared: object, value: object) -> Any:
        codec = typed_codec(declared, "A.b")
        payload = codec.dump(value)
        return codec.load(payload.flat() if flat else payload)

    array: Any = zarr.Array
    first, second = back(list[array], [grid(), grid(dtype="i4")])
    pair = back(tuple[array, float], (grid(), 1.5))

    assert same(back(array | None, grid()), grid())
    assert back(array | None, None) is None
    assert same(first, grid())
    assert same(second, grid(dtype="i4"))
    assert (type(pair), pair[1]) == (tuple, 1.5)
    assert same(pair[0], grid())


def test_subscripted() -> None:
    """``zarr.Array[Any]`` is the same type as far as storing goes."""
    assert shape_of(zarr.Array[Any]).natural == shape_of(zarr.Array).natural == "chunked"


# ----------------------------------------------------------------------------------------------- nobody can change it
def writes(array: ZarrArray) -> list[Callable[[], object]]:
    """Everything that would change an array or what it lies in."""
    store, value = array.store, PROTOTYPE.buffer.from_bytes(b"x")
    return [
        lambda: array.__setitem__(..., 0),
        lambda: array.resize((1, 1)),
        lambda: array.append(np.zeros((2, 7))),
        lambda: array.attrs.__setitem__("unit", "V"),
        lambda: array.attrs.put({}),
        lambda: array.update_attributes({"unit": "V"}),
        lambda: asyncio.run(store.set("c/0/0", value)),
        lambda: asyncio.run(store.set_if_not_exists("c/9/9", value)),
        lambda: asyncio.run(store._set_many([("c/0/0", value)])),
        lambda: asyncio.run(store.delete("c/0/0")),
        lambda: asyncio.run(store.delete_dir("")),
        lambda: asyncio.run(store.clear()),
        lambda: store.with_read_only(False),
    ]


@pytest.mark.parametrize("kind", ["given", "stored"])
@pytest.mark.parametrize("number", range(13))
def test_writing_is_refused(kind: str, number: int, tmp_path: Path) -> None:
    """No way to write does, be the array still in its own store or one of ours, and the message says what to do."""
    array = grid(tmp_path)
    kept = loaded(dumped(array) if kind == "given" else stored(array))
    with pytest.raises(ValueError, match=r"this array is what is stored, and cannot be changed; copy it"):
        writes(unshare(kept))[number]()

    assert same(kept, grid())
    assert dict(kept.attrs) == dict(array.attrs) == dict(grid().attrs)
    assert same(array, grid())


@pytest.mark.parametrize("kind", ["given", "stored"])
def test_attributes_are_a_copy(kind: str) -> None:
    """What a caller does to the attributes in memory, the next one does not see."""
    kept = loaded(dumped(grid()) if kind == "given" else stored(grid()))
    mine: Any = unshare(kept)
    mine.attrs["deep"]["list"].append(2)
    mine.metadata.attributes.clear()

    assert dict(unshare(kept).attrs) == {"unit": "mV", "deep": {"list": [1]}}


def test_closing_closes_nothing(tmp_path: Path) -> None:
    """A caller who closes the store, or leaves it as a context, takes nothing from the others."""
    file = tmp_path / "x.zip"
    with zarr.storage.ZipStore(file, mode="w") as store:
        grid(store)
    kept = loaded(dumped(open_(store=zarr.storage.ZipStore(file, mode="r"), mode="r")))
    for array in (kept, loaded(stored(grid()))):
        unshare(array).store.close()
        with unshare(array).store:
            pass

        assert same(array, grid())


def test_copy_to_be_changed() -> None:
    """What the message about writing advises gives an array of one's own."""
    mine = copied({}, data=loaded(stored(grid())))
    mine[0] = -1.0

    assert (mine[0, 0], mine[4, 6]) == (-1.0, 34.0)


def test_copies_share_the_chunks() -> None:
    """What is handed out is a view: no chunk is copied, and one array in two places stays one."""
    array = loaded(stored(grid()))
    first, (second, third) = unshare(array), unshare((array, array))

    assert first is not array
    assert second is third
    assert first.store is second.store is array.store
    assert copy.deepcopy(array).store is array.store


@pytest.mark.parametrize("kind", ["given", "stored"])
def test_pickle(kind: str) -> None:
    """An array in memory travels with its chunks, and is read-only where it arrives."""
    kept = loaded(dumped(grid()) if kind == "given" else stored(grid()))
    arrived: ZarrArray = pickle.loads(pickle.dumps(kept))

    assert same(arrived, grid())
    assert arrived.read_only
    with pytest.raises(ValueError, match="cannot be changed"):
        arrived[0] = 1


def test_store_answers_as_others_do() -> None:
    """Listing, sizes and ranges are those of a store of zarr's own with the same files."""
    ours = loaded(stored(grid())).store
    theirs = grid().store

    async def facts(store: Any) -> list[object]:
        found: list[object] = [sorted([key async for key in store.list()])]
        found += [sorted([key async for key in store.list_prefix(prefix)]) for prefix in ("", "c/1", "c/1/", "x")]
        found += [sorted([key async for key in store.list_dir(prefix)]) for prefix in ("", "c", "c/", "c/1", "x")]
        found += [await store.exists(key) for key in ("zarr.json", "c/0/0", "c/9/9", "c")]
        found += [await store.getsize("c/0/0"), await store.getsize_prefix("c"), await store.get("c/9/9", PROTOTYPE)]
        ranges: list[ByteRequest | None] = [RangeByteRequest(2, 5), RangeByteRequest(2, 10**6)]
        ranges += [OffsetByteRequest(3), SuffixByteRequest(4), None]
        several = await store.get_partial_values(PROTOTYPE, [("c/0/0", each) for each in ranges] + [("x", None)])
        return found + [None if each is None else each.to_bytes() for each in several]

    assert asyncio.run(facts(ours)) == asyncio.run(facts(theirs))
    assert repr(loaded(stored(grid()))) == "<Array an array in memory shape=(5, 7) dtype=float64>"
    with pytest.raises(FileNotFoundError):
        asyncio.run(ours.getsize("c/9/9"))


def test_equal_stores() -> None:
    """Two stores are equal if they serve the same files."""
    raw = stored(grid())

    assert loaded(raw).store == loaded(raw).store
    assert hash(loaded(raw).store) == hash(loaded(raw).store)
    assert loaded(raw).store != loaded(stored(grid())).store


# ------------------------------------------------------------------------------------------------------- without zarr
def test_package_does_not_import_zarr() -> None:
    """Whoever has no chunked arrays does not wait for zarr."""
    program = "import simple_metrics_manager, sys; print('zarr' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
    )


OLD = """
import sys, types
old = types.ModuleType("zarr")
old.Array = type("Array", (), {"__module__": "zarr.core"})
sys.modules["zarr"] = old
from simple_metrics_manager import DatedCacheManager, metric
class Store(DatedCacheManager):
    @metric
    def cube(self) -> old.Array: ...
"""


def test_old_zarr() -> None:
    """A version of zarr that is too old is told where the metric is declared, not after it was computed."""
    ran = subprocess.run([sys.executable, "-c", OLD], capture_output=True, text=True, check=False)

    assert (
        "MissingExtraError: a chunked array needs zarr>=3.1.4: pip install 'simple-metrics-manager[zarr]'" in ran.stderr
    )


def test_unpack_refuses_what_we_do_not_write(tmp_path: Path) -> None:
    """A packed array holds no compressed members, so that nothing can grow when it is read."""
    import zipfile

    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(METADATA, bytes(10**6))
    with pytest.raises(ValueError, match="is compressed"):
        unpack(np.frombuffer(file.read_bytes(), np.uint8))


def test_numbers_are_never_decoded() -> None:
    """Chunks are copied as they are: even one that zarr could not decode."""
    array = create(store=zarr.storage.MemoryStore(), shape=(2,), chunks=(1,), dtype="f8")
    array[...] = 1.5
    asyncio.run(array.store.set("c/1", PROTOTYPE.buffer.from_bytes(b"no zstd")))
    files = {key: bytes(data) for key, data in dumped(array).files()}

    assert files["c/1"] == b"no zstd"
