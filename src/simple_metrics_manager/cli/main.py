"""The door of the command ``smm``: reads the command line, finds the manager, and says how it went.

Nothing of the library is imported before a verb is known, so that ``--help``, ``--version`` and the completion of
a shell answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.parser import overview, parser


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    try:
        return _main(argv)
    except KeyboardInterrupt:  # before the verb has begun, or after it has ended
        sys.stderr.write("smm: interrupted\n")
        return int(Exit.INTERRUPTED)


def _main(argv: Sequence[str] | None) -> int:
    try:
        arguments = parser().parse_args(argv)
    except SystemExit as left:  # help, the version, or a mistake: all is said
        return left.code if isinstance(left.code, int) else int(Exit.USAGE)
    if arguments.verb is None:
        sys.stderr.write(overview())
        return int(Exit.USAGE)
    if arguments.verb == "completion":
        from simple_metrics_manager.cli.completing import script  # noqa: PLC0415 - nothing else may be imported

        sys.stdout.write(script(arguments.shell))
        return int(Exit.DONE)
    from simple_metrics_manager.cli.doing import do  # noqa: PLC0415 - imports the library

    return int(do(arguments))
