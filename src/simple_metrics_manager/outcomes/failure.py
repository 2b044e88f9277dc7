"""A metric that could not be computed."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

import attrs

from simple_metrics_manager.markup import Markup, Shown, folded, joined, line, preformatted, state


def message_of(error: BaseException) -> str:
    """The text of an exception, which may be anybody's and fail to say it."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - what failed before is what matters
        return "<its text cannot be had>"


@attrs.frozen
class Failure(Shown):
    """A metric that could not be computed: its function raised, its worker died, or something that it needs failed.

    ``metric`` is its name within the manager (``inertia,k=10``) and ``label`` what messages call it
    (``Digits.inertia(k=10)``). ``error`` is the type of the exception and ``message`` its text, ``traceback`` the
    whole traceback as text; ``date`` is aware and in UTC; ``host`` is the machine of the worker, and empty for what
    failed here. ``because`` names the metric whose failure kept this one from
    being tried; it is empty if its own function was called. ``exception`` is what was raised, where it could be
    brought here; it is not stored. ``over`` tells, of one that is kept in a storage, which value was stored then: by
    that, and by no clock, it is known whether a value is newer.
    """

    metric: str
    label: str
    error: str
    message: str
    traceback: str = attrs.field(default="", repr=False)
    date: datetime = attrs.field(factory=lambda: datetime.now(UTC))
    host: str = ""
    because: str = ""
    over: str = attrs.field(default="", eq=False, repr=False)
    exception: BaseException | None = attrs.field(default=None, eq=False, repr=False)

    @classmethod
    def of(cls, metric: str, label: str, error: BaseException, host: str = "") -> Self:
        """What is to be told of an exception."""
        text = "".join(traceback.format_exception(error))
        return cls(metric, label, type(error).__name__, message_of(error), text, host=host, exception=error)

    def __str__(self) -> str:
        if self.because:
            return f"{self.label} was skipped: it needs {self.because}, which failed"
        return f"{self.label}: {self.error}: {self.message}"

    def __html__(self) -> Markup:
        head = line(state("failed"), f" {self}")
        return joined(head, folded("traceback", preformatted(self.traceback))) if self.traceback else head

    def to_dict(self) -> dict[str, str]:
        """As plain data."""
        plain = attrs.asdict(self, filter=lambda field, value: field.name != "exception" and value != "")
        return {**plain, "date": self.date.isoformat()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, str]) -> Self:
        """From what :meth:`to_dict` gave; what it does not know is left out.

        Raises:
            ValueError: that is not what it gave.
        """

        def text(name: str) -> str:
            return str(plain.get(name, ""))

        try:
            return cls(
                plain["metric"],
                text("label"),
                text("error"),
                text("message"),
                text("traceback"),
                datetime.fromisoformat(plain["date"]),
                text("host"),
                text("because"),
                text("over"),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no failure of a metric: {error}") from None
