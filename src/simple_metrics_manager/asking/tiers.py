"""The memory and the storage of one manager, and what can be said of them without anything being computed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.computing import Computer
from simple_metrics_manager.asking.deciding import Decider
from simple_metrics_manager.asking.eviction import touch
from simple_metrics_manager.asking.flights import Flights
from simple_metrics_manager.asking.identity import Identified, Identity, Question
from simple_metrics_manager.asking.inputs import Arguments, Inputs
from simple_metrics_manager.asking.memory import Held, Memory
from simple_metrics_manager.asking.policies import as_told
from simple_metrics_manager.asking.shelf import Shelf
from simple_metrics_manager.declaring.bound_metric import BoundMetric
from simple_metrics_manager.declaring.metric import Host, Metric
from simple_metrics_manager.outcomes.reasons import OnStale, problem_of
from simple_metrics_manager.record import Read
from simple_metrics_manager.storing.storage import Storage


class Manager(Host, Identified, Protocol):
    """A manager, as far as the cache goes."""


class Tiers:
    """What one manager holds and has stored. Methods take the manager, lest the two keep each other alive."""

    __slots__ = ("_flights", "_shadowed", "decider", "functions", "identity", "keys", "memory", "shelf")

    def __init__(self, host: object, arguments: Arguments) -> None:
        self.memory: Memory = Memory(host)
        self.identity: Identity = Identity(arguments, self.memory.forget)
        self.decider: Decider = Decider()
        self.shelf: Shelf = Shelf(self.decider)
        self.keys: dict[Metric[object], Metric[object]] = {}
        """What keys without parameters mean for this manager."""
        self.functions: dict[str, Callable[[], object]] = {}
        """Functions without arguments that this very manager was given, by the names of their metrics."""
        self._flights = Flights()
        self._shadowed: dict[int, BoundMetric[..., object]] = {}

    @property
    def _computer(self) -> Computer:
        """Made when something is computed: most managers of a program that has run before compute nothing."""
        return Computer(self.memory, self.shelf, self.identity)

    def use(self, storage: Storage | None) -> None:
        """Keep values there from now on. What came from another storage is forgotten, what was computed is kept."""
        self.shelf.use(storage)
        self.decider.forget()
        self.identity.look_again()
        self.memory.forget_stored()

    @contextmanager
    def as_told(self, on_stale: OnStale | None) -> Generator[None]:
        """A block in which this comes before what managers and metrics say, also of what is in memory.

        Raises:
            ValueError: it is no ``on_stale``.
        """
        problem = "" if on_stale is None else problem_of(on_stale)
        if problem:
            raise ValueError(problem)
        if on_stale is None:
            yield
            return
        with as_told(on_stale):
            self.reconsider()
            try:
                yield
            finally:
                self.reconsider()  # what was taken for this call need not do for the next one

    def reconsider(self) -> None:
        """Look again at what was taken although something speaks against it."""
        for name in self.decider.doubted():
            self.memory.release(name)

    def grouped(self, host: Manager) -> AbstractContextManager[None]:
        """A block that computes many metrics: they are made to outlive a power cut together, which is far faster."""
        return self.shelf.grouped(host)

    def inputs(self, host: Manager) -> Inputs:
        """The manager's inputs as they are now; memory is forgotten if they have changed."""
        return self.identity.inputs(host)

    def promotes(self, host: Manager) -> bool:
        """Whether values may be left where reads bypass us: not if they count, or if we have to look at the inputs."""
        return self.memory.room is None and self.inputs(host).fixed

    def ask(
        self,
        host: Manager,
        key: Metric[object],
        name: str | None = None,
        verbose: bool | None = None,
        now: tuple[Inputs, int] | None = None,
    ) -> Question:
        """What is asked, as things stand now."""
        frame = running.frame() if running.active else None
        loud = (host.verbose if verbose is None else verbose) and (frame is None or frame.verbose)
        inputs, epoch = self._now(host) if now is None else now
        return Question(host, key, key.name if name is None else name, inputs, loud, epoch)

    def _now(self, host: Manager) -> tuple[Inputs, int]:
        """The inputs, and the epoch of the memory that goes with them."""
        while True:
            epoch = self.memory.epoch
            inputs = self.identity.inputs(host)
            if epoch == self.memory.epoch:
                return inputs, epoch

    def hold(self, host: Manager, key: Metric[object], value: object) -> None:
        """Hold a value that the user gives, as if it had been computed just now."""
        held = self._computer.hold(asked := self.ask(host, key), value)
        self.memory.put(key.name, held)
        self.decider.replaced(asked, held.record)

    def exists(self, host: Manager, key: Metric[object]) -> bool:
        """Whether the value can be had without computing."""
        asked = self.ask(host, key)
        return asked.name in self.memory.held or self.shelf.holds(asked)

    def date(self, host: Manager, key: Metric[object]) -> datetime:
        """When the value was computed, aware and in UTC.

        Raises:
            NotStoredError: it is neither in memory nor stored.
        """
        asked = self.ask(host, key)
        record = held.record if (held := self.memory.held.get(asked.name)) is not None else self.shelf.record(asked)
        if record is None:
            raise self.shelf.not_stored(asked)
        return record.date

    def note(self, asked: Question, held: Held) -> None:
        """The computation that is current, if there is one, has read this."""
        if self.memory.room is not None:
            touch(held)
        frame = running.frame()
        if frame is not None:
            frame.reads[Read(asked.label, asked.name, held.record.content)] = None
