"""0.5.0's dynamic way: functions are collected by a manager object, and ``CM.poly_X(1)`` goes through its cache.

What is decorated stays a plain function: ``poly_X(7)`` just runs. ``poly_X.cached(1)``, ``poly_X.fresh(1)`` and
``CM.get(poly_X.key(1))`` go through the cache and are typed in full; 0.5.0's ``poly_X(1, cache=True)`` keeps the type
of the result only, since flags cannot be added to the parameters of a ``ParamSpec``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, SupportsIndex, TypeVar, cast, overload

from typing_extensions import TypeVarTuple

from simple_metrics_manager.collected import CachedFunction, NameGenerationFunction, Recipe
from simple_metrics_manager.declaring.carrying import stays_here
from simple_metrics_manager.declaring.functions import rows_of
from simple_metrics_manager.declaring.get_all import GetAll
from simple_metrics_manager.declaring.lookup import CollectedCall, refuse_declared
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.declaring.references import is_found
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


class Collected(Generic[P, T]):
    """What a collected function has become: called plainly it just runs, with ``cache=True`` it is cached."""

    __wrapped__: Callable[P, T]
    __name__: str
    __qualname__: str

    def __init__(self, cached: CachedFunction[P, T]) -> None:
        update_wrapper(self, cached.original_function)
        self._cached = cached

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, *args: Any, cache: bool, use_stored: bool = ..., **kwargs: Any) -> T: ...
    def __call__(self, *args: Any, **kwargs: Any) -> T:
        self._cached.refuse_flags({"cache"}.intersection(kwargs))
        if kwargs.pop("cache", False):
            return cast("Callable[..., T]", self._cached)(*args, **kwargs)
        return self.__wrapped__(*args, **kwargs)

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> str | tuple[object, ...]:
        found = is_found(self)
        return self.__qualname__ if found and not stays_here(self.__module__) else (Collected, (self._cached,))

    def cached(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Through the cache."""
        return self._cached.ask(args, kwargs)

    def fresh(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Computed anew, then cached and stored."""
        return self._cached.ask(args, kwargs, use_stored=False)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> Metric[T]:
        """The typed key of one parameter set, for ``CM.get``, ``CM.exists`` and the others."""
        return self._cached.key(*args, **kwargs)

    @property
    def get_all(self) -> GetAll[T]:
        """The values of all declared parameter sets, in their order."""
        return self._cached.get_all

    @property
    def params_list(self) -> Sequence[Sequence[object]]:
        """The parameter sets as they were given to ``collect``."""
        return self._cached.params_list


class CollectingDatedCacheManager(DatedCacheManager):
    """Collects functions without parameters; they are asked for by name, or with ``cache=True``."""

    def collect(self, f: Callable[[], T], name: str | None = None) -> Collected[[], T]:
        """Collect a function as a metric; it goes on as it was unless it is called with ``cache=True``."""
        name = _name(f, name, "collect(f, name)")
        again = isinstance(self.functions_dict.get(name), CollectedCall)  # as when a notebook's cell is run again
        cached = CachedFunction(self, f, name, ((),))
        cached.adopt(cached.planned({name} if again else ()))
        return Collected(cached)


class ParameterizedDatedCacheManager(DatedCacheManager):
    """Collects functions, with or without parameters, and offers each as an attribute: ``CM.poly_X(1)``.

    Undeclared parameters raise ``ValueError`` unless ``dynamic_metric_creation=True``.
    """

    dynamic_metric_creation: bool = False

    def __init__(self, storage_interface: Storage | None = None, *, dynamic_metric_creation: bool = False) -> None:
        super().__init__(storage_interface)
        self.dynamic_metric_creation = dynamic_metric_creation

    @cached_property
    def parameterized_metrics(self) -> list[CachedFunction[..., Any]]:
        """All collected functions. ``Any``: they return anybody's values."""
        return []  # made when it is first read, since an attrs class or a dataclass has an ``__init__`` of its own

    if TYPE_CHECKING:
        # Collected functions are attributes, which no type checker can see: Any, for what they return.
        def __getattr__(self, name: str, /) -> CachedFunction[..., Any]: ...

    else:

        def __reduce_ex__(self, protocol: int) -> tuple[object, ...]:
            """Collected functions hold their manager, so a copy gets its own, made from what they are made from."""
            recipes = [cached.recipe() for cached in self.parameterized_metrics]
            return self._reduced(super().__reduce_ex__(protocol), recipes)

        def __recipe__(self, protocol: int) -> tuple[object, ...]:
            """The same for a worker, without the parameter sets: each task says which of them it is about."""
            recipes = [cached.bare_recipe() for cached in self.parameterized_metrics]
            remake, (kind, arguments, storage, functions, *more), *rest = super().__reduce_ex__(protocol)
            ours = {id(key) for cached in self.parameterized_metrics for key in cached.keys.values()}
            others = {name: call for name, call in functions.items() if id(getattr(call, "key", None)) not in ours}
            return self._reduced((remake, (kind, arguments, storage, others, *more), *rest), recipes)

        def _reduced(self, reduced: tuple[object, ...], recipes: list[Recipe[..., Any]]) -> tuple[object, ...]:
            remake, how, state, *rest = reduced
            shown = {recipe.base_name for recipe in recipes} | {"parameterized_metrics"}
            more = vars(self).get("dynamic_metric_creation", False)
            return (_remake, (remake, _without(shown, how), recipes, more), _without(shown, state), *rest)

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
        params_list: Iterable[list[Any]],  # Any: a list of lists has no type for each place, as 0.5.0 wrote it
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
        params_list: Iterable[Sequence[object]],
        name_generation_function: NameGenerationFunction | None = None,
        /,
    ) -> CollectAnyRows: ...
    def collect(
        self,
        base_name: Any = None,
        params_list: Iterable[Sequence[object]] = ((),),
        name_generation_function: NameGenerationFunction | None = None,
    ) -> object:
        """Collect a function as a metric of this manager, bare or with options.

        ``params_list`` are the parameter sets that may be asked for and that ``get_all`` goes through,
        ``base_name`` the name in place of the function's own, ``name_generation_function(base_name, params)`` gives
        the name of each parameter set, which then also decides which of them are the same.

        Raises:
            MetricDeclarationError: the name is the manager's own, or meets that of another metric.
        """
        if not (base_name is None or isinstance(base_name, str) or callable(base_name)):
            problem = f"{base_name!r} is no function and no name; write collect(params_list={base_name!r})"
            raise MetricDeclarationError("collect", problem)
        rows = params_list if isinstance(params_list, Sequence) else rows_of(params_list, "collect")
        if callable(base_name):
            return self._collect(base_name, None, rows, name_generation_function)

        def decorate(function: Callable[..., object]) -> object:
            return self._collect(function, base_name, rows, name_generation_function)

        return decorate

    def _collect(
        self,
        function: Callable[P, T],
        base_name: str | None,
        rows: Sequence[Sequence[object]],
        name_generation_function: NameGenerationFunction | None,
    ) -> Collected[P, T]:
        name = _name(function, base_name, "collect(base_name=...)")
        if name in _ITS_OWN:
            raise MetricDeclarationError(
                name, "the name is the manager's own; give another one: collect(base_name=...)"
            )
        refuse_declared(type(self), name)
        earlier = [each for each in self.parameterized_metrics if each.base_name == name]
        cached = CachedFunction(self, function, name, rows, name_generation_function)
        keys = cached.planned([key for each in earlier for key in each.keys])
        self._forget(earlier)
        cached.adopt(keys)
        self.parameterized_metrics.append(cached)
        object.__setattr__(self, name, cached)  # frozen classes collect as well
        return Collected(cached)

    def _forget(self, earlier: list[CachedFunction[..., Any]]) -> None:
        """A function that is collected again, as when a notebook's cell is run again, replaces the earlier one."""
        for cached in earlier:
            self.parameterized_metrics.remove(cached)
            for key in cached.keys:
                self.functions_dict.pop(key, None)


def _name(function: object, given: str | None, remedy: str) -> str:
    if given is not None:
        return given
    name: object = getattr(function, "__name__", None)
    if not isinstance(name, str):
        raise MetricDeclarationError(repr(function), f"it has no name; give it one: {remedy}")
    return name


def _without(names: set[str], state: object) -> object:
    """The parts of a manager's state less these attributes; of its dictionaries, copies."""
    if isinstance(state, tuple):
        return tuple(_without(names, part) for part in cast("tuple[object, ...]", state))
    if not isinstance(state, dict):
        return state
    attributes = cast("dict[object, object]", state)
    ours = {name for name in attributes if name in names and isinstance(attributes[name], (CachedFunction, list))}
    return {name: value for name, value in attributes.items() if name not in ours}


def _remake(
    remake: Callable[..., ParameterizedDatedCacheManager],
    how: tuple[Any, ...],
    recipes: list[Recipe[..., Any]],
    dynamic_metric_creation: bool,
) -> ParameterizedDatedCacheManager:
    made = remake(*how)
    functions = [recipe.follow(made) for recipe in recipes]
    more = {"dynamic_metric_creation": True} if dynamic_metric_creation else {}
    names = [recipe.base_name for recipe in recipes]
    vars(made).update(dict(zip(names, functions, strict=True)), parameterized_metrics=functions, **more)
    return made


DataCacheManager = ParameterizedDatedCacheManager
"""The documentation of 0.5.0 writes the name so, and collects with it."""
ParameterizedDataCacheManager = ParameterizedDatedCacheManager
"""The documentation of 0.5.0 writes the name so."""
