"""Standard output has the answer, and nothing else; what is said besides goes to standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TextIO, TypeAlias

import attrs

from simple_metrics_manager.events import write_line

Style: TypeAlias = Literal["good", "doubtful", "bad", "dim", ""]

_CODES: Mapping[Style, str] = {"good": "32", "doubtful": "33", "bad": "31", "dim": "2"}
STYLES: Mapping[str, Style] = {
    "fresh": "good",
    "stale": "doubtful",
    "unknown": "doubtful",
    "failed": "bad",
    "missing": "dim",
}
_GLYPHS = {"fresh": "●", "stale": "◐", "unknown": "?", "failed": "✕", "missing": "○"}
_PLAIN = {"fresh": "+", "stale": "~", "unknown": "?", "failed": "x", "missing": "-"}


@attrs.frozen
class Output:
    """Where the answer goes, and how it may look there."""

    json: bool = False
    color: Literal["auto", "always", "never"] = "auto"

    def say(self, text: str) -> None:
        """A line, or several, of the answer."""
        write_line(text, sys.stdout)

    def note(self, text: str) -> None:
        """Something besides."""
        write_line(text, sys.stderr)

    def document(self, schema: str, content: Mapping[str, object]) -> None:
        """The whole answer as one JSON document; its first key names what to expect in it."""
        self.say(json.dumps({"schema": schema, **content}, indent=2, ensure_ascii=False, default=str))

    @property
    def width(self) -> int | None:
        """How many columns a terminal has; None for a file or a pipe, where lines may be as long as they are."""
        return shutil.get_terminal_size().columns if _is_terminal(sys.stdout) else None

    def styled(self, text: str, style: Style) -> str:
        """The text, in colour where that is wanted: the words alone say everything."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and self.colors else text

    @property
    def colors(self) -> bool:
        """Whether there are any."""
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return _is_terminal(sys.stdout) and os.environ.get("TERM", "") not in {"dumb", "unknown"}

    def state(self, state: str) -> str:
        """``● fresh``, in characters that there are."""
        return f"{self.glyph(state)} {state}"

    def glyph(self, state: str) -> str:
        """The sign of a state."""
        return _GLYPHS[state] if _has(sys.stdout, "●◐✕○") else _PLAIN[state]

    def sign(self, fine: str, plain: str) -> str:
        """The first if the terminal has these characters, else the second."""
        return fine if _has(sys.stdout, fine) else plain

    def table(
        self, lines: Sequence[Sequence[str]], right: frozenset[int] = frozenset(), styles: Sequence[Style] = ()
    ) -> None:
        """Columns as wide as they must be, two blanks apart; the last one is cut where the terminal ends.

        ``right`` are columns of numbers. ``styles`` are those of the first cells, line by line.
        """
        for number, line in enumerate(columns(lines, right, self.width)):
            style: Style = styles[number] if number < len(styles) else ""
            first = line.find("  ", 2) if style else 0
            end = len(line) if first < 0 else first
            self.say(self.styled(line[:end], style) + line[end:])


def columns(
    lines: Sequence[Sequence[str]], right: frozenset[int] = frozenset(), width: int | None = None
) -> Iterator[str]:
    """The lines of a table: plain text that ``grep`` and ``cut`` survive."""
    if not lines:
        return
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            f"{cell:>{size}}" if index in right else f"{cell:<{size}}"
            for index, (cell, size) in enumerate(zip(line, wide, strict=True))
        ]
        text = "  ".join(cells).rstrip()
        room = len("  ".join(cells[:-1])) + 2
        fits = width is None or len(text) <= width or width - room < _LEAST
        yield text if fits or width is None else f"{text[: width - 1].rstrip()}…"


_LEAST = 8
"""A last column that has less room than that is not worth cutting."""


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _has(stream: TextIO | None, characters: str) -> bool:
    try:
        characters.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeError:
        return False
    return True


Narrator: TypeAlias = Callable[[str], None]
