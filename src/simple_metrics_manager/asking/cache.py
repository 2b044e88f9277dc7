"""The one decision: memory, storage or compute.

A :class:`Cache` belongs to one manager. Whatever is asked goes through :meth:`Cache.get`; a value that is in memory
costs a dictionary look-up there, and nothing at all once it was promoted (see :mod:`.running`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar, cast

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.binding import bind
from simple_metrics_manager.asking.flights import Flights
from simple_metrics_manager.asking.identity import Identity
from simple_metrics_manager.asking.inputs import Arguments, Inputs
from simple_metrics_manager.asking.memory import Held, Memory
from simple_metrics_manager.asking.provenance import Timing, make_record
from simple_metrics_manager.asking.shelf import Owner, Shelf
from simple_metrics_manager.declaring.bound_metric import BoundMetric
from simple_metrics_manager.declaring.metric import Host, Metric, ParameterizedMetric
from simple_metrics_manager.errors import MetricTypeError, NotStoredError
from simple_metrics_manager.events import Computed, ComputeFailed, ComputeStarted, tell
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.payload.unshare import lock_payload, unshare
from simple_metrics_manager.record import Read
from simple_metrics_manager.storing.storage import Storage

P = ParamSpec("P")
T = TypeVar("T")


class Manager(Host, Owner, Protocol):
    """A manager, as far as the cache goes."""

    verbose: bool


class Cache:
    """Memory and storage of one manager. Methods take the manager, lest the two keep each other alive."""

    def __init__(self, host: object, arguments: Arguments) -> None:
        self.memory: Memory = Memory(host)
        self.identity: Identity = Identity(arguments, self.memory.forget)
        self.shelf: Shelf = Shelf(self.identity)
        self._flights = Flights()

    def use(self, storage: Storage | None) -> None:
        """Keep values there from now on; what is in memory is forgotten, since it came from elsewhere."""
        self.shelf.use(storage)
        self.identity.forget()
        self.memory.forget()

    def inputs(self, host: Manager) -> Inputs:
        """The manager's inputs as they are now; memory is forgotten if they have changed."""
        return self.identity.inputs(host)

    # ------------------------------------------------------------------------------------------------- attributes
    def attribute(self, host: Host, metric: Metric[T], /) -> T:
        """``cm.spectrum``; also ``super().spectrum``, which has a name of its own."""
        manager = cast("Manager", host)
        shadowed = getattr(type(host), metric.name, None) is not metric
        name = metric.base_name if shadowed else metric.name
        held = self.get(manager, metric, name)
        if held.immutable and not shadowed and not running.active and self.inputs(manager).fixed:
            self.memory.promote(name, held)
        return cast("T", held.give())

    def bound(self, host: Host, metric: ParameterizedMetric[P, T], /) -> BoundMetric[P, T]:
        """``cm.inertia``, made once for each manager and left in its ``__dict__``."""
        made = bind(self, cast("Manager", host), metric)
        if getattr(type(host), metric.name, None) is metric:
            vars(host)[metric.name] = made
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
        name = key.name if name is None else name
        self.inputs(host)
        held = self.memory.held.get(name) if use_stored else None
        if held is None or held.state == "computed":
            loud = self._verbose(host, verbose)

            def look() -> Held | None:
                found = self.memory.held.get(name) if use_stored else None
                return None if found is None or found.state == "computed" else found

            def obtain(flight: running.Flight) -> Held:
                found = (self.memory.held.get(name) or self._load(host, key, name, loud)) if use_stored else None
                if found is None:
                    found = self._compute(host, key, name, flight, loud, again=not use_stored)
                if found.state == "computed":
                    self.shelf.save(host, key, name, found, loud)
                return found

            held = self._flights.once(name, key.label, look, obtain)
        self._note(host, key, name, held)
        return held

    def compute(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """The value in memory, or computed; the storage is neither asked nor written."""
        self.inputs(host)
        loud = self._verbose(host, verbose)

        def look() -> Held | None:
            return None if force else self.memory.held.get(key.name)

        def obtain(flight: running.Flight) -> Held:
            return self._compute(host, key, key.name, flight, loud, again=force)

        held = look() or self._flights.once(key.name, key.label, look, obtain)
        self._note(host, key, key.name, held)
        return held

    def save(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """Compute what is not stored yet (with ``force``, in any case) and store it."""
        if not force and self.shelf.holds(host, key):
            return self.get(host, key, verbose=verbose)
        held = self.compute(host, key, force=force, verbose=verbose)
        self.shelf.save(host, key, key.name, held, self._verbose(host, verbose))
        return held

    def hold(self, host: Manager, key: Metric[object], value: object) -> None:
        """Hold a value that the user gives, as if it had been computed just now."""
        self.inputs(host)
        self.memory.put(key.name, self._hold(host, key, key.name, value, Timing(0.0, 0.0), ()))

    def load(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """The value in memory or, with ``force`` in any case, from the storage; never computed.

        Raises:
            NotStoredError: the storage does not hold it, or not in a form that can be used.
        """
        self.inputs(host)
        held = None if force else self.memory.held.get(key.name)
        if held is None:
            held = self._load(host, key, key.name, self._verbose(host, verbose))
        if held is None:
            raise NotStoredError(key.name, repr(self.shelf.storage(host)))
        self._note(host, key, key.name, held)
        return held

    def exists(self, host: Manager, key: Metric[object]) -> bool:
        """Whether the value can be had without computing."""
        self.inputs(host)
        return key.name in self.memory.held or self.shelf.holds(host, key)

    def date(self, host: Manager, key: Metric[object]) -> datetime:
        """When the value was computed, aware and in UTC.

        Raises:
            NotStoredError: it is neither in memory nor stored.
        """
        self.inputs(host)
        held = self.memory.held.get(key.name)
        record = held.record if held is not None else self.shelf.record(host, key)
        if record is None:
            raise NotStoredError(key.name, repr(self.shelf.storage(host)))
        return record.date

    # ------------------------------------------------------------------------------------------- load and compute
    def _load(self, host: Manager, key: Metric[object], name: str, verbose: bool) -> Held | None:
        held = self.shelf.load(host, key, name, verbose)
        if held is not None:
            self.memory.put(name, held)
        return held

    def _compute(
        self, host: Manager, key: Metric[object], name: str, flight: running.Flight, verbose: bool, *, again: bool
    ) -> Held:
        refused = self.memory.refused.get(name)
        if refused is not None and not again:
            raise refused[1].with_traceback(None)
        key.declaration.ensure_known()
        self.shelf.codec(host, key)  # what cannot be stored is told before a night is spent on it
        tell(ComputeStarted(name, verbose=verbose))
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            with running.computing(flight, verbose) as frame:
                raw = key.call(host)
        except BaseException as error:
            tell(ComputeFailed(name, time.perf_counter() - wall, f"{type(error).__name__}: {error}", verbose=verbose))
            error.add_note(f"while computing the metric {key.label}")
            raise
        timing = Timing(time.perf_counter() - wall, time.process_time() - cpu)
        tell(Computed(name, timing.seconds, verbose=verbose))
        held = self._hold(host, key, name, raw, timing, frame.reads)
        self.memory.put(name, held)
        return held

    def _hold(
        self, host: Manager, key: Metric[object], name: str, raw: object, timing: Timing, reads: Iterable[Read]
    ) -> Held:
        """What was computed, as it will come back from the storage."""
        codec = self.shelf.codec(host, key)
        try:
            payload = lock_payload(codec.dump(raw))
            value = codec.load(payload)
        except MetricTypeError as error:
            kept = MetricTypeError(error.metric, error.declared, error.problem, name)
            self.memory.refuse(name, raw, kept)
            raise kept from error.__cause__
        inputs = self.inputs(host).all if key.declaration.takes_manager else dict[str, Tree]()
        label = self.identity.label(host, key)
        record = make_record(key, name, type(host), label, inputs, codec, payload, timing, reads)
        return Held(value, unshare(value) is value, record)

    def _note(self, host: Manager, key: Metric[object], name: str, held: Held) -> None:
        if running.active and running.current.get() is not None:
            running.note(Read(self.identity.label(host, key), name, held.record.content))

    def _verbose(self, host: Manager, verbose: bool | None) -> bool:
        frame = running.current.get()
        if frame is not None and not frame.verbose:
            return False
        return host.verbose if verbose is None else verbose
