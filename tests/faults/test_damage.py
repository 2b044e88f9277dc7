"""Whatever happens to a stored file, a manager gives the value that was stored, or an error that names the file."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import CorruptMetricError, NewerFormatError, WrongIdentityError
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.json import Json
from simple_metrics_manager.formats.npy import Npy
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.record import FORMAT
from tests.faults.subject import (
    NEW,
    OLD,
    SMALL,
    AnyStorage,
    Instrument,
    MakeStorage,
    every_storage,
    look,
    prepare,
    save,
    shows,
)

posix = pytest.mark.skipif(os.name == "nt", reason="only POSIX has this")
FORMATS: dict[str, Format] = {".npz": Npz(), ".npy": Npy(), ".json": Json()}


@pytest.fixture
def storage(tmp_path: Path, make: MakeStorage) -> AnyStorage:
    """Each kind of storage, with two metrics."""
    made = make(tmp_path / "store")
    prepare(made, SMALL, first=False)
    return made


def file_of(storage: AnyStorage) -> Path:
    """The file that is damaged."""
    return Path(storage.place("Instrument.reading"))


def asked(storage: AnyStorage) -> str:
    """What a new manager says when it is asked: the value in short, or the error, which names the file."""
    path = str(file_of(storage))
    try:
        seen = look(storage)
    except (CorruptMetricError, WrongIdentityError) as error:
        if error.path != path or path not in str(error):
            return f"an error that does not name {path}"
        return "damaged" if isinstance(error, CorruptMetricError) else "another's"
    return "nothing" if seen is None else f"{seen.size} times {seen.value}"


def outcomes(storage: AnyStorage, blobs: Iterable[bytes]) -> Counter[str]:
    """What is said of each of these files."""
    path, found = file_of(storage), Counter[str]()
    for blob in blobs:
        path.write_bytes(blob)
        found[asked(storage)] += 1
    return found


def flipped(blob: bytes) -> Iterator[bytes]:
    """The file with each of its bits wrong in turn."""
    for position in range(8 * len(blob)):
        damaged = bytearray(blob)
        damaged[position // 8] ^= 1 << position % 8
        yield bytes(damaged)


@every_storage
# EVIDENCE-OF: P4
def test_every_flipped_bit(storage: AnyStorage) -> None:
    """No bit of a file can be wrong unnoticed."""
    blob = file_of(storage).read_bytes()

    assert outcomes(storage, flipped(blob)) == {"damaged": 8 * len(blob)}


@every_storage
# EVIDENCE-OF: P4
def test_every_length(storage: AnyStorage) -> None:
    """A file that was cut anywhere, and an empty one, is noticed."""
    blob = file_of(storage).read_bytes()

    assert outcomes(storage, (blob[:length] for length in range(len(blob)))) == {"damaged": len(blob)}


@every_storage
# EVIDENCE-OF: P4
def test_zeros(storage: AnyStorage) -> None:
    """So are blocks of zeros, of any size and at any place, a whole file of them included."""
    blob = file_of(storage).read_bytes()
    spans = [(at, min(len(blob), at + size)) for size in (64, 512, len(blob)) for at in range(0, len(blob), 64)]
    damaged = [blob[:at] + bytes(end - at) + blob[end:] for at, end in spans]

    found = outcomes(storage, (each for each in damaged if each != blob))
    assert set(found) == {"damaged"}


@every_storage
# EVIDENCE-OF: P5
def test_swapped_files(storage: AnyStorage) -> None:
    """The file of another metric in the place of this one is an error, not a value; the value itself comes back."""
    path = file_of(storage)
    mine, other = path.read_bytes(), Path(storage.place("Instrument.serial")).read_bytes()

    assert outcomes(storage, [other, mine]) == {"another's": 1, f"{SMALL} times {OLD}": 1}


@every_storage
# EVIDENCE-OF: P5
def test_the_file_of_another_class(storage: AnyStorage) -> None:
    """So is the file of a metric of the same name in another manager."""
    entry = storage.read("Instrument.reading")
    assert entry.record is not None
    theirs = attrs.evolve(entry.record, module="elsewhere")

    assert outcomes(storage, [written(storage, Entry(theirs, entry.payload))]) == {"another's": 1}


def written(storage: AnyStorage, entry: Entry) -> bytes:
    """The file of an entry."""
    return b"".join(bytes(piece) for piece in FORMATS[storage.file_ext].encode(entry))


@every_storage
# EVIDENCE-OF: P4
# EVIDENCE-OF: P13
def test_newer_format(storage: AnyStorage) -> None:
    """A whole file of a later version of the library is refused with the advice to upgrade, and left as it is."""
    entry = storage.read("Instrument.reading")
    assert entry.record is not None
    blob = written(storage, Entry(attrs.evolve(entry.record, format=FORMAT + 998), entry.payload))

    file_of(storage).write_bytes(blob)
    for _ in range(2):
        with pytest.raises(NewerFormatError, match=r"format 999(?s:.*)pgrade") as caught:
            _ = Instrument(storage).reading
        assert caught.value.path == str(file_of(storage))
    assert file_of(storage).read_bytes() == blob


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link(path: Path) -> None:
    store = next(folder for folder in path.parents if folder.name == "store")
    (other,) = store.rglob(path.name.replace("reading", "serial"))  # in a folder of its own, if there are folders
    shutil.copy(other, store.parent / "outside")
    path.symlink_to(store.parent / "outside")


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@posix
@every_storage
@pytest.mark.parametrize(("put", "saves"), [(Path.mkdir, False), (_pipe, True), (_link, True), (_endless, True)])
# EVIDENCE-OF: P4
# EVIDENCE-OF: P6
def test_what_is_no_file(storage: AnyStorage, put: Callable[[Path], None], saves: bool) -> None:
    """A directory, pipe, link or device in the place of the file is neither read nor waited for, and not followed."""
    file_of(storage).unlink()
    put(file_of(storage))

    assert asked(storage) == "damaged"
    if saves:
        save(storage, OLD, SMALL)
        assert asked(storage) == f"{SMALL} times {OLD}"


@every_storage
# EVIDENCE-OF: P4
def test_damage_is_set_aside(storage: AnyStorage) -> None:
    """A damaged metric is computed anew and its file kept beside it; ``on_corrupt = "error"`` touches nothing."""
    path = file_of(storage)
    damaged = path.read_bytes()[:-1]
    path.write_bytes(damaged)
    shows.set((NEW, SMALL))
    careful, cm = Instrument(storage), Instrument(storage)
    careful.on_corrupt = "error"
    with pytest.raises(CorruptMetricError):
        _ = careful.reading
    assert path.read_bytes() == damaged

    assert cm.reading.tolist() == [NEW] * SMALL
    assert asked(storage) == f"{SMALL} times {NEW}"
    assert path.with_name(f"{path.name}.1.damaged").read_bytes() == damaged
    assert sorted(storage.names()) == ["Instrument.reading", "Instrument.serial"]
