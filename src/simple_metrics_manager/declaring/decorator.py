"""``@metric``: the one name with which metrics are declared, and what the type checker makes of it.

``params_list`` rows are checked against the function's signature, while the keyword names are kept: the protocol
:class:`AcceptsRow` has two overloads, which makes it an intersection of two callables. One is spelled with ``P``,
solved from the function; the other with ``*Ts``, known from the rows, and so only checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeAlias, cast, overload

from typing_extensions import TypeVar, TypeVarTuple

from simple_metrics_manager.declaring.declaration import Version
from simple_metrics_manager.declaring.functions import rows_of
from simple_metrics_manager.declaring.metric import Host, Metric, ParameterizedMetric
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.formats.base import Format

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
M = TypeVar("M", bound=Host)
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")

OldNames: TypeAlias = "str | tuple[str, ...]"
"""One name that a metric had before, or several."""


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

    def __init__(
        self,
        rows: Iterable[tuple[*Ts]],
        dynamic: bool,
        version: Version,
        form: Format | None,
        old: tuple[str, ...] = (),
        /,
    ) -> None:
        self._rows = cast("list[Row]", rows_of(rows, "@metric"))
        self._dynamic = dynamic
        self._version = version
        self._form = form
        self._old = old

    def __call__(self, function: AcceptsRow[P, T, *Ts], /) -> ParameterizedMetric[P, T]:
        plain = cast("Callable[Concatenate[Any, P], T]", function)
        made = ParameterizedMetric(plain, self._rows, dynamic=self._dynamic, version=self._version, format=self._form)
        made.declaration.renamed_from = self._old
        return made


class AnyParams:
    """What ``metric(dynamic=True)`` returns: a decorator."""

    def __init__(self, version: Version, form: Format | None, old: tuple[str, ...], /) -> None:
        self._version = version
        self._form = form
        self._old = old

    def __call__(self, function: Callable[Concatenate[M, P], T], /) -> ParameterizedMetric[P, T]:
        plain = cast("Callable[Concatenate[Any, P], T]", function)
        made = ParameterizedMetric(plain, dynamic=True, version=self._version, format=self._form)
        made.declaration.renamed_from = self._old
        return made


class PlainOptions:
    """What ``metric(version=...)`` returns: a decorator."""

    def __init__(self, version: Version, form: Format | None, old: tuple[str, ...], /) -> None:
        self._version = version
        self._form = form
        self._old = old

    def __call__(self, function: Callable[[M], T], /) -> Metric[T]:
        made = Metric(function, version=self._version, format=self._form)
        made.declaration.renamed_from = self._old
        return made


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
) -> ParamsList[*Ts]: ...
@overload
def metric(
    *, dynamic: Literal[True], version: Version = None, format: Format | None = None, renamed_from: OldNames = ()
) -> AnyParams: ...
@overload
def metric(*, version: Version = None, format: Format | None = None, renamed_from: OldNames = ()) -> PlainOptions: ...
def metric(
    function: Callable[..., object] | None = None,
    /,
    *,
    params_list: Iterable[Row] | None = None,
    dynamic: bool = False,
    version: Version = None,
    format: Format | None = None,  # noqa: A002 - what users write
    renamed_from: OldNames = (),
) -> object:
    """Declare a metric of a manager.

    ``@metric`` above a method without parameters declares a ``Metric[T]``. ``@metric(params_list=[(1, 2), (1, 3)])``
    declares a ``ParameterizedMetric[P, T]`` with these parameter sets, ``@metric(dynamic=True)`` one that may be
    asked with any. A changed ``version`` makes what was stored under another one be computed anew. ``format`` is the
    format of its files where that is not to be the one of the storage, as in ``@metric(format=Json())``.
    ``renamed_from`` has names that it had before: ``adopt_renamed`` of a manager takes over what is stored under them.

    With ``@override``, write ``@metric`` above it.

    Raises:
        MetricDeclarationError: the function takes parameters and none were declared, or a row does not fit; or
            ``format`` is none, or ``renamed_from`` no name.
    """
    if format is not None and not isinstance(cast("object", format), Format):
        raise MetricDeclarationError("@metric", f"{format!r} is no format; give one, as in format=Json()")
    old = (renamed_from,) if isinstance(renamed_from, str) else renamed_from
    if not isinstance(cast("object", old), tuple) or not all(isinstance(cast("object", name), str) for name in old):
        raise MetricDeclarationError("@metric", f"renamed_from={renamed_from!r} is no name, and no tuple of names")
    if params_list is not None:
        return ParamsList[*tuple[object, ...]](params_list, dynamic, version, format, old)
    if dynamic:
        return AnyParams(version, format, old)
    options = PlainOptions(version, format, old)
    return options if function is None else options(function)
