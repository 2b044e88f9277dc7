"""Keeps an executor busy: hands it what can be computed, as much as it can use, and learns what became of it."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from queue import Empty, SimpleQueue

from simple_metrics_manager.asking.policies import told
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.storing.failures import keep_failure
from simple_metrics_manager.sweeping.chunks import Chunks
from simple_metrics_manager.sweeping.executors import Inline, slots
from simple_metrics_manager.sweeping.order import Order
from simple_metrics_manager.sweeping.receipts import Receipt, Receipts
from simple_metrics_manager.sweeping.recipe import Recipe, point_of
from simple_metrics_manager.sweeping.worker import work, work_here

_COUNT_AGAIN = 5.0
"""Seconds after which slots are counted anew: workers of a cluster come and go."""

Group = tuple[str, bool]
"""Metrics of one task are of one kind: points of one metric, all to be computed anew, or none of them."""


class Broken(Exception):
    """The executor has broken; ``__cause__`` is what it said."""


class Driver:
    """One run of an :class:`Order` on an executor.

    At most two tasks for each slot are under way, so that neither a scheduler nor the memory here holds more of
    100,000 metrics than that. A task computes one metric after the other and never waits for another task.
    ``again`` says of a name whether it is to be computed although it may be stored, ``verbose`` whether what is
    computed in this very thread is narrated metric by metric.

    A task may come to nothing: its worker has died over and over, say. With it die others that were on that worker.
    Which metric it was, or that there was not memory enough for all of them at once, shows when each is tried again
    while nothing else is under way, which is done when nothing else is left to do.
    """

    def __init__(
        self,
        recipe: Recipe,
        order: Order,
        executor: Executor,
        chunks: Chunks,
        *,
        again: Callable[[str], bool],
        verbose: bool,
    ) -> None:
        self._recipe = recipe
        self._order = order
        self._executor = executor
        self._chunks = chunks
        self._again = again
        self._counted = time.monotonic()
        self._waiting: dict[Group, deque[Metric[object]]] = {}
        self._suspects: deque[tuple[Group, Metric[object]]] = deque()
        """Those whose task came to nothing."""
        self._tried: Future[Receipts] | None = None
        """One of them, which is tried while nothing else is under way."""
        self._under_way: dict[Future[Receipts], tuple[Group, list[Metric[object]]]] = {}
        self._landed: SimpleQueue[Future[Receipts]] = SimpleQueue()
        self._verbose = verbose
        self._told = () if told() is None else (told(),)  # what nobody has said takes no bytes

    def outcomes(self) -> Iterator[tuple[Metric[object], Receipt]]:
        """Each metric with what became of it, as soon as that is known; those that are skipped among them.

        Whoever stops asking leaves what is under way to end by itself, and what has not begun is cancelled.

        Raises:
            Broken: the executor has.
            OutdatedWorkerError: a worker has other code than this process.
        """
        try:
            self._fill()
            while self._under_way:
                try:
                    future = self._landed.get(timeout=_COUNT_AGAIN)
                except Empty:
                    pass  # there may be more slots by now
                else:
                    yield from self._settle(future)
                self._fill()
        finally:
            # A pool of processes that breaks, as when Ctrl-C strikes its workers, hangs on Python 3.11 over a future
            # that was cancelled. What is under way there, a second of work, is left to end.
            if sys.version_info >= (3, 12) or not isinstance(self._executor, ProcessPoolExecutor):
                for future in self._under_way:
                    future.cancel()

    def under_way(self) -> Iterable[Metric[object]]:
        """What was handed out and has not come back."""
        return [key for _, keys in self._under_way.values() for key in keys]

    def _window(self) -> int:
        """How many tasks may be under way."""
        if isinstance(self._executor, Inline):
            return 1
        if time.monotonic() - self._counted > _COUNT_AGAIN:
            with suppress(Exception):  # of a scheduler that does not answer: its tasks will tell
                self._chunks.slots = slots(self._executor)
            self._counted = time.monotonic()
        return 2 * self._chunks.slots + 1

    def _fill(self) -> None:
        for key in self._order.ready():
            group = (key.declaration.name, self._again(key.name))
            self._waiting.setdefault(group, deque()).append(key)
        window = self._window()
        while len(self._under_way) < window and self._waiting:
            group, queue = next(iter(self._waiting.items()))
            size = 1 if window == 1 else self._chunks.size(group[0], len(queue))
            keys = [queue.popleft() for _ in range(size)]
            if not queue:
                del self._waiting[group]
            self._submit(group, keys)
        if not self._under_way and self._suspects:
            group, key = self._suspects.popleft()
            self._tried = self._submit(group, [key])

    def _submit(self, group: Group, keys: list[Metric[object]]) -> Future[Receipts]:
        try:
            if isinstance(self._executor, Inline):
                future = self._executor.submit(work_here, self._recipe.manager(), keys, not group[1], self._verbose)
            else:
                points = [point_of(key) for key in keys]
                future = self._executor.submit(work, self._recipe, points, not group[1], *self._told)
        except (BrokenExecutor, RuntimeError) as error:  # broken, or shut down
            raise Broken from error
        self._under_way[future] = (group, keys)
        future.add_done_callback(self._landed.put)
        return future

    def _settle(self, future: Future[Receipts]) -> Iterator[tuple[Metric[object], Receipt]]:
        group, keys = self._under_way[future]
        error = _error(future)
        if isinstance(error, BrokenExecutor | CancelledError):
            raise Broken from error
        if isinstance(error, KeyboardInterrupt):  # it has struck the workers as well
            raise error
        if error is not None:  # not of a metric's function: those come back as receipts
            del self._under_way[future]
            if future is self._tried:
                failure = Failure.of(keys[0].name, keys[0].label, error)
                manager = self._recipe.manager()
                stored = manager.__metrics__.ask(manager, keys[0]).stored
                keep_failure(manager.storage_interface, stored, failure)  # who was to do that is dead
                yield from self._mark(keys[0], Receipt("failed", 0.0, failure))
            else:
                self._suspects.extend((group, key) for key in keys)
            return
        del self._under_way[future]
        done = future.result()
        if done.other is not None:
            self._recipe.answer(done.other, done.host)
            self._waiting.setdefault(group, deque()).extendleft(reversed(keys))
            return
        receipts = done.receipts
        self._chunks.learn(group[0], sum(receipt.seconds for receipt in receipts), len(keys))
        for key, receipt in zip(keys, receipts, strict=True):
            yield from self._mark(key, receipt)

    def _mark(self, key: Metric[object], receipt: Receipt) -> Iterator[tuple[Metric[object], Receipt]]:
        if receipt.failure is None:
            self._order.done(key.name)
            yield key, receipt
            return
        skipped = self._order.failed(key.name)
        yield key, receipt
        for other, because in skipped:
            failure = Failure(other.name, other.label, receipt.failure.error, receipt.failure.message, because=because)
            yield other, Receipt("failed", 0.0, failure)


def _error(future: Future[Receipts]) -> BaseException | None:
    """What the task has raised. It is asked for, and not raised, lest it be taken for what is raised here meanwhile."""
    try:
        return future.exception()
    except CancelledError as error:
        return error
