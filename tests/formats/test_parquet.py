"""A parquet file is one that everybody reads, with a record in it, and no byte of it changes unnoticed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, NewerFormatError
from simple_metrics_manager.formats.parquet import Parquet
from simple_metrics_manager.payload.tables import Table
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.payload.typed import typed_codec
from simple_metrics_manager.record import Code, Record
from tests.formats.samples import RECORD, decoded, encoded, entry_of, flips, outcome
from tests.payload.table_samples import IDS, TABLES, assert_same, pa, pd, pl

pq = pytest.importorskip("pyarrow.parquet")

each_table = pytest.mark.parametrize(("declared", "value"), [(kind, value) for kind, _, value in TABLES], ids=IDS)

SMALL = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
LIAR = Record(
    name="liar", date=RECORD.date, code=Code("aa", '"\nsimple_metrics_manager 1\n{}\nbody 00000000 footer 00000000\n"')
)
"""Whose source holds the text that a note consists of."""


def entry(value: object, record: Record | None = RECORD) -> Entry:
    """A table as it is stored."""
    return Entry(record, typed_codec(type(value), "CM.m").dump(value))


def value_in(found: Entry, declared: object) -> Any:
    """The table again."""
    return typed_codec(declared, "CM.m").load(found.payload)


FILE = encoded(Parquet(), entry(SMALL))
CONTENT = entry(SMALL).payload.natives["value"].content()


def read_of(blobs: Iterable[bytes]) -> set[bool | str]:
    """What became of damaged files: ``True`` is the same entry, ``False`` another one."""

    def is_same(blob: bytes) -> bool:
        found = decoded(Parquet(), blob)
        return found.record == RECORD and found.payload.natives["value"].content() == CONTENT

    return {outcome(is_same, blob) for blob in blobs}


def records_of(blobs: Iterable[bytes]) -> set[bool | str]:
    """The same when only the record is asked for."""
    return {outcome(lambda blob: Parquet().decode_record(memoryview(blob), "x") == RECORD, blob) for blob in blobs}


@each_table
def test_round_trip(declared: object, value: object) -> None:
    """Record and table come back."""
    found = decoded(Parquet(), encoded(Parquet(), entry(value)))

    assert found.record == RECORD
    assert_same(value, value_in(found, declared))


@pytest.mark.parametrize("compression", ["zstd", "snappy", "lz4", "gzip", "brotli", "none"])
def test_compression(compression: str, tmp_path: Path) -> None:
    """Each codec gives the same table; all but ``none`` make a file of repeating values smaller."""
    value = pd.DataFrame({"a": ["one text"] * 10_000, "b": np.arange(10_000) % 7 / 2})
    plain, blob = encoded(Parquet("none"), entry(value)), encoded(Parquet(compression), entry(value))
    (tmp_path / "x.parquet").write_bytes(blob)

    assert_same(value, value_in(decoded(Parquet(), blob), pd.DataFrame))
    assert_same(value, pd.read_parquet(tmp_path / "x.parquet"))
    assert compression == "none" or len(blob) < len(plain)


def test_unknown_compression() -> None:
    """A mistake in the option is told when the format is made."""
    with pytest.raises(ValueError, match="zstd"):
        Parquet("zip")


def test_others_read_it(tmp_path: Path) -> None:
    """pandas, polars and pyarrow read the file as any other of its kind."""
    path = tmp_path / "x.parquet"
    value = pd.DataFrame(
        {"n": [1, 2], "t": ["a", None], "c": pd.Categorical(["x", "y"]), "w": pd.to_datetime(["2020", None])},
        index=pd.Index([10, 20], name="key"),
    )
    path.write_bytes(encoded(Parquet(), entry(value)))

    assert_same(value, pd.read_parquet(path))
    assert pl.read_parquet(path).drop("w").rows() == [(1, "a", "x", 10), (2, None, "y", 20)]
    assert pq.read_table(path).column_names == ["n", "t", "c", "w", "key"]
    assert RECORD.content in str(pq.read_metadata(path).metadata)


@pytest.mark.parametrize(("declared", "value"), [(kind, value) for kind, _, value in TABLES], ids=IDS)
def test_everything_is_read_by_pyarrow_and_polars(declared: object, value: Any, tmp_path: Path) -> None:
    """Whatever is in it, other programs can open the file, and find as many rows."""
    path = tmp_path / "x.parquet"
    path.write_bytes(encoded(Parquet(), entry(value)))
    table = pq.read_table(path)

    assert table.num_columns == 0 or table.num_rows == len(value)
    if not any(word in str(table.schema) for word in ("null", "extension", "map<", "fixed_size_binary")):
        assert table.num_columns == 0 or pl.read_parquet(path).height == len(value)


def test_record_alone() -> None:
    """The record is read without pyarrow, and without the pages being looked at."""
    damaged = FILE[:20] + b"\0\0\0" + FILE[23:]
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from simple_metrics_manager.formats.parquet import Parquet\n"
        "print(Parquet().decode_record(memoryview(sys.stdin.buffer.read()), 'x').name)"
    )
    ran = subprocess.run([sys.executable, "-c", program], input=damaged, capture_output=True, check=True)

    assert ran.stdout == b"Digits.spectrum\n"


@pytest.mark.parametrize("record", [None, LIAR], ids=["none", "liar"])
def test_odd_records(record: Record | None) -> None:
    """There may be no record, or one that holds what looks like the end of one."""
    blob = encoded(Parquet(), entry(SMALL, record))

    assert decoded(Parquet(), blob).record == record
    assert Parquet().decode_record(memoryview(blob), "x") == record


def test_a_table_that_looks_like_a_record() -> None:
    """Metadata and values of the table may hold the text of a note, those of another file of ours included."""
    value = pa.table({"a": [FILE.decode("latin1")]}, metadata={"z": FILE[-4000:].decode("latin1")})
    again = pa.table({"a": [1]}, metadata=pq.read_table(pa.BufferReader(FILE)).schema.metadata)
    found = decoded(Parquet(), encoded(Parquet(), entry(value)))
    kept = value_in(decoded(Parquet(), encoded(Parquet(), entry(again))), pa.Table)

    assert found.record == RECORD
    assert_same(value, value_in(found, pa.Table))
    assert list(kept.schema.metadata) == [b"pandas"]


# EVIDENCE-OF: P4
def test_flipped_bits() -> None:
    """Every flipped bit of the file is found, pages, footer and checksums alike."""
    assert read_of(flips(FILE)) == {"CorruptMetricError"}


# EVIDENCE-OF: P4
def test_flipped_bits_and_the_record() -> None:
    """A record that is read alone is the one that was written, or an error."""
    assert records_of(flips(FILE)) == {True, "CorruptMetricError"}


# EVIDENCE-OF: P4
def test_cut_files() -> None:
    """A file that lost its end or its beginning is found to be damaged."""
    assert read_of(FILE[:length] for length in range(len(FILE))) == {"CorruptMetricError"}
    assert records_of(FILE[:length] for length in range(len(FILE))) == {"CorruptMetricError"}
    assert read_of(FILE[length:] for length in range(1, len(FILE))) == {"CorruptMetricError"}


# EVIDENCE-OF: P4
def test_added_bytes_and_zeroed_blocks() -> None:
    """Bytes before or behind the file are found, and blocks that a power cut left full of zeros."""
    rubbish = [b"\0", b"\n", bytes(4096), FILE]
    torn = (FILE[:at] + bytes(min(64, len(FILE) - at)) + FILE[at + 64 :] for at in range(0, len(FILE), 16))

    assert read_of(FILE + extra for extra in rubbish[:-1]) == {"CorruptMetricError"}
    assert read_of(extra + FILE for extra in rubbish) == {"CorruptMetricError"}
    assert read_of(torn) == {"CorruptMetricError"}


# EVIDENCE-OF: P4
def test_exchanged_ends() -> None:
    """The beginning of one file with the end of another is neither of them."""
    other = encoded(Parquet(), entry(pd.DataFrame({"a": [1, 3], "b": ["x", None]})))
    crossed = {FILE[:at] + other[at:] for at in range(min(len(FILE), len(other)))} - {FILE, other}

    assert read_of(crossed) == {"CorruptMetricError"}


@given(data=st.data())
# EVIDENCE-OF: P4
def test_any_damage(data: st.DataObject) -> None:
    """Whatever is done to some stretch of the file, another value never comes out of it."""
    at = data.draw(st.integers(0, len(FILE)))
    stop = data.draw(st.integers(at, len(FILE)))
    damaged = FILE[:at] + data.draw(st.binary(max_size=40)) + FILE[stop:]

    assert read_of([damaged]) <= ({"CorruptMetricError"} if damaged != FILE else {True})


@given(blob=st.binary(max_size=400))
# EVIDENCE-OF: P4
def test_rubbish(blob: bytes) -> None:
    """Any other bytes are damaged: nothing else is raised."""
    assert read_of([blob, b"PAR1" + blob + len(blob).to_bytes(4, "little") + b"PAR1"]) == {"CorruptMetricError"}


def test_file_of_another_program(tmp_path: Path) -> None:
    """A file that has no record of ours is none of a metric: it cannot be told from one that lost it."""
    SMALL.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(CorruptMetricError, match="no record in it where this library writes one"):
        decoded(Parquet(), (tmp_path / "x.parquet").read_bytes())


# EVIDENCE-OF: P4
def test_newer_format() -> None:
    """A file of a later version of the library is refused with the advice to upgrade."""
    blob = encoded(Parquet(), entry(SMALL, Record(name="later", date=RECORD.date, format=2)))
    for read in (Parquet().decode, Parquet().decode_record):
        with pytest.raises(NewerFormatError, match="written in format 2; this version reads up to 1: upgrade"):
            read(memoryview(blob), "x")


@pytest.mark.parametrize(
    "other",
    [
        entry_of(np.arange(3)),
        Entry(RECORD, Payload({"a": 1}, {})),
        Entry(RECORD, Payload([{"$array": "0"}], {}, entry(SMALL).payload.natives)),
    ],
    ids=["array", "tree", "within"],
)
def test_what_is_no_table_is_refused(other: Entry) -> None:
    """The error says what the format is for."""
    with pytest.raises(
        CannotStoreError, match=r"holds one table.*Return a data frame, or leave out format=Parquet\(\)"
    ):
        Parquet().encode(other)


def test_dictionary_of_many_row_groups() -> None:
    """Categories of more rows than go into one group of a file come back."""
    codes = np.arange(1_100_000) % 3
    value = pd.DataFrame({"c": pd.Categorical.from_codes(codes, ["b", "a", "z"])})

    assert_same(value, value_in(decoded(Parquet(), encoded(Parquet(), entry(value))), pd.DataFrame))


def test_repr_says_what_it_is() -> None:
    """A table that a storage gives without a declared type shows what it holds."""
    found = decoded(Parquet(), FILE).payload.natives["value"]

    assert isinstance(found, Table)
    assert repr(found) == f"<Table {found.summary()}>"
    assert found.arrow.column("a").to_pylist() == [1, 2]
