"""What a collected function becomes: a plain function still, and one that goes through the cache of its manager."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, cast, overload

from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.lookup import CollectedCall
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.declaring.parameters import Row, typed
from simple_metrics_manager.errors import MetricDeclarationError, UndeclaredParametersError
from simple_metrics_manager.events import SweepAdvanced, tell
from simple_metrics_manager.keys import DATE, canonical, collected_name, default_name_generation_function, python_scalar
from simple_metrics_manager.manager import DatedCacheManager

T = TypeVar("T")
P = ParamSpec("P")

NameGenerationFunction: TypeAlias = Callable[[str, Sequence[Any]], str]
"""From a base name and a row of parameters to the name of the metric. ``Any``: it names anybody's parameters."""


class CachedFunction(Generic[P, T]):
    """``CM.poly_X``: a collected function, through the cache."""

    __name__: str
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
        self._signature = _signature(function)
        self._declaration = Declaration(function, takes_manager=False, lenient=True)
        self._declaration.name = base_name
        self.keys: dict[str, Metric[T]] = {}
        self._found: dict[Row, Metric[T]] = {}

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, *args: Any, use_stored: bool, cache: bool = ..., **kwargs: Any) -> T: ...
    @overload
    def __call__(self, *args: Any, cache: bool, use_stored: bool = ..., **kwargs: Any) -> T: ...
    def __call__(self, *args: Any, **kwargs: Any) -> T:
        kwargs.pop("cache", None)  # 0.5.0 let it be said again
        use_stored = bool(kwargs.pop("use_stored", True))
        return self._manager.get(self._find(args, kwargs), use_stored=use_stored)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> Metric[T]:
        """The typed key of one parameter set."""
        return self._find(args, kwargs)

    def get_all(self, *, use_stored: bool = True, verbose: bool = False) -> list[T]:
        """The values of all declared parameter sets in their order; ``verbose`` counts them as it goes."""
        rows = list(self.params_list)
        values: list[T] = []
        for index, row in enumerate(rows):
            tell(SweepAdvanced(self.base_name, index, len(rows), verbose=verbose))
            values.append(self._manager.get(self._find(tuple(row), {}), use_stored=use_stored))
        return values

    def declare(self, row: Sequence[object]) -> Metric[T]:
        """The key of these parameters, which may be asked for from now on.

        Raises:
            MetricDeclarationError: the function does not take them, or their name meets that of another metric.
        """
        params = self._row(row)
        name = self._name(params)
        functions = self._manager.functions_dict
        if name in self.keys:
            functions.setdefault(name, CollectedCall(self.keys[name]))
            return self.keys[name]
        self._refuse_meeting(name, params)
        written = {} if self._named_by_user else {str(i): canonical(v, self.base_name) for i, v in enumerate(params)}
        key = Metric[T].made_from(self._declaration, name, row=params, params=written)
        functions[name] = CollectedCall(key)
        self.keys[name] = key
        return key

    def _row(self, row: Sequence[object]) -> tuple[object, ...]:
        """A row of ``params_list``. The empty one stands there by default, for functions with parameters too."""
        try:
            return self._bind(tuple(row), {}) if len(row) else ()
        except TypeError as error:
            raise MetricDeclarationError(self.base_name, f"params_list has {row!r}: {error}") from None

    def _refuse_meeting(self, name: str, params: tuple[object, ...]) -> None:
        """Refuse two metrics of one name, or one called like the other's date.

        Names equal but for capitals are let in, as in 0.5.0: where a file system takes them for one, the identity that
        lies in the file tells them apart.
        """
        functions = self._manager.functions_dict
        for other in dict.fromkeys((name, name + DATE, name.removesuffix(DATE))):
            if other in functions:
                problem = f"{other!r} is a metric already, in a storage the two would meet: give another base_name"
                raise MetricDeclarationError(f"{self.base_name}{params!r}", problem)

    def _name(self, params: tuple[object, ...]) -> str:
        if self._named_by_user:
            return self.name_generation_function(self.base_name, params)
        return collected_name(self.base_name, params, self.base_name)

    def _find(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Metric[T]:
        fast = None if kwargs else typed(args)
        known = self._found.get(fast) if fast is not None else None
        if known is not None and self._is_current(known):
            return known
        try:
            params = self._bind(args, kwargs)
        except TypeError as error:
            raise TypeError(f"{self.base_name}(): {error}") from None
        name = self._name(params)
        known, function = self.keys.get(name), self._manager.functions_dict.get(name)
        if known is not None and self._is_current(known):
            if fast is not None:
                self._found[fast] = known
            return known
        if function is not None and not isinstance(function, CollectedCall):
            return self._replaced(cast("Callable[[], T]", function), name, params)
        if getattr(self._manager, "dynamic_metric_creation", False):
            return self.declare(params)
        declared = "; ".join(str(tuple(row)) for row in list(self.params_list)[:8]) or "nothing"
        remedy = "Add it to params_list, or let any parameters in with dynamic_metric_creation=True."
        raise UndeclaredParametersError(self.base_name, repr(params), declared, remedy)

    def _is_current(self, key: Metric[T]) -> bool:
        """Whether ``functions_dict`` still means this key by its name: users may put functions of their own there."""
        function = self._manager.functions_dict.get(key.name)
        return isinstance(function, CollectedCall) and function.key is key

    def _replaced(self, function: Callable[[], T], name: str, params: tuple[object, ...]) -> Metric[T]:
        """The key of a parameter set for which the user has put a function of his own into ``functions_dict``."""
        declaration = Declaration(function, takes_manager=False, lenient=True)
        declaration.name = self.base_name
        written = {} if self._named_by_user else {str(i): canonical(v, self.base_name) for i, v in enumerate(params)}
        return Metric[T].made_from(declaration, name, params=written)

    def _bind(self, args: tuple[object, ...], kwargs: dict[str, object]) -> tuple[object, ...]:
        """The parameters by position. Those that are left out stay so: 0.5.0 named ``f(1)`` and ``f(1, 2)`` apart.

        Raises:
            TypeError: the function does not take them, or one of them only by keyword.
        """
        if self._signature is None:
            if kwargs:
                raise TypeError("parameters of a function without a signature have no names; give them by position")
            return tuple(map(python_scalar, args))
        bound = self._signature.bind(*args, **kwargs)
        if bound.kwargs:
            bound.apply_defaults()
        if bound.kwargs:
            names = ", ".join(bound.kwargs)
            raise TypeError(f"{names} can only be given by keyword, so they cannot name a metric")
        return tuple(map(python_scalar, bound.args))


def _signature(function: Callable[..., object]) -> inspect.Signature | None:
    """None for some functions that are written in C, as ``max``."""
    try:
        return inspect.signature(function)
    except ValueError:
        return None


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
