"""What becomes of a value when something that it was computed from has changed, however far away.

What counts is contents, not dates: an input that was computed anew to the same bytes leaves all that reads it fresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import attrs

from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.comparing import Present, own_causes
from simple_metrics_manager.freshness.helper_diffs import HelperDiffs
from simple_metrics_manager.record import Read, Record


@attrs.frozen
class Stored:
    """What is stored of one metric: its record, ``None`` for nothing; ``shown`` is what messages call it.

    ``present`` is what would compute it now; ``None`` for a metric of another manager, of which only what it
    was computed from can be looked at. ``gone`` says why there is nothing to compare with; ``trouble`` is what kept
    its record from being read, or its code from being known.
    """

    shown: str
    record: Record | None
    present: Present | None = None
    gone: str = ""
    trouble: Cause | None = None


@attrs.frozen
class Verdict:
    """What was found out about one metric, for itself and for what reads it."""

    shown: str
    causes: tuple[Cause, ...]
    content: str = ""
    gone: str = ""
    unchanged: tuple[str, ...] = ()
    """Inputs that are fresh and have the content that was read."""
    reads: tuple[Read, ...] = ()
    """All inputs."""

    @property
    def stale(self) -> bool:
        """Whether something makes it stale."""
        return any(cause.outdates for cause in self.causes)

    def roots(self) -> Iterator[Cause]:
        """What it hands on to whatever reads it: everything but notes and consequences."""
        return (cause for cause in self.causes if cause.outdates or cause.reason == "unknown")


Name: TypeAlias = tuple[str, str]
"""A metric, by its manager and its name."""


class Judge:
    """Judges metrics and all that they were computed from, each once. ``look`` finds what is stored.

    ``known`` are verdicts from before; nothing is written there.
    """

    def __init__(
        self,
        look: Callable[[Read], Stored | None],
        diffs: HelperDiffs,
        known: Mapping[Name, Verdict] | None = None,
    ) -> None:
        self._look = look
        self._diffs = diffs
        self._known: Mapping[Name, Verdict] = {} if known is None else known
        self._verdicts: dict[Name, Verdict | None] = {}
        """None for what nothing is known of, and for what is being looked at."""

    @property
    def verdicts(self) -> dict[Name, Verdict]:
        """Those that were found."""
        return {name: verdict for name, verdict in self._verdicts.items() if verdict is not None}

    def judge(self, read: Read, stored: Stored | None) -> Verdict | None:
        """All that speaks against what is stored as ``read``; None if nothing can be said about it."""
        found = self._verdicts.get(_name(read))
        if found is not None:
            return found
        # a stack, since metrics may read one another deeper than calls can go
        todo = [self._visit(read, stored)]
        while todo:
            name, stored, inputs = todo[-1]
            new = next((new for new in inputs if self._is_new(_name(new))), None)
            if new is not None:
                todo.append(self._visit(new, self._look(new)))
                continue
            todo.pop()
            self._verdicts[name] = None if stored is None else self._verdict(stored)
        return self._verdicts[_name(read)]

    def _is_new(self, name: Name) -> bool:
        return name not in self._verdicts and name not in self._known

    def _visit(self, read: Read, stored: Stored | None) -> tuple[tuple[str, str], Stored | None, Iterator[Read]]:
        self._verdicts[_name(read)] = None
        record = None if stored is None else stored.record
        return _name(read), stored, iter(() if record is None else record.reads)

    def _verdict(self, stored: Stored) -> Verdict:
        record = stored.record
        if record is None:
            causes = (Cause("missing"),) if stored.trouble is None else (stored.trouble,)
            return Verdict(stored.shown, causes, gone=stored.gone)
        own: tuple[Cause, ...] = () if stored.trouble is None else (stored.trouble,)
        if stored.present is not None:
            own = self._diffs.shown(own_causes(record, stored.present), record, stored.present.code.helpers)
        if not record.reads:
            return Verdict(stored.shown, own, record.content, stored.gone)
        inputs, unchanged = self._inputs(record)
        return Verdict(stored.shown, (*own, *inputs), record.content, stored.gone, unchanged, record.reads)

    def _inputs(self, record: Record) -> tuple[list[Cause], tuple[str, ...]]:
        direct: list[Cause] = []
        roots: dict[Cause, Cause] = {}
        unchanged: list[str] = []
        for read in record.reads:
            verdict = self._verdicts.get(_name(read)) or self._known.get(_name(read))
            if verdict is None:
                continue
            found = list(_of_input(read, verdict))
            direct += found
            if not found:
                unchanged.append(verdict.shown)
            if verdict.gone:
                continue
            for root in verdict.roots():
                if root.reason != "upstream_stale":
                    via = (verdict.shown, *root.via)
                    known = roots.get(attrs.evolve(root, via=()))
                    if known is None or len(known.via) > len(via):
                        roots[attrs.evolve(root, via=())] = attrs.evolve(root, via=via)
        return [*direct, *roots.values()], tuple(unchanged)


def _of_input(read: Read, verdict: Verdict) -> Iterator[Cause]:
    if verdict.gone:
        yield Cause("upstream_missing", verdict.shown, read.content, verdict.gone)
        return
    if verdict.content and read.content:
        if verdict.content != read.content:
            yield Cause("upstream_changed", verdict.shown, read.content, verdict.content)
    elif not any(cause.reason in ("missing", "corrupt") for cause in verdict.causes):
        yield Cause("unknown", verdict.shown, read.content, verdict.content)
    if verdict.stale:
        yield Cause("upstream_stale", verdict.shown)


def _name(read: Read) -> tuple[str, str]:
    return read.manager, read.metric
