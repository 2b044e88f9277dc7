"""Values without an annotation describe themselves."""

# ruff: noqa: DTZ001  # naive datetimes come back naive

from __future__ import annotations

import enum
import json
from collections import Counter, OrderedDict
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePath
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.errors import MetricTypeError
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.tree import Payload, Tree
from tests.payload.samples import Circle, Color, Level, Point, same, through_json

VALUES: list[object] = [
    *(None, True, 1, 2**20000, 1.5, float("nan"), -0.0, "a", "\ud83d\ude00", 1j, b"\x00", bytearray(b"a")),
    *([], [1, [2.0]], (), (1, (2,)), {"a": 1, "$tuple": [1], "$$": 2, "": 3}, {1: "a", "1": "b", None: 2, (1, 2): 3}),
    *({"\ud800": 1}, {1, 2}, set[int](), frozenset({frozenset({1})}), {(1, "a"), 1.5}),
    *(datetime(2024, 1, 1, 1, 2, 3, 4), datetime(2024, 10, 27, 2, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)),
    *(date(2024, 1, 1), time(1, 2), timedelta(-1), UTC, timezone(timedelta(hours=1), "X"), ZoneInfo("UTC")),
    *(Decimal("1.10"), Fraction(1, 3), UUID(int=3), Path("a/b"), PurePath("a")),
    *(np.float32(0.1), np.float64(1.5), np.int8(3), np.uint64(2**64 - 1), np.True_, np.complex64(1j), np.str_("a")),
    *(np.bytes_(b"a"), np.datetime64("2024-01-01", "ns"), np.timedelta64(3, "h"), np.longdouble(1) / 3),
    *(np.arange(3), np.zeros((0, 2), np.float32), np.array("abc"), np.array(["2024"], "M8[s]")),
    {"a": [np.arange(2), (np.ones(2), {"b": np.array(1j)})], "d": {1: np.arange(3)}},
    np.zeros(2, dtype=[("a", "i4"), ("b", "f8", (2,))]),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_value_comes_back(value: object) -> None:
    """Each value comes back equal and of the same types from its tree in JSON and its arrays."""
    codec = plain_codec()

    assert same(value, codec.load(through_json(codec.dump(value))))


def test_plain_json_is_plain() -> None:
    """What JSON can say is said without marks."""
    value: dict[str, object] = {"a": [1, 2.5, None, True, "x"], "b": dict[str, object]()}

    assert plain_codec().dump(value).tree == value


ATOMS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters()), st.binary(), st.decimals()),
    *(st.complex_numbers(), st.datetimes(), st.dates(), st.timedeltas(), st.fractions(), st.uuids()),
    st.floats(width=32).map(np.float32),
)
KEYS = st.one_of(st.text(st.characters()), st.integers(), st.tuples(st.booleans(), st.text()), st.just("$array"))
ANYTHING: st.SearchStrategy[object] = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        *(st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(KEYS, inner), st.frozensets(st.integers())),
        st.lists(st.floats()).map(np.array),
    ),
    max_leaves=20,
)


@given(ANYTHING)
def test_anything_comes_back(value: object) -> None:
    """Whatever is built of the known types comes back as it is."""
    codec = plain_codec()

    assert same(value, codec.load(through_json(codec.dump(value))))


class Text(str):
    """A subclass of str."""

    __slots__ = ()


CLASSES: list[tuple[object, str]] = [
    *((Circle(1.0), "Circle"), (Point(1.0, 2.0), "Point"), (Color.RED, "Color"), (Level.LOW, "Level")),
    *((Text("a"), "Text"), (OrderedDict(a=1), "OrderedDict"), (Counter("a"), "Counter"), (object(), "object")),
    (enum.Enum, "EnumType"),
]


@pytest.mark.parametrize(("value", "name"), CLASSES)
def test_classes_need_an_annotation(value: object, name: str) -> None:
    """A class is not named in a file, so its values are refused, with the line to write and the other way out."""
    with pytest.raises(MetricTypeError) as caught:
        plain_codec().dump({"a": [value]})

    assert caught.value.problem.startswith(
        f"at ['a'][0]: don't know how to store {name} without an annotation; annotate "
    )
    assert f"def f() -> {name}" in caught.value.problem
    assert "allow_pickle=True" in caught.value.problem


def test_objects_with_pickle() -> None:
    """With ``allow_pickle`` anything else becomes an array of one object, and arrays of objects are kept."""
    codec = plain_codec(allow_pickle=True)
    value = {"c": Circle(1.0), "o": np.array([{}, None], dtype=object)}
    payload = codec.dump(value)

    assert payload.tree == {"c": {"$object": {"$array": "c"}}, "o": {"$array": "o"}}
    assert codec.load(payload) == {"c": Circle(1.0), "o": value["o"]}


def test_objects_without_pickle() -> None:
    """Without it, arrays of objects are neither stored nor given back."""
    payload = plain_codec(allow_pickle=True).dump([Circle(1.0)])

    with pytest.raises(MetricTypeError, match="pickled Python objects; say allow_pickle=True"):
        plain_codec().load(payload)
    with pytest.raises(MetricTypeError, match="allow_pickle=True"):
        plain_codec().dump(np.array([None], dtype=object))


@pytest.mark.parametrize(
    "array",
    [np.ma.MaskedArray([1.0], [True]), np.zeros(2, "i4,f4").view(np.recarray), np.zeros((1, 1)).view(np.matrix)],
)
def test_array_subclasses_are_refused(array: object) -> None:
    """A subclass of an array would lose its mask or its class: it is refused, with or without pickle."""
    for codec in (plain_codec(), plain_codec(allow_pickle=True)):
        with pytest.raises(MetricTypeError, match=r"a subclass that an array file does not bring back"):
            codec.dump([array])


def test_aligned_dtype_is_refused_or_kept() -> None:
    """A dtype that a file would not bring back exactly is refused."""
    with pytest.raises(MetricTypeError, match="does not bring back"):
        plain_codec().dump(np.zeros(1, np.dtype([("a", "i1"), ("b", "f8")], align=True)))


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy 2")
def test_string_dtype_is_refused() -> None:
    """Strings of variable length have no array file."""
    text = cast("np.dtype[np.generic]", getattr(np.dtypes, "StringDType")())  # noqa: B009  # not in every numpy

    with pytest.raises(MetricTypeError, match="StringDType"):
        plain_codec().dump(np.array(["a"], dtype=text))


TREES: list[Tree] = [
    {"$what": 1},
    {"$tuple": 1},
    {"$scalar": ["object_", 1]},
    {"$scalar": list[Tree]()},
    {"$dict": [[1]]},
    {"$dict": [[list[Tree](), 1]]},
    {"$set": [[1]]},
    {"$bytes": "?"},
    {"$datetime": 1},
    {"$array": "none"},
    {"$object": 1},
    {"$int": "x"},
]


@pytest.mark.parametrize("tree", TREES, ids=str)
def test_unknown_marks_are_refused(tree: Tree) -> None:
    """A tree that this version did not write is refused, by an error that names the value."""
    with pytest.raises(MetricTypeError) as caught:
        plain_codec(where="CM.m").load(Payload([tree], {}))

    assert str(caught.value).startswith("CM.m: the stored value cannot be read: ")


def test_cyclic_value_is_refused() -> None:
    """A list that contains itself cannot be written as a tree."""
    value: list[object] = []
    value.append(value)

    with pytest.raises(MetricTypeError, match="it contains itself"):
        plain_codec().dump(value)


def test_codec_says_what_it_is() -> None:
    """It has the interface of a typed codec, and adopts what it is given as it is."""
    codec = plain_codec()
    value = [1]

    assert (codec.kind, codec.declared) == ("plain", "")
    assert codec.adopt(value) is value
    assert json.dumps(codec.dump((1,)).tree) == '{"$tuple": [1]}'
