"""Errors about what cannot be done by workers in other processes, told before anything is computed."""

from __future__ import annotations

from pickle import PicklingError

from simple_metrics_manager.errors.base import MetricsError
from simple_metrics_manager.errors.storing import StorageError


class CannotTravelError(MetricsError, PicklingError):
    """A part of a manager cannot be sent to another process: ``what`` names it, ``problem`` says why."""

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        super().__init__(what, problem, remedy)
        self.what = what
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} cannot be sent to a worker: {self.problem}.\n  {self.remedy}."


class UnreachableManagerError(MetricsError, RuntimeError):
    """A worker cannot make the manager: it cannot import its class, say.

    ``manager`` is ``module:Class``, ``said`` what was raised there, ``host`` the worker's machine; that is empty if no
    worker could be asked.
    """

    def __init__(self, manager: str, said: str, remedy: str, host: str = "") -> None:
        super().__init__(manager, said, remedy, host)
        self.manager = manager
        self.said = said
        self.remedy = remedy
        self.host = host

    def __str__(self) -> str:
        where = f"a worker on {self.host}" if self.host else "a worker"
        return f"{self.manager} cannot be made by {where}: {self.said}\n  {self.remedy}\n  Nothing was computed."


class OutdatedWorkerError(MetricsError, RuntimeError):
    """A worker has imported other code than this process: the module was edited in between, or differs between hosts.

    ``manager`` is ``module:Class``, ``names`` are the metrics, helpers and globals that differ, ``host`` is the
    worker's machine.
    """

    def __init__(self, manager: str, names: tuple[str, ...], host: str = "") -> None:
        super().__init__(manager, names, host)
        self.manager = manager
        self.names = names
        self.host = host

    def __str__(self) -> str:
        more = f" and {len(self.names) - 5} more" if len(self.names) > 5 else ""
        return (
            f"A worker on {self.host} has other code of {self.manager} than this process: "
            f"{', '.join(self.names[:5])}{more}."
            "\n  Each keeps what it has imported. Start the workers anew: a new pool, loky's with reuse=False, "
            "client.restart() with Dask; and this process, if it is the one that is behind. What only this process has "
            "changed, such as a global that was set, an initializer of the pool has to change there."
            "\n  That worker has computed nothing."
        )


class UnreachableStorageError(StorageError, ValueError):
    """Workers could not hand their values back: they are in other processes, or on other hosts, than the storage."""

    def __init__(self, manager: str, storage: str, problem: str, remedy: str) -> None:
        super().__init__(manager, storage, problem, remedy)
        self.manager = manager
        self.storage = storage
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.manager} keeps its values in {self.storage}: {self.problem}.\n  {self.remedy}."


class ForkingPoolError(MetricsError, RuntimeError):
    """A pool would fork its workers from this process, and they might hang for ever."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the pool would start its workers by fork, and {self.reason}: a worker might wait for ever."
            "\n  Use ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn')), or 'forkserver'."
        )
