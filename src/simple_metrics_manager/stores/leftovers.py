"""Temporary files: names that nobody else uses, and the removal of those whose process died.

A file being written is called ``.<final name>.<process>.<random>.tmp``: the dot hides it, the rest keeps two
writers of one name apart. Files that somebody locks while he computes are as temporary, and hidden likewise.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from collections.abc import Iterator

_TEMPORARY = re.compile(r"\..+\.(\d{1,10})\.[0-9a-f]{16}\.tmp")
_MASK = (1 << 64) - 1
_numbers = itertools.count(int.from_bytes(os.urandom(8), "little"))
"""Where this process began is a random number; a forked child goes on from there, under a number of its own."""

LOCKED = ".computing"
"""The end of the names of files that are locked by whoever computes what belongs into another file beside them."""

_SHARD = 2
"""Letters of the names of the folders over which files may be spread."""

swept: set[str] = set()
"""The directories where this process has looked for leftovers: a forked child looks anew."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=swept.clear)

_OLD = 3600.0
"""Seconds. A file that was touched within the hour may be another host's, where the process number means nothing."""


def temporary_name(path: str) -> str:
    """A path beside ``path`` for a file that will replace it."""
    at = path.rfind(os.sep) + 1
    return f"{path[:at]}.{path[at:]}.{os.getpid()}.{next(_numbers) & _MASK:016x}.tmp"


def remove_leftovers(folder: str) -> int:
    """Removes the temporary files of dead processes that nobody touched for an hour, and their locks; how many."""
    removed = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".tmp"):
                match = _TEMPORARY.fullmatch(entry.name)
                removed += bool(match and not _is_alive(int(match[1])) and _remove_if_old(entry))
            elif entry.name.endswith(LOCKED) and entry.name.startswith("."):
                removed += _remove_unlocked(entry.path)
    return removed


def _remove_unlocked(path: str) -> bool:
    from simple_metrics_manager.claims.locked_files import remove_unlocked  # noqa: PLC0415  # which imports from this room

    return remove_unlocked(path)


def _remove_if_old(entry: os.DirEntry[str]) -> bool:
    with contextlib.suppress(OSError):
        if time.time() - entry.stat(follow_symlinks=False).st_mtime > _OLD:
            os.unlink(entry.path)
            return True
    return False


def _is_alive(process: int) -> bool:
    """Whether a process of this number runs on this host.

    Windows has no harmless way to ask in the standard library, and removes no file that is open.
    """
    if os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def left_in(folder: str) -> Iterator[tuple[str, str]]:
    """Files in a directory of metrics, or in the folders in it, that no name means; each with what it is."""
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if len(each) == _SHARD and where == folder)
        for file in sorted(files):
            if _TEMPORARY.fullmatch(file):
                yield os.path.join(where, file), "somebody is writing it, or died while writing"
            elif file.endswith(".damaged"):
                yield os.path.join(where, file), "it was damaged, and was set aside"
