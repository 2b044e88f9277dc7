"""What all events have: a metric, a line for people, and whether the caller wants to read it."""

from __future__ import annotations

import attrs


@attrs.frozen
class Event:
    """Something happened to the metric called ``metric``; ``verbose`` says whether the caller wants to read it."""

    metric: str
    verbose: bool = attrs.field(default=True, kw_only=True)

    def line(self) -> str:
        """The event as one line, in the words of 0.5.0."""
        return self.metric


def format_seconds(seconds: float) -> str:
    """A duration as people say it: ``4 µs``, ``12 ms``, ``3.2 s``, ``5 min 3 s``, ``2 h 10 min``."""
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def estimated(seconds: float) -> str:
    """A duration that nobody knows exactly: ``about 3 s``, ``about 2 h 10 min``, ``under 1 s``."""
    return f"about {format_seconds(round(seconds))}" if seconds >= 1 else "under 1 s"
