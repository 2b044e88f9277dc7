"""The verbs of the command: their names, what each is for, and which options it has."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from simple_metrics_manager.cli.ages import age_or_date
from simple_metrics_manager.cli.shells import SHELLS

PRESETS = ("careful", "strict", "fresh")
"""What ``on_stale`` may be called."""

_STATES = ("fresh", "unknown", "stale", "failed", "missing")


class Verb(NamedTuple):
    """One verb: the module of this room that has a class of its name, its summary, and its options."""

    name: str
    module: str
    summary: str
    declare: Callable[[argparse.ArgumentParser], None]
    aliases: tuple[str, ...] = ()
    of_a_manager: bool = True
    description: str = ""


def states(text: str) -> tuple[str, ...]:
    """``stale,failed``.

    Raises:
        ArgumentTypeError: a word is no state.
    """
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in found:
        if word not in _STATES:
            raise argparse.ArgumentTypeError(f"{word!r} is no state: use {', '.join(_STATES)}")
    return found


def age(text: str) -> object:
    """An age or a date.

    Raises:
        ArgumentTypeError: it is neither.
    """
    try:
        return age_or_date(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def positive(text: str) -> int:
    """A whole number from one on.

    Raises:
        ArgumentTypeError: it is less, or none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def interval(text: str) -> float:
    """Seconds between two looks.

    Raises:
        ArgumentTypeError: that is no time to wait.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _names(parser: argparse.ArgumentParser, *, least: str = "*", of: str = "all of them if there are none") -> None:
    text = f"metrics, sweeps, points; with *, with + before or after; {of}" if of else "a metric, a sweep, or a point"
    name = "NAME"
    parser.add_argument("names", nargs=least, metavar=name, help=text)


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a metric, a sweep, or one point of it")


def _params(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-p", "--param", dest="params", action="append", default=[], metavar="K=V", help="only points with this"
    )


def _selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=states, default=(), metavar="S,S", help=f"only what is {', '.join(_STATES)}")
    parser.add_argument("--older-than", type=age, metavar="AGE", help="only what was computed before: 30d, 2026-11-20")


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help="do it; without, only say what would be done")


def _status(parser: argparse.ArgumentParser) -> None:
    _names(parser)
    _selection(parser)
    parser.add_argument("--points", action="store_true", help="a line for each point of a sweep")
    parser.add_argument("--durations", type=positive, metavar="N", help="also the N values that took longest")
    parser.add_argument("--check", action="store_true", help="exit with 1 if anything is not fresh")
    parser.add_argument(
        "--watch", type=interval, nargs="?", const=2.0, metavar="SEC", help="look again every SEC seconds (2)"
    )


def _run(parser: argparse.ArgumentParser) -> None:
    _names(parser, of="everything that is not fresh if there are none. What they read is made fresh first")
    _params(parser)
    _selection(parser)
    parser.add_argument("--force", action="store_true", help="compute what is named anew, fresh or not")
    parser.add_argument(
        "--on-stale", choices=PRESETS, help="do with stale values as on_stale says; without, all are computed anew"
    )
    parser.add_argument("-j", "--jobs", type=positive, metavar="N", help="compute in N processes")
    parser.add_argument("-x", "--fail-fast", action="store_true", help="stop at the first failure")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be computed")
    parser.add_argument("--pdb", action="store_true", help="stop in the debugger where a metric fails")
    parser.add_argument("--report", metavar="FILE", help="a page that is kept current while it runs")


def _show(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    _params(parser)
    parser.add_argument("--error", action="store_true", help="the last error, with its traceback")
    parser.add_argument("--full", action="store_true", help="the whole value")
    parser.add_argument("--path", action="store_true", help="only where it is stored")


def _why(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    _params(parser)


def _accept(parser: argparse.ArgumentParser) -> None:
    _names(parser, least="+", of="")
    _params(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why, which is kept with the values")
    parser.add_argument("-n", "--dry-run", action="store_true", help="only say what would be accepted")


def _verify(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    _params(parser)
    parser.add_argument("--sample", type=positive, default=5, metavar="N", help="how many points of a sweep (5)")
    parser.add_argument("--allclose", action="store_true", help="let floats differ as numpy.allclose does")
    parser.add_argument("--seed", type=int, metavar="N", help="take the points at random")


def _graph(parser: argparse.ArgumentParser) -> None:
    _names(parser)
    parser.add_argument("--mermaid", action="store_true", help="as a Mermaid flowchart")
    parser.add_argument("--dot", action="store_true", help="as a Graphviz graph")
    parser.add_argument("--svg", metavar="FILE", help="as a picture; the layout needs the extra report")
    parser.add_argument("--no-state", action="store_true", help="without what is stored and fresh")


def _clear(parser: argparse.ArgumentParser) -> None:
    _names(parser, of="")
    _params(parser)
    _selection(parser)
    parser.add_argument("--orphans", action="store_true", help="only what is not declared any more")
    parser.add_argument("--all", action="store_true", help="everything of this manager")
    _yes(parser)


def _rename(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", nargs="?", metavar="OLD", help="the name under which values are stored")
    parser.add_argument("new", nargs="?", metavar="NEW", help="the name of the metric now")
    for what, name in (("class", "classes"), ("input", "inputs")):
        text = f"of the {what} that is called OLD in what is stored; may be repeated"
        parser.add_argument(f"--{what}", dest=name, action="append", default=[], metavar="NEW=OLD", help=text)
    _yes(parser)


def _check(_: argparse.ArgumentParser) -> None:
    """It reads everything."""


def _export(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    _params(parser)
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="FILE",
        help="a .csv, .json, .npy, .npz or .parquet file; - is standard output",
    )


def _report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", default="report.html", metavar="FILE", help="the page (report.html)")
    parser.add_argument("--title", metavar="TEXT", help="what the page is called, instead of the manager's name")
    parser.add_argument("--max-size", type=positive, metavar="MB", help="refuse to write a larger page")
    parser.add_argument("--no-values", action="store_true", help="nothing that is computed, only when and how long")
    parser.add_argument("--open", action="store_true", help="show it in the browser")


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="the shell whose script is printed")


VERBS = (
    Verb("status", "status", "what is stored of everything that is declared", _status, ("ls",)),
    Verb("run", "running", "compute what is missing or stale", _run),
    Verb("show", "showing", "one value: what it is, when and from what it was computed", _show),
    Verb("why", "asking", "why a value is stale", _why),
    Verb("accept", "asking", "say that a change does not matter, and keep the values", _accept),
    Verb("verify", "asking", "compute a few values anew and compare", _verify),
    Verb("graph", "graphing", "which metric reads which", _graph),
    Verb("clear", "keeping", "delete values (a dry run without --yes)", _clear),
    Verb(
        "rename",
        "keeping",
        "give values their new names (a dry run without --yes)",
        _rename,
        description=(
            "Give values the new name of their metric, or of classes and inputs of managers. Without any name: what "
            "@metric(renamed_from=...) says."
        ),
    ),
    Verb("check", "keeping", "read everything in the storage and verify it", _check),
    Verb("export", "exporting", "values as a table (CSV, JSON, parquet) or as arrays (npy, npz)", _export),
    Verb("report", "reporting", "one page with everything, for the browser", _report),
    Verb("completion", "completing", "print the completion script for a shell", _completion, of_a_manager=False),
)
"""In the order in which they are needed."""
