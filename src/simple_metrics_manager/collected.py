"""What a collected function becomes: a plain function still, and one that goes through the cache of its manager."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, SupportsIndex, TypeAlias, TypeVar, cast, overload

import attrs

from simple_metrics_manager.declaring.calls import bound, is_row, own_flags, own_where_written, signature_of
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.get_all import GetAll
from simple_metrics_manager.declaring.lookup import CollectedCall, refuse_declared
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.declaring.parameters import Row, typed, unshared
from simple_metrics_manager.declaring.references import FunctionReference
from simple_metrics_manager.declaring.sets import near
from simple_metrics_manager.errors import MetricDeclarationError, UndeclaredParametersError
from simple_metrics_manager.keys import DATE, canonical, collected_name, default_name_generation_function
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.sweeping.get_all import GetAllOf

T = TypeVar("T")
P = ParamSpec("P")

NameGenerationFunction: TypeAlias = Callable[[str, Sequence[Any]], str]
"""From a base name and a row of parameters to the name of the metric. ``Any``: it names anybody's parameters."""


class CachedFunction(Generic[P, T]):
    """``CM.poly_X``: a collected function, through the cache."""

    __name__: str
    original_function: Callable[P, T]
    base_name: str
    name_generation_function: NameGenerationFunction

    def __init__(
        self,
        manager: DatedCacheManager,
        function: Callable[P, T],
        base_name: str,
        params_list: Sequence[Sequence[object]] | None,
        name_generation_function: NameGenerationFunction | None = None,
        keys: Mapping[str, Metric[T]] | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.original_function = function
        self.base_name = base_name
        self._rows = params_list
        self.name_generation_function = name_generation_function or default_name_generation_function
        self._named_by_user = name_generation_function is not None
        self._manager = manager
        self._signature = signature_of(function)
        self._flags = own_flags(self._signature)
        self._declaration = Declaration(function, takes_manager=False, lenient=True)
        self._declaration.name = base_name
        self.keys: dict[str, Metric[T]] = {**(keys or {})}
        self._found: dict[Row, Metric[T]] = {}

    @property
    def declaration(self) -> Declaration:
        """What its metrics have in common."""
        return self._declaration

    @property
    def params_list(self) -> Sequence[Sequence[object]]:
        """The parameter sets as they were given to ``collect``.

        Raises:
            RuntimeError: they stayed with the process that asks workers for them.
        """
        if self._rows is None:
            raise RuntimeError(
                f"the params_list of {self.base_name} did not travel to this worker, so {self.base_name}.get_all() is "
                f"not to be had here: ask for the parameter sets that are needed, or move the manager into a module"
            )
        return self._rows

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

    @property
    def get_all(self) -> GetAll[T]:
        """The values of all declared parameter sets in their order, as ``CM.poly_X.get_all(executor=...)``."""
        return cast("GetAll[T]", GetAllOf(self._manager, self._declared, self.base_name))

    def _declared(self) -> list[Metric[object]]:
        return [self._find(tuple(row), {}) for row in list(self.params_list)]

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

    def called(self, name: str) -> Metric[T] | None:
        """Its key without parameters, if that has this name, which a user's function gave."""
        with suppress(Exception):  # it may name parameters only
            return self.declare(()) if self._named_by_user and self._name(()) == name else None
        return None

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
        if self._rows is None or getattr(self._manager, "dynamic_metric_creation", False):
            return self.declare(params)
        declared = "; ".join(str(tuple(row)) for row in list(self.params_list)[:8]) or "nothing"
        remedy = "Add it to params_list, or let any parameters in with dynamic_metric_creation=True."
        names = [*self._signature.parameters][: len(params)] if self._signature is not None else []
        alike = [tuple(row) for row in self.params_list if len(row) == len(params) == len(names)]
        raise UndeclaredParametersError(self.base_name, repr(params), declared, remedy, near(names, alike, params))

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

    if not TYPE_CHECKING:

        def __getattr__(self, name: str, /) -> object:
            own = vars(self)
            with own.get("_making", nullcontext()):
                later = own.pop("_made_later", None)
                if later is not None:
                    self.__init__(**later())
                if name in own:
                    return own[name]
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> tuple[object, ...]:
        return (remade, (self._manager, self.recipe()))

    def recipe(self) -> Recipe[P, T]:
        """What it is made from, less the manager."""
        generate = FunctionReference(self.name_generation_function) if self._named_by_user else None
        return Recipe(FunctionReference(self.original_function), self.base_name, self._rows, generate, self.keys)

    def bare_recipe(self) -> Recipe[P, T]:
        """The same without parameter sets, of which a worker is asked for those that it is to compute."""
        return attrs.evolve(self.recipe(), params_list=None, keys={})


@attrs.frozen
class Recipe(Generic[P, T]):
    """What a collected function is made from anew, for the copy of its manager or in another process."""

    function: FunctionReference
    base_name: str
    params_list: Sequence[Sequence[object]] | None
    name_generation_function: FunctionReference | None
    keys: Mapping[str, Metric[T]]

    def follow(self, manager: DatedCacheManager) -> CachedFunction[P, T]:
        """The function, through the cache of this manager; made when it is first used.

        A function that goes by value may name its manager, and then arrives after it, piece by piece.
        """
        made = cast("CachedFunction[P, T]", object.__new__(CachedFunction))
        vars(made).update(_made_later=lambda: self._arguments(manager), _making=threading.RLock())
        return made

    def _arguments(self, manager: DatedCacheManager) -> dict[str, object]:
        named = {"name_generation_function": given.function} if (given := self.name_generation_function) else {}
        made_of = {"base_name": self.base_name, "params_list": self.params_list, "keys": self.keys}
        return {"manager": manager, "function": self.function.function, **made_of, **named}


def remade(manager: DatedCacheManager, recipe: Recipe[P, T]) -> CachedFunction[P, T]:
    """The collected function that a manager has, or one like it for a manager that keeps none."""
    known: object = vars(manager).get(recipe.base_name)
    return cast("CachedFunction[P, T]", known) if isinstance(known, CachedFunction) else recipe.follow(manager)
