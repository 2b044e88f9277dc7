"""Raising here what was raised on a worker."""

from __future__ import annotations

from simple_metrics_manager.errors import MetricFailedError
from simple_metrics_manager.outcomes.failure import Failure


class RemoteTraceback(Exception):
    """The traceback of an exception that was raised on a worker, as the cause of that exception here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def raise_failure(failure: Failure) -> None:
    """Raise what the function of the metric raised, or what says so if it could not come here from its worker."""
    error = failure.exception
    if error is None:
        raise MetricFailedError(failure.label, failure.error, failure.message, failure.traceback)
    if isinstance(error, StopIteration):  # a sweep is a generator, which cannot raise it
        raise RuntimeError(f"{failure.label} has raised StopIteration") from error
    if error.__traceback__ is None:  # it has come from another process
        raise error from RemoteTraceback(failure.traceback)
    raise error
