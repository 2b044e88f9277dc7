"""Entries that a format has to keep or to refuse, and what it means that one came back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.payload.tree import Array, Native, Payload, Tree
from simple_metrics_manager.record import Code, Read, Record

RECORD = Record(
    name="Digits.spectrum",
    metric="spectrum",
    manager="Digits",
    date=datetime(2026, 11, 24, 9, 30, 15, 250_000, UTC),
    seconds=1.5,
    bytes=24,
    type="NDArray[float64]",
    preview=["é", None, 1.5],
    content="0123456789abcdef",
    code=Code("aa", "def spectrum(self):\n    return 1\n", "digits.py", 12),
    reads=(Read("Digits", "pixels", "ff"),),
)
"""A small one."""

FULL_RECORD = Record(
    name="Digits.inertia,k=10",
    metric="inertia",
    manager="Digits",
    module="lab.digits",
    inputs={"seed": 1, "who": "é\n\u2028\x00", "deep": [{"a": None}, [True, 2.5]]},
    params={"k": 10, "tol": 1e-300},
    date=datetime(1, 1, 1, 0, 0, 0, 1, UTC),
    seconds=0.1,
    cpu_seconds=1e-9,
    bytes=2**53,
    type="dict[str, NDArray[float64]] | None",
    codec="typed",
    summary="float64 (3,) in 2 parts",
    preview={"a": [1, -0.0, "text"], "b": None},
    content="f" * 64,
    version="2.0-é",
    code=Code("h" * 64, 'def f():\n\t"""é"""\n' * 40, "/home/é/digits.py", 10**6),
    helpers={"lab.help": "a1", "lab.é": "b2"},
    globals={"LIMIT": "c3"},
    reads=tuple(Read("Digits", f"pixels {number}", "ff") for number in range(50)),
    python="3.11.4",
    libraries={"numpy": "2.4.0", "attrs": "26.1.0"},
    host="node-7",
    run="0123",
)
"""One with everything in it."""

SINGLE: Tree = {"$array": "value"}

NESTED: Tree = {"name": "é\n\u2028", "$$own": [1, 2.5, None, True, {}], "deep": {"list": [[], [SINGLE]]}}

TREES: Mapping[str, Tree] = {
    "null": None,
    "true": True,
    "int": 3,
    "huge int": 2**70,
    "float": 0.1,
    "infinite": float("-inf"),
    "str": "a 'text' with \x00 and \ud800 and 😀",
    "empty str": "",
    "numbers": [1, 2.5, 3],
    "mixed": [1, "a", None],
    "empty list": [],
    "empty dict": {},
    "own keys": {"record": {}, "value": 1, "arrays": [], "checksum": "crc32:00000000"},
    "marks": {"$$array": "value", "$tuple": [1, 2]},
}
"""Values without an array."""

_UNALIGNED: Array = np.frombuffer(bytes(range(1, 34)), "<f8", 4, 1)
_STRUCTURE = np.dtype([("a", "<i4"), ("b", ">f8", (2, 2)), ("é", "U3")])

PLAIN_ARRAYS: Mapping[str, Array] = {
    **{
        f"{kind} {order}": np.arange(6).astype(f"{order}{kind}") for kind in ("i2", "u4", "f8", "c16") for order in "<>"
    },
    "bool": np.array([True, False]),
    "int8": np.array([-128, 127], np.int8),
    "int64": np.array([-(2**63), 2**63 - 1]),
    "uint64": np.array([0, 2**64 - 1], np.uint64),
    "float16": np.array([0.1, -0.0, np.inf, 6e-8], np.float16),
    "float32": np.array([0.1, 1e-45, 3.4e38], np.float32),
    "float64": np.array([0.1, 5e-324, -0.0, np.nan, -np.inf]),
    "complex64": np.array([[0.1 + 2j, complex(np.nan, -0.0)]], np.complex64),
    "text": np.array(["", "é", "😀 \t\n", "a\x00b"]),
    "text >": np.array(["ab", "c"]).astype(">U2"),
    "bytes": np.array([b"", b"a\x00b", b"\xff\x80"]),
    "datetime": np.array(["2026-11-24", "NaT"], "M8[ns]"),
    "datetime >": np.array(["2026-11-24", "NaT"], "M8[D]").astype(">M8[D]"),
    "timedelta": np.array([5, -5], "m8[3h]"),
    "0-d": np.array(1.5),
    "0-d text": np.array("text"),
    "0-d complex": np.array(1 + 2j),
    "no elements": np.zeros(0),
    "no rows": np.zeros((0, 3), np.int16),
    "no columns": np.zeros((3, 0), "U2"),
    "no bytes": np.zeros((2, 0, 2), "S1"),
    "no complex": np.zeros((2, 0), np.complex64),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "fortran 3-d": np.asfortranarray(np.arange(24, dtype=np.float32).reshape(2, 3, 4)),
    "fortran text": np.asfortranarray(np.array([["a", "b"], ["c", "dd"]])),
    "strided": np.arange(24).reshape(4, 6)[::2, ::-2],
    "unaligned": _UNALIGNED,
    "read-only": np.broadcast_to(np.float64(2), (2, 2)),
}
"""What every format should keep."""

OTHER_ARRAYS: Mapping[str, Array] = {
    "structured": np.zeros(3, _STRUCTURE),
    "structured 0-d": np.ones((), _STRUCTURE),
    "structured padded": np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "void": np.array([b"abc", b"\x00\x01"], "V3"),
    "longdouble": np.array([np.longdouble(1) / 3]),
    "clongdouble": np.array([1j], np.clongdouble),
    "no bytes each": np.ndarray((3,), "S0"),
    "many fields": np.zeros(2, np.dtype([(f"field_{index}", "f8") for index in range(2000)])),
}
"""What many formats cannot keep to the bit."""

_NAMES = ("value", "é/😀", "../up", "", "record.json", "x.npy")
MANY = Payload(
    {f"${name}": [{"$array": name}] for name in _NAMES},
    {name: np.arange(float(index)) for index, name in enumerate(_NAMES)},
)
"""A value with several arrays, whose names are anything."""


class Unheard(Native):
    """A part of a value of a kind that no format has heard of."""

    @property
    def nbytes(self) -> int:
        return 3

    def to_array(self) -> Array:
        return np.frombuffer(b"abc", np.uint8)

    def plain(self) -> object:
        return b"abc"

    def content(self) -> str:
        return "abc"

    def summary(self) -> str:
        return "three bytes"


def entry_of(array: Array) -> Entry:
    """A value that is one array."""
    return Entry(RECORD, Payload(SINGLE, {"value": array}))


def sample_entries() -> dict[str, Entry]:
    """All samples by name: values without arrays, with one of any kind, with many; records short and full."""
    return {
        **{name: Entry(RECORD, Payload(tree, {})) for name, tree in TREES.items()},
        **{name: entry_of(array) for name, array in {**PLAIN_ARRAYS, **OTHER_ARRAYS}.items()},
        "array within": Entry(RECORD, Payload(NESTED, {"value": np.arange(3)})),
        "many arrays": Entry(RECORD, MANY),
        "full record": Entry(FULL_RECORD, Payload([1, SINGLE], {"value": np.arange(3)})),
    }


def same_arrays(one: Mapping[str, Array], other: Mapping[str, Array]) -> bool:
    """Equal to the bit, in dtype, shape and order in memory (of those that are in one piece)."""
    return one.keys() == other.keys() and all(_same(array, other[name]) for name, array in one.items())


def _same(one: Array, other: Array) -> bool:
    fortran = one.flags.f_contiguous and not one.flags.c_contiguous
    return (
        one.dtype == other.dtype
        and one.dtype.str == other.dtype.str
        and one.shape == other.shape
        and one.tobytes() == other.tobytes()
        and (not fortran or other.flags.f_contiguous)
    )


def same_entry(one: Entry, other: Entry) -> bool:
    """Equal records, trees, arrays and other parts, the types of all parts of the trees included."""
    natives, others = one.payload.natives, other.payload.natives
    return (
        one.record == other.record
        and repr(one.payload.tree) == repr(other.payload.tree)
        and same_arrays(one.payload.arrays, other.payload.arrays)
        and {name: part.content() for name, part in natives.items()}
        == {name: part.content() for name, part in others.items()}
    )
