"""What is stored by its name alone has the record that it would have had, made only if it is asked for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.formats.foreign import single
from simple_metrics_manager.formats.record_text import BareEntry
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.record import Record, record_from_json, record_to_json

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.integers(-(10**18), 10**20))
def test_any_moment(nanoseconds: int) -> None:
    """Whenever that is, a whole second included, the date in its text is that of its record, to the microsecond."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: nanoseconds)
        entries = [BareEntry("a", Payload(1, {}))]
        patch.setattr(time, "time_ns", lambda: nanoseconds // 10**9 * 10**9)
        entries.append(BareEntry("a", Payload(1, {})))

    assert [entry.text for entry in entries] == [record_to_json(entry.record).encode() for entry in entries]
    assert (entries[0].record.date - EPOCH) // timedelta(microseconds=1) == nanoseconds // 1000


@given(st.text(), st.integers(0, 3))
def test_text_and_record_agree(name: str, length: int) -> None:
    """Its text is that of its record, which has the name, the size and the time of now, and is current."""
    payload = single(np.zeros(length)) if length else Payload(length, {})
    entry = BareEntry(name, payload)

    assert entry.text == record_to_json(entry.record).encode()
    assert record_from_json(entry.text) == entry.record
    assert entry.record == Record(name=name, date=entry.record.date, bytes=8 * length)
    assert (entry.name, entry.dated, entry.codec) == (name, True, "plain")
