"""Values that a storage has to keep, a manager that computes some, and what it means that one came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager.declaring.decorator import metric
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.payload.shape import is_array

VALUES: Mapping[str, object] = {
    "int": 3,
    "float": 0.1,
    "bool": True,
    "text": "é \n 😀",
    "list": [1, 2.5, "a", True, [None]],
    "dict": {"a": 1, "b": {"c": [1, 2]}},
    "array": np.arange(6.0).reshape(2, 3),
    "small ints": np.arange(3, dtype=np.int16),
    "arrays": {"a": np.arange(3), "b": [np.ones((2, 2), np.float32)]},
}

LABELS = ("Digits", "Digits.spectrum", "Digits.inertia,k=10", "Digits.inertia,k=1", "digits")
"""Names as managers make them."""


class Measured(DatedCacheManager):
    """Notes what it computes."""

    verbose = False
    computed: ClassVar[list[str]] = []

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        self.computed.append("spectrum")
        return np.arange(3.0)

    @metric(dynamic=True)
    def pair(self, k: int) -> tuple[int, str]:
        self.computed.append(f"pair {k}")
        return k, str(k)

    @metric
    def names(self) -> dict[str, list[str]]:
        self.computed.append("names")
        return {"a": ["b"]}

    @metric
    def turn(self) -> int:
        self.computed.append("turn")
        return len(self.computed)


def alike(one: object, other: object) -> bool:
    """Whether two values are equal in type and bits, whatever is in them."""
    if is_array(one) and is_array(other):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        here, there = cast("dict[object, object]", one), cast("dict[object, object]", other)
        return list(here) == list(there) and all(alike(here[key], there[key]) for key in here)
    if isinstance(one, list | tuple):
        items, others = cast("Sequence[object]", one), cast("Sequence[object]", other)
        return len(items) == len(others) and all(map(alike, items, others))
    return one == other
