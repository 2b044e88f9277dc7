"""The traceback of a user's exception as the user wants to read it: without the library's own frames.

What the library does between two functions of the user is the same every time, and so is what Python does to import
a module. Where it is the library that raised,
its last frames stay.
"""

from __future__ import annotations

import importlib
import os
import re
import traceback
from collections.abc import Iterator
from itertools import groupby

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_INSTALLED = os.path.join("site-packages", "simple_metrics_manager") + os.sep
_IMPORTING = ("<frozen importlib.", os.path.dirname(importlib.__file__) + os.sep)
_FRAME = re.compile(r'  File "([^"]*)", line \d+')


def of_user(text: str) -> str:
    """A traceback that was written by Python, with frames of the library left out where others follow."""
    kept: list[str] = []
    ours: list[str] = []
    for file, lines in _parts(text):
        if file is not None and _is_ours(file):
            ours = lines
            continue
        kept += ours if file is None else []  # at the end of a stack stands what raised
        kept += lines
        ours = []
    return "\n".join([*kept, *ours])


def last_frame(text: str) -> str:
    """The file and line that raised, as they are written in a traceback."""
    return next((line for line in reversed(text.splitlines()) if _FRAME.match(line)), "")


def told(error: BaseException, *, whole: bool = False) -> str:
    """The traceback of an exception, with ``whole`` to the last frame of ours."""
    text = "".join(traceback.format_exception(error)).rstrip()
    return text if whole else of_user(text)


def _parts(text: str) -> Iterator[tuple[str | None, list[str]]]:
    """The frames with their files, and what stands between stacks."""
    number, file = 0, None
    marked: list[tuple[int, str | None, str]] = []
    for line in text.splitlines():
        frame = _FRAME.match(line)
        if frame is not None:
            number, file = number + 1, frame[1]
        elif file is not None and not line.startswith("    "):
            number, file = number + 1, None
        marked.append((number, file, line))
    for (_, name), lines in groupby(marked, key=lambda each: each[:2]):
        yield name, [line for _, _, line in lines]


def _is_ours(file: str) -> bool:
    return file.startswith((_PACKAGE, *_IMPORTING)) or _INSTALLED in file
