"""One warning for each metric and process: what changed, where, how many values it concerns, and the ways out."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.metric import ParameterizedMetric
from simple_metrics_manager.errors import StaleMetricWarning
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.wording import sentence
from simple_metrics_manager.outcomes.reasons import Reason
from simple_metrics_manager.sweeping.host import Manager

_PACKAGE = f"{Path(__file__).parent.parent}{os.sep}"
_GENERATED = "<parameters of "
"""How the files of functions are called that check the parameters of metrics."""

_FEW = 5
"""Causes that are told; ``cm.why`` has all."""

_PATIENCE = 0.2
"""Seconds for which values are counted."""

WARNED: weakref.WeakKeyDictionary[Declaration, None] = weakref.WeakKeyDictionary()
"""Metrics of which this process was warned."""
_doubted: set[str] = set()
"""Storages of which it was said that some code is not known."""
_lock = threading.Lock()


def warn_once(asked: Question, causes: Sequence[Cause], roots: Sequence[Cause] = ()) -> None:
    """Warn, unless that was done for this metric; of code that is not known, unless that was done for this storage.

    ``roots`` are what has made its inputs stale.
    """
    declaration, storage = asked.key.declaration, ""
    if all(cause.reason == "unknown" for cause in causes):
        storage = repr(asked.host.storage_interface)
    with _lock:
        if declaration in WARNED or storage in _doubted:
            return
        WARNED[declaration] = None
        if storage:
            _doubted.add(storage)
    reasons: tuple[Reason, ...] = tuple({cause.reason: None for cause in causes})
    every = [*causes, *roots]
    told = [sentence(cause) for cause in every[:_FEW]]
    if len(every) > _FEW:
        told.append(f"and {len(every) - _FEW} more")
    stale, stored, counted = _count(asked, frozenset(reasons))
    message = StaleMetricWarning(asked.key.label, reasons, tuple(told), stale, stored, counted)
    try:
        warnings.warn(message, stacklevel=_depth())
    except StaleMetricWarning:  # where warnings are errors: then it is one each time
        WARNED.pop(declaration, None)
        _doubted.discard(storage)
        raise


def _count(asked: Question, reasons: frozenset[Reason]) -> tuple[int, int, bool]:
    """How many of the declared values of the metric have such a cause, how many are stored, and whether all were
    looked at: in a bucket each look is a journey."""
    metric = asked.key.of
    if not isinstance(metric, ParameterizedMetric):
        return 1, 1, True
    inquiry, end = Inquiry(cast("Manager", asked.host)), time.monotonic() + _PATIENCE
    stale = stored = 0
    for row in metric.params_list:
        if time.monotonic() > end:
            return max(1, stale), max(1, stored), False
        point = inquiry.about(metric.at(row))
        stored += point.date is not None
        stale += any(cause.reason in reasons for cause in point.own_causes)
    return max(1, stale), max(1, stored), True


def _depth() -> int:
    """How far up the line stands that asked: outside this package."""
    depth, frame = 1, sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # as warnings itself does
    while frame.f_back is not None and frame.f_code.co_filename.startswith((_PACKAGE, _GENERATED)):
        depth, frame = depth + 1, frame.f_back
    return depth
