"""0.5.0's dynamic way: functions are collected by a manager object, and ``CM.poly_X(1)`` goes through its cache.

What is decorated stays a plain function: ``poly_X(7)`` just runs. ``poly_X.cached(1)``, ``poly_X.fresh(1)`` and
``CM.get(poly_X.key(1))`` go through the cache and are typed in full; 0.5.0's ``poly_X(1, cache=True)`` keeps the type
of the result only, since flags cannot be added to the parameters of a ``ParamSpec``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

from typing_extensions import TypeVarTuple

from simple_metrics_manager.collected import CachedFunction, Collected, NameGenerationFunction
from simple_metrics_manager.declaring.lookup import CollectedCall
from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.storing.storage import Storage

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")


class AcceptsCall(Protocol[P, T_co, *Ts]):
    """A function that takes ``P`` and also one row ``*Ts``; see ``declaring.AcceptsRow``."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, *args: *Ts) -> T_co: ...


class CollectRows(Protocol[*Ts]):
    """What ``manager.collect(params_list=[(1, 2)])`` returns: a decorator that checks the rows."""

    def __call__(self, function: AcceptsCall[P, T, *Ts], /) -> Collected[P, T]: ...


class CollectAnyRows(Protocol):
    """What ``manager.collect(params_list=[[1, 2]])`` returns: such rows are checked when it runs."""

    def __call__(self, function: Callable[P, T], /) -> Collected[P, T]: ...


_ITS_OWN = frozenset(
    {
        *("cache", "clear_cache", "collect", "compute", "exists", "functions_dict", "get", "load", "save"),
        *("dynamic_metric_creation", "parameterized_metrics", "set_functions_dict", "storage_interface"),
        *("metric_inputs", "old_names", "verbose"),
    }
)
"""What a manager cannot do without. A function may be called like its other methods, ``date`` or ``status``, which
0.5.0 did not have: ``CM.date`` then is that function."""


class CollectingDatedCacheManager(DatedCacheManager):
    """Collects functions without parameters; they are asked for by name, or with ``cache=True``."""

    def collect(self, f: Callable[[], T], name: str | None = None) -> Collected[[], T]:
        """Collect a function as a metric; it goes on as it was unless it is called with ``cache=True``."""
        name = f.__name__ if name is None else name
        if isinstance(self.functions_dict.get(name), CollectedCall):
            del self.functions_dict[name]  # collected again, as when a notebook's cell is run again
        cached = CachedFunction(self, f, name, ((),))
        cached.declare(())
        return Collected(cached)


class ParameterizedDatedCacheManager(DatedCacheManager):
    """Collects functions, with or without parameters, and offers each as an attribute: ``CM.poly_X(1)``.

    Undeclared parameters raise ``ValueError`` unless ``dynamic_metric_creation=True``.
    """

    dynamic_metric_creation: bool
    parameterized_metrics: list[CachedFunction[..., Any]]
    """All collected functions. ``Any``: they return anybody's values."""

    def __init__(self, storage_interface: Storage | None = None, *, dynamic_metric_creation: bool = False) -> None:
        super().__init__(storage_interface)
        self.dynamic_metric_creation = dynamic_metric_creation
        self.parameterized_metrics = []

    if TYPE_CHECKING:
        # Collected functions are attributes, which no type checker can see.
        def __getattr__(self, name: str, /) -> CachedFunction[..., Any]: ...

    @overload
    def collect(self, f: Callable[P, T], /) -> Collected[P, T]: ...
    @overload
    def collect(
        self,
        base_name: str | None = None,
        *,
        params_list: Iterable[tuple[*Ts]],
        name_generation_function: NameGenerationFunction | None = None,
    ) -> CollectRows[*Ts]: ...
    @overload
    def collect(
        self,
        base_name: str | None = None,
        *,
        params_list: Iterable[list[Any]],
        name_generation_function: NameGenerationFunction | None = None,
    ) -> CollectAnyRows: ...
    @overload
    def collect(
        self, base_name: str | None = None, *, name_generation_function: NameGenerationFunction | None = None
    ) -> CollectAnyRows: ...
    @overload
    def collect(
        self,
        base_name: str | None,
        params_list: Iterable[Sequence[Any]],
        name_generation_function: NameGenerationFunction | None = None,
        /,
    ) -> CollectAnyRows: ...
    def collect(
        self,
        base_name: Any = None,
        params_list: Iterable[Sequence[Any]] = ((),),
        name_generation_function: NameGenerationFunction | None = None,
    ) -> object:
        """Collect a function as a metric of this manager, bare or with options.

        ``params_list`` are the parameter sets that may be asked for and that ``get_all`` goes through,
        ``base_name`` the name in place of the function's own, ``name_generation_function(base_name, params)`` gives
        the name of each parameter set, which then also decides which of them are the same.

        Raises:
            MetricDeclarationError: the name is the manager's own, or meets that of another metric.
        """
        if callable(base_name):
            return self._collect(base_name, None, params_list, name_generation_function)

        def decorate(function: Callable[..., object]) -> object:
            return self._collect(function, base_name, params_list, name_generation_function)

        return decorate

    def _collect(
        self,
        function: Callable[P, T],
        base_name: str | None,
        params_list: Iterable[Sequence[Any]],
        name_generation_function: NameGenerationFunction | None,
    ) -> Collected[P, T]:
        name = function.__name__ if base_name is None else base_name
        if name in _ITS_OWN:
            raise MetricDeclarationError(
                name, "the name is the manager's own; give another one: collect(base_name=...)"
            )
        rows = params_list if isinstance(params_list, Sequence) else list(params_list)
        self._forget_collected(name)
        cached = CachedFunction(self, function, name, rows, name_generation_function)
        for row in rows:
            cached.declare(row)
        self.parameterized_metrics.append(cached)
        setattr(self, name, cached)
        return Collected(cached)

    def _forget_collected(self, name: str) -> None:
        """A function that is collected again, as when a notebook's cell is run again, replaces the earlier one."""
        for cached in [each for each in self.parameterized_metrics if each.base_name == name]:
            self.parameterized_metrics.remove(cached)
            for key in cached.keys:
                self.functions_dict.pop(key, None)


DataCacheManager = ParameterizedDatedCacheManager
"""The documentation of 0.5.0 writes the name so, and collects with it."""
ParameterizedDataCacheManager = ParameterizedDatedCacheManager
"""The documentation of 0.5.0 writes the name so."""
