"""One small task before the first real one: what would keep workers from their work is told at once, by name."""

from __future__ import annotations

import os
import platform
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, wait

import attrs

from simple_metrics_manager.declaring.checks import declared_metrics
from simple_metrics_manager.errors import CannotTravelError, ForkingPoolError, UnreachableManagerError
from simple_metrics_manager.events import NoWorkerYet, tell
from simple_metrics_manager.stores.object_fork import in_use
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reach import refuse_storage
from simple_metrics_manager.sweeping.recipe import Recipe
from simple_metrics_manager.sweeping.same_code import Code, OtherCodeError

_PACKAGE = __name__.partition(".")[0]


@attrs.frozen
class Arrival:
    """A worker that has made the manager: its host, the id of its process, its Python.

    ``in_process`` says that it is this very process, with the very manager. ``trouble`` is what kept it from making
    one, ``missing`` the module that it could not import, ``other`` the code that it has, if that is not ours.
    """

    host: str
    process: int
    python: str
    in_process: bool
    version: str = attrs.field(default="", repr=False)
    trouble: str = ""
    missing: str = ""
    other: Code | None = attrs.field(default=None, repr=False)


def preflight(executor: Executor, recipe: Recipe) -> Arrival:
    """Have one worker make the manager.

    Raises:
        CannotTravelError: the manager cannot be sent.
        UnreachableManagerError: no worker could make it.
        UnreachableStorageError: workers could not hand their values back.
        OutdatedWorkerError: it has other code than this process.
        ForkingPoolError: as :func:`refuse_fork`.
    """
    refuse_fork(executor)
    manager = recipe.manager()
    arrival = _landed(executor, recipe, manager)
    while arrival.other is not None:
        recipe.answer(arrival.other, arrival.host)
        arrival = _landed(executor, recipe, manager)
    if arrival.trouble:
        remedy = _import_remedy(arrival.missing) if arrival.missing else _remedy(arrival.trouble)
        raise UnreachableManagerError(_label(manager), arrival.trouble, remedy, arrival.host)
    if arrival.version != _version():
        said = f"it has {_PACKAGE} {arrival.version}, and here is {_version()}."
        raise UnreachableManagerError(_label(manager), said, "Install the same version there.", arrival.host)
    if not arrival.in_process:
        refuse_storage(manager, arrival.host)
    return arrival


def arrive(recipe: Recipe) -> Arrival:
    """What the worker does. Its trouble comes back as a value: exceptions do not survive every journey."""
    trouble = missing = ""
    other: Code | None = None
    try:
        manager = recipe.manager()
        if not recipe.at_home:  # what an annotation names may have stayed behind
            for metric in declared_metrics(type(manager)).values():
                metric.declaration.codec(type(manager))
    except OtherCodeError as error:
        other = error.code
    except Exception as error:  # noqa: BLE001 - see above
        trouble = " ".join(f"{type(error).__name__}: {error}".split())
        missing = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    place = (socket.gethostname(), os.getpid(), platform.python_version(), recipe.at_home)
    return Arrival(*place, version=_version(), trouble=trouble, missing=missing, other=other)


def refuse_fork(executor: Executor) -> None:
    """Refuse a pool that would fork workers from a process in which that may leave a lock locked for ever.

    Workers that run already were forked before, and a process with one thread, in which no other can hold a lock, may
    be forked. Threads of BLAS and the like do not count: such libraries prepare for a fork themselves.

    Raises:
        ForkingPoolError: another thread runs, or an object store was used.
    """
    if not isinstance(executor, ProcessPoolExecutor):
        return
    context: object = getattr(executor, "_mp_context", None)
    started: object = getattr(executor, "_processes", None) or ()
    method: object = getattr(context, "get_start_method", lambda: None)()
    if method != "fork" or len(started) >= getattr(executor, "_max_workers", 1):  # type: ignore[arg-type]  # a dict
        return
    others = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    if others:
        raise ForkingPoolError(f"other threads run here ({', '.join(others[:3])}), whose locks would stay locked there")
    if in_use():
        raise ForkingPoolError("this process has used an object store, whose threads would be missing there")


# ---------------------------------------------------------------------------------------------------------- trouble
def _landed(executor: Executor, recipe: Recipe, manager: Manager) -> Arrival:
    """The worker's answer; what comes instead of one, in words that help."""
    future: Future[Arrival] | None = None
    try:
        future = executor.submit(arrive, recipe)
        while not wait([future], _TELL_AFTER).done:
            tell(NoWorkerYet(_label(manager), verbose=manager.verbose))
        return future.result()
    except Exception as error:
        for cause in _causes(error):
            if isinstance(cause, CannotTravelError):
                raise cause from None
        if future is None and not isinstance(error, BrokenExecutor):  # it was shut down, say
            raise
        raise _unreachable(manager, error) from error
    except BaseException:
        if future is not None:
            future.cancel()
        raise


def _unreachable(manager: Manager, error: Exception) -> UnreachableManagerError:
    missing = next((c.name for c in _causes(error) if isinstance(c, ModuleNotFoundError) and c.name), "")
    said = " ".join(f"{type(error).__name__}: {error}".split())
    if missing:
        return UnreachableManagerError(_label(manager), f"{said} (no module {missing!r})", _import_remedy(missing))
    if isinstance(error, BrokenExecutor):
        return UnreachableManagerError(_label(manager), said, _BROKEN)
    if isinstance(error, CancelledError):
        return UnreachableManagerError(_label(manager), said, _CANCELLED)
    return UnreachableManagerError(_label(manager), said, f"Workers need {_PACKAGE} {_version()} and what it needs.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


_TELL_AFTER = 10.0
"""Seconds without any answer after which that is told, and told again."""
_BROKEN = (
    "The workers died before the first task. Most often the program starts them while it is being imported: put what "
    "starts the pool under 'if __name__ == \"__main__\":'. Otherwise what they print says why: the program or "
    f"{_PACKAGE} cannot be imported there, or an initializer fails."
)
_CANCELLED = "The executor cancelled the first task: it was shut down, or its scheduler is gone. Start a new one."


def _import_remedy(missing: str) -> str:
    if missing == "cloudpickle":
        return "Install cloudpickle there as well: pip install 'simple-metrics-manager[notebook]'."
    return (
        f"Let workers import {missing!r}: install it there, put its folder on their PYTHONPATH, or send it, with Dask "
        f"by client.upload_file('{missing.partition('.')[0]}.py')."
    )


def _remedy(trouble: str) -> str:
    if "__main__" in trouble:
        return "Move it out of __main__, into a module that workers can import."
    return "Move what it needs into a module that workers can import, in the same version as here."


def _label(manager: Manager) -> str:
    return f"{type(manager).__module__}:{type(manager).__qualname__}"


def _version() -> str:
    return str(getattr(sys.modules.get(_PACKAGE), "__version__", ""))
