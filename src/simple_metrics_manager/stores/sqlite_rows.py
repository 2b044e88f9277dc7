"""What stands in a row: how names, times and pieces of a blob become values of SQLite, and what its errors mean."""

from __future__ import annotations

import errno
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import cast

import numpy as np

from simple_metrics_manager.errors import CorruptDatabaseError, NetworkFileSystemError, SaveError, StorageError
from simple_metrics_manager.formats.base import Buffer, Shared
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.stores.sqlite_binding import CORRUPT, NOT_A_DATABASE, Binding, Row, Value
from simple_metrics_manager.stores.sqlite_handle import RefusedError

_new = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # it is that of any tuple
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_first, _second, _third = map(itemgetter, range(3))
_listed = cast("Callable[[tuple[str, int, datetime]], Listed]", partial(_new, Listed))
_chance = random.Random()  # noqa: S311  # nobody gains anything by guessing it


def key_of(name: str) -> str | bytes:
    """The name as a row has it. A text with surrogates, which is no text to SQLite, is one of bytes."""
    if name.isascii():
        return name
    raw = name.encode("utf-8", "surrogatepass")
    try:
        raw.decode()
    except UnicodeDecodeError:
        return raw
    return name


def name_of(key: object) -> str:
    """The name again; ``ValueError`` if that is none."""
    if isinstance(key, str):
        return key
    if isinstance(key, bytes):
        return key.decode("utf-8", "surrogatepass")
    raise ValueError(f"{key!r} is no name")


def guard_of(name: str, seed: int) -> int:
    """The checksum that ties a row to its name; ``seed`` is that of the extension. It fits into four bytes."""
    return crc32(name.encode("utf-8", "surrogatepass"), seed) - 0x80000000


def stamp_now() -> int:
    """Now, in microseconds since 1970, and eleven random bits behind."""
    return (time.time_ns() // 1000 << 11) | _chance.getrandbits(11)


def row(key: Value, rest: tuple[Value, ...], tag: Sequence[int]) -> tuple[Value, ...]:
    """The parameters of a statement that puts a row, or of one that replaces the row with this tag: name last."""
    return (*rest, *tag, key) if tag else (key, *rest)


def listed(rows: Sequence[Row]) -> Iterator[Listed]:
    """Rows of name, size and stamp, which are in order, as a listing has them: very many, column by column.

    Raises:
        TypeError, ValueError: a row is not as it was written.
    """
    stamps = np.fromiter(cast("Iterator[int]", map(_third, rows)), np.int64, len(rows)) >> 11
    moments = map(_EPOCH.__add__, cast("list[timedelta]", stamps.astype("m8[us]").tolist()))
    names = cast("Iterator[str]", map(_first, rows))
    if set(map(type, map(_first, rows))) <= {str}:
        return map(_listed, zip(names, cast("Iterator[int]", map(_second, rows)), moments, strict=True))
    return iter(sorted(map(Listed, map(name_of, names), cast("Iterator[int]", map(_second, rows)), moments)))


def taken(pieces: Iterable[Buffer], room: int) -> tuple[list[Buffer], int, Iterable[Buffer] | None]:
    """The pieces and how many bytes they have. Of more than ``room``: the first ones, and all, yet to be made."""
    found: list[Buffer] = []
    size = 0
    coming = iter(pieces)
    for piece in coming:
        found.append(piece)
        size += len(piece) if isinstance(piece, bytes) else memoryview(piece).nbytes
        if size > room:
            return found, size, itertools.chain(found, coming)
    return found, size, None


def divided(pieces: list[Buffer]) -> tuple[bytes, tuple[bytes, ...]]:
    """A blob as it stands in its row: its own bytes, and the texts at its end that it shares with others."""
    end = len(pieces)
    while end and type(pieces[end - 1]) is Shared:
        end -= 1
    first = pieces[0] if end == 1 else b""
    own = first if type(first) is bytes and end == 1 else b"".join(pieces[:end])
    return own, cast("tuple[Shared, ...]", tuple(pieces[end:]))


def unreadable(kind: Binding, file: str, error: Exception) -> Exception:
    """What to raise for an error of SQLite, where nothing is written."""
    if isinstance(error, RefusedError):
        return StorageError(f"{file} cannot be read: {error}")
    if kind.code(error) in {CORRUPT, NOT_A_DATABASE} or "UTF-8" in str(error):
        return CorruptDatabaseError(file, f"SQLite says that {told(error)}")
    return OSError(errno.EIO, f"SQLite says that {told(error)}", file)


def unsaved(name: str, place: str, error: Exception) -> StorageError:
    """What to raise where something was to be written."""
    if isinstance(error, NetworkFileSystemError):
        return error
    if isinstance(error, OSError) and error.strerror:
        return SaveError(name, place, error.strerror)
    return SaveError(name, place, told(error))


def told(error: Exception) -> str:
    """The sentence of an error, without the name of its class, which apsw puts before it."""
    return str(error).removeprefix(f"{type(error).__name__}: ").rstrip(".") or type(error).__name__
