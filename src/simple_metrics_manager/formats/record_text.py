"""Record and tree as JSON text, the same in every format: what cannot be written or read says which file it was."""

from __future__ import annotations

import functools
import json
import re
import struct
import time
from datetime import UTC, datetime, timedelta
from typing import cast

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import (
    CannotStoreError,
    CorruptMetricError,
    NewerFormatError,
    PickledObjectsError,
    StorageError,
)
from simple_metrics_manager.payload.tree import Payload, Tree
from simple_metrics_manager.record import (
    CURRENT,
    FORMAT,
    NewerFormat,
    Read,
    Record,
    codec_in,
    question,
    record_from_json,
    record_to_json,
    record_to_sections,
)

DAMAGE = (ValueError, OverflowError, RecursionError, struct.error)
"""What reading damaged bytes can raise; a format turns it into an error of ours with :func:`unreadable`."""

_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Two of them in a string, which JSON would give back as the one character that they stand for in UTF-16."""


def name_of(entry: Entry) -> str:
    """What messages call the value."""
    return entry.record.name if entry.record is not None else "the value"


def record_text(record: Record | None) -> str:
    """The record as ASCII text; ``null`` for an entry without one, as 0.5.0 wrote them."""
    return "null" if record is None else record_to_json(record)


def read_record(text: str | bytes) -> Record | None:
    """The record again; ``ValueError`` if the text is none."""
    return None if text in ("null", b"null") else record_from_json(text)


def tree_text(name: str, tree: Tree) -> str:
    """The tree as ASCII text.

    Raises:
        CannotStoreError: JSON would not give the same tree back.
    """
    try:
        text = json.dumps(tree)
        merges = "\\ud" in text and _SURROGATE_PAIR.search(json.dumps(tree, ensure_ascii=False))
    except (ValueError, TypeError, RecursionError) as error:
        raise CannotStoreError(name, f"JSON cannot hold it ({error})", "Return something flatter or plainer") from None
    if merges:
        raise CannotStoreError(name, "it has text with surrogates, which is no valid Unicode", "Return it as bytes")
    return text


def read_json(text: str) -> Tree:
    """The parsed text; ``ValueError`` if it is no JSON, ``RecursionError`` if it is nested too deeply."""
    return cast("Tree", json.loads(text))


class StoredEntry(Entry):
    """An entry out of a sound file, whose record is parsed when somebody asks for it.

    For a small value that would take longer than everything else about reading it.

    Raises:
        ValueError, NewerFormat: the text is no record, or one of a later version.
    """

    __slots__ = ("_path", "_text")

    def __init__(self, text: bytes, payload: Payload, path: str) -> None:
        self._record = None
        self.payload: Payload = payload
        self._text = text
        self._path = path
        if not text.startswith(CURRENT) and text != b"null":
            self._record = read_record(text)  # it is not as this version writes it, and may be of a later one

    @property
    def record(self) -> Record | None:
        if self._record is None and self.dated:
            try:
                self._record = read_record(self._text)
            except DAMAGE as error:
                raise unreadable(self._path, error) from error
        return self._record

    @property
    def dated(self) -> bool:
        return self._text != b"null"

    @property
    def codec(self) -> str:
        return codec_in(self._text) or super().codec

    @property
    def origin(self) -> bytes | None:
        start = self._text.rfind(b',"code":{"hash":"')  # no part of a string, where quotes would be escaped
        return None if start < 0 else self._text[start:]

    @property
    def reads(self) -> tuple[Read, ...] | None:
        if _READS not in self._text:
            return ()
        end = self._text.rfind(b',"code":{"hash":"')
        start = self._text.rfind(_READS, 0, end)  # behind everything that might have a key of this name
        return () if start < 0 else _reads_in(self._text[start + len(_READS) - 1 : end])

    def answers(self, question: bytes) -> bool:
        return self._text.startswith(question)


_READS = b',"reads":['
_decoder = json.JSONDecoder()


@functools.lru_cache(maxsize=256)
def _reads_in(text: bytes) -> tuple[Read, ...] | None:
    """The list that this text begins with; many points of a sweep have read the same."""
    try:
        found = cast("list[list[str]]", _decoder.raw_decode(text.decode("ascii"))[0])
        return tuple(Read(manager, metric, content) for manager, metric, content in found)
    except (ValueError, TypeError):
        return None  # it is something else, of a value's preview


class BareEntry(Entry):
    """A value that is stored just now by its name alone: its record says no more than that.

    Of a small value, to make a record and then text of that takes a quarter of the time that it takes to store it.
    """

    __slots__ = ("_name", "_time")

    def __init__(self, name: str, payload: Payload) -> None:
        self._record = None
        self.payload: Payload = payload
        self._name = name
        self._time = divmod(time.time_ns() // 1000, 1_000_000)

    @property
    def record(self) -> Record:
        if self._record is None:
            date = _EPOCH + timedelta(seconds=self._time[0], microseconds=self._time[1])
            self._record = Record(name=self._name, date=date, bytes=self.payload.nbytes)
        return self._record

    @property
    def dated(self) -> bool:
        return True

    @property
    def name(self) -> str:
        return self._name

    @property
    def text(self) -> bytes:
        nbytes, (seconds, rest) = self.payload.nbytes, self._time
        fraction = f".{rest:06d}" if rest else ""
        size = f',"bytes":{nbytes}' if nbytes else ""
        return question(_BARE, self._name, "") + f'{_second(seconds)}{fraction}+00:00"{size}}}'.encode("ascii")


@functools.lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    """The text of a date but for fraction and zone: to write it out anew for each of many values takes a while."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BARE = record_to_sections(Record(name="")).question


class NotUnpickled(ValueError):  # the error that users get is PickledObjectsError
    """An array of a sound file holds pickled objects, which are not read."""


def unreadable(path: str, error: Exception) -> StorageError:
    """What to raise for one of :data:`DAMAGE`: the file is damaged, or it is sound and must or can not be read."""
    if isinstance(error, NewerFormat):
        return NewerFormatError(path, int(error.args[0]), FORMAT)
    return PickledObjectsError(path) if isinstance(error, NotUnpickled) else CorruptMetricError(path, reason(error))


def reason(error: Exception) -> str:
    """What an error of :data:`DAMAGE` says of the file, for a reader."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply to be read"
    if isinstance(error, UnicodeDecodeError):
        return "it has text that is no text"
    return str(error) or type(error).__name__
