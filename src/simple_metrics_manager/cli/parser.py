"""The command line as ``argparse`` reads it. Nothing of the library is imported to say how it is called."""

from __future__ import annotations

import argparse
import difflib
import importlib
import re
from typing import NoReturn

from simple_metrics_manager.cli import verbs

_CHOICE = re.compile(r"invalid choice: '([^']*)' \(choose from (.*)\)")

EPILOG = """\
which manager:  -m, else the variable SMM_MANAGER, else [tool.simple_metrics_manager]
                in pyproject.toml, here or above:
                    manager = "lab.digits:Digits"
exit codes:     0 done; 1 a metric failed, or something is not as it should be;
                2 usage, configuration, names; 3 the storage; 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """One that says what was probably meant, in every version of Python."""

    suggest_on_error: bool = False
    """What Python 3.14 does itself is done here for all versions."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how to find out more; exit code 2."""
        found = _CHOICE.search(message)
        near = difflib.get_close_matches(found[1], re.findall(r"[\w-]+", found[2]), 1) if found else []
        if found and near:
            what = message[: found.start()].removeprefix("argument ").rstrip(": ")
            message = f"{what} has no choice {found[1]!r}. Did you mean {near[0]!r}?"
        end = "" if message.endswith(("?", ".")) else "."
        self.exit(2, f"smm: {message}{end}\n  {self.prog} --help says what there is.\n")


def parser() -> Parser:
    """The parser of the whole command."""
    top = Parser(
        prog="smm",
        description="What is stored, how old it is, what is stale and why; and what makes it right.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"smm {_version()}")
    _common(top, top=True)
    subparsers = top.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    shared = Parser(add_help=False)
    _common(shared, top=False)
    for verb in verbs.VERBS:
        sub = subparsers.add_parser(
            verb.name,
            aliases=list(verb.aliases),
            help=verb.summary,
            description=verb.description or f"{verb.summary[0].upper()}{verb.summary[1:]}.",
            parents=[shared] if verb.of_a_manager else [],
            allow_abbrev=False,
        )
        sub.set_defaults(verb=verb.name)
        verb.declare(sub)
    return top


def overview() -> str:
    """What to say to somebody who has typed nothing but ``smm``: few enough lines for the smallest terminal."""
    wide = max(len(verb.name) for verb in verbs.VERBS)
    lines = [f"  {verb.name:<{wide}}  {verb.summary}" for verb in verbs.VERBS]
    return "\n".join(["smm: say what to do, as in `smm status`:", *lines, "smm --help says what there is.", ""])


def _version() -> str:
    """That of the package, whose own module stands above this one and is imported already."""
    return str(getattr(importlib.import_module(__name__.partition(".")[0]), "__version__"))  # noqa: B009


def _common(parser: argparse.ArgumentParser, *, top: bool) -> None:
    """What every verb understands, before it or after it."""
    group = parser.add_argument_group("common options")

    def add(*names: str, default: object, **rest: object) -> None:
        group.add_argument(*names, default=default if top else argparse.SUPPRESS, **rest)  # type: ignore[arg-type]  # argparse spells out each of them

    add("-m", "--manager", default=None, metavar="TARGET", help="module:object, file.py:object, or a configured name")
    add("--store", default=None, metavar="PATH", help="where values are: a folder, a .sqlite or .toml file")
    add("--json", default=False, action="store_true", help="the answer as JSON, with the name of its schema")
    add("--color", default="auto", choices=("auto", "always", "never"), help="colours on standard output")
    add("--progress", default="auto", choices=("auto", "plain", "rich", "none"), help="how a run is narrated")
    add("-q", "--quiet", default=False, action="store_true", help="no narration")
    add("-v", "--verbose", default=False, action="store_true", help="say which manager was found, and where")
    add("--traceback", default=False, action="store_true", help="show where an error of the library came from")
