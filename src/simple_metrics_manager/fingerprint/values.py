"""How the value of a simple global is written, so that two runs can be compared: its repr, or a hash of a long one."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from typing import cast

import numpy as np

LONGEST = 200
"""Characters of a written value; a longer one is replaced by its hash."""

_MOST_PARTS = 10_000
_DEEPEST = 20
_MOST_BYTES = 1 << 20
_SCALARS = (bool, int, float, complex, str, bytes, type(None), type(...))


def written(value: object) -> str | None:
    """The value as text, equal for equal values in every process; None for what is not simple.

    Simple are None, numbers, strings, bytes, members of enums, numpy scalars, ranges and slices, tuples, lists,
    dicts, sets and frozensets of such, and numpy arrays without objects in them. An array of more than 1 MiB
    counts by its dtype and shape, a container of more than 10,000 parts by its type and length.
    """
    if isinstance(value, np.ndarray):
        return _array(cast("np.ndarray[tuple[int, ...], np.dtype[np.generic]]", value))
    budget = [_MOST_PARTS]
    text = _write(value, budget, 0)
    if budget[0] < 0:
        return f"<{type(value).__name__} of {len(cast('list[object]', value))}>"
    if text is None or len(text) <= LONGEST:
        return text
    return f"<{type(value).__name__} sha256:{_digest(text.encode('utf-8', 'surrogatepass'))}>"


def _write(value: object, budget: list[int], depth: int) -> str | None:
    budget[0] -= 1
    kind = type(value)
    if kind in _SCALARS:
        return repr(value) if kind is not int else _integer(cast("int", value))
    if isinstance(value, enum.Enum):
        return f"{kind.__qualname__}.{value.name}"
    if isinstance(value, np.generic):
        return f"{kind.__name__}({value.item()!r})"
    if kind in (range, slice):
        return repr(value)
    if budget[0] < 0 or depth > _DEEPEST:
        return None
    if kind is dict:
        return _pairs(cast("dict[object, object]", value), budget, depth)
    if kind in _BRACKETS:
        parts = _parts(cast("Iterable[object]", value), budget, depth)
        return None if parts is None else _bracketed(kind, parts)
    return None


_BRACKETS: dict[type, tuple[str, str]] = {
    tuple: ("(", ")"),
    list: ("[", "]"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}


def _bracketed(kind: type, parts: list[str]) -> str:
    if kind in (set, frozenset):
        if not parts:
            return f"{kind.__name__}()"
        parts = sorted(parts)
    opening, closing = _BRACKETS[kind]
    return opening + ", ".join(parts) + ("," if kind is tuple and len(parts) == 1 else "") + closing


def _parts(values: Iterable[object], budget: list[int], depth: int) -> list[str] | None:
    parts: list[str] = []
    for value in values:
        part = _write(value, budget, depth + 1)
        if part is None:
            return None
        parts.append(part)
    return parts


def _pairs(value: dict[object, object], budget: list[int], depth: int) -> str | None:
    keys = _parts(value, budget, depth)
    values = None if keys is None else _parts(value.values(), budget, depth)
    if keys is None or values is None:
        return None
    return "{" + ", ".join(f"{key}: {part}" for key, part in zip(keys, values, strict=True)) + "}"


def _integer(value: int) -> str:
    # Python refuses to write very long integers in decimal digits
    return repr(value) if value.bit_length() < 4096 else hex(value)


def _array(value: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str | None:
    if value.dtype.hasobject or type(value) is not np.ndarray:
        return None
    text = f"<array {value.dtype.str} {value.shape}"
    if value.nbytes > _MOST_BYTES:
        return text + ">"
    return f"{text} sha256:{_digest(value.tobytes())}>"


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:32]
