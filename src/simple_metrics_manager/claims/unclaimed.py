"""Where claims do not work: everybody computes, and it is told once that others do, too."""

from __future__ import annotations

import attrs

from simple_metrics_manager.errors import SaveError, UnreachableError
from simple_metrics_manager.events import NotClaimed, tell


@attrs.frozen
class Unclaimed:
    """A claim that keeps nobody out, of a place where claims do not work."""

    name: str

    def mine(self) -> bool:
        """True: nobody can take away what was never had."""
        return True

    def waiting(self, name: str) -> None:
        """Nobody would read it."""

    def release(self) -> None:
        """There is nothing to let go of."""


class Telling:
    """Tells once that claims do not work at some place."""

    def __init__(self) -> None:
        self._told = False

    def unclaimed(self, name: str, error: Exception) -> Unclaimed:
        """A claim that keeps nobody out, because of this error."""
        if not self._told:
            self._told = True
            tell(NotClaimed(name, _reason(error)))
        return Unclaimed(name)


def _reason(error: Exception) -> str:
    if isinstance(error, SaveError | UnreachableError):
        return str(error.cause)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
