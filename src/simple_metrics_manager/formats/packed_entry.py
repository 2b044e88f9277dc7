"""A record in few bytes, beside a text that many have in common; and the entry that reads it when somebody asks.

Of the three parts of a record, question and origin are the same for all points of a sweep and are kept as they are. The
answer is a JSON array of its fields in a fixed order, without those at the end that are at their defaults.
"""

from __future__ import annotations

import binascii
import functools
import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import attrs

from simple_metrics_manager.formats.base import Shared
from simple_metrics_manager.formats.record_text import DAMAGE, unreadable
from simple_metrics_manager.history import Change
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from simple_metrics_manager.record import (
    CURRENT,
    Entry,
    Read,
    Record,
    codec_in,
    params_text,
    question,
    record_from_json,
    record_to_sections,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BEFORE_NAME, _AFTER_PARAMS = len(',"name":'), -len(',"date":"')
_NO_DATE = b',"name":"","date":"1970-01-01T00:00:00+00:00"'
_DEFAULTS: tuple[object, ...] = (0, 0.0, 0.0, 0, "", 0, "", [], [])
"""Date in microseconds since 1970, wall and CPU time in nanoseconds, bytes, summary, preview, content, reads,
history."""

_EXACT = 1e6
"""Seconds below which their nanoseconds are whole numbers that a float has exactly."""

_HASH = re.compile("v1:[0-9a-f]{32}")

_NO_PREVIEW, _THE_TREE = 0, 1
"""A preview that is neither stands in a list of its own; ``-n`` says that it is the first n numbers of the array."""

_SMALL = 4096
"""Bytes of an array that are kept in memory for the sake of its preview."""

_REMEMBERED = 256

_encode = json.JSONEncoder(separators=(",", ":")).encode
_quote = json.encoder.encode_basestring_ascii  # pyright: ignore[reportUnknownMemberType]  # of the module's C part


class Written(NamedTuple):
    """The parts of a record: what it shares with others, its name and parameters, and its answer."""

    question: Shared
    origin: Shared
    point: str
    answer: str


_NOTHING = Written(Shared(), Shared(), "", "")


def write_record(record: Record | None, payload: Payload) -> Written:
    """The record of ``payload`` in parts."""
    if record is None:
        return _NOTHING
    asked, origin = _common(record)
    point = str(question("", record.name, params_text(record.params))[_BEFORE_NAME:_AFTER_PARAMS], "ascii")
    return Written(asked, origin, point, _answer(record, payload))


def write_plain(name: str, size: int) -> Written:
    """The same for a value of ``size`` bytes that is saved now and of which only its name is known, without a record
    being made, which takes as long as all else about it."""
    return Written(*_PLAIN, _quote(name), f"[{time.time_ns() // 1000},0,0,{size}]")


def _answer(record: Record, payload: Payload) -> str:
    """The array, put together by hand: a list made for a JSON encoder takes three times as long."""
    date = (record.date - _EPOCH) // _MICROSECOND
    text = f"[{date},{_seconds(record.seconds)},{_seconds(record.cpu_seconds)},{record.bytes}"
    reads = [[read.manager, read.metric, read.content] for read in record.reads]
    history = [change.to_dict() for change in record.history]
    if reads or history or record.summary or record.content or record.preview is not None:
        preview = _NO_PREVIEW if record.preview is None else _preview(record.preview, payload)
        text = f"{text},{_encode(record.summary)},{_encode(preview)},{_encode(_short_hash(record.content))}"
    if history:
        return f"{text},{_encode(reads)},{_encode(history)}]"
    return f"{text},{_encode(reads)}]" if reads else f"{text}]"


def _seconds(value: float) -> str:
    """A whole number of nanoseconds, if it is one that can be told to the nanosecond; else seconds, with a point."""
    if 0 <= value < _EXACT:
        nanoseconds = round(value * 1e9)
        if nanoseconds / 1e9 == round(value, 9):
            return str(nanoseconds)
    return _encode(float(round(value, 9)))


def _read_seconds(number: object) -> float:
    return number / 1e9 if type(number) is int else float(cast("float", number))


def _short_hash(content: str) -> Tree:
    """A hash as we make them in base 64, without what they all begin with; any other stands in a list of its own."""
    if _HASH.fullmatch(content):
        return str(binascii.b2a_base64(bytes.fromhex(content[3:]), newline=False)[:22], "ascii")
    return [content] if content else ""


def _long_hash(short: object) -> str:
    if isinstance(short, list) and short:
        return cast("list[str]", short)[0]
    return f"v1:{binascii.a2b_base64(f'{short}==').hex()}" if short else ""


def _preview(preview: Tree, payload: Payload) -> Tree:
    if preview is payload.tree or (preview == payload.tree and _encode(preview) == _encode(payload.tree)):
        return _THE_TREE
    first = next(iter(payload.arrays.values()), None)
    if isinstance(preview, list) and preview and first is not None and first.nbytes <= _SMALL:
        count = len(preview)
        if count <= first.size and _encode(preview) == _encode(_numbers(first, count)):
            return -count
    return [preview]


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

    def answers(self, question: bytes) -> bool:
        point = self._text[self._stop + 1 : self._text.find("\n", self._stop + 1)].encode("ascii")
        return question == b'%b,"name":%b,"date":"' % (bytes(self._common[: self._asked]), point)

    def _read(self) -> Record:
        point, answer = self._text[self._stop + 1 :].split("\n")
        try:
            named = cast("dict[str, Any]", json.loads(f'{{"name":{point}}}'))  # Any: what is not as it should be
            found = cast("list[Any]", json.loads(answer))  # raises TypeError or makes a record that is wrong
            date, seconds, cpu, size, summary, preview, content, reads, history = [
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
