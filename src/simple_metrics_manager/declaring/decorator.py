"""``@metric``: the one name with which metrics are declared, and what the type checker makes of it.

``params_list`` rows are checked against the function's signature, while the keyword names are kept: the protocol
:class:`AcceptsRow` has two overloads, which makes it an intersection of two callables. One is spelled with ``P``,
solved from the function; the other with ``*Ts``, known from the rows, and so only checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeAlias, cast, overload

from typing_extensions import TypeVar, TypeVarTuple

from simple_metrics_manager.declaring.former import Former, OldNames
from simple_metrics_manager.declaring.functions import rows_of
from simple_metrics_manager.declaring.metric import Host, Metric, ParameterizedMetric
from simple_metrics_manager.declaring.options import Files, Options, Version
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.outcomes.reasons import OnStale

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound=Host)
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")

OldParameters: TypeAlias = "Mapping[str, OldNames] | None"
"""Parameters by the names that they have now, with those that they had before."""


class AcceptsRow(Protocol[P, T_co, *Ts]):
    """A method that takes ``P`` and also one row ``*Ts`` of a params_list.

    ``Any`` stands for the manager: the function of a subclass takes that subclass, which no bound here can name.
    """

    @overload
    def __call__(self, manager: Any, /, *args: P.args, **kwargs: P.kwargs) -> T_co: ...
    @overload
    def __call__(self, *args: *tuple[Any, *Ts]) -> T_co: ...


class ParamsList(Generic[*Ts]):
    """What ``metric(params_list=...)`` returns: a decorator."""

    def __init__(self, rows: Iterable[tuple[*Ts]], dynamic: bool, options: Options, /) -> None:
        self._rows = cast("list[Row]", rows_of(rows, "@metric"))
        self._dynamic = dynamic
        self._options = options

    def __call__(self, function: AcceptsRow[P, T, *Ts], /) -> ParameterizedMetric[P, T]:
        plain = cast("Callable[Concatenate[Any, P], T]", function)
        return ParameterizedMetric(plain, self._rows, dynamic=self._dynamic, options=self._options)


class AnyParams:
    """What ``metric(dynamic=True)`` returns: a decorator."""

    def __init__(self, options: Options, /) -> None:
        self._options = options

    def __call__(self, function: Callable[Concatenate[M, P], T], /) -> ParameterizedMetric[P, T]:
        plain = cast("Callable[Concatenate[Any, P], T]", function)
        return ParameterizedMetric(plain, dynamic=True, options=self._options)


class PlainOptions:
    """What ``metric(version=...)`` returns: a decorator."""

    def __init__(self, options: Options, /) -> None:
        self._options = options

    def __call__(self, function: Callable[[M], T], /) -> Metric[T]:
        return Metric(function, options=self._options)


@overload
def metric(function: Callable[[M], T], /) -> Metric[T]: ...
@overload
def metric(
    *,
    params_list: Iterable[tuple[*Ts]],
    dynamic: bool = False,
    version: Version = None,
    format: Format | None = None,
    renamed_from: OldNames = (),
    renamed_parameters: OldParameters = None,
    on_stale: OnStale | None = None,
    max_age: timedelta | None = None,
    files: Files | None = None,
) -> ParamsList[*Ts]: ...
@overload
def metric(
    *,
    dynamic: Literal[True],
    version: Version = None,
    format: Format | None = None,
    renamed_from: OldNames = (),
    renamed_parameters: OldParameters = None,
    on_stale: OnStale | None = None,
    max_age: timedelta | None = None,
    files: Files | None = None,
) -> AnyParams: ...
@overload
def metric(
    *,
    version: Version = None,
    format: Format | None = None,
    renamed_from: OldNames = (),
    on_stale: OnStale | None = None,
    max_age: timedelta | None = None,
    files: Files | None = None,
) -> PlainOptions: ...
def metric(  # noqa: PLR0913 - options, each by its name
    function: Callable[..., object] | None = None,
    /,
    *,
    params_list: Iterable[Row] | None = None,
    dynamic: bool = False,
    version: Version = None,
    format: Format | None = None,  # noqa: A002 - what users write
    renamed_from: OldNames = (),
    renamed_parameters: OldParameters = None,
    on_stale: OnStale | None = None,
    max_age: timedelta | None = None,
    files: Files | None = None,
) -> object:
    """Declare a metric of a manager.

    ``@metric`` above a method without parameters declares a ``Metric[T]``. ``@metric(params_list=[(1, 2), (1, 3)])``
    declares a ``ParameterizedMetric[P, T]`` with these parameter sets, ``@metric(dynamic=True)`` one that may be
    asked with any. A changed ``version`` makes what was stored under another one be computed anew. ``format`` is the
    format of its files where that is not to be the one of the storage, as in ``@metric(format=Json())``.
    ``renamed_from`` has names that it had before: ``adopt_renamed`` of a manager takes over what is stored under them.
    ``renamed_parameters={"new": "old"}`` has those of its parameters.

    ``on_stale`` says what to do about stored values that may be out of date, where that is to be another thing than
    what the manager says. A value that is older than ``max_age`` is such a one. ``files`` are files that the function
    reads: a path, several, or a function that takes what the metric's function takes and gives them. They are noted
    with what they hold, before the function runs; relative paths are looked up from the working directory.

    With ``@override``, write ``@metric`` above it.

    Raises:
        MetricDeclarationError: the function takes parameters and none were declared, or a row does not fit; or
            an option is not what it has to be.
    """
    options = Options(
        version=version,
        form=format,
        former=Former.said(renamed_from, renamed_parameters),
        on_stale=on_stale,
        max_age=max_age,
        files=files,
    )
    if params_list is not None:
        return ParamsList[*tuple[object, ...]](params_list, dynamic, options)
    if dynamic:
        return AnyParams(options)
    plain = PlainOptions(options)
    return plain if function is None else plain(function)
