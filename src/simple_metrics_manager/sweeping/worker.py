"""What runs on a worker: a few metrics, one after the other, each stored as soon as it is computed."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import MetricsError
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.receipts import Receipt, Receipts, fit_to_travel
from simple_metrics_manager.sweeping.recipe import Point, Recipe, key_at


def work(recipe: Recipe, points: Sequence[Point], use_stored: bool) -> Receipts:
    """Compute and store what is at these points, unless it is stored; what raises does not keep the others from it."""
    manager = recipe.manager()
    keys = [key_at(manager, point) for point in points]
    with manager.__metrics__.grouped(manager):
        return work_here(manager, keys, use_stored, False, at_home=recipe.at_home)


def work_here(
    manager: Manager, keys: Sequence[Metric[object]], use_stored: bool, verbose: bool, *, at_home: bool = True
) -> Receipts:
    """The same with the manager itself. ``at_home`` is the process in which somebody is going to use the values."""
    receipts = tuple(_one(manager, key, use_stored, verbose, at_home) for key in keys)
    return Receipts(socket.gethostname(), os.getpid(), receipts)


def _one(manager: Manager, key: Metric[object], use_stored: bool, verbose: bool, at_home: bool) -> Receipt:
    start = time.perf_counter()
    try:
        computed = manager.__metrics__.ensure(manager, key, use_stored=use_stored, verbose=verbose)
    except Exception as error:  # noqa: BLE001 - whatever a metric's function raises
        host = "" if at_home else socket.gethostname()
        failure = Failure.of(key.name, key.label, error, host)
        if isinstance(error, MetricsError):  # what its function raises is kept where it was called
            source = manager.__metrics__
            source.shelf.keep_failure(source.ask(manager, key), error)
        failure = failure if at_home else fit_to_travel(failure)
        return Receipt("failed", time.perf_counter() - start, failure, at_home)
    if not at_home:  # who asked reads it from the storage; the memory of a worker is for what they all need
        manager.__metrics__.memory.release(key.name)
    return Receipt("computed" if computed else "stored", time.perf_counter() - start, None, at_home)
