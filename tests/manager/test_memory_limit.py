"""``memory_limit``: what was used longest ago leaves memory, nothing that is only there does, and no value changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    MemoryStorageInterface,
    MetricDeclarationError,
    NpyStorageInterface,
    NpzStorageInterface,
    metric,
)
from simple_metrics_manager.asking.eviction import OVERHEAD, bytes_of

KILO = 1000


class Sizes(DatedCacheManager):
    """Arrays and lists of chosen sizes, and how often each was computed."""

    verbose = False

    def __init__(self) -> None:
        self.runs: list[int] = []

    @metric(dynamic=True)
    def block(self, k: int, kilobytes: int) -> NDArray[np.uint8]:
        self.runs.append(k)
        return np.full(kilobytes * KILO, k, np.uint8)

    @metric(dynamic=True)
    def listed(self, k: int, kilobytes: int) -> list[int]:
        return [k] * (kilobytes * KILO // 8)

    @metric
    def small(self) -> int:
        return 1


def held(manager: DatedCacheManager) -> dict[str, str]:
    """What is in memory, and its state."""
    return {name: each.state for name, each in manager.__metrics__.memory.held.items()}


def stored_bytes(manager: DatedCacheManager) -> int:
    """The bytes of all that is in memory and stored."""
    found = manager.__metrics__.memory.held.values()
    return sum(OVERHEAD + bytes_of(each.value) for each in found if each.state == "stored")


def name_of(key: tuple[str, int, int]) -> str:
    """The metric of a read."""
    return f"{key[0]},k={key[1]},kilobytes={key[2]}"


READS = st.lists(
    st.one_of(
        # Not of lists: one that was loaded has other room to spare than its copy, which the model would have to know.
        st.tuples(st.just("block"), st.integers(0, 3), st.sampled_from([1, 3, 9, 30])),
        st.just("compute"),
    ),
    max_size=40,
)


@given(reads=READS, limit=st.integers(0, 60 * KILO))
def test_the_most_recent_that_fit_are_kept(reads: Sequence[tuple[str, int, int] | str], limit: int) -> None:
    """Whatever is read: values are right, and memory is that of a least-recently-used cache with room for the rest."""
    cm = Sizes().use(MemoryStorageInterface())
    cm.memory_limit = limit
    model: OrderedDict[str, int] = OrderedDict()
    staying = 0
    for read in reads:
        if isinstance(read, str):
            if not staying:
                staying = OVERHEAD + bytes_of(cm.compute(Sizes.block(99, 5)))
                while model and sum(model.values()) + staying > limit:
                    model.popitem(last=False)
            continue
        metric_name, k, kilobytes = read
        value = getattr(cm, metric_name)(k, kilobytes)

        assert list(value) == [k] * (kilobytes * KILO // (1 if metric_name == "block" else 8))
        size = OVERHEAD + bytes_of(value)
        model.pop(name_of(read), None)
        if size <= limit - staying:
            model[name_of(read)] = size
        while model and sum(model.values()) + staying > limit:
            model.popitem(last=False)
        assert {name for name, state in held(cm).items() if state == "stored"} == set(model)
        assert stored_bytes(cm) <= max(0, limit - staying)
    assert held(cm).get("block,k=99,kilobytes=5") == ("computed" if staying else None)


def test_what_was_used_longest_ago_goes() -> None:
    """A hit keeps a value in memory; nothing is computed again for the others, which are in the storage."""
    cm = Sizes().use(MemoryStorageInterface())
    cm.memory_limit = 3 * (10 * KILO + 2 * OVERHEAD)
    for k in (1, 2, 3, 1, 4):
        cm.block(k, 10)

    assert [*held(cm)] == [f"block,k={k},kilobytes=10" for k in (1, 3, 4)]
    assert [cm.block(k, 10)[0] for k in (1, 2, 3, 4)] == [1, 2, 3, 4]
    assert cm.runs == [1, 2, 3, 4]


def test_what_is_in_memory_only_stays() -> None:
    """Without a storage, or where it refuses, a value has nowhere else to be."""
    alone = Sizes()
    alone.memory_limit = 1
    refused = Sizes().use(MemoryStorageInterface())
    refused.memory_limit = 1
    refused.cache["small"] = 7
    for k in range(5):
        alone.block(k, 10)

    assert len(held(alone)) == 5
    assert held(refused) == {"small": "computed"}
    assert refused.small == 7


def test_a_value_that_could_not_be_saved_stays(tmp_path: Path) -> None:
    """Until it is saved: then it goes as the others do."""
    (tmp_path / "metrics").write_text("no directory")
    cm = Sizes().use(NpzStorageInterface(tmp_path / "metrics"))
    cm.memory_limit = 1
    with pytest.raises(OSError, match="metrics"):
        cm.block(1, 10)
    assert held(cm) == {"block,k=1,kilobytes=10": "failed"}
    (tmp_path / "metrics").unlink()
    cm.save(Sizes.block(1, 10))

    assert held(cm) == {}
    assert cm.block(1, 10)[0] == 1
    assert cm.runs == [1]


def test_a_value_larger_than_the_limit_drives_nobody_out() -> None:
    """It is given back, and not kept."""
    cm = Sizes().use(MemoryStorageInterface())
    cm.memory_limit = 20 * KILO
    cm.block(1, 10)
    large = cm.block(2, 50)

    assert large.nbytes == 50 * KILO
    assert [*held(cm)] == ["block,k=1,kilobytes=10"]


def test_mapped_arrays_count(tmp_path: Path) -> None:
    """An array that is mapped from its file counts with all its bytes."""
    large = 5000
    Sizes().use(NpyStorageInterface(tmp_path)).block(1, large)
    cm = Sizes().use(NpyStorageInterface(tmp_path))
    cm.memory_limit = large * KILO
    cm.block(1, large)

    assert held(cm) == {}


def test_nothing_is_promoted_under_a_limit() -> None:
    """Every read comes by, so that it counts; without the limit, reads bypass us again."""
    cm = Sizes().use(MemoryStorageInterface())
    cm.memory_limit = 100 * KILO

    assert (cm.small, cm.small) == (1, 1)
    assert "small" not in vars(cm)
    cm.memory_limit = None
    cm.block(1, 1)
    assert cm.small == 1
    assert "small" in vars(cm)


def test_a_limit_that_comes_later_counts_from_the_next_value_on() -> None:
    """What was promoted is taken back then, and what was there is measured."""
    cm = Sizes().use(MemoryStorageInterface())
    for k in range(4):
        cm.block(k, 10)
    assert cm.small == 1
    cm.memory_limit = 25 * KILO
    assert len(held(cm)) == 5
    cm.block(4, 10)

    assert [*held(cm)][-1] == "block,k=4,kilobytes=10"
    assert stored_bytes(cm) <= 25 * KILO
    assert "small" not in vars(cm)


@attrs.frozen
class Frozen(DatedCacheManager):
    """Assigning to it is an error; the limit is a field."""

    seed: int
    memory_limit: int | None = None
    verbose = False

    @metric(dynamic=True)
    def block(self, k: int) -> NDArray[np.uint8]:
        return np.full(10 * KILO, k + self.seed, np.uint8)


@attrs.define(slots=True)
class Slotted(DatedCacheManager):
    """The limit is the class's."""

    seed: int
    memory_limit = 25 * KILO
    verbose = False

    @metric(dynamic=True)
    def block(self, k: int) -> NDArray[np.uint8]:
        return np.full(10 * KILO, k + self.seed, np.uint8)


class Plain(DatedCacheManager):
    """The limit is an argument of the constructor."""

    verbose = False

    def __init__(self, seed: int, memory_limit: int | None = None) -> None:
        self.seed = seed
        self.memory_limit = memory_limit

    @metric(dynamic=True)
    def block(self, k: int) -> NDArray[np.uint8]:
        return np.full(10 * KILO, k + self.seed, np.uint8)


MAKERS = [lambda: Frozen(1, memory_limit=25 * KILO), lambda: Slotted(1), lambda: Plain(1, 25 * KILO)]


@pytest.mark.parametrize("make", MAKERS, ids=["frozen", "slotted", "plain"])
def test_the_limit_is_no_input(make: Callable[[], Frozen | Slotted | Plain]) -> None:
    """Of the class, a field or an argument: it bounds memory and names nothing that is stored."""
    cm = make().use(MemoryStorageInterface())
    for k in range(4):
        cm.block(k)

    assert len(held(cm)) == 2
    assert cm.metric_inputs() == {"seed": 1}


def test_changing_the_limit_forgets_nothing() -> None:
    """An argument of the constructor that is no input may be assigned without memory being forgotten."""
    cm = Plain(1, 25 * KILO)
    cm.block(1)
    cm.memory_limit = 50 * KILO

    assert len(held(cm)) == 1


@pytest.mark.parametrize("limit", ["2GB", -1, True, float("nan")])
def test_a_limit_is_a_number_of_bytes(limit: object) -> None:
    """Anything else is refused where it is said, by name."""
    with pytest.raises(MetricDeclarationError, match=r"Sizes.memory_limit: .* is no number of bytes"):
        setattr(Sizes(), "memory_limit", limit)  # noqa: B010  # checkers refuse the assignment
    with pytest.raises(MetricDeclarationError, match=r"Wrong.memory_limit"):
        type("Wrong", (DatedCacheManager,), {"memory_limit": limit})


def test_forgetting_makes_room() -> None:
    """What is forgotten, or is of another storage, counts no more."""
    cm = Sizes().use(MemoryStorageInterface())
    cm.memory_limit = 25 * KILO
    for _ in range(3):
        cm.block(1, 10)
        del cm.cache["block,k=1,kilobytes=10"]
        cm.block(2, 10)
        cm.clear_cache()
        cm.block(3, 10)
        cm.use(MemoryStorageInterface())
    cm.block(1, 10)
    cm.block(2, 10)
    room = cm.__metrics__.memory.room

    assert len(held(cm)) == 2
    assert room is not None
    assert room.size == stored_bytes(cm)


def test_recomputing_one_value_keeps_no_old_ones() -> None:
    """The queue of an unfilled room does not grow."""
    cm = Sizes().use(MemoryStorageInterface())
    cm.memory_limit = 100 * KILO
    for _ in range(200):
        cm.block.fresh(1, 1)
    room = cm.__metrics__.memory.room

    assert room is not None
    assert len(room._queue) < 40
    assert room.size == stored_bytes(cm)


def test_evicting_while_others_read_is_safe() -> None:
    """Threads that read more than fits all get right values, and memory ends within the limit."""
    cm = Sizes().use(MemoryStorageInterface())
    cm.memory_limit = 25 * KILO
    barrier = threading.Barrier(8)

    def read(seed: int) -> bool:
        chosen = np.random.default_rng(seed).integers(0, 6, 150).tolist()
        barrier.wait()
        return all(cm.block(k, 10)[-1] == k for k in chosen)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(8)))
    assert sorted(cm.runs) == list(range(6))
    assert stored_bytes(cm) <= 25 * KILO


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        (np.zeros(1000), 8000, 8000),
        ([0.5] * 10_000, 80_000, 400_000),
        ({"a": np.zeros(1000), "b": [np.zeros(1000)]}, 16_000, 17_000),
        ([np.arange(100) + i for i in range(1000)], 800_000, 900_000),
        ("x" * 1000, 1000, 1100),
        (attrs.make_class("Pair", ["a", "b"])(np.zeros(1000), 1), 8000, 8200),
    ],
    ids=str,
)
def test_bytes_are_about_right(value: object, least: int, most: int) -> None:
    """Arrays count exactly, wherever they are in a value; containers about right."""
    assert least <= bytes_of(value) <= most
