"""What is stored by its name alone has the record that it would have had, made only if it is asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.formats.foreign import single
from simple_metrics_manager.formats.record_text import BareEntry
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.record import Record, record_from_json, record_to_json


@given(st.text(), st.integers(0, 3))
def test_text_and_record_agree(name: str, length: int) -> None:
    """Its text is that of its record, which has the name, the size and the time of now, and is current."""
    payload = single(np.zeros(length)) if length else Payload(length, {})
    entry = BareEntry(name, payload)

    assert entry.text == record_to_json(entry.record).encode()
    assert record_from_json(entry.text) == entry.record
    assert entry.record == Record(name=name, date=entry.record.date, bytes=8 * length)
    assert (entry.name, entry.dated, entry.codec) == (name, True, "plain")
