"""Which points a sweep has: those that are declared, and those that were asked for besides and are stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias, cast

from simple_metrics_manager.declaring.checks import declared_metrics
from simple_metrics_manager.declaring.lookup import CollectedCall, named_key
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.errors import UnknownMetricError
from simple_metrics_manager.keys import stored_name, without_params
from simple_metrics_manager.storing.entries import StoredEntries

_CALLED = re.compile(r"[^\W\d]\w*")


class Swept(Protocol):
    """A parameterized metric, of a manager or of its class, or a collected function."""

    @property
    def params_list(self) -> Iterable[object]: ...


Functions: TypeAlias = "Mapping[str, Callable[[], object]]"


class Points:
    """One row of a status: a plain metric, or the declared points of a sweep; ``declared`` is the latter's metric."""

    __slots__ = ("declared", "keys", "label", "name", "sweep")

    # No attrs class: a metric that is declared as a field would be taken for the descriptor that it is in class bodies.
    def __init__(
        self,
        name: str,
        label: str,
        keys: list[Metric[object]],
        *,
        sweep: bool,
        declared: ParameterizedMetric[..., object] | None = None,
    ) -> None:
        self.name: str = name
        self.label: str = label
        self.keys: list[Metric[object]] = keys
        self.sweep: bool = sweep
        self.declared: ParameterizedMetric[..., object] | None = declared

    def with_stored(self, stored: Iterable[str]) -> list[Metric[object]]:
        """Its keys, and those of further points of which these are the names, if others may be asked for."""
        if self.declared is None or not self.declared.dynamic:
            return self.keys
        known, declaration = {key.name for key in self.keys}, self.declared.declaration
        further = sorted(name for name in stored if name not in known)
        return [*self.keys, *(Metric[object].made_from(declaration, name) for name in further)]


def all_points(manager: type, functions: Functions) -> list[Points]:
    """Everything that a manager has: what its class declares, then its functions."""
    found: list[Points] = []
    for name, each in declared_metrics(manager).items():
        if isinstance(each, Metric):
            found.append(Points(name, each.label, [each], sweep=False))
        else:
            found.append(_of_sweep(each))
    collected: dict[object, list[Metric[object]]] = {}
    for name, function in functions.items():
        key = named_key(manager, functions, name)
        collected.setdefault(key.declaration if isinstance(function, CollectedCall) else name, []).append(key)
    return [*found, *map(_of_functions, collected.values())]


def points_called(manager: type, functions: Functions, sweep: Swept | str) -> Points | None:
    """The points of a sweep; None for what is no sweep.

    Raises:
        UnknownMetricError: it is a parameterized metric of another manager.
    """
    if isinstance(sweep, ParameterizedMetric):
        metric = cast("ParameterizedMetric[..., object]", sweep)
        if metric.declaration.owner not in manager.__mro__:
            raise UnknownMetricError(manager.__qualname__, metric.declaration.label)
        name = metric.name
    else:
        name = sweep if isinstance(sweep, str) else _name(sweep)
    if name in functions or not name:
        return None
    found: object = getattr(manager, name, None)
    if isinstance(found, ParameterizedMetric):
        return _of_sweep(cast("ParameterizedMetric[..., object]", found))
    calls = [each for each in functions.values() if isinstance(each, CollectedCall)]
    keys = [each.key for each in calls if each.key.declaration.name == name]
    if not keys and not isinstance(sweep, str):
        raise UnknownMetricError(manager.__qualname__, name)
    return Points(name, name, keys, sweep=True) if keys else None


def stored_names(storage: object) -> frozenset[str] | None:
    """All names that a storage has; None if it does not tell."""
    return frozenset(storage.names()) if isinstance(storage, StoredEntries) else None


def by_metric(names: Iterable[str], label: str) -> Mapping[str, list[str]]:
    """The names of stored points within the manager that has this label, by their metrics."""
    begin = stored_name(label, "") if label else ""
    found: dict[str, list[str]] = {}
    for name in names:
        own = name.removeprefix(begin)
        metric = without_params(own)
        if name.startswith(begin) and metric != own and _CALLED.fullmatch(metric):
            found.setdefault(metric, []).append(own)
    return found


def _of_sweep(metric: ParameterizedMetric[..., object]) -> Points:
    keys = [metric.at(row) for row in metric.params_list]
    return Points(metric.name, metric.declaration.label, keys, sweep=True, declared=metric)


def _of_functions(keys: list[Metric[object]]) -> Points:
    first = keys[0]
    if len(keys) == 1 and not first.params:
        return Points(first.name, first.label, keys, sweep=False)
    return Points(first.declaration.name, first.label, keys, sweep=True)


def _name(sweep: Swept) -> str:
    """Of a bound metric, a collected function, or what stands in its module in place of that."""
    return str(getattr(getattr(sweep, "_cached", sweep), "base_name", ""))
