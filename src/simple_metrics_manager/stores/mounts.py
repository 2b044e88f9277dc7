"""On which kind of file system a path lies: a network file system does not keep the locks that SQLite lives by."""

from __future__ import annotations

import contextlib
import os
import re

_NETWORK = frozenset(
    {"9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs"}
    | {"nfs4", "ocfs2", "orangefs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "sshfs"}
)
_LOCAL_FUSE = frozenset({"bindfs", "encfs", "exfat", "ext4", "fuse-overlayfs", "gocryptfs", "mergerfs", "ntfs-3g"})
"""File systems in user space that keep their files on this very host; any other may be a way to another one."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


def network_kind(path: str) -> str | None:
    """The kind of network file system on which ``path`` lies or would lie; None if it is local, or cannot be told."""
    if os.name == "nt":
        return "SMB" if os.path.abspath(path).startswith(("\\\\", "//")) else None
    with contextlib.suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return kind_in(file.read(), os.path.realpath(path))
    return None


def kind_in(table: str, path: str) -> str | None:
    """The same, given what is mounted, as ``/proc/self/mountinfo`` says it, and a path without links."""
    best, kind = "", ""
    for line in table.splitlines():
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) < 5 or not rest:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), words[4])
        inside = f"{path}/".startswith(f"{point.rstrip('/')}/")
        if inside and len(point) >= len(best):  # of two mounts on one point the later one is on top
            best, kind = point, rest.split(" ")[0]
    return kind if _is_network(kind) else None


def _is_network(kind: str) -> bool:
    if kind.startswith("fuse."):
        return kind.removeprefix("fuse.") not in _LOCAL_FUSE
    return kind in _NETWORK
