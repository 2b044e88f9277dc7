"""What of a manager's stored metrics would go, and what goes: never anybody else's, and nothing without being asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    CorruptMetricError,
    DatedCacheManager,
    Json,
    MemoryStorageInterface,
    NpyStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    SqliteStorageInterface,
    UnknownMetricError,
    metric,
)
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.keeping.reports import ClearPlan
from simple_metrics_manager.storing.entries import StoredEntries
from tests.compat.own_storages import PickleStorage

Open: TypeAlias = Callable[[Path], StoredEntries]
OPENERS: Mapping[str, Open] = {
    "files": NpzStorageInterface,
    "database": lambda folder: SqliteStorageInterface(folder / "db.sqlite"),
    "memory": lambda folder: MemoryStorageInterface(),
}


class Base(DatedCacheManager):
    """Something to override."""

    verbose = False

    @metric
    def level(self) -> int:
        return 1


class Lab(Base):
    """Metrics that read one another."""

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        return np.arange(100.0)

    @metric
    def mean(self) -> float:
        return float(self.spectrum.mean())

    @metric(params_list=[(1,), (2,)], format=Json())
    def label(self, number: int) -> str:
        return f"no. {number}"

    @metric(dynamic=True)
    def free(self, number: int) -> float:
        return self.mean + number

    @metric
    def level(self) -> int:
        return super().level + 1


@attrs.frozen
class Run(DatedCacheManager):
    """Has an input."""

    verbose = False
    alpha: float = 0.5

    @metric
    def score(self) -> float:
        return self.alpha


class Friend(DatedCacheManager):
    """Reads another manager's metric."""

    verbose = False

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def metric_inputs(self) -> Mapping[str, object]:
        return {}

    @metric
    def gain(self) -> float:
        return self.lab.mean * 2


@pytest.fixture(name="storage", params=OPENERS)
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    return OPENERS[str(request.param)](tmp_path)


def filled(storage: StoredEntries) -> Lab:
    """A manager that has stored everything."""
    lab = Lab(storage)
    lab.get_all()
    lab.free(7)
    return lab


ALL = {
    "Lab.free,number=7",
    "Lab.label,number=1",
    "Lab.label,number=2",
    "Lab.level",
    "Lab.level@Base",
    "Lab.mean",
    "Lab.spectrum",
}


def test_nothing_goes_unasked(storage: StoredEntries) -> None:
    """By default it only says what would go: everything, how large, from when, and how long it took."""
    lab = filled(storage)

    plan = lab.clear()

    assert (set(plan.names), plan.dry_run) == (ALL, True)
    assert set(storage.names()) == ALL
    assert plan.bytes == sum(each.bytes for each in storage.listing())
    found = {each.name: each for each in plan.entries}
    record = storage.read_record("Lab.mean")
    assert record is not None
    assert (found["Lab.mean"].date, found["Lab.mean"].seconds) == (record.date, record.seconds)
    assert plan.seconds == pytest.approx(sum(each.seconds for each in plan.entries))
    assert str(plan).startswith("would delete 7 stored metrics (")


def test_what_is_cleared_is_gone(storage: StoredEntries) -> None:
    """It is neither stored nor in memory any more, and is computed anew; the rest stays."""
    lab = filled(storage)
    _ = lab.mean, lab.spectrum
    before = lab.date("mean")

    plan = lab.clear([Lab.mean, "level"], dry_run=False)

    assert (plan.dry_run, plan.failed) == (False, {})
    assert set(storage.names()) == ALL - {"Lab.mean", "Lab.level", "Lab.level@Base"}
    assert "mean" not in lab.cache
    assert lab.exists(Lab.spectrum)
    assert lab.mean == 49.5
    assert lab.date("mean") > before
    assert str(plan).startswith("deleted 3 stored metrics")
    assert lab.clear("level") == ClearPlan()


def test_keys_of_all_kinds(storage: StoredEntries) -> None:
    """Keys, names, whole metrics of the manager and of its class, one or several."""
    lab = filled(storage)
    labels = ("Lab.label,number=1", "Lab.label,number=2")

    assert lab.clear(Lab.label(1)).names == labels[:1]
    assert lab.clear("label,number=2").names == labels[1:]
    assert lab.clear("label_2").names == labels[1:]
    assert lab.clear(lab.label).names == labels
    assert lab.clear(Lab.label).names == labels
    assert lab.clear("label").names == labels
    assert lab.clear([Lab.label, Lab.free(7)]).names == ("Lab.free,number=7", *labels)
    assert lab.clear(Lab.free(8)).names == ()
    with pytest.raises(UnknownMetricError, match="labl"):
        lab.clear("labl")
    with pytest.raises(TypeError, match="is no metric"):
        lab.clear([7])  # type: ignore[list-item]  # the mistake


def test_what_builds_on_it(storage: StoredEntries) -> None:
    """What was computed from it, by other managers too, is told, unless it goes as well."""
    lab = filled(storage)
    assert Friend(lab).use(storage).gain == 99.0

    (spectrum,) = lab.clear(Lab.spectrum).entries
    both = {each.name: each.read_by for each in lab.clear([Lab.spectrum, Lab.mean]).entries}

    assert spectrum.read_by == ("Lab.mean",)
    assert both == {"Lab.spectrum": (), "Lab.mean": ("Friend.gain", "Lab.free,number=7")}
    assert "read by Friend.gain, Lab.free,number=7" in " ".join(str(lab.clear("mean")).split())
    assert lab.clear("mean").to_dict()["dry_run"] is True


def test_others_are_left_alone(storage: StoredEntries) -> None:
    """Neither other classes, nor the same with other inputs, even where one's name begins with the other's."""
    lab = filled(storage)
    runs = [Run(alpha).use(storage) for alpha in (0.0, 0.01, 0.5)]
    for run in runs:
        run.get_all()
    storage.save("Lab.mine", "by hand")
    storage.save("Run,alpha=0.0.mine", "by hand")

    assert [run.clear().names for run in runs] == [
        ("Run,alpha=0.0.score",),
        ("Run,alpha=0.01.score",),
        ("Run.score",),
    ]
    assert set(lab.clear(dry_run=False).names) == ALL
    assert set(storage.names()) == {
        "Lab.mine",
        "Run,alpha=0.0.mine",
        "Run,alpha=0.0.score",
        "Run,alpha=0.01.score",
        "Run.score",
    }


def test_a_class_of_the_same_name(storage: StoredEntries) -> None:
    """A class of another module that is called alike has its own metrics, which stay."""
    filled(storage)
    other = type("Lab", (Base,), {"__module__": "elsewhere", "__qualname__": "Lab", "verbose": False})

    assert other(storage).clear().names == ()


def test_older_than(storage: StoredEntries) -> None:
    """Only what is older goes, be it said as a time or as an age."""
    lab = filled(storage)
    entry = storage.read("Lab.mean")
    assert entry.record is not None
    old = attrs.evolve(entry.record, date=datetime.now(UTC) - timedelta(days=100))
    storage.write(Entry(old, entry.payload))

    assert lab.clear(older_than=timedelta(days=99)).names == ("Lab.mean",)
    assert lab.clear(older_than=timedelta(days=101)).names == ()
    assert lab.clear(older_than=old.date + timedelta(seconds=1)).names == ("Lab.mean",)
    assert lab.clear(older_than=old.date).names == ()
    assert lab.clear(older_than=datetime.now() - timedelta(days=99)).names == ("Lab.mean",)  # noqa: DTZ005 - as people do
    assert lab.clear(Lab.spectrum, older_than=timedelta(days=99)).names == ()


class Shrunk(DatedCacheManager):
    """What is left of a class."""

    verbose = False

    @metric
    def spectrum(self) -> float:
        return 0.0

    @metric(params_list=[(1,)], format=Json())
    def label(self, number: int) -> str:
        return "new"

    @metric
    def free(self) -> float:
        return 1.0

    @metric(dynamic=True)
    def mean(self, number: int) -> float:
        return 2.0


def test_orphans(storage: StoredEntries) -> None:
    """Orphans are metrics and parameter sets that the class does not declare any more, and no others."""
    assert filled(storage).clear(orphans=True).names == ()
    Shrunk.__qualname__, kept = "Lab", Shrunk.__qualname__
    try:
        shrunk = Shrunk(storage)
        shrunk.mean(3)
        plan = shrunk.clear(orphans=True)
        of_label = shrunk.clear("label", orphans=True)
        gone = shrunk.clear("level", orphans=True)
        shrunk.clear(orphans=True, dry_run=False)
    finally:
        Shrunk.__qualname__ = kept

    assert plan.names == (
        "Lab.free,number=7",
        "Lab.label,number=2",
        "Lab.level",
        "Lab.level@Base",
        "Lab.mean",
    )
    assert all(each.orphan for each in plan.entries)
    assert of_label.names == ("Lab.label,number=2",)
    assert gone.names == ("Lab.level", "Lab.level@Base")
    assert list(storage.names()) == ["Lab.label,number=1", "Lab.mean,number=3", "Lab.spectrum"]


def test_damaged_entries(tmp_path: Path) -> None:
    """A damaged file of a declared metric goes with the others, but not by its age, which nobody knows."""
    lab = filled(NpzStorageInterface(tmp_path))
    file = tmp_path / "Lab.mean.npz"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(CorruptMetricError):
        Lab(NpzStorageInterface(tmp_path)).load("mean")

    assert "Lab.mean" not in lab.clear(older_than=datetime.now(UTC)).names
    assert lab.clear("mean", dry_run=False).names == ("Lab.mean",)
    assert not file.exists()


def same(number: int) -> int:
    """A function to collect."""
    return number


def test_collected_functions(storage: StoredEntries) -> None:
    """Values of a manager's functions go, those of functions that it has not stay."""
    cm, other = ParameterizedDatedCacheManager(storage), ParameterizedDatedCacheManager(storage)
    cm.verbose = other.verbose = False
    cm.collect("poly", params_list=[(1,), (2,)])(same)
    other.collect("poly2", params_list=[(1,)])(same)
    cm.set_functions_dict({**cm.functions_dict, "plain": lambda: 1})
    for manager in (cm, other):
        manager.get_all()

    assert cm.clear("poly").names == ("poly_1", "poly_2")
    assert cm.clear("poly_1").names == ("poly_1",)
    assert cm.clear("plain").names == ("plain",)
    assert cm.clear(dry_run=False).names == ("plain", "poly_1", "poly_2")
    assert list(storage.names()) == ["poly2_1"]


def test_what_0_5_0_stored(tmp_path: Path) -> None:
    """It goes with the date that lies beside it, for collected functions and for methods."""
    for name in ("poly_1", "mean"):
        np.save(tmp_path / f"{name}.npy", np.array(2.5))
        np.save(tmp_path / f"{name}_date.npy", np.array("2020-02-03"))
    storage = NpyStorageInterface(tmp_path)
    cm, lab = ParameterizedDatedCacheManager(storage), Lab(storage)
    cm.verbose = False
    cm.collect("poly", params_list=[(1,)])(same)
    assert lab.load("mean") == 2.5

    plan = lab.clear(older_than=datetime(2021, 1, 1, tzinfo=UTC))

    assert plan.names == ("mean",)
    assert plan.entries[0].bytes == sum(path.stat().st_size for path in tmp_path.glob("mean*"))
    assert lab.clear(dry_run=False).names == ("mean",)
    assert cm.clear("poly", dry_run=False).names == ("poly_1",)
    assert list(storage.names()) == []
    assert not lab.exists("mean")


def test_what_cannot_be_deleted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go all the same, and what stays is still in memory."""
    storage = NpzStorageInterface(tmp_path)
    lab = filled(storage)
    delete = NpzStorageInterface.delete

    def failing(self: NpzStorageInterface, name: str, /) -> None:
        if name == "Lab.mean":
            raise PermissionError(13, "Permission denied", name)
        delete(self, name)

    monkeypatch.setattr(NpzStorageInterface, "delete", failing)
    plan = lab.clear(dry_run=False)

    assert list(plan.failed) == ["Lab.mean"]
    assert list(storage.names()) == ["Lab.mean"]
    assert "mean" in lab.cache


def test_managers_without_such_a_storage(tmp_path: Path) -> None:
    """Without a storage there is nothing to clear; a storage of three methods cannot say what it holds."""
    assert Lab().clear().entries == ()
    with pytest.raises(TypeError, match="cannot say what it holds"):
        Lab(PickleStorage(tmp_path)).clear()
