"""The difference between two versions of a function, as people read it."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator

_AROUND = 1
"""Lines shown around each change."""


@functools.lru_cache(maxsize=256)  # the points of a sweep have it in common
def source_diff(old: str, new: str) -> str:
    """The changed lines, each behind ``- ``, ``+ `` or two blanks, with a line around them; ``...`` between places."""
    return "\n".join(_lines(old.splitlines(), new.splitlines()))


@functools.lru_cache(maxsize=256)
def first_change(old: str, new: str) -> int:
    """How many lines of ``new`` stand before the first line that is not in ``old``."""
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return next((start for tag, _, _, start, _ in matcher.get_opcodes() if tag != "equal"), 0)


def _lines(old: list[str], new: list[str]) -> Iterator[str]:
    between = False
    for number, line in enumerate(difflib.unified_diff(old, new, n=_AROUND, lineterm="")):
        if number < 2:  # the names of the files
            continue
        if line.startswith("@@"):
            if between:
                yield "..."
            between = True
        else:
            yield f"{line[0]} {line[1:]}".rstrip()
