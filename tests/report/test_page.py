"""The page as text: whole, escaped, from records alone, and the same for the same records."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import subprocess
import sys
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

pytest.importorskip("htpy", reason="needs the extra report")

from simple_metrics_manager.declaring.decorator import metric
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import ReportTooLargeError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.status import StatusRow
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.record import Code, Record
from simple_metrics_manager.report import report_page, write_report
from simple_metrics_manager.report.elements import visible
from simple_metrics_manager.report.facts import Facts, MetricFacts, Point
from simple_metrics_manager.report.page import parts, policy
from simple_metrics_manager.storing.file_storages import NpzStorageInterface
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface
from tests.report.demo import NOW, after_a_night
from tests.report.hostile import attack


class Parsed(HTMLParser):
    """What a page consists of, as Python's own parser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.inside: dict[str, str] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] in ("style", "script", "title") and self.tags[-1] not in self.inside:
            self.inside[self.tags[-1]] = data
        self.texts.append(data)


class Lab(DatedCacheManager):
    """A few kinds of values."""

    verbose = False

    @metric
    def secret(self) -> str:
        """What nobody else should read."""
        return "the launch code is 4711"

    @metric
    def array(self) -> NDArray[np.float64]:
        return np.array([0.125, 8675309.0])

    @metric(params_list=[(n,) for n in range(1, 6)])
    def swept(self, n: int) -> float:
        return 1234.5 / n

    @metric
    def broken(self) -> int:
        raise ValueError("password hunter2 was refused")


def lab(storage: NpzStorageInterface | MemoryStorageInterface) -> Lab:
    """With everything computed that can be."""
    made = Lab(storage)
    made.get_all(on_error="collect")
    return made


@attrs.frozen
class RecordsOnly(NpzStorageInterface):
    """A storage that has records, and no values for anybody."""

    def read(self, name: str, /, form: Format | None = None) -> Entry:
        raise AssertionError(f"{name} was read")

    def load(self, name: str) -> object:
        raise AssertionError(f"{name} was loaded")


def made_of(text: str) -> Facts:
    """Facts in which everything that somebody may have written is this text."""
    named, written = {text: text}, Code("hash", text, text, 3)
    record = Record(
        name=text,
        metric=text,
        manager=text,
        module=text,
        inputs=named,
        params=named,
        date=NOW,
        type=text,
        summary=text,
        preview=text,
        content="c",
        code=written,
        helpers=named,
        globals=named,
        python=text,
        libraries=named,
        host=text,
        version=text,
    )
    cause = Cause("global_changed", text, text, text, text, diff=f"+{text}")
    failure = Failure(text, text, text, text, text, NOW, text)
    row = StatusRow(text, "failed", text, True, {"stale": 2}, NOW, 1.0, 0, {cause: 2}, (failure,))
    points = tuple(
        Point(f"{text}{n}", "stale", {text: text, "n": n, "m": n % 2}, record, (cause,), failure) for n in range(3)
    )
    metrics = [MetricFacts(text, row, points, text, (text,))]
    metrics.append(MetricFacts("plain", attrs.evolve(row, sweep=False), points[:1], text, (text,)))
    return Facts(text, text, tuple(metrics), (), (text,))


def page_of(facts: Facts) -> str:
    """The page about facts."""
    return "".join(part.markup for part in parts(facts, NOW, "1.0", None))


PLAIN = Parsed(page_of(made_of("x")))


CHARACTERS = st.characters(codec=None, exclude_characters="\n\r")
TEXTS = st.text(CHARACTERS, min_size=1, max_size=40) | st.sampled_from(["</script>", "]]>", "<!--", "&lt;", "'\"><b>"])


@given(TEXTS.filter(lambda text: text.strip() and text not in ("m", "n")))
def test_any_text_stays_text(text: str) -> None:
    """Whatever is written in names, docstrings, values, code and errors: the elements are the same, and it is there."""
    page = page_of(made_of(text))
    found = Parsed(page)

    assert found.tags == PLAIN.tags
    assert [name for name, _ in found.attributes] == [name for name, _ in PLAIN.attributes]
    assert found.inside["script"] == PLAIN.inside["script"]
    assert visible(text) in "".join(found.texts)
    assert page.encode("utf-8").decode("utf-8") == page


def test_the_policy_knows_style_and_script() -> None:
    """It names the hashes of what is in the page, and allows nothing else but pictures within it."""

    def named(kind: str) -> str:
        return base64.b64encode(hashlib.sha256(PLAIN.inside[kind].encode()).digest()).decode()

    assert ("content", policy()) in PLAIN.attributes
    assert policy() == (
        f"default-src 'none'; style-src 'sha256-{named('style')}'; script-src 'sha256-{named('script')}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert [value for name, value in PLAIN.attributes if name == "style" or name.startswith("on")] == []
    assert [value for _, value in PLAIN.attributes if "://" in value] == []


def test_a_hostile_manager() -> None:
    """Its page has the elements that the pages of others have, one script, one style sheet, and no handler."""
    found = Parsed(report_page(attack()))

    assert found.tags.count("script") == found.tags.count("style") == 1
    assert "img" not in found.tags
    assert [name for name, _ in found.attributes if name.startswith("on")] == []
    assert found.inside["title"] == "Hostile: 1 failed"


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    """However often it is made, by whichever manager; the time is in the head of the page and nowhere else."""
    lab(NpzStorageInterface(tmp_path))
    first, second = (report_page(Lab(NpzStorageInterface(tmp_path)), now=NOW) for _ in range(2))
    later = report_page(Lab(NpzStorageInterface(tmp_path)), now=NOW + timedelta(days=400))

    assert first == second
    assert first != later
    assert first.partition("</header>")[2] == later.partition("</header>")[2]


def test_no_value_is_read(tmp_path: Path) -> None:
    """The page is made of records: of a storage that cannot give a single value it is the same."""
    with_values = lab(NpzStorageInterface(tmp_path))
    with_values.clear_cache()
    page = report_page(Lab(RecordsOnly(tmp_path)), now=NOW)

    assert page.replace("RecordsOnly", "NpzStorageInterface") == report_page(with_values, now=NOW)
    assert "0.125, 8,675,309, …" in html.unescape(page)
    assert "the launch code is 4711" in page
    assert "password hunter2 was refused" in page


def test_values_can_be_left_out(tmp_path: Path) -> None:
    """Then nothing of what was computed is in the page, not even in the text of errors; names, dates and code are."""
    page = report_page(lab(NpzStorageInterface(tmp_path)), values=False, now=NOW)
    shown = re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL)  # the code that computed it says what it says

    assert [each for each in ("4711", "8,675,309", "0.125", "1,234", "617.2", "hunter2") if each in shown] == []
    assert "hunter2" not in page.replace("raise ValueError", "").partition("Last errors")[2]
    assert "What nobody else should read." in page
    assert "ValueError" in page
    assert "Values were left out on purpose." in page


def test_what_a_page_tells(tmp_path: Path) -> None:
    """States, reasons, dates, durations, sizes, the graph, sweeps, the last run and its errors."""
    with after_a_night(tmp_path) as manager:
        page = html.unescape(report_page(manager, now=NOW))

    for told in (
        "<title>Digits: 1 failed, 2 stale, 1 missing</title>",
        "8 of 40 points missing; code changed",
        "IndexError on 2026-11-24 00:52; the value of 2026-11-21 00:52 is kept; code changed",
        "input confusion is stale",
        "float64[240×64]",
        "Which digits are taken for which.",
        "+     np.add.at(counts, (self.labels[:-7], self.predictions), 1)",
        "accuracy over C and gamma: 36 values, 0.2 to 0.9667",
        "learning over n: 7 values, 0.25 to 0.9667",
        "robustness, kind=flip over strength and fold: 16 values",
        "Timeline: 78 values in 2 min 53 s",
        "What reads what: 11 metrics, ",
        "Not drawn, since a longer way leads there too: ",
    ):
        assert told in page, told


def test_a_manager_with_nothing(tmp_path: Path) -> None:
    """One without metrics, and one of which nothing is stored, have a page as well."""

    class Empty(DatedCacheManager):
        pass

    assert "Empty: 0 metrics fresh" in report_page(Empty())
    assert "Lab: 4 missing" in report_page(Lab(NpzStorageInterface(tmp_path)))


def test_a_title(tmp_path: Path) -> None:
    """It takes the place of the manager's name at the top of the page and of the window; it stays text."""
    manager = lab(MemoryStorageInterface())
    page = report_page(manager, title="Night <7>", now=NOW)
    write_report(manager, tmp_path / "report.html", title="Night <7>", now=NOW)

    assert "<title>Night &lt;7&gt;: 1 failed</title>" in page
    assert '<p class="kind">Metrics report of Lab</p><h1>Night &lt;7&gt;</h1>' in page
    assert '<p class="kind">Metrics report</p><h1>Lab</h1>' in report_page(manager, now=NOW)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Beside the file nothing is left, whether it could be written or not; of what could not, the old one stays."""
    manager = lab(MemoryStorageInterface())
    path = tmp_path / "report.html"
    done = write_report(manager, path, now=NOW)
    (tmp_path / "folder").mkdir()

    assert path.read_text(encoding="utf-8") == report_page(manager, now=NOW)
    assert (done.path, done.bytes, done.metrics, done.large) == (path, path.stat().st_size, 4, False)
    with pytest.raises(IsADirectoryError):
        write_report(manager, tmp_path / "folder")
    with pytest.raises(ReportTooLargeError) as caught:
        write_report(manager, path, max_size=20_000)
    assert caught.value.size == done.bytes
    assert "table of metrics" in caught.value.largest
    assert path.stat().st_size == done.bytes
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "report.html"]


def test_a_page_that_is_kept_current() -> None:
    """It asks to be read anew only if it was told to, and not more than once in a second."""
    manager = Lab(MemoryStorageInterface())

    assert '<meta http-equiv="refresh" content="30">' in report_page(manager, refresh=30)
    assert "refresh" not in report_page(manager).partition("<style>")[0]
    with pytest.raises(ValueError, match="more often than once in a second"):
        report_page(manager, refresh=0)


def crowd(metrics: int, points: int) -> Facts:
    """Many metrics, and one sweep over a square."""
    record = Record(name="x", date=NOW, seconds=0.5, preview=1.0)
    row = StatusRow("x", "fresh", "float", False, {"fresh": 1}, NOW, 0.5)
    plain = [
        MetricFacts(f"m{n}", attrs.evolve(row, metric=f"m{n}"), (Point(f"m{n}", "fresh", {}, record),))
        for n in range(metrics)
    ]
    side = round(points**0.5)
    swept = tuple(
        Point(
            f"s,a={n // side},b={n % side}",
            "fresh",
            {"a": n // side, "b": n % side},
            attrs.evolve(record, preview=n / 7),
        )
        for n in range(points)
    )
    sweep = StatusRow("s", "fresh", "float", True, {"fresh": points}, NOW, 0.5 * points)
    return Facts("Crowd", "", (*plain, MetricFacts("s", sweep, swept)))


def test_limits() -> None:
    """Of very much, the page shows a part, says how much more there is, and stays small enough to be opened."""
    page = page_of(crowd(620, 3_600))

    assert page.count("<tbody id=") + page.count("<tbody data-state") == 500
    assert "… and 121 more metrics: smm export" in page
    assert "… and 1,100 more points: smm export" in page
    assert "Timeline: 4,220 values" in page
    assert page.count('class="bar"') <= 1_000
    assert len(page.encode()) < 2_000_000
    assert page_of(crowd(20, 2_500)).count("more points") == 0


def test_it_needs_its_extra_and_nothing_else_does() -> None:
    """Without htpy the error says what to install; the library itself never imports it."""
    program = """
import sys
sys.modules["htpy"] = None
import simple_metrics_manager
assert "simple_metrics_manager.report" not in sys.modules
try:
    import simple_metrics_manager.report
except simple_metrics_manager.MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "A report needs htpy: pip install 'simple-metrics-manager[report]'\n"
