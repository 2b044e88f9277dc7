"""``verify``: a few stored values are computed anew and compared, and nothing else happens."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    MetricsError,
    MetricTypeError,
    NotStoredError,
    NpzStorageInterface,
    ParameterizedDatedCacheManager,
    metric,
)
from simple_metrics_manager.freshness.differing import difference
from simple_metrics_manager.payload.plain import plain_codec
from tests.compat.own_storages import DuckStorage
from tests.freshness.bench import digits, sweep
from tests.test_typing_room import MAKERS, first_metric

HELPED = ("return x * K", "return K * x")
CONSTANT = ("K = 2.0", "K = 3.0")
ROUNDED = ("return x * K", "return x * K * (1 + 1e-12)")


def files(folder: Path) -> dict[Path, bytes]:
    """All that lies in a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "claim" not in str(path)}


def test_equal_values_are_evidence(tmp_path: Path) -> None:
    """After a harmless change all are equal; files, memory and the record are as before, and the report says so."""
    storage = NpzStorageInterface(tmp_path / "cache")
    with digits(tmp_path, storage) as cm:
        sweep_values = cm.get_all([f"inertia,k={k}" for k in range(1, 8)])
    before = files(tmp_path / "cache")
    with digits(tmp_path, storage, HELPED) as cm:
        report = cm.verify(sweep(cm))
        assert [*cm.cache] == []
        assert cm.why("inertia,k=1").status == "stale"
    assert len(sweep_values) == 7
    assert files(tmp_path / "cache") == before
    assert report.ok
    assert report.checked == report.equal == tuple(f"inertia,k={k}" for k in (1, 3, 4, 5, 7))
    assert (report.stored, len(report.changed)) == (7, 1)
    assert str(report).startswith("5 of 5 recomputed points of Digits.inertia are equal: evidence that the change does")
    assert str(report).endswith("cm.accept('inertia', reason=...) keeps all 7.")
    json.dumps(report.to_dict())


def test_different_values_are_told(tmp_path: Path) -> None:
    """Each with the first place where it differs, what was and is there, and the largest difference of all."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    with digits(tmp_path, storage, CONSTANT) as cm:
        report = cm.verify("spectrum")
    (found,) = report.different

    assert not report.ok
    assert (found.metric, found.path, found.old, found.new, found.largest) == ("spectrum", "[1]", "3.0", "4.0", 3.0)
    assert "it matters what has changed (global digits_lab.K changed: 2.0 → 3.0" in str(report)
    assert "spectrum[1] was 3.0, is now 4.0; the largest difference is 3" in str(report)


def test_a_metric_that_is_not_deterministic(tmp_path: Path) -> None:
    """If nothing has changed, differing values are the metric's own doing."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get_all(["noisy", "spectrum"])
        noisy, steady = cm.verify("noisy"), cm.verify("spectrum")

    assert (noisy.ok, noisy.changed) == (False, ())
    assert "so the metric is not deterministic" in str(noisy)
    assert (steady.ok, steady.changed) == (True, ())
    assert "deterministic as far as this tells" in str(steady)


@pytest.mark.parametrize("name", ["spectrum", "fit"])
def test_floats_may_be_close(tmp_path: Path, name: str) -> None:
    """Exactly compared, a last digit is a difference; with a tolerance it is none, in a record of arrays either."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get(name)
    slight = ("return Fit(1.5, self.pixels * 0.5)", "return Fit(1.5 + 1e-12, scaled(self.pixels) * 0.25)")
    with digits(tmp_path, storage, ROUNDED, slight) as cm:
        (exact,) = cm.verify(name).different
        assert cm.verify(name, allclose=True).ok
        assert cm.verify(name, allclose=(0.0, 1e-9)).ok
        assert not cm.verify(name, allclose=(0.0, 0.0)).ok

    assert exact.path == {"spectrum": "[1]", "fit": ".slope"}[name]
    assert exact.largest is not None
    assert 0 < exact.largest < 1e-10


def test_inputs_are_read_as_they_are_stored(tmp_path: Path) -> None:
    """Not as they are in memory, and though they are stale themselves, which the report says."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    with digits(tmp_path, storage, ("np.arange(4.0)", "np.arange(4.0) + 1.0")) as cm:
        cm.compute("pixels", force=True)
        report = cm.verify("spectrum")

    assert report.ok
    assert report.stale_inputs == ("pixels",)


def test_a_missing_input_is_not_stored(tmp_path: Path) -> None:
    """It is computed for the occasion."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
        storage.delete("Digits.pixels")
    with digits(tmp_path, storage) as cm:
        assert cm.verify("spectrum").ok

    assert [*storage.names()] == ["Digits.spectrum"]


def test_a_function_that_fails(tmp_path: Path) -> None:
    """Is reported, not raised, and not kept as the last error of the metric."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    with digits(tmp_path, storage, ("+ 1.0", "+ missing")) as cm:
        report = cm.verify("spectrum")
        assert cm.last_error("spectrum") is None

    assert (report.ok, [failure.error for failure in report.failed]) == (False, ["NameError"])
    assert "its function fails with today's code" in str(report)


@pytest.mark.parametrize(
    ("sample", "seed", "expected"), [(1, None, [1]), (2, None, [1, 7]), (3, None, [1, 4, 7]), (9, None, [*range(1, 8)])]
)
def test_the_sample_is_spread(tmp_path: Path, sample: int, seed: int | None, expected: list[int]) -> None:
    """Evenly over the sweep, the same each time."""
    with digits(tmp_path, NpzStorageInterface(tmp_path)) as cm:
        cm.get_all([f"inertia,k={k}" for k in range(1, 8)])
        report = cm.verify(sweep(cm), sample, seed=seed)

    assert report.checked == tuple(f"inertia,k={k}" for k in expected)


def test_a_sample_at_random(tmp_path: Path) -> None:
    """With a seed it is another one, the same for the same seed; points that were asked for besides may be in it."""
    with digits(tmp_path, NpzStorageInterface(tmp_path)) as cm:
        cm.get_all([f"inertia,k={k}" for k in range(1, 8)])
        cm.get(getattr(type(cm), "inertia")(30))  # noqa: B009
        samples = {cm.verify("inertia", 3, seed=seed).checked for seed in range(20)}
        again = {cm.verify("inertia", 3, seed=seed).checked for seed in range(20)}

    assert samples == again
    assert len(samples) > 10
    assert any("inertia,k=30" in sample for sample in samples)


def test_only_what_has_changed_is_sampled(tmp_path: Path) -> None:
    """Values of today's code say nothing about the change."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("inertia,k=5")
    with digits(tmp_path, storage, HELPED) as cm:
        cm.get_all(["inertia,k=1", "inertia,k=2"])
        report = cm.verify("inertia")

    assert (report.checked, report.stored) == (("inertia,k=5",), 1)


def test_what_cannot_be_verified(tmp_path: Path) -> None:
    """Nothing stored, nothing sampled, no tolerance: each is told."""
    with digits(tmp_path, NpzStorageInterface(tmp_path)) as cm:
        with pytest.raises(NotStoredError):
            cm.verify("spectrum")
        with pytest.raises(NotStoredError):
            cm.verify("inertia")
        cm.get("spectrum")
        with pytest.raises(ValueError, match="sample=0"):
            cm.verify("spectrum", 0)
        with pytest.raises(ValueError, match="relative and an absolute"):
            cm.verify("spectrum", allclose=(-1.0, 0.0))
    with digits(tmp_path, None) as cm:
        cm.get("spectrum")
        with pytest.raises(NotStoredError, match="there is no storage"):
            cm.verify("spectrum")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_every_kind_of_manager(make: Callable[[], DatedCacheManager], tmp_path: Path) -> None:
    """Attrs classes, dataclasses, constructors of one's own: a manager is copied with what it was made with."""
    manager = make().use(NpzStorageInterface(tmp_path))
    key = first_metric(manager)
    manager.get(key)
    before = files(tmp_path)
    report = manager.verify(key)

    assert (report.ok, report.failed) == (True, ())
    assert files(tmp_path) == before


def test_collected_functions(tmp_path: Path) -> None:
    """They are verified by their names, or all of one function's points."""
    manager = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path))
    manager.verbose = False

    @manager.collect(params_list=[(1,), (2,)])
    def poly(a: int) -> float:
        return a * 2.0

    @manager.collect
    def when() -> float:
        return time.time()

    poly.get_all()
    when.cached()
    assert manager.verify(manager.poly).equal == manager.verify(poly).equal == ("poly_1", "poly_2")
    assert len(manager.verify("when").different) == 1


def test_a_storage_of_three_methods() -> None:
    """What it gives back is compared with what it would give back."""
    storage = DuckStorage()
    cm = Steady(storage)
    cm.get_all()
    before = dict(storage.kept)

    assert cm.verify("ones").ok
    assert cm.verify(cm.shifted).ok
    assert storage.kept == before


class Steady(DatedCacheManager):
    """Verified on workers as well."""

    verbose = False
    calls: ClassVar[list[int]] = []

    @metric
    def ones(self) -> NDArray[np.float64]:
        return np.ones(3)

    @metric(params_list=[(1,), (2,), (3,)])
    def shifted(self, by: int) -> NDArray[np.float64]:
        if by == 3 and multiprocessing.parent_process() is not None:
            raise MetricTypeError("shifted", "float", "on a worker")
        return self.ones + by


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_on_an_executor(kind: str, tmp_path: Path) -> None:
    """Workers compute and compare, and hand back what they found: failures too."""
    cm = Steady(NpzStorageInterface(tmp_path))
    cm.get_all()
    before = files(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    pool = ThreadPoolExecutor(2) if kind == "threads" else ProcessPoolExecutor(2, mp_context=spawn)
    with pool:
        report = cm.verify(cm.shifted, executor=pool)

    assert files(tmp_path) == before
    assert len(report.equal) == (3 if kind == "threads" else 2)
    assert all(isinstance(failure.exception, MetricsError) and failure.host for failure in report.failed)


# -------------------------------------------------------------------------------------------------------- comparing
NUMBERS = st.floats() | st.integers(-(2**62), 2**62)
TREES = st.recursive(
    NUMBERS | st.text(max_size=3) | st.none() | hnp.arrays(np.float64, st.integers(0, 4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


@given(TREES, TREES)
def test_a_difference_is_found_if_there_is_one(one: object, other: object) -> None:
    """Values that are taken apart to the same differ nowhere, others somewhere; with a tolerance no more."""
    codec = plain_codec()
    first, second = codec.dump(one), codec.dump(other)
    texts = [repr((p.tree, [(n, a.dtype, a.shape, a.tobytes()) for n, a in p.arrays.items()])) for p in (first, second)]
    found = difference("m", first, second, None)

    assert difference("m", first, codec.dump(one), None) is None
    if texts[0] == texts[1]:
        assert found is None
    elif found is None:
        assert sorted(texts[0]) == sorted(texts[1])  # the keys of a dictionary stand in another order
    if found is None:
        assert difference("m", first, second, (1e-5, 1e-8)) is None


@pytest.mark.parametrize(
    ("old", "new", "path", "largest"),
    [
        ([1.0, 2.0], [1.0, 2.5], "[1]", 0.5),
        ({"a": [1, {"b c": 2}]}, {"a": [1, {"b c": 4}]}, ".a[1]['b c']", 2.0),
        ({"a": 1}, {"a": 1, "b": 2}, ".b", None),
        ([1, 2], [1], "[1]", None),
        ("x", "y", "", None),
        (1.0, float("nan"), "", np.inf),
        (np.array([0.0, 1.0]), np.array([-0.0, 4.0]), "[0]", 3.0),
        (np.eye(2), np.array([[1.0, 0.0], [np.inf, 1.0]]), "[1, 0]", np.inf),
        (np.zeros(2), np.zeros(3), "", None),
        (np.zeros(2), np.zeros(2, np.float32), "", None),
        (np.array(["a", "b"]), np.array(["a", "c"]), "[1]", None),
        (np.array([200], np.uint8), np.array([10], np.uint8), "[0]", 190.0),
        (np.array(1 + 1j), np.array(1 + 4j), "", 3.0),
    ],
)
def test_where_values_differ(old: object, new: object, path: str, largest: float | None) -> None:
    """The path reads as in Python; differences of things that are no numbers have no size."""
    codec = plain_codec()
    found = difference("m", codec.dump(old), codec.dump(new), None)

    assert found is not None
    assert (found.path, found.largest) == (path, largest)
