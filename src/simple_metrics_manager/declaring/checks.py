"""What can be wrong with a manager class, told at the class statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

from simple_metrics_manager.declaring.functions import inside
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.keys import DATE

AnyMetric: TypeAlias = "Metric[object] | ParameterizedMetric[..., object]"

RESERVED = frozenset(
    {
        "accept",
        "adopt_renamed",
        "aget",
        "cache",
        "check",
        "clear",
        "clear_cache",
        "collect",
        "compute",
        "date",
        "exists",
        "functions_dict",
        "get",
        "get_all",
        "graph",
        "iter_all",
        "load",
        "memory_limit",
        "on_stale",
        "metric_inputs",
        "old_names",
        "on_corrupt",
        "provenance",
        "retry_failed",
        "save",
        "set_functions_dict",
        "status",
        "storage",
        "storage_interface",
        "stored_module",
        "use",
        "verbose",
        "verify",
        "why",
    }
)
"""Names of a manager's own methods, those that are still to come included: no metric may have one."""


def declared_metrics(manager: type) -> Mapping[str, AnyMetric]:
    """The metrics of a manager class by name, inherited ones first."""
    found: dict[str, AnyMetric] = {}
    for base in reversed(manager.__mro__):
        own = own_metrics(base)
        found = {name: value for name, value in found.items() if name not in vars(base) or name in own} | own
    return found


def own_metrics(kind: type) -> dict[str, AnyMetric]:
    """The metrics that a class itself declares."""
    return {name: cast("AnyMetric", value) for name, value in vars(kind).items() if is_metric(value)}


def is_metric(value: object) -> bool:
    """Whether this is the descriptor of a metric, with parameters or without."""
    return isinstance(value, (Metric, ParameterizedMetric))


def check_class(manager: type) -> None:
    """Look at what the class statement has made.

    Raises:
        MetricDeclarationError: a metric of this class cannot work.
    """
    check_fields(manager)
    where = manager.__qualname__
    _check_wrapped(manager)
    for name, found in own_metrics(manager).items():
        _check_name(where, name, found)
        found.declaration.check(manager)
    check_names(where, declared_metrics(manager))


def check_fields(manager: type) -> None:
    """Refuse metrics that an annotation has made fields of an attrs class or dataclass; they would never run."""
    fields: Mapping[str, object] = {field.name: field.default for field in getattr(manager, "__attrs_attrs__", ())}
    fields = fields or {name: field.default for name, field in getattr(manager, "__dataclass_fields__", {}).items()}
    annotations = vars(manager).get("__annotations__", {})
    for name, default in fields.items():
        value: object = default if is_metric(default) else vars(manager).get(name)
        if is_metric(value) and (name in annotations or default is value):
            raise MetricDeclarationError(
                f"{manager.__qualname__}.{name}",
                f"it is a metric, but its annotation makes it a field: write '{name} = Metric(...)', "
                f"'{name}: ClassVar[Metric[...]] = Metric(...)' or use @metric",
            )


def _check_wrapped(manager: type) -> None:
    """Refuse ``@property`` and the like above ``@metric``: the attribute would be the metric, not its value."""
    for name, value in vars(manager).items():
        kind, inner = inside(value) or ("", None)
        if is_metric(inner):
            problem = f"@{kind} stands above @metric, which makes an attribute of the function already"
            raise MetricDeclarationError(f"{manager.__qualname__}.{name}", f"{problem}; leave @{kind} away")


def _check_name(where: str, name: str, value: AnyMetric) -> None:
    if name in RESERVED:
        raise MetricDeclarationError(f"{where}.{name}", f"the name {name!r} is the manager's own; choose another one")
    if value.declaration.name != name:
        known = value.declaration
        problem = f"it is the metric {known.label} already; declare a metric that returns self.{known.name}"
        raise MetricDeclarationError(f"{where}.{name}", problem)


def check_names(where: str, names: Mapping[str, object]) -> None:
    """Refuse two metrics that would meet in a storage: equal but for capitals, or one the other's date."""
    folded: dict[str, str] = {}
    for name in names:
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            problem = f"it differs from {other!r} in capitals only, and some file systems do not; rename one of them"
            raise MetricDeclarationError(f"{where}.{name}", problem)
        if name.endswith(DATE) and name.removesuffix(DATE) in names:
            problem = f"in a storage this is the date of {name.removesuffix(DATE)!r}; rename one of them"
            raise MetricDeclarationError(f"{where}.{name}", problem)
