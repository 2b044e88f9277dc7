"""The small archive that is written and found at once is the one that is written member by member."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.formats.npy_array import array_to_npy
from simple_metrics_manager.formats.zip_layout import WHOLE_BELOW
from simple_metrics_manager.formats.zip_pair import Pair
from simple_metrics_manager.formats.zip_writer import ZipWriter

LEAD = 128
PAIR = Pair("value.npy", "record.json", LEAD)


def written(header: bytes, data: bytes, text: bytes) -> list[bytes]:
    """The pieces that the general writer makes."""
    writer = ZipWriter()
    writer.add("value.npy", (header, data), lead=LEAD)
    writer.add("record.json", (text,))
    return [bytes(piece) for piece in writer.finish()]


@given(st.integers(0, WHOLE_BELOW), st.integers(0, 700))
def test_the_same_bytes(size: int, length: int) -> None:
    """It packs what the general writer writes in one piece, byte for byte, and nothing else; both are found in it."""
    header, data, text = b"h" * LEAD, b"d" * size, b"t" * length
    pieces = written(header, data, text)
    whole = PAIR.pack(header, data, text)

    assert [whole] == pieces if len(pieces) == 1 else whole is None
    if whole is not None:
        found = PAIR.find(memoryview(whole))
        assert found is not None
        start, middle, at, stop = found
        assert (whole[start:middle], whole[at:stop]) == (header + data, text)


def test_another_lead_is_another_archive() -> None:
    """A header of another length is aligned in another way, and left to the general writer."""
    header, data = array_to_npy(np.zeros(3, [(f"field_{n}", "f8") for n in range(20)]), allow_pickle=False)

    assert len(header) != LEAD
    assert PAIR.pack(header, data, b"{}") is None


@pytest.mark.parametrize("change", ["flip", "cut", "longer"])
def test_damage_is_not_found(change: str) -> None:
    """Of an archive in which any byte is another, missing or too many, nothing is given."""
    whole = PAIR.pack(b"h" * LEAD, b"data", b"{}") or b""

    for at in range(len(whole)):
        damaged = {
            "flip": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
            "cut": whole[:at],
            "longer": whole[:at] + b"\0" + whole[at:],
        }[change]
        assert PAIR.find(memoryview(damaged)) is None
    assert PAIR.find(memoryview(whole)) is not None
