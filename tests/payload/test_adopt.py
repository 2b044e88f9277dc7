"""Values from older caches, or from storages without types, as what is declared now."""

# ruff: noqa: DTZ001  # a naive datetime is what was stored

from __future__ import annotations

import collections
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager.errors import MetricTypeError
from simple_metrics_manager.payload.annotations import type_name
from simple_metrics_manager.payload.typed import typed_codec
from tests.payload.samples import Circle, Color, Level, Movie, Pair, Plain, Point, same

_F8 = np.array([[1.0, 2.0], [3.0, 4.0]])

ADOPTED: list[tuple[object, object, object]] = [
    (float, np.array(1.5), 1.5),
    (float, np.array(2), 2.0),
    (int, np.array(2), 2),
    (bool, np.array(True), True),
    (str, np.array("abc"), "abc"),
    (bytes, np.array(b"abc"), b"abc"),
    (complex, np.array(1j), 1j),
    (float | None, np.array(None, dtype=object), None),
    (float | None, np.array(1.5), 1.5),
    (int | str, np.array("x"), "x"),
    (int | float, np.array(1), 1),
    (int | float, np.array(1.0), 1.0),
    (np.float32, np.array(1.5, np.float32), np.float32(1.5)),
    (np.float32, 1.5, np.float32(1.5)),
    (np.datetime64, np.array("2024-01-01", "M8[D]"), np.datetime64("2024-01-01")),
    (Literal["a", "b"], np.array("a"), "a"),
    (NDArray[np.float64], [[1, 2], [3, 4]], _F8),
    (NDArray[np.float64], ((1.0, 2.0), (3.0, 4.0)), _F8),
    (NDArray[np.int32], [1, 2], np.array([1, 2], np.int32)),
    (NDArray[np.float32], np.array([1.0, np.nan]), np.array([1.0, np.nan], np.float32)),
    (NDArray[np.float64], [], np.array([])),
    (NDArray[np.bool_], [True], np.array([True])),
    (NDArray[np.str_], ["a"], np.array(["a"])),
    (NDArray[np.float64] | None, [1, 2], np.array([1.0, 2.0])),
    (list[float], np.array([1.0, 2.0]), [1.0, 2.0]),
    (list[float], np.array([1, 2]), [1.0, 2.0]),
    (list[float], (1, 2), [1.0, 2.0]),
    (list[list[float]], _F8, [[1.0, 2.0], [3.0, 4.0]]),
    (list[str], np.array(["a", "b"]), ["a", "b"]),
    (list[int], {}, []),
    (list[NDArray[np.float64]], _F8[0], [_F8[0]]),
    (list[NDArray[np.float64]], [[1, 2], [3]], [np.array([1.0, 2.0]), np.array([3.0])]),
    (tuple[NDArray[np.float64], NDArray[np.float64]], [_F8, _F8[0]], (_F8, _F8[0])),
    (tuple[int, str], [np.array(1), np.array("a")], (1, "a")),
    (tuple[int, ...], np.array([1, 2]), (1, 2)),
    (set[int], [1, 2], {1, 2}),
    (frozenset[int], np.array([1, 2]), frozenset({1, 2})),
    (dict[str, float], {"a": np.array(1)}, {"a": 1.0}),
    (dict[str, float], np.array({"a": 1.0}, dtype=object), {"a": 1.0}),
    (dict[int, float], {"1": 2.0}, {1: 2.0}),
    (dict[str, list[float]], {"a": np.array([1.0])}, {"a": [1.0]}),
    (Circle, {"radius": np.array(1.0), "center": np.array([0.0, 1.0])}, Circle(1.0, (0.0, 1.0))),
    (Circle, {"radius": 2}, Circle(2.0)),
    (Pair[int], {"left": 1, "right": {"a": np.array(2)}}, Pair(1, {"a": 2})),
    (Plain, {"x": 1, "names": ["a"]}, Plain(1, ["a"])),
    (Point, [1.0, 2.0, "p"], Point(1.0, 2.0)),
    (Point, {"x": 1, "y": 2, "tag": "q"}, Point(1.0, 2.0, "q")),
    (Movie, {"title": np.array("t"), "frames": [[1]]}, {"title": "t", "frames": np.array([[1]], np.uint8)}),
    (datetime, "2024-01-01T01:02:03", datetime(2024, 1, 1, 1, 2, 3)),
    (date, np.array("2024-01-01"), date(2024, 1, 1)),
    (Decimal, "1.10", Decimal("1.10")),
    (Path, "a/b", Path("a/b")),
    (Color, "r", Color.RED),
    (Level, 2, Level.HIGH),
]


@pytest.mark.parametrize(
    ("declared", "raw", "wanted"), ADOPTED, ids=[f"{n}-{type_name(t)}" for n, (t, _, _) in enumerate(ADOPTED)]
)
def test_adopted(declared: object, raw: object, wanted: object) -> None:
    """A raw value becomes one of the declared type where nothing is lost."""
    assert same(wanted, typed_codec(declared, "CM.m").adopt(raw))


LOSSY: list[tuple[object, object]] = [
    (int, 1.5),
    (int, np.array(1.0)),
    (bool, 1),
    (str, 1),
    (float, np.array([1.0])),
    (NDArray[np.int64], [1.5]),
    (NDArray[np.float32], np.array([0.1])),
    (NDArray[np.float64], np.array([2**53 + 1])),
    (NDArray[np.float64], np.array([1j])),
    (NDArray[np.float64], ["1"]),
    (NDArray[np.float64], [[1.0], [1.0, 2.0]]),
    (NDArray[np.float64], [True]),
    (NDArray[np.float64], 1.0),
    (list[NDArray[np.float64]], _F8),
    (tuple[int, str], [1]),
    (list[int], "12"),
    (set[int], "12"),
    (dict[int, float], {"01": 1.0}),
    (dict[str, int], [1]),
    (Circle, {"radius": 1.0, "extra": 1}),
    (Circle, {}),
    (Literal["a"], "b"),
    (Color, "purple"),
    (datetime, "yesterday"),
]


@pytest.mark.parametrize(("declared", "raw"), LOSSY, ids=[f"{n}-{type_name(t)}" for n, (t, _) in enumerate(LOSSY)])
def test_not_adopted(declared: object, raw: object) -> None:
    """What could only be made the declared type with a loss, or by a guess, is refused."""
    with pytest.raises(MetricTypeError, match=r"^CM\.m is declared -> "):
        typed_codec(declared, "CM.m").adopt(raw)


def test_raw_value_is_left_alone() -> None:
    """Adopting does not change what was given."""
    raw = {"radius": np.array(1.0), "center": [0.0, 1.0]}
    typed_codec(Circle, "CM.m").adopt(raw)

    assert same(raw, {"radius": np.array(1.0), "center": [0.0, 1.0]})


def test_other_mappings_are_no_dicts() -> None:
    """Only a dict itself is taken for one."""
    with pytest.raises(MetricTypeError):
        typed_codec(dict[str, int], "CM.m").adopt(collections.UserDict(a=1))
