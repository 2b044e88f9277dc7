"""Numbers, dates and values in few characters."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import cast

from simple_metrics_manager.payload.tree import Tree

_LONGEST = 60
_FEW = 4
_FLOAT = "$float"


def number(value: int | float) -> str:
    """``0.9739``, ``1.2e-05``, ``1,797``: four digits, and integers whole."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e7):
        whole = int(value)
        return f"{whole:,}" if abs(whole) < 10**15 else f"{float(whole):.4g}" if abs(whole) < 10**300 else "…"
    return f"{value:.4g}"


def as_number(tree: Tree) -> float | None:
    """A number as a record has it; None for what is none."""
    if isinstance(tree, bool) or not isinstance(tree, int | float | dict):
        return None
    if isinstance(tree, dict):
        text: object = tree.get(_FLOAT) if len(tree) == 1 else None
        try:
            return float(text) if isinstance(text, str) else None
        except ValueError:
            return None
    try:
        return float(tree)
    except OverflowError:
        return math.inf if tree > 0 else -math.inf


def spelled(tree: Tree) -> str:
    """A small value in one line."""
    found = as_number(tree)
    if found is not None:
        return number(tree if isinstance(tree, int) else found)
    if isinstance(tree, str):
        return cut(repr(tree))
    if isinstance(tree, list):
        shown = ", ".join(spelled(each) for each in tree[:_FEW])
        return cut(f"[{shown}{', …' if len(tree) > _FEW else ''}]")
    if isinstance(tree, dict):
        items = [*tree.items()]
        shown = ", ".join(f"{name}={spelled(each)}" for name, each in items[:_FEW])
        return cut(shown + (", …" if len(items) > _FEW else ""))
    return str(tree)


def named(params: object) -> str:
    """``C=10, gamma=0.001``."""
    return ", ".join(f"{name}={plain(value)}" for name, value in cast("dict[str, Tree]", params).items())


def plain(tree: Tree) -> str:
    """A parameter: text without quotes."""
    return cut(tree) if isinstance(tree, str) else spelled(tree)


def cut(text: str, longest: int = _LONGEST) -> str:
    """Text that is not longer than that."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def minute(date: datetime) -> str:
    """``2026-11-20 18:04``, in UTC."""
    return f"{date.astimezone(UTC):%Y-%m-%d %H:%M}"


def stamp(date: datetime) -> str:
    """The same for machines, to the second."""
    return f"{date.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def count(many: int, one: str, several: str = "") -> str:
    """``1 metric``, ``12 metrics``."""
    return f"{many:,} {one if many == 1 else several or one + 's'}"
