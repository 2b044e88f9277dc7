"""What the command says by its exit code: a part of what it promises."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How it went, for whoever called the command."""

    DONE = 0
    """Done, and everything that was asked for is as it should be."""
    NOT_RIGHT = 1
    """A metric failed or could not be had, a check found something, or ``status --check`` what is not fresh."""
    USAGE = 2
    """The command line, the configuration, a name or the user's module is wrong: nothing was done."""
    STORAGE = 3
    """The storage cannot be used: it does not answer, is damaged, or is of a later version."""
    INTERRUPTED = 130
    """Ctrl-C; what was finished is stored."""
