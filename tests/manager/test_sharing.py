"""What was given out cannot change what the next one gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric


@attrs.define
class Fit:
    """A mutable record with everything in it."""

    name: str
    weights: NDArray[np.float64]
    history: list[dict[str, float]]


BUFFER = np.arange(4.0)


class Giving(DatedCacheManager):
    """Gives out mutable things."""

    verbose = False

    @metric
    def array(self) -> NDArray[np.float64]:
        return BUFFER

    @metric
    def part(self) -> NDArray[np.float64]:
        return BUFFER[1:3]

    @metric
    def rows(self) -> list[list[int]]:
        return [[1], [2]]

    @metric
    def table(self) -> dict[str, set[int]]:
        return {"a": {1}}

    @metric
    def fit(self) -> Fit:
        return Fit("first", np.zeros(2), [{"loss": 1.0}])

    @metric
    def frozen(self) -> tuple[int, str]:
        return 1, "a"

    @metric(dynamic=True)
    def listed(self, k: int) -> list[int]:
        return [k]


@pytest.fixture(name="cm", params=["memory", "stored", "loaded"])
def _cm(tmp_path: Path, request: pytest.FixtureRequest) -> Giving:
    if request.param == "memory":
        return Giving()
    storage = NpzStorageInterface(tmp_path)
    if request.param == "loaded":
        Giving(storage).get_all()
    return Giving(storage)


# EVIDENCE-OF: P10
def test_arrays_cannot_be_written(cm: Giving) -> None:
    """An array is read-only, and cannot be made writable again."""
    with pytest.raises(ValueError, match="read-only"):
        cm.array[0] = 9.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        cm.array.setflags(write=True)


# EVIDENCE-OF: P10
def test_the_users_own_array_stays_his(cm: Giving) -> None:
    """What a metric returned from elsewhere stays writable there, and writing it changes no metric."""
    before = cm.array.copy(), cm.part.copy()
    BUFFER[1] += 1.0
    try:
        np.testing.assert_array_equal(cm.array, before[0])
        np.testing.assert_array_equal(cm.part, before[1])
        np.testing.assert_array_equal(cm.fit.weights, [0.0, 0.0])
    finally:
        BUFFER[1] -= 1.0


CHANGES: dict[str, Callable[[Giving], object]] = {
    "append": lambda cm: cm.rows.append([3]),
    "append inside": lambda cm: cm.rows[0].append(3),
    "new key": lambda cm: cm.table.setdefault("b", set()),
    "add inside": lambda cm: cm.table["a"].add(2),
    "field": lambda cm: setattr(cm.fit, "name", "second"),
    "list in field": lambda cm: cm.fit.history[0].update(loss=0.0),
    "parameterized": lambda cm: cm.listed(1).append(2),
    "by key": lambda cm: cm[Giving.rows].clear(),
    "through cache": lambda cm: cm.cache["rows"].clear() if "rows" in cm.cache else None,  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("change", CHANGES)
# EVIDENCE-OF: P10
def test_containers_are_copies(cm: Giving, change: str) -> None:
    """Changing a list, dict, set or record, or anything inside it, changes no later answer."""
    for _ in range(2):
        CHANGES[change](cm)

        assert (cm.rows, cm.table, cm.listed(1)) == ([[1], [2]], {"a": {1}}, [1])
        assert (cm.fit.name, cm.fit.history) == ("first", [{"loss": 1.0}])


def test_what_cannot_change_is_given_as_it_is(cm: Giving) -> None:
    """Immutable values are not copied: it is the same object each time."""
    assert cm.frozen is cm.frozen
    assert cm.array is cm.array
