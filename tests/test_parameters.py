"""Calls become rows and rows calls, with Python's own rules and messages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from simple_metrics_manager.declaring.parameters import Parameters, Row, typed
from simple_metrics_manager.errors import MetricDeclarationError


def plain(self: object, a: int, b: int = 5) -> None:
    """Two parameters."""


def mixed(self: object, a: int, /, b: int = 2, *rest: int, key: str = "x") -> None:
    """All kinds of parameters."""


def nothing(self: object) -> None:
    """No parameters."""


def named(self: object, *, key: int, other: int = 1) -> None:
    """Keyword-only parameters."""


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "row"),
    [
        (plain, (1,), {}, (1, 5)),
        (plain, (), {"b": 2, "a": 1}, (1, 2)),
        (mixed, (1,), {}, (1, 2, (), "x")),
        (mixed, (1, 3, 4, 5), {"key": "y"}, (1, 3, (4, 5), "y")),
        (nothing, (), {}, ()),
        (named, (), {"key": 3}, (3, 1)),
        (plain, (np.float64(0.5), np.int64(2)), {}, (0.5, 2)),
    ],
)
def test_calls_become_rows(
    function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object], row: Row
) -> None:
    """A row has all parameters in order, with defaults filled in and numpy's numbers as Python's."""
    found = Parameters(function, 1, "CM.f").row(*args, **kwargs)

    assert found == row
    assert [type(value) for value in found] == [type(value) for value in row]


@pytest.mark.parametrize(("function", "row"), [(plain, (1, 2)), (mixed, (1, 3, (4, 5), "y")), (named, (3, 1))])
def test_rows_become_calls(function: Callable[..., object], row: Row) -> None:
    """The arguments of a row give that row again."""
    parameters = Parameters(function, 1, "CM.f")
    args, kwargs = parameters.arguments(row)

    assert parameters.row(*args, **kwargs) == row


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, r"CM\.plain\(\) missing 1 required positional argument: 'a'"),
        ((1, 2, 3), {}, r"CM\.plain\(\) takes from 1 to 2 positional arguments but 3 were given"),
        ((1,), {"c": 2}, r"CM\.plain\(\) got an unexpected keyword argument 'c'"),
    ],
)
def test_wrong_calls_are_told_in_pythons_words(
    args: tuple[object, ...], kwargs: dict[str, object], message: str
) -> None:
    """The generated code raises what a call of the function would, and counts as its caller counts."""
    parameters = Parameters(plain, 1, "CM.plain")
    for call in (parameters.row, parameters.remembering({}, lambda row: row)):
        with pytest.raises(TypeError, match=message):
            call(*args, **kwargs)


def test_a_memo_is_asked_by_value_and_type() -> None:
    """What is remembered for ``1`` is not found for ``1.0`` or ``True``, in whatever way the call is written."""
    memo: dict[Row, object] = {}
    key = typed((1, 5))
    assert key is not None
    memo[key] = "remembered"
    call = Parameters(plain, 1, "CM.plain").remembering(memo, lambda row: row)

    assert call(1) == call(1, 5) == call(a=1) == call(b=5, a=1) == "remembered"
    assert call(1.0) == (1.0, 5)
    assert call(True) == (True, 5)
    assert call([1]) == ([1], 5)


def test_a_function_without_parameters_has_one_row() -> None:
    """The empty row is a key as well."""
    assert typed(()) == ()
    assert Parameters(nothing, 1, "CM.nothing").remembering({(): 7}, lambda row: row)() == 7


@pytest.mark.parametrize("row", [(0.0,), (-0.0,), ((1,),), ([1],), (np.zeros(1),), (1, {})])
def test_what_equality_cannot_tell_apart_is_not_remembered(row: Row) -> None:
    """``0.0 == -0.0`` and ``(1,) == (1.0,)``: such rows are looked up by their canonical form only."""
    assert typed(row) is None


def test_free_keywords_are_refused() -> None:
    """``**kwargs`` have no order and no names that could be stored."""

    def free(self: object, **options: int) -> None: ...

    with pytest.raises(MetricDeclarationError, match=r"CM\.free: \*\*options has no order or names to store"):
        Parameters(free, 1, "CM.free")
