"""What a collected function becomes: a plain function still, and one that goes through the cache of its manager."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, SupportsIndex, TypeAlias, TypeVar, cast, overload

import attrs

from simple_metrics_manager.declaring.calls import bound, is_row, own_flags, own_where_written, signature_of
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.lookup import CollectedCall, refuse_declared
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.declaring.parameters import Row, typed, unshared
from simple_metrics_manager.declaring.references import FunctionReference, is_found
from simple_metrics_manager.errors import MetricDeclarationError, UndeclaredParametersError
from simple_metrics_manager.events import SweepAdvanced, tell
from simple_metrics_manager.keys import DATE, canonical, collected_name, default_name_generation_function
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
    params_list: Sequence[Sequence[object]]
    """The parameter sets as they were given to ``collect``."""
    name_generation_function: NameGenerationFunction

    def __init__(
        self,
        manager: DatedCacheManager,
        function: Callable[P, T],
        base_name: str,
        params_list: Sequence[Sequence[object]],
        name_generation_function: NameGenerationFunction | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.original_function = function
        self.base_name = base_name
        self.params_list = params_list
        self.name_generation_function = name_generation_function or default_name_generation_function
        self._named_by_user = name_generation_function is not None
        self._manager = manager
        self._signature = signature_of(function)
        self._flags = own_flags(self._signature)
        self._declaration = Declaration(function, takes_manager=False, lenient=True)
        self._declaration.name = base_name
        self.keys: dict[str, Metric[T]] = {}
        self._found: dict[Row, Metric[T]] = {}

    # Any: flags cannot be added to the parameters of a ParamSpec, so flagged calls are checked when they run.
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, *args: Any, use_stored: bool, cache: bool = ..., **kwargs: Any) -> T: ...
    @overload
    def __call__(self, *args: Any, cache: bool, use_stored: bool = ..., **kwargs: Any) -> T: ...
    def __call__(self, *args: Any, **kwargs: Any) -> T:
        self.refuse_flags(kwargs)
        kwargs.pop("cache", None)  # 0.5.0 let it be said again
        use_stored = bool(kwargs.pop("use_stored", True))
        return self.ask(args, kwargs, use_stored=use_stored)

    def ask(self, args: tuple[object, ...], kwargs: dict[str, object], *, use_stored: bool = True) -> T:
        """The value for these arguments, of which none is a flag."""
        return self._manager.get(self._find(args, kwargs), use_stored=use_stored)

    def refuse_flags(self, given: Iterable[str]) -> None:
        """Refuse a keyword that may mean the function's own parameter, or the flag of the same name.

        Raises:
            TypeError: there is one.
        """
        for name in self._flags.intersection(given):
            raise TypeError(
                f"{self.base_name}({name}=...) may mean its own parameter {name!r} or the flag of the cache: "
                f"give the parameter by position, or write {self.base_name}.cached({name}=...)"
            )

    def key(self, *args: P.args, **kwargs: P.kwargs) -> Metric[T]:
        """The typed key of one parameter set."""
        return self._find(args, kwargs)

    def get_all(self, *, use_stored: bool = True, verbose: bool = False) -> list[T]:
        """The values of all declared parameter sets in their order; ``verbose`` counts them as it goes."""
        rows = list(self.params_list)
        values: list[T] = []
        with self._manager.__metrics__.grouped(self._manager):
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
        key = self._made(name, params, functions)
        self.adopt({name: key})
        return key

    def planned(self, replaced: Iterable[str] = ()) -> dict[str, Metric[T]]:
        """The keys of ``params_list`` by name, if the names ``replaced`` were free; nothing is changed yet.

        Raises:
            MetricDeclarationError: as :meth:`declare`.
        """
        taken = set(self._manager.functions_dict).difference(replaced)
        keys: dict[str, Metric[T]] = {}
        for row in self.params_list:
            params = self._row(row)
            name = self._name(params)
            if name not in keys:
                keys[name] = self._made(name, params, taken)
                taken.add(name)
        return keys

    def adopt(self, keys: Mapping[str, Metric[T]]) -> None:
        """Let these keys be asked for, by name too."""
        self._manager.functions_dict.update({name: CollectedCall(key) for name, key in keys.items()})
        self.keys.update(keys)

    def _made(self, name: str, params: tuple[object, ...], taken: Container[str]) -> Metric[T]:
        self._refuse_meeting(name, params, taken)
        written = {} if self._named_by_user else {str(i): canonical(v, self.base_name) for i, v in enumerate(params)}
        own = own_where_written(params) if self._named_by_user else unshared(params)
        return Metric[T].made_from(self._declaration, name, row=own, params=written)

    def _row(self, row: Sequence[object]) -> tuple[object, ...]:
        """A row of ``params_list``. The empty one stands there by default, for functions with parameters too."""
        if not is_row(row):
            problem = f"params_list has {row!r}: a row is a tuple of parameters, as in ({row!r},)"
            raise MetricDeclarationError(self.base_name, problem)
        try:
            return bound(self._signature, tuple(row), {}) if len(row) else ()
        except TypeError as error:
            raise MetricDeclarationError(self.base_name, f"params_list has {row!r}: {error}") from None

    def _refuse_meeting(self, name: str, params: tuple[object, ...], taken: Container[str]) -> None:
        """Refuse two metrics of one name, or one called like the other's date.

        Names equal but for capitals are let in, as in 0.5.0: where a file system takes them for one, the identity that
        lies in the file tells them apart.
        """
        refuse_declared(type(self._manager), name)
        for other in dict.fromkeys((name, name + DATE, name.removesuffix(DATE))):
            if other in taken:
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
            params = bound(self._signature, args, kwargs)
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

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[object, ...]:
        return (remade, (self._manager, self.recipe()))

    def recipe(self) -> Recipe[P, T]:
        """What it is made from, less the manager."""
        generate = FunctionReference(self.name_generation_function) if self._named_by_user else None
        return Recipe(FunctionReference(self.original_function), self.base_name, self.params_list, generate, self.keys)


@attrs.frozen
class Recipe(Generic[P, T]):
    """What a collected function is made from anew, for the copy of its manager or in another process."""

    function: FunctionReference
    base_name: str
    params_list: Sequence[Sequence[object]]
    name_generation_function: FunctionReference | None
    keys: Mapping[str, Metric[T]]

    def follow(self, manager: DatedCacheManager) -> CachedFunction[P, T]:
        """The function, through the cache of this manager."""
        function = cast("Callable[P, T]", self.function.function)
        given = self.name_generation_function
        generate = None if given is None else cast("NameGenerationFunction", given.function)
        made = CachedFunction(manager, function, self.base_name, self.params_list, generate)
        made.keys.update(self.keys)
        return made


def remade(manager: DatedCacheManager, recipe: Recipe[P, T]) -> CachedFunction[P, T]:
    """The collected function that a manager has, or one like it for a manager that keeps none."""
    known: object = vars(manager).get(recipe.base_name)
    return cast("CachedFunction[P, T]", known) if isinstance(known, CachedFunction) else recipe.follow(manager)


class Collected(Generic[P, T]):
    """What a collected function has become: called plainly it just runs, with ``cache=True`` it is cached."""

    __wrapped__: Callable[P, T]
    __name__: str
    __qualname__: str

    def __init__(self, cached: CachedFunction[P, T]) -> None:
        functools.update_wrapper(self, cached.original_function)
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
        return self.__qualname__ if is_found(self) else (Collected, (self._cached,))

    def cached(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Through the cache."""
        return self._cached.ask(args, kwargs)

    def fresh(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Computed anew, then cached and stored."""
        return self._cached.ask(args, kwargs, use_stored=False)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> Metric[T]:
        """The typed key of one parameter set, for ``CM.get``, ``CM.exists`` and the others."""
        return self._cached.key(*args, **kwargs)

    def get_all(self, *, use_stored: bool = True, verbose: bool = False) -> list[T]:
        """The values of all declared parameter sets, in their order."""
        return self._cached.get_all(use_stored=use_stored, verbose=verbose)

    @property
    def params_list(self) -> Sequence[Sequence[object]]:
        """The parameter sets as they were given to ``collect``."""
        return self._cached.params_list
