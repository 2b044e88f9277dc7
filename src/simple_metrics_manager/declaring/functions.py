"""Which functions can be metrics: what is no plain method is told where it is declared, with the way out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from simple_metrics_manager.errors import MetricDeclarationError

R = TypeVar("R")

_WRAPPERS: dict[type, str] = {
    property: "fget",
    functools.cached_property: "func",
    classmethod: "__func__",
    staticmethod: "__func__",
}
"""Descriptors that take a function, and the attribute where they keep it."""

_NUMBERS_AND_TEXT = ("int", "float", "complex", "bool", "str", "bytes", "list", "tuple", "dict", "set")
"""Annotations that no manager has."""


def check_plain(function: object) -> None:
    """Refuse what cannot be a metric without parameters.

    Raises:
        MetricDeclarationError: it is no function, computes nothing when called, or takes other arguments.
    """
    parameters = _check(function)
    if parameters is not None and parameters[1:]:
        names = ", ".join(parameter.name for parameter in parameters[1:])
        problem = f"it takes parameters ({names}): give their values, as in @metric(params_list=[...]), or let any in: "
        raise MetricDeclarationError(name_of(function), problem + "@metric(dynamic=True)")


def check_parameterized(function: object) -> None:
    """Refuse what cannot be a metric with parameters.

    Raises:
        MetricDeclarationError: it is no function, computes nothing when called, or does not take the manager first.
    """
    _check(function)


def reminder(function: Callable[..., object]) -> str:
    """Whose place a first parameter has that is not called ``self``, for the message that a row does not fit."""
    first = next(iter(inspect.signature(function).parameters), "self")
    return "" if first == "self" else f" besides {first!r}, which is the manager"


def inside(wrapper: object) -> tuple[str, object] | None:
    """``("property", f)`` for ``property(f)``, and the like; None for what is no such descriptor."""
    for kind, attribute in _WRAPPERS.items():
        if isinstance(wrapper, kind):
            return kind.__name__, cast("object", getattr(wrapper, attribute, None))
    return None


def name_of(function: object) -> str:
    """How messages call a function."""
    return str(getattr(function, "__name__", None) or repr(function))


def check_row(where: str, row: object) -> None:
    """Refuse what is no row of ``params_list``.

    Raises:
        MetricDeclarationError: it is neither a tuple nor a list.
    """
    if not isinstance(row, (tuple, list)):
        problem = f"params_list has {row!r}: a row is a tuple of parameters, as in ({row!r},)"
        raise MetricDeclarationError(where, problem)


def rows_of(params_list: Iterable[R], where: str) -> list[R]:
    """What was given for ``params_list``, as a list.

    Raises:
        MetricDeclarationError: it cannot be gone through.
    """
    try:
        return list(params_list)
    except TypeError:
        if hasattr(params_list, "__iter__"):
            raise
        problem = f"params_list={params_list!r} is no list of parameter sets; write params_list=[({params_list!r},)]"
        raise MetricDeclarationError(where, problem) from None


def _check(function: object) -> list[inspect.Parameter] | None:
    """The parameters; None for a function written in C that does not tell them."""
    wrapped = inside(function)
    if wrapped is not None:
        kind, inner = wrapped
        problem = f"@metric stands above @{kind}: a metric takes the manager and is read as an attribute anyway"
        raise MetricDeclarationError(name_of(inner), f"{problem}; leave @{kind} away")
    if not callable(function):
        raise MetricDeclarationError(repr(function), "a metric is declared from a function, as in @metric above a def")
    _check_kind(function)
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return None
    if not parameters or parameters[0].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD):
        first = "the function of a metric takes one argument, the manager; it takes none"
        listed = ", ".join(["self", *(["*"] if parameters else []), *map(str, parameters)])
        raise MetricDeclarationError(name_of(function), f"{first}: write 'def {name_of(function)}({listed})'")
    _check_first(name_of(function), parameters)
    return parameters


def _check_kind(function: Callable[..., object]) -> None:
    if inspect.iscoroutinefunction(function):
        problem = (
            "an async function gives a coroutine, which is no value: make it a plain 'def', and call what is async "
        )
        raise MetricDeclarationError(name_of(function), problem + "in it through asyncio.run(...)")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        problem = "a function with 'yield' gives a generator, which can be gone through once only and not be stored: "
        raise MetricDeclarationError(name_of(function), problem + "collect the items and return a list")


def _check_first(name: str, parameters: list[inspect.Parameter]) -> None:
    """``self`` was forgotten where the first parameter is annotated as a number or a text."""
    annotation: object = parameters[0].annotation
    spelled = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if parameters[0].name != "self" and str(spelled).partition("[")[0] in _NUMBERS_AND_TEXT:
        written = ", ".join(["self", *map(str, parameters)])
        problem = f"its first parameter is the manager, which is no {spelled}: write 'def {name}({written})'"
        raise MetricDeclarationError(name, problem)
