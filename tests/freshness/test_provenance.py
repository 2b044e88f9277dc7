"""``provenance``: everything that is recorded of a value and of what it was computed from."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    MemoryStorageInterface,
    NotStoredError,
    NpzStorageInterface,
    metric,
)
from simple_metrics_manager.storing.storage import Storage
from tests.compat.own_storages import DuckStorage
from tests.freshness.bench import digits, record


class Other(DatedCacheManager):
    """Read by another manager."""

    verbose = False

    @metric
    def far(self) -> int:
        return 100


class Diamond(DatedCacheManager):
    """Two ways lead to the ground."""

    verbose = False

    def __init__(self, storage: Storage, elsewhere: Storage | None = None) -> None:
        super().__init__(storage)
        self.other = Other(elsewhere or storage)

    def metric_inputs(self) -> dict[str, object]:
        return {}

    @metric
    def ground(self) -> int:
        return self.other.far

    @metric
    def left(self) -> int:
        return self.ground + 1

    @metric
    def right(self) -> int:
        return self.ground + 2

    @metric
    def top(self) -> int:
        return self.left + self.right


def test_the_whole_tree(tmp_path: Path) -> None:
    """Each value is there once, whoever read it, across managers of one storage; every input matches."""
    cm = Diamond(NpzStorageInterface(tmp_path))
    cm.get("top")
    found = cm.provenance("top")

    assert found.root == "Diamond.top"
    assert set(found.origins) == {f"Diamond.{name}" for name in ("top", "left", "right", "ground")} | {"Other.far"}
    assert [each.name for each in found.origins["Diamond.top"].inputs] == ["Diamond.left", "Diamond.right"]
    assert found.matches
    lines = [line for line in str(found).splitlines() if "|" not in line]
    assert lines == [
        "Diamond.top",
        "  Diamond.left",
        "    Diamond.ground",
        "      Other.far",
        "  Diamond.right",
        "    Diamond.ground, see above",
    ]


def test_an_input_that_has_changed_or_gone(tmp_path: Path) -> None:
    """What was read is compared with what is stored now: another content does not match, what is gone is unknown."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    with digits(tmp_path, storage, ("np.arange(4.0)", "np.arange(5.0)")) as cm:
        cm.get("pixels", use_stored=False)
        changed = cm.provenance("spectrum")
        storage.delete("Digits.pixels")
        gone = cm.provenance("spectrum")

    assert [each.matches for each in changed.origins["Digits.spectrum"].inputs] == [False]
    assert "Digits.pixels (is another one now)" in str(changed)
    assert [each.matches for each in gone.origins["Digits.spectrum"].inputs] == [None]
    assert "Digits.pixels (is not stored here now)" in str(gone)
    assert not changed.matches
    assert not gone.matches


def test_recomputed_to_the_same_matches(tmp_path: Path) -> None:
    """Contents count, not dates."""
    cm = Diamond(NpzStorageInterface(tmp_path))
    cm.get("top")
    cm.get("left", use_stored=False)

    assert cm.provenance("top").matches


def test_an_input_in_another_storage(tmp_path: Path) -> None:
    """What another manager keeps elsewhere is named, with the content that it had."""
    cm = Diamond(NpzStorageInterface(tmp_path), MemoryStorageInterface())
    cm.get("ground")
    (read,) = cm.provenance("ground").origins["Diamond.ground"].inputs

    assert (read.name, read.matches) == ("Other.far", None)
    assert read.content.startswith("v1:")


def test_every_fact_as_plain_data(tmp_path: Path) -> None:
    """What JSON holds is what the record says."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    with digits(tmp_path, storage, ("return x * K", "return K * x")) as cm:
        cm.accept("spectrum", "commutes")
        plain = cast("dict[str, object]", json.loads(json.dumps(cm.provenance("spectrum").to_dict())))
        shown = str(cm.provenance("spectrum"))
    kept = record(storage, "Digits.spectrum")
    values = cast("dict[str, dict[str, object]]", plain["values"])
    facts = values["Digits.spectrum"]

    assert (plain["schema"], plain["root"], set(values)) == (
        "smm.provenance/1",
        "Digits.spectrum",
        {"Digits.spectrum", "Digits.pixels"},
    )
    assert facts["date"] == kept.date.isoformat()
    assert (facts["seconds"], facts["host"], facts["run"]) == (kept.seconds, kept.host, kept.run)
    assert (facts["type"], facts["version"], facts["content"]) == ("NDArray[np.float64]", None, kept.content)
    assert (facts["python"], facts["libraries"]) == (platform.python_version(), {"numpy": np.__version__})
    assert (facts["helpers"], facts["globals"]) == (dict(kept.helpers), {"digits_lab.K": "2.0"})
    code = cast("dict[str, object]", facts["code"])
    assert (code["hash"], code["file"], code["line"]) == (kept.code.hash, kept.code.file, kept.code.line)
    assert "def spectrum(self)" in str(code["source"])
    assert facts["history"] == [change.to_dict() for change in kept.history] != []
    content = record(storage, "Digits.pixels").content
    assert facts["read"] == [{"name": "Digits.pixels", "content": content, "matches": True}]
    assert ": commutes" in shown
    assert "global digits_lab.K = 2.0" in shown


def test_a_point_of_a_sweep(tmp_path: Path) -> None:
    """One parameter set is one value, with its parameters."""
    with digits(tmp_path, NpzStorageInterface(tmp_path)) as cm:
        cm.get("inertia,k=3")
        found = cm.provenance("inertia,k=3")

    assert found.record.params == {"k": 3}
    assert set(found.origins) == {"Digits.inertia,k=3", "Digits.pixels"}


def test_what_is_not_stored_has_none(tmp_path: Path) -> None:
    """What would be used is known only when it is computed; in memory alone is not stored."""
    with digits(tmp_path, NpzStorageInterface(tmp_path)) as cm, pytest.raises(NotStoredError):
        cm.provenance("spectrum")
    with digits(tmp_path, None) as cm:
        cm.get("spectrum")
        with pytest.raises(NotStoredError, match="there is no storage"):
            cm.provenance("spectrum")


def test_a_storage_of_three_methods() -> None:
    """It keeps a date and nothing else, and that is what is told."""
    cm = Other(DuckStorage())
    cm.get("far")

    assert str(cm.provenance("far")).startswith("Other.far\n  | computed 20")
