"""Copies of storages: the same values to the bit, whatever the two are, and nothing is lost on the way or there."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar, TypeAlias

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from simple_metrics_manager import (
    CannotStoreError,
    DatedCacheManager,
    Json,
    JsonStorageInterface,
    MemoryStorageInterface,
    NpyStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    SqliteStorageInterface,
    TieredStorageInterface,
    metric,
)
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.events import Event, listening
from simple_metrics_manager.history import Change
from simple_metrics_manager.keeping.copying import CopyEnded, copy_storage
from simple_metrics_manager.keeping.likeness import same_record
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.testing.sample_entries import FULL_RECORD, SINGLE, same_entry
from tests.compat.own_storages import PickleStorage

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

ROOT = Path(__file__).resolve().parents[2]
Open: TypeAlias = Callable[[Path], StoredEntries]


def tiered(folder: Path) -> TieredStorageInterface:
    """A directory before a database."""
    fast = NpzStorageInterface(folder / "fast", durability="cache")
    return TieredStorageInterface(fast, SqliteStorageInterface(folder / "shared.sqlite", durability="cache"))


STORAGES: Mapping[str, Open] = {
    "npz": lambda folder: NpzStorageInterface(folder, durability="cache"),
    "compressed": lambda folder: NpzStorageInterface(folder, compress=True, sharded=True, durability="cache"),
    "npy": lambda folder: NpyStorageInterface(folder, durability="cache"),
    "json": lambda folder: JsonStorageInterface(folder, durability="cache"),
    "sqlite": lambda folder: SqliteStorageInterface(folder / "db.sqlite", durability="cache"),
    "memory": lambda folder: MemoryStorageInterface(),
    "tiered": tiered,
}
PICKY = {"npy", "json"}
"""Storages that refuse some values."""

to_each = pytest.mark.parametrize("open_", STORAGES.values(), ids=STORAGES)


class Lab(DatedCacheManager):
    """Notes what it computes."""

    verbose = False
    computed: ClassVar[list[str]] = []

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        self.computed.append("spectrum")
        return np.arange(7.0) / 3

    @metric
    def summary(self) -> dict[str, list[float]]:
        self.computed.append("summary")
        return {"mean": [float(self.spectrum.mean())]}

    @metric(params_list=[(1,), (2,)], format=Json())
    def label(self, number: int) -> str:
        self.computed.append(f"label {number}")
        return f"no. {number}"


NAMES = ["Lab.label,number=1", "Lab.label,number=2", "Lab.spectrum", "Lab.summary"]


def copied(source: StoredEntries, target: StoredEntries) -> None:
    """Copy everything, and see that it was."""
    report = copy_storage(source, target, verbose=False)

    assert report.ok, str(report)


# ------------------------------------------------------------------------------------------------ what is kept
_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_trees: st.SearchStrategy[Tree] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts.filter(lambda key: key[:1] != "$"), inner),
    max_leaves=6,
)
_arrays: st.SearchStrategy[Array] = hnp.arrays(
    st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?", sizes=(32, 64)),
        hnp.complex_number_dtypes(endianness="?"),
        hnp.unicode_string_dtypes(min_len=1, max_len=4),
        hnp.datetime64_dtypes(),
    ),
    hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
)
_payloads = st.one_of(
    _trees.map(lambda tree: Payload(tree, {})),
    _arrays.map(lambda array: Payload(SINGLE, {"value": array})),
    st.tuples(_trees, _arrays, _arrays).map(
        lambda parts: Payload([parts[0], {"$array": "0"}, {"$array": "1"}], {"0": parts[1], "1": parts[2].T})
    ),
)
_records = st.builds(
    Record,
    name=st.just(""),
    metric=_texts,
    inputs=st.dictionaries(_texts, _trees, max_size=2),
    seconds=st.floats(0, 1e5),
    preview=_trees,
    version=st.none() | st.integers() | _texts,
    chosen=st.just(False),
    history=st.just(()) | st.just((Change.now("accepted", "no harm", changed=("code",)),)),
    date=st.just(FULL_RECORD.date) | st.datetimes().map(lambda date: date.replace(tzinfo=FULL_RECORD.date.tzinfo)),
)


def stored(storage: StoredEntries, entry: Entry) -> bool:
    """Store it, if the format can keep it."""
    try:
        storage.write(entry)
    except CannotStoreError:
        return False
    return True


@settings(max_examples=60)
@given(data=st.data())
def test_anything_between_any_two(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Values and records are what they were, to the bit, or are refused and not there; a second copy finds them."""
    one, other = (data.draw(st.sampled_from(sorted(STORAGES))) for _ in range(2))
    folder = tmp_path_factory.mktemp("copy")
    source, target = STORAGES[one](folder / "one"), STORAGES[other](folder / "other")
    names = data.draw(st.lists(_texts.filter(bool), min_size=1, max_size=4, unique_by=str.casefold))
    for name in names:
        record = data.draw(_records)
        stored(source, Entry(attrs.evolve(record, name=name), data.draw(_payloads)))
    held = list(source.names())

    report = copy_storage(source, target, verbose=False)

    assert sorted([*report.copied, *report.failed]) == held
    assert not report.failed or other in PICKY
    assert list(target.names()) == sorted(report.copied)
    for name in report.copied:
        before, after = source.read(name), target.read(name)
        assert same_record(before.record, after.record)
        assert same_entry(Entry(None, before.payload), Entry(None, after.payload))
    again = copy_storage(source, target, verbose=False)
    assert (set(again.skipped), again.copied, again.conflicts) == (set(report.copied), (), {})


@to_each
def test_a_manager_goes_on_with_the_copy(open_: Open, tmp_path: Path) -> None:
    """Nothing is computed again, dates and reads are the same, and formats of one's own are kept."""
    source, target = NpzStorageInterface(tmp_path / "source"), open_(tmp_path / "target")
    lab = Lab(source)
    before = lab.get_all()
    Lab.computed.clear()

    copied(source, target)
    after = Lab(target).get_all()

    assert repr(after) == repr(before)
    assert Lab.computed == []
    assert Lab(target).date("spectrum") == lab.date("spectrum")
    assert all(same_record(source.read(name).record, target.read(name).record) for name in NAMES)
    assert type(target.form_of("Lab.label,number=1")) is Json


def test_the_way_through_all_of_them(tmp_path: Path) -> None:
    """After a journey through every kind of storage the files are byte for byte those of the beginning."""
    first = NpzStorageInterface(tmp_path / "first")
    arrays: tuple[Array, ...] = (np.arange(40_000.0), np.array(["é", "x"]), np.array(0.1, np.float32))
    for name, array in zip("abc", arrays, strict=True):
        first.write(Entry(Record(name=name, date=FULL_RECORD.date, metric=name), Payload(SINGLE, {"value": array})))
    place: StoredEntries = first
    for number, open_ in enumerate([*STORAGES.values(), STORAGES["npz"]]):
        further = open_(tmp_path / str(number))
        copied(place, further)
        place = further
    assert isinstance(place, NpzStorageInterface)

    assert {path.name: path.read_bytes() for path in place.metrics_dir.iterdir()} == {
        path.name: path.read_bytes() for path in first.metrics_dir.iterdir()
    }


def test_tables_and_chunks(tmp_path: Path) -> None:
    """What has a format by nature keeps it, in a database too."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("zarr", minversion="3.1.4")
    from tests.storing.own_formats import Natural  # it needs both

    source, target = NpzStorageInterface(tmp_path / "files"), SqliteStorageInterface(tmp_path / "db.sqlite")
    natural = Natural(source)
    table, cube = natural.table, natural.cube[:]

    copied(source, target)

    again = Natural(target)
    assert again.load("table").equals(table)
    assert np.array_equal(again.load("cube")[:], cube)
    assert target.beside(".parquet").exists("Natural.table")
    assert target.beside(".zarr.zip").exists("Natural.cube")


def test_pickled_objects(tmp_path: Path) -> None:
    """Objects go only where both storages allow them."""
    source = NpzStorageInterface(tmp_path / "source", allow_pickle=True)
    source.save("a", np.array([{"x": 1}, None], dtype=object))
    allowed = SqliteStorageInterface(tmp_path / "db.sqlite", allow_pickle=True)
    refusing = NpzStorageInterface(tmp_path / "target")

    copied(source, allowed)
    report = copy_storage(source, refusing, verbose=False)
    forbidden = copy_storage(NpzStorageInterface(tmp_path / "source"), allowed, overwrite=True, verbose=False)

    assert repr(allowed.load("a")) == "array([{'x': 1}, None], dtype=object)"
    assert "allow_pickle=True" in report.failed["a"]
    assert "allow_pickle=True" in forbidden.failed["a"]
    assert list(refusing.names()) == []


def test_bits_that_text_does_not_have(tmp_path: Path) -> None:
    """JSON has one NaN: an array with another one is refused, and nothing is there."""
    source, target = MemoryStorageInterface(), JsonStorageInterface(tmp_path)
    source.save("a", np.array([0x7FF8000000000001], np.uint64).view(np.float64))

    report = copy_storage(source, target, verbose=False)

    assert list(report.failed) == ["a"]
    assert list(target.names()) == []


def test_a_database_keeps_once_what_entries_have_in_common(tmp_path: Path) -> None:
    """A copy of a database is as small as the database."""
    one, other = (SqliteStorageInterface(tmp_path / f"{name}.sqlite", durability="cache") for name in ("one", "other"))
    for number in range(300):
        record = attrs.evolve(FULL_RECORD, name=str(number), reads=())
        one.write(Entry(record, Payload(number, {})))

    copied(one, other)
    copied(other, last := NpzStorageInterface(tmp_path / "files"))

    sizes = [sum(path.stat().st_size for path in tmp_path.glob(f"{name}.sqlite*")) for name in ("one", "other")]
    assert sizes[1] < 1.2 * sizes[0]
    assert len(list(last.names())) == 300


def test_a_large_array_is_not_held(tmp_path: Path) -> None:
    """Between directories, an array goes from file to file without being in memory."""
    source = NpzStorageInterface(tmp_path / "source", durability="cache")
    source.save("a", np.zeros(4_000_000))
    tracemalloc.start()
    try:
        copied(source, NpzStorageInterface(tmp_path / "target", durability="cache"))
        copied(source, NpyStorageInterface(tmp_path / "npy", durability="cache"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 8_000_000


# ------------------------------------------------------------------------------------------------ what 0.5.0 wrote
def old_files(folder: Path) -> NpyStorageInterface:
    """As 0.5.0 stored them: dates beside, and one whose date was not written any more."""
    folder.mkdir()
    for name in ("poly_1", "poly_2"):
        np.save(folder / f"{name}.npy", np.arange(3.0))
        np.save(folder / f"{name}_date.npy", np.array("2020-02-03"))
    np.save(folder / "poly_3.npy", np.arange(3.0))
    return NpyStorageInterface(folder)


def never(number: int) -> list[float]:
    """Must not be run: its values are there."""
    raise AssertionError(number)


@to_each
def test_old_files(open_: Open, tmp_path: Path) -> None:
    """What 0.5.0 stored is found in the copy with its date, and what had none is not found, as before."""
    source, target = old_files(tmp_path / "old"), open_(tmp_path / "target")
    copied(source, target)

    cm = ParameterizedDatedCacheManager(target)
    cm.verbose = False
    cm.collect("poly", params_list=[(1,), (2,), (3,)])(never)

    assert [cm.exists(f"poly_{number}") for number in (1, 2, 3)] == [True, True, False]
    assert cm.date("poly_1").astimezone().date().isoformat() == "2020-02-03"
    assert np.asarray(cm.load("poly_2")).tolist() == [0.0, 1.0, 2.0]
    again = copy_storage(source, target, verbose=False)
    assert (again.copied, again.ok) == ((), True)


# ------------------------------------------------------------------------------------------------ what is there
def test_conflicts(tmp_path: Path) -> None:
    """Another value is left alone and told, unless it is to be overwritten; an equal one is skipped."""
    source, target = NpzStorageInterface(tmp_path / "source"), SqliteStorageInterface(tmp_path / "db.sqlite")
    for number, name in enumerate("abc"):
        source.save(name, np.full(3, number))
    target.save("a", np.full(3, 0))
    target.save("b", "mine")

    report = copy_storage(source, target, verbose=False)

    assert (report.copied, report.skipped, list(report.conflicts)) == (("c",), ("a",), ["b"])
    assert not report.ok
    assert target.load("b") == "mine"
    over = copy_storage(source, target, overwrite=True, verbose=False)
    assert (over.copied, over.skipped, over.ok) == (("b",), ("a", "c"), True)
    assert target.read("b").payload.arrays["value"].tolist() == [1, 1, 1]


def test_another_format_is_in_the_way(tmp_path: Path) -> None:
    """A value that has a format of its own is a conflict too, and is gone when it was overwritten."""
    source, target = NpzStorageInterface(tmp_path / "source"), NpzStorageInterface(tmp_path / "target")
    Lab(source).label(1)
    record = source.read_record("Lab.label,number=1")
    assert record is not None
    target.save("Lab.label,number=1", "mine")

    assert list(copy_storage(source, target, verbose=False).conflicts) == ["Lab.label,number=1"]
    assert copy_storage(source, target, overwrite=True, verbose=False).ok
    assert sorted(path.name for path in (tmp_path / "target").iterdir() if path.name[0] != ".") == [
        "Lab.label,number=1.json"
    ]


def test_another_version_is_another_value(tmp_path: Path) -> None:
    """Equal values of two versions of a metric are told apart: a manager would take only one of them."""
    source, target = MemoryStorageInterface(), MemoryStorageInterface()
    for version, storage in enumerate((source, target)):
        storage.write(Entry(Record(name="a", metric="a", version=version, content="x"), Payload(1, {})))

    assert list(copy_storage(source, target, verbose=False).conflicts) == ["a"]


def test_names_and_dry_run(tmp_path: Path) -> None:
    """Only what is named is copied; what is not there is told; a dry run writes nothing and says the same."""
    source, target = NpzStorageInterface(tmp_path / "source"), NpzStorageInterface(tmp_path / "target")
    for name in "abc":
        source.save(name, name)

    dry = copy_storage(source, target, names=["a", "x", "a"], dry_run=True, verbose=False)
    assert not (tmp_path / "target").exists()
    real = copy_storage(source, target, names=["a", "x"], verbose=False)

    assert (
        (dry.copied, list(dry.failed), dry.bytes)
        == (real.copied, list(real.failed), real.bytes)
        == (
            ("a",),
            ["x"],
            (tmp_path / "source" / "a.npz").stat().st_size,
        )
    )
    assert list(target.names()) == ["a"]


def test_it_is_told() -> None:
    """The end is told to listeners, and reads well; the report is plain data, too."""
    source, target = MemoryStorageInterface(), MemoryStorageInterface()
    source.save("a", 1)
    target.save("a", 2)
    told: list[Event] = []
    with listening(told.append):
        report = copy_storage(source, target, verbose=False)

    assert [type(event) for event in told] == [CopyEnded]
    assert str(report).startswith("0 copied (0 bytes), 0 there already, 1 in conflict, in ")
    assert str(report).endswith("\n  conflict: a: 'a' in memory has another value")
    assert report.to_dict()["conflicts"] == {"a": "'a' in memory has another value"}


def test_other_storages(tmp_path: Path) -> None:
    """A storage of three methods cannot say what it holds."""
    with pytest.raises(TypeError, match="cannot say what it holds"):
        copy_storage(PickleStorage(tmp_path), MemoryStorageInterface())  # type: ignore[arg-type]  # the mistake


# ------------------------------------------------------------------------------------------------ what goes wrong
@pytest.mark.parametrize("where", ["middle", "end"])
def test_damage_in_the_source(where: str, tmp_path: Path) -> None:
    """A damaged file is told and not copied, whatever the target has; ``verify=False`` changes nothing about that."""
    source = NpzStorageInterface(tmp_path / "source", verify=False)
    source.save("a", np.arange(100_000.0))
    source.save("b", 1)
    file = tmp_path / "source" / "a.npz"
    blob = bytearray(file.read_bytes())
    blob[len(blob) // 2 if where == "middle" else -30] ^= 1
    file.write_bytes(blob)
    for target in (NpzStorageInterface(tmp_path / "same"), SqliteStorageInterface(tmp_path / "db.sqlite")):
        report = copy_storage(source, target, verbose=False)

        assert (report.copied, list(report.failed), list(target.names())) == (("b",), ["a"], ["b"])
        assert "a.npz is damaged" in report.failed["a"]


def test_damage_in_the_target(tmp_path: Path) -> None:
    """What is damaged in the target is set aside and copied again; a dry run leaves it where it is."""
    source, target = NpzStorageInterface(tmp_path / "source"), NpzStorageInterface(tmp_path / "target")
    source.save("a", np.arange(1000.0))
    copied(source, target)
    file = tmp_path / "target" / "a.npz"
    blob = bytearray(file.read_bytes())
    blob[4000] ^= 1
    file.write_bytes(blob)

    dry = copy_storage(source, target, dry_run=True, verbose=False)
    assert file.read_bytes() == blob
    report = copy_storage(source, target, verbose=False)

    assert (dry.copied, list(dry.set_aside)) == (("a",), ["a"])
    assert report.set_aside == {"a": f"{file}.1.damaged"}
    assert file.read_bytes() == (tmp_path / "source" / "a.npz").read_bytes()


PROGRAM = """
import sys
from simple_metrics_manager import NpzStorageInterface, SqliteStorageInterface
from simple_metrics_manager.history import Change
from simple_metrics_manager.keeping.copying import copy_storage
source, kind, target = sys.argv[1:]
made = NpzStorageInterface(target) if kind == "files" else SqliteStorageInterface(target + "/db.sqlite")
copy_storage(NpzStorageInterface(source), made)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("kind", ["files", "database"])
# EVIDENCE-OF: P1
def test_kill_and_go_on(kind: str, tmp_path: Path) -> None:
    """A copy that is killed leaves whole entries only, and goes on where it was when it is called again."""
    source = NpzStorageInterface(tmp_path / "source", durability="cache")
    for number in range(800):
        source.save(f"n{number}", np.full(2000, number))
    folder = tmp_path / "target"
    folder.mkdir()
    target: StoredEntries = (
        NpzStorageInterface(folder) if kind == "files" else SqliteStorageInterface(folder / "db.sqlite")
    )
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path / "source", kind, folder], cwd=ROOT)
    try:
        for _ in itertools.count():
            if len(list(target.names())) > 20 or process.poll() is not None:
                break
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    found = set(target.names())

    report = copy_storage(source, target, verbose=False)

    assert 0 < len(found) < 800
    assert (set(report.skipped), len(report.copied), report.ok) == (found, 800 - len(found), True)
    for number in range(0, 800, 50):
        array = target.load(f"n{number}")
        assert isinstance(array, np.ndarray)
        assert (array == number).all()
