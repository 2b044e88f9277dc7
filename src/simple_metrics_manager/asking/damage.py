"""What is damaged is taken out of the way of a value that is computed anew."""

from __future__ import annotations

import contextlib

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.errors import CorruptDatabaseError, CorruptMetricError, InTheWayError
from simple_metrics_manager.events import SetAside, tell
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.storing.dated import DatedStorage


def take_away(asked: Question, error: CorruptMetricError, storage: DatedStorage, form: Format | None) -> bool:
    """Take what is damaged out of the way, and tell it; False if it lies where it lay."""
    place = None
    if not isinstance(error, InTheWayError | CorruptDatabaseError):
        with contextlib.suppress(OSError):  # a disk that fails here as well: the damage is what matters
            place = storage.set_aside(asked.stored, form)
    if place is None:
        return False
    tell(SetAside(asked.name, error.found, place, verbose=asked.verbose))
    return True
