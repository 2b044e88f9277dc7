"""One verb from its arguments to its exit code: what goes wrong is said in the words of the library.

Exceptions that the library expects are shown as their sentence; those of the user's own code with their traceback.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
import traceback
import warnings

from simple_metrics_manager.cli.command import Command, Context, Options, made
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.tracebacks import told
from simple_metrics_manager.cli.verbs import VERBS
from simple_metrics_manager.errors import (
    ConfigError,
    IdentityError,
    MetricDeclarationError,
    MetricFailedError,
    MetricsError,
    MissingExtraError,
    NotStoredError,
    StorageError,
    UndeclaredParametersError,
    UnknownMetricError,
)
from simple_metrics_manager.events import write_line

_USAGE = (
    ConfigError,
    IdentityError,
    MetricDeclarationError,
    MissingExtraError,
    UndeclaredParametersError,
    UnknownMetricError,
)


def do(arguments: argparse.Namespace) -> Exit:
    """Run the verb that was parsed."""
    options = made(Options, arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _warned
        return _do(arguments, options)


def _do(arguments: argparse.Namespace, options: Options) -> Exit:
    found = False
    try:
        command = _command(arguments)
        context = Context.of(options)
        found = True
        code = command.run(context)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        _say("interrupted: what was finished is stored; the same command goes on")
        return Exit.INTERRUPTED
    except BrokenPipeError:  # whoever read the answer has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except MetricsError as error:
        return _told(error, options)
    except Exception as error:  # noqa: BLE001 - the user's module or metric raised it: it is shown as Python shows it
        if found and isinstance(error, OSError) and _is_of_the_storage(error):
            _say(str(error))
            return Exit.STORAGE
        write_line(told(error, whole=options.traceback), sys.stderr)
        return Exit.NOT_RIGHT if found else Exit.USAGE


def _command(arguments: argparse.Namespace) -> Command:
    """The verb as a typed value."""
    verb = next(each for each in VERBS if each.name == arguments.verb)
    module = importlib.import_module(f"simple_metrics_manager.cli.{verb.module}")
    command: object = made(getattr(module, verb.name.capitalize()), arguments)
    if not isinstance(command, Command):
        raise AssertionError("unreachable")
    return command


def _told(error: MetricsError, options: Options) -> Exit:
    """Say what the library says."""
    if options.traceback or isinstance(error, MetricFailedError):
        write_line(told(error, whole=options.traceback), sys.stderr)
    else:
        _say(str(error))
    if isinstance(error, _USAGE):
        return Exit.USAGE
    return Exit.STORAGE if isinstance(error, StorageError) and not _is_of_one_value(error) else Exit.NOT_RIGHT


def _is_of_one_value(error: StorageError) -> bool:
    return isinstance(error, NotStoredError)


def _is_of_the_storage(error: OSError) -> bool:
    """Whether the library met it, and not the function of a metric."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    known = error.errno in (errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOTDIR, errno.EIO, errno.EPERM)
    return known and last.startswith(ours)


def _warned(message: Warning | str, *_: object, **__: object) -> None:
    """A warning without the line of ours that it came from."""
    _say(str(message))


def _say(text: str) -> None:
    write_line(f"smm: {text}", sys.stderr)
