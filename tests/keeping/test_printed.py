"""Plans and reports: values that are printed for people, in 80 columns, and are plain data for machines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Protocol

import pytest

from simple_metrics_manager import CheckReport, ClearPlan, CopyReport, RenamePlan
from simple_metrics_manager.keeping.reports import ClearedFailure, Clearing, Finding, Renaming

DATE = datetime(2026, 1, 2, 12, tzinfo=UTC)
LONG = "something that is said of it in a sentence that no line of a terminal has the room for, and so goes on"


class Printed(Protocol):
    """A plan or a report."""

    def to_dict(self) -> dict[str, object]: ...


CLEAR = ClearPlan(
    (Clearing("Lab.a", "a", 10, 1.5, DATE, True, ("Lab.b", "Lab.c,k=1", "Lab.d", "Lab.e,something=longer")),),
    failures=(ClearedFailure("Lab.f", "f", DATE, f"ValueError: {LONG}"),),
    failed={"Lab.a": LONG},
)
RENAME = RenamePlan((Renaming("Lab.a", "Lab.b", 10, DATE),), {"Lab.c": LONG}, {"Lab.d": LONG}, ("Lab.e",))
CHECK = CheckReport(3, 1000, (Finding("Lab.a", "/somewhere/Lab.a.npz", LONG),), seconds=1.0, failures=2)
COPY = CopyReport(("Lab.a",), (), {"Lab.b": LONG}, {"Lab.c": LONG}, {}, 10, 1.0, failures=("Lab.d",))


@pytest.mark.parametrize(
    ("value", "schema"),
    [(CLEAR, "smm.clear/1"), (RENAME, "smm.rename/1"), (CHECK, "smm.check/1"), (COPY, "smm.copy/1")],
)
def test_both(value: Printed, schema: str) -> None:
    """No line is longer than 80 columns, and nothing of a reason is lost; the data says what it is, and is JSON."""
    text = str(value)

    assert max(map(len, text.splitlines())) <= 80
    assert LONG in " ".join(text.split())
    plain = value.to_dict()
    assert next(iter(plain.items())) == ("schema", schema)
    assert json.loads(json.dumps(plain)) == plain


def test_what_is_said() -> None:
    """What would go, how long it took and what builds on it; a short plan is short."""
    assert str(CLEAR).splitlines() == [
        "would delete 0 stored metrics (0 bytes), which took 0 µs to compute",
        "  Lab.a: 2026-01-02, 10 bytes, took 1.5 s, declared no more, read by Lab.b,",
        "      Lab.c,k=1, Lab.d and 1 more",
        "would delete 1 kept error",
        "  Lab.f: 2026-01-02, ValueError: something that is said of it in a sentence that",
        "      no line of a terminal has the room for, and so goes on",
        "  not deleted: Lab.a: something that is said of it in a sentence that no line of",
        "      a terminal has the room for, and so goes on",
    ]
    assert str(RenamePlan()) == "0 stored metrics would be renamed"
    assert str(ClearPlan()) == "nothing to delete"
    assert str(CHECK).splitlines()[0] == "3 checked (1 kB), 2 kept errors in 1 s: 1 damaged"
