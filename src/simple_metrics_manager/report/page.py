"""The page: its parts, each with its size, and the policy that lets nothing in and nothing out."""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote

import attrs
import numpy as np

from simple_metrics_manager.freshness.status import State
from simple_metrics_manager.report.elements import Node, h, ours, rendered
from simple_metrics_manager.report.facts import Facts
from simple_metrics_manager.report.failures import failures
from simple_metrics_manager.report.graph import graph
from simple_metrics_manager.report.script import SCRIPT
from simple_metrics_manager.report.style import STYLE
from simple_metrics_manager.report.summary import head, told
from simple_metrics_manager.report.sweeps import sweeps
from simple_metrics_manager.report.table import table
from simple_metrics_manager.report.timeline import timeline


@attrs.frozen
class Part:
    """A part of the page as markup, and what it is called where its size is told."""

    name: str
    markup: str


def parts(facts: Facts, now: datetime, version: str, refresh: int | None, title: str | None = None) -> list[Part]:
    """The page in parts; one after the other they are the whole. ``title`` takes the place of the manager's name."""
    body = [*_body(facts)]
    titles = {"errors": "Errors", "graph": "Dependencies", "sweeps": "Sweeps", "run": "Last run"}
    sections = [("metrics", "Metrics"), *((name, titles[name]) for name, _ in body if name in titles)]
    made = [Part("head", '<!doctype html>\n<html lang="en">' + rendered(_head(facts, refresh, title)) + "<body>")]
    made.append(Part("summary", rendered([_skip(), head(facts, now, version, sections, title)]) + "<main>"))
    made += [Part(name.partition("#")[0], markup) for name, markup in body]
    made.append(Part("foot", "</main>" + rendered(_foot(facts)) + "</body></html>\n"))
    return made


def _body(facts: Facts) -> Iterator[tuple[str, str]]:
    search = h.p(".search", hidden=True)[
        h.label(for_="search")["Search"],
        h.input("#search", type="search", autocomplete="off", spellcheck="false"),
        h.span("#shown", role="status"),
    ]
    yield "table of metrics", rendered(_section("metrics", "Metrics", [search, table(facts)]))
    for name, title, inside in (
        ("errors", "Last errors", failures(facts)),
        ("graph", "Dependencies", graph(facts)),
    ):
        if inside is not None:
            yield name, rendered(_section(name, title, inside))
    found = [*sweeps(facts)]
    if found:
        yield "sweeps", '<section id="sweeps" aria-labelledby="title-sweeps"><h2 id="title-sweeps">Sweeps</h2>'
        for name, inside in found:
            yield f"sweep {name}", rendered(inside)
        yield "end of sweeps", "</section>"
    run = timeline(facts)
    if run is not None:
        yield "run", rendered(_section("run", "Last run", run))


def _section(name: str, title: str, inside: Node) -> Node:
    return h.section(id=name, aria_labelledby=f"title-{name}")[h.h2(id=f"title-{name}")[title], inside]


def _head(facts: Facts, refresh: int | None, title: str | None) -> Node:
    return h.head[
        h.meta(charset="utf-8"),
        h.meta(http_equiv="Content-Security-Policy", content=policy()),
        h.meta(name="viewport", content="width=device-width, initial-scale=1"),
        h.meta(name="color-scheme", content="light dark"),
        h.meta(name="referrer", content="no-referrer"),
        h.meta(http_equiv="refresh", content=str(refresh)) if refresh is not None else None,
        h.title[f"{title or facts.manager}: {told(facts)}"],
        h.link(rel="icon", href=_icon(facts)),
        h.style[ours(STYLE)],
        h.script[ours(SCRIPT)],
    ]


def policy() -> str:
    """Nothing may be loaded or sent; the one style sheet and the one script are known by their hashes."""
    return (
        f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _icon(facts: Facts) -> str:
    """A dot in the colour of the worst state: what can be seen of a page among other windows."""
    counts = facts.counts
    colour = next((each for state, each in _DOTS.items() if counts[state]), "#1a7f4b")
    dot = f'<circle cx="8" cy="8" r="7" fill="{colour}"/>'
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{dot}</svg>'
    return f"data:image/svg+xml,{quote(drawn)}"


_DOTS: Mapping[State, str] = {"failed": "#c0323a", "stale": "#d08700", "missing": "#7b8494"}


def _skip() -> Node:
    return h.a(".skip", href="#metrics")["Skip to the metrics"]


def _foot(facts: Facts) -> Node:
    hidden = " Values were left out on purpose." if facts.hidden else ""
    return h.footer[
        h.p[
            "Made from records alone: no value was read or computed for it. This page loads nothing and sends nothing; "
            f"its Content-Security-Policy forbids both.{hidden}"
        ],
        h.p[f"Python {platform.python_version()} · numpy {np.__version__}"],
    ]
