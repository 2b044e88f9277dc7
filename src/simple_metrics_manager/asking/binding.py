"""``cm.inertia``: a parameterized metric of one manager, as a function.

It is a function and no object with ``__call__``, since a hit then costs one call less: code made for the
function's own signature looks into a dictionary of what was promoted, and comes here only if it is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar, cast

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.memory import Held, Memory
from simple_metrics_manager.declaring.bound_metric import BoundMetric
from simple_metrics_manager.declaring.get_all import GetAll
from simple_metrics_manager.declaring.labelled import LabelledArray, labelled
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.declaring.parameters import Row, typed, unshared
from simple_metrics_manager.markup import Shown, bundle
from simple_metrics_manager.sweeping.get_all import GetAllOf
from simple_metrics_manager.sweeping.host import Manager

if TYPE_CHECKING:
    from simple_metrics_manager.declaring.frames import DataFrame
    from simple_metrics_manager.declaring.xarrays import DataArray

M_contra = TypeVar("M_contra", contravariant=True)
H = TypeVar("H")
P = ParamSpec("P")
T = TypeVar("T")


class Source(Protocol[M_contra]):
    """Where the values come from."""

    memory: Memory

    def get(
        self,
        host: M_contra,
        key: Metric[object],
        name: str | None = None,
        *,
        use_stored: bool = True,
        verbose: bool | None = None,
    ) -> Held: ...
    def exists(self, host: M_contra, key: Metric[object]) -> bool: ...
    def date(self, host: M_contra, key: Metric[object]) -> datetime: ...
    def promotes(self, host: M_contra) -> bool: ...


class Explaining(Protocol):
    """A manager, which says what there is to say about a sweep."""

    def why(self, sweep: object, /) -> Shown: ...


def bind(source: Source[H], host: H, metric: ParameterizedMetric[P, T]) -> BoundMetric[P, T]:
    """The metric of this manager."""
    memo: dict[Row, object] = {}
    shadowed = getattr(type(host), metric.name, None) is not metric

    def value(row: Row, use_stored: bool = True) -> T:
        key = metric.at(row)
        name = key.base_name_in(type(host)) if shadowed else key.name
        held = source.get(host, key, name, use_stored=use_stored)
        fast = typed(row)
        if held.immutable and fast is not None and not running.active and source.promotes(host):
            source.memory.remember(memo, fast, name, held)
        return cast("T", held.give())

    def fresh(*args: object, **kwargs: object) -> T:
        return value(metric.parameters.row(*args, **kwargs), use_stored=False)

    def exists(*args: object, **kwargs: object) -> bool:
        return source.exists(host, metric.at(metric.parameters.row(*args, **kwargs)))

    def items(*, use_stored: bool = True) -> Iterator[tuple[Row, T]]:
        for row in tuple(metric.params_list):
            yield unshared(row), value(row, use_stored)

    def keys() -> list[Metric[object]]:
        return [renamed(metric.at(row)) if shadowed else metric.at(row) for row in tuple(metric.params_list)]

    def renamed(key: Metric[T]) -> Metric[T]:
        name = key.base_name_in(type(host))
        return Metric[T].made_from(key.declaration, name, key.of, key.row, key.params)

    get_all = cast("GetAll[T]", GetAllOf(cast("Manager", host), keys, metric.declaration.label))

    def to_array(*, use_stored: bool = True) -> LabelledArray:
        rows, values = tuple(metric.params_list), get_all(use_stored=use_stored)
        return labelled(metric.name, metric.parameters.names, rows, values)

    def to_xarray(*, use_stored: bool = True) -> DataArray:
        return to_array(use_stored=use_stored).to_xarray()

    def to_dataframe(*, use_stored: bool = True) -> DataFrame:
        from simple_metrics_manager.declaring.frames import data_frame  # noqa: PLC0415  # imports pandas

        rows, values = tuple(metric.params_list), get_all(use_stored=use_stored)
        return data_frame(metric.name, metric.parameters.names, rows, values)

    call = metric.parameters.remembering(memo, value)
    original = metric.declaration.function
    call.__doc__ = original.__doc__
    call.__module__ = original.__module__
    call.__dict__.update(
        original_function=original,
        base_name=metric.name,
        params_list=metric.params_list,
        fresh=fresh,
        exists=exists,
        items=items,
        get_all=get_all,
        to_array=to_array,
        to_xarray=to_xarray,
        to_dataframe=to_dataframe,
        _repr_mimebundle_=_for_notebooks(cast("Explaining", host), call),
    )
    return cast("BoundMetric[P, T]", call)


def _for_notebooks(host: Explaining, metric: object) -> Callable[..., dict[str, str]]:
    """How IPython and marimo show the metric: by what there is to say about its points."""

    def shown(include: Iterable[str] | None = None, exclude: Iterable[str] | None = None) -> dict[str, str]:
        found = host.why(metric)
        return bundle(str(found), found.__html__())

    return shown
