"""What it costs to store a value and to read it again, against numpy's own files, as ratios within one run.

Run it: ``python tests/benchmarks/values.py [DIRECTORY]``, on a tmpfs or on an ext4 with a journal: on an ext4 without
one, creating a file costs many times more. All cases are run in random order, many times over, and the median CPU time
(user and system) of each counts: what one case leaves in the caches of the processor is another one's gain.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

SIZES = {"64 B": 8, "8 kB": 1_000, "8 MB": 1_000_000, "800 MB": 100_000_000}
ROUNDS = {"64 B": 200, "8 kB": 200, "8 MB": 30, "800 MB": 7}
CALLS = {"64 B": 20, "8 kB": 20, "8 MB": 1, "800 MB": 1}


class Arrays(DatedCacheManager):
    """One array of each size."""

    verbose = False

    @metric(params_list=[(length,) for length in SIZES.values()])
    def array(self, length: int) -> NDArray[np.float64]:
        return np.random.default_rng(0).random(length)


def cases(folder: Path, length: int) -> dict[str, tuple[Callable[[], object], str]]:
    """What is timed, by name, each with the case that it is compared with."""
    array = np.random.default_rng(0).random(length)
    file = folder / f"{length}.npy"
    new = iter(range(10_000_000))
    storage = NpzStorageInterface(folder, durability="cache")
    mapped = NpzStorageInterface(folder, durability="cache", verify=False)
    packed = NpzStorageInterface(folder, compress=True, durability="cache")
    np.save(file, array)
    key = Arrays.array(length)
    Arrays(storage).get(key)
    found: dict[str, tuple[Callable[[], object], str]] = {
        "np.load": (lambda: np.load(file), ""),
        "manager, fresh, from disk": (lambda: Arrays(storage).get(key), "np.load"),
        "storage.load": (lambda: storage.load(f"Arrays.array,length={length}"), "np.load"),
        "manager, verify=False": (lambda: Arrays(mapped).get(key), "np.load"),
        "np.save": (lambda: np.save(folder / f"again{length}.npy", array), ""),
        "storage.save": (lambda: storage.save(f"again{length}", array), "np.save"),
    }
    if length <= 1_000:
        found |= {
            "np.save, new file": (lambda: np.save(folder / f"new{next(new)}.npy", array), ""),
            "storage.save, new file": (lambda: storage.save(f"new{next(new)}", array), "np.save, new file"),
        }
    if length == 1_000_000:
        walk = np.round(np.cumsum(array - 0.5), 3)
        found |= {
            "np.savez_compressed": (lambda: np.savez_compressed(folder / "walk.npz", walk), ""),
            "storage.save, compress": (lambda: packed.save("packed", walk), "np.savez_compressed"),
        }
    return found


def main() -> None:
    """Time all cases and print microseconds and ratios."""
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    print(
        f"Python {sys.version.split()[0]}, numpy {np.__version__}, {os.cpu_count()} CPUs, best CPU time of many rounds"
    )
    for size, length in SIZES.items():
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            timed = cases(Path(folder), length)
            times: dict[str, list[float]] = {name: [] for name in timed}
            for run, _ in timed.values():
                run()
            for _ in range(ROUNDS[size]):
                for name in random.sample(list(timed), len(timed)):
                    run = timed[name][0]
                    start = time.process_time()
                    for _ in range(CALLS[size]):
                        run()
                    times[name].append((time.process_time() - start) / CALLS[size])
            median = {name: statistics.median(each) for name, each in times.items()}
            for name, (_, base) in timed.items():
                ratio = f"{median[name] / median[base]:8.4f} x {base}" if base else ""
                print(f"{size:8}{name:28}{median[name] * 1e6:12.1f} µs {ratio}")
            if "storage.save, compress" in timed:
                sizes = [os.path.getsize(Path(folder) / file) for file in ("walk.npz", "packed.npz")]
                print(f"{size:8}compressed to {sizes[1] / 1e6:.2f} MB, numpy to {sizes[0] / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
