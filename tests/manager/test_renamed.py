"""Metrics that were renamed, or got further parameters, keep what is stored of them once that is said and asked for."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    Json,
    MemoryStorageInterface,
    MetricDeclarationError,
    NpzStorageInterface,
    SqliteStorageInterface,
    convert_metric_name,
    metric,
)
from simple_metrics_manager.keeping.reports import RenamePlan
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.entries import StoredEntries
from tests.keeping.editions import EDITED

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

Open: TypeAlias = Callable[[Path], StoredEntries]
OPENERS: Mapping[str, Open] = {
    "files": NpzStorageInterface,
    "database": lambda folder: SqliteStorageInterface(folder / "db.sqlite"),
    "memory": lambda folder: MemoryStorageInterface(),
}


class Before(DatedCacheManager):
    """A class as it was."""

    __qualname__ = "Lab"
    verbose = False

    @metric
    def spec(self) -> NDArray[np.float64]:
        return np.arange(3.0)

    @metric(params_list=[(1, "a"), (2, "A b")])
    def fit(self, k: int, mode: str) -> float:
        return k * 1.5

    @metric(dynamic=True)
    def grown(self, k: int) -> int:
        return k

    @metric
    def stays(self) -> int:
        return 1


class After(DatedCacheManager):
    """The same class, edited."""

    __qualname__ = "Lab"
    verbose = False
    on_stale = EDITED

    @metric(renamed_from=("spectre", "spec"))
    def spectrum(self) -> NDArray[np.float64]:
        raise AssertionError("computed")

    @metric(params_list=[("a", 1), ("A b", 2)], renamed_from="fit")
    def model(self, mode: str, k: int) -> float:
        raise AssertionError("computed")

    @metric(dynamic=True, renamed_from="grown")
    def grown(self, k: int, tolerance: float = 0.5) -> int:
        if tolerance == 0.5:
            raise AssertionError("computed")
        return -k

    @metric
    def stays(self) -> int:
        raise AssertionError("computed")


@pytest.fixture(name="storage", params=OPENERS)
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    storage = OPENERS[str(request.param)](tmp_path)
    lab = Before(storage)
    lab.get_all()
    lab.grown(7)
    return storage


def record(storage: StoredEntries, name: str) -> Record:
    """The record of this."""
    found = storage.read(name).record
    assert found is not None
    return found


NEW = ["Lab.grown,k=7,tolerance=0.5", "Lab.model,mode=a,k=1", "Lab.spectrum", "Lab.stays"]


def test_what_is_adopted(storage: StoredEntries) -> None:
    """Values are found under the new names and parameters, with their dates, and a note of the names they had."""
    before = {name: record(storage, name) for name in storage.names()}
    lab = After(storage)

    plan = lab.adopt_renamed()
    assert set(storage.names()) == set(before)
    done = lab.adopt_renamed(dry_run=False)

    assert (plan.dry_run, done.dry_run, done.ok) == (True, False, True)
    assert done.moves == plan.moves
    assert [name for name in storage.names() if "~" not in name] == NEW
    assert lab.spectrum.tolist() == [0.0, 1.0, 2.0]
    assert lab.model.get_all() == [1.5, 3.0]
    assert (lab.grown(7), lab.grown(7, 0.5), lab.grown(7, 0.25)) == (7, 7, -7)
    old, new = before["Lab.spec"], record(storage, "Lab.spectrum")
    assert (new.date, new.seconds, new.content, new.code) == (old.date, old.seconds, old.content, old.code)
    assert [(change.what, change.old, change.new) for change in new.history] == [
        ("renamed", "Lab.spec", "Lab.spectrum")
    ]
    assert lab.adopt_renamed() == RenamePlan()
    assert lab.check().ok


def test_get_does_not_guess(storage: StoredEntries) -> None:
    """Until it is asked for, nothing is found under a new name, and nothing is moved."""
    lab = After(storage)

    assert not lab.exists(After.spectrum)
    assert "Lab.spec" in list(storage.names())


class Clashing(DatedCacheManager):
    """Says things that cannot be."""

    __qualname__ = "Lab"
    verbose = False

    @metric(renamed_from="spec")
    def spectrum(self) -> NDArray[np.float64]:
        return np.zeros(1)

    @metric(params_list=[(1,)], renamed_from="fit")
    def model(self, number: int) -> float:
        return 0.0

    @metric(renamed_from="stays")
    def stayed(self) -> int:
        return 2

    @metric
    def stays(self) -> int:
        return 1

    @metric(renamed_from="grown")
    def flat(self) -> int:
        return 0


def test_what_is_left_alone(storage: StoredEntries) -> None:
    """Neither what is there is overwritten, nor other parameters or a metric that is declared still taken over."""
    lab = Clashing(storage)
    assert lab.spectrum.tolist() == [0.0]
    names = list(storage.names())

    plan = lab.adopt_renamed()
    done = lab.adopt_renamed(dry_run=False)

    assert plan.conflicts == done.conflicts
    assert (done.moves, done.ok) == ((), False)
    assert list(storage.names()) == names
    reasons = {name: reason for name, reason in plan.conflicts.items() if "~" not in name}
    assert reasons == {
        "Lab.fit,k=1,mode=a": reasons["Lab.fit,k=1,mode=a"],
        "Lab.grown,k=7": "flat has other parameters: it has none",
        "Lab.spec": "Lab.spectrum is stored already",
        "Lab.stays": "stays is declared still, so it is not stayed",
    }
    assert reasons["Lab.fit,k=1,mode=a"].startswith("model has other parameters: it has no parameter ")
    assert str(plan).splitlines()[0] == "0 stored metrics would be renamed"


class Reformatted(DatedCacheManager):
    """Has another name and a format of its own."""

    __qualname__ = "Lab"
    verbose = False
    on_stale = EDITED

    @metric(renamed_from="spec", format=Json())
    def spectrum(self) -> NDArray[np.float64]:
        raise AssertionError("computed")


def test_another_format(storage: StoredEntries) -> None:
    """What moves takes the format that the metric has now."""
    assert Reformatted(storage).adopt_renamed(dry_run=False).ok
    assert Reformatted(storage).spectrum.tolist() == [0.0, 1.0, 2.0]
    assert type(storage.form_of("Lab.spectrum")) is Json


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it dies in a child of this process")
# EVIDENCE-OF: P1
def test_death_between_writing_and_removing(tmp_path: Path) -> None:
    """What was written under the new name, and not removed under the old one, is finished the next time."""
    storage = NpzStorageInterface(tmp_path)
    Before(storage).get_all()
    child = os.fork()
    if child == 0:
        NpzStorageInterface.delete = lambda self, name, /: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]  # to die there
        After(NpzStorageInterface(tmp_path)).adopt_renamed(dry_run=False)
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    left = set(storage.names())
    assert {"Lab.fit,k=1,mode=a", "Lab.model,mode=a,k=1"} <= left

    done = After(storage).adopt_renamed(dry_run=False)

    assert (done.ok, len(done.moves)) == (True, 3)
    assert [name for name in storage.names() if "~" not in name] == NEW[1:]


def test_the_converter_notes_it_too(storage: StoredEntries) -> None:
    """0.5.0's way leaves the same note."""
    convert_metric_name(storage, "Lab.spec", "Lab.spectrum", simulate=False)

    assert [change.old for change in record(storage, "Lab.spectrum").history] == ["Lab.spec"]


def test_old_names_travel() -> None:
    """A metric knows its old names wherever it goes."""
    assert After.spectrum.declaration.renamed_from == ("spectre", "spec")
    assert pickle.loads(pickle.dumps(Travelling.total)).declaration.renamed_from == ("sum",)


class Travelling(DatedCacheManager):
    """Can be imported."""

    @metric(renamed_from="sum")
    def total(self) -> int:
        return 1


def test_mistakes() -> None:
    """An old name is a name."""
    with pytest.raises(MetricDeclarationError, match="renamed_from"):
        metric(renamed_from=7)  # type: ignore[call-overload]  # the mistake
