"""The one decision: memory, storage or compute.

A :class:`Cache` belongs to one manager. Whatever is asked goes through :meth:`Cache.get`; a value that is in memory
costs a dictionary look-up there, and nothing at all once it was promoted (see :mod:`.running`).
"""

from __future__ import annotations

import functools
from typing import ParamSpec, TypeVar, cast

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.binding import bind
from simple_metrics_manager.asking.claiming import claimed
from simple_metrics_manager.asking.eviction import touch
from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.asking.memory import Held
from simple_metrics_manager.asking.tiers import Manager, Tiers
from simple_metrics_manager.claims.base import Claim
from simple_metrics_manager.declaring.bound_metric import BoundMetric
from simple_metrics_manager.declaring.metric import Host, Metric, ParameterizedMetric

P = ParamSpec("P")
T = TypeVar("T")

_STORED = ("stored", "unsaved")  # or not to be


class Cache(Tiers):
    """Memory, storage and functions of one manager."""

    __slots__ = ()

    # ------------------------------------------------------------------------------------------------- attributes
    def attribute(self, host: Host, metric: Metric[T], /) -> T:
        """``cm.spectrum``; also ``super().spectrum``, which has a name of its own."""
        manager = cast("Manager", host)
        kind = type(host)
        shadowed = kind.__dict__.get(metric.name) is not metric and getattr(kind, metric.name, None) is not metric
        name = metric.base_name_in(kind) if shadowed else metric.name
        held = self.get(manager, metric, name)
        if not held.immutable:
            return cast("T", held.give())
        if not shadowed and not running.active and self.promotes(manager):
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

    # ---------------------------------------------------------------------------------------------- many, for sweeps
    def peek(self, host: Manager, key: Metric[object], /, *, verbose: bool) -> Held | None:
        """What is held, or stored and sound; None if it has to be computed, or stored."""
        now = self._now(host)
        held = self.memory.held.get(key.name)
        if held is not None and held.state not in _STORED:
            return None
        if held is None:
            held = self._glance(self.ask(host, key, None, verbose, now))
        if held is not None and running.active:
            self.note(self.ask(host, key), held)
        return held

    def usable(self, host: Manager, key: Metric[object], /) -> bool:
        """Whether :meth:`peek` would find something; the value is not read for it."""
        asked = self.ask(host, key)
        held = self.memory.held.get(asked.name)
        return self.shelf.usable(asked) if held is None else held.state in _STORED

    def ensure(self, host: Manager, key: Metric[object], *, use_stored: bool, verbose: bool | None) -> bool:
        """Have it in memory and stored; whether its function was called for that, here."""
        asked = self.ask(host, key, verbose=verbose)
        held = self.memory.held.get(key.name) if use_stored else None
        if held is not None and held.state == "failed":
            self._save(asked, held)
        elif held is None or held.state == "computed":
            _ = (self._glance(asked) if held is None and use_stored else None) or self._obtain(asked, use_stored)
        return asked.computed

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
        now = self._now(host)  # the inputs may have changed, and with them what is held
        held = self.memory.held.get(key.name if name is None else name) if use_stored else None
        if held is None or held.state == "computed":
            asked = self.ask(host, key, name, verbose, now)
            held = (self._glance(asked) if held is None and use_stored else None) or self._obtain(asked, use_stored)
            if running.active:
                self.note(asked, held)
        elif running.active:
            self.note(self.ask(host, key, name), held)
        elif self.memory.room is not None:
            touch(held)
        return held

    def renew(self, asked: Question) -> Held:
        """What is stored, if it will do by now, else computed; nobody is told to have read it."""
        return self._glance(asked) or self._obtain(asked, use_stored=True)

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

        def obtain(flight: running.Flight) -> Held | None:
            held = self.memory.held.get(asked.name) if use_stored else None
            if held is not None and self.shelf.holds(asked):
                held.state = "unsaved"  # as in 0.5.0, a value that ``compute`` made takes no stored one's place
            mend = asked.host.on_corrupt == self.decider.policies(asked)["corrupt"] == "recompute"
            found = held or (self._load(asked, mend=mend) if use_stored else None)
            if found is not None:
                return self._save(asked, found) if found.state == "computed" else found
            return None if asked.pending else self._claim_and_compute(asked, flight, use_stored)

        while True:
            if asked.pending:  # outside of a flight: what is computed for the purpose may ask for this very value
                self.decider.settle(asked)
            held = self._flights.once(asked.stored, asked.key.label, look, obtain, asked.tell_late)
            if held is not None:
                return held

    def before_computing(self, host: Manager, key: Metric[object]) -> None:
        """See that nothing that the function is sure to read is refused."""
        self.decider.before_computing(self.ask(host, key), stored=True)

    def _claim_and_compute(self, asked: Question, flight: running.Flight, use_stored: bool) -> Held:
        """Compute and store it, unless another process does, or has done so by now."""

        def look() -> Held | None:
            return self.shelf.glance(asked) if use_stored else None

        is_stored = not asked.missing and self.shelf.storage(asked.host) is not None
        self.decider.before_computing(asked, stored=is_stored or not use_stored)
        computed = list[Held]()

        def obtain() -> Held:
            if flight.claim is not None:
                self.shelf.mark(asked)
            computed.append(self._computer.compute(asked, flight, again=not use_stored))
            self.decider.replaced(asked, computed[0].record)
            return self._save(asked, computed[0], flight.claim)

        kept = claimed(self.shelf.claims(asked.host), asked, flight, look, obtain)
        if not computed or kept is not computed[0]:
            self.memory.put(asked.name, kept, asked.epoch)
        return kept

    def compute(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """The value in memory, or computed; the storage is neither asked nor written."""
        asked = self.ask(host, key, verbose=verbose)

        def look() -> Held | None:
            return None if force else self.memory.held.get(asked.name)

        compute = functools.partial(self._computer.compute, asked, again=force)
        held = look() or self._flights.once(asked.stored, key.label, look, compute, asked.tell_late)
        self.memory.settle(asked.name, held)
        self.decider.replaced(asked, held.record)
        self.note(asked, held)
        return held

    def save(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """Store what could not be stored before, or what is missing; with ``force``, compute it in any case."""
        asked = self.ask(host, key, verbose=verbose)
        held = self.memory.held.get(asked.name)
        if not force and (held is None or (held.state != "failed" and self.shelf.holds(asked))):
            return self.get(host, key, verbose=verbose)
        return self._save(asked, self.compute(host, key, force=force, verbose=verbose))

    def load(self, host: Manager, key: Metric[object], *, force: bool, verbose: bool | None) -> Held:
        """The value in memory or, with ``force`` in any case, from the storage; never computed.

        Raises:
            NotStoredError: the storage does not hold it, or not in a form that can be used.
        """
        asked = self.ask(host, key, verbose=verbose)
        asked.only_load = True
        held = (None if force else self.memory.held.get(asked.name)) or self._load(asked, mend=False)
        if held is None:
            raise self.shelf.not_stored(asked)
        self.note(asked, held)
        return held

    # -------------------------------------------------------------------------------------------- save, load and note
    def _save(self, asked: Question, held: Held, claim: Claim | None = None) -> Held:
        kept = self.shelf.save(asked, held, claim)
        self.memory.settle(asked.name, kept)
        return kept

    def _load(self, asked: Question, *, mend: bool) -> Held | None:
        known = asked.missing and self.memory.room is None  # under a limit it may be stored by now, and evicted
        held = None if known else self.shelf.load(asked, mend=mend)
        if held is not None:
            self.memory.put(asked.name, held, asked.epoch)
        return held
