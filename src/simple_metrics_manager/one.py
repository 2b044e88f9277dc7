"""What one may ask a manager about one metric."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from simple_metrics_manager.asking.cache import Cache
from simple_metrics_manager.asking.tiers import Manager as Host
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.outcomes.reasons import OnStale

T = TypeVar("T")


class AskedForOne:
    """The part of a manager that gives the value of one metric, computes it, stores it and loads it."""

    __slots__ = ()

    if TYPE_CHECKING:
        __metrics__: Cache

        def _key(self, key: Metric[T] | str, /) -> Metric[T]: ...

    # A name says nothing about the type of its value: ``Any`` lets code that was written for 0.5.0 go on.
    @overload
    def get(
        self,
        key: Metric[T],
        /,
        use_stored: bool = True,
        verbose: bool | None = None,
        *,
        on_stale: OnStale | None = None,
    ) -> T: ...
    @overload
    def get(
        self, name: str, use_stored: bool = True, verbose: bool | None = None, *, on_stale: OnStale | None = None
    ) -> Any: ...
    def get(
        self,
        name: Metric[T] | str,
        use_stored: bool = True,
        verbose: bool | None = None,
        *,
        on_stale: OnStale | None = None,
    ) -> T | object:
        """The value of a metric: from memory, from the storage, or computed and then stored.

        ``use_stored=False`` computes it anew and overwrites both. ``verbose`` and ``on_stale`` override the manager's,
        for all that is read on the way, too.

        Raises:
            UnknownMetricError: this manager has no such metric.
            MetricTypeError: the value is not what the annotation says; it is kept in ``cache``.
            MetricCycleError: metrics need each other.
            StorageError: it could not be stored or read.
            StaleMetricError: it is out of date, and ``on_stale`` makes that an error.
        """
        if on_stale is None:  # to enter a block takes as long as to make the manager
            return self.__metrics__.get(
                cast("Host", self), self._key(name), use_stored=use_stored, verbose=verbose
            ).give()
        with self.__metrics__.as_told(on_stale):
            return self.__metrics__.get(
                cast("Host", self), self._key(name), use_stored=use_stored, verbose=verbose
            ).give()

    @overload
    def __getitem__(self, key: Metric[T], /) -> T: ...
    @overload
    def __getitem__(self, key: str, /) -> Any: ...
    def __getitem__(self, key: Metric[T] | str, /) -> T | object:
        return self.__metrics__.get(cast("Host", self), self._key(key)).give()

    @overload
    def compute(self, key: Metric[T], /, force: bool = False, verbose: bool | None = None) -> T: ...
    @overload
    def compute(self, name: str, force: bool = False, verbose: bool | None = None) -> Any: ...
    def compute(self, name: Metric[T] | str, force: bool = False, verbose: bool | None = None) -> T | object:
        """The value in memory, else computed and held in memory; the storage is left alone."""
        return self.__metrics__.compute(cast("Host", self), self._key(name), force=force, verbose=verbose).give()

    @overload
    def save(self, key: Metric[T], /, force: bool = False, verbose: bool | None = None) -> T: ...
    @overload
    def save(self, name: str, force: bool = False, verbose: bool | None = None) -> Any: ...
    def save(self, name: Metric[T] | str, force: bool = False, verbose: bool | None = None) -> T | object:
        """Compute and store what is not stored yet, or with ``force`` in any case; the value."""
        return self.__metrics__.save(cast("Host", self), self._key(name), force=force, verbose=verbose).give()

    @overload
    def load(self, key: Metric[T], /, force: bool = False, verbose: bool | None = None) -> T: ...
    @overload
    def load(self, name: str, force: bool = False, verbose: bool | None = None) -> Any: ...
    def load(self, name: Metric[T] | str, force: bool = False, verbose: bool | None = None) -> T | object:
        """The value in memory, else (with ``force`` in any case) from the storage; never computed.

        Raises:
            NotStoredError: it is not stored.
        """
        return self.__metrics__.load(cast("Host", self), self._key(name), force=force, verbose=verbose).give()

    def exists(self, name: Metric[object] | str) -> bool:
        """Whether the value can be had without computing: in memory or in the storage."""
        return self.__metrics__.exists(cast("Host", self), self._key(name))

    def date(self, name: Metric[object] | str) -> datetime:
        """When the value was computed, aware and in UTC.

        Raises:
            NotStoredError: it is neither in memory nor stored.
        """
        return self.__metrics__.date(cast("Host", self), self._key(name))
