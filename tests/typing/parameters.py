"""Metrics with parameters: rows are checked against the function, and names, defaults and the result are kept."""

# pyright: reportUnusedExpression=false, reportUnusedVariable=false

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, assert_type

from simple_metrics_manager import BoundMetric, DatedCacheManager, Metric, ParameterizedMetric, metric

PAIRS: list[tuple[int, int]] = [(1, 2), (1, 3)]
MODES: list[tuple[Literal["a", "b"]]] = [("a",), ("b",)]


class CM(DatedCacheManager):
    verbose = False

    @metric(params_list=[(1, 2), (1, 3)])
    def poly(self, a: int, b: int = 5) -> list[float]:
        """A polynomial."""
        return [a * 1.0, b * 1.0]

    # ints for floats
    @metric(params_list=[(1, 2), (1, 3)])
    def ints_for_floats(self, a: float, b: float) -> float:
        return a + b

    # ints and floats mixed
    @metric(params_list=[(1, 2.5), (1, 3)])
    def mixed(self, a: int, b: float) -> float:
        return a + b

    @metric(params_list=[(8,), (10,)])
    def one(self, k: int) -> float:
        return k * 1.0

    # rows may leave out what has a default
    @metric(params_list=[(1,), (2,)])
    def defaulted(self, a: int, b: int = 5) -> int:
        return a + b

    @metric(params_list=[(a, b) for a in (1, 2) for b in (3, 4)])
    def comprehension(self, a: int, b: int) -> int:
        return a * b

    @metric(params_list=PAIRS)
    def variable(self, a: int, b: int) -> int:
        return a * b

    @metric(params_list=((a,) for a in range(3)))
    def generator(self, a: int) -> int:
        return a

    @metric(params_list=[(1,)])
    def keyword_only(self, a: int, *, scale: float = 1.0) -> float:
        return a * scale

    @metric(params_list=[(1, 2, 3)])
    def star(self, *a: int) -> int:
        return sum(a)

    # mypy takes positional-only parameters for Never here; with dynamic=True it does not
    @metric(params_list=[(1, "x")])  # type: ignore[arg-type]
    def positional_only(self, a: int, b: str, /) -> str:
        return b * a

    # more parameters may be asked for than are listed
    @metric(params_list=[(1,)], dynamic=True, version=3)
    def listed_and_dynamic(self, a: int) -> int:
        return a

    @metric(dynamic=True)
    def positional_only_dynamic(self, a: int, b: str, /) -> str:
        return b * a

    @metric(dynamic=True)
    def scaled(self, a: int, by: float = 1.0) -> float:
        return a * by

    # keywords, None and Literals in rows: declare() is checked like a call
    scaled.declare(3, by=2.0)

    @metric(dynamic=True, version="2")
    def mode(self, mode: Literal["a", "b"], at: int | None = None) -> str:
        return mode

    mode.declare("a")
    mode.declare("b", None)

    # the list of Literals is annotated
    @metric(params_list=MODES)
    def annotated_mode(self, mode: Literal["a", "b"]) -> str:
        return mode


class Rows(DatedCacheManager):
    # Literals in a list literal are inferred as str, by all four: annotate the list, or declare()
    @metric(params_list=[("a",), ("b",)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    def mode(self, mode: Literal["a", "b"]) -> str:
        return mode

    # None beside numbers is refused by ty: declare(None)
    @metric(params_list=[(None,), (3,)])  # ty: ignore[invalid-argument-type]
    def optional(self, a: int | None) -> int:
        return a or 0

    # no rows at all are refused by mypy and ty: dynamic=True says what is meant
    @metric(params_list=[])  # type: ignore[arg-type]  # ty: ignore[invalid-argument-type]
    def empty(self, a: int) -> int:
        return a


def inferred_calls() -> None:
    cm = CM()
    assert_type(cm.poly(1, 2), list[float])
    assert_type(cm.poly(a=1, b=2), list[float])
    assert_type(cm.poly(1, b=3), list[float])
    assert_type(cm.ints_for_floats(1, 2), float)
    assert_type(cm.mixed(1, 2.5), float)
    assert_type(cm.one(8), float)
    assert_type(cm.one(k=10), float)
    assert_type(cm.defaulted(1), int)
    assert_type(cm.comprehension(2, b=3), int)
    assert_type(cm.variable(1, 2), int)
    assert_type(cm.generator(2), int)
    assert_type(cm.keyword_only(1, scale=1.0), float)
    assert_type(cm.star(1, 2, 3), int)
    assert_type(cm.positional_only(1, "x"), str)  # type: ignore[arg-type]
    assert_type(cm.positional_only_dynamic(2, "x"), str)
    assert_type(cm.listed_and_dynamic(12), int)
    assert_type(cm.scaled(7, by=0.5), float)
    assert_type(cm.mode("b", at=3), str)
    assert_type(cm.annotated_mode("a"), str)


def inferred_members() -> None:
    cm = CM()
    assert_type(cm.poly.get_all(), list[list[float]])
    assert_type(cm.poly.get_all(use_stored=False, verbose=False), list[list[float]])
    assert_type(cm.poly.fresh(1, b=2), list[float])
    assert_type(cm.poly.exists(1, b=2), bool)
    assert_type(cm.poly.base_name, str)
    assert_type(cm.poly.params_list, Sequence[tuple[object, ...]])
    assert_type(cm.poly.original_function, Callable[..., list[float]])
    assert_type(cm.poly.items(), Iterator[tuple[tuple[object, ...], list[float]]])
    assert_type(dict(cm.poly.items(use_stored=True)), dict[tuple[object, ...], list[float]])


def inferred_keys() -> None:
    cm = CM()
    assert_type(CM.poly(1, 2), Metric[list[float]])
    assert_type(CM.poly(1, b=2), Metric[list[float]])
    assert_type(CM.scaled(7), Metric[float])
    assert_type(cm.get(CM.poly(1, b=2), use_stored=False), list[float])
    assert_type(cm[CM.one(8)], float)
    assert_type([cm[CM.one(k)] for k in (8, 10)], list[float])
    assert_type(CM.one.params_list, list[tuple[object, ...]])
    assert_type(CM.one.name, str)
    assert_type(CM.one.dynamic, bool)
    parameterized: ParameterizedMetric[..., float] = CM.one
    assert_type(parameterized.name, str)


def inferred_as_a_function() -> None:
    cm = CM()

    def largest(f: Callable[[int], float], over: Iterable[int]) -> float:
        return max(map(f, over))

    def everything(f: BoundMetric[..., float]) -> list[float]:
        return f.get_all()

    assert_type(largest(cm.one, [8, 10]), float)
    assert_type(everything(cm.one), list[float])
    # pyrefly and ty compare the parameters of a BoundMetric with their names: take a Callable
    without_name: BoundMetric[[int], float] = cm.one  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    assert_type(without_name(8), float)


def refused_calls(cm: CM) -> None:
    cm.one("ten")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.one()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[missing-argument]  # ty: ignore[missing-argument]
    cm.one(1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[bad-argument-count]  # ty: ignore[too-many-positional-arguments]
    cm.one(j=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[missing-argument, unexpected-keyword]  # ty: ignore[missing-argument, unknown-argument]
    cm.poly(1, b="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.poly(1, c=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    cm.poly.fresh("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.poly.exists("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.positional_only_dynamic(a=1, b="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[positional-only-parameter-as-kwarg]
    cm.keyword_only(1, 2.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[bad-argument-count]  # ty: ignore[too-many-positional-arguments]
    cm.star("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.mode("c")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # flags cannot stand beside the parameters: fresh(...), or get(key, use_stored=False)
    cm.one(8, use_stored=False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    # not called
    cm.one + 1  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # pyrefly: ignore[unsupported-operation]  # ty: ignore[unsupported-operator]
    cm.one.real  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
    # wrong use of the result
    text: str = cm.one(8)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    # assigned
    cm.one = 3.0  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-assignment]
    cm.one.params_list = []  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # pyrefly: ignore[read-only]  # ty: ignore[invalid-assignment]


def refused_keys(cm: CM) -> None:
    CM.one("ten")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    CM.poly(1, c=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[unexpected-keyword]  # ty: ignore[unknown-argument]
    CM.scaled.declare("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    # the key of which parameters?
    cm.get(CM.one)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    cm[CM.one]  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[bad-index]  # ty: ignore[invalid-argument-type]
    cm.exists(CM.one)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.get(cm.one)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
    key: Metric[float] = CM.one  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    wrong: Metric[str] = CM.one(8)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]
    # the class has no values
    CM.one.get_all()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # pyrefly: ignore[missing-attribute]  # ty: ignore[missing-attribute]
