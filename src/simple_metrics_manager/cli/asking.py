"""``smm why``, ``smm accept``, ``smm verify``: is a value still what would be computed, and does the change matter?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from simple_metrics_manager.cli.command import Context
from simple_metrics_manager.cli.exits import Exit
from simple_metrics_manager.cli.naming import Target, matching, target
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import MetricsError
from simple_metrics_manager.events import format_seconds
from simple_metrics_manager.freshness.accepting import ACCEPTABLE
from simple_metrics_manager.freshness.staleness import Staleness, SweepStaleness
from simple_metrics_manager.freshness.verifying import VerifyReport

_IN_PYTHON = re.compile(r"[A-Z][^:]*(\([^)]*\))?: +cm\.\w+")
"""A way out as it is written in Python: ``Recompute it (last took 2 s):  cm.get(...)``."""

_UNCHANGED = ", and nothing that would change it has changed since."
"""What is true of a fresh value that nobody had to vouch for."""


@attrs.frozen(kw_only=True)
class Why:
    """The verb."""

    name: str
    params: tuple[str, ...] = ()

    def run(self, context: Context) -> Exit:
        """Say all that speaks against what is stored."""
        meant = target(context.manager, self.name, self.params)
        answers = [context.manager.why(meant.points.name)] if meant.whole else [*map(context.manager.why, meant.keys)]
        if context.options.json:
            context.out.document("smm.why/1", {"answers": [each.to_dict() for each in answers]})
            return Exit.DONE
        for number, answer in enumerate(answers):
            done = () if isinstance(answer, SweepStaleness) else history(context, meant.keys[number])
            context.out.say(("\n" if number else "") + "\n".join(_said(answer, done)))
        return Exit.DONE


def history(context: Context, key: Metric[object]) -> tuple[str, ...]:
    """What was done to a stored value since it was computed: who has accepted or renamed it, and why."""
    try:
        return tuple(map(str, context.manager.provenance(key).record.history))
    except MetricsError:
        return ()


def _said(answer: Staleness | SweepStaleness, done: Sequence[str]) -> Iterator[str]:
    """What the library says, with commands in place of Python."""
    kept = [line for line in str(answer).splitlines() if not _IN_PYTHON.match(line)]
    while kept and not kept[-1]:
        kept.pop()
    if done and answer.status == "fresh":
        kept = [line.replace(_UNCHANGED, ", counting what was done since:") for line in kept]
    yield from kept
    if done:
        yield ""
        yield from (f"  {each}" for each in done)
    ways = list(_ways_out(answer))
    if ways:
        yield ""
        wide = max(len(what) for what, _ in ways) + 1
        yield from (f"{what + ':':<{wide}}  {how}" for what, how in ways)


def _ways_out(answer: Staleness | SweepStaleness) -> Iterator[tuple[str, str]]:
    points = answer.points if isinstance(answer, SweepStaleness) else (answer,)
    name = _quoted(answer.metric)
    states = {point.status for point in points}
    failed = any(point.failure is not None for point in points)
    if failed:
        yield "See the whole error", f"smm show {name} --error"
    if states <= {"fresh"} and not failed:
        return
    seconds = sum(point.seconds for point in points if point.status == "stale")
    took = f" (last took {format_seconds(seconds)})" if seconds else ""
    if "stale" in states:
        yield f"Recompute it{took}", f"smm run {name}"
    elif "missing" in states:
        yield "Compute what is missing" if len(points) > 1 else "Compute it", f"smm run {name}"
    elif "unknown" in states:
        yield f"Recompute it{took}", f"smm run {name} --state unknown"
    if any(acceptable(point) for point in points):
        yield "See whether the change matters", f"smm verify {name}"
        yield "Keep it, the change does not matter", f"smm accept {name} --reason '...'"


def acceptable(point: Staleness) -> bool:
    """Whether somebody may vouch for it: something of the code has changed, and nothing that would not be believed."""
    if point.date is None:
        return False
    return any(cause.reason in ACCEPTABLE for cause in point.own_causes)


def _in_commands(report: VerifyReport) -> str:
    """What the library says, with the command in place of Python."""
    name, text = report.metric, str(report)
    for how in (f"cm.{name}.get_all(use_stored=False)", f"cm.get({name!r}, use_stored=False)"):
        text = text.replace(how, f"`smm run {_quoted(name)}`")
    return text.replace(f"cm.accept({name!r}, reason=...)", f"`smm accept {_quoted(name)} --reason '...'`")


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.,=+-]+", name) else f"'{name}'"


@attrs.frozen(kw_only=True)
class Accept:
    """The verb."""

    names: tuple[str, ...]
    reason: str
    params: tuple[str, ...] = ()
    dry_run: bool = False

    def run(self, context: Context) -> Exit:
        """Vouch for what is stored.

        Raises:
            ValueError: the reason is empty.
        """
        targets = self._targets(context)
        if self.dry_run:
            return self._would(context, targets)
        reports = [context.manager.accept(asked, self.reason) for meant in targets for asked in meant.asked]
        if context.options.json:
            context.out.document("smm.accept/1", {"reports": [each.to_dict() for each in reports]})
        else:
            context.out.say("\n".join(map(str, reports)))
        return Exit.NOT_RIGHT if any(each.left for each in reports) else Exit.DONE

    def _targets(self, context: Context) -> list[Target]:
        found: list[Target] = []
        for name in self.names:
            plain = any(sign in name for sign in "*+")
            names = matching(context.manager, [name]) if plain else [name]
            found += [target(context.manager, each, self.params) for each in names]
        return found

    def _would(self, context: Context, targets: Sequence[Target]) -> Exit:
        points: list[Staleness] = []
        for meant in targets:
            for asked in meant.asked:
                answer = context.manager.why(asked)
                points += answer.points if isinstance(answer, SweepStaleness) else (answer,)
        names = [point.metric for point in points if acceptable(point)]
        if context.options.json:
            context.out.document("smm.accept/1", {"dry_run": True, "would_accept": names})
            return Exit.DONE
        context.out.say(f"Would accept {len(names)} of {len(points)}{':' if names else '.'}")
        for name in names:
            context.out.say(f"  {name}")
        return Exit.DONE


@attrs.frozen(kw_only=True)
class Verify:
    """The verb."""

    name: str
    params: tuple[str, ...] = ()
    sample: int = 5
    allclose: bool = False
    seed: int | None = None

    def run(self, context: Context) -> Exit:
        """Compute a few values anew and compare."""
        meant = target(context.manager, self.name, self.params)
        reports = [
            context.manager.verify(asked, self.sample, allclose=self.allclose, seed=self.seed) for asked in meant.asked
        ]
        if context.options.json:
            context.out.document("smm.verify/1", {"reports": [each.to_dict() for each in reports]})
        else:
            context.out.say("\n".join(map(_in_commands, reports)))
        return Exit.DONE if all(each.ok for each in reports) else Exit.NOT_RIGHT
