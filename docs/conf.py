"""The documentation as a site: ``sphinx-build -W -n docs SITE`` builds it, and nothing is fetched for that.

``index.md`` is the list of pages for those who read them in the repository. The site has its table of contents from
there: what is listed under a heading is a part of it.
"""

from __future__ import annotations

import builtins
import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

from simple_metrics_manager import __version__

project = "simple_metrics_manager"
author = "simple_metrics_manager contributors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["examples/**"]

# ------------------------------------------------------------------------------------------------------------- pages

myst_heading_anchors = 3  # links to headings, spelled as on the pages of a repository
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

OUTSIDE = {"../CHANGELOG.md": "changelog.rst"}
"""What the list names outside this folder, and the page that shows it."""


def contents(page: str) -> str:
    """Tables of contents, a hidden one for each heading of the list, of what is linked in lists below it."""
    found: list[str] = []
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        pages = [name.rpartition(".")[0] for name in re.findall(r"^ *- \[[^]]*\]\(([^):]+)\)", part, re.MULTILINE)]
        if pages:
            found += ["", "```{toctree}", ":hidden:", f":caption: {part.partition(chr(10))[0]}", "", *pages, "```"]
    return "\n".join(found)


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """The page of the list ends with the tables of contents that it amounts to."""
    if name == "index":
        page = source[0]
        for outside, here in OUTSIDE.items():
            page = page.replace(f"]({outside})", f"]({here})")
        source[0] = f"{page}\n{contents(page)}\n"


# --------------------------------------------------------------------------------------------------------------- API

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_type_aliases = {name: name for name in ("Clearable", "Files", "OldNames", "OnError", "OnStale", "Tree")}
python_use_unqualified_type_names = True

_TYPE_VARIABLES = "T|S|P|M|Ts|T_co|S_co"
_INSIDE = (  # what a checker sees, and nobody writes
    "AnyParams|CollectAnyRows|CollectRows|Declaration|Options|ParamsList|PlainOptions|Recipe|Sweep|Swept|GetAll"
    "|Claims|MemoryView|Move|Native"
)
nitpick_ignore_regex = [
    ("py:class", r"(?!simple_metrics_manager\.).*"),  # of Python, numpy and others: their inventories are elsewhere
    ("py:class", rf"simple_metrics_manager\.(\w+\.)*({_TYPE_VARIABLES}|{_INSIDE})"),
    ("py:obj", r"typing\.~\w+"),
    ("py:mod", r"simple_metrics_manager\.keys"),
    ("py:meth", r"write"),  # of a storage: it is not said again there what it does
]


_written: dict[str, list[str]] = {}


def remember(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keep the docstring of an attribute: napoleon takes what stands before a colon there for its type."""
    if what in {"attribute", "data", "property"}:
        _written[name] = list(lines)


def restore(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Give it back."""
    lines[:] = _written.pop(name, lines)


def without_builtins(app: Sphinx, tree: nodes.document) -> None:
    """Let types of Python lead nowhere: ``bytes`` would else lead to an attribute that is called so."""
    for link in list(tree.findall(pending_xref)):
        if link.get("reftype") == "class" and hasattr(builtins, link["reftarget"]):
            plain = link.children if isinstance(link[0], nodes.literal) else nodes.Text(link["reftarget"])
            link.replace_self(plain)


# -------------------------------------------------------------------------------------------------------------- look

html_theme = "furo"
html_title = f"simple_metrics_manager {release}"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Tell Sphinx what is done here."""
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", remember, priority=400)  # napoleon comes at 500
    app.connect("autodoc-process-docstring", restore, priority=600)
    app.connect("doctree-read", without_builtins)
