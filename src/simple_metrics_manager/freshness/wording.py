"""Causes in plain words: what changed, from what to what, where, and through which inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.outcomes.reasons import Reason

_LONGEST_VALUE = 60
_LONGEST_DIFF = 40
"""Lines of a diff; the rest is counted."""

_FEW = 6
"""Names that are listed of many."""


def sentence(cause: Cause) -> str:
    """One line about a cause, without its diff."""
    said = _SAID[cause.reason](cause)
    through = f"via {' via '.join(cause.via)}: " if cause.via else ""
    return through + said + (f", {short_place(cause.location)}" if cause.location else "")


def short(cause: Cause) -> str:
    """A few words about a cause, for a table."""
    if cause.via:
        return sentence(cause)
    return _BRIEF.get(cause.reason, sentence)(cause)


def _code(cause: Cause) -> str:
    return f"the code of {cause.subject} changed" if cause.via else "its code changed"


def _helper(cause: Cause) -> str:
    if not cause.new:
        return f"helper {cause.subject} is not used any more"
    return f"helper {cause.subject} {'changed' if cause.old else 'is used now, and was not'}"


def _global(cause: Cause) -> str:
    owner, bracket, rest = cause.subject.partition("<")
    kind, _, name = rest.partition("> ")
    kinds = {"closure": "enclosed variable", "argument": "bound argument"}
    what = f"{kinds.get(kind, kind)} {name}" + (f" of {owner.strip()}" if owner else "")
    what = what if bracket else f"global {cause.subject}"
    if not cause.new:
        return f"{what} was {_value(cause.old)}, and is no simple value or not used any more"
    if not cause.old:
        return f"{what} is {_value(cause.new)}, and was no simple value or not used"
    return f"{what} changed: {_arrow(cause)}"


def _type(cause: Cause) -> str:
    return f"{_its(cause, 'declared type')} changed: {cause.old} → {cause.new}"


def _version(cause: Cause) -> str:
    return f"{_its(cause, 'version')} changed: {cause.old} → {cause.new}"


def _its(cause: Cause, what: str) -> str:
    return f"the {what} of {cause.subject}" if cause.via else f"its {what}"


def _unknown(cause: Cause) -> str:
    if "scheme" in cause.old and "scheme" in cause.new:
        return f"whether {cause.subject} changed is not known: its code was written down in another way"
    if not cause.old:
        return f"whether {cause.subject} changed is not known: its code, or its content, was not written down then"
    return f"whether {cause.subject} changed is not known: its source, or its content, cannot be read now"


def _file(cause: Cause) -> str:
    return f"file {cause.subject} {'changed' if cause.new else 'is gone'}"


def _corrupt(cause: Cause) -> str:
    return f"{cause.subject or 'its file'} cannot be used: {cause.old}"


_SAID: Mapping[Reason, Callable[[Cause], str]] = {
    "missing": lambda _: "it is not stored",
    "corrupt": _corrupt,
    "type_changed": _type,
    "version_changed": _version,
    "signature_changed": lambda cause: f"the default of {cause.subject} changed: {_arrow(cause)}",
    "code_changed": _code,
    "helper_changed": _helper,
    "global_changed": _global,
    "upstream_changed": lambda cause: f"input {cause.subject} changed: it has other content than when it was read",
    "upstream_stale": lambda cause: f"input {cause.subject} is itself stale",
    "upstream_missing": lambda cause: f"input {cause.subject} is {cause.new}",
    "file_changed": _file,
    "expired": lambda cause: f"it is older than {cause.new.removeprefix('max_age ')}",
    "environment_changed": lambda cause: f"{cause.subject} was {cause.old}, now is {cause.new}",
    "unknown": _unknown,
}

_BRIEF: Mapping[Reason, Callable[[Cause], str]] = {
    "missing": lambda _: "not stored",
    "corrupt": lambda _: "damaged",
    "type_changed": lambda _: "type changed",
    "version_changed": lambda _: "version changed",
    "signature_changed": lambda cause: f"default of {cause.subject} changed",
    "code_changed": lambda _: "code changed",
    "helper_changed": lambda cause: f"helper {cause.subject} changed",
    "global_changed": lambda cause: f"{cause.subject} changed",
    "upstream_changed": lambda cause: f"input {cause.subject} changed",
    "upstream_stale": lambda cause: f"input {cause.subject} is stale",
    "expired": lambda _: "expired",
    "unknown": lambda _: "code not known",
}


def _arrow(cause: Cause) -> str:
    return f"{_value(cause.old) or 'nothing'} → {_value(cause.new) or 'nothing'}"


def _value(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def told(causes: Iterable[Cause]) -> Iterator[str]:
    """The lines about causes, with their diffs below them; many inputs that are stale alike take one line."""
    causes = list(causes)
    stale = [cause.subject for cause in causes if cause.reason == "upstream_stale" and not cause.via]
    for cause in causes:
        if cause.reason == "upstream_stale" and len(stale) > _FEW:
            continue
        yield f"  {sentence(cause)}"
        yield from (f"    {line}".rstrip() for line in _cut(cause.diff.splitlines()))
    if len(stale) > _FEW:
        yield f"  {len(stale)} inputs are stale themselves: {listed(stale)}"


def _cut(lines: Sequence[str]) -> Sequence[str]:
    rest = len(lines) - _LONGEST_DIFF
    return lines if rest <= 0 else [*lines[:_LONGEST_DIFF], f"... and {rest} more lines"]


def listed(names: Sequence[str]) -> str:
    """A few of the names, and how many more there are."""
    more = len(names) - _FEW
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:_FEW])} and {more} more"


def short_place(location: str) -> str:
    """A place relative to the working directory, if it lies in there."""
    folder = os.getcwd() + os.sep
    return location.removeprefix(folder)


def day(date: datetime) -> str:
    """``2026-11-20``, as people here call that day."""
    return date.astimezone().date().isoformat()


def age(date: datetime) -> str:
    """How long ago: ``40 s``, ``5 min``, ``3 h``, ``12 d``."""
    seconds = max(0.0, (datetime.now(UTC) - date).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(count: int) -> str:
    """``920 kB``, ``1.4 MB``."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"
