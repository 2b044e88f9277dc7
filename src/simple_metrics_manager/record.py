"""What is kept beside every value, inside the same file: when, how long, what type, which code, from which inputs.

A record is part of the file format. It is written as one JSON object whose keys are the fields below; a reader
ignores keys that it does not know, and refuses a ``format`` that is newer than its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, cast

import attrs

from simple_metrics_manager.payload.tree import Payload, Tree

FORMAT = 1
"""Version of the record and of the files that hold it."""


@attrs.frozen
class Code:
    """The function that computed a value: its canonical hash, its source, and where that stood.

    ``hash`` is ``""`` where the source could not be had (a function typed at a prompt, a C function).
    """

    hash: str = ""
    source: str = ""
    file: str = ""
    line: int = 0


@attrs.frozen
class Read:
    """One metric that was read while another was computed, with the hash of the content that it had then."""

    manager: str
    metric: str
    content: str


@attrs.frozen(kw_only=True)
class Record:
    """Provenance of one stored value.

    ``date`` is aware and in UTC; ``seconds`` is wall time and ``cpu_seconds`` the process's CPU time of the
    computation; ``bytes`` counts the arrays; ``type`` spells the declared type; ``codec`` says how the payload
    was taken apart (``typed`` by that type, ``plain`` by the values themselves). ``inputs`` and ``params`` are
    the canonical forms of :mod:`simple_metrics_manager.keys`. ``content`` is a hash of the value alone, equal
    for equal values whenever and wherever they were computed.
    """

    name: str
    metric: str = ""
    manager: str = ""
    module: str = ""
    inputs: Mapping[str, Tree] = attrs.field(factory=dict[str, Tree])
    params: Mapping[str, Tree] = attrs.field(factory=dict[str, Tree])
    date: datetime = attrs.field(factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    bytes: int = 0
    type: str = ""
    codec: Literal["typed", "plain"] = "plain"
    summary: str = ""
    preview: Tree = None
    content: str = ""
    version: int | str | None = None
    code: Code = attrs.field(factory=Code)
    helpers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    globals: Mapping[str, str] = attrs.field(factory=dict[str, str])
    reads: tuple[Read, ...] = ()
    python: str = ""
    libraries: Mapping[str, str] = attrs.field(factory=dict[str, str])
    host: str = ""
    run: str = ""
    format: int = FORMAT


@attrs.frozen(eq=False)
class Entry:
    """A value as it is stored: its record and its payload. Files that 0.5.0 wrote have no record."""

    record: Record | None
    payload: Payload


def record_to_json(record: Record) -> str:
    """One line of JSON; what is at its default is left out."""
    plain: dict[str, object] = {"format": record.format}
    for field, default in _DEFAULTS.items():
        value = getattr(record, field)
        if value != default:
            plain[field] = value
    plain["date"] = record.date.isoformat()
    if record.code != Code():
        plain["code"] = attrs.asdict(record.code)
    plain["reads"] = [[read.manager, read.metric, read.content] for read in record.reads]
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":"))


class NewerFormat(ValueError):
    """A record of a later version of this library; ``args[0]`` is the version of its format."""


def record_from_json(text: str | bytes) -> Record:
    """The record again.

    Raises:
        ValueError: the text is no record.
        NewerFormat: it is one of a newer format than this version of the library knows.
    """
    found: object = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no record of a metric")
    plain = cast("dict[str, Any]", found)  # Any: what JSON holds is checked by what is made of it
    if type(plain.get("format")) is not int:
        raise ValueError("no record of a metric")
    if plain["format"] > FORMAT:
        raise NewerFormat(plain["format"])
    known = {key: value for key, value in plain.items() if key in _FIELDS}
    try:
        known["date"] = datetime.fromisoformat(known["date"])
        known["reads"] = tuple(Read(*read) for read in known.get("reads", ()))
        if "code" in known:
            known["code"] = Code(**known["code"])
        return Record(**known)
    except (KeyError, TypeError) as error:
        raise ValueError(f"a record that does not hold what it must: {error}") from None


_FIELDS = frozenset(field.name for field in attrs.fields(Record))
_EMPTY = Record(name="", date=datetime.min.replace(tzinfo=UTC))
_DEFAULTS = {name: getattr(_EMPTY, name) for name in sorted(_FIELDS - {"date", "reads", "code", "format"})}
