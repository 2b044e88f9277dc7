"""Inputs that have to be computed anew before it can be told whether what was computed from them still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Protocol, cast

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.declaring.lookup import named_key
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.errors import MetricCycleError
from simple_metrics_manager.freshness.upstream import Name, Verdict
from simple_metrics_manager.keys import without_params
from simple_metrics_manager.outcomes.reasons import Policy, Reason
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reads import key_called, metric_called, reads_of

UNTOUCHED: frozenset[Reason] = frozenset({"missing", "corrupt"})
"""What of an input does not concern the value that was computed from it."""

_REWRITTEN: frozenset[Reason] = frozenset({"code_changed", "helper_changed"})
"""Where a metric may read other inputs by now."""


class Deciding(Protocol):
    """The decisions of one manager."""

    def policy(self, asked: Question, name: str, reason: Reason, /) -> Policy: ...
    def judged(self, asked: Question, record: Record | None = None, /) -> Mapping[Name, Verdict]: ...
    def verdicts(self) -> Mapping[Name, Verdict]: ...


def settle(decider: Deciding, asked: Question, record: Record) -> None:
    """Compute anew what ``record`` says was read, directly or not, and has to be: what others need first.

    What cannot be asked for by its name alone, as a parameter set that is not declared or what another manager
    computes, is left to the function of whatever needs it; as is what is being computed just now.
    """
    manager = cast("Manager", asked.host)
    source, keys = manager.__metrics__, _Keys(manager)
    for read in _in_order(decider, asked, record):
        key = keys.named(read.metric)
        if key is None or read.metric in source.memory.held:
            continue
        question = source.ask(manager, key, read.metric)
        question.verbose, question.settled = asked.verbose, True
        verdict = decider.judged(question).get((asked.label, read.metric))  # which those before may have changed
        if any(decider.policy(question, read.metric, reason) == "recompute" for reason in _against(verdict)):
            with suppress(MetricCycleError):
                source.renew(question)


def _against(verdict: Verdict | None) -> set[Reason]:
    """What can be said against an input itself, as far as its readers are concerned."""
    causes = () if verdict is None else verdict.causes
    return {cause.reason for cause in causes if not cause.via and cause.reason not in UNTOUCHED}


def _in_order(decider: Deciding, asked: Question, record: Record) -> list[Read]:
    """Inputs of this manager against which something speaks, and what was read for them before them."""
    found = decider.judged(asked, record)
    known = {**decider.verdicts(), **found}
    order: list[Read] = []
    seen = {(asked.label, asked.name)}
    itself = known.get((asked.label, asked.name))
    # a stack, since metrics may read one another deeper than calls can go
    todo: list[tuple[Read | None, Iterator[Read]]] = [(None, _followed(decider, asked, asked.name, itself))]
    while todo:
        read, inputs = todo[-1]
        new = next((each for each in inputs if (each.manager, each.metric) not in seen), None)
        if new is None:
            todo.pop()
            if read is not None:
                order.append(read)
            continue
        seen.add((new.manager, new.metric))
        verdict = known.get((new.manager, new.metric))
        if new.manager == asked.label and verdict is not None and verdict.causes:
            todo.append((new, _followed(decider, asked, new.metric, verdict)))
    return order


def _followed(decider: Deciding, asked: Question, name: str, verdict: Verdict | None) -> Iterator[Read]:
    """What was read for a value; if its code is another one by now, only what that is known to read."""
    if verdict is None:
        return iter(())
    if not any(decider.policy(asked, name, reason) == "recompute" for reason in _against(verdict) & _REWRITTEN):
        return iter(verdict.reads)
    known = reads_of(type(asked.host), without_params(name))
    return iter([read for read in verdict.reads if without_params(read.metric) in known])


class _Keys:
    """The keys of one manager by their names, of each metric once."""

    def __init__(self, manager: Manager) -> None:
        self._kind = type(manager)
        self._functions = manager.functions_dict
        self._points: dict[str, Mapping[str, Metric[object]] | None] = {}

    def named(self, name: str) -> Metric[object] | None:
        """The key that has this name; None if it takes parameters that are not declared."""
        metric = without_params(name)
        if metric not in self._points:
            found = metric_called(self._kind, metric)
            points = map(found.at, found.params_list) if isinstance(found, ParameterizedMetric) else None
            self._points[metric] = None if points is None else {key.name: key for key in points}
        known = self._points[metric]
        if known is not None:
            return known.get(name)
        found = key_called(self._kind, name)
        return named_key(self._kind, self._functions, name) if found is None and name in self._functions else found
