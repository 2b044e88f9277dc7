"""A record in few bytes, beside a text that many have in common; and the entry that reads it when somebody asks.

Of the three parts of a record, question and origin are the same for all points of a sweep and are kept as they are. The
answer is a JSON array of its fields in a fixed order, without those at the end that are at their defaults.
"""

from __future__ import annotations

import binascii
import functools
import json
import re
import struct
import time
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.base import Shared
from simple_metrics_manager.formats.record_text import DAMAGE, unreadable
from simple_metrics_manager.history import Change
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from simple_metrics_manager.record import (
    CURRENT,
    File,
    Read,
    Record,
    codec_in,
    params_text,
    record_from_json,
    record_to_sections,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_DATE = b',"name":"","date":"1970-01-01T00:00:00+00:00"'
_DEFAULTS: tuple[object, ...] = (0, 0.0, 0.0, 0, "", 0, "", [], [], {})
"""Date in microseconds since 1970, wall and CPU time in nanoseconds, bytes, summary, preview, content, reads,
history, files."""

_EXACT = 1e6
"""Seconds below which their nanoseconds are whole numbers that a float has exactly."""

_CLEARLY = 0.4
"""Nanoseconds within which it is certain what a time is rounded to: as a float it is off by a sixteenth at most."""

_HASH = re.compile("v1:[0-9a-f]{32}")

_NO_PREVIEW, _THE_TREE = 0, 1
"""A preview that is neither stands in a list of its own; ``-n`` says that it is the first n numbers of the array."""

_SMALL = 4096
"""Bytes of an array that are kept in memory for the sake of its preview."""

_REMEMBERED = 256

_encode = json.JSONEncoder(separators=(",", ":")).encode
_quote = json.encoder.encode_basestring_ascii  # pyright: ignore[reportUnknownMemberType]  # of the module's C part


Written: TypeAlias = tuple[Shared, Shared, str, str]
"""The parts of a record: question and origin, which it shares with others, name and parameters, and its answer."""

_NOTHING: Written = (Shared(), Shared(), "", "")


def write_record(record: Record | None, payload: Payload) -> Written:
    """The record of ``payload`` in parts."""
    if record is None:
        return _NOTHING
    return (*_common(record), _quote(record.name) + params_text(record.params), _answer(record, payload))


def write_plain(name: str, size: int) -> Written:
    """The same for a value of ``size`` bytes that is saved now and of which only its name is known, without a record
    being made, which takes as long as all else about it."""
    return (*_PLAIN, _quote(name), f"[{time.time_ns() // 1000},0,0,{size}]")


def _answer(record: Record, payload: Payload) -> str:
    """The array, put together by hand: a list made for a JSON encoder takes three times as long."""
    date = (record.date - _EPOCH) // _MICROSECOND
    text = f"[{date},{_seconds(record.seconds)},{_seconds(record.cpu_seconds)},{record.bytes}"
    more = record.reads or record.history or record.files
    if more or record.summary or record.content or record.preview is not None:
        preview = _preview(record.preview, payload)
        text = f"{text},{_quote(record.summary)},{preview},{_short_hash(record.content)}"
    if more:
        text = f"{text},{_encode([[read.manager, read.metric, read.content] for read in record.reads])}"
    if record.history or record.files:
        text = f"{text},{_encode([change.to_dict() for change in record.history])}"
    if record.files:
        text = f"{text},{_encode({path: attrs.astuple(file) for path, file in record.files.items()})}"
    return f"{text}]"


def _seconds(value: float) -> str:
    """A whole number of nanoseconds, if it is one that can be told to the nanosecond; else seconds, with a point."""
    if 0 <= value < _EXACT:
        scaled = value * 1e9
        nanoseconds = round(scaled)
        if abs(scaled - nanoseconds) < _CLEARLY or nanoseconds / 1e9 == round(value, 9):
            return str(nanoseconds)
    return _encode(float(round(value, 9)))


def _read_seconds(number: object) -> float:
    return number / 1e9 if type(number) is int else float(cast("float", number))


def _short_hash(content: str) -> str:
    """A hash as we make them in base 64, without what they all begin with; any other stands in a list of its own."""
    if _HASH.fullmatch(content):
        return f'"{str(binascii.b2a_base64(bytes.fromhex(content[3:]), newline=False)[:22], "ascii")}"'
    return _encode([content]) if content else '""'


def _long_hash(short: object) -> str:
    if isinstance(short, list) and short:
        return cast("list[str]", short)[0]
    return f"v1:{binascii.a2b_base64(f'{short}==').hex()}" if short else ""


def _preview(preview: Tree, payload: Payload) -> str:
    if preview is None:
        return str(_NO_PREVIEW)
    if preview is payload.tree or (preview == payload.tree and _encode(preview) == _encode(payload.tree)):
        return str(_THE_TREE)
    first = next(iter(payload.arrays.values()), None)
    if isinstance(preview, list) and first is not None and first.nbytes <= _SMALL and _begins(first, preview):
        return str(-len(preview))
    return _encode([preview])


def _begins(array: Array, preview: list[Tree]) -> bool:
    """Whether these are the first numbers of the array, each to the last bit."""
    count = len(preview)
    if count > array.size or set(map(type, preview)) != {float} or array.dtype.kind not in "biuf":
        return False
    numbers = cast("list[float]", array.reshape(-1)[:count].tolist())
    form = f"{count}d"
    return struct.pack(form, *numbers) == struct.pack(form, *preview)


def _numbers(array: Array, count: int) -> Tree:
    return [float(number) for number in array.reshape(-1)[:count]] if array.dtype.kind in "biuf" else None


class PackedEntry(Entry):
    """An entry out of a sound blob, whose record is read when somebody asks for it."""

    __slots__ = ("_asked", "_common", "_first", "_path", "_stop", "_text")

    def __init__(self, payload: Payload, text: str, stop: int, common: memoryview, asked: int, path: str) -> None:
        """``text`` has a line each for tree (which ends at ``stop``), name and parameters, and answer; ``common`` is
        question and origin, of which the former takes ``asked`` bytes."""
        self._record = None
        self.payload = payload
        self._text = text
        self._stop = stop
        self._common = common
        self._asked = asked
        self._path = path
        self._first = _small_one(payload) if payload.arrays else None
        if asked and bytes(common[: len(CURRENT)]) != CURRENT:
            self._record = self._read()  # it is not as this version writes it, and may be of a later one

    @property
    def record(self) -> Record | None:
        if self._record is None and self._asked:
            try:
                self._record = self._read()
            except DAMAGE as error:
                raise unreadable(self._path, error) from error
        return self._record

    @property
    def dated(self) -> bool:
        return self._asked > 0

    @property
    def codec(self) -> str:
        return codec_in(bytes(self._common[: self._asked]) + b",") or super().codec

    @property
    def origin(self) -> bytes | None:
        # The answer ends with the hash of the content, unless there are inputs, or more that is seldom there
        return bytes(self._common[self._asked :]) if self._text.endswith('"]') else None

    def answers(self, question: bytes) -> bool:
        point = self._text[self._stop + 1 : self._text.find("\n", self._stop + 1)].encode("ascii")
        return question == b'%b,"name":%b,"date":"' % (bytes(self._common[: self._asked]), point)

    def _read(self) -> Record:
        point, answer = self._text[self._stop + 1 :].split("\n")
        try:
            named = cast("dict[str, Any]", json.loads(f'{{"name":{point}}}'))  # Any: what is not as it should be
            found = cast("list[Any]", json.loads(answer))  # raises TypeError or makes a record that is wrong
            date, seconds, cpu, size, summary, preview, content, reads, history, files = [
                *found,
                *cast("tuple[Any, ...]", _DEFAULTS[len(found) :]),
            ]
            return attrs.evolve(
                _template(bytes(self._common), self._asked),
                name=named["name"],
                params=named.get("params", {}),
                date=_EPOCH + date * _MICROSECOND,
                seconds=_read_seconds(seconds),
                cpu_seconds=_read_seconds(cpu),
                bytes=size,
                summary=summary,
                preview=self._previewed(preview),
                content=_long_hash(content),
                reads=tuple(Read(*read) for read in reads),
                history=tuple(map(Change.from_dict, history)),
                files={path: File(*file) for path, file in files.items()},
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"a record that does not hold what it must: {error}") from None

    def _previewed(self, preview: object) -> Tree:
        if isinstance(preview, list):
            return cast("list[Tree]", preview)[0] if preview else None
        if preview == _THE_TREE:
            return cast("Tree", json.loads(self._text[: self._stop]))
        if isinstance(preview, int) and preview < 0 and self._first is not None:
            return _numbers(self._first, -preview)
        return None


@functools.lru_cache(maxsize=_REMEMBERED)
def _template(common: bytes, asked: int) -> Record:
    """What many records have in common, as one without a name."""
    return record_from_json(common[:asked] + _NO_DATE + common[asked:])


def _small_one(payload: Payload) -> Array | None:
    """The first array, if it is small enough to be kept for a preview when the payload is forgotten."""
    first = next(iter(payload.arrays.values()))
    return first if first.nbytes <= _SMALL else None


def _common(record: Record) -> tuple[Shared, Shared]:
    """Question and origin of a record: the same objects for all records that have the same facts."""
    code = record.code
    facts = (record.inputs, record.helpers, record.globals, record.libraries)
    key = (
        *(record.codec, record.type, type(record.version), record.version, record.manager, record.module),
        *(record.metric, record.format, record.python, record.host, record.run),
        *(code.hash, code.source, code.file, code.line),
        *(id(fact) if fact else 0 for fact in facts),
    )
    known = _commons.get(key)
    if known is None:
        sections = record_to_sections(record)
        known = (facts, Shared(sections.question.encode("ascii")), Shared(sections.origin.encode("ascii")))
        if len(_commons) >= _REMEMBERED:
            _commons.clear()
        _commons[key] = known
    return known[1], known[2]


_commons: dict[tuple[object, ...], tuple[object, Shared, Shared]] = {}
"""By the facts, mappings by their identity: they are kept alive here, and nobody changes them."""

_PLAIN = _common(Record(name=""))
