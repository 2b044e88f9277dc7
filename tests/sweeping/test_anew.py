"""What is held in some process is not what a sweep that computes anew gives back, nor what it stores."""

from __future__ import annotations

import errno
import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simple_metrics_manager import (
    Failure,
    MemoryStorageInterface,
    NpzStorageInterface,
    SaveError,
    TieredStorageInterface,
)
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.directory import Directory
from simple_metrics_manager.storing.failures import keep_failure
from tests.sweeping.scale import FACTOR, Scale


@pytest.fixture
def scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Says the factor from now on."""
    file = tmp_path / "factor"
    monkeypatch.setenv(FACTOR, str(file))

    def say(number: float) -> None:
        file.write_text(str(number), encoding="utf-8")

    say(1.0)
    return say


def test_workers_that_live_on_forget(tmp_path: Path, scale: Callable[[float], None]) -> None:
    """Workers that computed with an old input do not use it for the next sweep, here or in the storage."""
    cm = Scale(NpzStorageInterface(tmp_path / "metrics"))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert cm.length.get_all(executor=pool) == [0, 1, 2, 3]
        scale(10.0)
        assert cm.get_all(executor=pool, use_stored=False)["unit"] == 10.0
        assert cm.length.get_all(executor=pool, use_stored=False) == [0, 10, 20, 30]

    assert Scale(NpzStorageInterface(tmp_path / "metrics")).length.get_all() == [0, 10, 20, 30]


def test_copies_that_are_used_unseen_are_dropped(tmp_path: Path, scale: Callable[[float], None]) -> None:
    """What workers have computed anew is read from where they stored it, not from a copy of what was there before."""
    storage = TieredStorageInterface(MemoryStorageInterface(), NpzStorageInterface(tmp_path / "metrics"), check="never")
    Scale(storage).length.get_all()
    cm = Scale(storage)  # whose reads leave copies
    assert cm.get_all()["length,n=3"] == 3.0
    scale(10.0)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert cm.get_all(executor=pool, use_stored=False)["length,n=3"] == 30.0

    assert Scale(storage).length.get_all() == [0, 10, 20, 30]


def test_workers_get_what_is_held_here(tmp_path: Path, scale: Callable[[float], None]) -> None:
    """What was computed here, and not stored, is stored for workers before they begin."""
    cm = Scale(NpzStorageInterface(tmp_path / "metrics"))
    cm.compute(Scale.length(3))
    scale(10.0)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        values = cm.length.get_all(executor=pool)

    assert values[3] == 3.0
    assert values == Scale(NpzStorageInterface(tmp_path / "metrics")).length.get_all()


def test_failures_are_tried_anew(tmp_path: Path, scale: Callable[[float], None]) -> None:
    """``retry_failed`` computes what failed although an older value is stored."""
    cm = Scale(NpzStorageInterface(tmp_path))
    assert cm.length(2) == 2.0
    scale(-1.0)
    failed = cm.get_all([Scale.length(2)], use_stored=False, on_error="collect")
    assert [type(value) for value in failed] == [Failure]
    scale(1.0)
    cm.get("unit", use_stored=False)

    assert list(cm.failures()) == ["length,n=2"]
    assert cm.retry_failed() == {"length,n=2": 2.0}
    assert cm.failures() == {}


@pytest.mark.parametrize("year", [1990, 2190])
def test_whether_a_failure_is_the_latest_word_no_clock_says(
    tmp_path: Path, scale: Callable[[float], None], year: int
) -> None:
    """The clock of a worker may be wrong: a failure counts as long as what was stored then is what is stored now."""
    storage = NpzStorageInterface(tmp_path)
    cm = Scale(storage)
    failure = Failure("length,n=2", "", "OddError", "odd", date=datetime(year, 1, 1, tzinfo=UTC))
    keep_failure(storage, "Scale.length,n=2", failure)
    assert list(cm.failures()) == ["length,n=2"]
    assert cm.length(2) == 2.0
    assert cm.failures() == {}
    keep_failure(storage, "Scale.length,n=2", failure)
    assert list(Scale(storage).failures()) == ["length,n=2"]
    assert cm.get(Scale.length(2), use_stored=False) == 2.0

    assert Scale(storage).failures() == {}


def test_what_could_not_be_stored_is_stored_by_the_next_run(
    tmp_path: Path, scale: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep whose saves failed is simply run again: it stores what it holds, and computes nothing."""
    cm = Scale(NpzStorageInterface(tmp_path / "metrics"))

    def full(self: Directory, name: str, pieces: Iterable[Buffer]) -> bool:
        raise SaveError(name, str(self.path), "disk full") from OSError(errno.ENOSPC, "disk full")

    with monkeypatch.context() as patched:
        patched.setattr(Directory, "create", full)
        found = cm.length.get_all(on_error="collect")
    assert all(isinstance(value, Failure) for value in found)
    scale(10.0)

    assert cm.length.get_all(dry_run=True).todo == 4
    assert cm.length.get_all() == [0, 1, 2, 3]
    assert Scale(NpzStorageInterface(tmp_path / "metrics")).length.get_all() == [0, 1, 2, 3]


def test_a_pool_of_threads_may_be_used_inside(tmp_path: Path, scale: Callable[[float], None]) -> None:
    """A sweep that runs in a thread of the pool that it is given runs there, and waits for no other thread."""
    cm = Scale(NpzStorageInterface(tmp_path / "metrics"))
    with ThreadPoolExecutor(1) as pool:
        values = pool.submit(lambda: cm.length.get_all(executor=pool)).result(timeout=20)

    assert values == [0, 1, 2, 3]


def test_a_class_is_no_executor(tmp_path: Path, scale: Callable[[float], None]) -> None:
    """The class in place of an executor is told as what it is."""
    cm = Scale(NpzStorageInterface(tmp_path / "metrics"))

    with pytest.raises(TypeError, match=r"is no executor: give one, as in ThreadPoolExecutor\(4\)"):
        cm.length.get_all(executor=ThreadPoolExecutor)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
