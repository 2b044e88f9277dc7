"""Common mistakes: each is told where it is made, and the message says what to write instead."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import attrs
import numpy as np
import pytest

from simple_metrics_manager import (
    CorruptMetricError,
    DatedCacheManager,
    Metric,
    MetricDeclarationError,
    MetricTypeError,
    NpzStorageInterface,
    UnknownMetricError,
    metric,
)
from simple_metrics_manager.declaring.lookup import names_of
from simple_metrics_manager.payload.plain import plain_codec

V = TypeVar("V")


class Digits(DatedCacheManager):
    """A metric of each kind."""

    verbose = False

    @metric
    def total(self) -> int:
        return 45

    @metric(params_list=[(1,)])
    def inertia(self, k: int) -> int:
        return 10 * k

    @metric(params_list=[([1],)], dynamic=True)
    def grown(self, items: list[int]) -> int:
        items.append(1)
        return len(items)


NO_KEYS: list[tuple[Callable[[Digits], object], str]] = [
    (lambda cm: Digits.inertia, r"^Digits\.inertia has parameters: write Digits\.inertia\(k\)"),
    (lambda cm: cm.inertia, r"^cm\.inertia is called for its value.* its key is written Digits\.inertia\(\.\.\.\)"),
    (lambda cm: cm.total, r"^45 is neither the name of a metric nor its key: write 'total' or Digits\.total"),
    (lambda cm: None, r"^None is neither the name of a metric"),
    (lambda cm: ("inertia", 1), r"^\('inertia', 1\) is no key: write cm\.inertia\(\.\.\.\), or cm\[Digits\."),
]


@pytest.mark.parametrize(("wrong", "says"), NO_KEYS)
def test_what_is_no_key(wrong: Callable[[Digits], object], says: str) -> None:
    """Whatever is asked with something that is no key and no name says what it is and what would be one."""
    cm = Digits()
    asked = cast("Any", wrong(cm))
    for ask in (cm.get, cm.exists, cm.compute, cm.__getitem__):
        with pytest.raises(TypeError, match=says):
            ask(asked)


def test_the_bare_name_of_a_parameterized_metric() -> None:
    """The error says that there are parameters, with the name of a declared set; nothing of that name exists."""
    cm = Digits()
    with pytest.raises(UnknownMetricError, match=r"Digits\.inertia has parameters: .* such as 'inertia,k=1'") as caught:
        _ = cm["inertia"]

    assert caught.value.suggestion == "inertia,k=1"
    assert cm[caught.value.suggestion] == 10
    assert not cm.exists("inertia")


class More(Digits):
    """Overrides with more parameters."""

    @metric(dynamic=True)
    def inertia(self, k: int, scale: int = 3) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return k * scale


class Reordered(Digits):
    """Overrides with others that have no default."""

    @metric(dynamic=True)
    def inertia(self, mode: str, k: int) -> int:  # type: ignore[override]
        return k


class Renamed(Digits):
    """Overrides with another name."""

    @metric(dynamic=True)
    def inertia(self, n: int) -> int:  # type: ignore[override]
        return -n


def test_a_key_of_the_base_class_for_an_override_with_other_parameters() -> None:
    """The parameters go by their names, defaults are filled in; what is missing is told."""
    cm = More()

    assert cm.get(Digits.inertia(1)) == 3
    assert list(cm.cache) == ["inertia,k=1,scale=3"]
    assert Renamed().get(Digits.inertia(1)) == -1
    with pytest.raises(
        TypeError, match=r"Reordered\.inertia.* does not take Digits\.inertia\(k=1\): it also needs 'mode'"
    ):
        Reordered().get(Digits.inertia(1))


def test_parameters_are_kept_as_they_were() -> None:
    """A list that is changed afterwards, or by the function, is another parameter; the first one stays."""
    cm, given = Digits(), [1, 2]
    key = Digits.grown(given)
    given.append(6)

    assert cm[key] == 3
    assert cm.get(key, use_stored=False) == 3
    assert key.row == ([1, 2],)
    assert cm.grown([1]) == 2
    assert Digits.grown.params_list == [([1],)]


def test_declared_rows_are_kept_as_they_were() -> None:
    """So is a list in ``params_list``."""
    rows: list[tuple[list[int]]] = [([1],)]

    class Late(DatedCacheManager):
        @metric(params_list=rows)
        def size(self, items: list[int]) -> int:
            return len(items)

    rows[0][0].append(2)

    assert Late.size.params_list == [([1],)]


def test_names_of_one_metric() -> None:
    """Of all names in memory, those of a metric are its own, those with parameters, and overridden ones."""
    names = ["p", "p,k=1", "p,k=a~0123456789abcdef", "p@Base", "p@Base,k=1", "pp", "p_1", "q,p=1"]

    assert names_of("p", names) == names[:5]


def test_bases_of_one_name() -> None:
    """Overridden metrics of bases that are called alike are told apart, by module and by place."""
    first = type("Run", (DatedCacheManager,), {"__module__": "one", "__qualname__": "Run", "x": metric(_one)})
    second = type("Run", (first,), {"__module__": "two", "__qualname__": "Run", "x": metric(_one)})
    third = type("Run", (second,), {"__module__": "two", "__qualname__": "Run", "x": metric(_one)})
    fourth = type("Other", (third,), {"__module__": "two", "__qualname__": "Other"})
    keys = [cast("Metric[int]", getattr(each, "x", None)) for each in (first, second, third)]

    assert [key.base_name_in(fourth) for key in keys] == ["x@one.Run", "x@two.Run.0", "x@two.Run.1"]
    assert keys[0].base_name_in(first) == "x@Run"


def _one(self: DatedCacheManager) -> int:
    return 1


_one.__name__ = "x"


def declare(function: Callable[..., object], *around: Callable[[Any], Any]) -> type:
    """A manager class whose metric ``x`` is made by these decorators, the innermost first."""
    made: object = function
    for decorator in around:
        made = decorator(made)
    return type("Wrong", (DatedCacheManager,), {"x": made})


def plain(self: DatedCacheManager) -> int:
    """A sound one."""
    return 1


async def later(self: DatedCacheManager) -> int:
    """An async one."""
    return 1


def yielding(self: DatedCacheManager) -> Any:
    """A generator."""
    yield 1


def selfless() -> int:
    """Takes no manager."""
    return 1


def forgotten(k: int) -> int:
    """Takes a number in the place of the manager."""
    return k


def vague(k: Any) -> int:
    """Takes something in the place of the manager."""
    return 1


_any: Any = metric
dynamic: Callable[[Any], Any] = _any(dynamic=True)
swept: Callable[[Any], Any] = _any(params_list=[(1,)])
WRAPPERS: list[Any] = [property, classmethod, staticmethod, functools.cached_property]


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("decorator", [metric, dynamic])
def test_other_decorators(wrapper: Callable[[Any], Any], decorator: Callable[[Any], Any]) -> None:
    """``@property`` and the like are refused below ``@metric`` and above it."""
    name = wrapper.__name__
    with pytest.raises(MetricDeclarationError, match=rf"^plain: @metric stands above @{name}: .*leave @{name} away"):
        declare(plain, wrapper, decorator)
    with pytest.raises(MetricDeclarationError, match=rf"^Wrong\.x: @{name} stands above @metric.*leave @{name} away"):
        declare(plain, decorator, wrapper)


@pytest.mark.parametrize(
    ("function", "decorator", "says"),
    [
        (later, metric, r"^later: an async function gives a coroutine.*asyncio\.run"),
        (later, dynamic, r"^later: an async function gives a coroutine"),
        (yielding, metric, r"^yielding: a function with 'yield' gives a generator.*return a list"),
        (yielding, dynamic, r"^yielding: a function with 'yield'"),
        (
            selfless,
            metric,
            r"^selfless: .* takes one argument, the manager; it takes none: write 'def selfless\(self\)'",
        ),
        (selfless, dynamic, r"write 'def selfless\(self\)'"),
        (selfless, swept, r"write 'def selfless\(self\)'"),
        (
            forgotten,
            metric,
            r"its first parameter is the manager, which is no int: write 'def forgotten\(self, k: 'int",
        ),
        (forgotten, dynamic, r"its first parameter is the manager, which is no int"),
        (forgotten, swept, r"its first parameter is the manager, which is no int"),
        (vague, swept, r"params_list has \(1,\): .*besides 'k', which is the manager"),
    ],
)
def test_functions_that_are_no_metrics(
    function: Callable[..., object], decorator: Callable[[Any], Any], says: str
) -> None:
    """What can never be computed is refused at the declaration."""
    with pytest.raises(MetricDeclarationError, match=says):
        declare(function, decorator)


def test_a_params_list_that_is_none() -> None:
    """A bare parameter is no list of parameter sets."""
    with pytest.raises(MetricDeclarationError, match=r"params_list=3 is no list of parameter sets; .*\[\(3,\)\]"):
        _any(params_list=3)


@attrs.frozen
class Point:
    """Nothing that can be stored without an annotation."""

    x: int = 1


@attrs.frozen
class Holder(DatedCacheManager, Generic[V]):
    """Frozen and generic: an object of it cannot note what its class was subscripted with."""

    value: Any

    @metric
    def held(self) -> V:
        return cast("V", self.value)


def test_an_open_type_variable_is_named() -> None:
    """Where a type variable cannot be known, there is a sentence with its name and the class to derive from."""
    held = cast("Metric[object]", vars(Holder)["held"])
    remedy = held.declaration.remedy(Holder)
    with pytest.raises(MetricTypeError, match=r"what V stands for is not known here: subclass Holder\[V\] with a type"):
        plain_codec(where="Holder.held", remedy=remedy).dump(Point())

    assert Digits.total.declaration.remedy(Digits) == ""


def test_something_in_the_way_of_a_file(tmp_path: Path) -> None:
    """A directory or a link in the place of a file is no damage; the error says what it is and what to do."""
    (tmp_path / "Digits.total.npz").mkdir()

    with pytest.raises(CorruptMetricError, match=r"it is a directory, not a file\.\n  Move it away") as caught:
        _ = Digits(NpzStorageInterface(tmp_path)).total
    assert "damaged" not in str(caught.value)


def test_a_value_of_objects_is_not_shared(tmp_path: Path) -> None:
    """An array of Python objects that was handed out can be changed without changing what is kept."""

    class Objects(DatedCacheManager):
        verbose = False

    made = np.array([[1], None], dtype=object)
    cm = Objects(NpzStorageInterface(tmp_path, allow_pickle=True))
    cm.functions_dict["x"] = lambda: made
    cm["x"][0].append(2)
    made[0].append(3)

    assert cm["x"].tolist() == [[1], None]
