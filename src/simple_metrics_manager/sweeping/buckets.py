"""Many metrics in a bucket, where each look is a journey: one listing says what is not there, and reads go together."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.storing.object_storage import ObjectStorageInterface
from simple_metrics_manager.storing.tiered_storage import TieredStorageInterface
from simple_metrics_manager.sweeping.host import Manager

_TOGETHER = 16
"""Reads that are under way at once: a bucket answers each of them as fast as one alone."""

MANY = 1000
"""A listing gives so many names for one request, and has to go through everything that is in the bucket."""


def absent(manager: Manager, count: int) -> Callable[[Metric[object]], bool]:
    """What says of a key that it is neither held nor stored, so that nobody has to look.

    It says so of none if it is to be asked about less than a thousand, or if a look costs no journey. What is stored
    after this call may count as absent: whoever computes it looks again.
    """
    bucket = _bucket(manager)
    if count < MANY or bucket is None:
        return lambda _: False
    names, source = frozenset(bucket.names()), manager.__metrics__
    return lambda key: key.name not in source.memory.held and source.ask(manager, key).stored not in names


def fetch(manager: Manager, keys: Iterable[Metric[object]]) -> None:
    """Read into memory what is in a bucket of these, several at once; whatever goes wrong shows when each is asked for.

    It is noted for a metric that is being computed as if the metric had read them itself.
    """
    source = manager.__metrics__
    wanted = [key for key in keys if key.name not in source.memory.held] if _bucket(manager) is not None else []
    if len(wanted) < 2:
        return
    with ThreadPoolExecutor(_TOGETHER, thread_name_prefix="metrics") as threads:
        for key in wanted:
            context = contextvars.copy_context()
            threads.submit(context.run, source.peek, manager, key, verbose=False)


def _bucket(manager: Manager) -> ObjectStorageInterface | None:
    storage = manager.storage_interface
    shared = storage.shared if isinstance(storage, TieredStorageInterface) else storage
    return shared if isinstance(shared, ObjectStorageInterface) else None
