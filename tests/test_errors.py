"""Every error names the thing and the way out, keeps its facts, and travels between processes."""

from __future__ import annotations

import pickle
from concurrent.futures import BrokenExecutor
from typing import TypeAlias

import pytest

import simple_metrics_manager
from simple_metrics_manager import errors

Raised: TypeAlias = errors.MetricsError | errors.StaleMetricWarning

EXAMPLES: list[tuple[Raised, type[BaseException], str]] = [
    (errors.MetricDeclarationError("CM.x", "it has no type"), TypeError, "CM.x: it has no type"),
    (errors.MetricTypeError("CM.x", "int", "got str"), TypeError, "CM.x is declared -> int: got str"),
    (errors.MetricTypeError("CM.x", "int", "got str", "x"), TypeError, "cache['x']"),
    (errors.MetricCycleError(("a", "b", "a")), RuntimeError, "a -> b -> a"),
    (errors.UnknownMetricError("CM", "x"), KeyError, "CM has no metric 'x'."),
    (errors.UnknownMetricError("CM", "x", "y"), ValueError, "Did you mean 'y'?"),
    (errors.NeedsParametersError("CM", "x", "x,k=1"), KeyError, "CM.x has parameters: call it, as in cm.x(...)"),
    (errors.UndeclaredParametersError("CM.x", "k=3", "k=1; k=2", "Add it."), ValueError, "k=1; k=2\n  Add it."),
    (
        errors.UndeclaredParametersError("CM.x", "k=3", "k in (2, 5)", "Add it.", ("k=2", "k=5")),
        ValueError,
        "(2, 5)\n  Nearest: k=2 or k=5\n  Add it.",
    ),
    (errors.MetricTypeError("CM.x", "int", "got str", "x", "lab.py:7"), TypeError, "Declared at lab.py:7."),
    (errors.StaleMetricError("CM.x", ("code_changed",), ("its code changed",)), RuntimeError, "\n  its code changed\n"),
    (errors.StaleMetricWarning("CM.x", ("code_changed",), ("its code changed",)), UserWarning, "may be out of date"),
    (
        errors.SweepArrayError("x(k=2)", "it is int64, but x(k=1) is float64", "Take items()"),
        TypeError,
        "x(k=2): it is",
    ),
    (errors.UncoveredParametersError("x", "x_1"), KeyError, "'x_1' is stored of x"),
    (
        errors.MetricFailedError("CM.x", "Odd", "k is odd", "Trace"),
        RuntimeError,
        "CM.x raised Odd on a worker: k is odd",
    ),
    (errors.BrokenSweepError("CM.x", 30, 50), BrokenExecutor, "30 of 50 are stored; call again, with a new executor"),
    (
        errors.ResultsNotFoundError("CM.x", "Npz('here')"),
        LookupError,
        "CM.x was stored by a worker, but is not found in",
    ),
    (errors.IdentityError("CM(df=...)", "a frame has no form"), TypeError, "CM(df=...): a frame has no form"),
    (errors.ConfigError(("one @ a", "two @ b")), ValueError, "one @ a\ntwo @ b"),
    (errors.MissingExtraError("TOML", "tomli-w", "toml"), ImportError, "pip install 'simple-metrics-manager[toml]'"),
    (
        errors.ReportTooLargeError("a.html", 9_000, 8_000, "sweep x 7 kB"),
        ValueError,
        "9,000 bytes, more than max_size=8,000",
    ),
    (errors.CannotTravelError("CM.f", "it is a lambda", "Use def"), pickle.PicklingError, "a lambda.\n  Use def."),
    (errors.UnreachableManagerError("lab:CM", "No module", "Install it.", "h"), RuntimeError, "on h: No module"),
    (errors.OutdatedWorkerError("lab:CM", ("CM.x", "lab.K"), "h"), RuntimeError, "other code of lab:CM than this pro"),
    (errors.UnreachableStorageError("CM", "memory", "no way back", "Use npz"), ValueError, "memory: no way back.\n"),
    (errors.ForkingPoolError("another thread runs"), RuntimeError, "by fork, and another thread runs: a worker might"),
    (errors.NotStoredError("x", "here"), KeyError, "'x' is not stored in here"),
    (errors.CannotStoreError("x", "two arrays", "Use npz."), TypeError, "two arrays. Use npz."),
    (errors.SaveError("x", "/there/x.npz", "disk full"), OSError, "/there/x.npz: disk full"),
    (errors.SaveError("x", "/there/x.npz", "no answer", True), OSError, "may not outlive a power cut"),
    (errors.CorruptMetricError("/there/x.npz", "bad checksum"), ValueError, "/there/x.npz is damaged: bad checksum"),
    (errors.CorruptDatabaseError("/there/a.db", "no header"), ValueError, "Move it away, with the files beside it"),
    (errors.InTheWayError("/there/x.npz", "a directory"), ValueError, "it is a directory, not a file"),
    (errors.NewerFormatError("/there/x.npz", 2, 1), ValueError, "is written in format 2; this version reads up to 1"),
    (errors.PickledObjectsError("/there/x.npz"), ValueError, "Pass allow_pickle=True"),
    (errors.WrongIdentityError("/there/x.npz", "x", "y"), ValueError, "/there/x.npz holds y, not x"),
    (
        errors.UnreachableError("s3://bucket/metrics", "connection refused"),
        OSError,
        "s3://bucket/metrics could not be reached: connection refused.",
    ),
    (errors.NotExclusiveError("s3://bucket/x"), NotImplementedError, "The server of s3://bucket/x ignores conditions"),
    (errors.ForkedError("s3://bucket/x"), RuntimeError, "Start processes with multiprocessing.get_context('spawn')"),
    (errors.SaveError("x", "s3://bucket/x", "no answer", None), OSError, "It may have been stored all the same"),
    (
        errors.NetworkFileSystemError("/home/a.db", "nfs4"),
        OSError,
        "/home/a.db is on a network file system (nfs4)",
    ),
]


@pytest.mark.parametrize(("error", "builtin", "text"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_errors_are_builtins_with_a_sentence(error: Raised, builtin: type, text: str) -> None:
    """An error is the builtin exception that a caller would catch, and says its facts."""
    assert isinstance(error, builtin)
    assert text in str(error)


@pytest.mark.parametrize("error", [error for error, _, _ in EXAMPLES], ids=lambda value: type(value).__name__)
def test_errors_pickle(error: Raised) -> None:
    """What comes out of a worker is the same error with the same facts and the same sentence."""
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_every_error_has_an_example() -> None:
    """Each error class stands in the list above, in the tree of the docstring, and in the package."""
    classes = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and name != "MetricsError"}
    shown = {type(error).__name__ for error, _, _ in EXAMPLES} | {"StorageError"}

    assert set(classes) == shown
    assert all(name in (errors.__doc__ or "") for name in classes)
    assert all(getattr(simple_metrics_manager, name) is kind for name, kind in classes.items())
