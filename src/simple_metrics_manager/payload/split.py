"""A raw tree, which holds arrays, and a payload, which holds them beside the tree under readable names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import numpy as np

from simple_metrics_manager.payload.misfit import Misfit
from simple_metrics_manager.payload.shape import Raw, kind_of, marked
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Native, Payload, Tree

BARE = "value"
"""Name of the array where the value is one."""

_LONGEST = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_JSON = frozenset({type(None), bool, int, float, str})


def split(raw: Raw) -> Payload:
    """The payload of a raw tree: arrays are named by their path, ``spectra/0``; they are not copied."""
    if isinstance(raw, np.ndarray):
        return Payload({ARRAY_MARK: BARE}, {BARE: cast("Array", raw)})
    if type(raw) in _JSON:
        return Payload(cast("Tree", raw), {})
    splitter = _Splitter()
    tree = splitter.walk(raw, ())
    return Payload(tree, splitter.arrays, splitter.natives)


def assembled(payload: Payload) -> Raw:
    """The raw tree of a payload.

    Raises:
        Misfit: an array that the tree names is not there.
    """
    return _join(payload.tree, {**payload.arrays, **payload.natives} if payload.natives else payload.arrays)


def join(payload: Payload) -> object:
    """The payload as nested plain data: arrays in their places, keys as the user gave them, other marks as they stand.

    Raises:
        Misfit: an array that the tree names is not there.
    """
    return _unescaped(assembled(payload))


def array_name(path: tuple[str, ...], taken: set[str]) -> str:
    """A name for the array at ``path``: safe as the name of a file in a zip anywhere, and none of ``taken``.

    ``taken`` holds names in lower case, and receives this one.
    """
    safe = "/".join(map(_safe, path)) or BARE
    name = _shortened(safe, _LONGEST)
    count = 1
    while name.lower() in taken:
        count += 1
        ending = f"_{count}"
        name = _shortened(safe, _LONGEST - len(ending)) + ending
    taken.add(name.lower())
    return name


def _safe(part: str) -> str:
    part = _UNSAFE.sub("_", part[:_LONGEST]) or "_"
    if part.startswith("."):
        part = "_" + part[1:]
    # The file of the array "a" is "a.npy": no array, and no folder of arrays, may be called that.
    return part[:-4] + "_npy" if part.lower().endswith(".npy") else part


def _shortened(name: str, longest: int) -> str:
    cut = name[:longest].rstrip("/") or BARE
    return cut[:-4] + "_npy" if cut.lower().endswith(".npy") else cut


class _Splitter:
    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self.natives: dict[str, Native] = {}
        self._taken: set[str] = set()

    def walk(self, raw: Raw, path: tuple[str, ...]) -> Tree:
        if isinstance(raw, np.ndarray):
            name = array_name(path, self._taken)
            self.arrays[name] = cast("Array", raw)
            return {ARRAY_MARK: name}
        if isinstance(raw, dict):
            items = cast("dict[str, Raw]", raw)
            mark = kind_of(items) != "dict"
            return {
                key: self.walk(item, path if mark else (*path, key.removeprefix("$"))) for key, item in items.items()
            }
        if isinstance(raw, list):
            return [self.walk(item, (*path, str(index))) for index, item in enumerate(cast("list[Raw]", raw))]
        if type(raw) not in _JSON and isinstance(raw, Native):
            name = array_name(path, self._taken)
            self.natives[name] = raw
            return {ARRAY_MARK: name}
        return cast("Tree", raw)


def _join(tree: Tree, arrays: Mapping[str, Array | Native]) -> Raw:
    if isinstance(tree, dict):
        if len(tree) == 1 and ARRAY_MARK in tree:
            return _array(marked(tree, ARRAY_MARK), arrays)
        return {key: _join(item, arrays) for key, item in tree.items()}
    if isinstance(tree, list):
        return [_join(item, arrays) for item in tree]
    return tree


def _unescaped(raw: Raw) -> object:
    if isinstance(raw, list):
        return [_unescaped(item) for item in cast("list[Raw]", raw)]
    if isinstance(raw, dict):
        items = cast("dict[str, Raw]", raw)
        return {key[1:] if key.startswith("$$") else key: _unescaped(item) for key, item in items.items()}
    return raw.plain() if type(raw) not in _JSON and isinstance(raw, Native) else raw


def _array(name: object, arrays: Mapping[str, Array | Native]) -> Raw:
    found = arrays.get(name) if isinstance(name, str) else None
    if found is None:
        raise Misfit(f"the stored value has lost its array {name!r}")
    return found
