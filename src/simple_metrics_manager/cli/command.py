"""What all verbs are made of: the options that each has, and the manager that it is about."""

from __future__ import annotations

import argparse
from typing import Literal, Protocol, TypeVar, cast, runtime_checkable

import attrs

from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.finding import Found, find
from simple_metrics_manager.cli.output import Output
from simple_metrics_manager.manager import DatedCacheManager

C = TypeVar("C")

Progress = Literal["auto", "plain", "rich", "none"]


@attrs.frozen(kw_only=True)
class Options:
    """What every verb understands: see ``smm --help``."""

    manager: str | None = None
    store: str | None = None
    json: bool = False
    color: Literal["auto", "always", "never"] = "auto"
    progress: Progress = "auto"
    quiet: bool = False
    verbose: bool = False
    traceback: bool = False


@attrs.frozen(kw_only=True)
class Context:
    """The manager that was found, and where the answer goes."""

    found: Found
    options: Options
    out: Output

    @property
    def manager(self) -> DatedCacheManager:
        """The manager itself."""
        return self.found.manager

    @classmethod
    def of(cls, options: Options) -> Context:
        """Find the manager; with ``verbose`` say which it is.

        Raises:
            ConfigError: there is none, or it is not where it should be.
        """
        found = find(options.manager, options.store)
        out = Output(json=options.json, color=options.color)
        if options.verbose and not options.quiet:
            out.note(f"{found.target}, from {found.source}")
        return cls(found=found, options=options, out=out)


@runtime_checkable
class Command(Protocol):
    """One verb with its options; each is a frozen class, and its fields are called as in the parser."""

    def run(self, context: Context, /) -> Exit:
        """Do it, and say how it went."""
        ...


def made(kind: type[C], arguments: argparse.Namespace) -> C:
    """The typed form of parsed arguments: what of them is a field of this class; lists become tuples."""
    values: dict[str, object] = vars(arguments)
    names = [field.name for field in attrs.fields(cast("type[attrs.AttrsInstance]", kind))]
    return kind(**{name: _settled(values[name]) for name in names if name in values})


def _settled(value: object) -> object:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value
