"""Errors between a value and its storage."""

from __future__ import annotations

from simple_metrics_manager.errors.base import MetricsError


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
    only could not be made to outlive a power cut; None says that nobody can tell, since the answer was lost.
    """

    def __init__(self, name: str, path: str, cause: str, replaced: bool | None = False) -> None:
        super().__init__(name, path, cause, replaced)
        self.name = name
        self.path = path
        self.cause = cause
        self.replaced = replaced

    def __str__(self) -> str:
        text = f"{self.name!r} was not saved to {self.path}: {self.cause}."
        if self.replaced is None:
            return (
                f"{text}\n  It may have been stored all the same, or what was there before stands; the new value is"
                " still in memory: save it again when that is fixed."
            )
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


class CorruptDatabaseError(CorruptMetricError):
    """A database of metrics is damaged as a whole, so that none of it can be overwritten: ``path`` is its file."""

    def __str__(self) -> str:
        return (
            f"{self.path} is damaged: {self.found}."
            "\n  Move it away, with the files beside it that are called like it: what it held is then computed anew."
            " The command 'sqlite3 FILE .recover' may still get values out of it."
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


class UnreachableError(StorageError, OSError):
    """A store did not answer, or refused to; whether the metric is stored there is not known."""

    def __init__(self, path: str, cause: str) -> None:
        super().__init__(path, cause)
        self.path = path
        self.cause = cause

    def __str__(self) -> str:
        return (
            f"{self.path} could not be reached: {self.cause}."
            "\n  What is asked for may well be there, so nothing was computed in its place: ask again when that is"
            " mended, or compute it with use_stored=False."
        )


class NotExclusiveError(StorageError, NotImplementedError):
    """A server takes no notice of conditions, so no writer can know that it is the only one."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path: str = path

    def __str__(self) -> str:
        return (
            f"The server of {self.path} ignores conditions on writes (If-None-Match, If-Match): of two writers, both "
            "would believe that they were first."
            "\n  Saving and loading work there; for what needs one winner, use a server that enforces conditions."
        )


class ForkedError(StorageError, RuntimeError):
    """This process was forked from one that had used an object store, where any request would wait for ever."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path: str = path

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be used in a process that was forked after its parent had used an object store: "
            "obstore would wait for ever."
            "\n  Start processes with multiprocessing.get_context('spawn') or 'forkserver', as Dask does."
        )


class NetworkFileSystemError(StorageError, OSError):
    """A database was to lie on a network file system, where locks do not keep two writers apart."""

    def __init__(self, path: str, file_system: str) -> None:
        super().__init__(path, file_system)
        self.path = path
        self.file_system = file_system

    def __str__(self) -> str:
        return (
            f"{self.path} is on a network file system ({self.file_system}), where locks do not keep two writers of a "
            "database apart: it would lose values or be damaged."
            "\n  Keep it on a disk of this machine, or store files there instead (NpzStorageInterface)."
        )


class ResultsNotFoundError(StorageError, LookupError):
    """A worker has stored a metric, and here it is not found: worker and storage do not mean the same place."""

    def __init__(self, metric: str, storage: str) -> None:
        super().__init__(metric, storage)
        self.metric = metric
        self.storage = storage

    def __str__(self) -> str:
        return (
            f"{self.metric} was stored by a worker, but is not found in {self.storage}: for the worker that is another "
            f"place. Give a directory that both share, under the same path, or an object store."
        )
