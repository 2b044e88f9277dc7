"""What runs on a worker: a few metrics, one after the other, each stored as soon as it is computed."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import MetricsError
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.outcomes.reasons import OnStale
from simple_metrics_manager.storing.failures import keep_failure
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.raising import ends_the_sweep
from simple_metrics_manager.sweeping.receipts import Receipt, Receipts, fit_to_travel
from simple_metrics_manager.sweeping.recipe import Point, Recipe, key_at
from simple_metrics_manager.sweeping.same_code import OtherCodeError


def work(recipe: Recipe, points: Sequence[Point], use_stored: bool, on_stale: OnStale | None = None) -> Receipts:
    """Compute and store what is at these points, unless it is stored; what raises does not keep the others from it.

    Nothing is, if this process has other code than the one that asks.
    """
    try:
        manager = recipe.manager()
    except OtherCodeError as error:
        return Receipts(socket.gethostname(), os.getpid(), (), error.code)
    keys = [key_at(manager, point) for point in points]
    with manager.__metrics__.as_told(on_stale), manager.__metrics__.grouped(manager):
        return work_here(manager, keys, use_stored, False, at_home=recipe.at_home, keeps=recipe.keeps)


def work_here(
    manager: Manager,
    keys: Sequence[Metric[object]],
    use_stored: bool,
    verbose: bool,
    *,
    at_home: bool = True,
    keeps: frozenset[str] | None = None,
) -> Receipts:
    """The same with the manager itself. ``at_home`` is the process in which somebody is going to use the values; its
    memory lets go at once of what is stored, and not among what it ``keeps``."""
    receipts = list[Receipt]()
    for key in keys:
        receipts.append(_one(manager, key, use_stored, verbose, at_home))
        if not at_home or (keeps is not None and key.name not in keeps):
            manager.__metrics__.memory.release(key.name)  # others read it from the storage
    return Receipts(socket.gethostname(), os.getpid(), tuple(receipts))


def _one(manager: Manager, key: Metric[object], use_stored: bool, verbose: bool, at_home: bool) -> Receipt:
    start = time.perf_counter()
    try:
        computed = manager.__metrics__.ensure(manager, key, use_stored=use_stored, verbose=verbose)
    except BaseException as error:
        if ends_the_sweep(error):
            raise
        failure = Failure.of(key.name, key.label, error, "" if at_home else socket.gethostname())
        if isinstance(error, MetricsError) or not isinstance(error, Exception):  # others are kept where they are raised
            keep_failure(manager.storage_interface, manager.__metrics__.ask(manager, key).stored, failure)
        failure = failure if at_home else fit_to_travel(failure)
        return Receipt("failed", time.perf_counter() - start, failure, at_home)
    return Receipt("computed" if computed else "stored", time.perf_counter() - start, None, at_home)
