"""What a function reaches is what it may run, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import pytest

from simple_metrics_manager.fingerprint import Fingerprint, fingerprint
from tests.fingerprint.laboratory import changes, imported, taken_from, write_project

Taker: TypeAlias = Callable[[ModuleType], Fingerprint]

LAB = '''
from collections import namedtuple
from dataclasses import dataclass
from os.path import normpath
from sys import hexversion
from threading import Lock

import attrs

REGISTRY = {}
TABLE = {"a": [1, 2, (3, "x")], "b": {"c": [4]}}
mean = 5


def register(function):
    if function.__name__ in REGISTRY:
        raise KeyError(function.__name__)
    REGISTRY[function.__name__] = function
    return function


@register
def first(x):
    return x + 1


@register
def second(x):
    return x + 2


def by_name(x, name):
    return REGISTRY[name](x)


def restored(name):
    return unrelated(name)


def unrelated(name):
    return name


class Kept:
    def __init__(self, size):
        """How large."""
        self.__doc__ = f"of size {size}"
        self.size = size

    def __reduce__(self):
        return restored, (self.size,)


KEPT = Kept(3)


def keeping(x):
    return Kept(x).size


def kept(x):
    return given(KEPT) * x


def given(kept):
    return kept.size


class Made:
    STEP = 1

    def __init__(self, x):
        self.x = x

    @classmethod
    def doubled(cls, x):
        return cls(2 * x)

    def again(self):
        return self.__class__(self.x)

    def typed(self):
        return type(self)(self.x)

    def stepped(self):
        return type(self).STEP

    def itself(self):
        return repr(self)


@attrs.frozen
class Config:
    alpha: float = 0.1

    def twice(self):
        return 2 * self.alpha

    def unused(self):
        return 0


@dataclass
class Run:
    config: Config
    other: "Config | None" = None

    def configured(self):
        return self.config.twice()

    def handed_on(self):
        return spread(self.other)

    def read(self):
        return self.config.alpha


def spread(config):
    return config.twice()


class Held:
    Pair = namedtuple("Pair", "left right")

    def paired(self):
        return self.Pair(1, 2)


def average(self):
    mean = self.mean
    return mean + 1


def nested(self):
    mean = self.x

    def inner():
        return mean + 1

    return inner() + self.mean


def really(self):
    return mean + self.mean


def library(x):
    return normpath(x), hexversion, Lock


def looking_up(x):
    return TABLE[x]
'''


def _function(name: str) -> Taker:
    return lambda module: fingerprint(getattr(module, name))


def _method(cls: str, name: str) -> Taker:
    def take(module: ModuleType) -> Fingerprint:
        owner: type[object] = getattr(module, cls)
        return fingerprint(vars(owner)[name], owner)

    return take


EDITS: dict[str, tuple[Taker, str, str, set[str]]] = {
    "another registered function": (_function("first"), "x + 2", "x + 3", set()),
    "a function of a registry that is read": (_function("by_name"), "x + 2", "x + 3", {"lab.second"}),
    "pickling": (_function("keeping"), "restored, (", "restored, (1, ", {"lab.Kept.__reduce__"}),
    "what only pickling calls": (_function("keeping"), "return name\n", "return name + 1\n", set()),
    "an object's own docstring": (
        _function("kept"),
        'f"of size {size}"',
        'f"size {size}"',
        {"lab.Kept.__init__"},
    ),
    "what cls(...) makes": (_method("Made", "doubled"), "self.x = x", "self.x = -x", {"lab.Made.__init__"}),
    "what self.__class__(...) makes": (_method("Made", "again"), "self.x = x", "self.x = -x", {"lab.Made.__init__"}),
    "what type(self)(...) makes": (_method("Made", "typed"), "self.x = x", "self.x = -x", {"lab.Made.__init__"}),
    "a constant of type(self)": (_method("Made", "stepped"), "STEP = 1", "STEP = 2", {"lab.Made.STEP"}),
    "a method beside that": (_method("Made", "stepped"), "self.x = x", "self.x = -x", set()),
    "a named tuple in a class": (_method("Held", "paired"), '"left right"', '"left, right, top"', {"lab.Pair"}),
    "self alone": (_method("Made", "itself"), "self.x = x", "self.x = -x", set()),
    "method of a field": (_method("Run", "configured"), "2 * self", "3 * self", {"lab.Config.twice"}),
    "method of a field beside that": (_method("Run", "configured"), "return 0", "return 1", set()),
    "method of a field that is only read": (_method("Run", "read"), "2 * self", "3 * self", set()),
    "method of a field that is handed on": (_method("Run", "handed_on"), "2 * self", "3 * self", {"lab.Config.twice"}),
    "a global called like a local and an attribute": (_function("average"), "mean = 5", "mean = 6", set()),
    "a global called like a variable of a closure": (_function("nested"), "mean = 5", "mean = 6", set()),
    "a global called like an attribute": (_function("really"), "mean = 5", "mean = 6", {"lab.mean"}),
    "another name of a library": (
        _function("library"),
        "from os.path import normpath",
        "from os.path import abspath as normpath",
        {"lab.normpath"},
    ),
}


@pytest.mark.parametrize(("take", "old", "new", "expected"), EDITS.values(), ids=EDITS.keys())
def test_edits(tmp_path: Path, take: Taker, old: str, new: str, expected: set[str]) -> None:
    """An edit changes what it is about, and nothing that does not run it."""
    assert old in LAB
    before = taken_from(write_project(tmp_path / "old", {"lab": LAB}), "lab", take)
    after = taken_from(write_project(tmp_path / "new", {"lab": LAB.replace(old, new)}), "lab", take)
    assert before.code.hash
    assert "" not in before.helpers.values()
    assert changes(before, after) == expected


def test_library_names_are_told_by_their_import(tmp_path: Path) -> None:
    """What Python itself calls a function, and its version, which differ from one Python to the next, do not count."""
    found = taken_from(write_project(tmp_path, {"lab": LAB}), "lab", _function("library"))
    assert found.globals == {
        "lab.Lock": "<threading Lock>",
        "lab.hexversion": "<sys hexversion>",
        "lab.normpath": "<os normpath>",
    }


def test_object_without_its_docstring(tmp_path: Path) -> None:
    """A docstring that an object carries is none of its state."""
    found = taken_from(write_project(tmp_path, {"lab": LAB}), "lab", _function("kept"))
    assert found.globals == {"lab.KEPT": "Kept(size=3)"}


def test_nested_table_is_looked_at_each_time(tmp_path: Path) -> None:
    """A change deep inside a table is seen, and so is its being taken back; nothing is made anew while it stands."""
    with imported(write_project(tmp_path, {"lab": LAB}), "lab") as module:
        first = fingerprint(module.looking_up)
        assert fingerprint(module.looking_up) is first
        module.TABLE["b"]["c"][0] = 4.0
        assert fingerprint(module.looking_up).globals == {"lab.TABLE": "{'a': [1, 2, (3, 'x')], 'b': {'c': [4.0]}}"}
        module.TABLE["b"]["c"][0] = 4
        assert fingerprint(module.looking_up) is first
        module.TABLE["b"]["c"].append(5)
        assert fingerprint(module.looking_up).globals == {"lab.TABLE": "{'a': [1, 2, (3, 'x')], 'b': {'c': [4, 5]}}"}
