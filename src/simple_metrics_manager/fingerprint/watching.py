"""Whether a container still holds what it held: far cheaper to know than to write all of it again."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Collection, Mapping
from operator import is_
from typing import TypeAlias, cast

from simple_metrics_manager.fingerprint.values import is_fixed

Watched: TypeAlias = "tuple[tuple[Collection[object], tuple[object, ...]], ...]"
"""A container and those inside it, each with its parts."""

_MAPPINGS = (dict, OrderedDict, defaultdict, Counter)
_CONTAINERS = frozenset({*_MAPPINGS, list, tuple, set, frozenset, deque})


def watched(value: object) -> Watched | None:
    """What to look at later; None for anything that may be changed while its parts stay the same objects."""
    found: list[tuple[Collection[object], tuple[object, ...]]] = []
    todo = [value]
    while todo:
        part = todo.pop()
        if is_fixed(part):
            continue
        if type(part) not in _CONTAINERS or len(found) > _MOST:
            return None
        container = cast("Collection[object]", part)
        found.append((container, _parts(container)))
        todo += found[-1][1]
    return tuple(found)


def stands(then: Watched) -> bool:
    """Whether all of it holds the very same objects in the same order."""
    for container, parts in then:
        now = _parts(container)
        if len(now) != len(parts) or not all(map(is_, now, parts)):
            return False
    return True


def _parts(container: Collection[object]) -> tuple[object, ...]:
    if isinstance(container, dict):
        mapping = cast("Mapping[object, object]", container)
        return (*mapping, *mapping.values())
    return tuple(container)


_MOST = 10_000
