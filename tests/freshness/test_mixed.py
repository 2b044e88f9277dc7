"""Points of one sweep that different versions of the code have computed: they are told, counted, and refused."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    NpzStorageInterface,
    ParameterizedMetric,
    StaleMetricError,
    StaleMetricWarning,
)
from simple_metrics_manager.freshness.staleness import SweepStaleness

LAB = """
from simple_metrics_manager import DatedCacheManager, metric

class Lab(DatedCacheManager):
    verbose = False

    @metric(params_list=[(1,), (2,), (3,)])
    def scaled(self, k: int) -> float:
        return k * 2.0
"""


@contextmanager
def lab(folder: Path, source: str) -> Generator[DatedCacheManager]:
    """A manager of an edition of the program, over what all of them have stored."""
    edition = folder / f"edition{len(list(folder.glob('edition*')))}"
    edition.mkdir()
    (edition / "mixed_lab.py").write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("mixed_lab", edition / "mixed_lab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mixed_lab"] = module
    try:
        spec.loader.exec_module(module)
        yield cast("type[DatedCacheManager]", module.Lab)(NpzStorageInterface(folder / "stored"))
    finally:
        del sys.modules["mixed_lab"]


def scaled(cm: DatedCacheManager) -> ParameterizedMetric[[int], float]:
    """The sweep."""
    return cast("ParameterizedMetric[[int], float]", type(cm).__dict__["scaled"])


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Of three points one was computed by the first edition, and two by the second one."""
    with lab(tmp_path, LAB) as cm:
        cm.get(scaled(cm)(1))
    with lab(tmp_path, LAB.replace("2.0", "3.0")) as cm:
        cm.get_all([scaled(cm)(2), scaled(cm)(3)])
    return tmp_path


def test_they_are_told(mixed: Path) -> None:
    """The state of the sweep says that two versions have computed its points, and how many each."""
    with lab(mixed, LAB.replace("2.0", "3.0")) as cm:
        found = cm.why("scaled")

    assert isinstance(found, SweepStaleness)
    assert (found.mixed, sorted(found.codes.values()), found.reasons) == (True, [1, 2], {"code_changed": 1})


def test_one_warning_counts_them(mixed: Path) -> None:
    """``careful`` uses them, with one warning for the whole sweep."""
    with lab(mixed, LAB.replace("2.0", "3.0")) as cm, pytest.warns(StaleMetricWarning) as caught:
        assert cm.get_all([scaled(cm)(k) for k in (1, 2, 3)]) == [2.0, 6.0, 9.0]

    (warning,) = (each.message for each in caught)
    assert isinstance(warning, StaleMetricWarning)
    assert (warning.metric, warning.reasons) == ("Lab.scaled(k=1)", ("code_changed",))
    assert (warning.stale, warning.stored, warning.counted) == (1, 3, True)
    assert "(1 of 3 stored values)" in str(warning)
    assert caught[0].filename == __file__


def test_strict_refuses_them(mixed: Path) -> None:
    """``strict`` refuses the sweep before anything is computed, though a point is missing."""
    source = LAB.replace("2.0", "3.0").replace("(3,)]", "(3,), (4,)]")
    with lab(mixed, source) as cm:
        keys = [scaled(cm)(k) for k in (4, 3, 2, 1)]
        with pytest.raises(StaleMetricError) as caught:
            cm.get_all(keys, on_stale="strict")

        assert (caught.value.metric, caught.value.reasons) == ("Lab.scaled(k=1)", ("code_changed",))
        assert not cm.exists(keys[0])


def test_fresh_mends_them(mixed: Path) -> None:
    """``fresh`` computes those of the other version anew, and only those."""
    with lab(mixed, LAB.replace("2.0", "3.0")) as cm:
        before = cm.date(scaled(cm)(2))
        assert cm.get_all([scaled(cm)(k) for k in (1, 2, 3)], on_stale="fresh") == [3.0, 6.0, 9.0]
        assert cm.date(scaled(cm)(2)) == before
        assert cm.why("scaled").status == "fresh"
