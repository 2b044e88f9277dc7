"""What there is to say about one stored value, or about all points of a sweep: typed, and readable when printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import attrs

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.freshness.causes import STATUSES, Cause, Status
from simple_metrics_manager.freshness.wording import day, listed, sentence, short, told
from simple_metrics_manager.markup import Markup, Shown, changes, folded, glyph, joined, line, state, table, tag
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.outcomes.reasons import Reason


@attrs.frozen
class Staleness(Shown):
    """What there is to say about one stored value: ``status`` and every cause, without any short cut.

    ``metric`` is its name within the manager and ``label`` what messages call it; ``date`` (aware, UTC), ``seconds``,
    ``bytes`` and ``code``, the hash of the function that computed it, are those of the stored value, if there is one.
    ``unchanged`` are the inputs that are fresh and have the content that was read; ``failure`` is the last error, if
    the value is not newer.
    """

    metric: str
    label: str
    status: Status
    causes: tuple[Cause, ...] = ()
    date: datetime | None = None
    seconds: float = 0.0
    bytes: int = 0
    code: str = ""
    unchanged: tuple[str, ...] = ()
    failure: Failure | None = None

    @property
    def own_causes(self) -> tuple[Cause, ...]:
        """Those that concern this metric itself; what else there is explains them."""
        return tuple(cause for cause in self.causes if not cause.via)

    @property
    def root_causes(self) -> tuple[Cause, ...]:
        """Those that are no consequences of others in the list: an input is stale since its code changed."""
        return tuple(cause for cause in self.causes if cause.reason != "upstream_stale")

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "metric": self.metric,
            "label": self.label,
            "status": self.status,
            "causes": [cause.to_dict() for cause in self.causes],
            "unchanged": list(self.unchanged),
            "date": None if self.date is None else self.date.isoformat(),
            "seconds": self.seconds,
            "bytes": self.bytes,
            "code": self.code,
            "failure": None if self.failure is None else self.failure.to_dict(),
        }

    def __str__(self) -> str:
        return "\n".join([_headline(self), *_details(self), *_ways_out(self)])

    def __html__(self) -> Markup:
        return _page(self.status, _headline(self), _details(self), _ways_out(self))


@attrs.frozen
class SweepStaleness(Shown):
    """What there is to say about the points of a sweep, in the order in which they are declared.

    Its ``status`` is that of its worst point. ``codes`` counts the stored points by the hash of the function that
    computed them: more than one means that points were computed by different versions of the code.
    """

    metric: str
    label: str
    points: tuple[Staleness, ...] = attrs.field(repr=False)

    @property
    def status(self) -> Status:
        """That of the worst point: ``stale``, ``missing``, ``unknown`` or ``fresh``."""
        worst: list[Status] = [*filter(self.counts.get, STATUSES)]
        return worst[-1] if worst else "fresh"

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many points have each status."""
        found = Counter[Status](point.status for point in self.points)
        return {status: found[status] for status in STATUSES if found[status]}

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """How many points each reason concerns."""
        found: Counter[Reason] = Counter()
        for point in self.points:
            found.update({cause.reason for cause in point.own_causes})
        return found

    @property
    def causes(self) -> Mapping[Cause, int]:
        """The causes, each once, with the number of points that it concerns."""
        return Counter(cause for point in self.points for cause in point.causes if cause.reason != "missing")

    @property
    def codes(self) -> Mapping[str, int]:
        """The number of stored points by the hash of the function that computed them."""
        return Counter(point.code for point in self.points if point.date is not None)

    @property
    def mixed(self) -> bool:
        """Whether different versions of the function computed the points that are stored."""
        return len(self.codes) > 1

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "metric": self.metric,
            "label": self.label,
            "status": self.status,
            "counts": dict(self.counts),
            "reasons": dict(self.reasons),
            "codes": dict(self.codes),
            "points": [point.to_dict() for point in self.points],
        }

    def __str__(self) -> str:
        return "\n".join([self._headline(), *self._details(), *self._ways_out()])

    def __html__(self) -> Markup:
        failed = any(point.failure is not None for point in self.points)
        page = _page("failed" if failed else self.status, self._headline(), self._details(), self._ways_out())
        return joined(page, _listing(self.points)) if self.points else page

    def _headline(self) -> str:
        total, counts = len(self.points), self.counts
        if not self.points:
            return f"{self.metric} has no points: its params_list is empty, and none is stored."
        if counts == {"fresh": total}:
            return f"{self.metric} is fresh: all {total} points."
        shown = ", ".join(f"{counts[status]} {status}" for status in reversed(STATUSES) if status in counts)
        return f"{self.metric} is {_STATES[self.status]}: of {total} points {shown}."

    def _details(self) -> Iterator[str]:
        lines: list[str] = []
        if self.mixed:
            lines.append(f"  {len(self.codes)} versions of its code computed the points that are stored")
        missing = [point.metric for point in self.points if point.status == "missing"]
        if missing and len(missing) < len(self.points):
            lines.append(f"  missing: {listed(missing)}")
        failed = [
            f"{point.metric}: {point.failure.error}: {point.failure.message}" for point in self.points if point.failure
        ]
        lines += [f"  failed: {each}" for each in failed[:_FAILED]]
        if len(failed) > _FAILED:
            lines.append(f"  and {len(failed) - _FAILED} more failed; cm.failures() has them all")
        causes = self.causes
        for cause, count in list(causes.items())[:_MOST]:
            first, *rest = told([cause])
            lines += [f"  {count} points: {first.strip()}", *rest]
        if len(causes) > _MOST:
            lines.append(f"  and {len(causes) - _MOST} more causes")
        if lines:
            yield ""
            yield from lines

    def _ways_out(self) -> Iterator[str]:
        ways: list[tuple[str, str]] = []
        if "missing" in self.counts:
            ways.append(("Compute what is missing", f"cm.{self.metric}.get_all()"))
        seconds = sum(point.seconds for point in self.points)
        if any(status in self.counts for status in ("stale", "unknown")):
            ways.append((f"Recompute all{_took(seconds)}", f"cm.{self.metric}.get_all(use_stored=False)"))
        yield from _columns(ways)


_MOST = 20
"""Causes of a sweep that are told one by one."""

_FAILED = 3
"""Failures of a sweep that are told one by one: mostly the others are alike."""

_STATES: Mapping[Status, str] = {
    "fresh": "fresh",
    "unknown": "perhaps stale",
    "missing": "incomplete",
    "stale": "stale",
}


def _headline(found: Staleness) -> str:
    since = "" if found.date is None else f" since it was pulled on {day(found.date)}"
    first = next((cause for cause in found.causes if cause.outdates), None)
    if found.status == "missing":
        return f"{found.metric} is missing: it was never computed, or is not stored."
    if found.status == "fresh":
        pulled = "" if found.date is None else f"pulled on {day(found.date)}, "
        return f"{found.metric} is fresh: {pulled}and nothing that would change it has changed since."
    if first is None:
        return f"Whether {found.metric} is fresh is not known{since}."
    return f"{found.metric} is stale: {sentence(attrs.evolve(first, location=''))}{since}."


def _details(found: Staleness) -> Iterator[str]:
    lines = [*told(cause for cause in found.causes if cause.reason != "missing")]
    if found.failure is not None:
        lines.append(
            f"  computing it failed on {day(found.failure.date)}: {found.failure.error}: {found.failure.message}"
        )
    if found.unchanged and lines:
        lines += [f"  fresh, and the same as then: {listed(found.unchanged)}"]
    if lines:
        yield ""
        yield from lines


def _ways_out(found: Staleness) -> Iterator[str]:
    key = found.label if "." in found.label else repr(found.metric)
    if found.status == "missing":
        yield from _columns([("Compute it", f"cm.get({key})")])
    elif found.status != "fresh":
        yield from _columns([(f"Recompute it{_took(found.seconds)}", f"cm.get({key}, use_stored=False)")])


def _page(status: str, headline: str, details: Iterator[str], ways: Iterator[str]) -> Markup:
    """The lines of an answer, of which the blank ones separate its parts, as HTML."""
    said, how = "\n".join(details).strip("\n"), "\n".join(ways).strip("\n")
    parts = [line(glyph(status), " ", tag("b", headline))]
    parts += [changes(each) for each in (said, how) if each]
    return joined(*parts)


def _listing(points: Sequence[Staleness]) -> Markup:
    """The points of a sweep one by one; behind a click if they are many."""
    rows = [
        (
            state("failed" if point.failure is not None else point.status),
            point.metric,
            "-" if point.date is None else day(point.date),
            format_seconds(point.seconds) if point.seconds else "-",
            "; ".join(short(cause) for cause in point.own_causes if cause.reason != "missing")
            or ("" if point.failure is None else f"{point.failure.error}: {point.failure.message}"),
        )
        for point in points[:_LISTED]
    ]
    titles = ("state", "point", "pulled on", "took", "why")
    listing = table(titles, rows, ("took",))
    more = len(points) - len(rows)
    listing = joined(listing, line(f"and {more} more points")) if more else listing
    return listing if len(points) <= _AT_ONCE else folded(f"{len(points)} points", listing)


_AT_ONCE = 20
"""Points that are shown without a click."""

_LISTED = 500
"""Points that are shown at all: a page of a notebook that has more of them is slow to open."""


def _took(seconds: float) -> str:
    return f" (last took {format_seconds(seconds)})" if seconds else ""


def _columns(ways: list[tuple[str, str]]) -> Iterator[str]:
    if ways:
        yield ""
        wide = max(len(what) for what, _ in ways) + 1
        yield from (f"{what + ':':<{wide}}  {how}" for what, how in ways)
