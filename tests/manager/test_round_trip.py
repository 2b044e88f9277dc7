"""Every kind of value, through a manager and each storage, into another process and back."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simple_metrics_manager import (
    CannotStoreError,
    DatedCacheManager,
    JsonStorageInterface,
    Metric,
    NpyStorageInterface,
    NpzStorageInterface,
    StorageInterface,
)
from tests.payload.samples import PAIRS, REQUIRED_PAIRS, same

ROOT = Path(__file__).resolve().parent.parent.parent
STORAGES: dict[str, Callable[[Path], StorageInterface]] = {
    "npz": NpzStorageInterface,
    "npy": NpyStorageInterface,
    "json": JsonStorageInterface,
}
KEPT = {"npz": 1.0, "npy": 0.9, "json": 0.9}
"""Of the pairs, how many each storage keeps; the others it refuses, and says what to do."""


def manager(index: int, compute: bool, storage: StorageInterface) -> DatedCacheManager:
    """A manager with one metric, of the declared type of one pair."""
    declared, value = PAIRS[index]

    def value_of_pair(self: DatedCacheManager) -> object:
        if not compute:
            raise LookupError("this process was to load it")
        return value

    value_of_pair.__annotations__["return"] = declared
    members: dict[str, object] = {"verbose": False, "m": Metric(value_of_pair), "__module__": "pairs"}
    members["on_stale"] = {"global_changed": "use"}  # that is ``compute``
    made: DatedCacheManager = type(f"Pair{index}", (DatedCacheManager,), members)(storage)
    return made


def load_all(kind: str, folder: str) -> int:
    """In the other process: how many values come back as what they were; any that does not is an error."""
    storage, count = STORAGES[kind](Path(folder)), 0
    for index, (_, value) in enumerate(PAIRS):
        cm = manager(index, False, storage)
        if cm.exists("m"):
            assert same(value, cm["m"]), PAIRS[index]
            count += 1
    return count


@pytest.mark.parametrize("kind", STORAGES)
def test_values_come_back_in_another_process(kind: str, tmp_path: Path) -> None:
    """What is computed, what is read again, and what another process loads are the same, type by type."""
    stored = 0
    for index, (_, value) in enumerate(PAIRS):
        cm = manager(index, True, STORAGES[kind](tmp_path))
        with contextlib.suppress(CannotStoreError):  # of a pair that this format refuses; the value is in memory then
            assert same(value, cm["m"])
            stored += 1
        assert same(value, cm["m"])
    program = f"from tests.manager.test_round_trip import load_all; print(load_all({kind!r}, {str(tmp_path)!r}))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == (f"{stored}\n", "")
    assert len(PAIRS) >= stored >= KEPT[kind] * len(PAIRS) > REQUIRED_PAIRS
