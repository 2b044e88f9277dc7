"""From what one asks a manager with, a key or a name, to the metric that it means there."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, TypeVar, cast

from simple_metrics_manager.declaring.checks import declared_metrics, is_metric
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.declaring.parameters import Parameters
from simple_metrics_manager.errors import MetricDeclarationError, NeedsParametersError, UnknownMetricError
from simple_metrics_manager.errors.nearest import nearest
from simple_metrics_manager.keys import default_name_generation_function, metric_in, tells_apart

T = TypeVar("T")

Functions: TypeAlias = Mapping[str, Callable[[], object]]
"""Functions without arguments by the names of their metrics, as in 0.5.0."""


class CollectedCall:
    """What stands in ``functions_dict`` for one parameter set of a collected function."""

    def __init__(self, key: Metric[object]) -> None:
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
        TypeError: it is no key, or the override takes other parameters.
    """
    if not isinstance(cast("object", key), Metric):
        raise TypeError(_no_key(manager, key))
    if not key.declaration.takes_manager:
        return key
    owner = key.declaration.owner
    mro = manager.__mro__
    of_this = owner is None or owner in mro or _spelled(owner) in map(_spelled, mro)  # a cell may have run again
    found: object = getattr(manager, key.declaration.name, None) if of_this else None
    if key.of is None and isinstance(found, Metric):
        return cast("Metric[T]", found)
    if key.of is not None and isinstance(found, ParameterizedMetric):
        return key if found is key.of else _rebound(cast("ParameterizedMetric[..., T]", found), key, key.of.parameters)
    same = key.declaration.name if is_metric(getattr(manager, key.declaration.name, None)) else None
    raise UnknownMetricError(manager.__qualname__, key.label, same and f"{manager.__qualname__}.{same}")


def _rebound(found: ParameterizedMetric[..., T], key: Metric[T], theirs: Parameters) -> Metric[T]:
    """A key of the base class's metric as the override takes its parameters: by their names."""
    try:
        return found.at(found.parameters.adapted(theirs, key.row))
    except TypeError as error:
        label = found.declaration.label
        problem = f"{label}, which overrides it, does not take {key.label}: {error}; ask with {label}(...)"
        raise TypeError(problem) from None


def _no_key(manager: type, given: object) -> str:
    """The sentence for what is neither a key nor a name."""
    known = declared_metrics(manager)
    example = next((name for name, found in known.items() if isinstance(found, Metric)), "x")
    if isinstance(given, ParameterizedMetric):
        metric = cast("ParameterizedMetric[..., object]", given)
        label, names = metric.declaration.label, ", ".join(metric.parameters.names)
        return f"{label} has parameters: write {label}({names}), the key of one parameter set"
    if callable(given) and callable(getattr(given, "key", None)):
        name = getattr(given, "__name__", "it")
        return f"{name} is a collected function: write {name}.key(...) for the key of one parameter set, or call it"
    name = getattr(given, "base_name", None)
    if callable(given) and name in known:
        label = known[str(name)].declaration.label
        return f"cm.{name} is called for its value, as in cm.{name}(...); its key is written {label}(...)"
    if isinstance(given, tuple):
        first = next(iter(cast("tuple[object, ...]", given)), None)
        name = first if isinstance(first, str) else "p"
        shown = reprlib.repr(cast("object", given))
        return f"{shown} is no key: write cm.{name}(...), or cm[{manager.__qualname__}.{name}(...)]"
    shown, label = " ".join(reprlib.repr(given).split()), f"{manager.__qualname__}.{example}"
    return (
        f"{shown} is neither the name of a metric nor its key: write {example!r} or {label}; cm.{example} is the value"
    )


def _spelled(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__


def named_key(manager: type, functions: Functions, name: str) -> Metric[object]:
    """The metric of this name. For a name that means none, a key that may be stored but cannot be computed.

    Raises:
        MetricDeclarationError: it is declared, and there is a function of this name besides.
    """
    if name in functions:
        refuse_declared(manager, name)
        return _of_function(functions[name], name)
    found: object = getattr(manager, name, None)
    if isinstance(found, Metric):
        return cast("Metric[object]", found)
    known = declared_keys(manager, functions)
    if name in known:
        return known[name]
    error: UnknownMetricError
    if isinstance(found, ParameterizedMetric):
        sweep = cast("ParameterizedMetric[..., object]", found)
        example = sweep.at(sweep.params_list[0]).name if sweep.params_list else None
        error = NeedsParametersError(manager.__qualname__, name, example)
    else:
        near = nearest(name, dict.fromkeys([*declared_metrics(manager), *known]))
        error = UnknownMetricError(manager.__qualname__, name, near)
    return _of_function(Unknown(error), name)


def declared_keys(manager: type, functions: Functions) -> dict[str, Metric[object]]:
    """Everything that is declared, by its name; parameter sets also by the names of 0.5.0.

    Raises:
        MetricDeclarationError: a function has the name of a declared metric.
    """
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
        refuse_declared(manager, name)
        known.setdefault(name, _of_function(function, name))
    return known


def refuse_declared(manager: type, name: str) -> None:
    """Refuse a function under a name that a metric of the class has: one would be taken for the other.

    Raises:
        MetricDeclarationError: the class declares it.
    """
    base = metric_in(name)
    if is_metric(getattr(manager, base, None)):
        problem = (
            f"{manager.__qualname__} declares the metric {base!r}, so a function cannot be called {name!r} as well"
        )
        raise MetricDeclarationError(f"{manager.__qualname__}.{base}", f"{problem}; give it another name")


def names_of(metric: str, names: Iterable[str]) -> list[str]:
    """Those of the names that a metric of the class has in memory: ``p,k=1`` and ``p@Base,k=1`` are of ``p``."""
    return [name for name in names if metric_in(name) == metric]


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
