"""``get_all``: how all values of a sweep are asked for, on which executor, and what comes back."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Literal, Protocol, TypeAlias, TypeVar, overload

from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.outcomes.plan import Plan
from simple_metrics_manager.outcomes.reasons import OnStale

T = TypeVar("T")

OnError: TypeAlias = Literal["raise", "collect"]
"""What becomes of a failure: it ends the sweep and is raised, or it takes the place of the value."""


class GetAll(Protocol[T]):
    """``cm.inertia.get_all``: the values for all of ``params_list``, in its order.

    What is missing is computed: here, one after the other, or on any ``executor`` of ``concurrent.futures``, among them
    loky's, MPI's, and Dask's ``client.get_executor(pure=False)``. What others need comes first, every value is stored
    by the worker that computed it as soon as it is there, and nothing that is stored is computed, so that a sweep which
    was interrupted is simply asked for again. ``use_stored=False`` computes everything anew.

    ``on_error="collect"`` goes on if a metric fails, skips what needs it, and gives a :class:`.Failure` in place of
    each value that there is not. ``dry_run=True`` says what would be done, and does nothing. ``verbose`` counts in the
    words of 0.5.0. ``on_stale`` overrides that of the manager, for all that is read on the way.

    Raises:
        StaleMetricError: something is out of date, and ``on_stale`` makes that an error; nothing was computed.
        BrokenSweepError: the executor broke; what was computed is stored.
        UnreachableManagerError: workers cannot import the manager.
        Exception: what a metric's function raised, with ``on_error="raise"``.
    """

    @overload
    def __call__(
        self,
        *,
        use_stored: bool = True,
        verbose: bool = False,
        executor: Executor | None = None,
        on_error: Literal["raise"] = "raise",
        dry_run: Literal[False] = False,
        on_stale: OnStale | None = None,
    ) -> list[T]: ...
    @overload
    def __call__(
        self,
        *,
        on_error: Literal["collect"],
        use_stored: bool = True,
        verbose: bool = False,
        executor: Executor | None = None,
        dry_run: Literal[False] = False,
        on_stale: OnStale | None = None,
    ) -> list[T | Failure]: ...
    @overload
    def __call__(
        self,
        *,
        dry_run: Literal[True],
        use_stored: bool = True,
        verbose: bool = False,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        on_stale: OnStale | None = None,
    ) -> Plan: ...
