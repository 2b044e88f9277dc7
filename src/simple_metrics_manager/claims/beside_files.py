"""Which kind of claims goes with a folder of files."""

from __future__ import annotations

import os

from simple_metrics_manager.claims.base import Claims
from simple_metrics_manager.claims.directory_leases import DirectoryLeases
from simple_metrics_manager.claims.flocks import file_locks
from simple_metrics_manager.stores.leftovers import LOCKED
from simple_metrics_manager.stores.mounts import network_kind


def claims_in(
    folder: str | os.PathLike[str], extension: str, *, shared: bool = False, ttl: float = 60.0
) -> Claims | None:
    """Claims on files of this extension in ``folder``; None on Windows, unless there are others than locks.

    These are leases if the folder is ``shared`` by hosts, or lies on a network file system, and locks otherwise. No
    store takes the hidden files, or what is in the hidden folder ``.leases``, for something that is stored. Names with
    different extensions are different names: a metric may be computed from one of the same name elsewhere.
    """
    path = os.path.abspath(folder)
    if shared or network_kind(path) is not None:
        return DirectoryLeases(os.path.join(path, ".leases"), ttl, extension)
    return file_locks(path, ttl, extension + LOCKED)
