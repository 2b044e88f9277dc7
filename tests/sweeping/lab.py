"""Managers in a module that workers import."""

from __future__ import annotations

import enum
import os
from collections.abc import Sequence

import attrs

from simple_metrics_manager import DatedCacheManager, ParameterizedDatedCacheManager, metric
from simple_metrics_manager.storing.storage import Storage
from simple_metrics_manager.sweeping.recipe import Point, Recipe, key_at


class Mode(enum.Enum):
    """A parameter."""

    FAST = 1
    SLOW = 2


@attrs.frozen
class Window:
    """Another one."""

    size: int


class Digits(DatedCacheManager):
    """With a constructor of its own."""

    verbose = False

    def __init__(self, subject: str = "s01", storage: Storage | None = None) -> None:
        super().__init__(storage)
        self.subject = subject

    @metric
    def process(self) -> int:
        return os.getpid()

    @metric(params_list=[(1, Mode.FAST, None)], dynamic=True)
    def inertia(self, k: int, mode: Mode = Mode.SLOW, window: Window | None = None) -> str:
        return f"{self.subject} {k} {mode.name} {window}"


@attrs.define
class Fields(DatedCacheManager):
    """With fields."""

    verbose = False
    numbers: list[int] = attrs.field(factory=list[int])
    inner: object = None

    @metric
    def total(self) -> int:
        return sum(self.numbers)


def named(base_name: str, row: Sequence[object]) -> str:
    """A name of the user's own."""
    return f"{base_name}-{len(row)}-{'-'.join(map(str, row))}"


def seven() -> int:
    """For ``functions_dict``."""
    return 7


def square(n: int, factor: int = 1) -> int:
    """To be collected."""
    return factor * n * n


def nothing() -> str:
    """To be collected, too."""
    return "nothing"


def collecting(rows: int = 3) -> ParameterizedDatedCacheManager:
    """A manager with collected functions."""
    cm = ParameterizedDatedCacheManager()
    cm.verbose = False
    cm.collect("square", params_list=[(n,) for n in range(rows)])(square)
    cm.collect("named", params_list=[(2, 5)], name_generation_function=named)(square)
    cm.collect("nothing", name_generation_function=named)(nothing)
    cm.functions_dict["seven"] = seven
    return cm


def ask(recipe: Recipe, point: Point) -> tuple[object, int, bool]:
    """What a worker computes, its process, and whether it took the manager for the asking one."""
    manager = recipe.manager()
    held = manager.__metrics__.get(manager, key_at(manager, point))
    return held.give(), os.getpid(), recipe.at_home
