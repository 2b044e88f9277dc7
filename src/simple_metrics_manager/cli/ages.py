"""``30d``, ``12h``, ``2026-11-20``: how old something is, as one writes it on a command line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)")
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def age_or_date(text: str) -> timedelta | datetime:
    """A time span, or the beginning of a day or a moment in local time.

    Raises:
        ValueError: it is neither.
    """
    found = _AGE.fullmatch(text.strip())
    if found is not None:
        return timedelta(**{_UNITS[found[2]]: float(found[1])})
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise ValueError(f"{text!r} is no age: write 30d, 12h, 45min, 2w, or a date like 2026-11-20") from None
