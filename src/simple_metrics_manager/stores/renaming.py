"""Renaming where nothing is replaced: in one step where the system has it, else by a second name for the file."""

from __future__ import annotations

import os

from simple_metrics_manager.stores.kernel import rename_exclusively


def rename_to_nothing(source: str, target: str) -> None:
    """Rename a file; never over another, not even one that appears just now.

    Where the system has no call for that, the file gets a second name by a hard link, and loses its first one: both
    are good while both are there. Where there are no hard links either, and only there, somebody else's file that
    appears at ``target`` between a look and the renaming is replaced.

    Raises:
        FileExistsError: there is something at ``target``.
        FileNotFoundError: there is nothing at ``source``, or no directory for ``target``.
        OSError: it cannot be renamed for another reason.
    """
    try:
        if os.name == "nt":
            os.rename(source, target)  # replaces nothing there
        elif not rename_exclusively(source, target):
            _link(source, target)
    except FileExistsError:
        _finish_interrupted(source, target)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(source, target)
    else:
        os.unlink(source)


def _finish_interrupted(source: str, target: str) -> None:
    """Whoever died between link and unlink left one file with two names; on a disk that does not tell ``a`` from
    ``A``, one file with one name answers to both."""
    if source == target or not os.path.samestat(os.lstat(source), os.lstat(target)):
        raise FileExistsError(target)
    folder, name = os.path.split(target)
    if name in os.listdir(folder or "."):
        os.unlink(source)
    else:
        os.rename(source, target)
