"""What ``why`` and ``status`` answer: the verdict, the words, and what is counted."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    MemoryStorageInterface,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    SqliteStorageInterface,
    UnknownMetricError,
    metric,
)
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.staleness import SweepStaleness
from simple_metrics_manager.freshness.wording import sentence, short
from simple_metrics_manager.outcomes.reasons import NOTES, REASONS
from simple_metrics_manager.record import Code
from simple_metrics_manager.storing.storage import Storage

FACTOR = [2.0]


def scaled(x: float) -> float:
    """A helper."""
    return x * FACTOR[0]


class Digits(DatedCacheManager):
    """Metrics of which one changes with a global."""

    verbose = False

    @metric
    def pixels(self) -> float:
        return scaled(3.0)

    @metric
    def spectrum(self) -> float:
        return self.pixels + 1.0

    @metric(params_list=[(1,), (2,), (3,)], dynamic=True)
    def inertia(self, k: int) -> float:
        return self.spectrum * k

    @metric
    def broken(self) -> float:
        raise ValueError("no pixels")


class Other(DatedCacheManager):
    """A metric that reads one of another manager."""

    verbose = False

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def metric_inputs(self) -> dict[str, object]:
        return {}

    @metric
    def borrowed(self) -> float:
        return Digits(self.storage).pixels * 2.0


@pytest.fixture(name="factor")
def _factor() -> Callable[[float], None]:
    """Sets the global that ``pixels`` depends on; it is what it was after the test."""
    return functools.partial(FACTOR.__setitem__, 0)


@pytest.fixture(autouse=True)
def _back() -> None:
    FACTOR[0] = 2.0


@pytest.fixture(params=["npz", "sqlite", "memory"], name="storage")
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "npz":
        return NpzStorageInterface(tmp_path, durability="cache")
    return SqliteStorageInterface(tmp_path / "m.sqlite") if request.param == "sqlite" else MemoryStorageInterface()


def test_value_is_fresh_then_stale_then_fresh(storage: Storage, factor: Callable[[float], None]) -> None:
    """A changed global makes a value and all that reads it stale, until it is computed anew."""
    _ = Digits(storage).inertia(2)
    cm = Digits(storage)
    assert [cm.why(key).status for key in (Digits.pixels, Digits.spectrum, Digits.inertia(2))] == ["fresh"] * 3

    factor(5.0)
    cause = Cause("global_changed", f"{__name__}.FACTOR", "[2.0]", "[5.0]")
    found = cm.why(Digits.inertia(2))
    place = cm.why(Digits.pixels).causes[0].location
    cause = attrs.evolve(cause, location=place)

    assert place.endswith("test_answers.py:30")
    assert cm.why(Digits.pixels).causes == (cause,)
    assert found.status == "stale"
    assert found.own_causes == (Cause("upstream_stale", "spectrum"),)
    assert found.root_causes == (attrs.evolve(cause, via=("spectrum", "pixels")),)

    _ = cm.get(Digits.pixels, use_stored=False)
    found = cm.why(Digits.spectrum)

    assert cm.why(Digits.pixels).status == "fresh"
    assert [each.reason for each in found.causes] == ["upstream_changed"]


def test_same_bytes_are_fresh(storage: Storage) -> None:
    """An input that is computed anew to the same content leaves what reads it fresh."""
    before = Digits(storage).why(Digits.spectrum)
    cm = Digits(storage)
    _ = cm.spectrum
    _ = cm.get(Digits.pixels, use_stored=False)

    assert before.status == "missing"
    assert Digits(storage).why(Digits.spectrum).unchanged == ("pixels",)
    assert Digits(storage).why(Digits.spectrum).status == "fresh"


def test_value_in_memory_is_judged() -> None:
    """Without a storage, what is in memory is what the answer is about."""
    cm = Digits()
    assert cm.why(Digits.pixels).status == "missing"

    _ = cm.spectrum
    FACTOR[0] = 4.0

    assert cm.why(Digits.spectrum).status == "stale"


def test_input_of_another_manager(tmp_path: Path, factor: Callable[[float], None]) -> None:
    """What another manager has stored in the same storage is compared; what is not there says nothing."""
    storage = NpzStorageInterface(tmp_path, durability="cache")
    cm = Other(storage)
    _ = cm.borrowed
    assert cm.why(Other.borrowed).unchanged == ("Digits.pixels",)

    factor(3.0)
    _ = Digits(storage).get(Digits.pixels, use_stored=False)
    assert [cause.reason for cause in Other(storage).why(Other.borrowed).causes] == ["upstream_changed"]

    storage.delete("Digits.pixels")
    assert Other(storage).why(Other.borrowed).status == "fresh"


def test_damaged_value_is_told(tmp_path: Path) -> None:
    """A damaged file is a cause of its own, and of what reads it."""
    cm = Digits(NpzStorageInterface(tmp_path, durability="cache"))
    _ = cm.spectrum
    path = tmp_path / "Digits.pixels.npz"
    path.write_bytes(path.read_bytes()[:-10])
    fresh = Digits(cm.storage_interface)

    assert [cause.reason for cause in fresh.why(Digits.pixels).causes] == ["corrupt"]
    assert [cause.reason for cause in fresh.why(Digits.spectrum).causes] == ["upstream_stale", "corrupt"]
    assert fresh.status()["pixels"].state == "stale"


def test_sweep_is_its_worst_point(storage: Storage, factor: Callable[[float], None]) -> None:
    """A sweep counts its points by status, and is what the worst of them is."""
    cm = Digits(storage)
    _ = cm.inertia(1), cm.inertia(2), cm.inertia(7)
    cm = Digits(storage)
    found = cm.why(cm.inertia)
    names = [point.metric for point in found.points]

    assert isinstance(found, SweepStaleness)
    assert names == ["inertia,k=1", "inertia,k=2", "inertia,k=3", "inertia,k=7"][: len(names)]
    assert (found.status, found.counts["missing"]) == ("missing", 1)
    assert not found.mixed

    factor(6.0)
    stale = cm.why(Digits.inertia)

    assert (stale.status, stale.reasons["upstream_stale"]) == ("stale", len(names) - 1)
    assert cm.why("inertia") == stale
    assert str(stale).splitlines()[0] == f"inertia is stale: of {len(names)} points {len(names) - 1} stale, 1 missing."


def test_points_of_different_code_are_told(tmp_path: Path) -> None:
    """Points that different versions of the function computed are counted, and the table says so."""
    cm = Digits(NpzStorageInterface(tmp_path, durability="cache"))
    _ = cm.inertia.get_all()
    storage = NpzStorageInterface(tmp_path, durability="cache")
    entry = storage.read("Digits.inertia,k=1")
    assert entry.record is not None
    other = attrs.evolve(entry.record, code=Code("1:other", "def inertia(): ...\n"))
    storage.write(Entry(other, entry.payload))
    cm = Digits(storage)

    assert cm.why(cm.inertia).mixed
    assert sorted(cm.why(cm.inertia).codes.values()) == [1, 2]
    assert cm.status()["inertia"].codes == 2
    assert "mixed code (2 versions)" in str(cm.status())


def test_status_has_a_line_for_each_metric(storage: Storage, factor: Callable[[float], None]) -> None:
    """The table has one line for each metric and sweep, with its state, and counts them."""
    cm = Digits(storage)
    _ = cm.inertia(1)
    with pytest.raises(ValueError, match="no pixels"):
        _ = cm.broken
    factor(9.0)
    status = Digits(storage).status()
    table = {line.split()[1]: line for line in str(status).splitlines()[2:-2]}
    failed = "missing" if isinstance(storage, MemoryStorageInterface) and not cm.failures() else "failed"

    assert [row.state for row in status.rows] == ["stale", "stale", "stale", failed]
    assert list(table) == ["METRIC", "pixels", "spectrum", "inertia", "broken"]
    assert "1/3" in table["inertia"]
    assert "2 missing; input spectrum is stale" in table["inertia"]
    assert table["pixels"].split()[0] == "stale"
    assert f"3 stale, 1 {failed}." in str(status)
    assert json.loads(json.dumps(status.to_dict()))["metrics"][2]["counts"] == {"missing": 2, "stale": 1}


def test_status_of_what_is_all_fresh(tmp_path: Path) -> None:
    """If all is fresh, one sentence says so."""
    cm = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path, durability="cache"))
    cm.verbose = False
    cm.set_functions_dict({"three": lambda: 3})
    collected = cm.collect("poly", [(1,), (4,)])(_poly)
    _ = cm.get("three"), cm.poly.get_all()
    status = cm.status()

    assert [(row.metric, row.points, row.state) for row in status.rows] == [("three", 1, "fresh"), ("poly", 2, "fresh")]
    assert (
        str(status)
        .splitlines()[-1]
        .startswith("ParameterizedDatedCacheManager: all 2 metrics are fresh; the oldest was pulled on ")
    )
    assert cm.why(collected) == cm.why("poly") == cm.why(cm.poly)


def _poly(a: int) -> int:
    return a**2


def test_words(tmp_path: Path, factor: Callable[[float], None]) -> None:
    """The answer reads as text: what changed from what to what, where, through which inputs, and the way out."""
    _ = Digits(NpzStorageInterface(tmp_path, durability="cache")).spectrum
    factor(5.0)
    lines = str(Digits(NpzStorageInterface(tmp_path, durability="cache")).why(Digits.spectrum)).splitlines()

    assert lines[0].startswith("spectrum is stale: input pixels is itself stale since it was pulled on ")
    assert lines[2] == "  input pixels is itself stale"
    assert lines[3].startswith(f"  via pixels: global {__name__}.FACTOR changed: [2.0] → [5.0], ")
    assert lines[-1].startswith("Recompute it (last took ")
    assert lines[-1].endswith("):  cm.get(Digits.spectrum, use_stored=False)")


def test_names_that_mean_nothing() -> None:
    """A name that no metric has is refused, as is the sweep of another manager."""
    with pytest.raises(UnknownMetricError):
        Digits().why("pixel")
    with pytest.raises(UnknownMetricError):
        Other(MemoryStorageInterface()).why(Digits.inertia)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_words(reason: str) -> None:
    """Each reason is told in a sentence that names what it is about, and briefly."""
    cause = next(Cause(each, "fit.K", "1", "2") for each in REASONS if each == reason)

    assert sentence(cause)
    assert short(cause)
    assert cause.outdates == (reason not in {*NOTES, "unknown"})
    assert cause.to_dict()["reason"] == reason
