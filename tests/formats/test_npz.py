"""npz files are what numpy and every zip program take them for."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError
from simple_metrics_manager.formats import Npz
from simple_metrics_manager.formats.zip_end import read_central, read_end
from simple_metrics_manager.formats.zip_layout import END, FULL32, STORED, Member
from simple_metrics_manager.formats.zip_reader import data_start, read_members
from simple_metrics_manager.formats.zip_writer import ZipWriter, central_header, end_records, local_header
from simple_metrics_manager.payload.tree import Array, Payload
from simple_metrics_manager.record import Read, Record, record_to_json
from tests.formats.samples import (
    NESTED,
    OTHER_ARRAYS,
    PLAIN_ARRAYS,
    RECORD,
    decoded,
    encoded,
    entry_of,
    same_arrays,
    same_entry,
)

ALL_ARRAYS = {**PLAIN_ARRAYS, **OTHER_ARRAYS}
each_kind = pytest.mark.parametrize("form", [Npz(), Npz(compress=True)], ids=["stored", "deflated"])


@each_kind
@pytest.mark.parametrize("array", ALL_ARRAYS.values(), ids=ALL_ARRAYS)
def test_numpy_reads_it(form: Npz, array: Array) -> None:
    """``np.load(path)["value"]`` is the array."""
    with np.load(io.BytesIO(encoded(form, entry_of(array))), max_header_size=100_000) as loaded:
        value = loaded["value"]

    assert value.dtype == array.dtype
    assert same_arrays({"": array}, {"": value}) or value.tolist() == array.tolist()  # numpy leaves padding as it is


@each_kind
def test_members(form: Npz) -> None:
    """A value that is one array has no tree beside it; the record is the last member, as plain JSON."""
    single = zipfile.ZipFile(io.BytesIO(encoded(form, entry_of(np.arange(3)))))
    nested = zipfile.ZipFile(io.BytesIO(encoded(form, Entry(RECORD, Payload(NESTED, {"value": np.arange(3)})))))

    assert single.namelist() == ["value.npy", "record.json"]
    assert nested.namelist() == ["value.npy", "value.json", "record.json"]
    assert single.read("record.json").decode() == record_to_json(RECORD)
    assert json.loads(nested.read("value.json")) == NESTED
    assert single.testzip() is None
    assert nested.testzip() is None


@each_kind
@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip")
def test_unzip(form: Npz, tmp_path: Path) -> None:
    """Info-ZIP finds nothing wrong with it."""
    path = tmp_path / "x.npz"
    path.write_bytes(encoded(form, Entry(RECORD, Payload(NESTED, {"value": np.arange(3), "é": np.arange(4)}))))
    found = subprocess.run(["unzip", "-t", path], capture_output=True, text=True, check=False)

    assert (found.returncode, found.stderr) == (0, "")
    assert "No errors detected" in found.stdout


@pytest.mark.parametrize("array", ALL_ARRAYS.values(), ids=ALL_ARRAYS)
def test_alignment(array: Array) -> None:
    """The data of every array begins at a multiple of 64 bytes of the file."""
    arrays = {"": array, "a": array, "longer name": array}
    blob = memoryview(encoded(Npz(), Entry(RECORD, Payload([{"$array": name} for name in arrays], arrays))))
    starts = [
        data_start(blob, member) + member.size - array.nbytes
        for member in read_members(blob, read_end(blob))
        if member.name.endswith(".npy")
    ]

    assert [start % 64 for start in starts] == [0, 0, 0]


def test_no_copy_is_made() -> None:
    """Arrays, unless they are small, are written from their own memory, and read as views of the file."""
    array = np.asfortranarray(np.arange(20_000.0).reshape(200, 100))
    pieces = Npz().encode(entry_of(array))
    loaded = decoded(Npz(), b"".join(pieces)).payload.arrays["value"]

    assert any(np.shares_memory(array, np.frombuffer(piece, np.uint8)) for piece in pieces)
    assert not loaded.flags.owndata
    assert loaded.flags.aligned


def test_unaligned_arrays_of_others_are_copied_when_small() -> None:
    """numpy writes its arrays at odd places: a small one becomes an aligned copy, a large one stays where it is."""
    file = io.BytesIO()
    np.savez(file, small=np.arange(10.0), large=np.arange(200_000.0))
    owned: set[bool] = set()
    for shift in range(8):
        blob = bytes(shift) + file.getvalue()
        arrays = Npz().decode(memoryview(blob)[shift:], "x").payload.arrays
        assert arrays["small"].flags.aligned
        owned.add(arrays["large"].flags.owndata)

    assert owned == {False}


def test_record_of_any_size() -> None:
    """A record may be larger than the comment of a zip could be."""
    reads = tuple(Read("Digits", f"metric_{index}", "0" * 32) for index in range(10_000))
    record = Record(name="all", date=RECORD.date, reads=reads)
    blob = encoded(Npz(), Entry(record, Payload(1, {})))

    assert decoded(Npz(), blob).record == record
    assert Npz().decode_record(memoryview(blob), "x") == record


def test_record_is_read_from_the_end() -> None:
    """Nothing before the record is looked at when it is read alone, unless the file is small."""
    blob = bytearray(encoded(Npz(), Entry(RECORD, Payload(NESTED, {"value": np.arange(50_000)}))))
    start = read_members(memoryview(blob), read_end(memoryview(blob)))[-1].offset
    blob[:start] = bytes(start)

    assert Npz().decode_record(memoryview(blob), "x") == RECORD


def test_compression() -> None:
    """``compress`` makes the file smaller where the arrays allow it."""
    entry = entry_of(np.zeros(10_000))

    assert len(encoded(Npz(compress=True), entry)) < len(encoded(Npz(), entry)) / 50


def test_name_that_no_zip_can_have() -> None:
    """An array whose name is no text cannot be a member, which is said."""
    entry = Entry(RECORD, Payload({"$array": "\ud800"}, {"\ud800": np.arange(3)}))
    with pytest.raises(CannotStoreError, match="cannot be kept"):
        Npz().encode(entry)


def test_dtype_that_npy_cannot_describe() -> None:
    """A dtype that would come back as another one is refused."""
    overlapping = np.dtype({"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 2]})
    with pytest.raises(CannotStoreError, match="npy cannot describe the dtype"):
        Npz().encode(entry_of(np.zeros(2, overlapping)))


# ------------------------------------------------------------------------------------------------- what is refused


def _npy(array: Array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


NPY = _npy(np.arange(3))
JSON = record_to_json(RECORD).encode()
VALUE, LAST = ("value.npy", NPY), ("record.json", JSON)


@pytest.mark.parametrize(
    "members",
    [
        [],
        [VALUE],
        [LAST],
        [LAST, VALUE],
        [VALUE, VALUE, LAST],
        [VALUE, LAST, LAST],
        [("other.npy", NPY), LAST],
        [VALUE, ("other.npy", NPY), LAST],
        [VALUE, ("other.txt", b""), LAST],
        [("value.npy", NPY + b"\0"), LAST],
        [("value.npy", NPY[:-1]), LAST],
        [("value.npy", b""), LAST],
        [VALUE, ("value.json", b"{"), LAST],
        [VALUE, ("value.json", b"[" * 100_000), LAST],
        [VALUE, ("value.json", b"9" * 10_000), LAST],
        [VALUE, ("value.json", b"\xff"), LAST],
        [VALUE, ("record.json", b"[]")],
        [VALUE, ("record.json", b"[" * 100_000)],
        [VALUE, ("record.json", b'{"format":1}')],
    ],
)
def test_members_that_are_no_metric(members: list[tuple[str, bytes]]) -> None:
    """An archive has to hold what a metric has, and nothing else, however well it is sealed."""
    writer = ZipWriter()
    for name, data in members:
        writer.add(name, (data,))
    with pytest.raises(CorruptMetricError):
        decoded(Npz(), b"".join(writer.finish()))


def _zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def test_record_without_seal() -> None:
    """An archive with our record but without our seal was changed by another program: it is not taken for numpy's."""
    for comment in (b"", b"smm1 0000000", b"smm1 000000000", b"smm1 0000000G", b"smm1 -0000001", b"smm2 00000000"):
        blob = _zip(VALUE, LAST, comment=comment)
        with pytest.raises(CorruptMetricError):
            decoded(Npz(), blob)
        with pytest.raises(CorruptMetricError):
            Npz().decode_record(memoryview(blob), "x")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unknown_methods(method: int) -> None:
    """Only stored and deflated members are read."""
    with pytest.raises(CorruptMetricError, match="stored in a way that is not known"):
        decoded(Npz(), _zip(("arr_0.npy", _npy(np.arange(3))), method=method))


def test_encrypted_members() -> None:
    """Encrypted members are refused by name."""
    blob = bytearray(_zip(("arr_0.npy", _npy(np.arange(3)))))
    central = blob.rindex(b"PK\1\2")
    blob[6] |= 1
    blob[central + 8] |= 1
    with pytest.raises(CorruptMetricError, match=r"arr_0\.npy is encrypted"):
        decoded(Npz(), bytes(blob))


def test_members_of_the_same_name() -> None:
    """Of two members with one name, neither is chosen."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        blob = _zip(("arr_0.npy", _npy(np.arange(3))), ("arr_0.npy", _npy(np.arange(4))))
    with pytest.raises(CorruptMetricError, match="the same name"):
        decoded(Npz(), blob)


def test_a_member_that_is_no_array() -> None:
    """numpy's archives hold arrays only."""
    with pytest.raises(CorruptMetricError, match=r"readme\.txt is no array"):
        decoded(Npz(), _zip(("arr_0.npy", _npy(np.arange(3))), ("readme.txt", b"")))


def test_more_than_can_be_inflated() -> None:
    """A size that no deflated bytes can have is refused before memory is taken for it."""
    blob = bytearray(_zip(("arr_0.npy", _npy(np.zeros(1000))), method=zipfile.ZIP_DEFLATED))
    central = blob.rindex(b"PK\1\2")
    for at in (22, central + 24):
        blob[at : at + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    with pytest.raises(CorruptMetricError, match="larger than it can be"):
        decoded(Npz(), bytes(blob))


# EVIDENCE-OF: P7
def test_size_that_is_a_lie() -> None:
    """A member inflates to the size that its header gives, or is refused: no more memory is taken."""
    whole = _zip(("arr_0.npy", _npy(np.zeros(1000))), method=zipfile.ZIP_DEFLATED)
    for size in (0, 8127, 8129):
        blob = bytearray(whole)
        for at in (22, blob.rindex(b"PK\1\2") + 24):
            blob[at : at + 4] = size.to_bytes(4, "little")
        with pytest.raises(CorruptMetricError, match="not as long as its header says"):
            decoded(Npz(), bytes(blob))


# EVIDENCE-OF: P7
def test_members_that_lie_over_each_other() -> None:
    """Many entries for the same bytes would inflate to far more than the file could hold."""
    blob = _zip(("a.npy", _npy(np.zeros(100_000))), method=zipfile.ZIP_DEFLATED)
    at = blob.rindex(b"PK\1\2")
    entries = b"".join(blob[at : at + 46] + name + b".npy" for name in (b"a", b"b", b"c"))
    end = END.pack(0x06054B50, 0, 0, 3, 3, len(entries), at, 0)
    with pytest.raises(CorruptMetricError, match="larger than the archive"):
        decoded(Npz(), blob[:at] + entries + end)


# EVIDENCE-OF: P7
def test_header_that_promises_too_much() -> None:
    """A shape that the file has no bytes for is refused before memory is taken for it."""
    whole = _npy(np.zeros(3))
    for shape in (b"(-3,)", b"(3000000000000,)", b"(3, 4000000000000000000, 4)", b"(3,4)", b"(2,)", b"(3.0,)", b"[3]"):
        changed = whole.replace(b"(3,), }".ljust(len(shape) + 3), (shape + b", }").ljust(7))
        assert len(changed) == len(whole)
        with pytest.raises(CorruptMetricError):
            decoded(Npz(), _zip(("arr_0.npy", changed)))


# --------------------------------------------------------------------------------------------------------- zip64

WIDE = [
    Member("a.npy", STORED, 0, 1, size, size, offset)
    for size in (0, FULL32 - 1, FULL32, 2**40)
    for offset in (0, FULL32 - 1, FULL32, 2**41)
]


@pytest.mark.parametrize("member", WIDE)
def test_wide_entries(member: Member) -> None:
    """Sizes and offsets beyond 4 GiB are written so that they are read back."""
    entry = central_header(member)

    assert read_central(memoryview(entry), 0, len(entry)) == (member, len(entry))


@pytest.mark.parametrize("size", [FULL32 - 1, FULL32, 2**40])
def test_wide_local_headers(size: int) -> None:
    """The header before the data says the same as the directory, and its data is aligned."""
    header = local_header(Member("a.npy", STORED, 0, 1, size, size, 0), 128)
    wide = struct.unpack_from("<HHQQ", header, 35)

    assert (wide == (1, 16, size, size)) == (size >= FULL32)
    assert (len(header) + 128) % 64 == 0
    assert struct.unpack_from("<II", header, 18) == (min(size, FULL32), min(size, FULL32))


def test_wide_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive whose directory lies beyond 4 GiB has the records for it; zipfile agrees where it lies."""
    records = end_records(3, 500, 2**33) + b"smm1 00000000"
    archive = io.BytesIO(records)
    found = zipfile._EndRecData(archive)  # type: ignore[attr-defined]  # only the end is there

    assert found[3:7] == [3, 3, 500, 2**33]


def test_many_members() -> None:
    """An archive with more members than an old zip can count is read, by zipfile too."""
    names = [f"a{index}" for index in range(65_600)]
    array = np.arange(1, dtype=np.int8)
    writer = ZipWriter()
    for name in names:
        writer.add(name, (array.data,))
    blob = memoryview(b"".join(writer.finish()))
    ours = [member.name for member in read_members(blob, read_end(blob))]

    assert ours == names
    assert zipfile.ZipFile(io.BytesIO(blob)).namelist() == names


def test_numpy_writes_zip64_headers_always() -> None:
    """numpy forces the wide form upon small members, which is read all the same."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("arr_0.npy", "w", force_zip64=True) as member:
        np.save(member, np.arange(3))
    entry = decoded(Npz(), file.getvalue())

    assert same_entry(entry, Entry(None, Payload({"$array": "value"}, {"value": np.arange(3)})))
