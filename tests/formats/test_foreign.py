"""Files of 0.5.0 and of numpy give what 0.5.0 returned for them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CorruptMetricError, PickledObjectsError
from simple_metrics_manager.formats import Format, Json, Npy, Npz
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from tests.formats.samples import OTHER_ARRAYS, PLAIN_ARRAYS, decoded, entry_of, same_entry

CACHES = Path(__file__).resolve().parent.parent / "data" / "caches-from-0.5.0"
SINGLE: Tree = {"$array": "value"}
FOLDERS: dict[str, Format] = {"npz": Npz(), "npz-compressed": Npz(), "npy": Npy(), "json": Json()}
FILES = [path for folder in FOLDERS for path in sorted((CACHES / folder).iterdir())]
ALL_ARRAYS: dict[str, Array] = {**PLAIN_ARRAYS, **OTHER_ARRAYS}
POLY_Y = [958441.0, 958442.0, 958443.0, 958444.0, 958445.0]


def read(folder: str, name: str) -> Payload:
    """The payload of a file that 0.5.0 wrote."""
    form = FOLDERS[folder]
    blob = (CACHES / folder / f"{name}{form.extension}").read_bytes()
    entry = decoded(form, blob)

    assert entry.record is None
    assert form.decode_record(memoryview(blob), "x") is None
    return entry.payload


@pytest.mark.parametrize("folder", ["npz", "npz-compressed", "npy"])
def test_arrays_of_0_5_0(folder: str) -> None:
    """One array comes back as one array, in its dtype and shape."""
    scalar, matrix, poly = (read(folder, name) for name in ("scalar", "metric_1", "poly_Y_4_5"))

    assert [payload.tree for payload in (scalar, matrix, poly)] == [SINGLE, SINGLE, SINGLE]
    assert scalar.arrays["value"].shape == ()
    assert scalar.arrays["value"].item() == 1.5
    assert matrix.arrays["value"].shape == (5, 3)
    assert matrix.arrays["value"].dtype == np.float64
    assert matrix.arrays["value"][0, 0] == 0.0012301533574825742
    assert poly.arrays["value"].tolist() == POLY_Y


@pytest.mark.parametrize("folder", FOLDERS)
def test_dates_of_0_5_0(folder: str) -> None:
    """The date files hold the day as text."""
    payload = read(folder, "metric_1_date")

    assert (payload.arrays["value"].item() if payload.arrays else payload.tree) == "2026-11-22"


@pytest.mark.parametrize("folder", ["npz", "npz-compressed"])
def test_lists_and_dicts_of_0_5_0(folder: str) -> None:
    """Several arrays come back as the list, in the order of their numbers, or as the dict that they were."""
    many, named = read(folder, "many"), read(folder, "named")

    assert many.tree == [{"$array": f"arr_{index}"} for index in range(12)]
    assert {name: array.tolist() for name, array in many.arrays.items()} == {
        f"arr_{index}": [index] * (index + 1) for index in range(12)
    }
    assert named.tree == {name: {"$array": name} for name in ("x", "y", "flag")}
    assert named.arrays["flag"].item() is True
    assert named.arrays["y"].dtype == np.float32
    assert named.arrays["x"].shape == (5,)


def test_json_of_0_5_0() -> None:
    """JSON comes back as it was parsed."""
    assert read("json", "scalar").tree == 1.5
    assert read("json", "poly_X_4").tree == [1, 4, 16, 64]
    assert read("json", "table").tree == {"a": [1, 2, 3], "b": "text", "c": None, "d": {"e": [True, 2.5]}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_file_of_0_5_0(path: Path) -> None:
    """Each kept file is read, and cut short it is not (unless a number in JSON lost its last digits)."""
    form = FOLDERS[path.parent.name]
    blob = path.read_bytes()

    assert decoded(form, blob).record is None
    for length in range(len(blob) if path.suffix != ".json" else 0):
        with pytest.raises(CorruptMetricError):
            decoded(form, blob[:length])


@pytest.mark.parametrize("array", ALL_ARRAYS.values(), ids=ALL_ARRAYS)
def test_arrays_of_numpy(array: Array) -> None:
    """``np.save``, ``np.savez`` and ``np.savez_compressed`` write what is read here."""
    npy, npz, compressed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(npy, array)
    np.savez(npz, array)
    np.savez_compressed(compressed, array)
    expected = Entry(None, entry_of(array).payload)

    assert same_entry(decoded(Npy(), npy.getvalue()), expected)
    assert same_entry(decoded(Npz(), npz.getvalue()), expected)
    assert same_entry(decoded(Npz(), compressed.getvalue()), expected)


def npz_of(**arrays: Array) -> Payload:
    """What is read of an npz with these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.save(member, array)
    return decoded(Npz(), file.getvalue()).payload


def test_shapes_of_npz() -> None:
    """The members' names say whether it was an array, a list or a dict."""
    a, b = np.arange(1), np.arange(2)

    assert npz_of().tree == {}
    assert npz_of(arr_0=a).tree == SINGLE
    assert npz_of(arr_1=a).tree == {"arr_1": {"$array": "arr_1"}}
    assert npz_of(arr_10=a, arr_0=b, arr_9=b).tree == [{"$array": f"arr_{n}"} for n in (0, 9, 10)]
    assert npz_of(arr_0=a, x=b).tree == {"arr_0": {"$array": "arr_0"}, "x": {"$array": "x"}}
    assert npz_of(**{"$array": a, "é": b}).tree == {"$$array": {"$array": "$array"}, "é": {"$array": "é"}}


def test_marks_in_foreign_json() -> None:
    """Keys of a value that look like our marks are told apart from them, wherever they are."""
    blob = b'{"$array": "value", "a": [{"$$x": {"$y": 1}}]}'

    assert decoded(Json(), blob).payload.tree == {"$$array": "value", "a": [{"$$$x": {"$$y": 1}}]}


def test_foreign_json_with_a_few_of_our_keys() -> None:
    """A value may have keys that our files have as well."""
    assert decoded(Json(), b'{"value": 1, "record": 2}').payload.tree == {"value": 1, "record": 2}


@pytest.mark.parametrize("blob", [b"", b"{", b"\xff", b"[" * 100_000, b"\xef\xbb\xbf1", b"nul", b"1 2"])
# EVIDENCE-OF: P7
def test_no_json(blob: bytes) -> None:
    """What cannot be parsed is damaged, however deep it is."""
    with pytest.raises(CorruptMetricError):
        decoded(Json(), blob)


# EVIDENCE-OF: P7
def test_objects_of_numpy() -> None:
    """Pickled objects of 0.5.0 are read where ``allow_pickle`` was said, and refused elsewhere."""
    npy, npz = io.BytesIO(), io.BytesIO()
    objects: Array = np.array([{"a": 1}, None], dtype=object)
    np.save(npy, objects, allow_pickle=True)
    np.savez(npz, objects)

    assert decoded(Npy(allow_pickle=True), npy.getvalue()).payload.arrays["value"].tolist() == [{"a": 1}, None]
    assert decoded(Npz(allow_pickle=True), npz.getvalue()).payload.arrays["value"].tolist() == [{"a": 1}, None]
    for form, file in ((Npy(), npy), (Npz(), npz)):
        with pytest.raises(
            PickledObjectsError, match=r"holds pickled Python objects(?s:.*)allow_pickle=True"
        ) as caught:
            decoded(form, file.getvalue())
        assert isinstance(caught.value, ValueError)
        assert not isinstance(caught.value, CorruptMetricError)
