"""What a storage holds in other formats than its own is listed with the rest, and what is another storage's is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simple_metrics_manager import (
    Json,
    JsonStorageInterface,
    MemoryStorageInterface,
    Npy,
    Npz,
    NpzStorageInterface,
    SqliteStorageInterface,
    TieredStorageInterface,
)
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import NewerFormatError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.record import FORMAT, Record
from simple_metrics_manager.stores.directory import Directory
from simple_metrics_manager.storing.entries import StoredEntries

MAKERS: dict[str, Callable[[Path], StoredEntries]] = {
    "npz": NpzStorageInterface,
    "sharded": lambda path: NpzStorageInterface(path, sharded=True),
    "json": JsonStorageInterface,
    "sqlite": lambda path: SqliteStorageInterface(path / "metrics.db"),
    "memory": lambda _: MemoryStorageInterface(),
    "tiered": lambda path: TieredStorageInterface(MemoryStorageInterface(), NpzStorageInterface(path)),
}
FORMATS: tuple[Format, ...] = (Json(), Npy(), Npz())


@pytest.fixture(params=MAKERS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    """Each kind of storage."""
    return MAKERS[request.param](tmp_path)


def entry(name: str, *, chosen: bool = True) -> Entry:
    """Three numbers, in a format that was declared for them, or not."""
    return Entry(Record(name=name, chosen=chosen), plain_codec().dump(np.arange(3.0)))


def test_all_formats_are_listed(storage: StoredEntries) -> None:
    """Names and listing have every metric once, in order, whatever its format; with its size and time."""
    storage.save("b", 1.5)
    sizes = {form.extension: storage.write(entry(f"a{form.extension}"), form) for form in FORMATS}
    storage.save("a.npy", 2.5)  # and so something newer hides the one in a format of its own
    names = sorted(["b", *(f"a{extension}" for extension in sizes)])
    listed = {each.name: each for each in storage.listing()}

    assert list(storage.names()) == names
    assert list(listed) == names
    for form in FORMATS:
        name = f"a{form.extension}"
        if name != "a.npy" and form.extension != storage.form.extension:
            assert listed[name].bytes == sizes[form.extension]
            assert abs((listed[name].written - listed["b"].written).total_seconds()) < 60
    assert all(storage.exists(name) for name in names)
    for name in names:
        storage.delete(name)
    assert (list(storage.names()), list(storage.listing())) == ([], [])


@pytest.mark.parametrize("other", [JsonStorageInterface, NpzStorageInterface])
def test_what_is_of_another_storage(tmp_path: Path, other: Callable[[Path], StoredEntries]) -> None:
    """Two storages in one directory do not list what the other one has by its own choice of format."""
    mine = JsonStorageInterface(tmp_path) if other is NpzStorageInterface else NpzStorageInterface(tmp_path)
    mine.save("mine", 1.5)
    other(tmp_path).save("other", 2.5)
    other(tmp_path).write(entry("not chosen", chosen=False), Npy())
    (tmp_path / "damaged.npy").write_bytes(b"\x93NUMPY damaged")

    assert list(mine.names()) == ["mine"]
    assert [each.name for each in mine.listing()] == ["mine"]


def test_what_a_later_version_wrote(tmp_path: Path) -> None:
    """It is not known whose it is, and does not keep the rest from being listed."""
    storage = NpzStorageInterface(tmp_path)
    storage.save("mine", 1.5)
    assert entry("later").record is not None
    later = Entry(Record(name="later", chosen=True, format=FORMAT + 1), entry("later").payload)
    Directory(tmp_path, ".json").write("later", Json().encode(later))

    with pytest.raises(NewerFormatError):
        storage.read("later", Json())
    assert list(storage.names()) == ["mine"]
    assert [each.name for each in storage.listing()] == ["mine"]
