"""npy files are what numpy takes them for, whatever hangs behind the array."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError
from simple_metrics_manager.formats import Npy
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from tests.formats.samples import (
    OTHER_ARRAYS,
    PLAIN_ARRAYS,
    RECORD,
    decoded,
    encoded,
    entry_of,
    flips,
    same_arrays,
    same_entry,
)

ALL_ARRAYS = {**PLAIN_ARRAYS, **OTHER_ARRAYS}


@pytest.mark.parametrize("array", ALL_ARRAYS.values(), ids=ALL_ARRAYS)
def test_numpy_reads_it(array: Array, tmp_path: Path) -> None:
    """``np.load(path)`` is the array."""
    path = tmp_path / "x.npy"
    path.write_bytes(encoded(Npy(), entry_of(array)))

    assert same_arrays({"": array}, {"": np.load(path, max_header_size=100_000)})


def test_numpy_maps_it(tmp_path: Path) -> None:
    """``np.load(path, mmap_mode="r")`` is the array as well."""
    path = tmp_path / "x.npy"
    path.write_bytes(encoded(Npy(), entry_of(np.asfortranarray(np.arange(6.0).reshape(2, 3)))))
    mapped = np.load(path, mmap_mode="r")

    assert mapped.tolist() == [[0, 1, 2], [3, 4, 5]]
    del mapped


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        (1.5, 1.5),
        (True, True),
        ("text", "text"),
        ([1, 2, 3], [1, 2, 3]),
        ([1, 2.5], [1, 2.5]),
        ([], []),
        (2**70, "1180591620717411303424"),
        (None, "null"),
        ([1, "a"], '[1, "a"]'),
        ({"a": [1]}, '{"a": [1]}'),
    ],
)
def test_what_numpy_shows_of_a_value_without_array(tree: Tree, shown: object) -> None:
    """Numbers are shown as numbers, text as text, everything else as JSON."""
    loaded = np.load(io.BytesIO(encoded(Npy(), Entry(RECORD, Payload(tree, {})))))

    assert loaded.tolist() == shown


def test_two_arrays_are_refused() -> None:
    """One file holds one array; the error says what to do with more."""
    arrays: dict[str, Array] = {name: np.arange(3) for name in "abc"}
    entry = Entry(RECORD, Payload([{"$array": name} for name in arrays], arrays))
    with pytest.raises(CannotStoreError) as caught:
        Npy().encode(entry)

    assert str(caught.value) == (
        "'Digits.spectrum' was not stored: the npy format holds one array, this value has 3. "
        "Store it with NpzStorageInterface, or return one array."
        "\n  The value is still in memory."
    )


def test_name_of_the_array() -> None:
    """The one array may have any name, and hang anywhere."""
    entry = Entry(RECORD, Payload([{"$array": "\ud800"}], {"\ud800": np.arange(3)}))

    assert same_entry(decoded(Npy(), encoded(Npy(), entry)), entry)


def test_no_copy_is_made() -> None:
    """The array is written from its own memory, and read as a view of the file."""
    array = np.arange(6.0)
    pieces = Npy().encode(entry_of(array))
    loaded = decoded(Npy(), b"".join(pieces)).payload.arrays["value"]

    assert any(np.shares_memory(array, np.frombuffer(piece, np.uint8)) for piece in pieces)
    assert not loaded.flags.owndata


def test_record_is_read_from_the_end() -> None:
    """Nothing of the array is looked at when the record is read alone."""
    blob = encoded(Npy(), entry_of(np.arange(1000)))
    damaged = blob[:500] + bytes(500) + blob[1000:]

    assert Npy().decode_record(memoryview(damaged), "x") == RECORD


def test_trailer_cut_off() -> None:
    """A file of ours that ends right behind its array is not taken for one of numpy's."""
    blob = encoded(Npy(), entry_of(np.arange(3.0)))
    with pytest.raises(CorruptMetricError, match="bytes are missing"):
        decoded(Npy(), blob[: 128 + 24])


def test_foreign_file_with_a_flipped_header() -> None:
    """Damage in the header of numpy's own file gives an array of that header or an error, never a crash."""
    file = io.BytesIO()
    np.save(file, np.arange(4, dtype=np.int16))
    for blob in flips(file.getvalue()):
        try:
            array = decoded(Npy(), blob).payload.arrays["value"]
        except CorruptMetricError:
            continue
        assert array.nbytes == 8
