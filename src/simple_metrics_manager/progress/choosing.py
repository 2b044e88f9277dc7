"""Which rendering: the one that was asked for, or the one that suits where the output goes.

It is chosen when a sweep starts while none is running, so that a stream that was exchanged meanwhile is respected.
"""

from __future__ import annotations

import atexit
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, TextIO, TypeAlias, get_args

import attrs

from simple_metrics_manager.events import Event, SweepStarted, log, logger, narrate_by, write_line
from simple_metrics_manager.progress.notebook import Page, in_kernel
from simple_metrics_manager.progress.plain import Lines
from simple_metrics_manager.progress.rendering import Canvas, Rendering, Silence

How: TypeAlias = Literal["auto", "plain", "rich", "notebook", "log", "none"]
VARIABLE = "SMM_PROGRESS"


@attrs.frozen
class _Wish:
    """What was asked for, and the stream for it: None is whatever standard output is at the time."""

    how: How
    stream: TextIO | None = None


_lock = threading.RLock()
_wish: _Wish | None = None
_rendering: Rendering | Silence | None = None
_forked = False
_warned: set[str] = set()


def show(how: How = "auto", *, stream: TextIO | None = None) -> Shown:
    """Choose how events are narrated from now on, in the whole process; as a context manager, for a block.

    Args:
        how: ``plain`` writes whole lines; ``rich`` has a bar below them, even on what does not call itself a
            terminal; ``notebook`` has a display that is updated; ``log`` prints nothing and gives the steps of
            sweeps to the logger ``simple_metrics_manager``, which has everything else anyway; ``none`` prints
            nothing. ``auto`` takes a display in a notebook, a bar on a terminal where ``rich`` is installed, and lines
            everywhere else. Where this is never called, the environment variable ``SMM_PROGRESS`` says it.
        stream: Where to write; None is standard output. In a notebook the display is where displays are.

    Raises:
        ValueError: there is no such rendering.
        MissingExtraError: ``rich`` is not installed.
    """
    if how not in get_args(How):
        raise ValueError(f"no rendering of progress is called {how!r}: use one of {', '.join(get_args(How))}")
    if how == "rich":
        _bars(stream, force=True)
    shown = Shown(_wish)
    _ask(_Wish(how, stream))
    return shown


@attrs.frozen
class Shown:
    """Leave the block to narrate again as before."""

    _before: _Wish | None

    def __enter__(self) -> None:
        """It has been chosen already."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As before."""
        _ask(self._before)


def render(event: Event) -> None:
    """Narrate an event in the rendering that is chosen."""
    global _rendering
    with _lock:
        starts = isinstance(event, SweepStarted)
        if _rendering is None or (starts and not _rendering.busy):
            _rendering = _made(_wish or _from_environment())
        rendering = _rendering
        if starts:  # before another thread finds the rendering idle, and replaces it
            rendering(event)
    if not starts:
        rendering(event)


def follow(event: Event) -> None:
    """A listener, with which a bar can name what takes long: the parts of a large sweep are not narrated."""
    rendering = _rendering
    if rendering is not None:
        rendering.follow(event)


def suited(environ: Mapping[str, str], stream: TextIO | None, *, kernel: bool, child: bool, rich: bool) -> How:
    """What ``auto`` means for this output; the process may be a ``kernel`` or a ``child``, or have ``rich``."""
    if kernel and not child:
        return "notebook"
    in_ci = environ.get("CI", "").lower() not in {"", "0", "false", "no"}
    dumb = environ.get("TERM", "").lower() in {"dumb", "unknown"}
    terminal = stream is not None and not stream.closed and stream.isatty()
    return "rich" if terminal and rich and not (in_ci or dumb or child) else "plain"


def _ask(wish: _Wish | None) -> None:
    global _wish, _rendering
    with _lock:
        _wish = wish
        before, _rendering = _rendering, None
    narrate_by(render)
    if before is not None:
        before.close()


def _from_environment() -> _Wish:
    said = os.environ.get(VARIABLE) or "auto"
    for how in get_args(How):
        if said.lower() == how:
            return _Wish(how)
    _warn_once(f"{VARIABLE}={said} is no rendering of progress: use one of {', '.join(get_args(How))}")
    return _Wish("auto")


def _made(wish: _Wish) -> Rendering | Silence:
    """The rendering for a wish. One that is missing something becomes lines: a sweep is not stopped for looks."""
    how, stream = wish.how, wish.stream
    if how == "auto":
        where = sys.stdout if stream is None else stream
        rich = importlib.util.find_spec("rich") is not None
        how = suited(os.environ, where, kernel=stream is None and in_kernel(), child=_is_child(), rich=rich)
    if how == "none":
        return Silence()
    if how == "log":
        return Rendering(Lines(_nothing, lambda event: log(event, logging.INFO)))
    if how == "notebook":
        return Rendering(Page())
    if how == "rich":
        try:
            return Rendering(_bars(stream, force=wish.how == "rich"))
        except ImportError as error:
            _warn_once(str(error))
    return Rendering(Lines(lambda line: write_line(line, stream), lambda event: write_line(event.line(), stream)))


def _nothing(line: str) -> None:
    """The line is in the log already, as an event."""


def _bars(stream: TextIO | None, *, force: bool) -> Canvas:
    from simple_metrics_manager.progress.bar import Bars  # noqa: PLC0415  # imports rich

    return Bars(stream, force=force)


def _is_child() -> bool:
    """Whether another process has started this one to share its work, and its terminal."""
    processes = sys.modules.get("multiprocessing.process")
    return _forked or (processes is not None and processes.parent_process() is not None)


def _warn_once(text: str) -> None:
    if text not in _warned:
        _warned.add(text)
        logger.warning("%s", text)


def _close() -> None:
    """At the end of the process a sweep may be running: nobody has waited for its end."""
    if _rendering is not None:
        _rendering.close()


def _after_fork() -> None:
    """The sweeps are the parent's, and its locks may be held by threads that are not here."""
    global _lock, _rendering, _forked
    _lock = threading.RLock()
    _rendering = None
    _forked = True
    bar = sys.modules.get("simple_metrics_manager.progress.bar")
    if bar is not None:
        bar.give_streams_back()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
