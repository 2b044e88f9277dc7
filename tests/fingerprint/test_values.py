"""How the values of globals are written."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import math
import os
import re
import types
from pathlib import PurePosixPath
from typing import NamedTuple

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.fingerprint.values import LONGEST, written

_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(), st.binary()
)
_SIMPLE = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(_SCALARS, inner, max_size=4),
        st.sets(_SCALARS, max_size=4),
        st.frozensets(_SCALARS, max_size=4),
    ),
    max_leaves=12,
)


class Pair(NamedTuple):
    """Two values."""

    left: str
    right: int


@attrs.frozen
class Fixed:
    """Never changes."""

    a: int
    pair: Pair


@dataclasses.dataclass(slots=True)
class Slotted:
    """Could change, but not by itself."""

    a: int


class Plain:
    """Remembers what it was made with, and what was derived from that."""

    def __init__(self, a: int) -> None:
        self.a = a

    @functools.cached_property
    def doubled(self) -> int:
        """Twice as much."""
        return 2 * self.a


class Counting(Plain):
    """Changes itself."""

    def count(self) -> None:
        """One more."""
        self.a += 1


class Color(enum.Enum):
    """Some members."""

    RED = 1
    GREEN = 2


@given(_SIMPLE)
def test_short_values_are_readable(value: object) -> None:
    """What is short is written as Python writes it; what is long, as a hash of bounded length."""
    text = written(value)

    assert text is not None
    assert len(text) <= LONGEST
    if "sha256:" not in text:
        namespace: dict[str, object] = {}
        exec(f"value = {text}", namespace)
        assert value == namespace["value"]
        assert type(value) is type(namespace["value"])


def test_sets_have_no_order() -> None:
    """Sets are written in the order of what is written, since their own differs between processes."""
    assert written({"b", "a", "c"}) == "{'a', 'b', 'c'}"
    assert written(frozenset({2, 1})) == "frozenset({1, 2})"


KINDS: list[tuple[object, str | None]] = [
    (10, "10"),
    (10.0, "10.0"),
    (True, "True"),
    (-0.0, "-0.0"),
    (float("nan"), "nan"),
    ("a'b", '"a\'b"'),
    (range(3), "range(0, 3)"),
    (Color.RED, "Color.RED"),
    (np.float32(1.5), "float32(1.5)"),
    (np.int64(2), "int64(2)"),
    (..., "Ellipsis"),
    (datetime.date(2026, 1, 2), "datetime.date(2026, 1, 2)"),
    (decimal.Decimal("1.50"), "Decimal('1.50')"),
    (PurePosixPath("a/b"), "Path('a/b')"),
    (re.compile("a" * 150), f"re.compile({'a' * 150!r}, 32)"),
    (np.dtype("f4"), "dtype('<f4')"),
    (collections.OrderedDict(a=1), "OrderedDict({'a': 1})"),
    (types.MappingProxyType({"a": 1}), "mappingproxy({'a': 1})"),
    (types.SimpleNamespace(a=1, b=object()), "SimpleNamespace(a=1)"),
    ({"a": print, "b": Color}, "{'a': <print>, 'b': <Color>}"),
    (np.sqrt, "<ufunc sqrt>"),
    (np.linalg.solve, "<numpy solve>"),
    (math.sqrt, "<math sqrt>"),
    (functools.reduce, "<functools reduce>"),
    (np.linalg, "<module numpy.linalg>"),
    (os.path, "<module os.path>"),
    (Fixed(1, Pair("x", 2)), "Fixed(a=1, pair=Pair(left='x', right=2))"),
    (Slotted(1), "Slotted(a=1)"),
    (Plain(1), "Plain(a=1)"),
    (Counting(1), None),
]


@pytest.mark.parametrize(("value", "text"), KINDS)
def test_values_of_each_kind(value: object, text: str | None) -> None:
    """Types are told apart where values are equal; what changes itself has no text."""
    assert written(value) == text


def test_arrays_by_content() -> None:
    """Arrays count by dtype, shape and content; large ones without content, those of objects not at all."""
    small = np.arange(6.0)

    assert written(small) == written(np.arange(6.0))
    assert written(small) != written(small + 1)
    assert written(small) != written(small.astype(np.float32))
    assert written(small) != written(small.reshape(2, 3))
    assert written(np.zeros(1 << 20)) == "<array <f8 (1048576,)>"
    assert written(np.array([object()])) is None


@pytest.mark.parametrize("value", [object(), [object()], lambda: 1, {"a": lambda: 1}, (1, [2, {3: object()}])])
def test_other_objects_are_not_simple(value: object) -> None:
    """What holds anything but simple values has no text."""
    assert written(value) is None


def test_extremes() -> None:
    """Values that Python itself cannot or will not write are bounded."""
    endless: list[object] = []
    endless.append(endless)
    branching: list[object] = []
    branching += [branching] * 3

    assert written(endless) is None
    assert written(branching) is None
    assert written([[0] * 1000] * 1000) == "<list of 1000>"
    assert written([0] * 100_000) == "<list of 100000>"
    assert written(10**5000) != written(10**5000 + 1)
    assert written("x" * 1000) != written("x" * 1001)
    assert str(written("x" * 1000)).startswith("<str sha256:")
    assert written("\ud800" * 1000) is not None
