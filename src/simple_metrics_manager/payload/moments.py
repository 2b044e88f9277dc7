"""Dates and times. Aware ones keep their time zone: a fixed offset, or the key of a :class:`zoneinfo.ZoneInfo`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import numpy as np

from simple_metrics_manager.payload.misfit import Misfit, expected
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_list, marked, unwrapped

_D = TypeVar("_D")


class _Moment(Shape):
    kind: type

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self.kind

    def adopt(self, value: object) -> object:
        value = unwrapped(value)
        return self.load(str(value)) if isinstance(value, str) else value

    def check(self, value: object) -> None:
        if type(value) is not self.kind:
            raise expected(self.name, value)


class DateShape(_Moment):
    """date, and no datetime."""

    kinds: frozenset[str] = frozenset({"str"})
    kind = date

    def dump(self, value: object) -> Raw:
        self.check(value)
        return cast("date", value).isoformat()

    def load(self, raw: Raw) -> object:
        return _read(date.fromisoformat, raw, self.name)


class ClockShape(_Moment):
    """datetime or time: ISO text; with ``$at`` where the text would not tell the zone's key or name, or the fold."""

    kinds: frozenset[str] = frozenset({"str", "$at"})

    def __init__(self, name: str, kind: type[datetime | time]) -> None:
        super().__init__(name)
        self.kind = kind
        self._read: Callable[[str], datetime | time] = kind.fromisoformat

    def dump(self, value: object) -> Raw:
        self.check(value)
        moment = cast("datetime | time", value)
        zone = moment.tzinfo
        if not moment.fold and (zone is None or (type(zone) is timezone and zone == _unnamed(zone))):
            return moment.isoformat()
        at = moment.replace(tzinfo=None, fold=0).isoformat()
        return {"$at": at, "zone": _dump_zone(zone), "fold": moment.fold}

    def load(self, raw: Raw) -> object:
        at = marked(raw, "$at")
        if at is None:
            return _read(self._read, raw, self.name)
        fold = marked(raw, "fold")
        zone = _load_zone(marked(raw, "zone"))
        return _read(self._read, at, self.name).replace(tzinfo=zone, fold=1 if fold == 1 else 0)


class TimedeltaShape(_Moment):
    """timedelta, as days, seconds and microseconds."""

    kinds: frozenset[str] = frozenset({"list"})
    kind = timedelta

    def dump(self, value: object) -> Raw:
        self.check(value)
        delta = cast("timedelta", value)
        return [delta.days, delta.seconds, delta.microseconds]

    def load(self, raw: Raw) -> object:
        return _load_delta(raw)

    def adopt(self, value: object) -> object:
        return unwrapped(value)


class ZoneShape(Shape):
    """timezone or ZoneInfo on its own."""

    kinds: frozenset[str] = frozenset({"str", "list"})

    def __init__(self, name: str, kind: type[tzinfo]) -> None:
        super().__init__(name)
        self._kind = kind

    def dump(self, value: object) -> Raw:
        if type(value) is not self._kind:
            raise expected(self.name, value)
        return _dump_zone(value)

    def load(self, raw: Raw) -> object:
        zone = _load_zone(raw)
        if type(zone) is not self._kind:
            raise expected(self.name, raw)
        return zone

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._kind


def moment(declared: object, build: Build) -> Shape | None:
    """The family of this module."""
    if declared is datetime or declared is time:
        return ClockShape("datetime" if declared is datetime else "time", declared)
    if declared is date:
        return DateShape("date")
    if declared is timedelta:
        return TimedeltaShape("timedelta")
    if declared is timezone or declared is ZoneInfo:
        return ZoneShape("timezone" if declared is timezone else "ZoneInfo", declared)
    return None


def _unnamed(zone: timezone) -> timezone | None:
    """The zone that ISO text brings back, unless this one has a name of its own."""
    offset = zone.utcoffset(None)
    plain = timezone(offset) if offset else UTC
    return plain if plain.tzname(None) == zone.tzname(None) else None


def _dump_zone(zone: tzinfo | None) -> Raw:
    if zone is None:
        return None
    if type(zone) is ZoneInfo and zone.key:
        return zone.key
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        named = _unnamed(zone) is None
        return [offset.days, offset.seconds, offset.microseconds, *([zone.tzname(None)] if named else [])]
    raise Misfit(
        f"the time zone {zone!r} of class {type(zone).__qualname__} cannot be stored; "
        f"use zoneinfo.ZoneInfo or datetime.timezone"
    )


def _load_zone(raw: Raw) -> tzinfo | None:
    parts = as_list(raw)
    if raw is None:
        return None
    try:
        if isinstance(raw, str):
            return ZoneInfo(raw)
        if parts is not None and len(parts) in (3, 4):
            offset = _load_delta(parts[:3])
            if len(parts) == 4:
                return timezone(offset, str(parts[3]))
            return timezone(offset) if offset else UTC
    except (ValueError, LookupError, OSError) as error:
        raise Misfit(f"no such time zone here: {error}") from None
    raise expected("a time zone", raw)


def _load_delta(raw: Raw) -> timedelta:
    parts = as_list(raw)
    if parts is None or len(parts) != 3:
        raise expected("timedelta", raw)
    numbers = [part for part in parts if type(part) is int]
    if len(numbers) != 3:
        raise expected("timedelta", raw)
    try:
        return timedelta(*numbers)
    except OverflowError as error:
        raise Misfit(str(error)) from None


def _read(read: Callable[[str], _D], raw: Raw, name: str) -> _D:
    if type(raw) is not str and not isinstance(raw, np.str_):
        raise expected(name, raw)
    try:
        return read(raw)
    except ValueError as error:
        raise Misfit(f"expected {name}: {error}") from None
