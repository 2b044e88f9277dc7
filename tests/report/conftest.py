"""The page of a night's work, and a browser that opens pages as different people do."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import pytest

from tests.report.browser import found
from tests.report.demo import NOW, after_a_night

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_ARGUMENTS = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync")


@attrs.frozen
class Opened:
    """A page in a browser, what was asked for while it was opened, and what went wrong."""

    page: Page
    requests: list[str] = attrs.field(factory=list[str])
    errors: list[str] = attrs.field(factory=list[str])


Open: TypeAlias = Callable[..., AbstractContextManager[Opened]]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report about a manager with sweeps, a failure, and what is stale."""
    pytest.importorskip("htpy", reason="needs the extra report")
    from simple_metrics_manager.report import write_report

    folder = tmp_path_factory.mktemp("night")
    with after_a_night(folder) as manager:
        return write_report(manager, folder / "report.html", now=NOW).path


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """A Chromium; the environment variable SMM_BROWSER says which, and then it must be there."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the group browser")
    where = found()
    if where is None:
        pytest.skip("no Chromium here: python tests/report/browser.py gets one")
    with playwright.sync_playwright() as running:
        started: Browser = running.chromium.launch(executable_path=str(where), args=[*_ARGUMENTS])
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Open:
    """Opens a file, in a window and with colours that one may choose."""

    @contextmanager
    def opened(
        path: Path, *, scheme: Literal["light", "dark"] = "light", width: int = 1280, script: bool = True
    ) -> Generator[Opened]:
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script
        )
        page = context.new_page()
        made = Opened(page)
        page.on("request", lambda request: made.requests.append(request.url))
        page.on("console", lambda message: made.errors.append(message.text))
        page.on("pageerror", lambda error: made.errors.append(str(error)))
        page.goto(path.as_uri())
        try:
            yield made
        finally:
            context.close()

    return opened
