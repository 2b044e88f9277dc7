"""Why a metric is not fresh, in the few words that a line of a table has room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.status import StatusRow
from simple_metrics_manager.freshness.wording import age, short
from simple_metrics_manager.keys import without_params

_SEVERAL = 2
"""Causes, or inputs, that are told in a row."""


def reasons(row: StatusRow) -> str:
    """The last error, what is missing, what has changed, which inputs are stale: each in a word or two."""
    return "; ".join(_reasons(row))


def _reasons(row: StatusRow) -> Iterator[str]:
    if row.failures:
        last = max(row.failures, key=lambda failure: failure.date)
        many = f"{len(row.failures)} failed, last: " if row.sweep else ""
        yield f"{many}{last.error} {age(last.date)} ago"
    missing = row.counts.get("missing", 0)
    if missing and row.sweep:
        yield f"{missing} missing"
    if row.codes > 1:
        yield f"mixed code ({row.codes} versions)"
    causes = [cause for cause in row.causes if not cause.via and cause.reason != "missing"]
    own = [*dict.fromkeys(short(cause) for cause in causes if cause.reason != "upstream_stale")]
    yield from own[:_SEVERAL]
    if len(own) > _SEVERAL:
        yield f"{len(own) - _SEVERAL} more"
    inputs = stale_inputs(causes)
    if inputs:
        more = f" and {len(inputs) - _SEVERAL} more" if len(inputs) > _SEVERAL else ""
        one = f"input {inputs[0]} is stale"
        yield one if len(inputs) == 1 else f"inputs {', '.join(inputs[:_SEVERAL])}{more} are stale"
    if missing and not row.sweep and not row.failures:
        yield "never computed"


def stale_inputs(causes: Sequence[Cause]) -> list[str]:
    """The metrics that are read and stale; all points of a sweep are one."""
    stale = (cause.subject for cause in causes if cause.reason == "upstream_stale")
    return [*dict.fromkeys(without_params(subject) for subject in stale)]
