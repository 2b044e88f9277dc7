"""Writers, readers and sudden deaths on the same few keys, for ``SMM_SOAK_SECONDS`` (4 unless it says otherwise)."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, metric
from simple_metrics_manager.stores import Directory
from tests.faults.engine import Child, Outcome, needs_tracer
from tests.faults.subject import STORAGES, AnyStorage, age, leftovers

pytestmark = [needs_tracer, pytest.mark.forks]  # not that it is traced: but this is about the same systems

SECONDS = float(os.environ.get("SMM_SOAK_SECONDS", "4"))
NAMES = ("npz", "npy", "json")
DEATHS = 6
"""Of writers at least, however slow the machine is."""

KEYS = 3
SIZES = (8, 5_000, 100_000)
"""Floats: read at once, written in pieces, mapped."""


class Stream(DatedCacheManager):
    """Metrics of which each computation gives another value: the time, again and again."""

    verbose = False

    @metric(params_list=[(key,) for key in range(KEYS)])
    def level(self, key: int) -> NDArray[np.float64]:
        return np.full(SIZES[key], time.time())


def write(storage: AnyStorage) -> None:
    """Save, for ever."""
    chance = random.Random(os.getpid())
    while True:
        Stream(storage).get(Stream.level(chance.randrange(KEYS)), use_stored=False)


def read(storage: AnyStorage, until: float) -> int:
    """Read, and fail at anything that is not a whole value with its own date; how many were read."""
    reads = 0
    while time.time() < until or reads < 12:
        for key in range(KEYS):
            cm = Stream(storage)
            value = cm.load(Stream.level(key))
            then = float(value[0])
            assert value.size == SIZES[key]
            assert bool((value == then).all()), "torn"
            assert 0 <= cm.date(Stream.level(key)).timestamp() - then < 5, "the date of another"
            reads += 1
        assert set(storage.names()) == {f"Stream.level,key={key}" for key in range(KEYS)}
    return reads


def soak(storage: AnyStorage, seconds: float) -> tuple[int, list[Outcome[int]]]:
    """Two readers, and two writers that are killed every now and then; how many were, and what the readers say."""
    until, chance, killed = time.time() + seconds, random.Random(0), 0
    readers = [Child(lambda: read(storage, until)) for _ in range(2)]
    writers = [Child(lambda: write(storage)) for _ in range(2)]
    while time.time() < until or killed < DEATHS:
        time.sleep(chance.uniform(0.01, 0.05))
        index = chance.randrange(len(writers))
        writers[index].kill()
        assert writers[index].outcome().ending == "killed"
        writers[index] = Child(lambda: write(storage))
        killed += 1
    for writer in writers:
        writer.kill()
        assert writer.outcome().ending == "killed"
    return killed, [reader.outcome() for reader in readers]


@pytest.mark.parametrize("name", NAMES)
# EVIDENCE-OF: P1
# EVIDENCE-OF: P9
def test_soak(tmp_path: Path, name: str) -> None:
    """Nobody ever reads a torn value or meets an error, and the dead leave nothing that a sweep does not remove."""
    storage = STORAGES[name](tmp_path)
    for key in range(KEYS):
        Stream(storage).get(Stream.level(key))
    killed, readers = soak(storage, SECONDS / len(NAMES))

    assert [reader.failure for reader in readers] == ["", ""]
    assert all(reader.result() > 10 for reader in readers)
    assert killed >= DEATHS
    age(tmp_path)
    left = len(leftovers(tmp_path))
    assert Directory(tmp_path, storage.file_ext).sweep() == left
    assert len(list(tmp_path.iterdir())) == KEYS
    assert all(Stream(storage).load(Stream.level(key)).size == SIZES[key] for key in range(KEYS))
