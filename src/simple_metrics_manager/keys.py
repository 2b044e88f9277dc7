"""From (manager, inputs, metric, parameters) to one name that people can read and that nothing else can have.

``Digits.inertia,k=10`` is the name of ``Digits(...).inertia(10)``; ``Run,subject=s01.spectrum`` belongs to
``Run("s01").spectrum``. Integers, floats, booleans, ``None`` and plain lower-case words are written as they are,
and no two of them look alike, upper and lower case taken as one, as some file systems do: ``1``, ``1.0``,
``True`` and ``"1"`` are four different parameters. Everything else (text with capitals or blanks, tuples, dates,
arrays, records ...) is written as well as it can be read, and the name then ends in ``~`` and a hash of the exact
canonical form. The canonical form also lies in the record of the stored value and is compared when that is read.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath, PureWindowsPath
from typing import cast

import attrs
import numpy as np

from simple_metrics_manager.errors import IdentityError
from simple_metrics_manager.payload.tree import Tree

_WORD = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_PARAMS = re.compile("[,~]")
"""What follows the name of a metric in that of a parameter set."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.+-]+")
_NOT_WORDS = frozenset({"true", "false", "none", "nan", "inf", "infinity"})
LONGEST = 160
"""Characters of a readable name; what is longer is cut, and told apart by its hash."""


# ------------------------------------------------------------------------------------------------ canonical form
def _number(value: float) -> Tree:
    return value if np.isfinite(value) else {"$float": repr(value)}


def _integer(value: int) -> Tree:
    return value if value.bit_length() < 10_000 else {"$int": hex(value)}  # Python refuses to write more decimal digits


def _text(value: str) -> Tree:
    """Two halves of a surrogate pair are not the character that JSON would make of them."""
    if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    return {"$text": value.encode("utf-8", "surrogatepass").hex()}


def _moment(value: datetime.datetime | datetime.time) -> Tree:
    zone = value.tzinfo
    return [value.isoformat(), "" if zone is None else getattr(zone, "key", None) or repr(zone), value.fold]


def _pairs(items: Iterable[tuple[object, object]], where: str) -> Tree:
    pairs: list[Tree] = [[canonical(key, where), canonical(value, where)] for key, value in items]
    return sorted(pairs, key=canonical_text)


def _array(value: np.ndarray[tuple[int, ...], np.dtype[np.generic]], where: str) -> Tree:
    if value.dtype.hasobject:
        raise IdentityError(where, "an array of Python objects has no stable written form; pass numbers or text")
    content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    return {"$array": [_dtype(value.dtype), list(value.shape), content]}


def _dtype(dtype: np.dtype[np.generic]) -> str:
    return dtype.str if dtype.names is None else repr(dtype.descr)  # ``str`` of a structure says its size only


def _members(values: Iterable[object], where: str) -> list[Tree]:
    return [canonical(value, where) for value in values]


_PLAIN: dict[type, Callable[[object], Tree]] = {
    type(None): lambda v: cast("None", v),
    bool: lambda v: cast("bool", v),
    int: lambda v: _integer(cast("int", v)),
    float: lambda v: _number(cast("float", v)),
    str: lambda v: _text(cast("str", v)),
}
_FORMS: dict[type, tuple[str, Callable[[object], Tree]]] = {
    bytes: ("$bytes", lambda v: cast("bytes", v).hex()),
    complex: ("$complex", repr),
    Decimal: ("$decimal", str),
    Fraction: ("$fraction", str),
    uuid.UUID: ("$uuid", str),
    datetime.datetime: ("$datetime", lambda v: _moment(cast("datetime.datetime", v))),
    datetime.date: ("$date", lambda v: cast("datetime.date", v).isoformat()),
    datetime.time: ("$time", lambda v: _moment(cast("datetime.time", v))),
    datetime.timedelta: ("$timedelta", repr),
    range: ("$range", repr),
}


def canonical(value: object, where: str) -> Tree:
    """The written form of one parameter or input: equal if and only if the values are equal and of equal type.

    numpy scalars count as the Python numbers that they hold, since sweeps over ``np.linspace`` are common.

    Raises:
        IdentityError: the value has no stable written form (``where`` says whose value it is). Nothing is ever
            guessed from ``str()`` or from an address.
    """
    kind = type(value)
    if kind in _PLAIN:
        return _PLAIN[kind](value)
    if kind in _FORMS:
        mark, form = _FORMS[kind]
        return {mark: form(value)}
    if kind is tuple:
        return {"$tuple": _members(cast("tuple[object, ...]", value), where)}
    if kind is list:
        return _members(cast("list[object]", value), where)
    if kind is dict:
        return {"$dict": _pairs(cast("dict[object, object]", value).items(), where)}
    if kind in (set, frozenset):
        mark = "$set" if kind is set else "$frozenset"
        return {mark: sorted(_members(cast("frozenset[object]", value), where), key=canonical_text)}
    if isinstance(value, np.generic):
        return _numpy_scalar(cast("np.generic[object]", value), where)
    if kind is slice:
        part = cast("slice[object, object, object]", value)
        return {"$slice": _members((part.start, part.stop, part.step), where)}
    if kind is np.ndarray:
        return _array(cast("np.ndarray[tuple[int, ...], np.dtype[np.generic]]", value), where)
    if isinstance(value, enum.Enum):
        name = cast("str | None", value.name)  # a flag may have none, and then only its number tells it from others
        return {"$enum": [kind.__qualname__, canonical(value.value, where) if name is None else name]}
    if isinstance(value, PurePath):
        return {"$windows_path" if isinstance(value, PureWindowsPath) else "$path": value.as_posix()}
    return _record_like(value, where)


def _numpy_scalar(value: np.generic[object], where: str) -> Tree:
    plain = value.item()
    if type(plain) in (bool, int, float, complex, str, bytes):
        return canonical(plain, where)
    if value.dtype.hasobject:
        raise IdentityError(where, "a record of Python objects has no stable written form; pass numbers or text")
    exact = (
        repr(value) if value.dtype.kind in "fc" else repr(value.tobytes())
    )  # a long double has bytes that mean nothing
    return {"$scalar": [_dtype(value.dtype), exact]}


def _record_like(value: object, where: str) -> Tree:
    kind: type = type(value)
    called = kind.__qualname__
    if callable(inputs := getattr(value, "metric_inputs", None)):  # a manager that another one was given
        given = cast("Mapping[str, object]", inputs())
        return {"$manager": [called, {name: canonical(each, f"{where}.{name}") for name, each in given.items()}]}
    if attrs.has(kind):
        names = [field.name for field in attrs.fields(kind) if field.eq]
    elif dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind) if field.compare]
    elif hasattr(value, "_fields"):
        names = list(cast("tuple[str, ...]", getattr(value, "_fields", ())))
    else:
        raise IdentityError(
            where,
            f"a {called} has no stable written form, so it cannot name what is stored; pass numbers, text, "
            "tuples, dates, enums, arrays, or an attrs class or dataclass of such",
        )
    return {"$record": [called, {name: canonical(getattr(value, name), where) for name in names}]}


def canonical_text(tree: Tree) -> str:
    """One text for one canonical form: what is hashed and sorted by."""
    return json.dumps(tree, sort_keys=True, separators=(",", ":"))


def digest(tree: Tree) -> str:
    """16 hexadecimal digits of BLAKE2b over the canonical text."""
    return hashlib.blake2b(canonical_text(tree).encode(), digest_size=8).hexdigest()


# ------------------------------------------------------------------------------------------------ readable names
def _readable(tree: Tree) -> tuple[str, bool]:
    """Text for a name, and whether it alone says exactly what the value is."""
    if tree is None or isinstance(tree, (bool, int, float)):
        return repr(tree), True
    if isinstance(tree, str):
        exact = _WORD.fullmatch(tree) is not None and tree not in _NOT_WORDS
        return _UNSAFE.sub("-", tree)[:40], exact
    return _glance(tree)[:40], False


def _glance(tree: Tree) -> str:
    """What can be read of a value that needs a hash: its parts; of an enum the member, of an array its shape."""
    if isinstance(tree, list):
        return "+".join(_glance(part) for part in tree)
    if not isinstance(tree, dict):
        return _readable(tree)[0]
    mark, inner = next(iter(tree.items()))
    if mark == "$enum" and isinstance(inner, list):
        return _glance(inner[1])
    if mark == "$array" and isinstance(inner, list):
        return _glance(inner[:2])
    if mark in ("$datetime", "$time") and isinstance(inner, list):
        return _glance(inner[0])
    return _glance(list(inner.values()) if isinstance(inner, dict) else inner)


def _named(base: str, values: Mapping[str, Tree]) -> str:
    if not values:
        return base
    parts = {name: _readable(tree) for name, tree in values.items()}
    text = ",".join([base, *(f"{name}={text}" for name, (text, _) in parts.items())])
    if len(text) <= LONGEST and all(exact for _, exact in parts.values()):
        return text
    return f"{text[:LONGEST].rstrip('.')}~{digest(dict(values))}"


def metric_name(metric: str, params: Mapping[str, Tree]) -> str:
    """``inertia,k=10``: the name of a metric within its manager; ``params`` in canonical form, by parameter."""
    return _named(metric, params)


def without_params(name: str) -> str:
    """``inertia`` for ``inertia,k=10`` or ``inertia,k=1~0f3a...``; ``inertia@Base`` for what ``super()`` means."""
    return _PARAMS.split(name, maxsplit=1)[0]


def metric_in(name: str) -> str:
    """The same without the base: ``inertia`` for ``inertia@Base,k=10``."""
    return without_params(name).partition("@")[0]


def manager_name(manager: str, inputs: Mapping[str, Tree]) -> str:
    """``Run,subject=s01``: the name of a manager, of its inputs only what differs from the defaults."""
    return _named(manager.replace(".<locals>", ""), inputs)


def stored_name(manager: str, metric: str) -> str:
    """``Digits.inertia,k=10``: what a storage is asked for."""
    return f"{manager}.{metric}" if manager else metric


# ------------------------------------------------------------------------------------------------ names of 0.5.0
DATE = "_date"
"""What 0.5.0 appended to the name of a metric for the side-car that holds its date."""

_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def python_scalar(value: object) -> object:
    """The Python number or text that a numpy scalar holds; anything else as it is."""
    kind: type = type(value)
    plain = cast("np.generic[object]", value).item() if issubclass(kind, np.generic) else value
    return plain if type(plain) in (bool, int, float, complex, str, bytes) else value


def default_name_generation_function(base_name: str, params: Iterable[object]) -> str:
    """``poly_Y_1_2``: the names of 0.5.0. They are not injective: ``f(1, 2)`` of ``f`` and ``f_1(2)`` meet."""
    return "_".join([base_name, *map(str, params)]).replace(".", "p")


def tells_apart(params: Iterable[object]) -> bool:
    """Whether the 0.5.0 name of these parameters can mean no other parameters of the same metric."""
    for value in params:
        if type(value) in (int, float):
            continue
        if type(value) is str and _SIMPLE.fullmatch(value) and value.lower() not in _NOT_WORDS:
            continue
        return False
    return True


def collected_name(base_name: str, params: tuple[object, ...], where: str) -> str:
    """The name of 0.5.0 where that says exactly which parameters it means, and otherwise with a hash behind it."""
    params = tuple(map(python_scalar, params))
    name = default_name_generation_function(base_name, params)
    if tells_apart(params):
        return name
    return f"{_UNSAFE.sub('-', name)[:LONGEST]}~{digest(canonical(params, where))}"
