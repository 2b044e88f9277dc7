"""Nothing is lost by a refusal: what was computed stays in memory, what was stored stays stored."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import (
    CannotStoreError,
    CorruptMetricError,
    DatedCacheManager,
    MetricTypeError,
    NpyStorageInterface,
    NpzStorageInterface,
    SaveError,
    WrongIdentityError,
    metric,
)
from tests import folders


class Lying(DatedCacheManager):
    """Metrics that do not return what they say."""

    verbose = False
    runs = 0

    @metric
    def table(self) -> dict[str, list[float]]:
        Lying.runs += 1
        wrong: dict[str, Any] = {"a": [1.0], "b": ["two"]}
        return wrong

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        wrong: NDArray[Any] = np.zeros(3, np.float32)
        return wrong


def test_a_value_that_does_not_fit_is_refused_with_its_path(tmp_path: Path) -> None:
    """The error says where in the value what was found; nothing is stored."""
    cm = Lying(NpzStorageInterface(tmp_path))

    with pytest.raises(MetricTypeError) as caught:
        _ = cm.table

    assert "Lying.table is declared -> dict[str, list[float]]" in str(caught.value)
    assert "b" in caught.value.problem and "str" in caught.value.problem
    assert folders.files(tmp_path) == []


def test_the_refused_value_stays_available() -> None:
    """It can be had from ``cache`` and is not computed again; the message says how to go on."""
    Lying.runs = 0
    cm = Lying()
    for _ in range(2):
        with pytest.raises(MetricTypeError, match=r"kept in memory, as cache\['table'\]"):
            _ = cm.table

    assert cm.cache["table"] == {"a": [1.0], "b": ["two"]}
    assert Lying.runs == 1
    with pytest.raises(MetricTypeError):
        cm.get(Lying.table, use_stored=False)
    assert Lying.runs == 2


def test_a_wrong_dtype_is_refused() -> None:
    """An array of another dtype is not converted behind the user's back."""
    with pytest.raises(MetricTypeError, match=r"expected NDArray\[np.float64\], got an array of dtype float32"):
        _ = Lying().spectrum


def test_what_a_format_cannot_keep_stays_in_memory(tmp_path: Path) -> None:
    """npy holds one array: two are refused with the way out, and stay in memory."""

    class Pair(DatedCacheManager):
        verbose = False

        @metric
        def two(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            return np.zeros(2), np.ones(2)

    cm = Pair(NpyStorageInterface(tmp_path))
    with pytest.raises(CannotStoreError, match="NpzStorageInterface"):
        _ = cm.two

    np.testing.assert_array_equal(cm.two[1], [1.0, 1.0])
    assert folders.files(tmp_path) == []


@attrs.define
class Full:
    """A file system that is full while ``on``."""

    on: bool = False


# EVIDENCE-OF: P3
def test_a_failed_save_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the old value stands, the new one is in memory, and the same process can go on."""
    disk, real = Full(), os.fsync

    def fsync(fd: int) -> None:
        if disk.on:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)

    class Growing(DatedCacheManager):
        verbose = False
        value = 0

        @metric
        def size(self) -> int:
            Growing.value += 1
            return Growing.value

    cm = Growing(NpzStorageInterface(tmp_path))
    assert cm.size == 1
    disk.on = True
    with pytest.raises(SaveError, match="No space left on device") as caught:
        cm.get(Growing.size, use_stored=False)

    assert isinstance(caught.value, OSError)
    assert "size" in caught.value.name
    assert cm.size == 2
    assert Growing(NpzStorageInterface(tmp_path)).size == 1
    assert folders.names(tmp_path) == ["test_a_failed_save_loses_nothing.Growing.size.npz"]
    disk.on = False
    assert cm.save(Growing.size, force=True) == 3
    assert Growing(NpzStorageInterface(tmp_path)).size == 3


class Simple(DatedCacheManager):
    """Two metrics."""

    verbose = False

    @metric
    def one(self) -> int:
        return 1

    @metric
    def two(self) -> int:
        return 2


# EVIDENCE-OF: P5
def test_swapped_files_are_noticed(tmp_path: Path) -> None:
    """A file that holds another metric than its name says is never returned as that metric."""
    Simple(NpzStorageInterface(tmp_path)).get_all()
    one, two, aside = tmp_path / "Simple.one.npz", tmp_path / "Simple.two.npz", tmp_path / "aside"
    one.rename(aside)
    two.rename(one)
    aside.rename(two)

    with pytest.raises(WrongIdentityError, match=r"Simple.one.npz holds Simple.two"):
        _ = Simple(NpzStorageInterface(tmp_path)).one
    assert Simple(NpzStorageInterface(tmp_path)).get(Simple.one, use_stored=False) == 1
    assert Simple(NpzStorageInterface(tmp_path)).one == 1


def damage(path: Path) -> bytes:
    """Flip one bit in the middle of a file; what it is then."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return bytes(data)


# EVIDENCE-OF: P4
def test_damage_is_mended_where_the_metric_can_be_computed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged file is set aside, whole, and the metric computed anew; both are told."""
    storage = NpzStorageInterface(tmp_path)
    assert Simple(storage).one == 1
    damaged = [damage(tmp_path / "Simple.one.npz")]
    assert Simple(storage).get(Simple.one, verbose=True) == 1
    damaged.append(damage(tmp_path / "Simple.one.npz"))
    assert Simple(storage).one == 1

    aside = [tmp_path / f"Simple.one.npz.{number}.damaged" for number in (1, 2)]
    assert [path.read_bytes() for path in aside] == damaged
    assert list(storage.names()) == ["Simple.one"]
    printed = capsys.readouterr().out
    assert printed.startswith("Set aside what is stored of one, it is damaged: ")
    assert f"; it is {aside[0]} now\nCompute one\n" in printed


# EVIDENCE-OF: P4
def test_damage_is_an_error_where_one_says_so(tmp_path: Path) -> None:
    """``load`` and ``on_corrupt = "error"`` raise, name the file and leave it where it is."""
    storage = NpzStorageInterface(tmp_path)
    assert Simple(storage).one == 1
    data = damage(tmp_path / "Simple.one.npz")
    careful = Simple(storage)
    careful.on_corrupt = "error"

    with pytest.raises(CorruptMetricError, match=r"Simple\.one\.npz is damaged"):
        Simple(storage).load(Simple.one)
    with pytest.raises(CorruptMetricError, match=r"Simple\.one\.npz is damaged"):
        _ = careful.one
    assert [path.read_bytes() for path in folders.files(tmp_path)] == [data]
    assert careful.get(Simple.one, use_stored=False) == 1
    assert Simple(storage).load(Simple.one) == 1
