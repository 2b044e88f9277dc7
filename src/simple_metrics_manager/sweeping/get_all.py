"""``get_all`` of one metric of one manager."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

from simple_metrics_manager.declaring.get_all import OnError
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.outcomes.plan import Plan
from simple_metrics_manager.outcomes.reasons import OnStale
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.request import Request
from simple_metrics_manager.sweeping.sweep import plan, values


class GetAllOf:
    """Asks a manager for all ``keys``; handed out as :class:`.GetAll`, which has the types of its values."""

    __slots__ = ("_keys", "_manager", "_title")

    def __init__(self, manager: Manager, keys: Callable[[], Sequence[Metric[object]]], title: str) -> None:
        self._manager = manager
        self._keys = keys
        self._title = title

    def __call__(
        self,
        *,
        use_stored: bool = True,
        verbose: bool = False,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        dry_run: bool = False,
        on_stale: OnStale | None = None,
    ) -> list[object] | Plan:
        request = Request(
            title=self._title,
            executor=executor,
            on_error=on_error,
            use_stored=use_stored,
            counted=verbose,
            on_stale=on_stale,
        )
        return (plan if dry_run else values)(self._manager, self._keys(), request)
