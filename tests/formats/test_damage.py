"""Our own formats promise more than the contract of formats: every byte counts, so no damage goes unnoticed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CorruptMetricError
from simple_metrics_manager.formats import Format
from simple_metrics_manager.payload.tree import Array, Payload
from tests.formats.samples import (
    FORMATS,
    NESTED,
    RECORD,
    decoded,
    encoded,
    entry_of,
    flips,
    outcome,
    outcomes,
    same_entry,
)


def _inner() -> Array:
    """The bytes of an npz and of an empty one, as a metric may well return them."""
    empty, full = io.BytesIO(), io.BytesIO()
    np.savez(empty)
    np.savez(full, arr_0=np.arange(3))
    return np.frombuffer(full.getvalue() + empty.getvalue() + b"{}", np.uint8)


SINGLE = entry_of(np.arange(3, dtype=np.int16))
TREE = Entry(RECORD, Payload({"a": 1.5, "b": [None]}, {}))
MIXED = Entry(RECORD, Payload(NESTED, {"value": np.arange(2)}))
ENTRIES: Mapping[str, Entry] = {"array": SINGLE, "tree": TREE, "mixed": MIXED}

each_case = pytest.mark.parametrize(
    ("form", "entry"),
    [pytest.param(form, entry, id=f"{f}-{e}") for f, form in FORMATS.items() for e, entry in ENTRIES.items()],
)
each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)


def entries_read(form: Format, entry: Entry, blobs: Iterable[bytes]) -> set[bool | str]:
    """What became of the damaged files: ``True`` is the same entry, ``False`` another one."""
    return outcomes(lambda blob: same_entry(decoded(form, blob), entry), blobs)


def records_read(form: Format, entry: Entry, blobs: Iterable[bytes]) -> set[bool | str]:
    """The same when only the record is asked for."""
    return outcomes(lambda blob: form.decode_record(memoryview(blob), "x") == entry.record, blobs)


@each_case
# EVIDENCE-OF: P4
def test_flipped_bits(form: Format, entry: Entry) -> None:
    """Every flipped bit of the file is found."""
    blob = encoded(form, entry)

    assert entries_read(form, entry, flips(blob)) == {"CorruptMetricError"}


@each_case
# EVIDENCE-OF: P4
def test_cut_files(form: Format, entry: Entry) -> None:
    """A file that lost its end, be it one byte or all, is found to be damaged."""
    blob = encoded(form, entry)
    cuts = [blob[:length] for length in range(len(blob))]

    assert entries_read(form, entry, cuts) == {"CorruptMetricError"}
    assert records_read(form, entry, cuts) == {"CorruptMetricError"}


@each_case
# EVIDENCE-OF: P4
def test_files_without_their_beginning(form: Format, entry: Entry) -> None:
    """A file that lost its beginning is found to be damaged."""
    blob = encoded(form, entry)

    assert entries_read(form, entry, [blob[length:] for length in range(1, len(blob))]) == {"CorruptMetricError"}


@each_case
# EVIDENCE-OF: P4
def test_added_bytes(form: Format, entry: Entry) -> None:
    """Bytes before or behind the file are found, be they zeros, white space, or the file once more."""
    blob = encoded(form, entry)
    rubbish = [b"\0", b"\n", b" ", b"}", bytes(4096), blob]

    assert entries_read(form, entry, [blob + extra for extra in rubbish]) == {"CorruptMetricError"}
    assert entries_read(form, entry, [extra + blob for extra in rubbish[:-1]]) == {"CorruptMetricError"}


@each_case
# EVIDENCE-OF: P4
def test_zeroed_blocks(form: Format, entry: Entry) -> None:
    """A block that a power cut left full of zeros is found."""
    blob = encoded(form, entry)
    torn = (blob[:at] + bytes(min(64, len(blob) - at)) + blob[at + 64 :] for at in range(0, len(blob), 16))

    assert entries_read(form, entry, (b for b in torn if b != blob)) == {"CorruptMetricError"}


@each_format
# EVIDENCE-OF: P4
def test_cut_at_a_file_within_the_file(form: Format) -> None:
    """A value that is itself the content of such a file does not make a cut file look whole."""
    array = _inner()
    entry = entry_of(array)
    blob = encoded(form, entry)
    cuts = [blob[:length] for length in range(len(blob))]

    assert entries_read(form, entry, cuts) == {"CorruptMetricError"}


@each_format
# EVIDENCE-OF: P4
def test_exchanged_ends(form: Format) -> None:
    """The beginning of one file with the end of another is neither of them."""
    one, other = encoded(form, SINGLE), encoded(form, entry_of(np.arange(3, 6, dtype=np.int16)))
    crossed = {one[:at] + other[at:] for at in range(min(len(one), len(other)))} - {one, other}

    assert entries_read(form, SINGLE, crossed) <= {"CorruptMetricError"}


@each_format
@given(data=st.data())
# EVIDENCE-OF: P4
def test_any_damage(form: Format, data: st.DataObject) -> None:
    """Whatever is done to some stretch of the file, another value never comes out of it."""
    blob = encoded(form, MIXED)
    at = data.draw(st.integers(0, len(blob)))
    stop = data.draw(st.integers(at, len(blob)))
    damaged = blob[:at] + data.draw(st.binary(max_size=40)) + blob[stop:]

    assert entries_read(form, MIXED, [damaged]) <= ({"CorruptMetricError"} if damaged != blob else {True})


@each_format
@given(blob=st.binary(max_size=400))
# EVIDENCE-OF: P4
def test_rubbish(form: Format, blob: bytes) -> None:
    """Any bytes at all are some value or damaged: nothing else is raised."""
    assert outcome(lambda blob: decoded(form, blob).record is None, blob) in {True, "CorruptMetricError"}


@each_format
def test_message(form: Format) -> None:
    """The error names the file and says what to do."""
    blob = encoded(form, SINGLE)[:-1]
    with pytest.raises(CorruptMetricError, match=r"(?s)^somewhere/x is damaged: .*compute the metric again"):
        decoded(form, blob)
