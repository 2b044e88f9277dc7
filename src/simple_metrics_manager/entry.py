"""A value as it is stored: taken apart, with its record."""

from __future__ import annotations

from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.record import Read, Record, record_to_json


class Entry:
    """A value as it is stored: its record and its payload. Files that 0.5.0 wrote have no record."""

    __slots__ = ("_record", "payload")

    def __init__(self, record: Record | None, payload: Payload) -> None:
        self._record: Record | None = record
        self.payload: Payload = payload

    @property
    def record(self) -> Record | None:
        """The record. One that lay in a file is parsed the first time, and can then be found to be damaged."""
        return self._record

    @property
    def dated(self) -> bool:
        """Whether there is a record."""
        return self._record is not None

    @property
    def name(self) -> str:
        """The name in the record; empty if there is none."""
        record = self.record
        return "" if record is None else record.name

    @property
    def text(self) -> bytes:
        """The record as ASCII text; ``null`` if there is none."""
        record = self.record
        return b"null" if record is None else record_to_json(record).encode("ascii")

    @property
    def codec(self) -> str:
        """How the payload was taken apart: ``typed`` or ``plain``."""
        record = self.record
        return "plain" if record is None else record.codec

    @property
    def origin(self) -> bytes | None:
        """What its record says of code and machine, as text that equal ones share; None if that is not to be had."""
        return None

    @property
    def reads(self) -> tuple[Read, ...] | None:
        """The metrics that went into it; None if that is not to be had without parsing its record."""
        return None

    def answers(self, question: bytes) -> bool:
        """Whether its record is known to begin with this question; if not, the record itself says more."""
        return False
