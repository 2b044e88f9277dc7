"""What goes along with a manager by value: the code of its metrics, whose source a worker could not find.

cloudpickle sends functions without the name of their file, so what they are made of is found out before they leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TypeAlias

from simple_metrics_manager.declaring.checks import AnyMetric, own_metrics
from simple_metrics_manager.declaring.references import FunctionReference
from simple_metrics_manager.fingerprint import Fingerprint

Codes: TypeAlias = tuple[Fingerprint, ...]
Functions: TypeAlias = "dict[str, Callable[[], object]]"
Sent: TypeAlias = "Mapping[str, Callable[[], object] | FunctionReference]"


def codes_of(manager: type) -> Codes:
    """The code of each metric of a class and its bases, those that are overridden included."""
    return tuple(metric.declaration.fingerprint(manager) for metric in _metrics(manager))


def bring_codes(manager: type, codes: Codes) -> None:
    """Note them in the class that has arrived."""
    for metric, code in zip(_metrics(manager), codes, strict=True):
        metric.declaration.bring(manager, code)


def _metrics(manager: type) -> list[AnyMetric]:
    return [metric for base in manager.__mro__ for _, metric in sorted(own_metrics(base).items())]


def referred(functions: Functions) -> Sent:
    """Functions by name, to be sent by value."""
    plain = {name: function for name, function in functions.items() if isinstance(function, FunctionType)}
    return functions | {name: FunctionReference(function) for name, function in plain.items()}


def arrived(functions: Sent) -> Functions:
    """The functions that were sent."""
    return {name: each.function if isinstance(each, FunctionReference) else each for name, each in functions.items()}
