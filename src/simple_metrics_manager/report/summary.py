"""The head of the page: whose it is, when it was written, and in one line how things stand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from simple_metrics_manager.events.base import format_seconds
from simple_metrics_manager.freshness.status import State
from simple_metrics_manager.freshness.wording import size
from simple_metrics_manager.report.elements import Element, Node, h, px
from simple_metrics_manager.report.facts import GLYPHS, STATES, Facts
from simple_metrics_manager.report.marks import moment
from simple_metrics_manager.report.wording import count


def head(
    facts: Facts, now: datetime, version: str, sections: Sequence[tuple[str, str]], title: str | None = None
) -> Element:
    """The only part of the page that has the time in it."""
    where = h.code[facts.storage] if facts.storage else "memory only"
    return h.header[
        h.div(".title")[
            h.div[
                h.p(".kind")[f"Metrics report of {facts.manager}" if title else "Metrics report"],
                h.h1[title or facts.manager],
                h.p(".meta")[
                    "Stored in ", where, f" · simple_metrics_manager {version} · written ", moment(now, " UTC")
                ],
            ],
            h.button("#theme", type="button", hidden=True)["Dark"],
        ],
        _states(facts),
        _numbers(facts),
        h.nav(aria_label="Sections")[[h.a(href=f"#{anchor}")[name] for anchor, name in sections]],
    ]


def _states(facts: Facts) -> Node:
    counts = facts.counts
    shown: list[State] = [state for state in STATES if counts[state]]
    total = max(1, len(facts.metrics))
    told = ", ".join(f"{counts[state]} {state}" for state in shown) or "no metrics"
    x, parts = 0.0, list[Node]()
    for state in shown:
        width = 1000 * counts[state] / total
        parts.append(h.rect(class_=state, x=px(x), y="0", width=px(max(2.0, width - 3)), height="10"))
        x += width
    bar = h.svg(".states", viewBox="0 0 997 10", preserveAspectRatio="none", role="img", aria_label=told)[parts]
    return [
        bar,
        h.ul(".tally", aria_label="Metrics by state")[
            [
                h.li(class_=state, data_state=state)[
                    h.span(".sign", aria_hidden="true")[GLYPHS[state]], h.b[f"{counts[state]:,}"], f" {state}"
                ]
                for state in STATES
                if counts[state] or state not in ("unknown", "failed")
            ]
        ],
    ]


def _numbers(facts: Facts) -> Node:
    seconds = sum(metric.row.seconds for metric in facts.metrics)
    dates = [metric.row.date for metric in facts.metrics if metric.row.date is not None]
    tiles: list[tuple[Node, str]] = [
        (format_seconds(seconds) if seconds else "–", "of computing kept"),
        (f"{facts.stored:,}", "value stored" if facts.stored == 1 else "values stored"),
        (size(sum(metric.row.bytes for metric in facts.metrics)), "of arrays"),
        (moment(min(dates)) if dates else "–", "oldest value"),
    ]
    return h.dl(".tiles")[[h.div[h.dt[what], h.dd[value]] for value, what in tiles]]


def told(facts: Facts) -> str:
    """The state of everything in a few words, for the title of a window."""
    wrong = [f"{facts.counts[state]} {state}" for state in _WRONG if facts.counts[state]]
    return ", ".join(wrong) or count(len(facts.metrics), "metric") + " fresh"


_WRONG: tuple[State, ...] = ("failed", "stale", "missing")
