"""Every edit of a project changes exactly the entries of a fingerprint that it is about."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import pytest

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.fingerprint import Fingerprint, fingerprint, sources
from tests.fingerprint.laboratory import changes, taken_from, write_project

Taker: TypeAlias = Callable[[ModuleType], Fingerprint]

LAB = '''
"""Polynomials."""
import functools
import math
import math as arithmetic
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from types import SimpleNamespace

import attrs
import numpy as np

import parts
import parts as p
from parts import smooth, traced
from simple_metrics_manager.declaring.decorator import metric

K = 10
NAMES = ("a", "b")
WEIGHTS = np.array([1.0, 2.0])
CACHE = {"hits": 0}
COUNT = 0
TABLE = {"square": parts.square, "cube": parts.cube}
halved = functools.partial(parts.scaled, factor=0.5)
shifted = lambda x: x + 1
squared, cubed = (lambda x: x ** 2), (lambda x: x ** 3)


@attrs.frozen
class Config:
    """How to."""

    alpha: float = 0.1
    steps = 3

    def doubled(self) -> float:
        return 2 * self.alpha


CONFIG = Config()


class Base:
    """Below."""

    LEVEL = 1

    def inherited(self, x):
        return x + 1

    def overridden(self, x):
        return x + 2


class Owner(Base):
    """Has metrics."""

    DEGREE = 3
    UNUSED = 4

    def plain(self):
        return self.helper(K) + self.inherited(2) + self.DEGREE + self.LEVEL + self.overridden(1)

    def helper(self, x):
        return x + self.deeper

    @property
    def deeper(self):
        return self.static(1)

    @staticmethod
    def static(x):
        return x + 5

    @classmethod
    def made(cls, x):
        return cls.static(x)

    def overridden(self, x):
        return super().overridden(x) + 3

    def unused(self):
        return 6

    @metric
    def spectrum(self) -> float:
        return 7.0

    @metric(version=1)
    def reading(self) -> float:
        return self.spectrum + self.made(1)


def simple(x, k=2, *, scale=1.5):
    """Documented."""
    y = x * k  # a comment
    return y + scale


def annotated(x: int) -> int:
    y: int = x
    return y


def through_module(x):
    return parts.square(x) + p.cube(x) + p.LIMIT


def through_import(x):
    from parts import late
    return late(x)


def through_names(x):
    return smooth(x) + K + len(NAMES) + WEIGHTS[0] + math.pi + Fraction(1, 2)


def remembering(x):
    global COUNT
    COUNT += 1
    CACHE["hits"] = x
    return CACHE["hits"]


def dispatching(x, name):
    return TABLE[name](x)


def partially(x):
    return halved(x)


def with_lambdas(x):
    return shifted(x) + squared(x)


def nesting(x):
    def inner(y):
        return y + 8
    return inner(x)


def configured(x):
    return x * CONFIG.alpha + CONFIG.doubled()


def constructing(x):
    return Config(x).doubled()


@dataclass
class Settings:
    factor: float = 2.0
    inner: Config = Config()

    def scale(self, x):
        return self.scale_by(x, self.factor)

    def scale_by(self, x, factor):
        return x * factor


class Counter:
    def __init__(self, start):
        self.count = start

    def next(self):
        self.count += 1
        return self.count


SETTINGS = Settings(3.0)
COUNTER = Counter(1)
LOOSE = SimpleNamespace(beta=0.5)
BOTH = {"first": parts.square, "second": parts.cube}
first, second = parts.square, parts.cube


def handing_on(x):
    return used(SETTINGS) * x


def used(settings):
    return settings.factor


def through_object(x):
    return SETTINGS.scale(x)


def counting(x):
    return COUNTER.next()


def loosely(x):
    return LOOSE.beta * x


def choosing(x):
    return BOTH["first"](x)


def renaming(x):
    return first(x) - second(x) + arithmetic.sqrt(x) + sqrt(x)


@functools.singledispatch
def dispatched(x):
    return 1


@dispatched.register
def _(x: int):
    return 2


def by_type(x):
    return dispatched(x)


@traced
def decorated(x):
    return x


def enclosing(a):
    values = {"free": a}
    def closed(x):
        return x + a + values["free"]
    return closed


closed = enclosing(9)


def recursive(x):
    return x if x < 1 else mutual(x - 1)


def mutual(x):
    return recursive(x)
'''

PARTS = """
import functools

LIMIT = 100


def square(x):
    return cube(x) / x


def cube(x):
    return x ** 3


def scaled(x, factor):
    return x * factor


def smooth(x, width=3):
    return x / width


def late(x):
    return x - 1


def traced(function):
    @functools.wraps(function)
    def wrapper(x):
        return function(x) + LIMIT
    return wrapper
"""


def _function(name: str) -> Taker:
    return lambda module: fingerprint(getattr(module, name))


def _method(name: str) -> Taker:
    def take(module: ModuleType) -> Fingerprint:
        owner: type[object] = module.Owner
        return fingerprint(vars(owner)[name], owner)

    return take


def _reading(module: ModuleType) -> Fingerprint:
    reading: Metric[float] = module.Owner.reading
    return fingerprint(reading.function, module.Owner)


def _bound_partial(module: ModuleType) -> Fingerprint:
    return fingerprint(partial(module.parts.scaled, factor=module.K))


EDITS: dict[str, tuple[Taker, str, str, set[str]]] = {
    "comment": (_function("simple"), "# a comment", "# another", set()),
    "docstring": (_function("simple"), "Documented.", "Well documented.", set()),
    "no docstring": (_function("simple"), '    """Documented."""\n', "", set()),
    "whitespace": (_function("simple"), "x * k", "(x\n\n        *  k)", set()),
    "moved": (_function("simple"), "K = 10", "K = 10\n\n\n# far below\n", set()),
    "annotation": (_function("annotated"), "x: int) -> int", "x) -> float", set()),
    "local annotation": (_function("annotated"), "y: int = x", "y = x", set()),
    "own name": (
        lambda module: fingerprint(vars(module).get("simple") or module.renamed),
        "def simple",
        "def renamed",
        set(),
    ),
    "own body": (_function("simple"), "x * k", "x - k", {"code"}),
    "type of a literal": (_method("static"), "x + 5", "x + 5.0", {"code"}),
    "default": (_function("simple"), "k=2", "k=3", {"<default> k"}),
    "keyword default": (_function("simple"), "scale=1.5", "scale=2.5", {"<default> scale"}),
    "unused function": (_function("simple"), "return x - 1", "return x - 2", set()),
    "nested function": (_function("nesting"), "y + 8", "y + 9", {"code"}),
    "helper of a helper in a module": (
        _function("through_module"),
        "x ** 3\n\n\ndef scaled",
        "x * 3\n\n\ndef scaled",
        {"parts.cube"},
    ),
    "helper in a module": (_function("through_module"), "cube(x) / x", "cube(x) // x", {"parts.square"}),
    "constant in a module": (_function("through_module"), "LIMIT = 100", "LIMIT = 200", {"parts.LIMIT"}),
    "imported inside": (
        _function("through_import"),
        "return x - 1\n\n\ndef traced",
        "return x\n\n\ndef traced",
        {"parts.late"},
    ),
    "imported by name": (_function("through_names"), "x / width", "x * width", {"parts.smooth"}),
    "default of a helper": (_function("through_names"), "width=3", "width=4", {"parts.smooth"}),
    "constant": (_function("through_names"), "K = 10", "K = 10.0", {"lab.K"}),
    "constant tuple": (_function("through_names"), '("a", "b")', '("a", "c")', {"lab.NAMES"}),
    "constant array": (_function("through_names"), "[1.0, 2.0]", "[1.0, 3.0]", {"lab.WEIGHTS"}),
    "memory of the program": (_function("remembering"), '{"hits": 0}\nCOUNT = 0', '{"hits": 1}\nCOUNT = 1', set()),
    "function in a table": (_function("dispatching"), "cube(x) / x", "cube(x) + x", {"parts.square"}),
    "function of a partial": (_function("partially"), "x * factor", "x + factor", {"parts.scaled"}),
    "argument of a partial": (_function("partially"), "factor=0.5", "factor=0.25", {"lab.halved <argument> factor"}),
    "own partial": (_bound_partial, "K = 10", "K = 20", {"<argument> factor"}),
    "lambda": (_function("with_lambdas"), "x + 1\nsquared", "x + 2\nsquared", {"lab.<lambda>"}),
    "lambda of several in a line": (_function("squared"), "x ** 2)", "x ** 4)", {"code"}),
    "other lambda in a line": (_function("squared"), "x ** 3)", "x ** 4)", set()),
    "field of a configuration": (
        _function("configured"),
        "CONFIG = Config()",
        "CONFIG = Config(0.2)",
        {"lab.CONFIG", "lab.CONFIG.alpha"},
    ),
    "method of a configuration": (_function("configured"), "2 * self.alpha", "3 * self.alpha", {"lab.Config.doubled"}),
    "configuration that is handed on": (_function("handing_on"), "Settings(3.0)", "Settings(4.0)", {"lab.SETTINGS"}),
    "inner configuration": (
        _function("handing_on"),
        "Settings(3.0)",
        "Settings(3.0, Config(0.3))",
        {"lab.SETTINGS"},
    ),
    "state of an object": (_function("through_object"), "Settings(3.0)", "Settings(4.0)", {"lab.SETTINGS"}),
    "method of a method of an object": (
        _function("through_object"),
        "return x * factor\n\n\nclass Counter",
        "return x + factor\n\n\nclass Counter",
        {"lab.Settings.scale_by"},
    ),
    "state that changes": (_function("counting"), "Counter(1)", "Counter(2)", set()),
    "namespace": (_function("loosely"), "beta=0.5", "beta=0.6", {"lab.LOOSE.beta"}),
    "functions of a table": (
        _function("choosing"),
        '"first": parts.square, "second": parts.cube',
        '"first": parts.cube, "second": parts.square',
        {"lab.BOTH"},
    ),
    "functions by other names": (
        _function("renaming"),
        "first, second = parts.square, parts.cube",
        "first, second = parts.cube, parts.square",
        {"lab.first", "lab.second"},
    ),
    "module by another name": (
        _function("renaming"),
        "import math as arithmetic",
        "import cmath as arithmetic",
        {"lab.arithmetic"},
    ),
    "function of a library": (
        _function("renaming"),
        "from math import sqrt",
        "from cmath import sqrt",
        {"lab.sqrt"},
    ),
    "function for a type": (_function("by_type"), "return 2\n\n\ndef by_type", "return 3\n\n\ndef by_type", {"lab._"}),
    "body of a class": (_function("constructing"), "steps = 3", "steps = 4", {"lab.Config"}),
    "default of a field": (_function("constructing"), "alpha: float = 0.1", "alpha: float = 0.2", {"lab.Config"}),
    "type of a field": (_function("constructing"), "alpha: float = 0.1", "alpha: int = 0.1", set()),
    "docstring of a class": (_function("constructing"), "How to.", "How else.", set()),
    "method of a class": (_function("constructing"), "2 * self.alpha", "3 * self.alpha", {"lab.Config.doubled"}),
    "decorator": (_function("decorated"), "function(x) + LIMIT", "function(x)", {"parts.traced", "parts.LIMIT"}),
    "constant of a decorator": (_function("decorated"), "LIMIT = 100", "LIMIT = 200", {"parts.LIMIT"}),
    "no decorator": (_function("decorated"), "@traced\n", "", {"code", "parts.traced", "parts.LIMIT"}),
    "decorated body": (
        _function("decorated"),
        "def decorated(x):\n    return x",
        "def decorated(x):\n    return 2 * x",
        {"code"},
    ),
    "closure": (_function("closed"), "enclosing(9)", "enclosing(10)", {"<closure> a", "<closure> values"}),
    "mutual recursion": (_function("recursive"), "return recursive(x)", "return recursive(x) + 1", {"lab.mutual"}),
    "method through self": (_method("plain"), "x + self.deeper", "x - self.deeper", {"lab.Owner.helper"}),
    "property through a method": (_method("plain"), "self.static(1)", "self.static(2)", {"lab.Owner.deeper"}),
    "static method through a property": (_method("plain"), "x + 5", "x + 6", {"lab.Owner.static"}),
    "method of a base class": (
        _method("plain"),
        "return x + 1\n\n    def over",
        "return x\n\n    def over",
        {"lab.Base.inherited"},
    ),
    "method through super": (_method("plain"), "return x + 2\n", "return x + 3\n", {"lab.Base.overridden"}),
    "class attribute": (_method("plain"), "DEGREE = 3", "DEGREE = 4", {"lab.Owner.DEGREE"}),
    "class attribute of a base": (_method("plain"), "LEVEL = 1", "LEVEL = 2", {"lab.Base.LEVEL"}),
    "unused class attribute": (_method("plain"), "UNUSED = 4", "UNUSED = 5", set()),
    "unused method": (_method("plain"), "return 6", "return 7", set()),
    "another metric": (_reading, "return 7.0", "return 8.0", set()),
    "declaration of the metric": (_reading, "@metric(version=1)", "@metric(version=2)", set()),
    "body of the metric": (_reading, "self.spectrum +", "self.spectrum -", {"code"}),
    "class method of the metric": (_reading, "cls.static(x)", "cls.static(-x)", {"lab.Owner.made"}),
}


@pytest.fixture(params=["untouched", "written just now"])
def _age(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are older than the process are believed, younger ones are compared with the code that runs."""
    if request.param == "untouched":
        monkeypatch.setattr(sources, "_BEGAN", float("inf"))


@pytest.mark.usefixtures("_age")
@pytest.mark.parametrize("edit", EDITS)
def test_edit_changes_what_it_is_about(tmp_path: Path, edit: str) -> None:
    """An edit is seen in the entry that it is about, and in no other."""
    take, old, new, expected = EDITS[edit]
    before = {"lab": LAB, "parts": PARTS}
    after = {name: text.replace(old, new) for name, text in before.items()}
    first = taken_from(write_project(tmp_path / "before", before), "lab", take)
    second = taken_from(write_project(tmp_path / "after", after), "lab", take)

    assert before != after
    assert first.code.hash.startswith("1:")
    assert expected == changes(first, second)
    assert "" not in first.helpers.values()
