"""Notes: what is written is read, and nothing else is."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.claims.base import Owner
from simple_metrics_manager.claims.notes import Note, new_note, read_note

texts = st.text(st.characters(codec=None))
owners = st.builds(
    Owner,
    host=texts,
    process=st.integers(1, 1 << 31),
    thread=texts,
    since=st.datetimes(timezones=st.just(UTC)),
    token=texts.filter(bool),
    waits_for=texts,
)
WRITTEN = new_note().written()


@given(st.builds(Note, owners, space=texts, beat=st.integers(0)))
def test_a_note_comes_back(note: Note) -> None:
    """Whatever a note says, it is one line, and is read as it was written."""
    text = note.written()

    assert read_note(text) == note
    assert text.count(b"\n") == 1


@given(st.binary() | st.integers(0, len(WRITTEN) - 2).map(lambda length: WRITTEN[:length]))
def test_what_is_no_note_is_none(text: bytes) -> None:
    """Bytes that are no whole note say nothing."""
    assert read_note(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("process", 0),
        ("process", -1),
        ("process", True),
        ("process", 1.0),
        ("since", "2026-01-01T00:00:00"),
        ("since", None),
        ("token", ""),
        ("host", None),
        ("waits_for", ["a"]),
        ("beat", "1"),
    ],
)
def test_a_note_with_a_wrong_field_is_none(field: str, value: object) -> None:
    """A field of another type, or without meaning, makes it no note: least of all is a group of processes a process."""
    told = json.loads(WRITTEN)
    assert field in told

    assert read_note(json.dumps(told | {field: value}).encode()) is None


def test_what_a_new_note_says() -> None:
    """A new note names this thread and this moment; its successors differ in what they are there to tell."""
    seen: list[Note] = []
    thread = threading.Thread(target=lambda: seen.append(new_note()), name="worker 7")
    thread.start()
    thread.join()
    note = seen[0]

    assert str(note.owner).endswith(f" on {note.owner.host}, thread worker 7")
    assert timedelta(0) <= datetime.now(UTC) - note.owner.since < timedelta(minutes=1)
    assert note.owner.token != new_note().owner.token
    assert note.beating() == attrs.evolve(note, beat=1)
    assert note.waiting("b").owner == attrs.evolve(note.owner, waits_for="b")
