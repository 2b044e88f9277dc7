"""The page in a real browser: what it asks for, how it looks, and what one can do with it."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

import pytest

from tests.report.conftest import Open
from tests.report.demo import NOW, ocean
from tests.report.hostile import IMAGE, SCRIPT, attack

pytest.importorskip("htpy", reason="needs the extra report")
pytest.importorskip("playwright", reason="needs playwright, of the group browser")

from simple_metrics_manager.report import write_report
from simple_metrics_manager.report.colours import contrast
from simple_metrics_manager.storing.memory_storage import MemoryStorageInterface

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
WAYS: list[tuple[Scheme, int]] = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]

GROUPS = "[...document.querySelectorAll('.metrics tbody')].filter(each => !each.hidden).map(each => each.id)"
IN_DRAWINGS = """async () => {
  const found = [];
  for (const text of document.querySelectorAll('svg text')) {
    if (!text.checkVisibility()) continue;
    text.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    const box = text.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
    const solid = colour => colour && colour !== 'none' && !colour.endsWith(', 0)') && colour !== 'transparent';
    let behind = '';
    for (const each of document.elementsFromPoint(x, y)) {
      if (each === text || each.tagName === 'tspan') continue;
      const style = getComputedStyle(each);
      const colour = ['rect', 'path', 'circle'].includes(each.tagName) ? style.fill : style.backgroundColor;
      if (each.tagName !== 'text' && solid(colour)) { behind = colour; break; }
    }
    found.push([text.textContent, getComputedStyle(text).fill, behind]);
  }
  return found;
}"""


def hex_of(colour: str) -> str:
    """A colour as a browser computes it, ``rgb(1, 2, 3)``, as the library writes it."""
    parts = colour.partition("(")[2].rstrip(")").split(",")[:3]
    return "#" + "".join(f"{int(part):02x}" for part in parts)


@pytest.mark.parametrize(("scheme", "width"), WAYS)
def test_nothing_but_the_file_is_asked_for(night: Path, open_page: Open, scheme: Scheme, width: int) -> None:
    """The browser asks for nothing else, has nothing to complain of, and never scrolls the page sideways."""
    with open_page(night, scheme=scheme, width=width) as opened:
        wide = opened.page.evaluate("document.documentElement.scrollWidth")

        assert [url for url in opened.requests if not url.startswith("data:")] == [night.as_uri()]
        assert opened.errors == []
        assert wide == width


@pytest.mark.parametrize(("scheme", "width"), WAYS[:3])
def test_axe_finds_nothing(night: Path, open_page: Open, scheme: Scheme, width: int) -> None:
    """WCAG 2.2 AA and best practice, with what can be opened open; of the tables of sweeps one stands for all."""
    pytest.importorskip("axe_playwright_python", reason="carries axe-core")
    axe = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    with open_page(night, scheme=scheme, width=width) as opened:
        wanted = "details:not(.points), #sweep-metric-learning details"
        opened.page.evaluate(f"document.querySelectorAll('{wanted}').forEach(each => {{ each.open = true }})")
        opened.page.evaluate(axe)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        told = opened.page.evaluate(f"axe.run({{runOnly: {json.dumps(tags)}, resultTypes: ['violations']}})")

    violations = cast("list[dict[str, object]]", told["violations"])
    assert [(each["id"], json.dumps(each["nodes"])[:600]) for each in violations] == []
    assert len(told["passes"]) > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_in_drawings_can_be_read(night: Path, open_page: Open, scheme: Scheme) -> None:
    """Every word and number in a drawing stands out 4.5 to 1 from what is painted behind it."""
    with open_page(night, scheme=scheme) as opened:
        found = cast("Sequence[tuple[str, str, str]]", opened.page.evaluate(IN_DRAWINGS))

    weak = [(text, ink, paper) for text, ink, paper in found if contrast(hex_of(ink), hex_of(paper)) < 4.5]
    assert weak == []
    assert len(found) > 150


def test_without_its_script(night: Path, open_page: Open) -> None:
    """Rows, drawings, details and errors are there; the controls that need the script are not."""
    with open_page(night, script=False) as opened:
        page = opened.page
        page.locator("#metric-confusion summary").first.click()

        assert page.locator(".metrics tbody").count() == 11
        assert page.locator("#metric-confusion .provenance").is_visible()
        assert page.get_by_text("float64[240×64]").first.is_visible()
        assert page.locator(".failure").is_visible()
        assert not page.locator("#search").is_visible()
        assert not page.locator("#theme").is_visible()
        assert page.locator("thead button").count() == 0


def test_search(night: Path, open_page: Open) -> None:
    """What is typed is looked for in all that a row says; states are chosen by their counts, and again let go."""
    with open_page(night) as opened:
        page = opened.page
        page.fill("#search", "DIGITS.PY which")
        assert page.evaluate(GROUPS) == ["metric-labels", "metric-confusion"]
        assert page.inner_text("#shown") == "2 of 11 shown"

        page.fill("#search", "")
        page.get_by_role("button", name="2 stale").click()
        assert page.evaluate(GROUPS) == ["metric-robustness", "metric-summary"]

        page.locator("svg.graph a").first.click()  # a way to a row that is not shown brings it back
        assert len(page.evaluate(GROUPS)) == 11
        page.get_by_role("button", name="2 stale").click()
        page.get_by_role("button", name="2 stale").click()
        assert len(page.evaluate(GROUPS)) == 11


def test_sorting(night: Path, open_page: Open) -> None:
    """A click on a heading sorts, one more turns the order round, and a third brings back that of the class."""
    with open_page(night) as opened:
        page = opened.page
        before = page.evaluate(GROUPS)
        head = page.get_by_role("columnheader", name="Took", exact=True).first
        button = head.get_by_role("button")
        seconds = (
            "[...document.querySelectorAll('.metrics tbody')].map(each => Number(each.rows[0].cells[4].dataset.key))"
        )

        button.click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert page.evaluate(seconds) == sorted(page.evaluate(seconds))
        button.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert page.evaluate(seconds) == sorted(page.evaluate(seconds), reverse=True)
        button.click()
        assert head.get_attribute("aria-sort") is None
        assert page.evaluate(GROUPS) == before


def test_colours_are_chosen(night: Path, open_page: Open) -> None:
    """The button turns light into dark, and the choice outlives reading the page anew; on paper it is light."""
    background = "getComputedStyle(document.body).backgroundColor"
    with open_page(night) as opened:
        page = opened.page
        light = page.evaluate(background)
        page.get_by_role("button", name="Dark colours").click()
        dark = page.evaluate(background)
        page.wait_for_timeout(300)  # the browser writes down what is kept when it has time, and nobody reloads at once
        page.reload()

        assert light == "rgb(252, 252, 251)"
        assert page.evaluate(background) == dark == "rgb(15, 18, 22)"
        page.emulate_media(media="print")
        assert page.evaluate(background) == "rgb(255, 255, 255)"
        assert not page.locator(".search").is_visible()
        assert page.locator("#metric-images").is_visible()


def test_the_first_key_leads_past_the_head(night: Path, open_page: Open) -> None:
    """With the keyboard alone one gets to the metrics, and into what scrolls."""
    with open_page(night) as opened:
        page = opened.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#metrics"
        assert page.evaluate("[...document.querySelectorAll('.scroll')].every(each => each.tabIndex === 0)")


def test_ages_are_those_of_reading(night: Path, open_page: Open) -> None:
    """How long ago something was is counted from when the page is read."""
    with open_page(night) as opened:
        opened.page.clock.set_fixed_time(NOW.replace(month=12, day=24))
        opened.page.reload()

        assert opened.page.inner_text("#metric-accuracy .age") == "30 d ago"


def test_a_page_that_is_kept_current(tmp_path: Path, open_page: Open) -> None:
    """A browser that shows it sees the next version by itself."""
    path = tmp_path / "report.html"
    with ocean(tmp_path, MemoryStorageInterface()) as manager:
        write_report(manager, path, refresh=1, now=NOW)
        with open_page(path) as opened:
            opened.page.fill("#search", "trend")
            write_report(manager, path, now=NOW.replace(year=2027))
            opened.page.locator(".meta time[datetime^='2027']").wait_for(timeout=10_000)

            assert opened.errors == []
            assert opened.page.evaluate(GROUPS) == ["metric-trend"]  # what was looked for is still looked for


def test_hostile_texts_stay_texts(tmp_path: Path, open_page: Open) -> None:
    """Names, docstrings, values and errors that are markup are shown as they are; nothing of them runs."""
    path = write_report(attack(), tmp_path / "report.html", now=NOW).path
    with open_page(path) as opened:
        page = opened.page
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")

        assert page.title() == "Hostile: 1 failed"
        assert page.evaluate("window.taken") is None
        assert page.evaluate("document.querySelectorAll('script, style').length") == 2
        assert page.evaluate("document.querySelectorAll('img, iframe, object, embed, form, base').length") == 0
        names = "[...document.querySelectorAll('*')].flatMap(each => each.getAttributeNames())"
        assert [name for name in page.evaluate(names) if name.startswith("on")] == []
        assert f"Documented {SCRIPT}{IMAGE}" in page.inner_text("#metric-value")
        assert f"{SCRIPT}{IMAGE}a�b␀c␛[31m" in page.inner_text(".failure .message")
        assert opened.errors == []


def test_nothing_runs_even_if_an_escape_were_forgotten(night: Path, tmp_path: Path, open_page: Open) -> None:
    """The page's policy alone stops scripts, handlers, styles and pictures that somebody got into it."""
    beacon = "https://127.0.0.1:9/beacon"
    smuggled = f"<script>window.taken=1</script><img src='{beacon}' onerror='window.taken=1'><p style='color:red'>"
    path = tmp_path / "report.html"
    path.write_text(night.read_text(encoding="utf-8").replace("<main>", f"<main>{smuggled}"), encoding="utf-8")
    with open_page(path) as opened:
        assert opened.page.evaluate("window.taken") is None
        assert all("Content Security Policy" in each for each in opened.errors)
        assert len(opened.errors) >= 3
        assert opened.page.evaluate(GROUPS) != []
