"""0.5.0's dynamic way: functions are collected by a manager object, and ``CM.poly_X(1)`` goes through its cache.

What is decorated stays a plain function: ``poly_X(7)`` just runs. ``poly_X.cached(1)``, ``poly_X.fresh(1)`` and
``CM.get(poly_X.key(1))`` go through the cache and are typed in full; 0.5.0's ``poly_X(1, cache=True)`` keeps the type
of the result only, since flags cannot be added to the parameters of a ``ParamSpec``.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from typing_extensions import TypeVarTuple

from simple_metrics_manager.checks import RESERVED
from simple_metrics_manager.declaration import Declaration
from simple_metrics_manager.errors import MetricDeclarationError, UndeclaredParametersError
from simple_metrics_manager.events import SweepAdvanced, tell
from simple_metrics_manager.keys import canonical, collected_name, default_name_generation_function
from simple_metrics_manager.lookup import CollectedCall
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.metric import Metric
from simple_metrics_manager.storage import DATE, Storage

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")

NameGenerationFunction: TypeAlias = Callable[[str, Sequence[Any]], str]
"""From a base name and a row of parameters to the name of the metric. ``Any``: it names anybody's parameters."""


class CachedFunction(Generic[P, T]):
    """``CM.poly_X``: a collected function, through the cache."""

    original_function: Callable[P, T]
    base_name: str
    params_list: Sequence[Any]
    """The parameter sets as they were given to ``collect``."""
    name_generation_function: NameGenerationFunction

    def __init__(
        self,
        manager: DatedCacheManager,
        function: Callable[P, T],
        base_name: str,
        params_list: Sequence[Any],
        name_generation_function: NameGenerationFunction | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.original_function = function
        self.base_name = base_name
        self.params_list = params_list
        self.name_generation_function = name_generation_function or default_name_generation_function
        self._named_by_user = name_generation_function is not None
        self._manager = manager
        self._signature = inspect.signature(function)
        self._declaration = Declaration(function, takes_manager=False, lenient=True)
        self._declaration.name = base_name
        self.keys: dict[str, Metric[T]] = {}

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, *args: Any, use_stored: bool, cache: bool = ..., **kwargs: Any) -> T: ...
    @overload
    def __call__(self, *args: Any, cache: bool, use_stored: bool = ..., **kwargs: Any) -> T: ...
    def __call__(self, *args: Any, **kwargs: Any) -> T:
        kwargs.pop("cache", None)  # 0.5.0 let it be said again
        use_stored = bool(kwargs.pop("use_stored", True))
        return cast("T", self._manager.get(self._find(args, kwargs).name, use_stored=use_stored))

    def key(self, *args: P.args, **kwargs: P.kwargs) -> Metric[T]:
        """The typed key of one parameter set."""
        return self._find(args, kwargs)

    def get_all(self, *, use_stored: bool = True, verbose: bool = False) -> list[T]:
        """The values of all declared parameter sets in their order; ``verbose`` counts them as it goes."""
        rows = list(self.params_list)
        values: list[T] = []
        for index, row in enumerate(rows):
            tell(SweepAdvanced(self.base_name, index, len(rows), verbose=verbose))
            values.append(self._manager.get(self._find(tuple(row), {}).name, use_stored=use_stored))
        return values

    def declare(self, params: tuple[object, ...]) -> Metric[T]:
        """The key of these parameters, which may be asked for from now on.

        Raises:
            MetricDeclarationError: another metric has this name already, or this is the name of its date.
        """
        name = self._name(params)
        if name in self.keys:
            return self.keys[name]
        functions = self._manager.functions_dict
        for other in (name, name + DATE, name.removesuffix(DATE)):
            if other in functions and (other == name or other + DATE == name or name + DATE == other):
                problem = f"{other!r} is a metric already, in a storage the two would meet: give another base_name"
                raise MetricDeclarationError(f"{self.base_name}{params!r}", problem)
        written = {} if self._named_by_user else {str(i): canonical(v, self.base_name) for i, v in enumerate(params)}
        key = Metric[T].made_from(self._declaration, name, row=params, params=written)
        functions[name] = CollectedCall(key)
        self.keys[name] = key
        return key

    def _name(self, params: tuple[object, ...]) -> str:
        if self._named_by_user:
            return self.name_generation_function(self.base_name, params)
        return collected_name(self.base_name, params, self.base_name)

    def _find(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Metric[T]:
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.base_name}(): {error}") from None
        if bound.kwargs:
            bound.apply_defaults()
        if bound.kwargs:
            names = ", ".join(bound.kwargs)
            raise TypeError(f"{self.base_name}(): {names} can only be given by keyword, so they cannot name a metric")
        params = bound.args
        name = self._name(params)
        if name in self.keys:
            return self.keys[name]
        if getattr(self._manager, "dynamic_metric_creation", False):
            return self.declare(params)
        declared = "; ".join(str(tuple(row)) for row in list(self.params_list)[:8]) or "nothing"
        remedy = "Add it to params_list, or let any parameters in with dynamic_metric_creation=True."
        raise UndeclaredParametersError(self.base_name, repr(params), declared, remedy)


class Collected(Generic[P, T]):
    """What a collected function has become: called plainly it just runs, with ``cache=True`` it is cached."""

    __wrapped__: Callable[P, T]
    __name__: str

    def __init__(self, cached: CachedFunction[P, T]) -> None:
        functools.update_wrapper(self, cached.original_function)
        self._cached = cached

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, *args: Any, cache: bool, use_stored: bool = ..., **kwargs: Any) -> T: ...
    def __call__(self, *args: Any, **kwargs: Any) -> T:
        if kwargs.pop("cache", False):
            return cast("Callable[..., T]", self._cached)(*args, **kwargs)
        return self.__wrapped__(*args, **kwargs)

    def cached(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Through the cache."""
        return self._cached(*args, **kwargs)

    def fresh(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Computed anew, then cached and stored."""
        return cast("Callable[..., T]", self._cached)(*args, use_stored=False, **kwargs)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> Metric[T]:
        """The typed key of one parameter set, for ``CM.get``, ``CM.exists`` and the others."""
        return self._cached.key(*args, **kwargs)

    def get_all(self, *, use_stored: bool = True, verbose: bool = False) -> list[T]:
        """The values of all declared parameter sets, in their order."""
        return self._cached.get_all(use_stored=use_stored, verbose=verbose)

    @property
    def params_list(self) -> Sequence[Any]:
        """The parameter sets as they were given to ``collect``."""
        return self._cached.params_list


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


class CollectingDatedCacheManager(DatedCacheManager):
    """Collects functions without parameters; they are asked for by name, or with ``cache=True``."""

    def collect(self, f: Callable[[], T], name: str | None = None) -> Collected[[], T]:
        """Collect a function as a metric; it goes on as it was unless it is called with ``cache=True``."""
        cached = CachedFunction(self, f, f.__name__ if name is None else name, ((),))
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
        if name in RESERVED or hasattr(type(self), name):
            raise MetricDeclarationError(
                name, "the name is the manager's own; give another one: collect(base_name=...)"
            )
        rows = params_list if isinstance(params_list, Sequence) else list(params_list)
        self._forget_collected(name)
        cached = CachedFunction(self, function, name, rows, name_generation_function)
        for row in rows:
            cached.declare(tuple(row))
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
