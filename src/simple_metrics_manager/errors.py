"""Every error that the library raises, grouped by what a caller would do about it.

::

    MetricsError
    |-- MetricDeclarationError  (TypeError)              mend the class
    |-- MetricTypeError         (TypeError)              mend the annotation or the function
    |-- MetricCycleError        (RuntimeError)           mend the dependencies
    |-- UnknownMetricError      (KeyError, ValueError)   mend the name
    |   `-- NeedsParametersError                         give parameters, or the name of one set
    |-- UndeclaredParametersError (ValueError)           declare the parameters
    |-- UncoveredParametersError (KeyError)              complete the list
    |-- IdentityError           (TypeError)              give the manager or the call plain inputs
    |-- ConfigError             (ValueError)             mend the configuration
    |-- MissingExtraError       (ImportError)            install the extra
    `-- StorageError
        |-- NotStoredError      (KeyError)               compute it first
        |-- CannotStoreError    (TypeError)              choose another storage or another type
        |-- SaveError           (OSError)                make room, then save again
        |-- CorruptMetricError  (ValueError)             inspect the file, then recompute
        |   `-- InTheWayError                            move away what lies there
        |-- NewerFormatError    (ValueError)             upgrade this library
        |-- PickledObjectsError (ValueError)             say allow_pickle=True, if you trust the file
        `-- WrongIdentityError  (ValueError)             give each manager its own name or place

Each one also is the builtin exception that a caller would already catch. The facts are attributes, the
sentence is made from them in ``__str__``; ``args`` are the constructor's arguments, so every error pickles.
"""

from __future__ import annotations


class MetricsError(Exception):
    """Base of all errors of this library."""

    def __str__(self) -> str:
        return "; ".join(str(part) for part in self.args)


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

    ``value_kept`` says that the computed value waits in memory, in ``manager.cache[...]``.
    """

    def __init__(self, metric: str, declared: str, problem: str, value_kept: str | None = None) -> None:
        super().__init__(metric, declared, problem, value_kept)
        self.metric = metric
        self.declared = declared
        self.problem = problem
        self.value_kept = value_kept

    def __str__(self) -> str:
        text = f"{self.metric} is declared -> {self.declared}: {self.problem}"
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
    """A parameterized metric was asked for parameters that its ``params_list`` does not hold."""

    def __init__(self, metric: str, params: str, declared: str, remedy: str) -> None:
        super().__init__(metric, params, declared, remedy)
        self.metric = metric
        self.params = params
        self.declared = declared
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.metric} is not declared for {self.params}.\n  Declared: {self.declared}\n  {self.remedy}"


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


class StorageError(MetricsError):
    """Something between a value and its storage went wrong."""


class NotStoredError(StorageError, KeyError):
    """The storage does not hold this metric; ``storage`` is empty where there is none."""

    def __init__(self, name: str, storage: str, suggestion: str | None = None) -> None:
        super().__init__(name, storage, suggestion)
        self.name = name
        self.storage = storage
        self.suggestion = suggestion

    def __str__(self) -> str:
        text = f"{self.name!r} is not stored" + (f" in {self.storage}." if self.storage else ": there is no storage.")
        return text + (f" Did you mean {self.suggestion!r}?" if self.suggestion else "")


class CannotStoreError(StorageError, TypeError):
    """A format cannot hold this value so that it comes back as it is."""

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(name, problem, remedy)
        self.name = name
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        remedy = self.remedy.removesuffix(".")
        return f"{self.name!r} was not stored: {self.problem}. {remedy}.\n  The value is still in memory."


class SaveError(StorageError, OSError):
    """The storage failed while saving; the new value is still in memory.

    The old value, if there was one, stands, unless ``replaced`` says that the new one has taken its place already and
    only could not be made to outlive a power cut.
    """

    def __init__(self, name: str, path: str, cause: str, replaced: bool = False) -> None:
        super().__init__(name, path, cause, replaced)
        self.name = name
        self.path = path
        self.cause = cause
        self.replaced = replaced

    def __str__(self) -> str:
        text = f"{self.name!r} was not saved to {self.path}: {self.cause}."
        if self.replaced:
            return f"{text}\n  The new value is in its place, but may not outlive a power cut: save it again."
        return (
            f"{text}\n  What was stored before stands; the new value is still in memory:"
            " save it again when that is fixed."
        )


class CorruptMetricError(StorageError, ValueError):
    """A stored file is damaged. Its value is never returned."""

    def __init__(self, path: str, found: str) -> None:
        super().__init__(path, found)
        self.path = path
        self.found = found

    def __str__(self) -> str:
        return (
            f"{self.path} is damaged: {self.found}."
            "\n  Move it away to inspect it, then compute the metric again (use_stored=False overwrites it)."
        )


class InTheWayError(CorruptMetricError):
    """Where a stored file should lie there is something else: ``found``, such as ``a symbolic link``."""

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be read: it is {self.found}, not a file."
            "\n  Move it away, and put the file itself there or compute the metric again."
        )


class NewerFormatError(StorageError, ValueError):
    """A stored file was written by a later version of this library."""

    def __init__(self, path: str, format_: int, known: int) -> None:
        super().__init__(path, format_, known)
        self.path = path
        self.format_ = format_
        self.known = known

    def __str__(self) -> str:
        return (
            f"{self.path} is written in format {self.format_}; this version reads up to {self.known}: "
            "upgrade simple-metrics-manager to read it."
        )


class PickledObjectsError(StorageError, ValueError):
    """A stored file holds pickled Python objects, and nobody said that they may run."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path: str = path

    def __str__(self) -> str:
        return (
            f"{self.path} holds pickled Python objects, which can run code when they are read."
            "\n  Pass allow_pickle=True to the storage if you trust the file, or compute the metric again "
            "(use_stored=False overwrites it)."
        )


class WrongIdentityError(StorageError, ValueError):
    """A stored file holds another metric, other parameters or another manager's value than its name says."""

    def __init__(self, path: str, asked: str, found: str) -> None:
        super().__init__(path, asked, found)
        self.path = path
        self.asked = asked
        self.found = found

    def __str__(self) -> str:
        return (
            f"{self.path} holds {self.found}, not {self.asked}: files were moved or renamed by hand, or two managers"
            " share a place."
            "\n  Put it back, or compute the metric again (use_stored=False overwrites it)."
        )
