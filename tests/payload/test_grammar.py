"""Types and values that hypothesis makes up: what is dumped comes back, or is refused when it is declared."""

from __future__ import annotations

import enum
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias, Union
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simple_metrics_manager.payload.annotations import storable_problem
from simple_metrics_manager.payload.typed import typed_codec
from tests.payload.samples import Access, Circle, Color, Level, Mixed, Mood, Pair, Point, same, subscript, through_json

Typed: TypeAlias = "tuple[object, st.SearchStrategy[object]]"

TEXT = st.text(st.characters())
ZONES = st.sampled_from([None, UTC, timezone(timedelta(minutes=-90)), ZoneInfo("America/New_York"), ZoneInfo("UTC")])
FLOATS32 = st.floats(width=32).map(np.float32)


def _arrays(dtype: str, items: st.SearchStrategy[Any]) -> st.SearchStrategy[object]:
    return st.lists(items, max_size=4).map(lambda found: np.array(found, dtype=dtype))


HASHABLE: list[Typed] = [
    (bool, st.booleans()),
    (int, st.integers()),
    (float, st.floats()),
    (complex, st.complex_numbers()),
    (str, TEXT),
    (bytes, st.binary()),
    (Literal["x", 1, True], st.sampled_from(["x", 1, True])),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Mood, st.sampled_from(Mood)),
    (Mixed, st.sampled_from(Mixed)),
    (Access, st.sampled_from([Access.READ, Access.READ | Access.WRITE, Access(0)])),
    (datetime, st.datetimes(timezones=ZONES)),
    (date, st.dates()),
    (time, st.times()),
    (timedelta, st.timedeltas()),
    (Decimal, st.decimals().filter(lambda number: not number.is_snan())),
    (Fraction, st.fractions()),
    (UUID, st.uuids()),
    (PurePosixPath, st.text("ab/.", min_size=1).map(PurePosixPath)),
    (np.float32, FLOATS32),
    (np.float64, st.floats().map(np.float64)),
    (np.int16, st.integers(-(2**15), 2**15 - 1).map(np.int16)),
    (np.bool_, st.booleans().map(np.bool_)),
    (np.datetime64, st.integers(-(10**9), 10**9).map(lambda count: np.datetime64(count, "ms"))),
    (np.longdouble, st.floats().map(np.longdouble)),
    (Circle, st.builds(Circle, st.floats(), st.tuples(st.floats(), st.floats()))),
    (Point, st.builds(Point, st.floats(), st.floats(), TEXT)),
]
OTHERS: list[Typed] = [
    (type(None), st.none()),
    (bytearray, st.binary().map(bytearray)),
    (NDArray[np.float64], _arrays("f8", st.floats())),
    (NDArray[np.int8], _arrays("i1", st.integers(-128, 127))),
    (NDArray[np.str_], _arrays("U5", st.text("abc", max_size=5))),
]


def _list(inner: Typed) -> Typed:
    return _generic(list, inner), st.lists(inner[1], max_size=3)


def _many(inner: Typed) -> Typed:
    return _generic(tuple, inner, (..., st.none())), st.lists(inner[1], max_size=3).map(tuple)


def _dict(inner: Typed) -> Typed:
    return _generic(dict, (str, TEXT), inner), st.dictionaries(st.one_of(TEXT, st.just("$is")), inner[1], max_size=3)


def _pair(inner: Typed) -> Typed:
    return _generic(Pair, inner), st.builds(Pair, inner[1], st.dictionaries(TEXT, inner[1], max_size=2))


def _generic(kind: object, *inner: Typed) -> object:
    return subscript(kind, *(declared for declared, _ in inner))


def _two(left: Typed, right: Typed) -> Typed:
    return _generic(tuple, left, right), st.tuples(left[1], right[1])


def _union(left: Typed, right: Typed) -> Typed:
    return _generic(Union, left, right), st.one_of(left[1], right[1])


def _set(item: Typed) -> Typed:
    return _generic(set, item), st.sets(item[1], max_size=3)


def _keyed(key: Typed, item: Typed) -> Typed:
    return _generic(dict, key, item), st.dictionaries(key[1], item[1], max_size=3)


SIMPLE = st.sampled_from([*HASHABLE, *OTHERS])
HASHABLES = st.sampled_from(HASHABLE)
WRAPPERS: list[Callable[[Typed], Typed]] = [_list, _many, _dict, _pair]


def _deeper(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    kinds: list[st.SearchStrategy[Typed]] = [
        *(st.builds(wrap, inner) for wrap in WRAPPERS),
        st.builds(_two, inner, inner),
        st.builds(_union, inner, inner),
        st.builds(_set, HASHABLES),
        st.builds(_keyed, HASHABLES, inner),
    ]
    return st.one_of(kinds)


TYPES = st.recursive(SIMPLE, _deeper, max_leaves=5)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_any_type_and_value(data: st.DataObject) -> None:
    """A value of a made-up type comes back exactly, through JSON, or its type is refused beforehand."""
    declared, values = data.draw(TYPES)
    if storable_problem(declared) is not None:
        return
    value = data.draw(values)
    codec = typed_codec(declared, "m")

    back = codec.load(through_json(codec.dump(value)))

    assert same(value, back)


class Shade(enum.Enum):
    """Another enum with a member called RED."""

    RED = "r"


@settings(max_examples=200, deadline=None)
@given(st.data(), st.lists(HASHABLES, min_size=2, max_size=5))
def test_members_are_never_confused(data: st.DataObject, members: list[Typed]) -> None:
    """In a union of any members, a value comes back as the member that it was."""
    declared = subscript(Union, *(kind for kind, _ in members), Shade)
    value = data.draw(st.one_of(st.just(Shade.RED), *(values for _, values in members)))
    codec = typed_codec(declared, "m")

    assert same(value, codec.load(through_json(codec.dump(value))))
