"""The state of an object of the project, such as a global configuration: what tells it from others of its class.

An object that its own methods change is a memory of the program, and no constant: what it holds after a computation is
not what it holds in the next process. So it has no state here.
"""

from __future__ import annotations

import dis
import functools
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import cast

from simple_metrics_manager.fingerprint.objects import MISSING, innermost, own_attributes, plain_attribute
from simple_metrics_manager.fingerprint.origin import is_own, is_project_class, is_project_code

CHANGING = frozenset(
    ["append", "extend", "insert", "remove", "clear", "add", "discard", "update", "setdefault", "pop", "popitem"]
)
"""What is done to a container that is a memory of the program, not a constant."""

_MAKING = frozenset({"__init__", "__new__", "__post_init__", "__attrs_post_init__", "__attrs_pre_init__"})
_STORES = frozenset({"STORE_ATTR", "DELETE_ATTR", "STORE_SUBSCR", "DELETE_SUBSCR"})


def state_of(value: object) -> Mapping[str, object] | None:
    """The fields or attributes of an object of the project; None if it is none, or is changed by its own methods."""
    kind: type = type(value)
    if not is_project_class(kind) or any(map(is_own, kind.__mro__)) or _changes_itself(kind):
        return None
    names = [field.name for field in getattr(kind, "__attrs_attrs__", ())]
    names = names or [*getattr(kind, "__dataclass_fields__", ())] or [*getattr(kind, "_fields", ())]
    if names:
        found = {name: _field(value, name) for name in names}
        return {name: part for name, part in found.items() if part is not MISSING}
    uncounted = {name for name, part in _members(kind) if isinstance(part, functools.cached_property)} | {"__doc__"}
    return {name: part for name, part in own_attributes(value).items() if name not in uncounted}


def _field(value: object, name: str) -> object:
    fields: tuple[str, ...] = getattr(type(value), "_fields", ())
    if name not in fields:
        return plain_attribute(value, name)
    return cast("tuple[object, ...]", value)[fields.index(name)]


@functools.lru_cache(maxsize=1024)
def _changes_itself(kind: type) -> bool:
    for name, member in _members(kind):
        inner = innermost(member)[0]
        if name in _MAKING or not isinstance(inner, FunctionType):
            continue
        if inner.__code__.co_filename.startswith("<attrs") or not is_project_code(inner.__code__, inner.__globals__):
            continue  # generated with the class
        if not CHANGING.isdisjoint(inner.__code__.co_names):
            return True
        if any(instruction.opname in _STORES for instruction in dis.get_instructions(inner)):
            return True
    return False


def _members(kind: type) -> Iterator[tuple[str, object]]:
    for base in kind.__mro__:
        if is_project_class(base):
            yield from vars(base).items()
