"""JSON: a file for people and other programs, in which arrays stand as nested lists where they are in the value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple, cast

import attrs

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.formats.foreign import from_json
from simple_metrics_manager.formats.nested import Shape, array_from_lists, array_to_lists
from simple_metrics_manager.formats.record_text import (
    DAMAGE,
    name_of,
    read_json,
    read_record,
    reason,
    record_text,
    tree_text,
    unreadable,
)
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree
from simple_metrics_manager.record import Record

_OPENING = b'{"simple_metrics_manager": 1,\n'
_STARTS = ('"record": ', '"value": ', '"arrays": ')
"""What the lines between the first and the last begin with; each ends with a comma."""

_CLOSING = b'"checksum": "crc32:%08x"}\n'
_CLOSING_SIZE = len(_CLOSING % 0)
_CLOSING_FORM = re.compile(rb'"checksum": "crc32:[0-9a-f]{8}"\}\n')
_OUR_KEYS = frozenset({"simple_metrics_manager", "record", "value", "arrays", "checksum"})

_LEAST_BOUND = 1 << 24
_BOUND_RATIO = 1032
"""An array may take 16 MiB, or as many times the file's size as the best compression would give: strings of
different length are padded to the longest in memory, not in the file."""


class _Place(NamedTuple):
    """One array in the value: where, under which name, and what the lists do not say."""

    path: list[str | int]
    name: str
    shape: Shape


@attrs.frozen
class Json:
    """Values of plain things and small arrays; ``json.load(file)["value"]`` reads well elsewhere.

    The file is one object: ``record``, ``value``, ``arrays`` (which parts of the value are arrays, of which dtype
    and shape) and ``checksum``, each on a line of its own. Not a number is written ``NaN`` and comes back as the
    usual one; everything else is kept exactly, or refused. The checksum is over the very text, so a file that was
    edited by hand is refused as well.
    """

    extension: ClassVar[str] = ".json"

    def encode(self, entry: Entry) -> Sequence[Buffer]:
        """The object, in one piece."""
        name = name_of(entry)
        payload = entry.payload.flat()
        value, places = _with_lists(name, payload)
        parts = (record_text(entry.record), tree_text(name, value), tree_text(name, [_place_tree(p) for p in places]))
        lines = [f"{start}{part},\n" for start, part in zip(_STARTS, parts, strict=True)]
        body = _OPENING + "".join(lines).encode("ascii")
        blob = body + _CLOSING % crc32(body)
        for place in places:
            if payload.arrays[place.name].nbytes > _bound(blob):
                problem = f"its array {place.name!r} is mostly padding of short texts to the longest"
                raise CannotStoreError(name, problem, "Store it with NpzStorageInterface, or return a list of str")
        return [blob]

    def decode(self, blob: memoryview, path: str) -> Entry:
        """The entry, the whole text verified."""
        try:
            if not _is_ours(blob):
                return from_json(_foreign_value(blob))
            record, value, places = _read_lines(blob)
            payload = _without_lists(read_json(value), read_json(places), _bound(blob))
            return Entry(read_record(record), payload)
        except DAMAGE as error:
            raise unreadable(path, error) from error

    def decode_record(self, blob: memoryview, path: str) -> Record | None:
        """The record; the whole text is verified here too, which takes less time than to parse it."""
        try:
            if _is_ours(blob):
                return read_record(_read_lines(blob)[0])
            _foreign_value(blob)
            return None
        except DAMAGE as error:
            raise unreadable(path, error) from error


def _bound(blob: bytes | memoryview) -> int:
    return max(_LEAST_BOUND, _BOUND_RATIO * len(blob))


def _is_ours(blob: memoryview) -> bool:
    """Whether one end of the file is as we write it: damage that a checksum finds does not reach both."""
    return bytes(blob[: len(_OPENING)]) == _OPENING or bool(_CLOSING_FORM.fullmatch(blob[-_CLOSING_SIZE:]))


def _read_lines(blob: memoryview) -> tuple[str, str, str]:
    """The texts of record, value and arrays, verified."""
    stop = len(blob) - _CLOSING_SIZE
    if stop < 0 or bytes(blob[stop:]) != _CLOSING % crc32(blob[:stop]):
        raise ValueError("its checksum is wrong")
    lines = str(blob[:stop], "ascii").split("\n")[1:-1]
    texts = [line[len(start) : -1] for line, start in zip(lines, _STARTS, strict=False) if line.startswith(start)]
    if len(lines) != len(_STARTS) or len(texts) != len(_STARTS):
        raise ValueError("it does not hold what it should")
    return texts[0], texts[1], texts[2]


def _foreign_value(blob: memoryview) -> Tree:
    value = read_json(str(blob, "utf-8"))
    if isinstance(value, dict) and len(_OUR_KEYS & value.keys()) >= 3:
        raise ValueError("its beginning and its end are not as they were written")
    return value


def _with_lists(name: str, payload: Payload) -> tuple[Tree, list[_Place]]:
    """The tree with lists in place of its arrays, and where those are."""
    places: list[_Place] = []
    remedy = "Store it with NpzStorageInterface"
    try:
        value = _planted(payload.tree, payload.arrays, [], places)
    except TypeError as error:
        raise CannotStoreError(name, str(error), remedy) from None
    except (ValueError, RecursionError) as error:
        raise CannotStoreError(name, reason(error), remedy) from None
    if set(payload.arrays) != {place.name for place in places}:
        raise CannotStoreError(name, "it has arrays that are not in its tree", remedy)
    return value, places


def _planted(tree: Tree, arrays: Mapping[str, Array], path: list[str | int], places: list[_Place]) -> Tree:
    if isinstance(tree, list):
        return [_planted(item, arrays, [*path, index], places) for index, item in enumerate(tree)]
    if not isinstance(tree, dict):
        return tree
    key = tree.get(ARRAY_MARK)
    if isinstance(key, str) and len(tree) == 1 and key in arrays:
        shape, lists = array_to_lists(arrays[key])
        places.append(_Place(path, key, shape))
        return lists
    return {name: _planted(item, arrays, [*path, name], places) for name, item in tree.items()}


def _without_lists(value: Tree, places: Tree, most: int) -> Payload:
    """The tree again, and the arrays."""
    if not isinstance(places, list):
        raise ValueError("what it says of its arrays is no list")
    holder: dict[str, Tree] = {"": value}
    arrays: dict[str, Array] = {}
    for path, name, shape in map(_place, places):
        parent: Tree = holder
        key: str | int = ""
        for step in path:
            parent, key = _child(parent, key), step
        arrays[name] = array_from_lists(_child(parent, key), shape, most)
        if isinstance(parent, dict):
            parent[cast("str", key)] = {ARRAY_MARK: name}
        elif isinstance(parent, list):
            parent[cast("int", key)] = {ARRAY_MARK: name}
    return Payload(holder[""], arrays)


def _child(parent: Tree, key: str | int) -> Tree:
    if isinstance(parent, dict) and isinstance(key, str) and key in parent:
        return parent[key]
    if isinstance(parent, list) and isinstance(key, int) and 0 <= key < len(parent):
        return parent[key]
    raise ValueError("one of its arrays is not where it should be")


def _place_tree(place: _Place) -> Tree:
    tree: dict[str, Tree] = {
        "path": list(place.path),
        "name": place.name,
        "dtype": place.shape.dtype,
        "shape": list(place.shape.shape),
    }
    if place.shape.fortran:
        tree["fortran_order"] = True
    return tree


def _place(tree: Tree) -> _Place:
    fields = tree if isinstance(tree, dict) else {}
    path, name, dtype, shape = (fields.get(key) for key in ("path", "name", "dtype", "shape"))
    if not (isinstance(path, list) and isinstance(name, str) and isinstance(dtype, str) and isinstance(shape, list)):
        raise ValueError("what it says of one of its arrays is incomplete")
    steps = [step for step in path if isinstance(step, str | int)]
    sizes = tuple(size for size in shape if isinstance(size, int) and size >= 0)
    if len(steps) != len(path) or len(sizes) != len(shape):
        raise ValueError("what it says of one of its arrays is impossible")
    return _Place(steps, name, Shape(dtype, sizes, fields.get("fortran_order") is True))
