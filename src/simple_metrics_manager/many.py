"""What one may ask a manager about many of its metrics at once, or from a program that must not wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from simple_metrics_manager.asking.awaiting import in_thread
from simple_metrics_manager.asking.cache import Cache
from simple_metrics_manager.asking.memory import Held
from simple_metrics_manager.declaring.get_all import OnError
from simple_metrics_manager.declaring.lookup import declared_keys, distinct
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import MetricsError
from simple_metrics_manager.freshness.answers import status_of_all, why_all, why_one
from simple_metrics_manager.freshness.staleness import Staleness, SweepStaleness
from simple_metrics_manager.freshness.status import ManagerStatus
from simple_metrics_manager.freshness.sweeps import Swept, points_called
from simple_metrics_manager.markup import bundle, joined, line, tag
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.outcomes.plan import Plan
from simple_metrics_manager.outcomes.reasons import OnStale
from simple_metrics_manager.storing.failures import names_of_failures
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.request import Request
from simple_metrics_manager.sweeping.sweep import plan, stream, values

T = TypeVar("T")


class AskedForMany:
    """The part of a manager that sweeps use. ``executor`` and the other options are those of :class:`.GetAll`."""

    __slots__ = ()

    if TYPE_CHECKING:
        __metrics__: Cache

        def _key(self, key: Metric[T] | str, /) -> Metric[T]: ...

    @overload
    def get_all(
        self,
        *,
        use_stored: bool = True,
        verbose: bool | None = None,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        dry_run: Literal[False] = False,
        on_stale: OnStale | None = None,
    ) -> dict[str, object]: ...
    @overload
    def get_all(
        self,
        keys: Iterable[Metric[T]],
        *,
        use_stored: bool = True,
        verbose: bool | None = None,
        executor: Executor | None = None,
        on_error: Literal["raise"] = "raise",
        dry_run: Literal[False] = False,
        on_stale: OnStale | None = None,
    ) -> list[T]: ...
    @overload
    def get_all(
        self,
        keys: Iterable[Metric[T]],
        *,
        on_error: Literal["collect"],
        use_stored: bool = True,
        verbose: bool | None = None,
        executor: Executor | None = None,
        dry_run: Literal[False] = False,
        on_stale: OnStale | None = None,
    ) -> list[T | Failure]: ...
    @overload
    def get_all(  # a name says nothing about the type of its value
        self,
        keys: Iterable[str],
        *,
        use_stored: bool = True,
        verbose: bool | None = None,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        dry_run: Literal[False] = False,
        on_stale: OnStale | None = None,
    ) -> list[Any]: ...
    @overload
    def get_all(
        self,
        keys: Iterable[Metric[object]] | Iterable[str] | None = None,
        *,
        dry_run: Literal[True],
        use_stored: bool = True,
        verbose: bool | None = None,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        on_stale: OnStale | None = None,
    ) -> Plan: ...
    def get_all(
        self,
        keys: Iterable[Metric[Any] | str] | None = None,
        *,
        use_stored: bool = True,
        verbose: bool | None = None,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        dry_run: bool = False,
        on_stale: OnStale | None = None,
    ) -> Any:
        """The values of all ``keys``, in their order; without any, everything that is declared, by name.

        Everything means plain metrics and all parameter sets of each ``params_list``. What others need comes first;
        what is stored is not computed. See :class:`.GetAll` for the options and for what may be raised.
        """
        request = Request(
            title=type(self).__qualname__,
            executor=executor,
            on_error=on_error,
            use_stored=use_stored,
            verbose=verbose,
            on_stale=on_stale,
        )
        manager, asked = cast("Manager", self), self._asked(keys)
        if dry_run:
            return plan(manager, asked, request)
        found = values(manager, asked, request)
        return found if keys is not None else dict(zip((key.name for key in asked), found, strict=True))

    @overload
    def iter_all(
        self,
        keys: Iterable[Metric[T]],
        *,
        executor: Executor | None = None,
        on_error: Literal["raise"] = "raise",
        use_stored: bool = True,
        on_stale: OnStale | None = None,
    ) -> Iterator[tuple[Metric[T], T]]: ...
    @overload
    def iter_all(
        self,
        keys: Iterable[Metric[T]],
        *,
        on_error: Literal["collect"],
        executor: Executor | None = None,
        use_stored: bool = True,
        on_stale: OnStale | None = None,
    ) -> Iterator[tuple[Metric[T], T | Failure]]: ...
    @overload
    def iter_all(
        self,
        *,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        use_stored: bool = True,
        on_stale: OnStale | None = None,
    ) -> Iterator[tuple[Metric[object], object]]: ...
    def iter_all(
        self,
        keys: Iterable[Metric[Any]] | None = None,
        *,
        executor: Executor | None = None,
        on_error: OnError = "raise",
        use_stored: bool = True,
        on_stale: OnStale | None = None,
    ) -> Iterator[tuple[Metric[Any], Any]]:
        """Each key with its value, in the order of the keys, without holding more than one of the values in memory.

        Meanwhile the executor computes ahead. What was in memory before stays there.
        """
        request = Request(
            title=type(self).__qualname__,
            executor=executor,
            on_error=on_error,
            use_stored=use_stored,
            on_stale=on_stale,
        )
        return stream(cast("Manager", self), self._asked(keys), request)

    def last_error(self, key: Metric[object] | str, /) -> Failure | None:
        """What went wrong when the metric was last computed, in whatever process; None if it went well."""
        metrics = self.__metrics__
        return metrics.shelf.last_failure(metrics.ask(cast("Manager", self), self._key(key)))

    def failures(self) -> dict[str, Failure]:
        """The last errors of everything that is declared, by name, in so far as no value is newer."""
        metrics, manager = self.__metrics__, cast("Manager", self)
        asked = [metrics.ask(manager, key) for key in self._asked(None)]
        kept = set(names_of_failures(metrics.shelf.storage(self)))
        found = {each.name: metrics.shelf.last_failure(each) for each in asked if each.stored in kept}
        return {name: failure for name, failure in found.items() if failure is not None}

    def retry_failed(
        self, *, executor: Executor | None = None, on_error: OnError = "raise", verbose: bool | None = None
    ) -> dict[str, object]:
        """Try anew what :meth:`failures` has; the values by name. What needs them, ``get_all`` computes as ever."""
        failed = self.failures()
        title = f"what failed of {type(self).__qualname__}"
        # A value that is older than the failure is no answer.
        request = Request(title=title, executor=executor, on_error=on_error, use_stored=False, verbose=verbose)
        keys: list[Metric[object]] = [self._key(name) for name in failed]
        return dict(zip(failed, values(cast("Manager", self), keys, request), strict=True))

    @overload
    def why(self, key: Metric[object], /) -> Staleness: ...
    @overload
    def why(self, sweep: Swept, /) -> SweepStaleness: ...
    @overload
    def why(self, name: str, /) -> Staleness | SweepStaleness: ...
    def why(self, key: Metric[object] | Swept | str, /) -> Staleness | SweepStaleness:
        """Whether the value that ``get`` would give is what would be computed now, and if not, all reasons.

        For a parameterized metric without parameters, ``cm.why(cm.inertia)``, it is about all of its points. Printed,
        the answer reads as text. Only records are read, and nothing is computed or changed.

        Raises:
            UnknownMetricError: this manager has no such metric.
        """
        manager = cast("Manager", self)
        points = None if isinstance(key, Metric) else points_called(type(self), manager.functions_dict, key)
        if points is not None:
            return why_all(manager, points, self.failures())
        found: Metric[object] = self._key(cast("Metric[object] | str", key))
        if found.declaration.unknown is not None:
            raise found.declaration.unknown
        return why_one(manager, found)

    def status(self) -> ManagerStatus:
        """What is stored of everything that is declared: fresh, stale, missing or failed; a line for each metric.

        Only records are read. Printed, it is a table.
        """
        return status_of_all(cast("Manager", self), self.failures())

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        """What a notebook shows: the table of :meth:`status`, or what keeps it from being had."""
        try:
            status = self.status()
            return bundle(str(status), status.__html__())
        except (MetricsError, OSError) as error:
            name, problem = type(self).__qualname__, f"{type(error).__name__}: {error}"
            return bundle(f"{name}: {problem}", joined(line(tag("b", name)), line(problem)))

    async def aget(
        self,
        key: Metric[T],
        /,
        use_stored: bool = True,
        verbose: bool | None = None,
        *,
        on_stale: OnStale | None = None,
    ) -> T:
        """The value of a metric, as ``get`` gives it, without blocking the event loop of an ``asyncio`` program.

        A task that is cancelled stops waiting; the value is computed and stored all the same.
        """
        found, metrics, manager = self._key(key), self.__metrics__, cast("Manager", self)
        held = metrics.memory.held.get(found.name) if use_stored and on_stale is None else None
        if held is not None and held.state != "computed":
            return cast("T", metrics.get(manager, found).give())  # what is in memory needs no thread

        def get() -> Held:
            with metrics.as_told(on_stale):
                return metrics.get(manager, found, use_stored=use_stored, verbose=verbose)

        held = await in_thread(get)
        return cast("T", held.give())

    def _asked(self, keys: Iterable[Metric[object] | str] | None) -> Sequence[Metric[object]]:
        if keys is None:
            return [*distinct(self._declared_keys())]
        return [self._key(key) for key in keys]

    def _declared_keys(self) -> Mapping[str, Metric[object]]:
        return declared_keys(type(self), self.__metrics__.functions)
