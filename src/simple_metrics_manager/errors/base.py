"""The base of all errors of this library."""

from __future__ import annotations


class MetricsError(Exception):
    """Base of all errors of this library."""

    def __str__(self) -> str:
        return "; ".join(str(part) for part in self.args)
