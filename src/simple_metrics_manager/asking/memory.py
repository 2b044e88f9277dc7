"""The memory tier of one manager: what it holds, and what it has promoted into the manager's ``__dict__``."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, MutableMapping
from typing import Protocol

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.eviction import Room, check_limit, measure, touch
from simple_metrics_manager.declaring.lookup import names_of
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.payload.unshare import unshare
from simple_metrics_manager.record import Record


class Recorded(Protocol):
    """Something that can say its record, and parses it for the purpose only then."""

    @property
    def record(self) -> Record: ...


class Held:
    """One value in memory. ``immutable`` values are handed out as they are, others as copies of their own.

    ``state``: ``computed`` is not stored yet, ``stored`` is, ``unsaved`` is not to be, ``failed`` could not be.
    ``payload`` is the value taken apart, as long as it has still to be stored. ``size`` and ``used`` are for
    :mod:`.eviction`, and set under a limit only.
    """

    __slots__ = ("_record", "immutable", "payload", "size", "state", "used", "value")

    size: int
    used: int

    def __init__(
        self,
        value: object,
        immutable: bool,
        record: Record | Recorded,
        state: str = "computed",
        payload: Payload | None = None,
    ) -> None:
        self.value: object = value
        self.immutable: bool = immutable
        self.state: str = state
        self.payload: Payload | None = payload
        self._record: Record | Recorded = record

    @property
    def record(self) -> Record:
        """When and how it was computed."""
        if not isinstance(self._record, Record):
            self._record = self._record.record
        return self._record

    def give(self) -> object:
        """The value for a caller, who cannot change by it what the next one gets."""
        return self.value if self.immutable else unshare(self.value)


class Memory:
    """Values by name, and refused ones: computed, but not what their annotation says."""

    __slots__ = ("__weakref__", "_host", "_memos", "_promoted", "epoch", "held", "refused", "room")

    def __init__(self, host: object) -> None:
        self._host = weakref.ref(host)
        self.held: dict[str, Held] = {}
        self.refused: dict[str, tuple[object, Exception]] = {}
        self.room: Room | None = None
        """There if memory is limited. Then nothing is promoted: reads that bypass us would not say what is in use."""
        self.epoch: int = 0
        """How often something was forgotten: the manager may have become another one, or have another storage."""
        self._promoted: list[str] = []
        self._memos: list[dict[Row, object]] = []

    def put(self, name: str, held: Held, epoch: int | None = None) -> None:
        """Hold this in place of what was held under the name, unless the ``epoch`` it was asked for in has ended."""
        limit = getattr(self._host(), "memory_limit", None)
        if limit is not None:
            measure(held)
        with running.switch:
            if epoch is not None and epoch != self.epoch:
                return
            self.park()
            self.held[name] = held
            if held.state != "stored":
                self.refused.pop(name, None)  # computed anew; what is loaded takes nothing's place
            if limit is not None or self.room is not None:
                self._keep_within(limit, name)

    def adopt(self, name: str, held: Held, epoch: int) -> Held:
        """Hold what was loaded, unless something is held by now; what is held then.

        What was asked for in an ``epoch`` that has ended is given back, and not held.
        """
        limit = getattr(self._host(), "memory_limit", None)
        limited = limit is not None or self.room is not None
        if limited:
            measure(held)
        with running.switch:
            if self.epoch != epoch:
                return held
            kept = self.held.setdefault(name, held)
            if limited:
                self._keep_within(limit, name)
            return kept

    def settle(self, name: str, held: Held) -> None:
        """What is held was stored, or is not to be: if there is a limit, it counts from now on."""
        if self.room is not None:
            with running.switch:
                if self.held.get(name) is held:
                    self._keep_within(getattr(self._host(), "memory_limit", None), name, settled=True)

    def _keep_within(self, limit: float | None, name: str, *, settled: bool = False) -> None:
        """Evict what was used longest ago until all is within the limit; under ``running.switch``.

        What is on its way to the storage evicts nobody: it may turn out to be too large to be kept.

        Raises:
            MetricDeclarationError: the limit is no number.
        """
        if limit is None:
            self.room = None
            return
        held = self.held[name]
        touch(held)
        if self.room is None:
            check_limit(limit, type(self._host()).__qualname__)
            self.park()
            self.room = Room(self.held)
        else:
            self.room.enter(name, held)
        if settled or held.state != "computed":
            gone = [self.held.pop(each) for each in self.room.overflow(limit, name)]
            del gone  # as one: their ``__del__`` may ask for a metric, and should find all in order

    def refuse(self, name: str, value: object, error: Exception) -> None:
        """Keep a value that cannot be given out as what it was declared."""
        with running.switch:
            self.park()
            self.held.pop(name, None)
            if self.room is not None:
                self.room.leave(name)
            self.refused[name] = (value, error)

    def forget(self, name: str | None = None) -> None:
        """Hold nothing any more, or nothing under this name. What is stored stays."""
        with running.switch:
            self.park()
            self.epoch += 1
            if name is None:
                self.held.clear()
                self.refused.clear()
                if self.room is not None:
                    self.room = Room({})
            else:
                self.held.pop(name, None)
                self.refused.pop(name, None)
                if self.room is not None:
                    self.room.leave(name)

    def release(self, name: str) -> None:
        """Let go of a value that is stored: the next read loads it."""
        with running.switch:
            held = self.held.get(name)
            if held is not None and held.state == "stored":
                self.park()
                del self.held[name]
                if self.room is not None:
                    self.room.leave(name)

    def forget_metric(self, name: str) -> None:
        """Hold nothing of this metric any more, whatever its parameters."""
        for each in names_of(name, {**self.held, **self.refused}):
            self.forget(each)

    def forget_stored(self) -> None:
        """Hold no more what came from a storage; what was computed is to be stored again, wherever that will be."""
        self.epoch += 1
        if not self.held:
            return
        with running.switch:
            self.park()
            self.held = {name: held for name, held in self.held.items() if held.state != "stored"}
            for held in self.held.values():
                held.state = "computed"
            if self.room is not None:
                self.room = Room(self.held)

    def park(self) -> None:
        """Take back what was promoted; under ``running.switch``."""
        host = self._host()
        if host is not None:
            for name in self._promoted:
                vars(host).pop(name, None)
        self._promoted.clear()
        for memo in self._memos:
            memo.clear()
        self._memos.clear()

    def promote(self, name: str, held: Held, attributes: dict[str, object]) -> None:
        """Leave a value among the attributes of the manager, where the next read of it finds it without us."""
        with running.switch:
            if not running.active and self.room is None and self.held.get(name) is held:
                if not self._promoted:
                    running.promoted.add(self)
                self._promoted.append(name)
                attributes[name] = held.value  # last: an interrupt before it leaves nothing that park does not know

    def remember(self, memo: dict[Row, object], row: Row, name: str, held: Held) -> None:
        """The same for one parameter set, in the memo of its bound metric."""
        with running.switch:
            if not running.active and self.room is None and self.held.get(name) is held:
                running.promoted.add(self)
                if not any(known is memo for known in self._memos):
                    self._memos.append(memo)
                memo[row] = held.value


class MemoryView(MutableMapping[str, object]):
    """``manager.cache``: the values in memory by name, as 0.5.0's dictionary; deleting one forgets it."""

    def __init__(self, memory: Memory, hold: Callable[[str, object], None], note: Callable[[str, Held], None]) -> None:
        self._memory = memory
        self._hold = hold
        self._note = note

    def __getitem__(self, name: str) -> object:
        if name in self._memory.refused:
            return self._memory.refused[name][0]
        held = self._memory.held[name]
        self._note(name, held)
        return held.give()

    def __setitem__(self, name: str, value: object) -> None:
        self._hold(name, value)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._memory.forget(name)

    def __contains__(self, name: object) -> bool:
        return name in self._memory.held or name in self._memory.refused

    def __iter__(self) -> Iterator[str]:
        return iter([*dict.fromkeys([*self._memory.held, *self._memory.refused])])

    def __len__(self) -> int:
        return len(self._memory.held.keys() | self._memory.refused.keys())

    def __repr__(self) -> str:
        return f"<cache of {', '.join(self) or 'nothing'}>"
