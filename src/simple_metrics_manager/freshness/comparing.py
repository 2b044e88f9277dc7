"""What a record says of its value, held against what would compute it now.

Nothing is looked up but where something has changed: if all is as it was, that is a few comparisons.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import attrs

from simple_metrics_manager.fingerprint import Fingerprint
from simple_metrics_manager.fingerprint.environment import PYTHON, library_versions
from simple_metrics_manager.fingerprint.files import file_now, still
from simple_metrics_manager.fingerprint.locating import location
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.diffs import first_change, source_diff
from simple_metrics_manager.keys import canonical_text
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record

_DEFAULT = "<default> "


@attrs.frozen(eq=False, slots=False)
class Present:
    """What would compute a metric now: the same for all of its points, and found out once.

    ``label`` is what messages call the metric. ``type`` spells the declared type; it is None where that does not
    matter. ``inputs`` are those of the manager. A value that is older than ``max_age`` has expired.
    ``files`` are the paths of those that are declared.
    """

    label: str
    code: Fingerprint
    type: str | None = None
    version: int | str | None = None
    inputs: Mapping[str, Tree] = attrs.field(factory=dict[str, Tree])
    max_age: timedelta | None = None
    files: tuple[str, ...] = ()
    python: str = PYTHON

    @functools.cached_property
    def known(self) -> bool:
        """Whether the source of all that is reached can be had."""
        return _is_known(self.code.code.hash, self.code.helpers)

    @functools.cached_property
    def libraries(self) -> Mapping[str, str]:
        """The versions of the packages that are reached."""
        return library_versions(("numpy", *self.code.libraries))

    @property
    def place(self) -> str:
        """Where its function stands."""
        code = self.code.code
        return f"{code.file}:{code.line}" if code.file else ""


def own_causes(record: Record, now: Present) -> tuple[Cause, ...]:
    """Everything that speaks against a value but what it was computed from: all causes, not only the first."""
    return (
        *_declared(record, now),
        *_code(record, now),
        *_environment(record, now),
        *_files(record, now),
        *_age(record, now),
    )


# ------------------------------------------------------------------------------------------------ what was declared
def _declared(record: Record, now: Present) -> Iterator[Cause]:
    if now.type is not None and record.codec == "typed" and record.type != now.type:
        yield Cause("type_changed", now.label, record.type, now.type or "nothing", now.place)
    if record.version != now.version:
        yield Cause("version_changed", now.label, _text(record.version), _text(now.version), now.place)
    if record.inputs != now.inputs:
        for name in sorted(record.inputs.keys() & now.inputs.keys()):
            old, new = canonical_text(record.inputs[name]), canonical_text(now.inputs[name])
            if old != new:  # one that is not at its default is part of the name
                yield Cause("signature_changed", name, old, new)


def _text(version: int | str | None) -> str:
    return "none" if version is None else repr(version)


# -------------------------------------------------------------------------------------------------------- the code
def _code(record: Record, now: Present) -> Iterator[Cause]:
    if now.known and record.code.hash == now.code.code.hash:
        if record.helpers == now.code.helpers and record.globals == now.code.globals:
            return
    elif (doubt := _doubt(now.label, record.code.hash, now.code.code.hash)) is not None:
        yield doubt
    elif record.code.hash != now.code.code.hash:
        yield _changed_code(record, now)
    # Where some source cannot be had, less is reached: that something is missing there says nothing
    complete = now.known and _is_known(record.code.hash, record.helpers)
    yield from _helpers(record.helpers, now, complete)
    yield from _globals(record, now, complete)


def _is_known(own: str, helpers: Mapping[str, str]) -> bool:
    return bool(own) and "" not in helpers.values()


def _doubt(subject: str, then: str, now: str) -> Cause | None:
    """That two hashes say nothing about each other, if that is so."""
    if not then or not now or _scheme(then) != _scheme(now):
        return Cause("unknown", subject, then and _scheme(then), now and _scheme(now))
    return None


def _scheme(code: str) -> str:
    return f"scheme {code.partition(':')[0]}"


def _changed_code(record: Record, now: Present) -> Cause:
    then, code = record.code, now.code.code
    line = code.line + first_change(then.source, code.source)
    place = f"{code.file}:{line}" if code.file else ""
    diff = source_diff(then.source, code.source)
    return Cause("code_changed", now.label, then.hash, code.hash, place, diff=diff)


def _helpers(then: Mapping[str, str], now: Present, complete: bool) -> Iterator[Cause]:
    here = now.code.helpers
    for name in sorted(then.keys() & here.keys()):
        if then[name] != here[name] or not then[name]:
            doubt = _doubt(name, then[name], here[name])
            yield doubt or Cause("helper_changed", name, then[name], here[name], now.code.places.get(name, ""))
    if complete and then.keys() != here.keys():
        gone, come = _unpaired(then, here)
        for name in gone:
            yield Cause("helper_changed", name, old=then[name])
        for name in come:
            yield Cause("helper_changed", name, new=here[name], location=now.code.places.get(name, ""))


def _globals(record: Record, now: Present, complete: bool) -> Iterator[Cause]:
    then, here = _counting(record.globals, record), _counting(now.code.globals, record)
    for name in sorted(then.keys() & here.keys()):
        if then[name] != here[name]:
            yield _changed_global(name, then[name], here[name], now)
    if complete and then.keys() != here.keys():
        gone, come = _unpaired(then, here)
        for name in gone:
            yield _changed_global(name, then[name], "", now)
        for name in come:
            yield _changed_global(name, "", here[name], now)


def _counting(values: Mapping[str, str], record: Record) -> dict[str, str]:
    """Without the defaults of parameters, where all parameters are part of the name: another default, another value."""
    return {name: text for name, text in values.items() if not (record.params and name.startswith(_DEFAULT))}


def _unpaired(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What is there no more and what is new, less what has only moved: the same, so called, in another module."""
    gone, come = sorted(then.keys() - now.keys()), sorted(now.keys() - then.keys())
    moved: list[str] = []
    for name in gone:
        same = (each for each in come if each not in moved and _last(each) == _last(name) and now[each] == then[name])
        other = next(same, None)
        if other is not None:
            moved += (name, other)
    return [name for name in gone if name not in moved], [name for name in come if name not in moved]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _changed_global(name: str, old: str, new: str, now: Present) -> Cause:
    if name.startswith(_DEFAULT):
        return Cause("signature_changed", name.removeprefix(_DEFAULT), old, new, now.place)
    base = name.partition(" <")[0]
    place = now.place if name.startswith("<") else now.code.places.get(base) or location(base)
    return Cause("global_changed", name, old, new, place)


# -------------------------------------------------------------------------------------------------- the surroundings
def _environment(record: Record, now: Present) -> Iterator[Cause]:
    if record.python and _minor(record.python) != _minor(now.python):
        yield Cause("environment_changed", "python", record.python, now.python)
    if record.libraries != now.libraries:
        for name in sorted(record.libraries.keys() & now.libraries.keys()):
            if record.libraries[name] != now.libraries[name]:
                yield Cause("environment_changed", name, record.libraries[name], now.libraries[name])


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _files(record: Record, now: Present) -> Iterator[Cause]:
    for path, then in record.files.items():
        here = still(path, then)
        if here.sha256 != then.sha256:
            yield Cause("file_changed", path, then.sha256, here.sha256)
    for path in now.files:
        if path not in record.files:  # ``files`` is newer than the value, or says more than it did
            yield Cause("file_changed" if record.files else "unknown", path, "", file_now(path).sha256)


def _age(record: Record, now: Present) -> Iterator[Cause]:
    if now.max_age is not None and datetime.now(UTC) - record.date > now.max_age:
        yield Cause("expired", now.label, record.date.isoformat(), f"max_age {now.max_age}")
