"""What many small metrics in one SQLite database cost, against a file each, as ratios within one run.

Run it: ``python tests/benchmarks/sqlite_metrics.py [DIRECTORY]``, on a disk in memory or a file system with a journal
(``/dev/shm`` unless a directory is named). CPU time counts; all cases take turns, and the median of each is shown.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np

from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.stores import sqlite_binding, sqlite_connection
from simple_metrics_manager.stores.durability import Durability
from simple_metrics_manager.stores.sqlite import Sqlite
from simple_metrics_manager.stores.sqlite_tables import statements
from simple_metrics_manager.storing.sqlite_storage import SqliteStorageInterface

ROUNDS, EACH, LISTED = 10, 1000, 100_000
NAMES = [f"Experiment.inertia,k={number:05},x=1" for number in range(ROUNDS * EACH)]
VALUES = {"a number": 1 / 3, "8 floats": np.arange(8) / 3}
BINDINGS: tuple[sqlite_binding.Name, ...] = ("apsw", "sqlite3") if importlib.util.find_spec("apsw") else ("sqlite3",)
DURABILITIES: tuple[Durability, ...] = get_args(Durability)


def timed(act: Callable[[str], object], names: list[str]) -> float:
    """Microseconds of CPU time for each name."""
    start = time.process_time()
    for name in names:
        act(name)
    return (time.process_time() - start) / len(names) * 1e6


class BareRows:
    """The floor: the same bytes into and out of the same table, by the binding alone, ``atomic``."""

    def __init__(self, path: Path, value: object) -> None:
        storage = SqliteStorageInterface(path, durability="atomic")
        storage.save("a", value)
        place = sqlite_connection.Place(str(path), "atomic")
        self.execute = sqlite_connection.writer(place).execute
        self.put, self.get = statements("").put_small, statements("").read
        self.row = self.execute("SELECT stamp, size, guard, shared, blob FROM entry").fetchall()[0]

    def save(self, name: str) -> None:
        """Insert a row."""
        self.execute(self.put, (name, *self.row))

    def load(self, name: str) -> None:
        """Select a row."""
        self.execute(self.get, (name,)).fetchall()


def cases(folder: Path, value: object) -> dict[str, tuple[float, ...]]:
    """Microseconds for a save and a load, by case; of a database with its bytes for each metric."""
    files = folder / "files"
    files.mkdir()
    storages = {each: SqliteStorageInterface(folder / each / "metrics.db", durability=each) for each in DURABILITIES}
    grouped = SqliteStorageInterface(folder / "grouped" / "metrics.db")
    bare = BareRows(folder / "bare.db", value)
    times: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("np.save, np.load", "bare, each", "bare, together", *storages, "full, grouped")
    }
    order = NAMES.copy()
    random.Random(1).shuffle(order)
    for start in range(0, len(order), EACH):
        names = order[start : start + EACH]
        saved = timed(lambda name: np.save(files / f"{name}.npy", value), names)  # type: ignore[arg-type]  # any value
        times["np.save, np.load"].append((saved, timed(lambda name: np.load(files / f"{name}.npy"), names)))
        times["bare, each"].append((timed(bare.save, names), timed(bare.load, names)))
        bare.execute("BEGIN")
        times["bare, together"].append((timed(bare.save, [f"{name}." for name in names]), timed(bare.load, names)))
        bare.execute("COMMIT")
        for case, storage in storages.items():
            saved = timed(lambda name, to=storage: to.save(name, value), names)  # type: ignore[misc]  # of this turn
            times[case].append((saved, timed(storage.load, names)))
        with grouped.grouped():
            saved = timed(lambda name: grouped.save(name, value), names)
        times["full, grouped"].append((saved, timed(grouped.load, names)))
    sqlite_connection.close_all()
    found = {case: tuple(map(statistics.median, zip(*each, strict=True))) for case, each in times.items()}
    sizes = {case: (folder / case.removeprefix("full, ") / "metrics.db") for case in found}
    return {
        case: (*each, *([sizes[case].stat().st_size / len(order)] if sizes[case].exists() else []))
        for case, each in found.items()
    }


def listing(folder: Path) -> None:
    """Print what it takes to list very many, and to ask for one."""
    files = folder / "many"
    files.mkdir()
    store, storage = Sqlite(folder / "many.db"), SqliteStorageInterface(folder / "many.db")
    names = [f"Experiment.inertia,k={number:06},x=1" for number in range(LISTED)]
    with store.grouped():
        for name in names:
            (files / name).touch()
            store.write(name, [b"x" * 90])
    path = str(files / names[0])
    asked: tuple[tuple[str, Callable[[str], object], Callable[[str], object]], ...] = (
        ("listing() / os.listdir", lambda _: os.listdir(files), lambda _: list(store.listing())),
        ("storage.listing() / os.listdir", lambda _: os.listdir(files), lambda _: list(storage.listing())),
        ("names() / os.listdir", lambda _: os.listdir(files), lambda _: list(store.names())),
        ("exists / os.path.exists", lambda _: os.path.exists(path), lambda _: store.exists(names[0])),
    )
    for label, base, act in asked:
        count = 1 if "list" in label else 5000
        ratios = [(timed(base, [""] * count), timed(act, [""] * count)) for _ in range(7)]
        one, two = (statistics.median(each) for each in zip(*ratios, strict=True))
        print(f"  {label:28} {two:10.1f} / {one:10.1f} us = {two / one:5.2f}")
    sqlite_connection.close_all()


def main() -> None:
    """Print the table."""
    where = sys.argv[1] if len(sys.argv) > 1 else "/dev/shm" if os.path.isdir("/dev/shm") else None
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}, {crc32}, sqlite3 with {sqlite3.sqlite_version}")
    for binding in BINDINGS:
        sqlite_binding.use(binding)
        print(f"\n{binding}: {sqlite_binding.binding().library}, log: {sqlite_binding.binding().keeps_log}")
        for label, value in VALUES.items():
            folder = Path(tempfile.mkdtemp(dir=where))
            try:
                found = cases(folder, value)
            finally:
                shutil.rmtree(folder)
            save, load = found["np.save, np.load"][:2]
            for case, (saved, loaded, *size) in found.items():
                ratios = f"save {saved:6.1f} us = {saved / save:4.2f}   load {loaded:5.1f} us = {loaded / load:4.2f}"
                print(f"  {label}, {case:18} {ratios}", *(f"  {each:4.0f} bytes" for each in size))
        folder = Path(tempfile.mkdtemp(dir=where))
        try:
            listing(folder)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
