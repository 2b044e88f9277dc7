"""What has happened to a stored value since it was computed: who has vouched for it, or renamed it, and why."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self, cast

import attrs


@attrs.frozen(kw_only=True)
class Change:
    """One thing that was done to a stored value without its being computed anew.

    ``date`` is aware and in UTC; ``who`` is ``user@host``; ``what`` says in a word what was done, as ``accepted``;
    ``reason`` is why, in the words of who did it. ``old`` and ``new`` are what was before and after: of what was
    accepted, the hashes of the metric's own code. ``changed`` names each fact of the record that is another one now.
    """

    date: datetime
    who: str
    what: str
    reason: str = ""
    old: str = ""
    new: str = ""
    changed: tuple[str, ...] = ()

    @classmethod
    def now(cls, what: str, reason: str = "", old: str = "", new: str = "", changed: tuple[str, ...] = ()) -> Self:
        """Done just now, by whoever runs this process."""
        return cls(date=datetime.now(UTC), who=whoami(), what=what, reason=reason, old=old, new=new, changed=changed)

    def __str__(self) -> str:
        return f"{self.what} {self.date:%Y-%m-%d} by {self.who}" + (f": {self.reason}" if self.reason else "")

    def to_dict(self) -> dict[str, Any]:
        """As plain data; what is empty is left out."""
        plain = attrs.asdict(self, filter=lambda _, value: value not in ("", ()))
        return {**plain, "date": self.date.isoformat()} | ({"changed": list(self.changed)} if self.changed else {})

    @classmethod
    def from_dict(cls, plain: object) -> Self:
        """From what :meth:`to_dict` gave; what it does not know is left out.

        Raises:
            ValueError, TypeError, KeyError: that is not what it gave.
        """
        known = {name: value for name, value in cast("Mapping[str, Any]", plain).items() if name in _FIELDS}
        known["date"] = datetime.fromisoformat(known["date"])
        known["changed"] = tuple(known.get("changed", ()))
        return cls(**known)


_FIELDS = frozenset(field.name for field in attrs.fields(Change))


def whoami() -> str:
    """``user@host``; without the user where nobody knows who that is."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in some containers
        return socket.gethostname()
    return f"{user}@{socket.gethostname()}"
