"""Declared types with values of them, and the equality that the codecs promise: the same types at every level."""

# ruff: noqa: DTZ001, PYI061, UP042, UP045  # naive datetimes and older spellings are among what must come back

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypedDict,
    TypeVar,
    cast,
)
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager.payload.tree import Payload, Tree

X = TypeVar("X")
Hertz = NewType("Hertz", float)
Signal = NewType("Signal", NDArray[np.float32])


class Color(enum.Enum):
    """Values of two types."""

    RED = "r"
    GREEN = (0, 255, 0)


class Level(enum.IntEnum):
    """Also an int."""

    LOW = 1
    HIGH = 2


class Mood(enum.StrEnum):
    """Also a str."""

    GOOD = "good"
    BAD = "bad"


class Mixed(str, enum.Enum):
    """The older way of a text enum: its class is a subclass of str."""

    A = "a"


class Access(enum.Flag):
    """Members combine."""

    READ = 1
    WRITE = 2


class Mode(enum.IntFlag):
    """Members combine, and are ints."""

    ON = 1
    FAST = 4


@attrs.frozen
class Circle:
    """Frozen, with a default."""

    radius: float
    center: tuple[float, float] = (0.0, 0.0)


@attrs.define
class Fit:
    """Arrays beside others, and a private field."""

    coefficients: NDArray[np.float64]
    residuals: NDArray[np.float32]
    when: datetime
    _secret: int = attrs.field(alias="hidden")
    note: str | None = None


def _doubled(value: float) -> float:
    return value * 2


@attrs.define
class Doubling:
    """Its converter would change the value each time it ran."""

    value: float = attrs.field(converter=_doubled)


@attrs.define
class Derived:
    """Fields that ``__init__`` does not take."""

    side: float
    area: float = attrs.field(init=False)
    calls: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.area = self.side**2
        self.calls += 1


@attrs.define
class Tree2:
    """Recursive, and slotted."""

    label: str
    children: list[Tree2] = attrs.field(factory=list["Tree2"])
    parent: Tree2 | None = None


@attrs.define(slots=False)
class Pair(Generic[X]):
    """Generic, with a property that is cached in its ``__dict__``."""

    left: X
    right: dict[str, X]

    @cached_property
    def size(self) -> int:
        return len(self.right)


@attrs.define
class IntPair(Pair[int]):
    """A generic class with its variable filled in."""

    extra: bool = True


@attrs.frozen(cache_hash=True)
class Hashed:
    """Keeps its hash."""

    name: str


def _positive(_instance: object, _attribute: object, value: int) -> None:
    if value <= 0:
        raise ValueError(f"value must be positive, not {value}")


@attrs.define
class Positive:
    """With a validator."""

    value: int = attrs.field(validator=_positive)


@dataclass
class Plain:
    """A dataclass with all kinds of fields."""

    x: int
    names: list[str]
    computed: int = dataclasses.field(init=False)
    flag: bool = dataclasses.field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        self.computed = self.x + 1


@dataclass(frozen=True, slots=True)
class Locked:
    """Frozen and slotted."""

    data: tuple[int, ...]
    pairs: frozenset[tuple[str, int]]


class Point(NamedTuple):
    """With a default."""

    x: float
    y: float
    tag: str = "p"


class Branch(NamedTuple):
    """Recursive."""

    name: str
    twigs: list[Branch]


class Movie(TypedDict):
    """With an array."""

    title: str
    frames: NDArray[np.uint8]


class Options(TypedDict, total=False):
    """One key must be there."""

    depth: Required[int]
    names: list[str]


class Extra(Options):
    """Total, on a base that is not."""

    weight: float
    comment: NotRequired[str]


Alias = dict[str, list[Circle]]
Rows = list[dict[str, int | float | None]]

_F8 = np.arange(6.0).reshape(2, 3)
_ZONE = ZoneInfo("Europe/Berlin")
_RECORDS = np.array([(1, 2.5, b"ab"), (2, 3.5, b"c")], dtype=[("i", "<i4"), ("f", "<f8"), ("s", "S3")])

PAIRS: list[tuple[object, object]] = [
    (bool, True),
    (int, 7),
    (int, -(2**20000)),
    (float, 0.1),
    (float, float("nan")),
    (float, float("-inf")),
    (float, -0.0),
    (complex, complex(-0.0, float("inf"))),
    (str, "häß\U0001f600"),
    (str, "lone \udc80 and split \ud83d\ude00"),
    (bytes, b"\x00\xff"),
    (bytearray, bytearray(b"ab")),
    (Literal["a", "b"], "b"),
    (Literal[1, True, "1", None, b"1"], True),
    (Literal[1, True, "1", None, b"1"], b"1"),
    (Literal[Color.RED, "Color.RED"], Color.RED),
    (Color, Color.GREEN),
    (Level, Level.HIGH),
    (Mood, Mood.GOOD),
    (Mixed, Mixed.A),
    (Access, Access.READ | Access.WRITE),
    (Mode, Mode.FAST),
    (Hertz, 440.0),
    (Signal, np.ones(3, np.float32)),
    (Annotated[float, "metres"], 1.5),
    (datetime, datetime(2024, 2, 29, 12, 30, 15, 123456)),
    (datetime, datetime(2024, 2, 29, tzinfo=UTC)),
    (datetime, datetime(2024, 2, 29, tzinfo=timezone(timedelta(hours=-5, seconds=7)))),
    (datetime, datetime(2024, 10, 27, 2, 30, tzinfo=_ZONE, fold=1)),
    (datetime, datetime(2024, 2, 29, tzinfo=timezone(timedelta(hours=1), "CET"))),
    (date, date(1, 1, 1)),
    (time, time(23, 59, 59, 999999, fold=1)),
    (timedelta, timedelta(days=-3, microseconds=1)),
    (timezone, timezone(timedelta(hours=3), "MSK")),
    (ZoneInfo, _ZONE),
    (Decimal, Decimal("1.2300")),
    (Decimal, Decimal("-Infinity")),
    (Fraction, Fraction(-(7**6000), 3)),
    (UUID, UUID(int=5)),
    (Path, Path("a/b c")),
    (PurePosixPath, PurePosixPath("/x")),
    (list[float], [1.5, float("inf"), -0.0]),
    (list[list[int]], [[], [1], [2, 3]]),
    (tuple[int, str], (1, "a")),
    (tuple[int, ...], (1, 2, 3)),
    (tuple[()], ()),
    (tuple[None, bool], (None, False)),
    (dict[str, float], {"b": 1.0, "$a": 2.0, "$$": 3.0, "": 4.0, "\ud800": 5.0}),
    (dict[int, str], {3: "a", -1: "b"}),
    (dict[tuple[int, str], float], {(1, "a"): 1.0}),
    (dict[Color, int], {Color.RED: 1}),
    (dict[Literal["x", "y"], int], {"y": 1}),
    (dict[bool | int | str, int], {True: 1, 5: 2, "5": 3}),
    (dict[date, NDArray[np.float64]], {date(2024, 1, 1): _F8}),
    (dict[str, NDArray[np.float64]], {"$array": _F8, "a/b": _F8[0], "A/B": _F8[1], "": _F8[:0]}),
    (set[int], {3, 1, 2}),
    (frozenset[str], frozenset({"a", "\udc80"})),
    (set[frozenset[int]], {frozenset({1}), frozenset({2, 3})}),
    (set[np.datetime64], {np.datetime64("2024-01-01"), np.datetime64("2024", "ns")}),
    (Optional[float], None),
    (Optional[float], 1.0),
    (float | None, -0.0),
    (int | float, 1),
    (int | float, 1.0),
    (bool | int | None, True),
    (datetime | str, "2024-02-29T00:00:00"),
    (datetime | str, datetime(2024, 2, 29)),
    (date | datetime, datetime(2024, 2, 29)),
    (date | datetime, date(2024, 2, 29)),
    (Path | str, Path("x")),
    (Path | str, "x"),
    (bytes | str, b"eA=="),
    (bytes | str, "eA=="),
    (set[int] | list[int], {1}),
    (set[int] | list[int], [1]),
    (list[int] | tuple[int, ...], (1,)),
    (list[int] | list[float], [1.0]),
    (list[float] | list[int], [1]),
    (list[int] | list[str], []),
    (complex | list[float], 1j),
    (complex | list[float], [0.0, 1.0]),
    (Circle | Pair[float], Circle(1.0)),
    (Circle | Options, {"depth": 1}),
    (Mood | str, "GOOD"),
    (Mood | str, Mood.GOOD),
    (Level | int, Level.LOW),
    (Level | int, 1),
    (dict[str, int] | Circle, {"radius": 1}),
    (dict[str, int | str] | None, {"$is": 1, "value": "x"}),
    (NDArray[np.float64] | None, _F8),
    (np.float32 | float, np.float32(1.5)),
    (np.float32 | float, 1.5),
    (np.bool_ | bool, np.True_),
    (list[NDArray[np.float64]] | float, [_F8]),
    (NDArray[np.float64], _F8),
    (NDArray[np.float64], _F8.T),
    (NDArray[np.float64], _F8.astype(">f8")),
    (NDArray[np.float64], np.array(3.0)),
    (NDArray[np.floating], np.array([1, 2], np.float16)),
    (NDArray[np.float64 | np.complex128], np.array([1j])),
    (NDArray[np.str_], np.array(["ab", "ü"])),
    (NDArray[np.bool_], np.array([True])),
    (NDArray[np.datetime64], np.array(["2024-01-01", "NaT"], "M8[us]")),
    (NDArray[np.void], _RECORDS),
    (NDArray[np.generic], np.zeros((0, 3), np.int8)),
    (np.ndarray[tuple[int, int], np.dtype[np.float64]], _F8),
    (np.float32, np.float32(0.1)),
    (np.float64, np.float64("nan")),
    (np.int8, np.int8(-128)),
    (np.uint64, np.uint64(2**64 - 1)),
    (np.bool_, np.False_),
    (np.complex64, np.complex64(1 + 2j)),
    (np.longdouble, np.longdouble(1) / 3),
    (np.str_, np.str_("a\udc80")),
    (np.bytes_, np.bytes_(b"a")),
    (np.datetime64, np.array("2024-01-01T12", "M8[25s]")[()]),
    (np.datetime64, np.datetime64("NaT", "ns")),
    (np.timedelta64, np.timedelta64(5, "ms")),
    (np.floating, np.float16(1.5)),
    (np.void, _RECORDS[0]),
    (Circle, Circle(2.0, (1.0, -0.0))),
    (Fit, Fit(_F8, np.ones(2, np.float32), datetime(2024, 1, 1), 3)),
    (Doubling, Doubling(1.5)),
    (Derived, Derived(3.0)),
    (Tree2, Tree2("a", [Tree2("b", [Tree2("c")], Tree2("d"))])),
    (Pair[int], Pair(1, {"a": 2})),
    (Pair[NDArray[np.int64]], Pair(np.arange(3), {"x": np.arange(2)})),
    (IntPair, IntPair(1, {"a": 2}, False)),
    (Hashed, Hashed("a")),
    (Positive, Positive(1)),
    (Plain, Plain(1, ["a"], flag=True)),
    (Locked, Locked((1, 2), frozenset({("a", 1)}))),
    (Point, Point(1.0, 2.0)),
    (Branch, Branch("a", [Branch("b", [])])),
    (list[Point], [Point(1.0, 2.0, "q")]),
    (Movie, {"title": "t", "frames": np.zeros((2, 2), np.uint8)}),
    (Options, {"names": [], "depth": 1}),
    (Extra, {"depth": 1, "weight": 2.0}),
    (Alias, {"a": [Circle(1.0)]}),
    (Rows, [{"a": 1, "b": 1.0, "c": None}]),
    (dict[str, dict[str, list[NDArray[np.float64]]]], {"a": {"b": [_F8, _F8]}}),
    (Annotated[list[Annotated[int, 1]], "x"], [1]),
]

REQUIRED_PAIRS = 52
"""At least so many pairs must be among them."""


def through_json(payload: Payload) -> Payload:
    """The payload with its tree written and read as every format does."""
    tree = cast("Tree", json.loads(json.dumps(payload.tree)))
    return Payload(tree, payload.arrays)


def same(left: object, right: object) -> bool:
    """Equal, of the same types at every level, with nan equal to nan and 0.0 other than -0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, np.ndarray):
        other = cast("NDArray[np.generic]", right)
        mine = cast("NDArray[np.generic]", left)
        return mine.dtype == other.dtype and mine.shape == other.shape and mine.tobytes() == other.tobytes()
    if isinstance(left, dict):
        ours, theirs = cast("dict[object, object]", left), cast("dict[object, object]", right)
        return same(list(ours.items()), list(theirs.items()))
    if isinstance(left, list | tuple):
        items, others = cast("list[object]", left), cast("list[object]", right)
        return len(items) == len(others) and all(map(same, items, others))
    if isinstance(left, set | frozenset):
        group = cast("frozenset[object]", left)
        return sorted(map(repr, group)) == sorted(map(repr, cast("frozenset[object]", right)))
    if attrs.has(type(left)) or (dataclasses.is_dataclass(left) and not isinstance(left, type)):
        return same(_fields(left), _fields(right))
    if isinstance(left, datetime | time):
        moment = cast("datetime | time", right)
        zones = type(left.tzinfo) is type(moment.tzinfo) and repr(left.tzinfo) == repr(moment.tzinfo)
        return left.replace(tzinfo=None) == moment.replace(tzinfo=None) and zones and left.fold == moment.fold
    if type(left) in (np.datetime64, np.timedelta64, np.void):
        return _bytes_of(left) == _bytes_of(right)
    if isinstance(left, int | Fraction):
        return left == right
    return repr(left) == repr(right)


def _bytes_of(scalar: object) -> tuple[str, bytes]:
    box = cast("NDArray[np.generic]", np.asarray(scalar))
    return str(box.dtype), box.tobytes()


def _fields(value: object) -> Mapping[str, object]:
    if attrs.has(type(value)):
        kind = cast("type[attrs.AttrsInstance]", type(value))
        return {field.name: getattr(value, field.name) for field in attrs.fields(kind)}
    plain = cast("Callable[[object], tuple[dataclasses.Field[object], ...]]", dataclasses.fields)
    return {field.name: getattr(value, field.name) for field in plain(value)}


def subscript(generic: object, *args: object) -> object:
    """``generic[args]``, where a type checker does not see a generic class."""
    (first, *others) = args
    return cast("object", cast("Any", generic)[(first, *others) if others else first])
