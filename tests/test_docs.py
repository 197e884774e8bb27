"""The documentation: both languages alike, every code block run, every command taken, every link leading somewhere."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl
import pytest
import typer

from aftersales.sources.layout import Computed, Emit, Layout, load_layouts
from aftersales.sources.read import read_export
from aftersales_app.cli import app

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(p.name for p in (DOCS / "en").glob("*.md"))
LAYOUTS = (DOCS / "en" / "layouts.md").read_text("utf-8")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_EXAMPLE = re.compile(r"`(.+?)`.*?```toml\n(.*?)```\n```text\n(.*?)```\n```text\n(.*?)\n```", re.DOTALL)
EXAMPLES = [found.groups() for part in LAYOUTS.split("\n## ") if (found := _EXAMPLE.match(part))]


def blocks(page: Path, kind: str) -> list[str]:
    return [text for found, text in _BLOCK.findall(page.read_text("utf-8")) if found == kind]


def commands(text: str) -> list[str]:
    """The calls of the program in a page: lines of a terminal, of an indented block, or words in code."""
    lines = re.findall(r"^(?:\$ |    |\d\. `)(?:\.venv/bin/)?(aftersales [^\n#`]*)", text, re.MULTILINE)
    return [line.strip() for line in lines if " | " not in line]  # a line of alternatives is no command


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_show_the_same_code_and_commands(name):
    english, chinese = (DOCS / language / name for language in ("en", "zh"))
    for kind in ("python", "toml"):
        said = ["".join(blocks(page, kind)) for page in (english, chinese)]
        assert said[0] == said[1].replace('"zh")', '"en")')
    assert commands(english.read_text("utf-8")) == commands(chinese.read_text("utf-8"))
    heads = [re.findall(r"^#+", page.read_text("utf-8"), re.MULTILINE) for page in (english, chinese)]
    assert heads[0] == heads[1]


@pytest.mark.parametrize("name", [n for n in PAGES if blocks(DOCS / "en" / n, "python")])
def test_the_code_of_a_page_runs_from_top_to_bottom(name, demo, monkeypatch):
    monkeypatch.setenv("AFTERSALES_CONFIG", str(demo / "shops.toml"))
    known: dict[str, object] = {}
    for block in blocks(DOCS / "en" / name, "python"):
        exec(compile(block, name, "exec"), known)
    if name == "analysis.md":
        statements = sum(len(ast.parse(block).body) for block in blocks(DOCS / "en" / name, "python"))
        assert statements <= 10
        cells, products = known["cells"], known["products"]
        assert cells["rate_orders_before"].drop_nulls().len()
        worst = known["worst"].data.tables["orders"].collect()
        assert worst.select("courier", "province").unique().row(0) == cells.select("courier", "province").row(0)
        assert products.height
        assert products["title"].null_count() == 0
        assert set(known["complaints"]["order_id"].drop_nulls()) <= set(worst["order_id"])
    if name == "measure.md":
        assert known["late"].filter(pl.col("rate").is_between("low", "high")).height == known["late"].height > 0


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "README.zh-CN.md", *(DOCS / "en" / n for n in PAGES)], ids=lambda p: p.stem
)
def test_every_command_is_one_the_program_takes(page):
    verbs = typer.main.get_command(app).commands
    for command in commands(page.read_text("utf-8")):
        _, name, *rest = shlex.split(command)
        verbs[name].make_context(name, rest)


@pytest.mark.parametrize(("title", "toml", "csv", "expected"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_an_example_of_a_layout_is_read_as_the_page_says(tmp_path, title, toml, csv, expected):
    (tmp_path / "own.toml").write_text(toml, "utf-8")
    layouts = load_layouts([tmp_path / "own.toml"])
    readings = read_export("own.csv", layouts=layouts, currency="CNY", content=csv.encode())
    rows = [row for r in readings for row in r.frame.select("order_id", "created_at", "paid_net").iter_rows()]
    shown = [" | ".join((a, f"{b:%Y-%m-%d %H:%M}", "–" if c is None else str(c))) for a, b, c in rows]
    assert shown == expected.split("\n")


def test_every_key_of_a_layout_is_described():
    keys = {*Layout.model_fields, *Computed.model_fields, *Emit.model_fields} - {"maps", "origin"}
    for language in ("en", "zh"):
        page = (DOCS / language / "layouts.md").read_text("utf-8")
        assert [key for key in sorted(keys) if f"`{key}`" not in page and key not in page] == []
    assert len(EXAMPLES) > 10


def test_the_reference_names_every_module_of_the_analysis():
    text = (DOCS / "en" / "reference" / "index.rst").read_text("utf-8")
    named = set(re.findall(r"~aftersales\.(\w+\.\w+)", text))
    packages = [ROOT / "lib" / "aftersales" / name for name in ("stats", "measures", "findings", "advice")]
    assert named == {f"{p.parent.name}.{p.stem}" for package in packages for p in package.glob("[!_]*.py")}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The documentation, built as `make docs` builds it: a warning fails."""
    spec = importlib.util.spec_from_file_location("docs_build", DOCS / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    out = tmp_path_factory.mktemp("site")
    assert module.build(out) == 0
    return out


@pytest.mark.slow
def test_every_link_leads_somewhere_and_nothing_comes_from_the_network(site):
    pages = {p: p.read_text("utf-8") for p in site.rglob("*.html")}
    anchors = {p: set(re.findall(r'\bid="([^"]+)"', text)) for p, text in pages.items()}
    wrong = []
    for page, text in pages.items():
        if "report" in page.relative_to(site).parts:  # a report has tests of its own
            continue
        for tag, link in set(re.findall(r'<(a|link|script|img)\b[^>]*?\b(?:href|src)="([^"]*)"', text)):
            there = urlsplit(unescape(link))
            if there.scheme or there.netloc:
                if tag != "a":
                    wrong.append((page.name, link))
                continue
            target = (page.parent / unquote(there.path)).resolve() if there.path else page
            known = anchors.get(target, set())
            if not target.is_file() or (there.fragment and known and unquote(there.fragment) not in known):
                wrong.append((page.name, link))
    assert not wrong
    assert "aftersales.Shop.refund_rate" in anchors[site / "en/reference/shop.html"]
