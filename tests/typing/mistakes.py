"""Class statements that are wrong. When they run, they raise ``MetricDeclarationError`` (or say so in a comment).

Mistakes in *using* metrics are refused in the files of their topics.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from typing_extensions import override

from simple_metrics_manager import DatedCacheManager, Metric, metric


def compute_area(cm: DatedCacheManager) -> float:
    return 4.0


def compute_power(cm: DatedCacheManager, n: int) -> float:
    return 2.0**n


class WithTotal(DatedCacheManager):
    @metric
    def total(self) -> float:
        return 1.0


if TYPE_CHECKING:

    class Plain(DatedCacheManager):
        # a function that returns something else than the annotation says
        text: ClassVar[Metric[str]] = Metric(compute_area)  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]  # pyrefly: ignore[bad-assignment]  # ty: ignore[invalid-assignment]

        # a function with a parameter, no params_list
        @metric  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def with_parameter(self, a: int) -> float:
            return a * 1.0

        # no return annotation: the others infer int, or Unknown
        @metric
        def unannotated(self):  # type: ignore[no-untyped-def]
            return 1

        # a body that does not return what the annotation says
        @metric
        def wrong_body(self) -> int:
            return "a"  # type: ignore[return-value]  # pyright: ignore[reportReturnType]  # pyrefly: ignore[bad-return]  # ty: ignore[invalid-explicit-return]

        # a function of something that is no manager: seen in one line or the other
        @metric  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
        def of_a_number(self: int) -> float:  # pyright: ignore[reportGeneralTypeIssues]  # pyrefly: ignore[invalid-annotation]
            return 1.0

        # the same, declared without the decorator
        with_parameter_too = Metric(compute_power)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        # a lambda has no return annotation: missed by all four, refused when it runs
        half: ClassVar[Metric[float]] = Metric(lambda cm: 0.5)

        # not a function at all
        number = Metric(3)  # type: ignore[arg-type, var-annotated]  # pyright: ignore[reportArgumentType, reportUnknownVariableType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        flag = metric(3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportUnknownVariableType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]

        # a version is a number or a text
        @metric(version=1.5)  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def versioned(self) -> float:
            return 1.0

        # a metric cannot have the name of a manager's method
        @metric
        @override
        def exists(self) -> bool:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # pyrefly: ignore[bad-override]  # ty: ignore[incompatible-attribute-override]
            return True

        @metric
        def use(self) -> float:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # pyrefly: ignore[bad-override, missing-override-decorator]  # ty: ignore[incompatible-attribute-override]
            return 1.0

    text_rows: list[tuple[str, int]] = [("x", 1)]

    class WithParameters(DatedCacheManager):
        # too many
        @metric(params_list=[(1, 2, 3)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def too_many(self, a: int, b: int) -> float:
            return a * b

        # too few
        @metric(params_list=[(1,)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def too_few(self, a: int, b: int) -> float:
            return a * b

        # a wrong type
        @metric(params_list=[(1, "x")])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def wrong_type(self, a: int, b: int) -> float:
            return a * b

        # one row of several is wrong
        @metric(params_list=[(1, 2), (1, "x")])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def one_wrong(self, a: int, b: int) -> float:
            return a * b

        # a wrong type in a variable
        @metric(params_list=text_rows)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def wrong_variable(self, a: int, b: int) -> float:
            return a * b

        # rows of different lengths
        @metric(params_list=[(1, 2), (1,)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def ragged(self, a: int, b: int = 5) -> float:
            return a * b

        # values in place of rows
        @metric(params_list=[1, 2])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def scalars(self, a: int) -> float:
            return a * 1.0

        # lists in place of tuples
        @metric(params_list=[[1], [2]])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def lists(self, a: int) -> float:
            return a * 1.0

        # a parameter that has to be given by keyword, which a row cannot
        @metric(params_list=[(1,)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def required_keyword(self, a: int, *, scale: float) -> float:
            return a * scale

        # rows, but no parameters
        @metric(params_list=[(1,)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def no_parameters(self) -> float:
            return 1.0

        # no params_list, and all parameters have defaults: missed by all four, refused when it runs
        @metric
        def all_defaulted(self, a: int = 1, b: int = 2) -> float:
            return a * b

        # the same behind brackets
        @metric()  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        def behind_brackets(self, a: int) -> float:
            return a * 1.0

        # dynamic=False alone says nothing
        @metric(dynamic=False)  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[invalid-argument-type]
        def not_dynamic(self, a: int) -> float:
            return a * 1.0

        # rows by position
        @metric([(1,), (2,)])  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]  # pyrefly: ignore[bad-argument-type, not-callable]  # ty: ignore[invalid-argument-type]
        def by_position(self, a: int) -> float:
            return a * 1.0

        # a row in the class body that does not fit
        @metric(dynamic=True)
        def declared(self, a: int, b: Literal["x", "y"]) -> float:
            return a * 1.0

        declared.declare(1, "z")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
        declared.declare(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[missing-argument]  # ty: ignore[missing-argument]
        declared.declare(1, c="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[missing-argument, unexpected-keyword]  # ty: ignore[missing-argument, unknown-argument]

    class Misspelt(DatedCacheManager):
        # a misspelt option
        @metric(params_lst=[(1,)])  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportCallIssue, reportUntypedFunctionDecorator]  # pyrefly: ignore[no-matching-overload]  # ty: ignore[no-matching-overload]
        def misspelt(self, a: int) -> float:
            return a * 1.0

    # ------------------------------------------------- missed by all four; refused when the class statement runs

    class NotStorable:
        pass

    class Unstorable(DatedCacheManager):
        @metric
        def anything(self) -> Any:
            return 1

        @metric
        def an_object(self) -> object:
            return 1

        @metric
        def function(self) -> Callable[[], int]:
            return lambda: 1

        @metric
        def unknown(self) -> NotStorable:
            return NotStorable()

    class ReservedName(DatedCacheManager):
        @metric
        def status(self) -> float:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # pyrefly: ignore[bad-override, missing-override-decorator]  # ty: ignore[incompatible-attribute-override]
            return 1.0

    class NameOfADate(DatedCacheManager):
        @metric
        def total(self) -> float:
            return 1.0

        @metric
        def total_date(self) -> str:
            return "the date of total, in a storage"

    class CapitalsOnly(DatedCacheManager):
        @metric
        def total(self) -> float:
            return 1.0

        @metric
        def Total(self) -> float:
            return 2.0

    class Alias(WithTotal):
        sum = WithTotal.total
