"""File systems for one process alone: its mounts are its own, and gone when it ends."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.faults.engine import PATIENCE, fresh

T = TypeVar("T")

_NEW_MOUNTS = 0x20000
_RDONLY, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 32, 4096, 16384, 1 << 18


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = [text.encode() or None for text in (source, target, kind)]
    if libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() or None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def private_mounts() -> None:
    """From here on, what this process mounts nobody else sees."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _mount("", "/", "", _REC | _PRIVATE)


def in_private(act: Callable[[], T]) -> T:
    """What ``act`` returns in a process with mounts of its own."""

    def enter() -> T:
        private_mounts()
        return act()

    return fresh(enter, 4 * PATIENCE)  # power is cut some twenty times there


def mount_memory(folder: Path, size: str, inodes: int) -> None:
    """A small disk in memory."""
    _mount("tmpfs", str(folder), "tmpfs", 0, f"size={size},nr_inodes={inodes}")


def mount_read_only(folder: Path) -> None:
    """The same directory, but nothing in it may be written."""
    _mount(str(folder), str(folder), "", _BIND)
    _mount("", str(folder), "", _BIND | _REMOUNT | _RDONLY)


def mount_image(image: Path, folder: Path, options: str = "") -> None:
    """A file as a disk."""
    _command("mount", "-o", ",".join(["loop", *filter(None, [options])]), str(image), str(folder))


def unmount(folder: Path) -> None:
    """Take a disk away."""
    _command("umount", str(folder))


def make_image(image: Path, kind: str, size: int) -> None:
    """A file that holds an empty file system."""
    with open(image, "wb") as file:
        file.truncate(size)
    force = {"ext4": ["-F"], "xfs": ["-f"]}[kind]
    _command(f"mkfs.{kind}", "-q", *force, str(image))


def copy_image(image: Path, copy: Path) -> None:
    """What of a disk has been written: a copy of it is what a power cut would leave."""
    _command("cp", "--sparse=always", str(image), str(copy))


def _command(*words: str) -> None:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    ran = subprocess.run(words, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise OSError(f"{' '.join(words)}: {ran.stderr.strip()}")


def _missing() -> str:
    if sys.platform != "linux":
        return "only Linux has private mounts"
    try:
        in_private(lambda: None)
    except (OSError, AssertionError) as error:
        return f"no private mounts here: {str(error).strip().splitlines()[-1]}"
    return ""


MISSING = _missing()
needs_mounts = pytest.mark.skipif(bool(MISSING), reason=MISSING)
