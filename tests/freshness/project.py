"""A small project that is computed once, edited in many ways, and asked again in a new process.

Run as a program, ``project.py compute FOLDER`` imports the project in ``FOLDER`` and stores its metrics, and
``project.py ask FOLDER FOLDER ...`` imports each of them and writes what its manager says, as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import cast

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface
from simple_metrics_manager.fingerprint.environment import library_versions

LAB = '''"""Polynomials."""
import functools
from collections import namedtuple
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import attrs
import fakelib
import numpy as np

import parts
from parts import LIMIT, smooth, traced
from simple_metrics_manager import DatedCacheManager, metric

K = 10
UNUSED = 1
NAMES = ("a", "b")
TABLE = {"degree": 2}
WEIGHTS = np.array([1.0, 2.0])
halved = functools.partial(parts.scaled, factor=0.5)
shifted = parts.shift(9)
squared, cubed = (lambda x: x ** 2), (lambda x: x ** 3)


class Kind(Enum):
    NEAR = 1
    FAR = 2


KIND = Kind.NEAR


@attrs.frozen
class Config:
    """How to."""

    alpha: float = 0.1

    def doubled(self) -> float:
        return 2 * self.alpha


@dataclass
class Options:
    beta: float = 0.2


class Pair(NamedTuple):
    left: float
    right: float = 0.5


Point = namedtuple("Point", "x y")
CONFIG = Config()


class Base(DatedCacheManager):
    LEVEL = 1
    verbose = False

    def inherited(self, x):
        return x + 1

    def overridden(self, x):
        return x + 2

    @metric
    def ground(self) -> float:
        return 4.0


class Lab(Base):
    """Has metrics."""

    DEGREE = 3

    @metric
    def own(self) -> float:
        """Documented."""
        y: float = 1.5  # a comment
        return y * 2

    @metric
    def helped(self) -> float:
        return parts.square(3.0)

    @metric
    def constant(self) -> float:
        return float(K)

    @metric
    def far_constant(self) -> float:
        return float(parts.LIMIT)

    @metric
    def near_constant(self) -> float:
        return float(LIMIT)

    @metric
    def containers(self) -> float:
        return len(NAMES) + TABLE["degree"] + float(WEIGHTS[0])

    @metric
    def widths(self) -> float:
        return smooth(6.0)

    @metric
    def method(self) -> float:
        return self.helper(1.0) + self.DEGREE

    def helper(self, x):
        return x + self.deeper

    @property
    def deeper(self):
        return self.static(1)

    @staticmethod
    def static(x):
        return x + 5

    @metric
    def base(self) -> float:
        return self.inherited(1.0) + self.overridden(2.0) + self.LEVEL

    def overridden(self, x):
        return super().overridden(x) + 3

    @metric
    @traced
    def decorated(self) -> float:
        return 7.0

    @metric
    def enclosed(self) -> float:
        return shifted(1.0)

    @metric
    def partially(self) -> float:
        return halved(3.0)

    @metric
    def nested(self) -> float:
        def inner(x):
            return x + 8
        return inner(1.0) + (lambda x: x - 1)(2.0)

    @metric
    def with_lambda(self) -> float:
        return squared(3.0)

    @metric
    def configured(self) -> float:
        return CONFIG.alpha + CONFIG.doubled() + Config(2.0).doubled()

    @metric
    def records(self) -> float:
        return Options().beta + Pair(1.0).right + Point(1.0, 2.0).y + (1.0 if KIND is Kind.NEAR else 2.0)

    @metric
    def wrapped(self) -> float:
        with parts.guarded() as extra:
            return parts.remembered(2.0) + extra + fakelib.f()

    @metric
    def pixels(self) -> float:
        return parts.raw() * 2.0

    @metric
    def reader(self) -> float:
        return self.pixels + 1.0

    @metric
    def last(self) -> float:
        return self.reader + self.ground

    @metric(version=1)
    def versioned(self) -> float:
        return 1.0

    @metric(params_list=[(1,), (2,)])
    def swept(self, k: int, factor: float = 2.0) -> float:
        return parts.scaled(k, factor)


def area(width=3.0, *, options=Options()):
    return width * 2.0 * options.beta
'''

PARTS = '''"""Helpers."""
import contextlib
import functools

LIMIT = 100
DEEP = 1


def square(x):
    return cube(x) / x


def cube(x):
    return x ** 3 * DEEP


def scaled(x, factor):
    return x * factor


def smooth(x, width=3):
    return x / width


def raw():
    return 21.0


def shift(by):
    def shifted(x):
        return x + by
    return shifted


@functools.lru_cache
def remembered(x):
    return x * 3


@contextlib.contextmanager
def guarded():
    yield 1.0


def traced(function):
    @functools.wraps(function)
    def wrapper(self):
        return function(self) + LIMIT
    return wrapper
'''

FAKELIB = "def f():\n    return 1.0\n"
METADATA = "Metadata-Version: 2.1\nName: fakelib\nVersion: {}\n"
FILES = {
    "lab.py": LAB,
    "parts.py": PARTS,
    "site-packages/fakelib.py": FAKELIB,
    "site-packages/fakelib.dist-info/METADATA": METADATA.format("1.0"),
}
MODULES = ("lab", "parts", "fakelib")


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the project into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@contextmanager
def imported(folder: Path) -> Generator[ModuleType]:
    """The project's module, as a program that begins just now would import it."""
    paths = [str(folder), str(folder / "site-packages")]
    sys.path[:0] = paths
    importlib.invalidate_caches()
    library_versions.cache_clear()
    try:
        yield importlib.import_module("lab")
    finally:
        sys.path[:2] = []
        for name in MODULES:
            sys.modules.pop(name, None)


def manager(module: ModuleType, folder: Path) -> DatedCacheManager:
    """The project's manager, over the folder's storage."""
    kind = cast("type[DatedCacheManager]", module.Lab)
    cm = kind(NpzStorageInterface(folder / "stored", durability="cache"))
    cm.set_functions_dict({"area": module.area})
    return cm


def compute(folder: Path) -> None:
    """Compute and store everything."""
    with imported(folder) as module:
        manager(module, folder).get_all()


def ask(folder: Path) -> dict[str, object]:
    """What the status says, after what ``do`` in the folder asks for was done: one ``verb metric`` a line."""
    with imported(folder) as module:
        cm = manager(module, folder)
        for line in (folder / "do").read_text(encoding="utf-8").splitlines():
            verb, name = line.split()
            if verb == "recompute":
                cm.get(name, use_stored=False)
            else:
                cast("NpzStorageInterface", cm.storage_interface).delete(f"Lab.{name}")
        cm = manager(module, folder)
        return cm.status().to_dict()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    folders = [Path(name) for name in sys.argv[2:]]
    if sys.argv[1] == "compute":
        compute(folders[0])
    else:
        json.dump({folder.name: ask(folder) for folder in folders}, sys.stdout)
