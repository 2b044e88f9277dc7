"""What names on the command line mean: metrics, patterns of them, what they read, and points by their parameters."""

from __future__ import annotations

import ast
import difflib
import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from simple_metrics_manager.declaring.lookup import named_key
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.errors import ConfigError, UndeclaredParametersError, UnknownMetricError
from simple_metrics_manager.errors.nearest import nearest
from simple_metrics_manager.freshness.graph import MetricGraph
from simple_metrics_manager.freshness.sweeps import Points, all_points
from simple_metrics_manager.manager import DatedCacheManager

_CALLED = re.compile(r"([^\W\d]\w*)\s*[\[(](.*)[\])]")


@attrs.frozen(eq=False)
class Target:
    """What one name means: a metric or all of a sweep if it is ``whole``, else some points of it."""

    points: Points
    keys: tuple[Metric[object], ...]
    whole: bool

    @property
    def asked(self) -> list[Metric[object] | str]:
        """What a manager is asked for: the sweep as such by its name, or each point by its key."""
        return [self.points.name] if self.whole else [*self.keys]


def metrics_of(manager: DatedCacheManager) -> dict[str, Points]:
    """Everything that is declared, by name."""
    return {each.name: each for each in all_points(type(manager), manager.functions_dict)}


def matching(manager: DatedCacheManager, patterns: Iterable[str], graph: MetricGraph | None = None) -> list[str]:
    """The metrics that are meant, in the order in which they are declared; all of them if nothing is said.

    A pattern is a name, perhaps with ``*``. ``+name`` is also all that it reads, and ``name+`` all that reads it.

    Raises:
        UnknownMetricError: there is none of this name, or no name like this pattern.
    """
    known = metrics_of(manager)
    patterns = list(patterns)
    if not patterns:
        return [*known]
    found: set[str] = set()
    for pattern in patterns:
        plain = pattern.removeprefix("+").removesuffix("+")
        here = set(fnmatch.filter(known, plain))
        if not here:
            raise unknown(manager, plain, known)
        if pattern != plain and graph is None:
            graph = manager.graph()
        if graph is not None and pattern.startswith("+"):
            here |= reachable(here, graph.inputs)
        if graph is not None and pattern.endswith("+"):
            here |= reachable(here, graph.readers)
        found |= here
    return [name for name in known if name in found]


def reachable(names: Iterable[str], step: Callable[[str], Iterable[str]]) -> set[str]:
    """What can be reached from these names, themselves left out unless they are reached."""
    todo, found = list(names), set[str]()
    while todo:
        new = [name for name in step(todo.pop()) if name not in found]
        found.update(new)
        todo += new
    return found


def unknown(manager: DatedCacheManager, name: str, known: Iterable[str]) -> UnknownMetricError:
    """The error about a name that means nothing, with what may have been meant."""
    near = nearest(name, known)
    if near is None:
        error = named_key(type(manager), manager.functions_dict, name).declaration.unknown
        if error is not None:
            return error
    return UnknownMetricError(type(manager).__qualname__, name, near)


def target(manager: DatedCacheManager, name: str, params: Sequence[str]) -> Target:
    """What ``NAME -p K=V`` means; ``NAME[K=V, K=V]`` and the name of a stored point are understood as well.

    Raises:
        UnknownMetricError: there is no such metric.
        UndeclaredParametersError: there is no such point.
        ConfigError: a parameter is not written ``K=V``, or the metric has none of this name.
    """
    known = metrics_of(manager)
    called = _CALLED.fullmatch(name)
    if called is not None and called[1] in known:
        name, params = called[1], [*params, *(part for part in re.split(r",\s*", called[2]) if part)]
    points = known.get(name)
    if points is None:
        key = named_key(type(manager), manager.functions_dict, name)
        if key.declaration.unknown is not None:
            raise unknown(manager, name, known)
        owner = known.get(key.declaration.name)
        points = owner if owner is not None else Points(name, key.label, [key], sweep=False)
        return Target(points, (key,), whole=False)
    if not params:
        return Target(points, tuple(points.keys), whole=True)
    return Target(points, _with(points, dict(map(_parted, params))), whole=False)


def _parted(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ConfigError((f"{text!r} is no parameter: write -p NAME=VALUE",))
    return name.strip(), value.strip()


def _with(points: Points, params: Mapping[str, str]) -> tuple[Metric[object], ...]:
    """The points that have these parameters; one that is not declared, where all are given and others are allowed."""
    names = _names(points)
    for name in params:
        if name not in names:
            near = nearest(name, names)
            hint = f" Did you mean {near!r}?" if near is not None else ""
            takes = f"takes {', '.join(names)}" if names else "has no parameters"
            raise ConfigError((f"{points.label} {takes}, not {name!r}.{hint}",))
    keys = tuple(key for key in points.keys if all(says(text, _value(key, name)) for name, text in params.items()))
    if keys:
        return keys
    sweep = points.declared
    if sweep is not None and sweep.dynamic and set(params) == set(names):
        return (sweep.at(_row(sweep, params)),)
    raise _undeclared(points, params)


def _names(points: Points) -> list[str]:
    if points.declared is not None:
        return [*points.declared.parameters.names]
    return [*points.keys[0].params] if points.keys else []


def _value(key: Metric[object], name: str) -> object:
    """What a point has as this parameter, as it was declared; or else in canonical form."""
    sweep = key.of
    if isinstance(sweep, ParameterizedMetric):
        names = list(sweep.parameters.names)
        return key.row[names.index(name)]
    return key.params[name]


def says(text: str, value: object) -> bool:
    """Whether somebody who types this text means this value."""
    if text in (str(value), repr(value)):
        return True
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, int | float):
        try:
            return float(text) == value
        except ValueError:
            return False
    return False


def _row(sweep: ParameterizedMetric[..., object], params: Mapping[str, str]) -> Row:
    """A row that is not declared: values of the kinds that the declared ones have."""
    names = list(sweep.parameters.names)
    row: list[object] = []
    for index, name in enumerate(names):
        like = [each[index] for each in sweep.params_list]
        row.append(_read(params[name], like))
    return tuple(row)


def _read(text: str, like: Sequence[object]) -> object:
    kinds = {type(each) for each in like}
    if kinds == {str}:
        return text
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return float(value) if kinds == {float} and type(value) is int else value


def _undeclared(points: Points, params: Mapping[str, str]) -> UndeclaredParametersError:
    spelled = ", ".join(f"{name}={text}" for name, text in params.items())
    values = {name: [*dict.fromkeys(_value(key, name) for key in points.keys)] for name in _names(points)}
    declared = "; ".join(f"{name} in {', '.join(map(repr, each))}" for name, each in values.items())
    no_numbers = [f"{name}={text}" for name, text in params.items() if _lacks_number(text, values[name])]
    closest = [f"{name}={_near(text, values[name])!r}" for name, text in params.items() if values[name]]
    remedy = f"Nearest: {', '.join(closest)}." if closest else "It has no points at all."
    if no_numbers:
        remedy = f"A number is needed, not {', '.join(no_numbers)}."
    return UndeclaredParametersError(points.label, spelled, declared or "nothing", remedy)


def _lacks_number(text: str, values: Sequence[object]) -> bool:
    """Whether numbers are declared, and this is none."""
    if not values or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in values):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False


def _near(text: str, values: Sequence[object]) -> object:
    try:
        number = float(text)
    except ValueError:
        near = difflib.get_close_matches(text, map(str, values), 1, cutoff=0.0)
        return next((each for each in values if near and str(each) == near[0]), values[0])
    numbers = [each for each in values if isinstance(each, int | float)]
    return min(numbers, key=lambda each: abs(each - number)) if numbers else values[0]
