"""HTML for notebooks that needs no style sheet: every text in it is escaped, since there is one way to make a tag.

A front end may strip styles, paint them in its own colours, or have a white page or a black one. So there are plain
tables with words in them, and what colours there are can be read on both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence


class Markup(str):
    """A piece of HTML that :func:`tag` has made; any other text is escaped when it becomes a part of one."""

    __slots__ = ()


class Shown:
    """Something that is printed as text, and that notebooks show as :meth:`__html__`. It is made from what it holds:
    nothing is computed or loaded for it.
    """

    __slots__ = ()

    def __html__(self) -> Markup:
        """The same as HTML; where nothing better is known, the text as it is printed."""
        return preformatted(str(self))

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        """What IPython and marimo ask for."""
        return bundle(str(self), self.__html__())


def bundle(text: str, marked: Markup) -> dict[str, str]:
    """What is shown as text, and as HTML, by the types of both."""
    return {"text/plain": re.sub(_UNSHOWABLE, "\ufffd", text), "text/html": str(marked)}


def tag(name: str, *inside: str, **attributes: str) -> Markup:
    """An element; what is inside and is no :class:`Markup` is text."""
    given = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>{joined(*inside)}</{name}>")


def joined(*parts: str) -> Markup:
    """One after the other."""
    return Markup("".join(part if isinstance(part, Markup) else _escaped(part) for part in parts))


def line(*inside: str) -> Markup:
    """Something that stands on a line of its own."""
    return tag("div", *inside)


def preformatted(text: str) -> Markup:
    """Lines as they are, in letters of one width."""
    return tag("pre", text, style=_MONOSPACED)


def monospaced(text: str) -> Markup:
    """Letters of one width within a line; ``code`` would be given a background of its own."""
    return tag("span", text, style=_MONOSPACED)


def changes(text: str) -> Markup:
    """Preformatted lines, where those that begin with ``+`` and ``-`` have the colours of what came and went."""
    lines = [
        tag("span", each, style=f"color:{_CHANGES[each.lstrip()[:2]]}") if each.lstrip()[:2] in _CHANGES else each
        for each in text.splitlines()
    ]
    return tag("pre", *(part for each in lines for part in (each, "\n")), style=_MONOSPACED)


def folded(head: str, *inside: str) -> Markup:
    """What is seen after a click on ``head``."""
    return tag("details", tag("summary", head), *inside)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()) -> Markup:
    """A table; the cells below the titles in ``right`` are numbers, which end at the same place."""
    ends = {*right}
    styles = [_RIGHT if title in ends else _LEFT for title in titles]
    head = tag("tr", *(tag("th", title, scope="col", style=style) for title, style in zip(titles, styles, strict=True)))
    body = (tag("tr", *(tag("td", cell, style=style) for cell, style in zip(row, styles, strict=True))) for row in rows)
    return tag("table", tag("thead", head), tag("tbody", *body))


def _escaped(text: str) -> str:
    import html  # noqa: PLC0415  # it brings a table of all entities along, for which only a notebook has to wait

    return html.escape(re.sub(_UNSHOWABLE, "\ufffd", text))


_UNSHOWABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]"
"""Control characters, and halves of characters, with which a notebook could not be sent or saved."""


def state(word: str) -> Markup:
    """``fresh``, ``stale`` ...: a glyph and the word, in a colour that says the same once more."""
    sign, colour = _STATES.get(word, ("", "inherit"))
    return tag("span", f"{sign} {word}".lstrip(), style=f"color:{colour};white-space:nowrap")


def glyph(word: str) -> Markup:
    """The same where the word is told in the sentence behind it."""
    sign, colour = _STATES.get(word, ("", "inherit"))
    return tag("span", sign, style=f"color:{colour}")


_MONOSPACED = "font-family:monospace"
"""Said once more, since Jupyter sets ``pre`` in the letters of its other texts."""

_LEFT, _RIGHT = "text-align:left", "text-align:right"

_STATES: Mapping[str, tuple[str, str]] = {
    "fresh": ("●", "#1e873b"),
    "stale": ("◐", "#a56800"),
    "failed": ("✕", "#d83a30"),
    "missing": ("○", "#757575"),
    "unknown": ("?", "#2976cd"),
}
"""Half-way between black and white, so that they are as easy to read on the one as on the other."""

_CHANGES: Mapping[str, str] = {"+ ": "#1e873b", "- ": "#d83a30"}
