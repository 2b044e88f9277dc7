"""How annotations are read, spelled and bound."""

# ruff: noqa: PYI061  # older spellings are spelled as newer ones

from __future__ import annotations

import collections.abc
import functools
import sys
import typing
from typing import TYPE_CHECKING, Annotated, Any, Dict, Generic, List, Literal, Optional, Tuple, TypeVar, Union  # noqa: UP035

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.payload.annotations import (
    UnresolvedAnnotation,
    bind_type_variables,
    has_free_type_variables,
    return_type,
    storable_problem,
    type_name,
)
from tests.payload.samples import Circle, Color, Hertz, IntPair, Pair, subscript
from tests.payload.samples import X as SampleX

if TYPE_CHECKING:
    from decimal import Decimal as NotHere

X = TypeVar("X")
Y = TypeVar("Y")

SPELLED: list[tuple[object, str]] = [
    (NDArray[np.float64], "NDArray[np.float64]"),
    (NDArray[Any], "NDArray[Any]"),
    (NDArray[np.bool_], "NDArray[np.bool_]"),
    (NDArray[np.str_], "NDArray[np.str_]"),
    (NDArray[np.floating[Any]], "NDArray[np.floating]"),
    (NDArray[np.floating], "NDArray[np.floating]"),
    (NDArray[np.complex128 | np.float64], "NDArray[np.complex128 | np.float64]"),
    (np.ndarray, "np.ndarray"),
    (np.ndarray[Any, np.dtype[np.int8]], "NDArray[np.int8]"),
    (np.ndarray[tuple[int, int], np.dtype[np.int8]], "np.ndarray[tuple[int, int], np.dtype[np.int8]]"),
    (float, "float"),
    (None, "None"),
    (Optional[float], "float | None"),  # noqa: UP045  # all spellings of one type
    (Union[None, float], "float | None"),  # noqa: UP007
    (float | None, "float | None"),
    (None | float, "float | None"),
    (Union[str, int, None], "int | str | None"),  # noqa: UP007
    (int | str | None, "int | str | None"),
    (dict[str, int | None] | None, "dict[str, int | None] | None"),
    (List[int], "list[int]"),  # noqa: UP006
    (Dict[str, float], "dict[str, float]"),  # noqa: UP006
    (Tuple[int, ...], "tuple[int, ...]"),  # noqa: UP006
    (tuple[()], "tuple[()]"),
    (list[tuple[int, str]], "list[tuple[int, str]]"),
    (Literal["b", "a"], "Literal['a', 'b']"),
    (Literal[Color.RED, 1, None, "x | y"], "Literal['x | y', 1, Color.RED, None]"),
    (Literal["x | y"] | None, "Literal['x | y'] | None"),
    (Hertz, "float"),
    (Annotated[float, "m"], "float"),
    (list[Annotated[Hertz, "m"]], "list[float]"),
    (Circle, "Circle"),
    (Pair[int], "Pair[int]"),
    (np.float32, "np.float32"),
    (np.bool_, "np.bool_"),
    (np.datetime64, "np.datetime64"),
    (Any, "Any"),
    (X, "~X"),
    (collections.abc.Callable[[int], str], "Callable[[int], str]"),
    (typing.Callable[[int], str], "Callable[[int], str]"),
    (typing.Sequence[int], "Sequence[int]"),
]


@pytest.mark.parametrize(("declared", "name"), SPELLED, ids=[name for _, name in SPELLED])
def test_type_name(declared: object, name: str) -> None:
    """A type has one spelling, however the annotation was written."""
    assert type_name(declared) == name


def test_order_of_unions_does_not_matter() -> None:
    """Unions of equal members are spelled equally: typing keeps whichever order it saw first."""
    assert type_name(List[Union[int, str]]) == type_name(List[Union[str, int]]) == "list[int | str]"  # noqa: UP006, UP007


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 695 aliases")
def test_aliases_are_looked_through() -> None:
    """An alias is what it stands for; one that contains itself is spelled by its name, and cannot be stored."""
    names: dict[str, object] = {}
    exec("type Two[T] = tuple[T, T]\ntype Rows = list[Two[int] | None]\ntype Deep = list[Deep] | None\n", names)

    assert type_name(names["Rows"]) == "list[tuple[int, int] | None]"
    assert type_name(names["Deep"]) == "list[Deep] | None"
    assert storable_problem(names["Rows"]) is None
    assert storable_problem(names["Deep"]) == "the alias Deep contains itself; make it an attrs class"


def plain() -> list[Circle]:
    """Resolvable."""
    raise NotImplementedError


def unresolvable_parameter(value: NotHere) -> int:
    """Only its parameter is not."""
    raise NotImplementedError


def unresolvable() -> NotHere:
    """Not at run time."""
    raise NotImplementedError


def unannotated():  # type: ignore[no-untyped-def]  # that is what is refused
    """Says nothing."""
    raise NotImplementedError


def nothing() -> None:
    """Says None."""
    raise NotImplementedError


def never() -> typing.NoReturn:
    """Never returns."""
    raise NotImplementedError


def annotated() -> Annotated[float, "m"]:
    """With more than the type."""
    raise NotImplementedError


def odd() -> np.NotThere:  # type: ignore[name-defined]  # that is what is refused
    """Names an attribute that is not there."""
    raise NotImplementedError


class Calling:
    """A callable object."""

    def __call__(self, value: int) -> str:
        raise NotImplementedError

    def method(self) -> bytes:
        raise NotImplementedError


@functools.wraps(plain)
def wrapped(*args: object) -> object:
    """Shows another's annotation."""
    raise NotImplementedError


def test_return_type() -> None:
    """The annotation is resolved, whatever kind of callable has it."""
    assert return_type(plain, "f") == list[Circle]
    assert return_type(wrapped, "f") == list[Circle]
    assert return_type(annotated, "f") is float
    assert return_type(Calling(), "f") is str
    assert return_type(Calling().method, "f") is bytes
    assert return_type(Calling.method, "f") is bytes
    assert return_type(functools.partial(plain), "f") == list[Circle]


def test_parameters_need_not_resolve() -> None:
    """Only the return annotation is looked at."""
    assert return_type(unresolvable_parameter, "f") is int


def test_local_names() -> None:
    """Names of an enclosing function resolve from the namespace, or where the body uses them."""

    @attrs.frozen
    class Local:
        x: int

    def by_namespace() -> Local:
        raise NotImplementedError

    def by_closure() -> Local:
        return Local(1)

    assert return_type(by_namespace, "f", {"Local": Local}) is Local
    assert return_type(by_closure, "f") is Local


def test_unresolved() -> None:
    """A name that does not exist yet is an error of its own kind, which knows the final sentence."""
    with pytest.raises(UnresolvedAnnotation) as caught:
        return_type(unresolvable, "CM.m")

    assert isinstance(caught.value, NameError)
    assert caught.value.missing == "NotHere"
    assert isinstance(caught.value.final(), MetricDeclarationError)
    assert str(caught.value.final()) == (
        "CM.m: the annotation names 'NotHere', which does not exist when the program runs; "
        "import it outside 'if TYPE_CHECKING:'"
    )
    assert return_type(unresolvable, "CM.m", {"NotHere": int}) is int


FUNCTIONS: list[tuple[object, str, str]] = [
    (unannotated, "CM.m", "CM.m: has no return annotation; write 'def m(self) -> T'"),
    (unannotated, "f", "f: has no return annotation; write 'def f(...) -> T'"),
    (len, "CM.m", "CM.m: has no return annotation; write 'def m(self) -> T'"),
    (lambda: 1, "CM.m", "CM.m: has no return annotation; write 'def m(self) -> T'"),
    (nothing, "CM.m", "CM.m: -> None: a metric must return a value"),
    (never, "CM.m", "CM.m: -> NoReturn: a metric must return a value"),
    (odd, "CM.m", "CM.m: the return annotation cannot be read: module 'numpy' has no attribute 'NotThere'"),
]


@pytest.mark.parametrize(("function", "where", "sentence"), FUNCTIONS)
def test_refused(function: object, where: str, sentence: str) -> None:
    """A function that does not say what it returns is refused, with the line to write."""
    with pytest.raises(MetricDeclarationError) as caught:
        return_type(function, where)

    assert str(caught.value) == sentence


class G(Generic[X]):
    """A generic base."""


class IntG(G[int]):
    """With a concrete type."""


class Sub(G[list[Y]], Generic[Y]):
    """Generic in another variable."""


class C(Sub[str]):
    """Concrete, two levels up."""


class Same(G[list[X]], Generic[X]):
    """Uses the same variable for something else."""


class Mixin:
    """Not generic."""


class Deep(Mixin, C):
    """Concrete by inheritance alone."""


@pytest.mark.parametrize(
    ("declared", "owner", "bound"),
    [
        (X, IntG, int),
        (X, C, list[str]),
        (X, Deep, list[str]),
        (Y, C, str),
        (X, G[int], int),
        (X, Sub[int], list[int]),
        (subscript(dict, str, subscript(list, X)), IntG, dict[str, list[int]]),
        (subscript(Union, X, None), IntG, int | None),
        (subscript(Optional, X), IntG, Optional[int]),  # noqa: UP045
        (subscript(np.ndarray, Any, subscript(np.dtype, X)), G[np.float32], np.ndarray[Any, np.dtype[np.float32]]),
        (subscript(tuple, X, ...), IntG, tuple[int, ...]),
        (subscript(Pair, X), IntG, Pair[int]),
        (X, G, X),
        (X, Sub, subscript(list, Y)),
        (float, IntG, float),
        (SampleX, IntPair, int),
    ],
)
def test_bind_type_variables(declared: object, owner: object, bound: object) -> None:
    """A variable becomes what the owner's bases were subscripted with; a free one stays."""
    assert bind_type_variables(declared, owner) == bound


def test_one_variable_in_two_classes() -> None:
    """Where the class that holds the annotation is given, its own use of the variable counts."""
    assert bind_type_variables(X, Same[int], G) == list[int]
    assert bind_type_variables(X, Same[int], Same) is int


def test_has_free_type_variables() -> None:
    """A variable is found at any depth."""
    assert has_free_type_variables(subscript(dict, str, subscript(list, X)))
    assert has_free_type_variables(subscript(collections.abc.Callable, [X], int))
    assert not has_free_type_variables(dict[str, list[int]])
    assert not has_free_type_variables(NDArray[np.float64])
