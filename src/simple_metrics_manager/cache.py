"""The one decision: memory, storage or compute; and one flight at a time for each value.

A :class:`Cache` belongs to one manager. Whatever is asked goes through :meth:`Cache.get`; a value that is in memory
costs a dictionary look-up there, and nothing at all once it was promoted (:mod:`simple_metrics_manager.running`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar, cast

from simple_metrics_manager import running
from simple_metrics_manager.bound import bind
from simple_metrics_manager.dated import DatedStorage, Found, dated
from simple_metrics_manager.declaration import Codec
from simple_metrics_manager.errors import (
    MetricTypeError,
    NotStoredError,
    WrongIdentityError,
)
from simple_metrics_manager.events import (
    Computed,
    ComputeFailed,
    ComputeStarted,
    Disregarded,
    Loaded,
    Saved,
    tell,
)
from simple_metrics_manager.inputs import Arguments, Inputs, inputs_of
from simple_metrics_manager.keys import canonical_text, manager_name, stored_name
from simple_metrics_manager.memory import Held, Memory
from simple_metrics_manager.metric import BoundMetric, Host, Metric, ParameterizedMetric
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.payload.unshare import lock_payload, unshare
from simple_metrics_manager.provenance import Timing, make_record
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.storage import Storage, is_storage

P = ParamSpec("P")
T = TypeVar("T")


class Manager(Host, Protocol):
    """A manager, as far as the cache goes."""

    verbose: bool

    def metric_inputs(self) -> Mapping[str, object]: ...
    def old_names(self, key: Metric[object], /) -> Iterable[str]: ...


class Cache:
    """Memory and storage of one manager. Methods take the manager, lest the two keep each other alive."""

    def __init__(self, host: object, arguments: Arguments) -> None:
        self.memory = Memory(host)
        self.arguments = arguments
        """What the manager was constructed with."""
        self._storage: Storage | None = None
        self._dated: tuple[Storage, DatedStorage] | None = None
        self._flights: dict[str, running.Flight] = {}
        self._lock = threading.Lock()
        self._inputs: Inputs | None = None

    # ------------------------------------------------------------------------------------- storage and identity
    def use(self, storage: Storage | None) -> None:
        """Keep values there from now on; what is in memory is forgotten, since it came from elsewhere."""
        self._storage = storage
        self.memory.forget()

    def storage(self, host: Manager) -> Storage | None:
        """The storage that was given, or the manager's field ``storage``, or None."""
        if self._storage is not None:
            return self._storage
        field = getattr(host, "storage", None)
        return field if is_storage(field) else None

    def _dated_storage(self, host: Manager) -> DatedStorage | None:
        storage = self.storage(host)
        if storage is None:
            return None
        if self._dated is None or self._dated[0] is not storage:
            self._dated = (storage, dated(storage))
        return self._dated[1]

    def inputs(self, host: Manager) -> Inputs:
        """The manager's inputs. If they have changed, memory is forgotten: it holds another manager's values.

        Raises:
            IdentityError: an input has no stable written form; without a storage that does not matter.
        """
        known = self._inputs
        if known is not None and known.fixed:
            return known
        if self.storage(host) is None and known is None:
            try:
                now = inputs_of(host)
            except TypeError:
                now = Inputs({}, {}, fixed=True)
        else:
            now = inputs_of(host)
        if known is not None and canonical_text(dict(known.all)) != canonical_text(dict(now.all)):
            self.memory.forget()
        self._inputs = now
        return now

    def inputs_changed(self) -> None:
        """An attribute that is an input was assigned."""
        if self._inputs is not None:
            self._inputs = None
            self.memory.forget()

    def label(self, host: Manager, key: Metric[object]) -> str:
        """``Run,subject=s01``: whose the stored value is; nothing for collected functions, as in 0.5.0."""
        if not key.declaration.takes_manager:
            return ""
        return manager_name(type(host).__qualname__, self.inputs(host).named)

    def codec(self, host: Manager, key: Metric[object]) -> Codec:
        """How values of this metric are taken apart."""
        found = key.declaration.codec(type(host), getattr(host, "__orig_class__", None))
        return found if found is not None else plain_codec(self._allow_pickle(host), key.label)

    def _allow_pickle(self, host: Manager) -> bool:
        return bool(getattr(self.storage(host), "allow_pickle", False))

    # ------------------------------------------------------------------------------------------------- attributes
    def attribute(self, host: Host, metric: Metric[T], /) -> T:
        """``cm.spectrum``; also ``super().spectrum``, which has a name of its own."""
        manager = cast("Manager", host)
        shadowed = getattr(type(host), metric.name, None) is not metric
        name = _base_name(metric) if shadowed else metric.name
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
        if held is None or (held.state == "computed" and self.storage(host) is not None):
            held = self._once(host, key, name, use_stored, self._verbose(host, verbose), self._obtain)
        self._note(host, key, name, held)
        return held

    def compute(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """The value in memory, or computed; the storage is neither asked nor written."""
        held = None if force else self.memory.held.get(key.name)
        if held is None:
            held = self._once(host, key, key.name, not force, self._verbose(host, verbose), self._compute)
        self._note(host, key, key.name, held)
        return held

    def save(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """Compute what is not stored yet (with ``force``, in any case) and store it."""
        if not force and self.exists_in_storage(host, key):
            return self.get(host, key, verbose=verbose)
        held = self.compute(host, key, force=force, verbose=verbose)
        self._save(host, key, key.name, held, self._verbose(host, verbose))
        return held

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
            raise NotStoredError(key.name, repr(self.storage(host)))
        self._note(host, key, key.name, held)
        return held

    def exists(self, host: Manager, key: Metric[object]) -> bool:
        """Whether the value can be had without computing."""
        self.inputs(host)
        return key.name in self.memory.held or self.exists_in_storage(host, key)

    def exists_in_storage(self, host: Manager, key: Metric[object]) -> bool:
        """Whether the storage holds it."""
        storage = self._dated_storage(host)
        if storage is None:
            return False
        if key.declaration.takes_manager and storage.exists(stored_name(self.label(host, key), key.name)):
            return True
        return any(storage.exists(name) and storage.record(name) is not None for name in host.old_names(key))

    def date(self, host: Manager, key: Metric[object]) -> datetime:
        """When the value was computed, aware and in UTC.

        Raises:
            NotStoredError: it is neither in memory nor stored.
        """
        held = self.memory.held.get(key.name)
        if held is not None:
            return held.record.date
        storage = self._dated_storage(host)
        names = [stored_name(self.label(host, key), key.name), *host.old_names(key)]
        for name in names if storage is not None else ():
            record = storage.record(name) if storage is not None else None
            if record is not None:
                return record.date
        raise NotStoredError(key.name, repr(self.storage(host)))

    # ------------------------------------------------------------------------------------------------- one flight
    def _once(
        self,
        host: Manager,
        key: Metric[object],
        name: str,
        use_stored: bool,
        verbose: bool,
        obtain: Callable[[Manager, Metric[object], str, bool, bool], Held],
    ) -> Held:
        what = (id(self), name)
        running.refuse_cycle(what, key.label)
        while True:
            with self._lock:
                held = self.memory.held.get(name) if use_stored else None
                if held is not None and (held.state != "computed" or obtain != self._obtain):
                    return held
                flight = self._flights.get(name)
                if flight is None:
                    flight = self._flights[name] = running.Flight(what, key.label)
                    break
            running.wait(flight)
            # An interrupt concerns the thread that it struck; the others go on and ask once more.
            if isinstance(flight.error, Exception):
                raise flight.error
        try:
            return obtain(host, key, name, use_stored, verbose)
        except BaseException as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                del self._flights[name]
            flight.land()

    def _obtain(self, host: Manager, key: Metric[object], name: str, use_stored: bool, verbose: bool) -> Held:
        held: Held | None = None
        if use_stored:
            held = self.memory.held.get(name)
            if held is None:
                held = self._load(host, key, name, verbose)
        if held is None:
            held = self._compute(host, key, name, use_stored, verbose)
        if held.state == "computed":
            self._save(host, key, name, held, verbose)
        return held

    # ---------------------------------------------------------------------------------------------------- compute
    def _compute(self, host: Manager, key: Metric[object], name: str, use_stored: bool, verbose: bool) -> Held:
        refused = self.memory.refused.get(name)
        if refused is not None and use_stored:
            raise refused[1].with_traceback(None)
        key.declaration.ensure_known()
        codec = self.codec(host, key)
        flight = self._flights[name]
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
        held = self._hold(host, key, name, codec, raw, timing, frame.reads)
        self.memory.put(name, held)
        return held

    def _hold(
        self,
        host: Manager,
        key: Metric[object],
        name: str,
        codec: Codec,
        raw: object,
        timing: Timing,
        reads: Iterable[Read],
    ) -> Held:
        """What was computed, as it will come back from the storage."""
        try:
            payload = lock_payload(codec.dump(raw))
            value = codec.load(payload)
        except MetricTypeError as error:
            kept = MetricTypeError(error.metric, error.declared, error.problem, name)
            self.memory.refuse(name, raw, kept)
            raise kept from error.__cause__
        inputs: Mapping[str, Tree] = self.inputs(host).all if key.declaration.takes_manager else {}
        label = self.label(host, key)
        record = make_record(key, name, type(host), label, inputs, codec, payload, timing, reads)
        return Held(value, unshare(value) is value, record)

    # --------------------------------------------------------------------------------------------- save and load
    def _save(self, host: Manager, key: Metric[object], name: str, held: Held, verbose: bool) -> None:
        storage = self._dated_storage(host)
        held.state = "unsaved"
        if storage is None:
            return
        payload = self.codec(host, key).dump(held.value)
        size = storage.keep(held.value, payload, held.record)
        held.state = "stored"
        tell(Saved(name, size, verbose=verbose))

    def _load(self, host: Manager, key: Metric[object], name: str, verbose: bool) -> Held | None:
        storage = self._dated_storage(host)
        if storage is None:
            return None
        found = storage.find(stored_name(self.label(host, key), name))
        if found is None and name == key.name:
            found = next((old for old in map(storage.find, host.old_names(key)) if old is not None and old.old), None)
        if found is None:
            return None
        codec = self.codec(host, key)
        self._check_identity(host, key, name, found, storage)
        reason = _unusable(key, codec, found, self.inputs(host))
        if reason is None:
            held = self._held(host, codec, found)
            self.memory.put(name, held)
            tell(Loaded(name, found.record.date, verbose=verbose))
            return held
        tell(Disregarded(name, reason, verbose=verbose))
        return None

    def _held(self, host: Manager, codec: Codec, found: Found) -> Held:
        value = found.value(codec, self._allow_pickle(host))
        if found.old:
            value = codec.load(lock_payload(codec.dump(value)))
        return Held(value, unshare(value) is value, found.record, "stored")

    def _check_identity(
        self, host: Manager, key: Metric[object], name: str, found: Found, storage: DatedStorage
    ) -> None:
        record = found.record
        if found.old:
            return
        asked = (stored_name(self.label(host, key), name), canonical_text(dict(key.params)))
        holds = (record.name, canonical_text(dict(record.params)))
        if asked != holds and not (asked[0] == holds[0] and not record.params):
            raise WrongIdentityError(storage.place(asked[0]), " ".join(asked), " ".join(holds))

    def _note(self, host: Manager, key: Metric[object], name: str, held: Held) -> None:
        if running.active and running.current.get() is not None:
            running.note(Read(self.label(host, key), name, held.record.content))

    def _verbose(self, host: Manager, verbose: bool | None) -> bool:
        frame = running.current.get()
        if frame is not None and not frame.verbose:
            return False
        return host.verbose if verbose is None else verbose


def _base_name(metric: Metric[object]) -> str:
    owner = metric.declaration.owner
    return f"{metric.name}@{owner.__qualname__}" if owner is not None else metric.name


def _unusable(key: Metric[object], codec: Codec, found: Found, inputs: Inputs) -> str | None:
    """Why what is stored is not the value that is asked for, or None."""
    record: Record = found.record
    if found.old:
        return None
    if record.version != key.declaration.version:
        return f"it is version {record.version}, now is {key.declaration.version}"
    if record.codec == "typed" and record.type != codec.declared:
        return f"it was declared -> {record.type}, now is -> {codec.declared or 'nothing'}"
    for name in record.inputs.keys() & inputs.all.keys() if key.declaration.takes_manager else ():
        if canonical_text(record.inputs[name]) != canonical_text(inputs.all[name]):
            return f"the default of {name} was {record.inputs[name]!r}, now is {inputs.all[name]!r}"
    return None
