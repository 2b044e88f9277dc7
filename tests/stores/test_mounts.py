"""Which paths lie on a network file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from simple_metrics_manager.stores.mounts import kind_in, network_kind

TABLE = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:20 / /home rw - nfs4 server:/home rw,vers=4.2
23 22 8:2 / /home/ann/local rw master:1 - xfs /dev/sdb rw
24 21 0:21 / /mnt/with\040blank rw - cifs //server/share rw
25 21 0:22 / /mnt/s3 rw - fuse.rclone remote: rw
26 21 0:23 / /mnt/merged rw - fuse.mergerfs a:b rw
27 21 0:24 / /mnt/ntfs rw - fuseblk /dev/sdc rw
28 21 0:25 / /twice rw - nfs server:/a rw
29 21 0:26 / /twice rw - tmpfs tmpfs rw
30 21 0:27 / /scratch rw - lustre mds@tcp:/scratch rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", None),
        ("/homes", None),
        ("/home", "nfs4"),
        ("/home/ann/x.db", "nfs4"),
        ("/home/ann/local", None),
        ("/home/ann/local/deep/x.db", None),
        ("/home/ann/locals", "nfs4"),
        ("/mnt/with blank/x.db", "cifs"),
        ("/mnt/s3/x.db", "fuse.rclone"),
        ("/mnt/merged/x.db", None),
        ("/mnt/ntfs/x.db", None),
        ("/twice/x.db", None),
        ("/scratch/a/b", "lustre"),
    ],
)
def test_kind_in(path: str, kind: str | None) -> None:
    """The innermost mount counts, and of two in one place the later one."""
    assert kind_in(TABLE, path) == kind


def test_what_cannot_be_told() -> None:
    """Where there is no such table, or no sense in it, nothing is refused."""
    assert kind_in("", "/x") is None
    assert kind_in("nonsense\n1 2 3 - nfs\n", "/x") is None


def test_here(tmp_path: Path) -> None:
    """Where tests keep their files is a local disk."""
    assert network_kind(str(tmp_path)) is None
