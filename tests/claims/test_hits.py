"""What is there is given without any lock: neither one among threads, nor one among processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric
from simple_metrics_manager.asking import running
from simple_metrics_manager.claims.flocks import FileLocks


class Lab(DatedCacheManager):
    """Values that can be promoted, and that cannot."""

    verbose = False

    @metric
    def number(self) -> float:
        return 1.5

    @metric
    def numbers(self) -> list[int]:
        return [1, 2]

    @metric(params_list=[(1,), (2,)])
    def point(self, n: int) -> int:
        return n


class Locked:
    """A lock that nobody may take."""

    def __enter__(self) -> object:
        raise AssertionError("a lock was taken")

    def __exit__(self, *_: object) -> None:
        """It was not."""


def everything(cm: Lab) -> tuple[object, ...]:
    """All values, asked for in each way."""
    return (cm.number, cm.numbers, cm.point(2), cm.get(Lab.number), cm[Lab.point(1)], cm["numbers"])


def test_what_is_in_memory_takes_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that read what is in memory never wait for one another."""
    cm = Lab(NpzStorageInterface(tmp_path))
    before = everything(cm)
    everything(cm)
    monkeypatch.setattr(running, "switch", Locked())
    monkeypatch.setattr(running, "_waiting", Locked())

    assert everything(cm) == before


def test_what_is_stored_takes_no_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that read what is stored never wait for one another."""
    before = everything(Lab(NpzStorageInterface(tmp_path)))

    def attempt(self: FileLocks, name: str) -> object:
        raise AssertionError(f"a claim on {name} was wanted")

    monkeypatch.setattr(FileLocks, "attempt", attempt)

    assert everything(Lab(NpzStorageInterface(tmp_path))) == before
    with pytest.raises(AssertionError, match=r"a claim on Lab\.number was wanted"):
        Lab(NpzStorageInterface(tmp_path)).get(Lab.number, use_stored=False)
