"""What is kept beside every value, inside the same file: when, how long, what type, which code, from which inputs.

A record is part of the file format. It is written as one JSON object whose keys are the fields below; a reader
ignores keys that it does not know, and refuses a ``format`` that is newer than its own. It is written in three
parts, in this order: the *question*, that is what the value answers to; the *answer*, when it was computed and what
came out; the *origin*, the code and the machine. Question and origin are alike for all points of a sweep. A reader that
knows what it asks for compares the question as text, and parses the record only when somebody wants to know more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast

import attrs

from simple_metrics_manager.history import Change
from simple_metrics_manager.payload.tree import Tree

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


_NO_CODE = Code()
_NO_TREES: Mapping[str, Tree] = {}
_NO_TEXTS: Mapping[str, str] = {}
"""Nobody changes them: making new ones for each record would take a good part of the time that a record takes."""


@attrs.frozen
class Read:
    """One metric that was read while another was computed, with the hash of the content that it had then."""

    manager: str
    metric: str
    content: str


@attrs.frozen
class File:
    """What a file held: its size in bytes, its time of change in nanoseconds since 1970, 0 where that was too young to
    tell anything, and the SHA-256 of its bytes; ``""`` if it could not be read."""

    size: int = 0
    mtime_ns: int = 0
    sha256: str = ""


_NO_FILES: Mapping[str, File] = {}


@attrs.frozen(kw_only=True, slots=False)  # with slots, to make one takes twice as long
class Record:
    """Provenance of one stored value.

    ``date`` is aware and in UTC; ``seconds`` is wall time and ``cpu_seconds`` the process's CPU time of the
    computation; ``bytes`` counts the arrays; ``type`` spells the declared type; ``codec`` says how the payload
    was taken apart (``typed`` by that type, ``plain`` by the values themselves). ``inputs`` and ``params`` are
    the canonical forms of :mod:`simple_metrics_manager.keys`. ``files`` are those that the metric declares to read, by
    their paths. ``content`` is a hash of the value alone, equal
    for equal values whenever and wherever they were computed. ``chosen`` says that a format was declared
    for the metric, which may be another one than that of the storage. ``history`` is what was done since.
    """

    name: str
    metric: str = ""
    manager: str = ""
    module: str = ""
    inputs: Mapping[str, Tree] = _NO_TREES
    params: Mapping[str, Tree] = _NO_TREES
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
    code: Code = _NO_CODE
    helpers: Mapping[str, str] = _NO_TEXTS
    globals: Mapping[str, str] = _NO_TEXTS
    reads: tuple[Read, ...] = ()
    files: Mapping[str, File] = _NO_FILES
    python: str = ""
    libraries: Mapping[str, str] = _NO_TEXTS
    host: str = ""
    run: str = ""
    chosen: bool = False
    history: tuple[Change, ...] = ()
    format: int = FORMAT


_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_quote = json.encoder.encode_basestring_ascii  # pyright: ignore[reportUnknownMemberType]  # of the module's C part


class Sections(NamedTuple):
    """The text of a record in parts that, one after the other, are one JSON object.

    ``question`` is everything that the value answers to but the metric's own name and parameters.
    """

    question: str
    answer: str
    origin: str


def record_to_sections(record: Record) -> Sections:
    """The text of a record; what is at its default is left out."""
    question = question_text(
        record.codec,
        record.type,
        record.version,
        record.manager,
        record.module,
        record.metric,
        record.inputs,
        record.format,
    )
    parts = [f',"name":{_quote(record.name)}{params_text(record.params)},"date":"{record.date.isoformat()}"']
    if record.seconds or record.cpu_seconds:
        parts.append(f',"seconds":{record.seconds!r},"cpu_seconds":{record.cpu_seconds!r}')
    if record.bytes:
        parts.append(f',"bytes":{record.bytes}')
    if record.summary:
        parts.append(f',"summary":{_quote(record.summary)}')
    if record.preview is not None:
        parts.append(f',"preview":{_encode(record.preview)}')
    if record.content:
        parts.append(f',"content":{_quote(record.content)}')
    if record.chosen:
        parts.append(',"chosen":true')
    if record.reads:
        parts.append(f',"reads":{_encode([[read.manager, read.metric, read.content] for read in record.reads])}')
    if record.files:
        parts.append(f',"files":{_encode({path: attrs.astuple(file) for path, file in record.files.items()})}')
    if record.history:
        parts.append(f',"history":{_encode([change.to_dict() for change in record.history])}')
    return Sections(question, "".join(parts), _origin(record))


def question_text(
    codec: str,
    type_: str,
    version: int | str | None,
    manager: str,
    module: str,
    metric: str,
    inputs: Mapping[str, Tree],
    format_: int = FORMAT,
) -> str:
    """The first part of a record: how a value is asked for, whatever the parameters are."""
    parts = [f'{{"format":{format_},"codec":"{codec}"']
    if type_:
        parts.append(f',"type":{_quote(type_)}')
    if version is not None:
        parts.append(f',"version":{_encode(version)}')
    if manager:
        parts.append(f',"manager":{_quote(manager)}')
    if module:
        parts.append(f',"module":{_quote(module)}')
    if metric:
        parts.append(f',"metric":{_quote(metric)}')
    if inputs:
        parts.append(f',"inputs":{_encode(inputs)}')
    return "".join(parts)


def question(asked: str, name: str, params: str) -> bytes:
    """How the record of the answer begins, with its :func:`question_text` and :func:`params_text`."""
    return f'{asked},"name":{_quote(name)}{params},"date":"'.encode("ascii")


def params_text(params: Mapping[str, Tree]) -> str:
    """The parameters, as a record has them behind the name."""
    return f',"params":{_encode(params)}' if params else ""


def _origin(record: Record) -> str:
    """The last part; it is made once for all the values that the same code has computed in one process."""
    tables = (record.helpers, record.globals, record.libraries)
    if record.code is _NO_CODE and not (record.python or record.host or record.run or any(tables)):
        return "}"
    facts = *(tuple(table.items()) for table in tables), record.python, record.host, record.run
    text = _origins.get((record.code, facts))
    if text is not None:
        return text
    parts: list[str] = []
    for field in _ORIGIN:
        value: object = getattr(record, field)
        if value != _DEFAULTS[field]:
            parts.append(f',"{field}":{_encode(attrs.asdict(value) if isinstance(value, Code) else value)}')
    text = "".join(parts) + "}"
    if len(_origins) >= _REMEMBERED:
        _origins.clear()
    _origins[record.code, facts] = text
    return text


def record_to_json(record: Record) -> str:
    """One line of JSON; what is at its default is left out."""
    return "".join(record_to_sections(record))


def codec_in(text: bytes) -> str | None:
    """The codec that the text of a record names, without its being parsed; None if it is not as we write it."""
    return "typed" if text.startswith(_TYPED) else "plain" if text.startswith(_PLAIN) else None


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
        known["files"] = {path: File(*file) for path, file in known.get("files", {}).items()}
        known["history"] = tuple(map(Change.from_dict, known.get("history", ())))
        if "code" in known:
            known["code"] = Code(**known["code"])
        return Record(**known)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"a record that does not hold what it must: {error}") from None


_ORIGIN = ("code", "helpers", "globals", "python", "libraries", "host", "run")
_FIELDS = frozenset(field.name for field in attrs.fields(Record))
_EMPTY = Record(name="", date=datetime.min.replace(tzinfo=UTC))
_DEFAULTS: dict[str, object] = {name: getattr(_EMPTY, name) for name in sorted(_FIELDS)}

CURRENT = f'{{"format":{FORMAT},"codec":"'.encode()
"""How every record that this version writes begins."""

_TYPED = f'{{"format":{FORMAT},"codec":"typed",'.encode()
_PLAIN = f'{{"format":{FORMAT},"codec":"plain",'.encode()

_REMEMBERED = 256
_origins: dict[tuple[Code, tuple[object, ...]], str] = {}
"""Texts of origins by their facts."""
