"""From what one asks a manager with, a key or a name, to the metric that it means there."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

from simple_metrics_manager.declaring.checks import declared_metrics
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.errors import UnknownMetricError
from simple_metrics_manager.keys import default_name_generation_function, tells_apart

T = TypeVar("T")

Functions: TypeAlias = Mapping[str, Callable[[], object]]
"""Functions without arguments by the names of their metrics, as in 0.5.0."""


class CollectedCall:
    """What stands in ``functions_dict`` for one parameter set of a collected function."""

    def __init__(self, key: Metric[Any]) -> None:
        self.key: Metric[object] = key

    def __call__(self) -> object:
        return self.key.call(None)


class Unknown:
    """What is called for a name that may be stored but has no function."""

    def __init__(self, error: UnknownMetricError) -> None:
        self.error = error

    def __call__(self) -> object:
        raise self.error


def key_of(manager: type, key: Metric[T]) -> Metric[T]:
    """The metric that a key means for managers of this class: a subclass's override, as with methods.

    Raises:
        UnknownMetricError: it is the key of another manager.
    """
    if not key.declaration.takes_manager:
        return key
    owner = key.declaration.owner
    mro = manager.__mro__
    of_this = owner is None or owner in mro or _spelled(owner) in map(_spelled, mro)  # a cell may have run again
    found: object = getattr(manager, key.declaration.name, None) if of_this else None
    if key.of is None and isinstance(found, Metric):
        return cast("Metric[T]", found)
    if key.of is not None and isinstance(found, ParameterizedMetric):
        return key if found is key.of else cast("ParameterizedMetric[..., T]", found).at(key.row)
    raise UnknownMetricError(manager.__qualname__, key.label)


def _spelled(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__


def named_key(manager: type, functions: Functions, name: str) -> Metric[object]:
    """The metric of this name. For a name that means none, a key that may be stored but cannot be computed."""
    if name in functions:
        return _of_function(functions[name], name)
    found: object = getattr(manager, name, None)
    if isinstance(found, Metric):
        return cast("Metric[object]", found)
    known = declared_keys(manager, functions)
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    error = UnknownMetricError(manager.__qualname__, name, near[0] if near else None)
    return _of_function(Unknown(error), name)


def declared_keys(manager: type, functions: Functions) -> dict[str, Metric[object]]:
    """Everything that is declared, by its name; parameter sets also by the names of 0.5.0."""
    known: dict[str, Metric[object]] = {}
    for name, found in declared_metrics(manager).items():
        if isinstance(found, Metric):
            known[name] = found
            continue
        for row in found.params_list:
            key = found.at(row)
            known[key.name] = key
            if tells_apart(row):
                known.setdefault(default_name_generation_function(name, row), key)
    for name, function in functions.items():
        known.setdefault(name, _of_function(function, name))
    return known


def distinct(keys: Mapping[str, Metric[object]]) -> Iterable[Metric[object]]:
    """Each key once, under however many names it is known."""
    return {id(key): key for key in keys.values()}.values()


def _of_function(function: Callable[[], object], name: str) -> Metric[object]:
    if isinstance(function, CollectedCall):
        return function.key
    declaration = Declaration(function, takes_manager=False, lenient=True)
    declaration.name = name
    declaration.anonymous = True
    return Metric[object].made_from(declaration, name)
