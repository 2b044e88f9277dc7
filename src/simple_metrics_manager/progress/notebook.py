"""Sweeps in a notebook: one display that is kept up to date, and lines for those who cannot see it change.

Some frontends show a display and ignore what becomes of it, therefore the start and the end are lines as well. All
goes to standard output: what goes to standard error is painted red.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, cast

import attrs

from simple_metrics_manager.events import SweepEnded, SweepProgressed, write_line
from simple_metrics_manager.markup import Markup, bundle, joined, line, monospaced, tag
from simple_metrics_manager.progress.open_sweeps import OpenSweeps, Sweep

REFRESH = 0.5
"""Seconds between two states of the display."""

WIDTH = 20
"""Blocks of a bar."""


class Handle(Protocol):
    """What IPython returns for a display that has an identity."""

    def update(self, obj: Mapping[str, str], *, raw: bool) -> object:
        """Show something else in its place."""
        ...


class _Display(Protocol):
    def __call__(self, obj: Mapping[str, str], *, raw: bool, display_id: bool) -> Handle: ...


def in_kernel() -> bool:
    """Whether this process is the kernel of a notebook. A kernel has loaded IPython, so nothing is imported here."""
    get_shell = cast("Callable[[], object] | None", getattr(sys.modules.get("IPython"), "get_ipython", None))
    return get_shell is not None and getattr(get_shell(), "kernel", None) is not None


def display(content: Mapping[str, str]) -> Handle:
    """Show something that can be updated."""
    show = cast(_Display, importlib.import_module("IPython.display").display)
    return show(content, raw=True, display_id=True)


@attrs.define(eq=False)
class Page:
    """One display from when a sweep starts while none is running until none is running any more.

    It shows a row for each running sweep, and in the end one for the sweep that ended last.
    """

    _display: Callable[[Mapping[str, str]], Handle] = display
    _rows: dict[Sweep, None] = attrs.field(factory=dict[Sweep, None])
    _handle: Handle | None = None

    def say(self, line: str) -> None:
        """Print it."""
        write_line(line)

    def begin(self, sweep: Sweep) -> None:
        """One more row."""
        self._rows[sweep] = None
        if self._handle is None:
            self._handle = self._display(rows([sweep.last]))

    def advance(self, sweep: Sweep, now: float) -> None:
        """The next state will show it."""

    def tick(self, sweeps: OpenSweeps, now: float) -> float:
        """Show the present state."""
        if self._handle is not None and self._rows:
            self._handle.update(rows(sweep.at(now) for sweep in self._rows), raw=True)
        return REFRESH

    def end(self, sweep: Sweep, event: SweepEnded) -> None:
        """One row less; the last one stays, as far as it came."""
        self._rows.pop(sweep, None)
        if not self._rows and self._handle is not None:
            handle, self._handle = self._handle, None
            handle.update(rows([attrs.evolve(sweep.last, seconds=event.seconds, left=None)]), raw=True)

    def close(self) -> None:
        """Leave the display as it is."""
        self._rows.clear()
        self._handle = None


def rows(states: Iterable[SweepProgressed]) -> dict[str, str]:
    """The rows as text and as HTML that needs no style sheet: a bar of blocks, and its meaning in words."""
    texts: list[str] = []
    marked: list[Markup] = []
    for state in states:
        filled = WIDTH * state.done // state.total if state.total else WIDTH
        bar = "█" * filled + "░" * (WIDTH - filled)
        texts.append(f"{state.metric} {bar} {state.state()}")
        marked.append(line(tag("b", state.metric), " ", monospaced(bar), f" {state.state()}"))
    return bundle("\n".join(texts), joined(*marked))
