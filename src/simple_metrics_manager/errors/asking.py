"""Errors about what was declared, asked for or configured: the caller mends a line of his own."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor

from simple_metrics_manager.errors.base import MetricsError


class MetricDeclarationError(MetricsError, TypeError):
    """A metric is declared in a way that cannot work; told where the class is made, where possible."""

    def __init__(self, metric: str, problem: str) -> None:
        super().__init__(metric, problem)
        self.metric = metric
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.metric}: {self.problem}"


class MetricTypeError(MetricsError, TypeError):
    """A value is not what the annotation of its metric says, or that annotation cannot be stored at all.

    ``value_kept`` says that the computed value waits in memory, in ``manager.cache[...]``; ``place`` is where the
    function stands, ``file:line``, and empty where that is not known.
    """

    def __init__(
        self, metric: str, declared: str, problem: str, value_kept: str | None = None, place: str = ""
    ) -> None:
        super().__init__(metric, declared, problem, value_kept, place)
        self.metric = metric
        self.declared = declared
        self.problem = problem
        self.value_kept = value_kept
        self.place = place

    def __str__(self) -> str:
        known = not self.declared.startswith("(")
        text = f"{self.metric} is declared -> {self.declared}: {self.problem}"
        text = text if known else f"{self.metric}: {self.problem}"
        text += f"\n  Declared at {self.place}." if self.place else ""
        if self.value_kept is None:
            return text
        return (
            f"{text}\n  Nothing was stored. The computed value is kept in memory, as cache[{self.value_kept!r}];"
            f"\n  mend the annotation or the function, then ask again with use_stored=False."
        )


class MetricCycleError(MetricsError, RuntimeError):
    """Metrics need each other: ``path`` begins and ends with the same one."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"metrics need each other: {' -> '.join(self.path)}. None of them was computed."


_WAYS_OUT = (
    "Look with cm.why(key), test with cm.verify(key), then cm.accept(key, reason=...), or compute it anew with "
    "use_stored=False."
)


class StaleMetricError(MetricsError, RuntimeError):
    """What is stored may be out of date in a way that ``on_stale`` makes an error; told before anything runs.

    ``metric`` is what was asked for, ``reasons`` are those that are errors, as ``on_stale`` names them, and ``told`` is
    a sentence about each.
    """

    def __init__(self, metric: str, reasons: tuple[str, ...], told: tuple[str, ...]) -> None:
        super().__init__(metric, reasons, told)
        self.metric = metric
        self.reasons = reasons
        self.told = told

    def __str__(self) -> str:
        lines = [f"{self.metric} is out of date, which on_stale makes an error: {', '.join(self.reasons)}"]
        lines += [f"  {sentence}" for sentence in self.told]
        return "\n".join([*lines, f"  Nothing was computed. {_WAYS_OUT}"])


class StaleMetricWarning(UserWarning):
    """Something that is stored may be out of date and is used, as ``on_stale`` says; told once for each metric.

    ``metric`` is the first one of the values, ``reasons`` are those that ``on_stale`` has at ``"warn"``, and ``told``
    is a sentence about each; ``stored`` counts the values of the metric that are stored and ``stale`` those of them
    that the reasons concern, as far as they were looked at (``counted`` says whether all were).
    """

    def __init__(
        self,
        metric: str,
        reasons: tuple[str, ...],
        told: tuple[str, ...],
        stale: int = 1,
        stored: int = 1,
        counted: bool = True,
    ) -> None:
        super().__init__(metric, reasons, told, stale, stored, counted)
        self.metric = metric
        self.reasons = reasons
        self.told = told
        self.stale = stale
        self.stored = stored
        self.counted = counted

    def __str__(self) -> str:
        most = "" if self.counted else "at least "
        many = f" ({most}{self.stale} of {self.stored} stored values)" if self.stored > 1 or not self.counted else ""
        lines = [f"{self.metric} may be out of date, and is used{many}:", *(f"  {sentence}" for sentence in self.told)]
        return "\n".join([*lines, f"  {_WAYS_OUT}"])


class UnknownMetricError(MetricsError, KeyError, ValueError):
    """No metric has this name. 0.5.0 raised ``ValueError`` here; a mapping raises ``KeyError``: it is both."""

    def __init__(self, manager: str, name: str, suggestion: str | None = None) -> None:
        super().__init__(manager, name, suggestion)
        self.manager = manager
        self.name = name
        self.suggestion = suggestion

    def __str__(self) -> str:
        text = f"{self.manager} has no metric {self.name!r}"
        return text + (f". Did you mean {self.suggestion!r}?" if self.suggestion else ".")


class NeedsParametersError(UnknownMetricError):
    """A parameterized metric was asked for by its bare name; ``suggestion`` is a name that would do."""

    def __str__(self) -> str:
        example = f", such as {self.suggestion!r}" if self.suggestion else ""
        label = f"{self.manager}.{self.name}"
        return (
            f"{label} has parameters: call it, as in cm.{self.name}(...), or give the key {label}(...) or the name of "
            f"one parameter set{example}."
        )


class UndeclaredParametersError(MetricsError, ValueError):
    """A parameterized metric was asked for parameters that its ``params_list`` does not hold.

    ``near`` are values that are declared, where one of the parameters has none of them: ``("C=3.0", "C=10.0")``.
    """

    def __init__(self, metric: str, params: str, declared: str, remedy: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(metric, params, declared, remedy, near)
        self.metric = metric
        self.params = params
        self.declared = declared
        self.remedy = remedy
        self.near = near

    def __str__(self) -> str:
        lines = [f"{self.metric} is not declared for {self.params}.", f"Declared: {self.declared}"]
        lines += [f"Nearest: {' or '.join(self.near)}"] if self.near else []
        return "\n  ".join([*lines, self.remedy])


class SweepArrayError(MetricsError, TypeError):
    """The values of a sweep do not fit into one array; ``point`` is the first that does not, with its parameters."""

    def __init__(self, point: str, problem: str, remedy: str) -> None:
        super().__init__(point, problem, remedy)
        self.point = point
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.point}: {self.problem}.\n  {self.remedy}."


class UncoveredParametersError(MetricsError, KeyError):
    """A stored parameter set would be left behind by a conversion that does not mention it."""

    def __init__(self, metric: str, name: str) -> None:
        super().__init__(metric, name)
        self.metric = metric
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} is stored of {self.metric}, but old_params_list does not cover it. Nothing was moved."


class IdentityError(MetricsError, TypeError):
    """A parameter or an input of a manager has no stable written form, so it cannot name what is stored."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class MetricFailedError(MetricsError, RuntimeError):
    """The function of a metric raised on a worker, and what it raised could not be brought here.

    ``error`` is the type of that exception, ``message`` its text, and ``traceback`` the whole traceback as text.
    """

    def __init__(self, metric: str, error: str, message: str, traceback: str) -> None:
        super().__init__(metric, error, message, traceback)
        self.metric = metric
        self.error = error
        self.message = message
        self.traceback = traceback

    def __str__(self) -> str:
        text = f"{self.metric} raised {self.error} on a worker: {self.message}"
        return f"{text}\n\n{self.traceback}" if self.traceback else text


class BrokenSweepError(MetricsError, BrokenExecutor):
    """The executor broke in the midst of a sweep: a worker was killed, say. What was computed is stored."""

    def __init__(self, title: str, stored: int, total: int) -> None:
        super().__init__(title, stored, total)
        self.title = title
        self.stored = stored
        self.total = total

    def __str__(self) -> str:
        return (
            f"the executor broke while {self.title} was computed. {self.stored} of {self.total} are stored; call "
            f"again, with a new executor, to compute the rest."
        )


class ConfigError(MetricsError, ValueError):
    """A configuration is wrong; ``problems`` lists every mistake in it, each with its path."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


class MissingExtraError(MetricsError, ImportError):
    """Something needs an optional package that is not installed."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(what, package, extra)
        self.what = what
        self.package = package
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.what} needs {self.package}: pip install 'simple-metrics-manager[{self.extra}]'"


class ReportTooLargeError(MetricsError, ValueError):
    """A report would be larger than it may be; ``largest`` names the parts that take most of it. Nothing is written."""

    def __init__(self, path: str, size: int, max_size: int, largest: str) -> None:
        super().__init__(path, size, max_size, largest)
        self.path = path
        self.size = size
        self.max_size = max_size
        self.largest = largest

    def __str__(self) -> str:
        return (
            f"{self.path} would have {self.size:,} bytes, more than max_size={self.max_size:,}. Its largest parts: "
            f"{self.largest}. Give a larger max_size, or values=False to leave out what is known of values."
        )
