"""The one decision: memory, storage or compute.

A :class:`Cache` belongs to one manager. Whatever is asked goes through :meth:`Cache.get`; a value that is in memory
costs a dictionary look-up there, and nothing at all once it was promoted (see :mod:`.running`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar, cast

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.binding import bind
from simple_metrics_manager.asking.flights import Flights
from simple_metrics_manager.asking.identity import Identified, Identity, Question
from simple_metrics_manager.asking.inputs import Arguments, Inputs
from simple_metrics_manager.asking.memory import Held, Memory
from simple_metrics_manager.asking.provenance import Timing, make_record
from simple_metrics_manager.asking.shelf import Shelf
from simple_metrics_manager.declaring.bound_metric import BoundMetric
from simple_metrics_manager.declaring.metric import Host, Metric, ParameterizedMetric
from simple_metrics_manager.errors import MetricTypeError, NotStoredError
from simple_metrics_manager.events import Computed, ComputeFailed, ComputeStarted, tell
from simple_metrics_manager.payload.owning import owned
from simple_metrics_manager.payload.unshare import lock_payload, unshare
from simple_metrics_manager.record import Read
from simple_metrics_manager.storing.storage import Storage

P = ParamSpec("P")
T = TypeVar("T")


class Manager(Host, Identified, Protocol):
    """A manager, as far as the cache goes."""


class Cache:
    """Memory and storage of one manager. Methods take the manager, lest the two keep each other alive."""

    __slots__ = ("_flights", "_shadowed", "identity", "keys", "memory", "shelf")

    def __init__(self, host: object, arguments: Arguments) -> None:
        self.memory: Memory = Memory(host)
        self.identity: Identity = Identity(arguments, self.memory.forget)
        self.shelf: Shelf = Shelf()
        self.keys: dict[Metric[object], Metric[object]] = {}
        """What keys without parameters mean for this manager."""
        self._flights = Flights()
        self._shadowed: dict[int, BoundMetric[..., object]] = {}

    def use(self, storage: Storage | None) -> None:
        """Keep values there from now on. What came from another storage is forgotten, what was computed is kept."""
        self.shelf.use(storage)
        self.identity.look_again()
        self.memory.forget_stored()

    def grouped(self, host: Manager) -> AbstractContextManager[None]:
        """A block that computes many metrics: they are made to outlive a power cut together, which is far faster."""
        return self.shelf.grouped(host)

    def inputs(self, host: Manager) -> Inputs:
        """The manager's inputs as they are now; memory is forgotten if they have changed."""
        return self.identity.inputs(host)

    def ask(
        self,
        host: Manager,
        key: Metric[object],
        name: str | None = None,
        verbose: bool | None = None,
        now: tuple[Inputs, int] | None = None,
    ) -> Question:
        """What is asked, as things stand now."""
        frame = running.frame()
        loud = host.verbose if verbose is None else verbose
        quiet = frame is not None and not frame.verbose
        name = key.name if name is None else name
        inputs, epoch = self._now(host) if now is None else now
        return Question(host, key, name, inputs, loud and not quiet, epoch)

    def _now(self, host: Manager) -> tuple[Inputs, int]:
        """The inputs, and the epoch of the memory that goes with them."""
        while True:
            epoch = self.memory.epoch
            inputs = self.identity.inputs(host)
            if epoch == self.memory.epoch:
                return inputs, epoch

    # ------------------------------------------------------------------------------------------------- attributes
    def attribute(self, host: Host, metric: Metric[T], /) -> T:
        """``cm.spectrum``; also ``super().spectrum``, which has a name of its own."""
        manager = cast("Manager", host)
        shadowed = getattr(type(host), metric.name, None) is not metric
        name = metric.base_name_in(type(host)) if shadowed else metric.name
        held = self.get(manager, metric, name)
        if not held.immutable:
            return cast("T", held.give())
        if not shadowed and not running.active and self.inputs(manager).fixed:
            self.memory.promote(name, held, vars(host))
        return cast("T", held.value)

    def bound(self, host: Host, metric: ParameterizedMetric[P, T], /) -> BoundMetric[P, T]:
        """``cm.inertia``, made once for each manager and left in its ``__dict__``, or here if it is a base's."""
        known = self._shadowed.get(id(metric))
        if known is not None:
            return cast("BoundMetric[P, T]", known)
        made = bind(self, cast("Manager", host), metric)
        if getattr(type(host), metric.name, None) is metric:
            vars(host)[metric.name] = made
        else:
            self._shadowed[id(metric)] = cast("BoundMetric[..., object]", made)
        return made

    # ------------------------------------------------------------------------------------------------ the decision
    def get(
        self,
        host: Manager,
        key: Metric[object],
        name: str | None = None,
        *,
        use_stored: bool = True,
        verbose: bool | None = None,
    ) -> Held:
        """Memory, storage or compute, in this order; ``use_stored=False`` computes and overwrites both."""
        inputs, epoch = self._now(host)  # they may have changed, and with them what is held
        held = self.memory.held.get(key.name if name is None else name) if use_stored else None
        if held is None or held.state == "computed":
            asked = self.ask(host, key, name, verbose, (inputs, epoch))
            held = (self._glance(asked) if held is None and use_stored else None) or self._obtain(asked, use_stored)
            if running.active:
                self.note(asked, held)
        elif running.active:
            self.note(self.ask(host, key, name), held)
        return held

    def _glance(self, asked: Question) -> Held | None:
        """What is stored and sound, which most reads of a new process find; anything else is for :meth:`_obtain`."""
        if asked.name in self.memory.refused:
            return None
        if running.active:
            running.refuse_cycle((id(self._flights), asked.stored), asked.key.label)
        held = self._flights.glance(asked.stored, asked.name, self.shelf.glance, asked)
        return None if held is None else self.memory.adopt(asked.name, held, asked.epoch)

    def _obtain(self, asked: Question, use_stored: bool) -> Held:
        def look() -> Held | None:
            found = self.memory.held.get(asked.name) if use_stored else None
            return None if found is None or found.state == "computed" else found

        def obtain(flight: running.Flight) -> Held:
            held = self.memory.held.get(asked.name) if use_stored else None
            if held is not None and self.shelf.holds(asked):
                held.state = "unsaved"  # as in 0.5.0, a value that ``compute`` made takes no stored one's place
            mend = asked.host.on_corrupt == "recompute"
            found = held or (self._load(asked, mend=mend) if use_stored and not asked.missing else None)
            if found is None:
                found = self._compute(asked, flight, again=not use_stored)
            if found.state == "computed":
                self.shelf.save(asked, found)
            return found

        return self._flights.once(asked.stored, asked.key.label, look, obtain)

    def compute(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """The value in memory, or computed; the storage is neither asked nor written."""
        asked = self.ask(host, key, verbose=verbose)

        def look() -> Held | None:
            return None if force else self.memory.held.get(asked.name)

        def obtain(flight: running.Flight) -> Held:
            return self._compute(asked, flight, again=force)

        held = look() or self._flights.once(asked.stored, key.label, look, obtain)
        self.note(asked, held)
        return held

    def save(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """Store what could not be stored before, or what is missing; with ``force``, compute it in any case."""
        asked = self.ask(host, key, verbose=verbose)
        held = self.memory.held.get(asked.name)
        if not force and (held is None or held.state != "failed") and self.shelf.holds(asked):
            return self.get(host, key, verbose=verbose)
        held = self.compute(host, key, force=force, verbose=verbose)
        self.shelf.save(asked, held)
        return held

    def hold(self, host: Manager, key: Metric[object], value: object) -> None:
        """Hold a value that the user gives, as if it had been computed just now."""
        self.memory.put(key.name, self._hold(self.ask(host, key), value, Timing(0.0, 0.0), ()))

    def load(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """The value in memory or, with ``force`` in any case, from the storage; never computed.

        Raises:
            NotStoredError: the storage does not hold it, or not in a form that can be used.
        """
        asked = self.ask(host, key, verbose=verbose)
        held = None if force else self.memory.held.get(asked.name)
        if held is None:
            held = self._load(asked, mend=False)
        if held is None:
            raise self._not_stored(asked)
        self.note(asked, held)
        return held

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
        held = self.memory.held.get(asked.name)
        record = held.record if held is not None else self.shelf.record(asked)
        if record is None:
            raise self._not_stored(asked)
        return record.date

    def _not_stored(self, asked: Question) -> NotStoredError:
        storage, unknown = self.shelf.storage(asked.host), asked.key.declaration.unknown
        near = unknown.suggestion if unknown is not None else None
        return NotStoredError(asked.name, "" if storage is None else repr(storage), near)

    # ------------------------------------------------------------------------------------------- load and compute
    def _load(self, asked: Question, *, mend: bool) -> Held | None:
        held = self.shelf.load(asked, mend=mend)
        if held is not None:
            self.memory.put(asked.name, held, asked.epoch)
        return held

    def _compute(self, asked: Question, flight: running.Flight, *, again: bool) -> Held:
        key, host = asked.key, asked.host
        refused = self.memory.refused.get(asked.name)
        if refused is not None and not again:
            if not isinstance(refused[1], MemoryError):
                raise refused[1].with_traceback(None)
            held = self._hold(asked, refused[0], Timing(0.0, 0.0), ())  # it was computed; now there may be room
            self.memory.put(asked.name, held)
            return held
        if key.declaration.unknown is not None:
            raise key.declaration.unknown
        self.shelf.codec(host, key)  # what cannot be stored is told before a night is spent on it
        tell(ComputeStarted(asked.name, verbose=asked.verbose))
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            with running.computing(flight, asked.verbose) as frame:
                raw = owned(key.call(host))
        except BaseException as error:
            seconds, text = time.perf_counter() - wall, f"{type(error).__name__}: {error}"
            tell(ComputeFailed(asked.name, seconds, text, verbose=asked.verbose))
            error.add_note(f"while computing the metric {key.label}")
            raise
        timing = Timing(time.perf_counter() - wall, time.process_time() - cpu)
        try:
            held = self._hold(asked, raw, timing, frame.reads)
            if self.identity.inputs(host) is asked.inputs or not key.declaration.takes_manager:
                self.memory.put(asked.name, held)
        finally:  # whoever listens may fail: by then the value is held
            tell(Computed(asked.name, timing.seconds, verbose=asked.verbose))
        return held

    def _hold(self, asked: Question, raw: object, timing: Timing, reads: Iterable[Read]) -> Held:
        """What was computed, as it will come back from the storage."""
        codec = self.shelf.codec(asked.host, asked.key)
        try:
            payload = lock_payload(codec.dump(raw))
            value = codec.load(payload)
            mine = unshare(value)
            return Held(mine, mine is value, make_record(asked, codec, payload, timing, reads), payload=payload)
        except MetricTypeError as error:
            kept = MetricTypeError(error.metric, error.declared, error.problem, asked.name)
            self.memory.refuse(asked.name, raw, kept)
            raise kept from error.__cause__
        except MemoryError as error:
            self.memory.refuse(asked.name, raw, error)
            raise
        except Exception as error:  # of an object that cannot be copied, say; what it cost to compute is not lost
            problem = f"it cannot be kept: {type(error).__name__}: {error}"
            kept = MetricTypeError(asked.key.label, codec.declared or "(no annotation)", problem, asked.name)
            self.memory.refuse(asked.name, raw, kept)
            raise kept from error

    def note(self, asked: Question, held: Held) -> None:
        """The computation that is current, if there is one, has read this."""
        frame = running.frame()
        if frame is not None:
            frame.reads[Read(asked.label, asked.name, held.record.content)] = None
