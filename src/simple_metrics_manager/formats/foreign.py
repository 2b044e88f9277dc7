"""The values of files that 0.5.0, numpy or another program wrote, in the plain form: they have no record."""

from __future__ import annotations

from collections.abc import Mapping

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree

SINGLE = "value"
"""Name of the array in a payload that is one array."""

_FIRST = "arr_0"
_TREE: Tree = {ARRAY_MARK: SINGLE}


def single(array: Array) -> Payload:
    """The payload of a value that is one array."""
    return Payload({ARRAY_MARK: SINGLE}, {SINGLE: array})


def is_single(payload: Payload) -> bool:
    """Whether the value is one array, under the name that :func:`single` gives it."""
    return len(payload.arrays) == 1 and SINGLE in payload.arrays and payload.tree == _TREE


def from_npz(arrays: Mapping[str, Array]) -> Entry:
    """What 0.5.0 returned for these members of an npz: the array, the list of arrays, or the dict of arrays."""
    if set(arrays) == {_FIRST}:
        return Entry(None, single(arrays[_FIRST]))
    if _FIRST in arrays and all(_is_numbered(name) for name in arrays):
        in_order = sorted(arrays, key=lambda name: int(name[4:]))
        return Entry(None, Payload([{ARRAY_MARK: name} for name in in_order], arrays))
    tree: dict[str, Tree] = {_escaped(name): {ARRAY_MARK: name} for name in arrays}
    return Entry(None, Payload(tree, arrays))


def _is_numbered(name: str) -> bool:
    return name.startswith("arr_") and name[4:].isdecimal() and name.isascii()


def from_npy(array: Array) -> Entry:
    """What 0.5.0 returned for a npy."""
    return Entry(None, single(array))


def from_json(value: Tree) -> Entry:
    """What 0.5.0 returned for a parsed JSON: the value itself, its keys told apart from our marks."""
    return Entry(None, Payload(_marked(value), {}))


def _marked(value: Tree) -> Tree:
    if isinstance(value, dict):
        return {_escaped(key): _marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    return value


def _escaped(key: str) -> str:
    return f"${key}" if key.startswith("$") else key
