"""A forked child must not use ``obstore`` after its parent did: its requests would never be answered.

The threads that carry requests stay behind in the parent. A child that was forked before the first request is fine.
"""

from __future__ import annotations

import os

from simple_metrics_manager.errors import ForkedError

_used = False
_forked = False


def check_fork(url: str) -> None:
    """To be called before each request to ``url``.

    Raises:
        ForkedError: this process was forked from one that had called this.
    """
    global _used
    if _forked:
        raise ForkedError(url)
    _used = True


def in_use() -> bool:
    """Whether this process has used an object store, so that its forked children could not."""
    return _used


def _after_fork() -> None:
    global _forked
    _forked = _used


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
