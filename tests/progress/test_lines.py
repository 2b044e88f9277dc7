"""Sweeps in a log: whole lines, a bounded number of them, and no long silence."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager.events import (
    Computed,
    ComputeFailed,
    ComputeStarted,
    Event,
    Skipped,
    SweepEnded,
    SweepProgressed,
    SweepStarted,
    listening,
    tell,
)
from simple_metrics_manager.progress import show
from simple_metrics_manager.progress.plain import Lines
from simple_metrics_manager.progress.rendering import Rendering
from tests.progress import sweeps
from tests.progress.sweeps import sweep

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _in_lines() -> Iterator[None]:
    with show("plain"):
        yield


@attrs.define
class Clock:
    """Time that passes when told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def lines_rendering(silence: float, clock: Callable[[], float] = time.monotonic) -> tuple[Rendering, list[str]]:
    """A rendering in lines, and the lines that it has written."""
    written: list[str] = []
    canvas = Lines(written.append, lambda event: written.append(event.line()), silence)
    return Rendering(canvas, clock), written


def wait_until(true: Callable[[], bool]) -> bool:
    """Whether something comes true before anybody would call it hung."""
    until = time.monotonic() + 20
    while not true() and time.monotonic() < until:
        time.sleep(0.005)
    return true()


def tickers() -> list[threading.Thread]:
    """The threads that run beside sweeps."""
    return [thread for thread in threading.enumerate() if thread.name == "smm-progress"]


def test_a_sweep_of_200_reads_like_this(capsys: pytest.CaptureFixture[str]) -> None:
    """Start, tenths, failures in full, end; what goes as expected is counted, not narrated."""
    sweep("Digits.inertia", 200, failing=(50, 120))

    assert capsys.readouterr().out.splitlines() == [
        "Compute Digits.inertia: 200 of 200, about 3 min 20 s",
        "Digits.inertia 20/200, 20 s, about 3 min 0 s left",
        "Digits.inertia 40/200, 40 s, about 2 min 40 s left",
        "Failed Digits.inertia(k=50) after 10 ms: ValueError: k is odd",
        "Digits.inertia 60/200, 1 failed, 1 min 0 s, about 2 min 20 s left",
        "Digits.inertia 80/200, 1 failed, 1 min 20 s, about 2 min 0 s left",
        "Digits.inertia 100/200, 1 failed, 1 min 40 s, about 1 min 40 s left",
        "Digits.inertia 120/200, 1 failed, 2 min 0 s, about 1 min 20 s left",
        "Failed Digits.inertia(k=120) after 10 ms: ValueError: k is odd",
        "Digits.inertia 140/200, 2 failed, 2 min 20 s, about 1 min 0 s left",
        "Digits.inertia 160/200, 2 failed, 2 min 40 s, about 40 s left",
        "Digits.inertia 180/200, 2 failed, 3 min 0 s, about 20 s left",
        "Ended Digits.inertia after 3 min 20 s: 198 computed, 2 failed",
    ]


@pytest.mark.parametrize("total", [1_000, 100_000])
def test_the_number_of_lines_is_bounded(capsys: pytest.CaptureFixture[str], total: int) -> None:
    """Eleven lines for a sweep of any length."""
    sweep("Digits.inertia", total)

    assert len(capsys.readouterr().out.splitlines()) == 11


def test_failures_without_number_are_shown_ten_times(capsys: pytest.CaptureFixture[str]) -> None:
    """If everything fails, ten failures are in full and the progress counts them all; the next sweep starts afresh."""
    for title in ("first", "second"):
        sweep(title, 1_000, failing=tuple(range(1_000)))
        lines = capsys.readouterr().out.splitlines()
        failures = [line for line in lines if line.startswith("Failed")]

        assert len(failures) == 10
        assert failures[-1].endswith("(no more lines like this until the sweep ends)")
        assert lines[-2].startswith(f"{title} 900/1000, 900 failed, ")
        assert lines[-1].endswith(": 0 computed, 1000 failed")


def test_few_values_are_narrated_as_ever(capsys: pytest.CaptureFixture[str]) -> None:
    """In a sweep of a few values, each is narrated in the words of old."""
    sweep("Digits", 2)

    assert capsys.readouterr().out.splitlines() == [
        "Compute Digits: 2 of 2, about 2 s",
        "Compute Digits(k=0)",
        "Completed Digits(k=0) in 10 ms",
        "Digits 1/2, 1 s, about 1 s left",
        "Compute Digits(k=1)",
        "Completed Digits(k=1) in 10 ms",
        "Completed Digits in 2 s: 2 computed",
    ]


def test_sweeps_within_sweeps_keep_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """A metric that sweeps another has its own lines; within a large sweep, only the first of such are shown."""
    tell(SweepStarted("outer", 1_000, 0, 1_000, None))
    for number in range(1_000):
        sweep("inner", 3)
        tell(SweepProgressed("outer", number + 1, 1_000, 0, 1.0, None))
    tell(SweepEnded("outer", 1_000, 0, 0, 0, 1.0))
    lines = capsys.readouterr().out.splitlines()

    assert [line for line in lines if line.startswith("outer")] == [f"outer {n}00/1000, 1 s" for n in range(1, 10)]
    assert lines[1:5] == [
        "Compute inner: 3 of 3, about 3 s",
        "inner 1/3, 1 s, about 2 s left",
        "inner 2/3, 2 s, about 1 s left",
        "Completed inner in 3 s: 3 computed",
    ]
    assert len(lines) == 2 + 9 + 10 * 4
    assert lines[-1] == "Completed outer in 1 s: 1000 computed"


def test_a_quiet_sweep_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever asked with ``verbose=False`` reads nothing."""
    tell(SweepStarted("quiet", 30, 0, 30, None, verbose=False))
    tell(SweepProgressed("quiet", 15, 30, 0, 1.0, None, verbose=False))
    tell(SweepEnded("quiet", 30, 0, 0, 0, 2.0, verbose=False))

    assert capsys.readouterr() == ("", "")
    assert tickers() == []


def test_silence_is_broken_after_a_minute() -> None:
    """After 60 s without a line, and not before, a sweep is reported: with the time that has passed since."""
    clock = Clock()
    canvas = Lines(lambda line: None, lambda event: reports.append(event.line()))
    reports: list[str] = []
    rendering = Rendering(canvas, clock)
    rendering(SweepStarted("slow", 5, 0, 5, 500.0))
    (started,) = rendering._sweeps
    waits = [canvas.tick(rendering._sweeps, now) for now in (0.0, 59.0, 60.0, 119.5, 120.0)]
    clock.now = 130.0
    rendering(SweepProgressed("slow", 1, 5, 0, 130.0, 520.0))
    waits += [canvas.tick(rendering._sweeps, now) for now in (180.0, 190.0)]
    rendering.close()

    assert started.last.done == 1
    assert waits == [60.0, 1.0, 60.0, 0.5, 60.0, 10.0, 60.0]
    assert reports == [
        "slow 0/5, 1 min 0 s, about 7 min 20 s left",
        "slow 0/5, 2 min 0 s, about 6 min 20 s left",
        "slow 1/5, 2 min 10 s, about 8 min 40 s left",
        "slow 1/5, 3 min 10 s, about 7 min 40 s left",
    ]


def test_an_estimate_that_was_too_low_is_dropped() -> None:
    """Past the time at which a sweep should have ended, nothing is said of what is left."""
    rendering, written = lines_rendering(60.0, clock := Clock())
    rendering(SweepStarted("late", 1, 0, 1, 10.0))
    (late,) = rendering._sweeps
    rendering.close()
    clock.now = 61.0

    assert late.at(clock()).line() == "late 0/1, 1 min 1 s"
    assert written == ["Compute late: 1 of 1, about 10 s"]


def test_a_thread_beats_only_while_there_is_a_sweep() -> None:
    """A sweep in which nothing finishes is reported again and again; at its end the thread ends as well."""
    rendering, written = lines_rendering(0.02)
    before = tickers()
    rendering(SweepStarted("slow", 5, 0, 5, None))
    during = tickers()
    beaten = wait_until(lambda: len(written) >= 4)
    rendering(SweepEnded("slow", 0, 0, 0, 0, 1.0))

    assert (before, [thread.daemon for thread in during]) == ([], [True])
    assert beaten
    assert all(re.fullmatch(r"slow 0/5, [\d.]+ ms", line) for line in written[1:4])
    assert wait_until(lambda: not tickers())
    assert written[-1] == "Completed slow in 1 s: 0 computed"


def test_many_threads_lose_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """News from eight threads are shown once each, in whole lines, in the order of the way."""
    tell(SweepStarted("wide", 8_000, 0, 8_000, None))
    done = iter(range(1, 8_001))
    lock = threading.Lock()

    def work() -> None:
        for _ in range(1_000):
            with lock:
                number = next(done)
            tell(SweepProgressed("wide", number, 8_000, 0, 1.0, None))

    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work) for _ in range(8)]:
            future.result()
    tell(SweepEnded("wide", 8_000, 0, 0, 0, 1.0))
    lines = capsys.readouterr().out.splitlines()

    assert len(lines) == 11
    steps = [int(line.partition(" ")[2].partition("/")[0]) for line in lines[1:-1]]
    assert [step * 10 // 8_000 for step in steps] == list(range(1, 10))


def test_sweeps_that_start_together_share_a_rendering(capsys: pytest.CaptureFixture[str]) -> None:
    """Sweeps of several threads, started at the same moment, are all followed to their ends, and leave no thread."""
    together = threading.Barrier(8)

    def work(name: int) -> None:
        together.wait()
        sweep(f"sweep{name}", 30)

    for _ in range(10):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        lines = capsys.readouterr().out.splitlines()

        for name in range(8):
            own = [line for line in lines if f"sweep{name}" in line]
            assert (own[0], own[-1]) == (
                f"Compute sweep{name}: 30 of 30, about 30 s",
                f"Completed sweep{name} in 30 s: 30 computed",
            )
        assert wait_until(lambda: not tickers())


def test_a_file_has_whole_lines(tmp_path: Path) -> None:
    """Output that goes to a file, outside of CI, has no carriage return and no escape; nothing is an error."""
    environ = {name: value for name, value in os.environ.items() if name not in {"CI", "SMM_PROGRESS", "FORCE_COLOR"}}
    command = [sys.executable, "-m", sweeps.__name__, "0"]
    with (tmp_path / "log").open("wb") as log:
        ran = subprocess.run(command, cwd=ROOT, env=environ, stdout=log, stderr=subprocess.PIPE, check=True)
    text = (tmp_path / "log").read_bytes()

    assert ran.stderr == b""
    assert b"\x1b" not in text
    assert b"\r" not in text.replace(b"\r\n", b"\n")
    assert len(text.splitlines()) == 14
    assert text.splitlines()[7] == b"a metric prints"


def test_a_closed_stream_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    """If nothing can be written any more, the sweep goes on, others hear of it, and ``logging`` says why it is dark."""
    stream = io.StringIO()
    heard: list[Event] = []
    with show("plain", stream=stream), listening(heard.append):
        tell(SweepStarted("dark", 30, 0, 30, None))
        stream.close()
        tell(SweepProgressed("dark", 15, 30, 0, 1.0, None))
        tell(SweepEnded("dark", 30, 0, 0, 0, 2.0))

        assert wait_until(lambda: not tickers())
    assert [type(event) for event in heard] == [SweepStarted, SweepProgressed, SweepEnded]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "a listener failed on: dark 15/30, 1 s",
        "a listener failed on: Completed dark in 2 s: 30 computed",
    ]


def test_a_torn_canvas_ends_the_beat(caplog: pytest.LogCaptureFixture) -> None:
    """If the heartbeat cannot be written, its thread says so once and ends; the sweep can still be told of."""

    def tear(event: SweepProgressed) -> None:
        raise OSError("torn")

    written: list[str] = []
    rendering = Rendering(Lines(written.append, tear, 0.01))
    rendering(SweepStarted("torn", 30, 0, 30, None))
    ended = wait_until(lambda: not tickers())
    rendering(SweepEnded("torn", 30, 0, 0, 0, 2.0))

    assert ended
    assert written == ["Compute torn: 30 of 30", "Completed torn in 2 s: 30 computed"]
    assert [record.getMessage() for record in caplog.records] == ["progress is no longer shown between events"]


def test_the_log_has_the_steps(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    """``log`` prints nothing: the logger gets all events, and of progress the steps, with their facts."""
    with caplog.at_level(logging.INFO, logger="simple_metrics_manager"), show("log"):
        sweep("Digits.inertia", 200, failing=(50, 120))
    progress = [record for record in caplog.records if getattr(record, "event", "") == "SweepProgressed"]

    assert capsys.readouterr() == ("", "")
    assert [getattr(record, "done", None) for record in progress] == list(range(20, 200, 20))
    assert progress[-1].getMessage() == "Digits.inertia 180/200, 2 failed, 3 min 0 s, about 20 s left"


def test_others_are_told_all(capsys: pytest.CaptureFixture[str]) -> None:
    """``none`` prints nothing, and a listener hears of everything nevertheless."""
    heard: list[Event] = []
    with show("none"), listening(heard.append):
        sweep("Digits.inertia", 50)
        tell(ComputeStarted("other"))

    assert capsys.readouterr() == ("", "")
    kinds = [type(event) for event in heard]
    assert (kinds.count(SweepProgressed), kinds.count(Computed), kinds.count(ComputeFailed)) == (50, 50, 0)
    assert kinds[-1] is ComputeStarted


def test_what_is_skipped_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that cannot be computed since another failed is a line, and counted at the end."""
    tell(SweepStarted("Digits", 9, 6, 3, 0.2))
    tell(Skipped("per_class", "it needs confusion, which failed"))
    tell(SweepEnded("Digits", 1, 6, 1, 1, 9.0))
    tell(SweepStarted("Digits", 9, 9, 0, None))

    assert capsys.readouterr().out.splitlines() == [
        "Compute Digits: 3 of 9, 6 stored, under 1 s",
        "Skip per_class: it needs confusion, which failed",
        "Ended Digits after 9 s: 1 computed, 6 stored, 1 failed, 1 skipped",
        "Load Digits: all 9 are stored",
    ]
