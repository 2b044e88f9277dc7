"""Packed: the promises of every format, few bytes, and records that are read when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import attrs
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CorruptMetricError, NewerFormatError
from simple_metrics_manager.formats.base import Shared
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.npy_array import array_to_npy
from simple_metrics_manager.formats.packed import Packed
from simple_metrics_manager.formats.packed_entry import PackedEntry
from simple_metrics_manager.formats.short_header import layout_of, shorten
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from simple_metrics_manager.record import Code, Record, params_text, question, record_to_sections
from simple_metrics_manager.testing import FormatContract
from tests.formats.samples import (
    OTHER_ARRAYS,
    PLAIN_ARRAYS,
    RECORD,
    TREES,
    decoded,
    encoded,
    entry_of,
    same_entry,
)

ARRAYS: Mapping[str, Array] = {**PLAIN_ARRAYS, **OTHER_ARRAYS}


class TestPacked(FormatContract):
    """What every format promises."""

    def make_format(self) -> Packed:
        return Packed()

    def test_extension(self) -> None:
        """A row of a database needs none."""
        assert self.make_format().extension == ""


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_arrays(array: Array) -> None:
    """Arrays of every dtype and order come back as they were, alone and beside others."""
    alone = entry_of(array)
    beside = Entry(RECORD, Payload([{"$array": "a"}, {"$array": "é/1"}], {"a": np.arange(3), "é/1": array}))

    assert same_entry(decoded(Packed(), encoded(Packed(), alone)), alone)
    assert same_entry(decoded(Packed(), encoded(Packed(), beside)), beside)


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_trees(tree: Tree) -> None:
    """Values without any array come back as they are."""
    entry = Entry(RECORD, Payload(tree, {}))

    assert same_entry(decoded(Packed(), encoded(Packed(), entry)), entry)


@pytest.mark.parametrize("number", [0.0, -0.0, 1e22, 5e-324, float("inf"), float("-inf"), 0.1 + 0.2])
def test_numbers(number: float) -> None:
    """A number comes back to the bit."""
    found = decoded(Packed(), encoded(Packed(), Entry(RECORD, Payload(number, {})))).payload.tree

    assert repr(found) == repr(number)


def test_a_number_that_is_none() -> None:
    """So does what is not a number."""
    found = decoded(Packed(), encoded(Packed(), Entry(RECORD, Payload(float("nan"), {})))).payload.tree

    assert repr(found) == "nan"


@pytest.mark.parametrize(("value", "most"), [(Payload(1.5, {}), 100), (entry_of(np.arange(8.0)).payload, 190)])
def test_few_bytes(value: Payload, most: int) -> None:
    """A number takes up to 100 bytes, eight of them in an array 190, with name, date and all that is not shared."""
    record = Record(name="Experiment.inertia,k=00012,x=1", seconds=0.012345, bytes=64, date=datetime.now(UTC))
    pieces = Packed().encode(Entry(record, value))

    assert sum(len(piece) for piece in pieces if not isinstance(piece, Shared)) <= most


def test_what_is_shared() -> None:
    """Points of a sweep share question and origin, as the very same objects at the end of their blobs."""
    points = [attrs.evolve(RECORD, name=f"f,k={k}", params={"k": k}, seconds=k / 7) for k in (1, 2)]
    one, two = (Packed().encode(Entry(point, Payload(1.5, {}))) for point in points)

    assert [type(piece) is Shared for piece in one] == [False, True, True]
    assert (one[1] is two[1], one[2] is two[2]) == (True, True)
    assert (one[1], one[2]) == tuple(record_to_sections(RECORD)[index].encode() for index in (0, 2))


@pytest.mark.parametrize("value", [1 / 3, "\u00e9", [1, None], np.arange(8.0), np.arange(4000.0), (np.arange(3), 1.5)])
def test_a_value_of_which_only_the_name_is_known(value: object) -> None:
    """It is written as it would be with a record that has nothing else in it, but for the date."""
    payload = plain_codec().dump(value)
    before = datetime.now(UTC) - timedelta(microseconds=1)
    found = decoded(Packed(), b"".join(Packed().encode_plain('a "name" \ud800', payload)))
    assert found.record is not None

    assert before <= found.record.date <= datetime.now(UTC)
    record = Record(name='a "name" \ud800', bytes=payload.nbytes, date=found.record.date)
    assert same_entry(found, Entry(record, payload))
    again = Packed().encode(Entry(record, payload))
    assert [type(piece) is Shared for piece in again[-2:]] == [True, True]
    assert len(b"".join(again)) == len(b"".join(Packed().encode_plain('a "name" \ud800', payload)))


@example(seconds=2.5e-9, content="")
@example(seconds=999_999.999_999_999_5, content="")
@given(
    seconds=st.floats() | st.floats(0, 1e7) | st.decimals(0, 1000, places=9).map(float),
    content=st.from_regex(r"v1:[0-9a-f]{32}", fullmatch=True) | st.text("v1:0fF=A", max_size=40),
)
def test_times_and_hashes(seconds: float, content: str) -> None:
    """Times come back to the nanosecond, and hashes as they were, however they are written."""
    record = Record(name="a", seconds=seconds, cpu_seconds=seconds, content=content)
    found = decoded(Packed(), encoded(Packed(), Entry(record, Payload(None, {})))).record
    assert found is not None

    assert str(abs(found.seconds)) == str(abs(found.cpu_seconds)) == str(abs(round(seconds, 9)))
    assert found.content == content


def test_facts_that_look_alike_are_not_shared() -> None:
    """Records that differ in a shared fact only, be it in its type, keep their own."""
    records = [
        attrs.evolve(RECORD, **change)
        for change in (
            {"version": 1},
            {"version": "1"},
            {"inputs": {"x": 1}},
            {"inputs": {"x": 1.0}},
            {"inputs": {"x": True}},
            {"code": Code("aa", "def f(): ...", "f.py", 1)},
            {"libraries": {"numpy": "2"}},
            {"helpers": {"numpy": "2"}},
            {"run": "2"},
        )
    ]
    for record in [*records, *records]:
        entry = Entry(record, Payload(1, {}))
        found = decoded(Packed(), encoded(Packed(), entry)).record
        assert repr(found) == repr(record)


def asking(asked: str, name: str, params: Mapping[str, Tree]) -> bytes:
    """The question for one point of a sweep."""
    return question(asked, name, params_text(params))


def test_answers() -> None:
    """An entry answers its own question, and no other; that takes no reading of the record."""
    record = attrs.evolve(RECORD, name="f,k=1", params={"k": 1})
    found = decoded(Packed(), encoded(Packed(), Entry(record, Payload(1.5, {}))))
    asked = record_to_sections(record).question

    assert found.answers(asking(asked, "f,k=1", {"k": 1}))
    assert not found.answers(asking(asked, "f,k=1", {"k": 1.0}))
    assert not found.answers(asking(asked, "f,k=1", {}))
    assert not found.answers(asking(asked, "f,k=12", {"k": 1}))
    assert not found.answers(asking(asked.replace("Digits", "Letter"), "f,k=1", {"k": 1}))
    assert not found.answers(b"")
    assert isinstance(found, PackedEntry)
    assert found._record is None
    assert (found.codec, found.dated, found._record) == ("plain", True, None)


def test_typed_entry() -> None:
    """How the payload was taken apart is known, too."""
    record = attrs.evolve(RECORD, codec="typed")

    assert decoded(Packed(), encoded(Packed(), Entry(record, Payload(1.5, {})))).codec == "typed"


def test_entry_without_record() -> None:
    """An entry may have no record, and then answers nothing."""
    found = decoded(Packed(), encoded(Packed(), Entry(None, Payload([1], {}))))

    assert (found.record, found.dated, found.codec, found.payload.tree) == (None, False, "plain", [1])
    assert not found.answers(b"")
    assert not found.answers(asking('{"format":1,"codec":"plain"', "x", {}))


@pytest.mark.parametrize(
    ("payload", "preview"),
    [
        (Payload(1.5, {}), 1.5),
        (Payload(1, {}), 1.0),
        (Payload(1, {}), True),
        (Payload(None, {}), None),
        (Payload([1, 2], {}), [1, 2]),
        (Payload(-3, {}), -3),
        (Payload("text", {}), "te"),
        (entry_of(np.arange(9.0)).payload, [0.0, 1.0, 2.0]),
        (entry_of(np.arange(9)).payload, [0.0, 1.0, 2.0]),
        (entry_of(np.arange(9)).payload, [0, 1, 2]),
        (entry_of(np.array([0.5, np.nan])).payload, [0.5, float("nan")]),
        (entry_of(np.array([0.0, 1.0])).payload, [-0.0, 1.0]),
        (entry_of(np.array([True, False])).payload, [1.0, 0.0]),
        (entry_of(np.array([2**63 + 1025], np.uint64)).payload, [float(2**63 + 1025)]),
        (entry_of(np.array([1.0])).payload, [1.0, 1.0]),
        (entry_of(np.array([1.0])).payload, []),
        (entry_of(np.arange(9000.0)).payload, [0.0, 1.0]),
        (entry_of(np.array(["a"])).payload, ["a"]),
    ],
)
def test_previews(payload: Payload, preview: Tree) -> None:
    """A preview comes back, in its very types, also when the value itself has been given away."""
    record = attrs.evolve(RECORD, preview=preview)
    found = decoded(Packed(), encoded(Packed(), Entry(record, payload)))
    found.payload = Payload(None, {})

    assert found.record is not None
    assert repr(found.record.preview) == repr(preview)


def test_alignment() -> None:
    """Arrays from a kilobyte on begin at multiples of 64 in the blob; they are views of it, not copies."""
    arrays = {f"a{number}": np.arange(200.0) + number for number in range(3)}
    blob = np.zeros(10_000 // 64 * 64, np.uint8)
    packed = encoded(Packed(), Entry(RECORD, Payload([{"$array": key} for key in arrays], dict(arrays))))
    start = -blob.ctypes.data % 64
    blob[start : start + len(packed)] = np.frombuffer(packed, np.uint8)
    found = Packed().decode(blob[start : start + len(packed)].data, "x").payload.arrays

    for key, array in arrays.items():
        assert found[key].tolist() == array.tolist()
        assert found[key].ctypes.data % 64 == 0
        assert np.shares_memory(found[key], blob)
        assert not found[key].flags.writeable


@given(st.sampled_from(sorted(ARRAYS)), st.integers(0, 2**32), st.integers(1, 255))
# EVIDENCE-OF: P4
def test_other_bytes(which: str, at: int, change: int) -> None:
    """No byte can be another one unnoticed."""
    blob = bytearray(encoded(Packed(), entry_of(ARRAYS[which])))
    blob[at % len(blob)] ^= change

    with pytest.raises(CorruptMetricError, match="somewhere/x"):
        decoded(Packed(), bytes(blob))


def test_later_versions() -> None:
    """A blob of a later version is told from one of which just the version is damaged."""
    blob = encoded(Packed(), entry_of(np.arange(3)))
    later = b"smp\x02" + blob[4:40] + b"?" + blob[41:]

    with pytest.raises(NewerFormatError, match="format 2"):
        decoded(Packed(), later)
    with pytest.raises(CorruptMetricError, match="does not begin as it should"):
        decoded(Packed(), b"smp\x02" + blob[4:])


def forged(blob: bytes, **changes: int) -> bytes:
    """A blob with other numbers in its head, and the checksum that belongs to them."""
    numbers = {
        "length": int.from_bytes(blob[8:12], "little"),
        "asked": int.from_bytes(blob[12:16], "little"),
        "count": int.from_bytes(blob[16:18], "little"),
    } | changes
    head = b"".join(numbers[key].to_bytes(size, "little") for key, size in (("length", 4), ("asked", 4), ("count", 2)))
    return blob[:4] + crc32(head + blob[18:], crc32(blob[:4])).to_bytes(4, "little") + head + blob[18:]


@pytest.mark.parametrize(
    "changes",
    [{"length": 2**32 - 1}, {"length": 3}, {"length": 0}, {"asked": 2**32 - 1}, {"count": 1}, {"count": 65_535}],
)
# EVIDENCE-OF: P7
def test_forged_numbers(changes: dict[str, int]) -> None:
    """Lengths that nobody wrote are refused before memory is taken for them."""
    blob = encoded(Packed(), Entry(RECORD, Payload(1.5, {})))
    assert forged(blob) == blob

    with pytest.raises(CorruptMetricError):
        _ = decoded(Packed(), forged(blob, **changes)).record


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_short_headers(array: Array) -> None:
    """A short header says what the long one says, and is shorter where there is a dtype with a plain name."""
    header, _ = array_to_npy(array, allow_pickle=False)
    layout = layout_of(shorten(header))

    assert (layout.dtype, layout.shape) == (array.dtype, array.shape)
    assert layout.fortran == (array.flags.f_contiguous and not array.flags.c_contiguous)
    assert len(shorten(header)) < 30 or array.dtype.names is not None


@pytest.mark.parametrize(
    "short", [b"", b"<f8", b"<f8(8,) ", b"<f8(-1,)", b"<f8(a)", b"O(1,)x", b"<q9(1,)", b"'<f8'(1,)"]
)
def test_what_is_no_short_header(short: bytes) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        layout_of(short)
