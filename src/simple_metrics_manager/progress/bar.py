"""Sweeps on a terminal: what is finished scrolls by as lines, what is running has a bar below them, while it runs."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable
from typing import TextIO

from simple_metrics_manager.errors import MissingExtraError
from simple_metrics_manager.events import SweepEnded
from simple_metrics_manager.progress.open_sweeps import OpenSweeps, Sweep

try:
    from rich.console import Console, RenderableType
    from rich.file_proxy import FileProxy
    from rich.progress import BarColumn, Progress, TaskID, TextColumn
    from rich.table import Column
    from rich.text import Text
except ImportError:
    raise MissingExtraError("a bar of progress", "rich>=13.7", "progress") from None

REFRESH = 0.1
"""Seconds between two pictures of the bar."""


class Bars:
    """One bar for each running sweep, below the lines; gone when no sweep is running.

    While there are bars, what the metrics print goes above them, as far as it goes through ``sys.stdout`` and
    ``sys.stderr``. ``force`` draws on what does not call itself a terminal.
    """

    def __init__(self, stream: TextIO | None = None, *, force: bool = False) -> None:
        self._console = _Console(
            file=stream, force_terminal=True if force else None, force_jupyter=False, highlight=False
        )
        self._tasks: dict[Sweep, TaskID] = {}
        self._progress: _Progress | None = None

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._console.print(Text(self._printable(line)), soft_wrap=True)

    def begin(self, sweep: Sweep) -> None:
        """One more bar."""
        if self._progress is None:
            self._progress = self._bars()
            self._progress.start()
        title, state = (Text(self._printable(text)).plain for text in (sweep.started.metric, sweep.last.state()))
        self._tasks[sweep] = self._progress.add_task("", total=sweep.last.total, title=title, state=state)

    def advance(self, sweep: Sweep, now: float) -> None:
        """The next picture will show it."""

    def tick(self, sweeps: OpenSweeps, now: float) -> float:
        """Draw the next picture."""
        if self._progress is not None:
            for sweep, task in self._tasks.items():
                at = sweep.at(now)
                self._progress.update(task, completed=at.done, state=self._printable(at.state()))
            self._progress.computing = self._printable(sweeps.computing(now))
            self._progress.refresh()
        return REFRESH

    def end(self, sweep: Sweep, event: SweepEnded) -> None:
        """One bar less."""
        task = self._tasks.pop(sweep, None)
        if self._progress is not None and task is not None:
            self._progress.remove_task(task)
        if not self._tasks:
            self.close()
        elif self._progress is not None:
            self._progress.refresh()

    def close(self) -> None:
        """Take the bars away and give the cursor and the streams back."""
        self._tasks.clear()
        progress, self._progress = self._progress, None
        if progress is not None:
            progress.stop()

    def _bars(self) -> _Progress:
        return _Progress(
            TextColumn("{task.fields[title]}", markup=False, table_column=Column(no_wrap=True, max_width=40)),
            BarColumn(bar_width=20, complete_style="green", finished_style="green"),
            TextColumn("{task.fields[state]}", markup=False, table_column=Column(no_wrap=True)),
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stderr=_on_terminal(sys.stderr),
        )

    def _printable(self, text: str) -> str:
        encoding = self._console.encoding
        return text.encode(encoding, "replace").decode(encoding)


class _Progress(Progress):
    """Bars, and below them what is being computed: a line that is cut where the terminal ends."""

    computing: str = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.computing:
            yield Text(f"  computing {self.computing}", style="dim", no_wrap=True, overflow="ellipsis")


class _Console(Console):
    """One that leaves it to us what to do without a terminal: rich would end the program, and with it the sweep."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "nobody reads what is written to the terminal")


def give_streams_back() -> None:
    """In a forked child: its output is its own, the bars are the parent's."""
    if isinstance(sys.stdout, FileProxy):
        sys.stdout = sys.stdout.rich_proxied_file
    if isinstance(sys.stderr, FileProxy):
        sys.stderr = sys.stderr.rich_proxied_file


def _on_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
