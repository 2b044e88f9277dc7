"""Disks whose power can be cut: a disk in a file is copied while it is mounted, and the copy is what got to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import attrs
import pytest

from simple_metrics_manager import NpzStorageInterface
from tests.faults.places import copy_image, in_private, make_image, mount_image, unmount

T = TypeVar("T")

SIZES = {"ext4": 16 << 20, "xfs": 320 << 20}
DISKS = [("ext4", "", ""), ("ext4", "noauto_da_alloc", ""), ("xfs", "", "nouuid")]
every_disk = pytest.mark.parametrize(
    ("kind", "options", "options_after"), DISKS, ids=["ext4", "ext4-noauto_da_alloc", "xfs"]
)


@attrs.frozen
class Disk:
    """A mounted disk in a file, and how to cut its power."""

    folder: Path
    options: str

    @property
    def store(self) -> Path:
        """Where metrics are kept on it."""
        return self.folder / "disk" / "store"

    def cut(self, look: Callable[[NpzStorageInterface], T], *, flushed: bool) -> T:
        """What ``look`` finds after a cut at this instant.

        ``flushed``: right before it, somebody flushed a file of his own. That commits others' renames, not their bytes.
        """
        if flushed:
            with open(self.folder / "disk" / "somebody's", "wb") as file:
                file.write(b"x")
                os.fsync(file.fileno())
        copy_image(self.folder / "image", self.folder / "copy")
        mount_image(self.folder / "copy", self.folder / "after", self.options)
        try:
            return look(NpzStorageInterface(self.folder / "after" / "store"))
        finally:
            unmount(self.folder / "after")
            (self.folder / "copy").unlink()


def on_disk(folder: Path, kind: str, options: str, options_after: str, act: Callable[[Disk], T]) -> T:
    """What ``act`` gives in a process that has a disk of this kind; skip where that cannot be had."""
    if shutil.which(f"mkfs.{kind}", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        pytest.skip(f"there is no mkfs.{kind}")
    make_image(folder / "image", kind, SIZES[kind])
    (folder / "disk").mkdir()
    (folder / "after").mkdir()

    def inside() -> tuple[T | None, str]:
        try:
            mount_image(folder / "image", folder / "disk", options)
        except OSError as error:
            return None, str(error)
        try:
            return act(Disk(folder, options_after)), ""
        finally:
            unmount(folder / "disk")

    made, trouble = in_private(inside)
    if made is None:
        pytest.skip(f"no disk in a file here: {trouble}")
    return made
