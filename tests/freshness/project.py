"""A small project that is computed once, edited in many ways, and asked again in a new process.

Run as a program, ``project.py compute FOLDER`` imports the project in ``FOLDER`` and stores its metrics, and
``project.py ask FOLDER FOLDER ...`` imports each of them and writes what its manager says, as JSON. ``read`` writes
what becomes of each metric that is asked for, under each preset of ``on_stale``.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TypedDict, cast

from simple_metrics_manager import (
    DatedCacheManager,
    Metric,
    MetricTypeError,
    NpzStorageInterface,
    StaleMetricError,
    StaleMetricWarning,
)
from simple_metrics_manager.asking.warning import WARNED
from simple_metrics_manager.events import Computed, Event, listening
from simple_metrics_manager.fingerprint.environment import library_versions
from simple_metrics_manager.outcomes.reasons import CAREFUL, PRESETS, OnStale, Reason

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
        prepare(module, folder)
        return manager(module, folder).status().to_dict()


def prepare(module: ModuleType, folder: Path) -> None:
    """Do what ``do`` in the folder asks for."""
    cm = manager(module, folder)
    for line in (folder / "do").read_text(encoding="utf-8").splitlines():
        verb, name = line.split()
        if verb == "recompute":
            cm.get(name, use_stored=False)
        else:
            cast("NpzStorageInterface", cm.storage_interface).delete(f"Lab.{name}")


def answer(cm: DatedCacheManager, name: str) -> object:
    """The value; or that it is not what was declared; None if what it needs is not declared any more."""
    try:
        value: object = cm.get(name)
    except MetricTypeError as error:
        return error.problem
    except AttributeError:
        return None
    return value


_CHOSEN: tuple[Reason, ...] = tuple(
    reason for reason in CAREFUL if reason not in ("missing", "corrupt", "type_changed")
)
CHOICES: Mapping[str, OnStale] = {
    **{preset: preset for preset in PRESETS},
    "use": dict.fromkeys(_CHOSEN, "use"),
    "error": dict.fromkeys(_CHOSEN, "error"),
}
"""What ``on_stale`` may be: each preset; everything that there may be used, used; and all of that refused."""


class Outcome(TypedDict):
    """What became of a metric that was asked for: its value and what it would be without a storage, what was computed
    for it, the reasons of the warnings, and of the error."""

    value: object
    truth: object
    computed: list[str]
    warned: dict[str, list[str]]
    refused: list[str]


def read(folder: Path) -> dict[str, dict[str, Outcome]]:
    """What becomes of each metric, by choice and name."""
    with imported(folder) as module:
        prepare(module, folder)
        point = cast("Metric[float]", module.Lab.swept(1)).name
        status = manager(module, folder).status()
        states = {point if row.metric == "swept" else row.metric: row.causes for row in status.rows}
        truth = manager(module, folder).use(None)
        truths = {key: answer(truth, key) for key in states}
        return {preset: read_all(module, folder, preset, states, truths) for preset in CHOICES}


def read_all(
    module: ModuleType, folder: Path, preset: str, states: Mapping[str, object], truths: Mapping[str, object]
) -> dict[str, Outcome]:
    """The same under one preset. Each metric against which something speaks is asked for by a new manager over a
    storage of its own, all others by one after them."""
    found: dict[str, Outcome] = {}
    others = copied(module, folder, preset)
    for key, causes in states.items():
        cm = copied(module, folder / key.replace("=", "_"), preset, folder) if causes else others
        found[key] = outcome(cm, key, truths[key])
    return found


def copied(module: ModuleType, folder: Path, preset: str, origin: Path | None = None) -> DatedCacheManager:
    """A manager under this preset, over a copy of what is stored."""
    copy = folder / preset
    shutil.copytree((folder if origin is None else origin) / "stored", copy / "stored")
    cm = manager(module, copy)
    cm.on_stale = CHOICES[preset]
    return cm


def outcome(cm: DatedCacheManager, key: str, truth: object) -> Outcome:
    """What becomes of a metric that is asked for, in a process that has not been warned of anything."""
    WARNED.clear()
    events: list[Event] = []
    refused: list[str] = []
    value: object = None
    with warnings.catch_warnings(record=True) as caught, listening(events.append, instead=True):
        warnings.simplefilter("always")
        try:
            value = answer(cm, key)
        except StaleMetricError as error:
            refused = list(error.reasons)
    told = [each.message for each in caught if isinstance(each.message, StaleMetricWarning)]
    return {
        "value": value,
        "truth": truth,
        "computed": [event.metric for event in events if isinstance(event, Computed)],
        "warned": {each.metric: list(each.reasons) for each in told},
        "refused": refused,
    }


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    folders = [Path(name) for name in sys.argv[2:]]
    if sys.argv[1] == "compute":
        compute(folders[0])
    else:
        verb = ask if sys.argv[1] == "ask" else read
        json.dump({folder.name: verb(folder) for folder in folders}, sys.stdout)
