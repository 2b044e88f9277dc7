"""How the value of a simple global is written, so that two runs can be compared: its repr, or a hash of a long one."""

from __future__ import annotations

import enum
import hashlib
import re
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath, PureWindowsPath
from types import BuiltinFunctionType, FunctionType, MappingProxyType, ModuleType, SimpleNamespace
from typing import cast
from uuid import UUID

import numpy as np

from simple_metrics_manager.fingerprint.imported import Imported
from simple_metrics_manager.fingerprint.instances import state_of
from simple_metrics_manager.fingerprint.origin import library_of

LONGEST = 200
"""Characters of a written value; a longer one is replaced by its hash."""

_MOST_PARTS = 10_000
_DEEPEST = 20
_MOST_BYTES = 1 << 20
_SCALARS = (bool, int, float, complex, str, bytes, type(None), type(...))


def written(value: object) -> str | None:
    """The value as text, equal for equal values in every process; None for what is not simple.

    Simple are None, numbers, strings, bytes, members of enums, numpy scalars and dtypes, dates, paths, regular
    expressions, ranges and slices; tuples, lists, dicts, sets and the like of such; objects of the project whose
    fields are such and that do not change themselves; and numpy arrays without objects in them. Functions
    and classes are written as their names: which code they are is told elsewhere. An array of more than 1 MiB
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


def is_fixed(value: object) -> bool:
    """Whether what is written of this very object can never be another."""
    kind = type(value)
    if kind in (tuple, frozenset):
        return len(cast("tuple[object, ...]", value)) <= _FEW and all(map(is_fixed, cast("tuple[object, ...]", value)))
    return kind in _SCALARS or kind in _REPRS or isinstance(value, _FIXED)


def _write(value: object, budget: list[int], depth: int) -> str | None:
    budget[0] -= 1
    kind = type(value)
    if kind is Imported:
        return str(value)
    if kind in _SCALARS:
        return repr(value) if kind is not int else _integer(cast("int", value))
    if isinstance(value, enum.Enum):
        return f"{kind.__qualname__}.{value.name}"
    if isinstance(value, np.generic):
        return f"{kind.__name__}({value.item()!r})"
    if budget[0] < 0 or depth > _DEEPEST:
        return None
    return _write_other(value, budget, depth)


def _write_other(value: object, budget: list[int], depth: int) -> str | None:
    """What is neither a number nor a text."""
    kind: type = type(value)
    if kind in _REPRS:
        return repr(value)
    if isinstance(value, PurePath):
        return f"{'Windows' if isinstance(value, PureWindowsPath) else ''}Path({value.as_posix()!r})"
    if isinstance(value, re.Pattern):  # its repr is cut short
        pattern = cast("re.Pattern[str]", value)
        return f"re.compile({pattern.pattern!r}, {int(pattern.flags)})"
    if isinstance(value, np.dtype):
        return f"dtype({cast('np.dtype[np.generic]', value).str!r})"
    if isinstance(value, np.ufunc):  # only newer ones know their module
        return f"<ufunc {value.__name__}>"
    if isinstance(value, (FunctionType, BuiltinFunctionType, type, _NUMPY_FUNCTION)):
        return name_of(value)
    if kind is ModuleType:
        name = cast("ModuleType", value).__name__
        return f"<module {'os.path' if name in ('ntpath', 'posixpath') else name}>"
    if kind in _MAPPINGS:
        pairs = _pairs(cast("Mapping[object, object]", value), budget, depth)
        return pairs if pairs is None or kind is dict else f"{kind.__name__}({pairs})"
    if kind in _BRACKETS:
        parts = _parts(cast("Iterable[object]", value), budget, depth)
        return None if parts is None else _bracketed(kind, parts)
    if kind is SimpleNamespace:
        return _object(vars(value), kind, budget, depth)
    state = state_of(value)
    return None if state is None else _object(state, kind, budget, depth)


def name_of(value: object) -> str | None:
    """A function or class by its name, and that of the package if that is a library: nothing that a move changes."""
    name = str(getattr(value, "__name__", "")).rpartition(".")[2]
    if not name.isidentifier():  # a lambda: it has none
        return None
    package = _package(getattr(value, "__module__", None))
    return f"<{package} {name}>" if package else f"<{name}>"


def _package(module: object) -> str | None:
    """The package of a library or of Python itself, whatever part of it, and written in whatever language."""
    top = str(module).partition(".")[0]
    if top not in sys.stdlib_module_names:
        return library_of(module)
    return {"builtins": None}.get(top, "os" if top in _OS else top.lstrip("_"))


_OS = frozenset({"nt", "posix", "ntpath", "posixpath"})


def _object(state: Mapping[str, object], kind: type, budget: list[int], depth: int) -> str | None:
    """An object by its attributes; those that are not simple are left out."""
    parts = ((name, _write(part, budget, depth + 1)) for name, part in state.items())
    told = [f"{name}={text}" for name, text in parts if text is not None]
    return f"{kind.__name__}({', '.join(told)})" if told else None


_FEW = 100
_FIXED = (
    FunctionType,
    BuiltinFunctionType,
    ModuleType,
    type,
    enum.Enum,
    np.generic,
    np.dtype,
    re.Pattern,
    PurePath,
    Imported,
)
_NUMPY_FUNCTION = cast("type[object]", type(np.linalg.solve))
_MAPPINGS = frozenset({dict, OrderedDict, defaultdict, Counter, MappingProxyType})
_REPRS = frozenset({range, slice, date, datetime, time, timedelta, timezone, Decimal, Fraction, UUID})


_BRACKETS: dict[type, tuple[str, str]] = {
    tuple: ("(", ")"),
    list: ("[", "]"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    deque: ("deque([", "])"),
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


def _pairs(value: Mapping[object, object], budget: list[int], depth: int) -> str | None:
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
