"""What a directory of files costs, as ratios to the bare calls within one run.

Run it: ``python -m tests.benchmarks.directory [FOLDER ...]``. Without folders it takes ``/dev/shm`` and, as root on
Linux, a journalled ext4 in a file. All cases of a table are run in turn, in random order, and the median counts. Times
of processor, except where time on the clock is said, which is what flushing costs.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeAlias

import numpy as np

from simple_metrics_manager import NpzStorageInterface
from simple_metrics_manager.stores import Directory
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.stores.durability import Durability
from tests.faults.places import make_image, mount_image, private_mounts, unmount

Case: TypeAlias = Callable[[], object]
SMALL = os.urandom(1500)
GROUP, LISTED = 300, 100_000
MIB = 1 << 20


def table(title: str, cases: Mapping[str, Case], rounds: int, *, calls: int = 1, clock: bool = False) -> None:
    """Run the cases, and print microseconds a call and the ratio to the first of them."""
    now = time.perf_counter if clock else time.process_time
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name in random.sample(list(cases), len(cases)):
            case = cases[name]
            start = now()
            for _ in range(calls):
                case()
            taken[name].append((now() - start) / calls * 1e6)
    print(f"\n{title} ({'clock' if clock else 'processor'}, median of {rounds} x {calls})")
    base = statistics.median(next(iter(taken.values())))
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"  {name:58}{middle:12,.1f} us {middle / base:7.2f} x")


def write_bare(path: str, pieces: list[bytes], *, durable: bool = False) -> None:
    """A temporary file, renamed; flushed, and its name flushed."""
    temporary = f"{path}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    for piece in pieces:
        os.write(descriptor, piece)
    if durable:
        os.fsync(descriptor)
    os.close(descriptor)
    os.replace(temporary, path)
    if durable:
        descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def read_bare(path: str) -> bytes:
    """Open, look at the size, read, close."""
    descriptor = os.open(path, os.O_RDONLY)
    size = os.fstat(descriptor).st_size
    found = os.read(descriptor, size)
    os.close(descriptor)
    return found


def looking(folder: Path) -> None:
    """Whether something is there, and reading it."""
    storage, sharded = NpzStorageInterface(folder), NpzStorageInterface(folder / "sharded", sharded=True)
    for each in (storage, sharded):
        each.save("a", np.arange(8.0))
    np.save(folder / "bare.npy", np.arange(8.0))
    path, store, shards = (
        storage.place("a"),
        Directory(folder, ".npz"),
        Directory(folder / "sharded", ".npz", sharded=True),
    )
    there: dict[str, Case] = {
        "os.path.exists": lambda: os.path.exists(path),
        "storage.exists": lambda: storage.exists("a"),
        "storage.exists, sharded": lambda: sharded.exists("a"),
        "storage.exists, of what is not there": lambda: storage.exists("b"),
    }
    table("exists", there, 25, calls=2000)
    reading: dict[str, Case] = {
        "os.open, fstat, read, close": lambda: read_bare(path),
        "store.read": lambda: store.read("a"),
        "store.read, sharded": lambda: shards.read("a"),
        "storage.load": lambda: storage.load("a"),
        "np.load of a npy": lambda: np.load(folder / "bare.npy"),
    }
    table("read a small file", reading, 25, calls=500)


def saving(folder: Path, calls: int) -> None:
    """Small files, not flushed and flushed."""
    bare, fast, full = str(folder / "bare"), Directory(folder, ".bin", "cache"), Directory(folder, ".bin", "full")
    cached, storage, value = (
        NpzStorageInterface(folder, durability="cache"),
        NpzStorageInterface(folder),
        np.arange(8.0),
    )
    unflushed: dict[str, Case] = {
        "np.save": lambda: np.save(folder / "bare.npy", value),
        "bare write and rename": lambda: write_bare(bare, [SMALL]),
        "store.write": lambda: fast.write("a", [SMALL]),
        "storage.save": lambda: cached.save("a", value),
    }
    table("save 8 floats, nothing flushed", unflushed, 9, calls=calls)
    durable: dict[str, Case] = {
        "bare write, fsync, rename, fsync": lambda: write_bare(bare, [SMALL], durable=True),
        "store.write, full": lambda: full.write("a", [SMALL]),
        "storage.save, full": lambda: storage.save("a", value),
    }
    table("durable save of 8 floats", durable, 300, clock=True)


def saving_large(folder: Path) -> None:
    """Large files, not flushed and flushed."""
    bare, fast, full = str(folder / "bare"), Directory(folder, ".bin", "cache"), Directory(folder, ".bin", "full")
    for size, rounds in ((8 * MIB, 25), (256 * MIB, 5)):
        block = bytes(size)
        pieces = [SMALL, block]
        unflushed: dict[str, Case] = {
            "bare write and rename": partial(write_bare, bare, pieces),
            "store.write": partial(fast.write, "a", pieces),
        }
        table(f"write {size // MIB} MiB, nothing flushed", unflushed, rounds)
        durable: dict[str, Case] = {
            "bare write, fsync, rename, fsync": partial(write_bare, bare, pieces, durable=True),
            "store.write, full": partial(full.write, "a", pieces),
        }
        table(f"durable write of {size // MIB} MiB", durable, rounds, clock=True)


def grouping(folder: Path) -> None:
    """Many small new metrics: not flushed, in a group, one by one."""
    value, numbers = np.arange(8.0), count()

    def save_all(durability: Durability, block: Callable[[NpzStorageInterface], AbstractContextManager[None]]) -> None:
        storage = NpzStorageInterface(folder / str(next(numbers)), durability=durability)
        with block(storage):
            for index in range(GROUP):
                storage.save(f"metric_{index}", value)

    def alone(_storage: NpzStorageInterface) -> AbstractContextManager[None]:
        return nullcontext()

    cases: dict[str, Case] = {
        "not flushed": partial(save_all, "cache", alone),
        "in a group": partial(save_all, "full", NpzStorageInterface.grouped),
        "one by one": partial(save_all, "full", alone),
    }
    table(f"save {GROUP} small metrics", cases, 9, clock=True)


def listing(folder: Path) -> None:
    """A directory of a hundred thousand."""
    for sharded in (False, True):
        store = Directory(folder / str(sharded), ".bin", "cache", sharded=sharded)
        for index in range(LISTED):
            store.write(f"Metric.level,key={index}", [b""])
        cases: dict[str, Case] = {
            "os.listdir": partial(_walk, store.path, sharded),
            "store.names": partial(_names, store),
            "store.listing": partial(_listing, store),
        }
        table(f"list {LISTED} names{', sharded' * sharded}", cases, 5)
        shutil.rmtree(store.path)


def _walk(path: Path, sharded: bool) -> list[str]:
    return [file for name in os.listdir(path) for file in os.listdir(path / name)] if sharded else os.listdir(path)


def _names(store: Directory) -> list[str]:
    return list(store.names())


def _listing(store: Directory) -> list[Listed]:
    return list(store.listing())


def measure(folder: str, calls: int) -> None:
    """All tables."""
    print(f"\n=== {folder}")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        parts: tuple[Callable[[Path], None], ...] = (
            looking,
            partial(saving, calls=calls),
            saving_large,
            grouping,
            listing,
        )
        for part in parts:
            path = Path(tempfile.mkdtemp(dir=place))
            part(path)
            shutil.rmtree(path)


@contextmanager
def journalled() -> Generator[str]:
    """A journalled ext4 in a file, for this process alone."""
    with tempfile.TemporaryDirectory() as place:
        image, folder = Path(place) / "image", Path(place) / "disk"
        folder.mkdir()
        make_image(image, "ext4", 4 << 30)
        private_mounts()
        mount_image(image, folder)
        try:
            yield str(folder)
        finally:
            unmount(folder)


def main() -> None:
    """Every place in turn."""
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}")
    places = sys.argv[1:] or ["/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()]
    for folder in places:
        measure(folder, 2000)
    if len(sys.argv) == 1 and sys.platform == "linux" and os.geteuid() == 0:
        with journalled() as folder:
            measure(folder, 200)


if __name__ == "__main__":
    main()
