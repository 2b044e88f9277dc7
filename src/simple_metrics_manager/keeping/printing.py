"""How reports and plans are printed: a few lines of each kind, of a terminal's width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

_SHOWN = 20
"""How many lines of one kind are printed; all are there in the value itself."""

_WIDTH = 80


def counted(number: int, what: str) -> str:
    """``1 stored metric``, ``2 stored metrics``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def few(texts: Iterable[str]) -> list[str]:
    """The first of these texts as lines, indented, and how many more there are."""
    every = list(texts)
    more = len(every) - _SHOWN
    return [_folded(text) for text in every[:_SHOWN]] + ([f"  and {more} more"] if more > 0 else [])


def headline(text: str) -> str:
    """What stands above them, in lines of the same width."""
    return _folded(text, "", "    ")


def _folded(text: str, first: str = "  ", later: str = "      ") -> str:
    """Lines that fit into a terminal; what has no blanks, as names, stays whole."""
    return textwrap.fill(
        text, _WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )


def format_bytes(count: float) -> str:
    """A size as people say it: ``812 bytes``, ``3.1 MB``."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB", "TB"):
        count /= 1000
        if count < 999.5 or unit == "TB":
            return f"{count:.3g} {unit}"
    raise AssertionError("unreachable")
