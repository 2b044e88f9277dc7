"""Names are readable, and no two different things have the same one."""

from __future__ import annotations

import datetime
import enum
import uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from typing import cast

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.errors import IdentityError
from simple_metrics_manager.keys import canonical, canonical_text, manager_name, metric_name, stored_name


class Mode(enum.Enum):
    """A choice."""

    FAST = 1
    SLOW = 2


@attrs.frozen
class Box:
    """A record."""

    size: float


def name_of(value: object) -> str:
    """The name of a metric with this one parameter."""
    return metric_name("m", {"k": canonical(value, "m")})


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (10, "m,k=10"),
        (-3, "m,k=-3"),
        (0.5, "m,k=0.5"),
        (1e-05, "m,k=1e-05"),
        (-0.0, "m,k=-0.0"),
        (True, "m,k=True"),
        (None, "m,k=None"),
        ("rbf", "m,k=rbf"),
        ("low_pass-2", "m,k=low_pass-2"),
    ],
)
def test_simple_parameters_are_written_as_they_are(value: object, name: str) -> None:
    """Numbers, constants and plain words need no hash in the name."""
    assert name_of(value) == name


@pytest.mark.parametrize(
    ("value", "readable"),
    [
        ("RBF", "RBF"),
        ("1", "1"),
        ("none", "none"),
        ("", ""),
        ("../../etc", "..-..-etc"),
        ((1, "a"), "1+a"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (Mode.FAST, "FAST"),
        (float("inf"), "inf"),
        (1 + 2j, "-1+2j-"),
    ],
)
def test_other_parameters_are_readable_and_hashed(value: object, readable: str) -> None:
    """Anything else is written as well as it can be, with a hash of what exactly it is."""
    name, _, digest = name_of(value).partition("~")

    assert name == f"m,k={readable}"
    assert len(digest) == 16 and int(digest, 16) >= 0


def test_numpy_scalars_are_the_numbers_they_hold() -> None:
    """``np.linspace`` and ``range`` give the same parameters as literals do."""
    assert name_of(np.float64(0.5)) == name_of(0.5)
    assert name_of(np.int16(3)) == name_of(3)
    assert name_of(np.float32(0.1)) != name_of(0.1)


DIFFERENT: list[object] = [
    1,
    1.0,
    True,
    "1",
    "1.0",
    "True",
    "true",
    b"1",
    1 + 0j,
    Decimal(1),
    Fraction(1),
    np.array(1),
    np.array([1]),
    (1,),
    [1],
    {1},
    frozenset({1}),
    {1: 1},
    (1.0,),
    ((1,),),
    None,
    "None",
    "none",
    0.0,
    -0.0,
    0,
    False,
    "",
    float("nan"),
    "nan",
    float("inf"),
    "inf",
    "a",
    "A",
    "a b",
    "a-b",
    Mode.FAST,
    Mode.SLOW,
    "FAST",
    Box(1.0),
    Box(2.0),
    PurePosixPath("a"),
    datetime.date(2026, 1, 1),
    datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "2026-01-01",
    uuid.UUID(int=1),
    range(1),
    slice(1),
    np.arange(5000),
    np.where(np.arange(5000) == 2500, 0, np.arange(5000)),
    np.arange(5000.0),
    np.datetime64("2026-01-01"),
    {"a": 1},
    {"$tuple": [1]},
    [["a", 1]],
    "x" * 300,
    "x" * 301,
]


# EVIDENCE-OF: P5
def test_different_parameters_have_different_names() -> None:
    """No two of these meet, not even where capitals do not count."""
    names = [name_of(value).casefold() for value in DIFFERENT]

    assert len(set(names)) == len(DIFFERENT)
    assert all(len(name) < 200 for name in names)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a", "A", "1", "1.0", "true", "None", "-0.0"])
    | st.binary(max_size=3)
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=5,
)


def same(one: object, other: object) -> bool:
    """Equal in value and in type, at every level; the two zeros differ, any nan is any nan."""
    return repr(one) == repr(other) or (
        type(one) is type(other)
        and isinstance(one, dict)
        and sorted(map(repr, cast("dict[object, object]", one).items()))
        == sorted(map(repr, cast("dict[object, object]", other).items()))
    )


@given(VALUES, VALUES)
# EVIDENCE-OF: P5
def test_names_are_equal_only_for_the_same(one: object, other: object) -> None:
    """Two parameters have the same name if and only if they are the same, by value and type."""
    assert (name_of(one).casefold() == name_of(other).casefold()) == (
        canonical_text(canonical(one, "")) == canonical_text(canonical(other, ""))
    )
    if same(one, other):
        assert name_of(one) == name_of(other)
    elif not isinstance(one, dict | list | tuple):
        assert name_of(one) != name_of(other)


@given(VALUES)
def test_names_are_safe_everywhere(value: object) -> None:
    """Names hold no separators, blanks or control characters, and fit into a directory entry."""
    name = name_of(value)

    assert all(character.isascii() and (character.isalnum() or character in "_.,=+@~-") for character in name)
    assert len(name) < 200 and not name.endswith(".")


@pytest.mark.parametrize("value", [object(), lambda: 1, int, np.array([object()]), iter([])])
# EVIDENCE-OF: P5
def test_nothing_is_guessed(value: object) -> None:
    """What has no written form is refused, with what to give in its place."""
    with pytest.raises(IdentityError, match="has no stable written form"):
        canonical(value, "CM(x=...)")


def test_sets_and_dicts_have_no_order() -> None:
    """Equal sets and dicts have one name, however they were filled."""
    assert name_of({"b": 1, "a": 2}) == name_of({"a": 2, "b": 1})
    assert name_of({3, 1, 2}) == name_of({2, 3, 1})


# EVIDENCE-OF: P5
def test_managers_and_inputs_are_part_of_the_name() -> None:
    """The stored name reads like the attribute of the manager that it is."""
    manager = manager_name("Run", {"subject": canonical("s01", "")})

    assert stored_name(manager, metric_name("spectrum", {})) == "Run,subject=s01.spectrum"
    assert stored_name("", "poly_X_1") == "poly_X_1"


class Bits(enum.IntFlag, boundary=enum.KEEP):
    """Some of its members have no name."""

    ONE = 1


def test_flags_without_a_name() -> None:
    """Flags that have no name are told apart by their number."""
    forms = [canonical_text(canonical(Bits(number), "f")) for number in (0, 1, 16, 32)]

    assert len(set(forms)) == 4


def test_slices_of_arrays() -> None:
    """Slices are compared by their three parts, however long these are when they are printed."""
    one, other = np.arange(5000), np.arange(5000)
    other[2500] = 0

    assert canonical(slice(one), "f") != canonical(slice(other), "f")
    assert canonical(slice(1, None, 2), "f") == canonical(slice(1, None, 2), "f") != canonical(slice(1, 2, None), "f")


def test_long_doubles() -> None:
    """A long double is written by its value: what pads its bytes is random."""
    assert canonical(np.longdouble(1) / 3, "f") == canonical(np.longdouble("1") / np.longdouble("3"), "f")
