"""The folder in which claims on a place of files lie."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from simple_metrics_manager.stores.durability import sync_directory


def as_text(folder: str | os.PathLike[str]) -> str:
    """A path as text."""
    return os.fspath(folder)


def is_folder(folder: str) -> bool:
    """Whether the folder is there.

    Raises:
        OSError: a link lies in its place, or something else: what is behind it is not ours to change.
    """
    try:
        mode = os.lstat(folder).st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(mode):
        raise OSError(errno.ENOTDIR, "is in the place of the folder for claims, and no folder", folder)
    return True


def make_folder(folder: str) -> None:
    """Make the folder and those above it.

    It, or one of these, is where metrics are stored. Whoever stores the first one does not find it missing any more,
    and so does not see to it that its name outlives a power cut: that is done here.
    """
    path = Path(folder)
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_directory(os.path.dirname(each) or os.curdir)
