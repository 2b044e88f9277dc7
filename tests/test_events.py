"""Events: whole lines for people, facts for programs, nothing printed by the core."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric
from simple_metrics_manager.events import (
    Computed,
    ComputeFailed,
    ComputeStarted,
    Event,
    FailuresListed,
    Loaded,
    MetricFailed,
    Saved,
    Skipped,
    SweepEnded,
    SweepProgressed,
    SweepStarted,
    estimated,
    format_seconds,
    listening,
    tell,
)


class Telling(DatedCacheManager):
    """One metric reads another one."""

    @metric
    def inner(self) -> int:
        return 1

    @metric
    def outer(self) -> int:
        return self.inner + 1

    @metric
    def broken(self) -> int:
        raise ValueError("no")

    @metric(params_list=[(1,), (2,)])
    def scaled(self, k: int) -> int:
        return k


def test_narration_is_in_the_words_of_old(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Computing, completion, saving and loading are one line each, in the order in which they happen."""
    Telling(NpzStorageInterface(tmp_path)).get(Telling.outer)
    Telling(NpzStorageInterface(tmp_path)).get(Telling.outer)
    lines = capsys.readouterr().out.splitlines()

    patterns = [
        r"Compute outer",
        r"Compute inner",
        r"Completed inner in [\d.]+ (µs|ms|s)",
        r"Save inner",
        r"Completed outer in [\d.]+ (µs|ms|s)",
        r"Save outer",
        r"Load outer pulled on \d{4}-\d\d-\d\d",
    ]
    assert len(lines) == len(patterns)
    assert all(re.fullmatch(pattern, line) for pattern, line in zip(patterns, lines, strict=True))


def test_a_quiet_question_is_quiet_all_the_way_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``verbose=False`` also silences the metrics that the asked one reads; so does the manager's own switch."""
    Telling(NpzStorageInterface(tmp_path)).get(Telling.outer, verbose=False)
    quiet = Telling()
    quiet.verbose = False
    assert quiet.outer == 2

    assert capsys.readouterr().out == ""


def test_verbose_overrides_a_quiet_manager(capsys: pytest.CaptureFixture[str]) -> None:
    """``verbose=True`` narrates one question to a manager that is quiet otherwise."""
    cm = Telling()
    cm.verbose = False
    cm.get("inner", verbose=True)

    assert capsys.readouterr().out.startswith("Compute inner\nCompleted inner in ")


def test_memory_hits_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """Reading what is in memory says nothing."""
    cm = Telling()
    assert cm.outer == 2
    capsys.readouterr()

    assert (cm.outer, cm["inner"], cm.get(Telling.inner)) == (2, 1, 1)
    assert capsys.readouterr().out == ""


def test_a_sweep_counts_when_asked_to(capsys: pytest.CaptureFixture[str]) -> None:
    """``get_all(verbose=True)`` counts as 0.5.0 did."""
    cm = Telling()
    assert cm.scaled.get_all(verbose=True) == [1, 2]

    assert [line for line in capsys.readouterr().out.splitlines() if "get_all" in line] == [
        "get_all 0/2",
        "get_all 1/2",
    ]


def test_listeners_get_values_not_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A listener sees each event with its facts, verbose or not, and instead of the narration if it says so."""
    seen: list[Event] = []
    with listening(seen.append, instead=True):
        Telling(NpzStorageInterface(tmp_path)).get(Telling.outer, verbose=False)
        Telling(NpzStorageInterface(tmp_path)).get(Telling.outer)
        with pytest.raises(ValueError, match="no"):
            Telling().get(Telling.broken)

    assert [(type(event), event.metric) for event in seen] == [
        (ComputeStarted, "outer"),
        (ComputeStarted, "inner"),
        (Computed, "inner"),
        (Saved, "inner"),
        (Computed, "outer"),
        (Saved, "outer"),
        (Loaded, "outer"),
        (ComputeStarted, "broken"),
        (ComputeFailed, "broken"),
    ]
    assert capsys.readouterr() == ("", "")
    saved = [event for event in seen if isinstance(event, Saved)]
    assert all(event.bytes == (tmp_path / f"Telling.{event.metric}.npz").stat().st_size for event in saved)


def test_logging_has_the_facts(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """The logger ``simple_metrics_manager`` gets each event with its facts as attributes of the log record."""
    with caplog.at_level(logging.INFO, logger="simple_metrics_manager"):
        Telling(NpzStorageInterface(tmp_path)).get(Telling.inner, verbose=False)

    computed = caplog.records[1]
    assert [record.getMessage() for record in caplog.records][::2] == ["Compute inner", "Save inner"]
    assert (getattr(computed, "event", None), getattr(computed, "metric", None)) == ("Computed", "inner")
    assert isinstance(getattr(computed, "seconds", None), float)


def test_the_library_adds_no_output_of_its_own() -> None:
    """Without a configuration of ``logging`` the library's logger stays silent, as a library's should."""
    handlers = logging.getLogger("simple_metrics_manager").handlers

    assert [type(handler) for handler in handlers] == [logging.NullHandler]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 µs"),
        (4.2e-6, "4 µs"),
        (0.0123, "12.3 ms"),
        (0.9999, "1 s"),
        (3.21, "3.21 s"),
        (59.99, "1 min 0 s"),
        (303, "5 min 3 s"),
        (7830, "2 h 10 min"),
    ],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    """A duration is said in the unit that people would choose, and never as 60 of the smaller one."""
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (SweepStarted("Digits.inertia", 36, 30, 6, 5.2), "Compute Digits.inertia: 6 of 36, 30 stored, about 5 s"),
        (SweepStarted("12 metrics", 12, 0, 12, None), "Compute 12 metrics: 12 of 12"),
        (SweepStarted("Digits.inertia", 36, 36, 0, 0.0), "Load Digits.inertia: all 36 are stored"),
        (SweepProgressed("Digits.inertia", 3, 6, 0, 3.0, 2.2), "Digits.inertia 3/6, 3 s, about 2 s left"),
        (SweepProgressed("Digits.inertia", 3, 6, 1, 303.0, None), "Digits.inertia 3/6, 1 failed, 5 min 3 s"),
        (SweepEnded("Digits.inertia", 6, 30, 0, 0, 5.0), "Completed Digits.inertia in 5 s: 6 computed, 30 stored"),
        (SweepEnded("Digits", 4, 0, 1, 2, 5.0), "Ended Digits after 5 s: 4 computed, 1 failed, 2 skipped"),
        (
            SweepEnded("Digits", 4, 0, 1, 0, 5.0, 31),
            "Stopped Digits after 5 s: 4 computed, 1 failed, 31 left: ask again to go on",
        ),
        (Skipped("per_class", "it needs confusion, which failed"), "Skip per_class: it needs confusion, which failed"),
    ],
)
def test_sweeps_read_well(event: Event, line: str) -> None:
    """What is not there is not mentioned; a sweep in which something failed has ended, and not been completed."""
    assert event.line() == line


def test_estimates_claim_no_precision() -> None:
    """What nobody knows is said in whole seconds."""
    assert [estimated(seconds) for seconds in (0.2, 1.7, 303.4)] == ["under 1 s", "about 2 s", "about 5 min 3 s"]


def test_logging_has_levels_for_sweeps(caplog: pytest.LogCaptureFixture) -> None:
    """Each step of a sweep is for debugging, what was skipped is a warning, what failed an error, and told once."""
    events = (
        SweepStarted("Digits", 2, 0, 2, None, verbose=False),
        SweepProgressed("Digits", 1, 2, 0, 1.0, None, verbose=False),
        Skipped("per_class", "it needs confusion, which failed", verbose=False),
        ComputeFailed("per_point", 2.0, "ValueError: k is odd", verbose=False),
        MetricFailed("per_point", "ValueError: k is odd", "", verbose=False),
        MetricFailed("per_point", "ValueError: k is odd", "node3", verbose=False),
        SweepEnded("Digits", 1, 0, 0, 1, 2.0, verbose=False),
    )
    with caplog.at_level(logging.DEBUG, logger="simple_metrics_manager"):
        for event in events:
            tell(event)

    assert [record.levelname for record in caplog.records] == [
        "INFO", "DEBUG", "WARNING", "ERROR", "DEBUG", "ERROR", "INFO",
    ]  # fmt: skip
    assert [getattr(record, "seconds", None) for record in caplog.records] == [None, 1.0, None, 2.0, None, None, 2.0]


def every_event(kind: type[Event] = Event) -> Iterator[type[Event]]:
    """All kinds of events that there are."""
    for each in kind.__subclasses__():
        if "__attrs_attrs__" in vars(each):  # not what slots=True has replaced
            yield each
        yield from every_event(each)


def test_facts_are_no_attributes_that_logging_has() -> None:
    """No fact of an event is called as something that each record of ``logging`` has: that would be an error there."""
    taken = {*vars(logging.makeLogRecord({})), "message", "asctime", "event"}
    facts = {field.name for kind in every_event() for field in attrs.fields(kind)}

    assert "metric" in facts
    assert facts & taken == set()


def test_failures_are_listed_without_our_frames() -> None:
    """The list at the end of a sweep leads to the user's line; how the library came to call it is left out."""

    class Odd(DatedCacheManager):
        verbose = False

        @metric(params_list=[(k,) for k in range(3)])
        def half(self, k: int) -> float:
            if k == 1:
                raise ValueError("k is odd")
            return k / 2

    cm = Odd()
    heard: list[Event] = []
    with listening(heard.append):
        cm.half.get_all(on_error="collect")
    (told,) = [event for event in heard if isinstance(event, FailuresListed)]
    lines = told.line().splitlines()

    assert [line.strip() for line in lines[:3]] == [
        "1 of test_failures_are_listed_without_our_frames.<locals>.Odd.half failed",
        "test_failures_are_listed_without_our_frames.<locals>.Odd.half(k=1): ValueError: k is odd",
        "Traceback (most recent call last):",
    ]
    assert [line for line in lines if "File " in line] == [line for line in lines if __file__ in line] != []
    assert lines[-2].strip() == "ValueError: k is odd"
    assert "simple_metrics_manager" in told.failures[0].traceback


def test_a_sweep_that_stops_says_what_is_left() -> None:
    """A failure that is raised stops a sweep: it has not ended, let alone been completed."""

    class Wide(DatedCacheManager):
        verbose = False

        @metric(params_list=[(k,) for k in range(50)])
        def half(self, k: int) -> float:
            if k == 30:
                raise ValueError("k is thirty")
            return k / 2

    cm = Wide()
    heard: list[Event] = []
    with listening(heard.append):
        with pytest.raises(ValueError, match="k is thirty"):
            cm.half.get_all()
        cm.half.get_all(on_error="collect")
    stopped, ended = [event for event in heard if isinstance(event, SweepEnded)]

    assert (stopped.computed, stopped.failed, stopped.left) == (30, 1, 19)
    assert (ended.computed, ended.stored, ended.failed, ended.left) == (19, 30, 1, 0)


def test_a_failing_listener_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A listener that raises hinders neither the others nor the metric; ``logging`` has its traceback."""

    def fail(event: Event) -> None:
        raise RuntimeError("no ear")

    seen: list[Event] = []
    with listening(fail, seen.append, instead=True):
        assert Telling().get(Telling.inner) == 1

    assert [type(event) for event in seen] == [ComputeStarted, Computed]
    assert [record.getMessage() for record in caplog.records] == [
        f"a listener failed on: {event.line()}" for event in seen
    ]
    assert all(record.exc_info is not None for record in caplog.records)
