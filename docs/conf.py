"""Sphinx for both languages; `docs/build.py` runs it once for each, with ``language`` set on its command line."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
project = "aftersales"
release = metadata.version("aftersales")
language = "en"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
default_role = "code"  # docstrings write `name`
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_use_type_comments = False  # there are none, and looking for them takes as long as all the rest
autosummary_ignore_module_all = False
toc_object_entries = False  # each function in the navigation of each page takes half of the time to build
napoleon_google_docstring = False
html_theme = "furo"
html_title = "aftersales"
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_show_sphinx = html_show_copyright = False
templates_path = [str(HERE / "_site")]  # autosummary looks from the pages, not from here
html_sidebars = {
    "**": [
        "sidebar/brand.html", "language.html", "sidebar/search.html", "sidebar/scroll-start.html",
        "sidebar/navigation.html", "sidebar/scroll-end.html",
    ]
}  # fmt: skip


def other_language(app: Any, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """What the language switch leads to: the same page of the other language, else its first page."""
    other = "zh" if app.config.language == "en" else "en"
    there = page if any((HERE / other / f"{page}{kind}").is_file() for kind in (".md", ".rst")) else "index"
    context["other"] = {"name": "中文" if other == "zh" else "English", "page": f"{other}/{there}.html", "tag": other}


def tables(app: Any, page: str, source: list[str]) -> None:
    """Put the columns of every table, as the schemas declare them, where a page says TABLES."""
    if "TABLES" in source[0]:
        from aftersales.sources.records import COMPOSED, DIRECT

        chinese = app.config.language != "en"
        head = "| 列 | 类型 | 可空 |" if chinese else "| column | type | may be null |"
        said = []
        for name, kept in (COMPOSED | DIRECT).items():
            rows = [
                f"| `{c}` | {str(kind.dtype).split('(')[0]} | {'✓' if kind.nullable else ''} |"
                for c, kind in kept.schema.columns().items()
            ]
            said.append("\n".join([f"## {name}", "", head, "|---|---|---|", *rows]))
        source[0] = source[0].replace("TABLES", "\n\n".join(said))


def modules(app: Any, page: str, source: list[str]) -> None:
    """List every module by package, with the first line of its docstring, where a page says MODULES."""
    if source[0].rstrip().endswith("MODULES"):
        lib, said = HERE.parent / "lib", []
        for folder in sorted({p.parent for p in lib.rglob("*.py")}):
            said += [f"## {folder.relative_to(lib).as_posix()}", "", "| module | |", "|---|---|"]
            for file in sorted(folder.glob("*.py")):
                first = (
                    file.read_text("utf-8").split('"""', 2)[1].splitlines()[0].replace("|", "\\|").replace("*", "\\*")
                )
                said.append(f"| `{file.name}` | {first.replace('``', '`')} |")
            said.append("")
        source[0] = source[0].replace("MODULES", "\n".join(said))


_HAN = r"[\u2014\u2026\u3000-\u9fff\uff00-\uffef]"


def joined_lines(app: Any, page: str, source: list[str]) -> None:
    """Join lines broken between two Chinese characters, where a browser would put a blank; lines of code stay."""
    if app.config.language != "en":
        parts = re.split(r"(^```.*?^```)", source[0], flags=re.MULTILINE | re.DOTALL)
        parts[::2] = [re.sub(rf"(?<={_HAN})\n(?={_HAN})", "", part) for part in parts[::2]]
        source[0] = "".join(parts)


def setup(app: Any) -> None:
    """Connect the language switch and what is filled in."""
    app.connect("html-page-context", other_language)
    for fill in (tables, modules, joined_lines):
        app.connect("source-read", fill)
