"""Metrics of one manager that are asked for together: what is there, what is to be computed, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext

from simple_metrics_manager.asking.policies import as_told
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import BrokenSweepError, ResultsNotFoundError
from simple_metrics_manager.outcomes.plan import Plan
from simple_metrics_manager.outcomes.reasons import TRUST
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.tiered_storage import TieredStorageInterface
from simple_metrics_manager.sweeping.buckets import absent, fetch
from simple_metrics_manager.sweeping.chunks import Chunks
from simple_metrics_manager.sweeping.driver import Broken, Driver
from simple_metrics_manager.sweeping.executors import Inline, inline_if_inside, slots
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.needs import Node, needed
from simple_metrics_manager.sweeping.order import Order
from simple_metrics_manager.sweeping.preflight import preflight
from simple_metrics_manager.sweeping.raising import raise_failure
from simple_metrics_manager.sweeping.receipts import Receipt
from simple_metrics_manager.sweeping.recipe import Recipe
from simple_metrics_manager.sweeping.report import Report
from simple_metrics_manager.sweeping.request import Request


class Sweep:
    """One request for many metrics; used once.

    What is stored is read while it is looked for, unless ``load`` is false: mostly all of it is going to be used.
    Without ``hold``, memory lets go of what was not in it before as soon as it is stored.
    """

    def __init__(
        self,
        manager: Manager,
        keys: Iterable[Metric[object]],
        request: Request,
        *,
        load: bool = True,
        hold: bool = True,
    ) -> None:
        self._manager = manager
        self._source = manager.__metrics__
        self._request = request
        self._load = load
        self._hold = hold
        self.keys: dict[str, Metric[object]] = {key.name: key for key in keys}
        self._had = frozenset(self._source.memory.held) & self.keys.keys()
        loud = manager.verbose if request.verbose is None else request.verbose
        self._report = Report(request, len(self.keys), loud)
        self._nodes = self._look()
        self.open: set[str] = set(self._nodes)
        """What has still to be computed."""
        self._executor: Executor = inline_if_inside(request.executor)
        self._chunks = Chunks(slots(self._executor))

    # ------------------------------------------------------------------------------------------------------ before
    def _look(self) -> dict[str, Node]:
        there: set[str] = set()
        is_absent = absent(self._manager, len(self.keys) if self._request.use_stored else 0)
        if self._load and self._request.use_stored:
            fetch(self._manager, (key for key in self.keys.values() if not is_absent(key)))

        def missing(key: Metric[object]) -> bool:
            if key.name in there or (not is_absent(key) and self._is_there(key)):
                there.add(key.name)
                return False
            return True

        # The common case of a short list that is there costs one look at each, and no plan.
        first: list[Metric[object]] = []
        for key in self.keys.values():
            if not self._request.use_stored or missing(key):
                first.append(key)
            else:
                self._report.found()
        if not first:
            return {}
        todo = {key.name for key in first}
        return needed(
            type(self._manager), self.keys.values(), lambda key: key.name in todo or missing(key), self._recorded
        )

    def _is_there(self, key: Metric[object]) -> bool:
        if self._load and key.name in self.keys:
            return self._source.peek(self._manager, key, verbose=self._report.narrates) is not None
        return self._source.usable(self._manager, key)

    def _recorded(self, key: Metric[object]) -> Record | None:
        return self._source.shelf.record(self._source.ask(self._manager, key))

    def plan(self) -> Plan:
        """What would be done; nothing is."""
        counts: dict[str, int] = {}
        for node in self._nodes.values():
            counts[node.metric] = counts.get(node.metric, 0) + 1
        self._estimate(set(counts))
        known = self._chunks.seconds
        seconds = sum(count * known[metric] for metric, count in counts.items() if metric in known)
        todo = sum(name in self.keys for name in self._nodes)
        return Plan(
            total=len(self.keys),
            stored=len(self.keys) - todo,
            todo=todo,
            needed=len(self._nodes) - todo,
            seconds=seconds if known or not counts else None,
            workers=self._chunks.slots,
            metrics=counts,
        )

    def _estimate(self, metrics: set[str]) -> None:
        """Look up how long one value of each took: one that is stored of the same metric, else the former value."""
        stored = [key for name, key in self.keys.items() if name not in self._nodes]
        for key in [*stored, *(node.key for node in self._nodes.values())]:
            metric = key.declaration.name
            if metric in metrics:
                metrics.discard(metric)
                record = self._recorded(key)
                if record is not None:
                    self._chunks.expect(metric, record.seconds)
            if not metrics:
                return

    # ---------------------------------------------------------------------------------------------------- meanwhile
    def run(self) -> None:
        """Compute what is missing.

        Raises:
            BrokenSweepError: the executor broke; what was computed is stored.
            StaleMetricError: something that is sure to be read is refused; nothing was computed.
            Exception: what a metric's function raised, unless failures are collected.
        """
        grouped = self._source.grouped(self._manager) if self._request.executor is None else nullcontext()
        with grouped:  # workers do so for each task
            for _ in self.steps():
                pass

    def steps(self) -> Iterator[None]:
        """The same, step by step: after each one something more is there."""
        if not self._nodes:
            return
        for key in {node.metric: node.key for node in self._nodes.values()}.values():
            self._source.before_computing(self._manager, key)
        recipe = Recipe.of(self._manager)
        recipe.keeps = None if self._hold else self._had
        if not isinstance(self._executor, Inline):
            arrival = preflight(self._executor, recipe)
            if not arrival.in_process:
                self._store_what_is_held()
        self._report.start(self.plan())
        driver = Driver(
            recipe,
            Order(self._nodes),
            self._executor,
            self._chunks,
            again=self._again,
            verbose=self._report.narrates,
        )
        try:
            for key, receipt in driver.outcomes():
                self._take(key, receipt)
                yield
        except Broken as broken:
            raise self._broken(driver) from broken.__cause__
        finally:
            self._report.end()

    def _store_what_is_held(self) -> None:
        """Workers elsewhere cannot know what was computed, or given, and is in memory here only."""
        for node in self._nodes.values():
            if node.key.name in self._source.memory.held and not self._again(node.key.name):
                self._source.ensure(self._manager, node.key, use_stored=True, verbose=False)

    def _again(self, name: str) -> bool:
        return not self._request.use_stored and name in self.keys

    def _take(self, key: Metric[object], receipt: Receipt) -> None:
        self.open.discard(key.name)
        if receipt.status == "computed" and not receipt.here:
            self._forget_copy(key)
        if not receipt.here:  # what is held is an old value: it was computed anew elsewhere
            memory, anew = self._source.memory, self._again(key.name) and receipt.failure is None
            (memory.forget if anew else memory.release)(key.name)  # what is not stored can only be forgotten
        elif not self._hold:
            self.release(key)
        self._report.take(
            key.name, receipt.failure, computed=receipt.status == "computed", asked_for=key.name in self.keys
        )
        if receipt.failure is not None and self._request.on_error == "raise":
            raise_failure(receipt.failure, self._report.kept)

    def _forget_copy(self, key: Metric[object]) -> None:
        storage = self._manager.storage_interface
        if isinstance(storage, TieredStorageInterface):
            form = self._source.shelf.form(self._manager, key)
            storage.outdated(self._source.ask(self._manager, key).stored, form)

    def release(self, key: Metric[object]) -> None:
        """Let memory go of it, if it was not there before."""
        if key.name not in self._had:
            self._source.memory.release(key.name)

    def _broken(self, driver: Driver) -> BrokenSweepError:
        report = self._report
        late = sum(key.name in self.keys and self._source.usable(self._manager, key) for key in driver.under_way())
        failed = len(report.failures.keys() & self.keys.keys())
        return BrokenSweepError(self._request.title, report.done - failed + late, report.total)

    # ------------------------------------------------------------------------------------------------------- after
    def fetch(self) -> None:
        """Read what workers have stored, where it pays to read many at once."""
        fetch(self._manager, (key for name, key in self.keys.items() if name not in self._report.failures))

    def value(self, key: Metric[object]) -> object:
        """What one of the keys has come to: its value, or why there is none.

        Raises:
            ResultsNotFoundError: a worker has said that it stored it, and it is not there.
        """
        failure = self._report.failures.get(key.name)
        if failure is not None:
            return failure
        with as_told(TRUST if key.name in self._nodes else None):
            held = self._source.peek(self._manager, key, verbose=self._report.narrates)
        if held is None and key.name in self._nodes:
            raise ResultsNotFoundError(key.label, repr(self._manager.storage_interface))
        return (held or self._source.get(self._manager, key)).give()


def values(manager: Manager, keys: Sequence[Metric[object]], request: Request) -> list[object]:
    """The values of all keys in their order; with ``on_error="collect"``, a failure in place of what has failed."""
    with manager.__metrics__.as_told(request.on_stale):
        sweep = Sweep(manager, keys, request)
        sweep.run()
        sweep.fetch()
        return [sweep.value(key) for key in keys]


def plan(manager: Manager, keys: Sequence[Metric[object]], request: Request) -> Plan:
    """What :func:`values` would do."""
    with manager.__metrics__.as_told(request.on_stale):
        return Sweep(manager, keys, request, load=False).plan()


def stream(
    manager: Manager, keys: Sequence[Metric[object]], request: Request
) -> Iterator[tuple[Metric[object], object]]:
    """Each key with its value in their order, as soon as it is there; once it is taken, memory lets go of it."""
    source = manager.__metrics__
    with source.as_told(request.on_stale):
        sweep = Sweep(manager, keys, request, load=False, hold=False)
    steps = sweep.steps()
    for key in keys:
        with source.as_told(request.on_stale):  # not across a yield: what the caller asks for meanwhile is his own
            while key.name in sweep.open and next(steps, steps) is None:
                pass
            value = sweep.value(key)
        yield key, value
        sweep.release(key)
