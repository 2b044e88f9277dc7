"""What is to become of values that may be out of date: what a manager, a metric and a call say, the last one on top."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.outcomes.reasons import CAREFUL, PRESETS, OnStale, Policies, check_on_stale, layered

_told: ContextVar[OnStale | None] = ContextVar("_told", default=None)
"""What a call says, for all that it asks for."""


@contextmanager
def as_told(on_stale: OnStale | None) -> Generator[None]:
    """A block in which this comes before what managers and metrics say."""
    token = _told.set(on_stale if on_stale is not None else _told.get())
    try:
        yield
    finally:
        _told.reset(token)


def told() -> OnStale | None:
    """What the call that is current says."""
    return _told.get()


def policies_of(manager: OnStale, kind: type, declaration: Declaration | None) -> Policies:
    """What to do for each reason about a metric of a manager that says ``manager``.

    Raises:
        MetricDeclarationError: that is no ``on_stale``, which of a field shows only now.
    """
    own, call = None if declaration is None else declaration.options.on_stale, _told.get()
    if manager == "careful" and own is None and call is None:
        return CAREFUL
    if not isinstance(manager, str) or manager not in PRESETS:
        check_on_stale(manager, kind.__qualname__)
    return layered(manager, own, call)
