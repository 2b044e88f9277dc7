"""Sweeps on a real cluster in which a worker, the driver, the scheduler or a host is killed: what is lost, and counted.

``SMM_SWEEP_TASKS`` sets how many metrics each sweep has, for a long run.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from simple_metrics_manager import Metric, NpzStorageInterface
from simple_metrics_manager.errors import BrokenSweepError
from simple_metrics_manager.storing.storage import Storage
from tests.documents import ROOT
from tests.stores.object_server import CREDENTIALS, Server, weed
from tests.sweeping.workshop import Workshop, runs

if TYPE_CHECKING:
    import distributed
else:
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")

__all__ = ["weed"]

TASKS = int(os.environ.get("SMM_SWEEP_TASKS", "2000"))
FEWER = TASKS // 4
WORKERS, THREADS = 2, 2
PATIENCE = 60.0
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


@attrs.frozen
class Cluster:
    """Dask in processes of its own: a scheduler, and workers with a nanny each."""

    client: distributed.Client
    scheduler: subprocess.Popen[bytes]

    @property
    def executor(self) -> Executor:
        """What a sweep is given."""
        return self.client.get_executor(pure=False)

    def kill_worker(self) -> None:
        """End the process of one worker at once; its nanny starts another one."""
        os.kill(min(self.client.run(os.getpid).values()), signal.SIGKILL)


@contextmanager
def cluster(folder: Path) -> Generator[Cluster]:
    """A cluster of its own while the block runs."""
    file = folder / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli."]
    common = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"]
    worker = [*command[:2], command[2] + "dask_worker", *common, "--nthreads", str(THREADS)]
    with ExitStack() as stack:
        scheduler = stack.enter_context(running([*command[:2], command[2] + "dask_scheduler", *common, "--port", "0"]))
        for _ in range(WORKERS):
            stack.enter_context(running([*worker, "--death-timeout", "60"]))
        until(file.exists)
        client = distributed.Client(scheduler_file=str(file), timeout=PATIENCE)
        try:
            client.wait_for_workers(WORKERS, timeout=PATIENCE)
            yield Cluster(client, scheduler)
        finally:
            client.close()


@contextmanager
def running(command: list[str]) -> Generator[subprocess.Popen[bytes]]:
    """A process of a session of its own; at the end, all of that session is killed."""
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def until(true: Callable[[], bool]) -> None:
    """Wait."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def lines(log: Path) -> int:
    """How many functions have run."""
    return log.read_bytes().count(b"\n") if log.exists() else 0


@contextmanager
def at(log: Path, count: int, act: Callable[[], None]) -> Generator[None]:
    """Do something once so many functions have run, while the block does what makes them run."""

    def wait() -> None:
        until(lambda: lines(log) >= count)
        act()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(wait)
        yield
        done.result()


def workshop(folder: Path, storage: Storage | None = None) -> Workshop:
    """A manager that knows nothing yet, by default with a directory that hosts share."""
    return Workshop(folder / "log").use(storage or NpzStorageInterface(folder / "store", shared=True, sharded=True))


def cells(count: int) -> list[Metric[int]]:
    """The keys of a sweep."""
    return [Workshop.cell(n) for n in range(count)]


def again(log: Path, count: int) -> int:
    """How many functions ran once more than once; all have run, and what the sweep needs came first."""
    counted = runs(log)
    once = Counter(["top", "left", "right", "bottom", *(f"cell {n}" for n in range(count))])
    assert counted.keys() == once.keys()
    assert {counted[name] for name in ("top", "left", "right", "bottom")} == {1}
    return (counted - once).total()


# ------------------------------------------------------------------------------------------------------ on one host
def test_a_worker_is_killed(tmp_path: Path) -> None:
    """The sweep goes on, and nothing is computed twice but what that worker had begun: one metric for each thread."""
    cm = workshop(tmp_path)
    with cluster(tmp_path) as dask, at(cm.log, TASKS // 3, dask.kill_worker):
        found = cm.get_all(cells(TASKS), executor=dask.executor)

    assert found == [6 + n for n in range(TASKS)]
    assert again(cm.log, TASKS) <= THREADS
    left = [path.name for path in (tmp_path / "store").glob(".leases/*")]
    assert len(left) <= THREADS  # of what it had stored, and not released yet


def test_a_worker_is_killed_beside_an_object_store(
    tmp_path: Path, weed: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is where values are in an object store, whose credentials workers have from their environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setitem(ENVIRONMENT, f"AWS_{name.upper()}", value)
    cm = workshop(tmp_path, weed.storage(f"s3://metrics/{tmp_path.name}", lease=2.0))
    with cluster(tmp_path) as dask, at(cm.log, TASKS // 3, dask.kill_worker):
        found = cm.get_all(cells(TASKS), executor=dask.executor)

    assert found == [6 + n for n in range(TASKS)]
    assert again(cm.log, TASKS) <= THREADS


def test_the_scheduler_is_killed(tmp_path: Path) -> None:
    """The error counts what is stored, and the rest can be computed on whatever there is."""
    cm = workshop(tmp_path)
    with cluster(tmp_path) as dask, at(cm.log, FEWER // 3, dask.scheduler.kill):
        with pytest.raises(BrokenSweepError, match=rf"[1-9]\d* of {FEWER} are stored; call again, with a new executor"):
            cm.get_all(cells(FEWER), executor=dask.executor)
        assert FEWER // 3 <= lines(cm.log) < FEWER

        with ThreadPoolExecutor(2) as threads:  # while orphaned workers finish what they had begun
            found = workshop(tmp_path).get_all(cells(FEWER), executor=threads)

    assert found == [6 + n for n in range(FEWER)]
    assert again(cm.log, FEWER) <= WORKERS * THREADS


DRIVER = """
    import multiprocessing, sys
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path
    from tests.faults.test_sweep_kills import FEWER, WORKERS, cells, workshop

    if __name__ == "__main__":
        with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
            workshop(Path(sys.argv[1])).get_all(cells(FEWER), executor=pool)
"""


@pytest.mark.parametrize("everything", [False, True], ids=["alone", "with its workers"])
def test_the_driver_is_killed(tmp_path: Path, everything: bool) -> None:
    """Whoever runs it again computes what is missing; workers that have outlived it are no nuisance."""
    program, cm = tmp_path / "driver.py", workshop(tmp_path)
    program.write_text(textwrap.dedent(DRIVER), encoding="utf-8")
    with running([sys.executable, str(program), str(tmp_path)]) as driver:
        until(lambda: lines(cm.log) >= FEWER // 3)
        (os.killpg if everything else os.kill)(driver.pid, signal.SIGKILL)
        assert lines(cm.log) < FEWER
        with ThreadPoolExecutor(2) as threads:
            found = cm.get_all(cells(FEWER), executor=threads)

    assert found == [6 + n for n in range(FEWER)]
    assert again(cm.log, FEWER) <= (WORKERS if everything else 0)


# ------------------------------------------------------------------------------------------------------- on two hosts
LEASE = 2.0
TWO_HOSTS = """
    import json, sys
    from pathlib import Path
    import distributed
    from simple_metrics_manager import NpzStorageInterface
    from tests.faults.test_sweep_kills import FEWER, LEASE, cells, workshop

    if __name__ == "__main__":
        folder = Path(sys.argv[1])
        client = distributed.Client(scheduler_file=str(folder / "scheduler.json"), timeout=60)
        client.wait_for_workers(2, timeout=60)
        cm = workshop(folder, NpzStorageInterface(folder / "store", shared=True, lease=LEASE))
        found = cm.get_all(cells(FEWER), executor=client.get_executor(pure=False))
        (folder / "found.json").write_text(json.dumps(found))
        client.close()
"""


@attrs.frozen
class Host:
    """A network namespace with one address. What runs there has a host name and process numbers of its own."""

    name: str
    address: str

    def command(self, *arguments: str) -> list[str]:
        """What runs these arguments there."""
        named = f'echo {self.name} > /proc/sys/kernel/hostname; exec "$@"'
        inside = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", named, "sh"]
        return ["ip", "netns", "exec", self.name, *inside, sys.executable, *arguments]


def ip(*arguments: str) -> None:
    """Run ``ip``."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """Two hosts that are joined by a wire, and by nothing else; their file system is one."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        pytest.skip("to make network namespaces takes root, ip and unshare")
    one, other = (Host(f"smm{end}{os.getpid()}", f"10.231.7.{end}") for end in (1, 2))
    try:
        try:
            for host in (one, other):
                ip("netns", "add", host.name)
            ip("link", "add", "wire", "netns", one.name, "type", "veth", "peer", "name", "wire", "netns", other.name)
            for host in (one, other):
                ip("-n", host.name, "addr", "add", f"{host.address}/30", "dev", "wire")
                ip("-n", host.name, "link", "set", "wire", "up")
                ip("-n", host.name, "link", "set", "lo", "up")
            subprocess.run(one.command("-c", ""), check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"this machine makes no network namespaces: {error.stderr}")
        yield one, other
    finally:
        for host in (one, other):
            subprocess.run(["ip", "netns", "delete", host.name], check=False, capture_output=True)


def test_a_host_is_lost(tmp_path: Path, hosts: tuple[Host, Host]) -> None:
    """Of two hosts that share a directory one is lost: the other one waits for its leases to end, and does the rest."""
    (tmp_path / "driver.py").write_text(textwrap.dedent(TWO_HOSTS), encoding="utf-8")
    log, file = tmp_path / "log", tmp_path / "scheduler.json"
    module, common = "distributed.cli.dask_", ["--scheduler-file", str(file), "--no-dashboard"]
    worker = ["-m", f"{module}worker", *common, "--nthreads", str(THREADS)]
    one, other = hosts
    with (
        running(one.command("-m", f"{module}scheduler", *common, "--host", one.address, "--port", "0")),
        running(one.command(*worker, "--host", one.address)),
        running(other.command(*worker, "--host", other.address)) as lost,
        running(one.command(str(tmp_path / "driver.py"), str(tmp_path))) as driver,
    ):
        until(lambda: lines(log) >= FEWER // 3)
        os.killpg(lost.pid, signal.SIGKILL)
        driver.wait(PATIENCE)

    assert json.loads((tmp_path / "found.json").read_text(encoding="utf-8")) == [6 + n for n in range(FEWER)]
    assert again(log, FEWER) <= THREADS
