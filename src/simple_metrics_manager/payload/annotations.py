"""What the annotations of metrics say: the return type of a function, and whether its values can be stored."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Never, NoReturn, cast, get_type_hints

from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.payload.converter import shape_of
from simple_metrics_manager.payload.misfit import Unstorable
from simple_metrics_manager.payload.spelling import NONE, args_of, is_one_of, origin_of, simplify, type_name
from simple_metrics_manager.payload.typevars import bind_type_variables, free_type_variables, has_free_type_variables

__all__ = [
    "UnresolvedAnnotation",
    "bind_type_variables",
    "free_type_variables",
    "has_free_type_variables",
    "return_type",
    "storable_problem",
    "type_name",
]


class UnresolvedAnnotation(NameError):
    """A return annotation names what does not exist yet; it may when it is asked for again."""

    def __init__(self, where: str, missing: str) -> None:
        super().__init__(where, missing)
        self.where = where
        self.missing = missing

    @property
    def problem(self) -> str:
        """The sentence for when it never came to exist."""
        return (
            f"the annotation names {self.missing!r}, which does not exist when the program runs; "
            f"import it outside 'if TYPE_CHECKING:'"
        )

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"

    def final(self) -> MetricDeclarationError:
        """The error to raise when there is nothing more to wait for."""
        return MetricDeclarationError(self.where, self.problem)


def return_type(function: object, where: str, namespace: Mapping[str, object] | None = None) -> object:
    """What ``function`` is annotated to return, resolved; annotations of its parameters are not looked at.

    Args:
        function: a function, method, partial or callable object.
        where: how messages name it, as in ``Digits.spectrum``.
        namespace: further names that the annotation may use, such as those of an enclosing function.

    Raises:
        MetricDeclarationError: there is no return annotation, or one of nothing (``None``, ``Never``).
        UnresolvedAnnotation: it names what does not exist yet.
    """
    plain = _plain_function(function)
    name = where.rpartition(".")[2]
    try:
        declared = _resolved(plain, namespace or {})
    except LookupError:
        signature = f"{name}(self)" if "." in where else f"{name}(...)"
        raise MetricDeclarationError(where, f"has no return annotation; write 'def {signature} -> T'") from None
    except NameError as error:
        raise UnresolvedAnnotation(where, error.name or str(error)) from None
    except (AttributeError, SyntaxError, TypeError) as error:
        raise MetricDeclarationError(where, f"the return annotation cannot be read: {error}") from None
    if is_one_of(simplify(declared), (NONE, NoReturn, Never)):
        raise MetricDeclarationError(where, f"-> {type_name(declared)}: a metric must return a value")
    return _without_annotated(declared)


def storable_problem(declared: object) -> str | None:
    """Why values of this type could not be stored and come back as they are, or None if they can."""
    try:
        meaning = simplify(declared)
        if meaning is NONE:
            return "None alone is no value worth storing; say what the metric returns"
        shape_of(meaning)
    except Unstorable as problem:
        return str(problem)
    return None


def _plain_function(function: object) -> object:
    while isinstance(function, functools.partial | functools.partialmethod):
        function = cast("object", function.func)
    if isinstance(function, types.MethodType):
        return function.__func__
    if isinstance(function, types.FunctionType | types.BuiltinFunctionType) or hasattr(function, "__wrapped__"):
        return function
    return cast("object", getattr(type(function), "__call__", function))  # noqa: B004  # the method, not whether it is one


class _OnlyReturn:
    """Stands in for a function that has no annotation but that of its return value."""

    def __init__(self, annotation: object, function: object) -> None:
        self.__annotations__ = {"return": annotation}
        self.__type_params__: tuple[object, ...] = getattr(function, "__type_params__", ())


def _resolved(function: object, namespace: Mapping[str, object]) -> object:
    annotations = cast("Mapping[str, object]", getattr(function, "__annotations__", {}))
    only = _OnlyReturn(annotations["return"], function)
    while hasattr(function, "__wrapped__"):
        function = cast("object", getattr(function, "__wrapped__", None))
    module = cast("dict[str, object]", getattr(function, "__globals__", {}))
    local = {**_enclosing(function), **namespace}
    resolve = cast("Callable[..., dict[str, object]]", get_type_hints)
    return resolve(only, globalns=module, localns=local, include_extras=True)["return"]


def _enclosing(function: object) -> dict[str, object]:
    """Variables of enclosing functions that the function's body uses; an annotation may name them as well."""
    if not isinstance(function, types.FunctionType):
        return {}
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cast("object", cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    return found


def _without_annotated(declared: object) -> object:
    return args_of(declared)[0] if origin_of(declared) is Annotated else declared
