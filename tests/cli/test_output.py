"""Tables and ages, as they are written and read on a command line."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.cli.ages import age_or_date
from simple_metrics_manager.cli.naming import says
from simple_metrics_manager.cli.output import Output, columns

WORDS = st.text("abcxyz", min_size=1, max_size=12)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1))
def test_columns_begin_at_the_same_place(lines: list[tuple[str, str, str]]) -> None:
    """Whatever stands in them, two blanks lie between columns, and each line splits into its cells again."""
    made = list(columns(lines))

    assert [tuple(line.split()) for line in made] == lines
    assert len({line.index(last, len(line) - len(last)) for line, (*_, last) in zip(made, lines, strict=True)}) == 1


def test_columns_of_numbers_and_narrow_terminals() -> None:
    """Numbers are aligned at the right; the last column is cut where the terminal ends."""
    lines = [("a", "10", "why it is so long"), ("bb", "9", "short")]

    assert list(columns(lines, frozenset({1}))) == ["a   10  why it is so long", "bb   9  short"]
    assert list(columns(lines, frozenset({1}), 20)) == ["a   10  why it is s…", "bb   9  short"]


def test_characters_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard output is not UTF-8, signs are ASCII."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))

    assert [Output().state(state) for state in ("fresh", "stale", "failed")] == ["+ fresh", "~ stale", "x failed"]
    assert Output().sign("→", "->") == "->"


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("30d", timedelta(days=30)),
        ("1.5h", timedelta(hours=1.5)),
        ("45 min", timedelta(minutes=45)),
        ("2w", timedelta(weeks=2)),
        ("0s", timedelta(0)),
        ("2026-11-20T12:00+00:00", datetime(2026, 11, 20, 12, tzinfo=UTC)),
    ],
)
def test_ages(text: str, age: object) -> None:
    """Numbers with a unit, and dates."""
    assert age_or_date(text) == age


def test_a_date_is_local() -> None:
    """A day begins where the user is."""
    found = age_or_date("2026-11-20")

    assert isinstance(found, datetime)
    assert (found.tzinfo is not None, found.hour) == (True, 0)


@pytest.mark.parametrize("text", ["", "30", "d", "30 days ago", "-3d", "yesterday"])
def test_no_ages(text: str) -> None:
    """What could be misunderstood is refused."""
    with pytest.raises(ValueError, match="is no age: write 30d"):
        age_or_date(text)


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), WORDS))
def test_a_value_is_meant_by_its_own_text(value: object) -> None:
    """What is printed of a parameter means that parameter when it is typed."""
    assert says(str(value), value)


def test_numbers_are_meant_by_any_of_their_forms() -> None:
    """``10`` means 10.0, but no text does; ``1`` is no truth value."""
    assert says("10", 10.0)
    assert says("1e1", 10)
    assert says("true", True)
    assert not says("1", True)
    assert not says("ten", 10)
    assert not says("10", "10.0")


def test_the_first_cell_has_the_colour(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where it is the only one of its line."""
    Output(color="always").table([("● a", ""), ("● bc", "← a")], styles=("good", "good"))

    assert capsys.readouterr().out == "\x1b[32m● a\x1b[0m\n\x1b[32m● bc\x1b[0m  ← a\n"
