"""Whatever fails beside it, a value that was computed is kept, and a value that was stored stands."""

from __future__ import annotations

import contextvars
import multiprocessing
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from simple_metrics_manager import (
    CannotStoreError,
    DatedCacheManager,
    JsonStorageInterface,
    MetricTypeError,
    NpzStorageInterface,
    metric,
)
from simple_metrics_manager.events import Event, listening

# Another function stands in for one that must not run again: that its code is another one is told elsewhere.
pytestmark = pytest.mark.filterwarnings("ignore::simple_metrics_manager.StaleMetricWarning")

PATIENCE = 20.0


class Shelf:
    """A storage of three methods that may be full."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.full = False

    def exists(self, name: str) -> bool:
        return name in self.values

    def load(self, name: str) -> object:
        return self.values[name]

    def save(self, name: str, data: object) -> None:
        if self.full:
            raise OSError("no room")
        self.values[name] = data


class Counting(DatedCacheManager):
    """Counts its computations."""

    verbose = False

    def __init__(self) -> None:
        self.runs = 0

    @metric
    def x(self) -> int:
        self.runs += 1
        return self.runs

    @metric
    def listed(self) -> list[int]:
        self.runs += 1
        return [self.runs]


def test_what_could_not_be_saved_is_saved_later() -> None:
    """After a failed save, ``save`` stores the value that is in memory, and computes nothing."""
    shelf = Shelf()
    cm = Counting().use(shelf)
    assert cm.x == 1
    shelf.full = True
    with pytest.raises(OSError, match="no room"):
        cm.get(Counting.x, use_stored=False)
    shelf.full = False

    assert (cm.save(Counting.x), shelf.values["Counting.x"], cm.runs) == (2, 2, 2)


def test_another_storage_gets_what_was_computed(tmp_path: Path) -> None:
    """The way out that an error names costs no second computation."""
    cm = Counting().use(NpzStorageInterface(tmp_path / "short", list_limit=0))
    with pytest.raises(CannotStoreError, match="list_limit=0"):
        _ = cm.listed
    cm.use(NpzStorageInterface(tmp_path / "long"))

    assert (cm.listed, cm.runs) == ([1], 1)
    assert NpzStorageInterface(tmp_path / "long").load("Counting.listed") == [1]


def test_a_manager_without_a_storage_can_be_given_one(tmp_path: Path) -> None:
    """What a manager computed for its memory only is stored when it has a storage and is read again."""
    cm = Counting()
    assert cm.x == 1
    cm.use(JsonStorageInterface(tmp_path))

    assert (cm.x, cm.runs) == (1, 1)
    assert JsonStorageInterface(tmp_path).load("Counting.x") == 1


class Turning(DatedCacheManager):
    """Returns what it should only at first."""

    verbose = False
    good = True

    @metric
    def x(self) -> int:
        wrong: object = "a night's work"
        return 1 if Turning.good else wrong  # type: ignore[return-value]  # that is the point


def test_a_refused_value_outlives_reads_of_the_stored_one(tmp_path: Path) -> None:
    """The stored value is given again, and the refused one can still be had."""
    cm = Turning(NpzStorageInterface(tmp_path))
    assert cm.x == 1
    Turning.good = False
    with pytest.raises(MetricTypeError, match=r"kept in memory, as cache\['x'\]"):
        cm.get(Turning.x, use_stored=False)

    assert cm.x == 1
    assert dict(cm.cache) == {"x": "a night's work"}
    Turning.good = True
    assert cm.get(Turning.x, use_stored=False) == 1
    assert dict(cm.cache) == {"x": 1}


@pytest.mark.parametrize("stream", [None, open(os.devnull, encoding="ascii", errors="strict", mode="w")])  # noqa: SIM115
def test_nowhere_to_print_to_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: object) -> None:
    """Without a standard output, or with one that knows no Greek, values are computed and stored all the same."""
    monkeypatch.setattr(sys, "stdout", stream)
    cm = Counting().use(NpzStorageInterface(tmp_path))
    cm.verbose = True

    assert cm.x == 1
    assert NpzStorageInterface(tmp_path).load("Counting.x") == 1


def test_a_listener_that_fails_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Errors of listeners are logged; computation and storing go on."""

    def fail(event: Event) -> None:
        raise RuntimeError(f"cannot hear {event.metric}")

    with listening(fail):
        assert Counting().use(NpzStorageInterface(tmp_path)).x == 1

    assert NpzStorageInterface(tmp_path).load("Counting.x") == 1
    assert "cannot hear x" in caplog.text


def test_an_object_that_cannot_be_copied_is_kept(tmp_path: Path) -> None:
    """With pickles allowed, a value that cannot be handed out is refused, told, and not computed again."""
    cm = DatedCacheManager(NpzStorageInterface(tmp_path, allow_pickle=True))
    cm.verbose = False
    runs: list[int] = []

    def locked() -> object:
        runs.append(1)
        return [threading.Lock()]

    cm.set_functions_dict({"locked": locked})
    for _ in range(2):
        with pytest.raises(MetricTypeError, match=r"it cannot be kept: TypeError: .*cannot pickle"):
            cm.get("locked")

    assert len(runs) == 1


def test_no_memory_is_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value for which there was no memory when it was to be kept is kept at the next question, not computed again."""
    cm = Counting().use(NpzStorageInterface(tmp_path))
    with monkeypatch.context() as patched:
        patched.setattr("simple_metrics_manager.asking.computing.lock_payload", _no_memory)
        with pytest.raises(MemoryError):
            _ = cm.x

    assert (cm.x, cm.runs) == (1, 1)
    assert NpzStorageInterface(tmp_path).load("Counting.x") == 1


def _no_memory(payload: object) -> object:
    raise MemoryError


class Later(DatedCacheManager):
    """Keeps the context that it was computed in."""

    verbose = False
    context: contextvars.Context

    @metric
    def a(self) -> int:
        Later.context = contextvars.copy_context()
        return 1


def test_a_context_that_outlives_its_computation_is_no_cycle() -> None:
    """A task that was started inside a metric may ask for it anew when that has ended."""
    cm = Later()
    assert cm.a == 1

    assert Later.context.run(lambda: cm.get(Later.a, use_stored=False)) == 1


class Dying:
    """Asks for a metric when it is destroyed."""

    def __init__(self, cm: DatedCacheManager) -> None:
        self.cm = cm

    def __del__(self) -> None:
        self.cm.get("x")


def test_values_may_ask_for_metrics_when_they_are_destroyed() -> None:
    """Forgetting a value whose destructor asks for a metric ends."""
    cm = Counting()
    keeper = DatedCacheManager(NpzStorageInterface("unused", allow_pickle=True))
    keeper.verbose = False
    keeper.__metrics__.memory.refuse("dying", Dying(cm), ValueError())
    thread = threading.Thread(target=keeper.clear_cache, daemon=True)
    thread.start()
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert cm.x == 1


class Slow(DatedCacheManager):
    """Takes its time."""

    verbose = False

    @metric
    def slow(self) -> int:
        time.sleep(0.5)
        return 3


def _ask(cm: Slow, answers: multiprocessing.SimpleQueue[int]) -> None:
    answers.put(cm.slow)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_waits_for_no_thread_that_it_has_not() -> None:
    """A process that was forked while a thread computes the metric computes it itself."""
    cm = Slow()
    thread = threading.Thread(target=lambda: cm.slow)
    thread.start()
    time.sleep(0.1)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[int] = context.SimpleQueue()
    child = context.Process(target=_ask, args=(cm, answers))
    child.start()
    child.join(PATIENCE)
    alive = child.is_alive()
    child.kill()
    thread.join(PATIENCE)

    assert (alive, child.exitcode, answers.empty()) == (False, 0, False)
    assert answers.get() == 3
