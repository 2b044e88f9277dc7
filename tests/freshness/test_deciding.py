"""What becomes of values in memory and in the storage when something that went into them has changed."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    MemoryStorageInterface,
    Metric,
    MetricDeclarationError,
    StaleMetricError,
    StaleMetricWarning,
    Storage,
    metric,
)
from simple_metrics_manager.asking.warning import WARNED
from simple_metrics_manager.events import Computed, Event, listening
from simple_metrics_manager.outcomes.reasons import OnStale, Preset

FACTOR = [1.0]
"""Changed in the course of a test, as the source of a program is between two of its runs."""
TURNED: list[bool] = [False]
FOLDER = [Path()]
SHARED: list[Storage] = [MemoryStorageInterface()]
LENGTH = 600


class Quiet(DatedCacheManager):
    """Says nothing."""

    verbose = False


def texts(_: object) -> list[Path]:
    """The files of the folder, as it is then."""
    return sorted(FOLDER[0].glob("*.txt"))


def place(_: object) -> Path:
    """The folder itself."""
    return FOLDER[0]


class Lab(Quiet):
    """Metrics that read one another."""

    @metric
    def base(self) -> float:
        return FACTOR[0]

    @metric
    def middle(self) -> float:
        return self.base * 10

    @metric
    def top(self) -> float:
        return self.middle + 1

    @metric
    def outer(self) -> float:
        return self.top + 1

    @metric
    def slow(self) -> float:
        return 0.5

    @metric
    def perhaps(self) -> float:
        return self.base if TURNED[0] else 0.0

    @metric(params_list=[(1,), (2,)])
    def swept(self, k: int) -> float:
        return FACTOR[0] * k

    @metric(params_list=[(step,) for step in range(LENGTH)])
    def state(self, step: int) -> float:
        return FACTOR[0] if step == 0 else self.state(step - 1) + 1.0

    @metric(on_stale={"global_changed": "use"})
    def vouched(self) -> float:
        return FACTOR[0]

    @metric
    def of_vouched(self) -> float:
        return self.vouched + 1

    @metric
    def first(self) -> float:
        return 1.0 if TURNED[0] else self.second + 1.0

    @metric
    def second(self) -> float:
        return self.first + 1.0 if TURNED[0] else 5.0

    @metric(files=texts)
    def names(self) -> str:
        return ",".join(path.name for path in sorted(FOLDER[0].glob("*.txt")))

    @metric(files=place)
    def folder(self) -> str:
        return ""


class Other(Quiet):
    """Computes what managers of another class read."""

    @metric
    def raw(self) -> float:
        return FACTOR[0]


@attrs.frozen
class Run(Quiet):
    """Reads a manager of its own class with another input, and one of another class."""

    number: int

    @metric
    def summed(self) -> float:
        return FACTOR[0] if self.number == 0 else Run(self.number - 1).use(SHARED[0]).summed + 1.0

    @metric
    def borrowed(self) -> float:
        return Other(SHARED[0]).raw * 2.0

    @metric(params_list=[(1,), (2,)])
    def lent(self, k: int) -> float:
        return Other(SHARED[0]).raw * k


@attrs.frozen
class Chosen(Quiet):
    """What becomes of stale values is a field."""

    on_stale: OnStale = "careful"

    @metric
    def value(self) -> float:
        return FACTOR[0]


@pytest.fixture(autouse=True)
def storage() -> Storage:
    """A new storage; everything that changes in the course of a test is as it was."""
    FACTOR[0], TURNED[0] = 1.0, False
    WARNED.clear()
    SHARED[0] = MemoryStorageInterface()
    return SHARED[0]


@contextmanager
def computing() -> Generator[list[str]]:
    """What is computed in this block, by name."""
    found: list[str] = []

    def note(event: Event) -> None:
        if isinstance(event, Computed):
            found.append(event.metric)

    with listening(note, instead=True):
        yield found


def reads(cm: DatedCacheManager, key: Metric[float]) -> list[str]:
    """What the record of a value says that was read."""
    asked = cm.__metrics__.ask(cm, key)
    record = cm.__metrics__.shelf.record(asked)
    return [] if record is None else [read.metric for read in record.reads]


# ------------------------------------------------------------------------------------------------- other managers
def ask(reader: str, on_stale: OnStale) -> float:
    """What a reader of another manager gives."""
    cm = Run(1).use(SHARED[0])
    return cm.get(Run.borrowed if reader == "another class" else Run.summed, on_stale=on_stale)


@pytest.mark.parametrize("reader", ["another class", "other inputs"])
def test_inputs_of_other_managers_are_looked_at(reader: str) -> None:
    """What another manager computed by other code is warned of, refused and computed anew like what is one's own."""
    before = ask(reader, "careful")
    FACTOR[0] = 2.0

    with pytest.warns(StaleMetricWarning) as caught:
        assert ask(reader, "careful") == before
    assert len(caught) == 1
    with pytest.raises(StaleMetricError) as refused:
        ask(reader, "strict")
    assert "upstream_stale" in refused.value.reasons
    assert ask(reader, "fresh") == (4.0 if reader == "another class" else 3.0)


def test_namesake_in_a_notebook_is_another_class() -> None:
    """A class of a notebook that is called like the one whose value was read is not taken for it."""
    namesake = type("Run", (DatedCacheManager,), {"__module__": "__main__", "__home__": "__main__"})

    test_inputs_of_other_managers_are_looked_at("other inputs")
    assert namesake.__subclasses__() == []


def test_class_that_is_not_loaded(monkeypatch: pytest.MonkeyPatch, storage: Storage) -> None:
    """Of an input whose class is not there, nobody knows whether it changed: ``strict`` refuses what read it."""
    monkeypatch.setattr(Other, "stored_module", "no.longer.loaded")
    _ = Run(1).use(storage).borrowed
    monkeypatch.undo()

    assert Run(1).use(storage).borrowed == 2.0
    with pytest.raises(StaleMetricError) as refused:
        Run(1).use(storage).get(Run.borrowed, on_stale="strict")
    assert refused.value.reasons == ("unknown",)


def test_other_manager_computes_meanwhile(storage: Storage) -> None:
    """That an input was found in order is no longer believed when its manager has computed it anew since."""
    _ = [Run(1).use(storage).lent(k) for k in (1, 2)]
    cm = Run(1).use(storage)
    assert cm.lent(1) == 1.0
    FACTOR[0] = 3.0
    _ = Other(storage).get(Other.raw, use_stored=False)

    assert cm.lent(2) == 6.0


# -------------------------------------------------------------------------------------------- computing inputs anew
def test_long_chains_are_computed_anew(storage: Storage) -> None:
    """However deep metrics read one another, inputs are computed anew one after the other, and each once."""
    cm = Lab(storage)
    for step in range(LENGTH):
        _ = cm.state(step)
    FACTOR[0] = 2.0
    cm = Lab(storage)
    with computing() as computed:
        assert cm.get(Lab.state(LENGTH - 1), on_stale="fresh") == LENGTH + 1.0

    assert computed == [f"state,step={step}" for step in range(LENGTH)]


def test_what_was_settled_was_not_read(storage: Storage) -> None:
    """A metric is not said to have read what was computed anew for the sake of its inputs."""
    _ = Lab(storage).top
    FACTOR[0] = 2.0
    cm = Lab(storage)

    assert cm.get(Lab.outer, on_stale="fresh") == 22.0
    assert reads(cm, Lab.outer) == ["top"]


def test_reading_that_has_turned_round_is_no_cycle(storage: Storage) -> None:
    """A metric may read today what read it when that was stored."""
    assert Lab(storage).first == 6.0
    TURNED[0] = True

    assert Lab(storage).get(Lab.second, on_stale="fresh") == 2.0


def test_threads_compute_inputs_anew_once(storage: Storage) -> None:
    """Of threads that ask at once for what reads one stale input, one computes it."""
    _ = Lab(storage).outer
    FACTOR[0] = 2.0
    cm = Lab(storage)
    cm.on_stale = "fresh"
    with computing() as computed, ThreadPoolExecutor(8) as pool:
        keys = [Lab.outer, Lab.middle, Lab.top, Lab.base] * 2
        values = list(pool.map(cm.get, keys))

    assert values == [22.0, 20.0, 21.0, 2.0] * 2
    assert sorted(computed) == ["base", "middle", "outer", "top"]


@pytest.mark.parametrize("preset", ["careful", "strict", "fresh"])
def test_reader_of_what_a_metric_vouches_for(storage: Storage, preset: Preset) -> None:
    """Where a metric says that a change does not matter, what reads it is used: no warning, error or computation."""
    _ = Lab(storage).of_vouched
    FACTOR[0] = 2.0
    cm = Lab(storage)
    cm.on_stale = preset
    with computing() as computed:
        assert cm.of_vouched == 2.0

    assert computed == []


def test_input_that_was_declared_otherwise(storage: Storage) -> None:
    """A new ``version=`` has an input computed anew, whatever else has changed there: that is refused no more."""

    def doubled(version: int) -> float:
        class Versioned(Quiet):
            @metric(version=version)
            def base(self) -> float:
                return FACTOR[0]

            @metric
            def double(self) -> float:
                return self.base * 2

        return Versioned(storage).get(Versioned.double, on_stale="strict")

    assert doubled(1) == 2.0
    FACTOR[0] = 2.0

    with pytest.raises(StaleMetricError):
        doubled(1)
    assert doubled(2) == 4.0


# ----------------------------------------------------------------------------------------------- what is in memory
@pytest.mark.parametrize("lax", ["careful", {"global_changed": "use"}])
@pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")
def test_what_one_call_allows_holds_for_that_call(storage: Storage, lax: OnStale) -> None:
    """What was taken because a call said so is not in memory for the next one, which says nothing."""
    _ = Lab(storage).base
    FACTOR[0] = 2.0
    cm = Lab(storage)
    cm.on_stale = "strict"
    assert cm.get(Lab.base, on_stale=lax) == 1.0

    with pytest.raises(StaleMetricError):
        _ = cm.base


def test_computed_from_what_is_doubtful(storage: Storage) -> None:
    """What was computed from a stale input is looked at again like that when another policy is set."""
    _ = Lab(storage).base
    FACTOR[0] = 2.0
    cm = Lab(storage)
    with pytest.warns(StaleMetricWarning):
        assert cm.middle == 10.0
    cm.on_stale = "strict"

    with pytest.raises(StaleMetricError):
        _ = cm.middle
    cm.on_stale = "fresh"
    assert cm.middle == 20.0


def test_coroutines_may_say_so(storage: Storage) -> None:
    """``aget`` takes ``on_stale``, for what is in memory too."""
    _ = Lab(storage).base
    FACTOR[0] = 2.0
    cm = Lab(storage)
    with pytest.warns(StaleMetricWarning):
        assert asyncio.run(cm.aget(Lab.base)) == 1.0

    assert asyncio.run(cm.aget(Lab.base, on_stale="fresh")) == 2.0


# ------------------------------------------------------------------------------------------------ before it begins
def test_sweep_refuses_before_its_first_task(storage: Storage) -> None:
    """What an input makes an error is told before anything of a sweep is computed, not in the course of it."""
    _ = Lab(storage).base
    FACTOR[0] = 2.0
    with computing() as computed, pytest.raises(StaleMetricError):
        Lab(storage).get_all([Lab.slow, Lab.middle], on_stale="strict")

    assert computed == []


def test_what_may_not_be_read_refuses_nothing(storage: Storage) -> None:
    """An input in a branch may not be read at all: then it is no error that it is stale."""
    _ = Lab(storage).base
    FACTOR[0] = 2.0

    assert Lab(storage).get(Lab.perhaps, on_stale="strict") == 0.0


def test_without_a_storage_everything_is_missing() -> None:
    """``{"missing": "error"}`` is an error of a manager without a storage."""
    with pytest.raises(StaleMetricError):
        Lab().get(Lab.base, on_stale={"missing": "error"})


class Values:
    """A storage of three methods, which keeps no records."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def exists(self, name: str, /) -> bool:
        return name in self.values

    def save(self, name: str, data: object, /) -> None:
        self.values[name] = data

    def load(self, name: str, /) -> object:
        return self.values[name]


def test_strict_refuses_what_has_no_record() -> None:
    """What says nothing of its code is used in silence, but not under ``strict``."""
    values = Values()
    assert Lab(values).base == 1.0
    FACTOR[0] = 2.0

    assert Lab(values).base == 1.0
    with pytest.raises(StaleMetricError) as refused:
        Lab(values).get(Lab.base, on_stale="strict")
    assert refused.value.reasons == ("unknown",)


# ------------------------------------------------------------------------------------------------------- warnings
def test_warning_as_an_error_is_one_each_time(storage: Storage) -> None:
    """Where warnings are errors, the second reading is not served in silence; afterwards all is as ever."""
    _ = Lab(storage).base
    FACTOR[0] = 2.0
    cm = Lab(storage)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            with pytest.raises(StaleMetricWarning):
                _ = cm.base
    with pytest.warns(StaleMetricWarning):
        assert cm.base == 1.0


def test_warning_stands_where_the_value_is_asked_for(storage: Storage) -> None:
    """The warning of a parameter set is about the line that has called it."""
    _ = Lab(storage).swept(1)
    FACTOR[0] = 2.0
    with pytest.warns(StaleMetricWarning) as caught:
        _ = Lab(storage).swept(1)

    assert [each.filename for each in caught] == [__file__]


# ------------------------------------------------------------------------------------------------ fields and files
def test_policy_may_be_a_field(storage: Storage) -> None:
    """A field ``on_stale`` is no input; what it is not to be shows when it is needed."""
    _ = Chosen().use(storage).value
    FACTOR[0] = 2.0

    with pytest.raises(StaleMetricError):
        _ = Chosen("strict").use(storage).value
    with pytest.raises(MetricDeclarationError):
        _ = Chosen("strikt").use(storage).value  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert Chosen("fresh").use(storage).value == 2.0


def test_function_that_names_other_files_by_now(storage: Storage, tmp_path: Path) -> None:
    """A file that ``files=`` gives now and did not then is a change."""
    FOLDER[0] = tmp_path
    (tmp_path / "a.txt").touch()
    assert Lab(storage).names == "a.txt"
    (tmp_path / "b.txt").touch()

    assert Lab(storage).names == "a.txt,b.txt"
    assert Lab(storage).why(Lab.names).status == "fresh"


def test_directory_is_no_file(storage: Storage, tmp_path: Path) -> None:
    """A directory in ``files=`` is refused, as nothing that changes in it would be noticed."""
    FOLDER[0] = tmp_path

    with pytest.raises(MetricDeclarationError, match="names the directory"):
        _ = Lab(storage).folder
