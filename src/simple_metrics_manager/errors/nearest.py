"""``Did you mean 'cv_accuracy'?``: the known name that is nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like it, if any is like it enough to be meant."""
    import difflib  # noqa: PLC0415  # most programs never ask

    found = difflib.get_close_matches(name, [*known], n=1)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to put behind a sentence; empty if no known name is like it."""
    found = nearest(name, known)
    return f". Did you mean {found!r}?" if found is not None else ""
