"""The elements of a page, which escape what is put into them.

They are those of htpy: small, typed, kept well, and built on markupsafe, so that text becomes markup only by being
escaped. A template language is as safe while each template is, and no type checker reads templates; our own
builder would be a worse htpy. What htpy leaves to us is text that no escape makes harmless: control characters, half
surrogates, and marks that turn the order of writing round. :func:`visible` takes those out of a whole page.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from simple_metrics_manager.errors import MissingExtraError

try:
    import htpy
    from markupsafe import Markup
except ModuleNotFoundError as _error:
    raise MissingExtraError("A report", "htpy", "report") from _error

Element: TypeAlias = htpy.Element
Node: TypeAlias = htpy.Node
h = htpy
"""``h.td(".n", title="...")["text"]``; the name of an element that HTML does not have is taken as it is, for SVG."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def visible(text: str) -> str:
    """The same text with a sign for each character that cannot be seen, or cannot be written, or hides others."""
    return _UNSEEN.sub(_sign, text.replace("\r\n", "\n"))


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


def rendered(node: Node) -> str:
    """The markup of a part of the page."""
    return visible(str(htpy.fragment[node]))


def ours(text: str) -> Markup:
    """What is markup already: a part that is rendered, the style sheet and the script. Never what others wrote."""
    return Markup(text)  # noqa: S704 # the one place where text is not escaped


def px(number: float) -> str:
    """A length in a drawing, in as few characters as will do."""
    return f"{number:.1f}".removesuffix(".0")


def drawing(width: float, height: float, label: str, kind: str, *inside: Node, role: str = "img") -> Element:
    """An SVG of this size, with what a screen reader says of it."""
    box = f"0 0 {px(width)} {px(height)}"
    return h.svg(class_=kind, viewBox=box, width=px(width), height=px(height), role=role, aria_label=label)[inside]


def label_at(x: float, y: float, text: str, kind: str = "", anchor: str | None = None) -> Element:
    """Text in a drawing."""
    return h.text(class_=kind or None, x=px(x), y=px(y), text_anchor=anchor)[text]


def scrolling(label: str, *inside: Node) -> Element:
    """Something that may be wider than the page: it scrolls by itself, with the keyboard too."""
    return h.div(".scroll", tabindex="0", role="region", aria_label=label)[inside]
