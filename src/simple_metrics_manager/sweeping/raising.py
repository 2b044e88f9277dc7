"""What is raised in a metric's function: whether it concerns that metric alone; and how it is raised once more, here.

``SystemExit``, which the likes of ``argparse`` raise, and ``asyncio.CancelledError`` of a function concern its metric,
as any other exception does. Ctrl-C concerns everything, and so does ``SystemExit`` where a handler of a signal
raises it, in the middle of whatever runs just then: a batch system ends programs in this way.
"""

from __future__ import annotations

import signal
import traceback

from simple_metrics_manager.errors import MetricFailedError
from simple_metrics_manager.outcomes.failure import Failure


class RemoteTraceback(Exception):
    """The traceback of an exception that was raised on a worker, as the cause of that exception here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def ends_the_sweep(error: BaseException) -> bool:
    """Whether this is no failure of the metric whose function it has come out of."""
    if isinstance(error, Exception | KeyboardInterrupt):
        return isinstance(error, KeyboardInterrupt)
    handlers = [getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()]
    return any(frame.f_code in handlers for frame, _ in traceback.walk_tb(error.__traceback__))


def raise_failure(failure: Failure, kept: str = "") -> None:
    """Raise what the function of the metric raised, or what says so if it could not come here from its worker.

    ``kept`` is what is to be said of the rest of the sweep; it becomes a note, so that the exception stays its own.
    """
    error = failure.exception
    if error is None:
        error = MetricFailedError(failure.label, failure.error, failure.message, failure.traceback)
        if kept:
            error.add_note(kept)
        raise error
    if kept and kept not in getattr(error, "__notes__", ()):
        error.add_note(kept)
    if isinstance(error, StopIteration):  # a sweep is a generator, which cannot raise it
        raise RuntimeError(f"{failure.label} has raised StopIteration") from error
    if error.__traceback__ is None:  # it has come from another process
        raise error from RemoteTraceback(failure.traceback)
    raise error
