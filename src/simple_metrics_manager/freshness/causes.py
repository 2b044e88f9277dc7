"""Why a stored value may not be what would be computed today: causes, as typed values that read well and travel.

The shape is that of Dagster's stale causes, with the reason, what it is about, and the way from it to the metric; the
words are near to Snakemake's, which say what was before and what is now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import attrs

from simple_metrics_manager.outcomes.reasons import NOTES, Reason

Status: TypeAlias = Literal["fresh", "unknown", "missing", "stale"]

STATUSES: tuple[Status, ...] = ("fresh", "unknown", "missing", "stale")
"""From good to bad."""


@attrs.frozen
class Cause:
    """One thing that speaks against a stored value.

    ``subject`` is what it is about: a helper ``fit.basis``, a global ``fit.K``, an input metric ``pixels``, a file;
    ``old`` and ``new`` are what it was and is: written values, or hashes of code and of contents; ``location`` is
    ``file:line``. ``via`` are the metrics through which it reaches this one, the nearest first; none for what concerns
    the metric itself. ``diff`` is that of the source, where both are known.
    """

    reason: Reason
    subject: str = ""
    old: str = ""
    new: str = ""
    location: str = ""
    via: tuple[str, ...] = ()
    diff: str = attrs.field(default="", repr=False)

    @property
    def outdates(self) -> bool:
        """Whether it makes a value stale, and is no mere note or doubt."""
        return self.reason not in NOTES and self.reason != "unknown"

    def to_dict(self) -> dict[str, object]:
        """As plain data; what is empty is left out."""
        plain: dict[str, object] = {**attrs.asdict(self), "via": list(self.via)}
        return {name: value for name, value in plain.items() if value}


def status_of(causes: Iterable[Cause]) -> Status:
    """What the causes together make of a value."""
    reasons = {cause.reason for cause in causes}
    if "missing" in reasons:
        return "missing"
    if reasons - NOTES - {"unknown"}:
        return "stale"
    return "unknown" if "unknown" in reasons else "fresh"
