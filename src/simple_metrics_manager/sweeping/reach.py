"""Whether what a worker stores can be read here: values come back through the storage and no other way."""

from __future__ import annotations

import os
import socket
from typing import Literal, TypeAlias

from simple_metrics_manager.errors import UnreachableStorageError
from simple_metrics_manager.stores.mounts import network_kind
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface
from simple_metrics_manager.storing.object_storage import ObjectStorageInterface
from simple_metrics_manager.storing.tiered_storage import TieredStorageInterface
from simple_metrics_manager.sweeping.host import Manager

Reach: TypeAlias = Literal["process", "host", "everywhere"]

_GIVE = "Give one, as in manager.use(NpzStorageInterface('metrics')), or use threads"


def refuse_storage(manager: Manager, host: str) -> None:
    """Refuse a storage that a worker in another process on ``host`` does not share with this one.

    Raises:
        UnreachableStorageError: it does not.
    """
    storage = manager.storage_interface
    kind, reach = type(manager).__qualname__, reach_of(storage)
    if reach == "process":
        shown = "memory" if storage is None else repr(storage)
        problem = "workers in other processes cannot hand their values back without a storage that both reach"
        raise UnreachableStorageError(kind, shown, problem, _GIVE)
    if reach == "host" and host != socket.gethostname():
        problem = f"that is on {socket.gethostname()}, and workers are on {host}"
        remedy = (
            "Give a directory that all hosts share (with shared=True, where it is not seen to be on a network), or an "
            "object store"
        )
        raise UnreachableStorageError(kind, repr(storage), problem, remedy)


def reach_of(storage: object) -> Reach:
    """From where a storage can be read; that of somebody else's making counts as readable everywhere."""
    if storage is None or isinstance(storage, MemoryStorageInterface):
        return "process"
    if isinstance(storage, TieredStorageInterface):
        return reach_of(storage.shared)
    if isinstance(storage, ObjectStorageInterface):
        return "process" if storage.url.startswith("memory:") else "everywhere"
    place: object = getattr(storage, "metrics_dir", None) or getattr(storage, "path", None)
    if not isinstance(place, (str, os.PathLike)) or getattr(storage, "shared", False) is True:
        return "everywhere"
    return "everywhere" if network_kind(os.path.abspath(os.fspath(place))) else "host"
