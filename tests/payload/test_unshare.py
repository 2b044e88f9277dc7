"""What a caller gets cannot change what is kept."""

# ruff: noqa: DTZ001  # a naive datetime is immutable as well

from __future__ import annotations

import copy
import dataclasses
import mmap
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, metric
from simple_metrics_manager.payload.shape import is_array
from simple_metrics_manager.payload.tree import Array, Payload
from simple_metrics_manager.payload.trust import FileMap
from simple_metrics_manager.payload.unshare import lock, lock_payload, unshare
from tests.payload.samples import PAIRS, Circle, Color, Locked, Pair, Plain, Point, Tree2, same

LOCKED = lock(np.arange(3.0))


@attrs.frozen
class Box:
    """Frozen: immutable if its items are."""

    items: tuple[object, ...]


@attrs.define
class Counting(DatedCacheManager):
    """A manager with a field."""

    verbose = False
    number: int

    @metric
    def double(self) -> int:
        return 2 * self.number


@attrs.define
class Secret:
    """A field with a private name."""

    __hidden: list[int] = attrs.field(factory=lambda: [1], alias="hidden")

    def items(self) -> list[int]:
        return self.__hidden


@attrs.frozen(slots=False)
class WithProperty:
    """Frozen, but what it caches is not."""

    x: int

    @cached_property
    def row(self) -> list[int]:
        return [self.x]


def _as_list(items: list[int]) -> list[int]:
    return list(items)


@attrs.define
class Checked:
    """With a converter and a post-init."""

    x: list[int] = attrs.field(converter=_as_list)
    made: int = 0

    def __attrs_post_init__(self) -> None:
        self.made += 1


class Unknown:
    """A class that is not known."""

    def __init__(self) -> None:
        self.items = [1]


@dataclass(slots=True)
class Slotted:
    """Neither ``__dict__`` nor frozen."""

    rows: dict[str, list[int]]


IMMUTABLE: list[object] = [
    *(None, True, 1, 1.5, 1j, "a", b"a", Color.RED, datetime(2024, 1, 1), Decimal(1), Path("a"), range(3), ...),
    *((1, ("a", None)), frozenset({1, (2, 3)}), Point(1.0, 2.0), Circle(1.0), Locked((1,), frozenset())),
    *(
        Box((1, Circle(2.0))),
        np.float32(1),
        np.datetime64("2024"),
        LOCKED,
        (LOCKED, 1),
        Box((LOCKED,)),
        WithProperty(1),
    ),
    *(len, Circle),
]


@pytest.mark.parametrize("value", IMMUTABLE, ids=lambda value: type(value).__name__)
def test_immutable_values_are_shared(value: object) -> None:
    """What nobody can change is given out itself."""
    assert unshare(value) is value


def _with_property() -> WithProperty:
    value = WithProperty(1)
    assert value.row == [1]
    return value


MUTABLE: list[object] = [
    *([], [1], [[1], [2]], {}, {"a": [1]}, {1}, bytearray(b"a"), ([1],), (1, (2, {})), Point(cast(float, [1]), 2.0)),
    *(Tree2("a", [Tree2("b")]), Pair(1, {"a": 2}), Plain(1, ["a"]), Box(([1],)), Secret(), Checked([1]), Unknown()),
    *(Slotted({"a": [1]}), np.arange(3), np.array([{}], dtype=object), _with_property(), {"a": (1, Box(({},)))}),
    (np.zeros(2), 1),
]


def _parts(value: object, seen: dict[int, object]) -> dict[int, object]:
    """All mutable parts that can be reached, by id; values of frozen classes are none themselves."""
    state = _state(value)
    if id(value) in seen:
        return seen
    if _is_mutable(value) or _writable(value):
        seen[id(value)] = value
    inner = [*state, *_objects(value)]
    if isinstance(value, dict):
        inner += cast("dict[object, object]", value).values()
    elif isinstance(value, list | tuple | set | frozenset):
        inner += cast("list[object]", value)
    for part in inner:
        _parts(part, seen)
    return seen


def _is_mutable(value: object) -> bool:
    frozen = isinstance(value, tuple | frozenset | Box | Locked | Circle | WithProperty)
    return isinstance(value, list | dict | set | bytearray) or (bool(_state(value)) and not frozen)


def _objects(value: object) -> list[object]:
    return cast("list[object]", value.tolist()) if is_array(value) and value.dtype.hasobject else []


def _writable(value: object) -> bool:
    return is_array(value) and value.flags.writeable


def _state(value: object) -> list[object]:
    """What an object of a class holds."""
    kind = type(value)
    if kind.__module__ not in {__name__, Pair.__module__} or isinstance(value, Color):
        return []
    names = [name for cls in kind.__mro__ for name in cast("tuple[str, ...]", cls.__dict__.get("__slots__", ()))]
    held = [cast("object", getattr(value, name, None)) for name in names if name not in ("__weakref__", "__dict__")]
    return [*held, *cast("dict[str, object]", getattr(value, "__dict__", {})).values()]


@pytest.mark.parametrize("value", MUTABLE, ids=lambda value: type(value).__name__)
# EVIDENCE-OF: P10
def test_mutable_values_are_copied(value: object) -> None:
    """A copy is another object, and none of its mutable parts is one of the original's."""
    copied = unshare(value)

    assert copied is not value
    assert type(copied) is type(value)
    assert not set(_parts(value, {})) & set(_parts(copied, {}))


@pytest.mark.parametrize("value", [value for _, value in PAIRS], ids=lambda value: type(value).__name__)
def test_copies_are_equal(value: object) -> None:
    """Whatever can be declared is copied to an equal value of the same types."""
    assert same(value, unshare(value))


NESTED = st.recursive(
    st.one_of(st.integers(), st.text(), st.none()),
    lambda inner: st.one_of(
        *(st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner), st.sets(st.integers())),
        *(inner.map(lambda item: Box((item,))), inner.map(lambda item: Pair(item, {}))),
    ),
)


@given(NESTED)
# EVIDENCE-OF: P10
def test_changing_the_copy_changes_nothing(value: object) -> None:
    """After every mutable part of the copy was changed, the original is what it was."""
    before = copy.deepcopy(value)
    copied = unshare(value)
    for part in _parts(copied, {}).values():
        if isinstance(part, list):
            cast("list[object]", part).append("changed")
        elif isinstance(part, dict):
            cast("dict[str, object]", part)["changed"] = 1
        elif isinstance(part, set):
            cast("set[object]", part).add("changed")
        elif isinstance(part, Pair):
            cast("Pair[object]", part).left = "changed"

    assert same(before, value)


@given(NESTED)
def test_identity_means_immutable(value: object) -> None:
    """A value is given out itself exactly when it has no mutable part."""
    assert (unshare(value) is value) == (not _parts(value, {}))


def test_shared_and_cyclic_parts_stay_so() -> None:
    """A part that stands in two places does so in the copy, and a cycle is a cycle."""
    part: list[object] = [1]
    value: list[object] = [part, part]
    value.append(value)
    node = Tree2("a")
    node.children.append(node)

    copied = unshare(value)

    assert copied[0] is copied[1]
    assert copied[2] is copied
    assert copied is not value
    assert unshare(node).children[0].label == "a"


def test_copying_runs_no_code_of_the_class() -> None:
    """Neither ``__init__`` nor converters nor post-init run for a copy; private fields come along."""
    secret = Secret([1, 2])
    checked = Checked([1])

    assert unshare(checked) == checked
    assert unshare(checked).made == 1
    assert unshare(secret).items() == [1, 2]
    assert unshare(secret).items() is not secret.items()


def test_frozen_dataclass_with_mutable_part() -> None:
    """A frozen object that holds something mutable is copied with it."""
    value = Locked(cast("tuple[int, ...]", ([1],)), frozenset())
    copied = unshare(value)

    assert copied == value
    assert copied is not value
    assert dataclasses.astuple(copied)[0][0] is not value.data[0]


# EVIDENCE-OF: P10
def test_lock_copies_what_others_may_write() -> None:
    """The user's own array is never locked, and later writes to it do not show."""
    mine = np.arange(6.0).reshape(2, 3)
    locked = lock(cast("Array", mine))
    mine[0, 0] = 9.0

    assert mine.flags.writeable
    assert locked[0, 0] == 0.0
    assert not locked.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        locked.setflags(write=True)


def test_lock_of_a_locked_array_is_itself() -> None:
    """What is locked already is not copied again; neither are its views."""
    locked = lock(np.arange(4))

    assert lock(locked) is locked
    assert lock(locked[1:]).base is locked.base


def test_lock_keeps_read_only_memory() -> None:
    """Arrays over bytes, a read-only view or a read-only map are not copied."""
    blob = bytes(16)
    over_bytes = np.frombuffer(blob, dtype=np.float64)
    over_view = np.frombuffer(memoryview(blob)[8:], dtype=np.float64)

    assert lock(over_bytes) is over_bytes
    assert lock(over_view) is over_view


def test_lock_of_memory_maps(tmp_path: Path) -> None:
    """A map of a file of ours counts as locked; one of another file changes with that, be it read-only or not."""
    file = tmp_path / "f"
    file.write_bytes(bytes(64))
    with file.open("r+b") as stream:
        read = FileMap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        theirs, write = (mmap.mmap(stream.fileno(), 0, access=each) for each in (mmap.ACCESS_READ, mmap.ACCESS_WRITE))
    over_read = np.frombuffer(read, dtype=np.int64)
    over_view = np.frombuffer(memoryview(read)[8:], dtype=np.int64)
    over_write = np.frombuffer(write, dtype=np.int64)
    over_write.setflags(write=False)

    assert lock(over_read) is over_read
    assert lock(over_view) is over_view
    assert lock(over_write) is not over_write
    over_theirs = np.frombuffer(theirs, dtype=np.int64)
    assert lock(over_theirs) is not over_theirs


def test_lock_copies_read_only_views_of_writable_memory() -> None:
    """A read-only view does not protect what its base lets others write."""
    base = bytearray(16)
    over = np.frombuffer(base, dtype=np.float64)
    over.setflags(write=False)
    owner = np.arange(3.0)
    view = owner[:]
    view.setflags(write=False)
    broadcast = np.broadcast_to(owner, (2, 3))

    for array in (over, view, broadcast, np.frombuffer(memoryview(base).toreadonly(), dtype=np.float64)):
        locked = lock(cast("Array", array))
        assert locked is not array
        assert not np.shares_memory(locked, array)


def test_lock_of_a_read_only_owner() -> None:
    """An array that owns its memory can be made writable by whoever holds it: its copy cannot."""
    owner = np.arange(3.0)
    owner.setflags(write=False)

    assert lock(owner) is not owner


@pytest.mark.parametrize("order", ["C", "F"])
def test_lock_keeps_order_and_dtype(order: str) -> None:
    """The copy has the memory order, shape and dtype of the array."""
    array: NDArray[np.generic] = (
        np.zeros((2, 3, 4), ">f4").transpose(1, 0, 2) if order == "C" else np.zeros((2, 3), ">f4", "F")
    )
    locked = lock(array)

    assert locked.strides == array.strides
    assert (locked.shape, locked.dtype) == (array.shape, array.dtype)


def test_lock_payload() -> None:
    """All arrays of a payload are locked; its tree is the same."""
    payload = Payload([{"$array": "a"}], {"a": np.arange(2), "b": LOCKED})
    locked = lock_payload(payload)

    assert locked.tree is payload.tree
    assert locked.arrays["b"] is LOCKED
    assert not locked.arrays["a"].flags.writeable
    assert payload.arrays["a"].flags.writeable


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_objects_in_a_locked_array_are_copied(shape: tuple[int, ...]) -> None:
    """However often it is locked, an array of objects shares none of them, whatever its dimension."""
    inner = [1]
    array: Array = np.empty((1,), dtype=object)
    array[0] = cast("Any", inner)
    for locked in (lock(array.reshape(shape)), lock(lock(array.reshape(shape))), unshare(array.reshape(shape))):
        found = cast("list[int]", locked.reshape(-1)[0])

        assert locked.shape == shape
        assert not locked.flags.writeable
        assert found == [1]
        assert found is not inner


def test_objects_in_fields_are_copied() -> None:
    """An object in a field of a structured array is copied too, the other fields stay."""
    array = np.zeros(2, dtype=[("a", object), ("b", np.int32)])
    array[0] = ([1], 7)
    locked = lock(cast("Array", array))

    assert locked.tolist() == [([1], 7), (0, 0)]
    assert locked.tolist()[0][0] is not array.tolist()[0][0]


def test_a_manager_is_copied_as_managers_are() -> None:
    """A manager of an attrs class within a container becomes a copy without its values and locks."""
    manager = Counting(3)
    assert manager.double == 6
    [other] = unshare([manager])

    assert other is not manager
    assert (other.number, other.double, list(manager.cache)) == (3, 6, ["double"])


def test_lock_copies_what_was_locked_by_others() -> None:
    """An array that its maker has locked may have views from before, through which it can be written."""
    owner = np.zeros(4)
    older = owner[:]
    owner.setflags(write=False)
    kept = lock(owner[:])
    older[:] = 7

    assert np.array_equal(kept, np.zeros(4))
    assert lock(kept) is kept
