"""``Metric[T]`` and ``ParameterizedMetric[P, T]``: what a manager's class body declares, and the keys they are.

On an instance a metric is its value, on the class it is the typed key of that value::

    cm.spectrum                    # NDArray[np.float64]
    Digits.spectrum                # Metric[NDArray[np.float64]]
    cm.inertia(10)                 # float
    Digits.inertia(10)             # Metric[float]

This module knows neither storages nor managers: a descriptor asks the :class:`Host` that it was read on. ``Metric``
has one type parameter. With the manager as a second one, keys of another manager could be refused statically, but
then either every override or every base-class key on a subclass is refused as well; that is told when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import CellType
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Never,
    ParamSpec,
    Protocol,
    Self,
    SupportsIndex,
    cast,
    overload,
)

from typing_extensions import TypeVar

from simple_metrics_manager.declaring.bound_metric import BoundMetric
from simple_metrics_manager.declaring.carrying import reduced
from simple_metrics_manager.declaring.declaration import Declaration, spelled_in
from simple_metrics_manager.declaring.functions import check_parameterized, check_plain, check_row, reminder, rows_of
from simple_metrics_manager.declaring.options import Options, Version
from simple_metrics_manager.declaring.parameters import Parameters, Row, typed, unshared
from simple_metrics_manager.declaring.sets import undeclared
from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.keys import metric_name
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import params_text

S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")


class Reader(Protocol):
    """Where a host gets its values from."""

    def attribute(self, host: Host, metric: Metric[T], /) -> T:
        """The value of a metric that was read as an attribute."""
        ...

    def bound(self, host: Host, metric: ParameterizedMetric[P, T], /) -> BoundMetric[P, T]:
        """A parameterized metric that was read as an attribute."""
        ...


class Host(Protocol):
    """What a descriptor needs of the object that it is read on; every manager has it."""

    @property
    def __metrics__(self) -> Reader: ...


class Sweep(Protocol[T_co]):
    """A parameterized metric, as far as the key of one of its parameter sets goes.

    It stands for ``ParameterizedMetric``, which as the type of an attribute would be taken for its descriptor.
    """

    @property
    def parameters(self) -> Parameters: ...
    def at(self, row: Row, /) -> Metric[T_co]: ...


class Metric(Generic[T_co]):
    """A metric without parameters, or one parameter set of a parameterized one: the typed key of a value."""

    declaration: Declaration
    name: str
    """Its name within the manager: ``spectrum``, or ``inertia,k=10``."""
    params: Mapping[str, Tree]
    """Its parameters in canonical form; none for a plain metric."""
    of: Sweep[T_co] | None
    """The parameterized metric that this is one parameter set of."""
    row: Row

    def __init__(
        self,
        function: Callable[[Any], T_co],  # Any: the manager that declares it
        /,
        *,
        version: Version = None,
        format: Format | None = None,  # noqa: A002 - what users write
        options: Options | None = None,
    ) -> None:
        check_plain(function)
        self._become(Declaration(function, options=options or Options(version=version, form=format)), None, (), {})
        self.name = self.declaration.name
        self.__doc__ = function.__doc__
        self.__isabstractmethod__: bool = bool(getattr(function, "__isabstractmethod__", False))

    def _become(self, declaration: Declaration, of: Sweep[T_co] | None, row: Row, params: Mapping[str, Tree]) -> None:
        self.declaration = declaration
        self.of = of
        self.row = row
        self.params = params
        self.params_text: str = params_text(params)

    @classmethod
    def made_from(
        cls,
        declaration: Declaration,
        name: str,
        of: Sweep[T_co] | None = None,
        row: Row = (),
        params: Mapping[str, Tree] | None = None,
    ) -> Self:
        """A key that is no descriptor: a parameter set, or a collected function."""
        key = cls.__new__(cls)
        key._become(declaration, of, row, params or {})
        key.name = name
        return key

    @property
    def function(self) -> Callable[..., T_co]:
        """The function as it was declared."""
        return cast("Callable[..., T_co]", self.declaration.function)

    def base_name_in(self, manager: type) -> str:
        """``spectrum@Base``: its name where a subclass has overridden it and asks for ``super().spectrum``.

        It is ``spectrum@lab.Base`` for a manager that has two bases called so.
        """
        name, owner = self.declaration.name, self.declaration.owner
        return self.name.replace(name, f"{name}@{spelled_in(manager, owner)}", 1) if owner is not None else self.name

    @property
    def label(self) -> str:
        """``Digits.inertia(k=10)``: how messages call it."""
        if self.of is None:
            return self.declaration.label
        return f"{self.declaration.label}({self.of.parameters.spell(self.row)})"

    def call(self, host: object, /) -> T_co:
        """Run the function, plainly, on parameters of its own."""
        return self.apply(self.function, host)

    def apply(self, function: Callable[..., S], host: object, /) -> S:
        """Run any function as that of the metric is run."""
        first = (host,) if self.declaration.takes_manager else ()
        if self.of is None:
            return function(*first, *unshared(self.row))
        positional, keywords = self.of.parameters.arguments(unshared(self.row))
        return function(*first, *positional, **keywords)

    @property
    def __closure__(self) -> tuple[CellType, ...] | None:
        """attrs repairs ``super()`` through this, in the class that ``slots=True`` makes anew."""
        return cast("tuple[CellType, ...] | None", getattr(self.function, "__closure__", None))

    def __set_name__(self, owner: type, name: str, /) -> None:
        self.declaration.set_name(owner, name)
        self.name = self.declaration.name

    def __repr__(self) -> str:
        return f"<Metric {self.label}>"

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> str | tuple[object, ...]:
        if self.of is not None:
            return (self.of.at, (self.row,))
        return reduced(self.declaration.owner, self.name, self) or super().__reduce_ex__(protocol)

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(self, instance: Host, owner: type | None = None, /) -> T_co: ...
    def __get__(self, instance: Host | None, owner: type | None = None, /) -> Self | T_co:
        if instance is None:
            return self
        return instance.__metrics__.attribute(instance, self)

    if TYPE_CHECKING:
        # Read-only for type checkers. At run time it must not exist: a descriptor with __set__ would come before
        # the instance's __dict__, where a value that was read once waits for the next read.
        def __set__(self, instance: Host, value: Never, /) -> None: ...


class ParameterizedMetric(Generic[P, T]):
    """A metric with parameters. Called on the class, ``Digits.inertia(10)``, it gives the key of one parameter set.

    It is no ``Metric`` itself, so that ``cm.get(Digits.inertia)`` is an error before anything runs.
    """

    declaration: Declaration
    parameters: Parameters
    params_list: list[Row]
    """The declared parameter sets, defaults filled in."""
    dynamic: bool
    """Whether other parameters than those of ``params_list`` may be asked for."""

    def __init__(
        self,
        function: Callable[Concatenate[Any, P], T],  # Any: the manager that declares it
        /,
        params_list: Iterable[Row] = (),
        *,
        dynamic: bool = True,
        version: Version = None,
        format: Format | None = None,  # noqa: A002 - what users write
        options: Options | None = None,
    ) -> None:
        check_parameterized(function)
        self.declaration = Declaration(function, options=options or Options(version=version, form=format))
        self.__doc__ = function.__doc__
        self.__isabstractmethod__: bool = bool(getattr(function, "__isabstractmethod__", False))
        self.parameters = Parameters(function, 1, self.declaration.name)
        self.declaration.options.former.check(self.declaration.name, self.parameters.names)
        self.dynamic = dynamic
        self.params_list = []
        self._keys: dict[Row, Metric[T]] = {}
        self._declared: set[str] = set()
        for row in rows_of(params_list, self.declaration.name):
            check_row(self.declaration.name, row)
            try:
                self._declare(self.parameters.row(*row))
            except TypeError as error:
                problem = f"params_list has {row!r}: {error}{reminder(function)}"
                raise MetricDeclarationError(self.declaration.name, problem) from None

    @property
    def name(self) -> str:
        """Its name in the class."""
        return self.declaration.name

    @property
    def __closure__(self) -> tuple[CellType, ...] | None:
        return cast("tuple[CellType, ...] | None", getattr(self.declaration.function, "__closure__", None))

    def __set_name__(self, owner: type, name: str, /) -> None:
        self.declaration.set_name(owner, name)

    def __repr__(self) -> str:
        return f"<ParameterizedMetric {self.declaration.label}({', '.join(self.parameters.names)})>"

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> str | tuple[object, ...]:
        return reduced(self.declaration.owner, self.name, self) or super().__reduce_ex__(protocol)

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(self, instance: Host, owner: type | None = None, /) -> BoundMetric[P, T]: ...
    def __get__(self, instance: Host | None, owner: type | None = None, /) -> Self | BoundMetric[P, T]:
        if instance is None:
            return self
        return instance.__metrics__.bound(instance, self)

    if TYPE_CHECKING:

        def __set__(self, instance: Host, value: Never, /) -> None: ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Metric[T]:
        """The key of one parameter set.

        Raises:
            UndeclaredParametersError: ``params_list`` does not hold it, and the metric is not ``dynamic``.
        """
        return self.at(self.parameters.row(*args, **kwargs))

    def declare(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Add one parameter set to ``params_list``, in the class body: checked like a call, keywords and all."""
        self._declare(self.parameters.row(*args, **kwargs))

    def at(self, row: Row, /) -> Metric[T]:
        """The key of one row, all parameters in order."""
        fast = typed(row)
        if fast is not None and fast in self._keys:
            return self._keys[fast]
        params = self.parameters.canonical(row)
        name = metric_name("", params)
        if not self.dynamic and name not in self._declared:
            raise undeclared(
                self.declaration.label, self.parameters.names, self.parameters.spell, self.params_list, row
            )
        key = Metric[T].made_from(self.declaration, self.name + name, self, unshared(row), params)
        if fast is not None:
            key = self._keys.setdefault(fast, key)
        return key

    def _declare(self, row: Row) -> None:
        self._declared.add(metric_name("", self.parameters.canonical(row)))
        self.params_list.append(unshared(row))
