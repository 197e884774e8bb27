"""Every record shows itself, twice the same, in both languages, and lets nothing hostile through."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest
from chart_samples import BLOCKS, CHARTS

from aftersales.charts.figure import PLOTLY_TYPE, Chart, nothing
from aftersales.charts.table import Column, Table
from aftersales.words.errors import UsageError
from aftersales.words.language import LANGUAGES, Language

MOST_BYTES = 15_000  # a page of ten charts stays under 150 kB
ALLOWED = {
    "figure", "h3", "p", "div", "script", "figcaption", "details", "summary", "table", "thead", "tbody", "tr", "th",
    "td", "section", "ol", "ul", "li", "strong", "span", "b", "svg", "rect", "path", "circle", "blockquote", "code",
    "article", "dl", "dt", "dd",
}  # fmt: skip


class Reader(HTMLParser):
    """What a browser would see: tags, attributes, open elements, the text of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)


def bundle(record: Any) -> dict[str, Any]:
    shown = record._repr_mimebundle_()
    return shown[0] if isinstance(shown, tuple) else shown


EVERY = [(name, lang) for name in (*CHARTS, *BLOCKS) for lang in LANGUAGES]


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_html_is_whole_and_nothing_in_it_runs(name: str, language: Language) -> None:
    html = bundle({**CHARTS, **BLOCKS}[name](language))["text/html"]
    reader = Reader(html)
    assert not reader.open
    assert set(reader.tags) <= ALLOWED
    names = {attribute for attribute, _ in reader.attributes}
    assert not {a for a in names if a.startswith("on")} | (names & {"style", "href", "src"})
    assert "\u202e" not in html
    assert all(json.loads(text) for text in reader.scripts)
    kinds = [value for attribute, value in reader.attributes if attribute == "type"]
    assert kinds == ["application/json"] * reader.tags.count("script")


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_same_input_gives_same_bytes(name: str, language: Language) -> None:
    make = {**CHARTS, **BLOCKS}[name]
    assert json.dumps(bundle(make(language))) == json.dumps(bundle(make(language)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_has_both_types_from_one_figure(name: str, language: Language) -> None:
    chart = CHARTS[name](language)
    shown = bundle(chart)
    html = shown["text/html"]
    assert f'<figure class="as-block chart" id="{chart.id}"' in html
    assert f'id="{chart.id}-plot" role="img" aria-label="' in html
    assert "<details open>" in html, "without scripts the table must be open"
    page, lab = json.loads(Reader(html).scripts[0]), shown[PLOTLY_TYPE]
    assert page["data"] == lab["data"]
    assert go.Figure({k: lab[k] for k in ("data", "layout")}).data, "plotly must accept what JupyterLab gets"
    said = " ".join(note["text"].replace("<br>", " ") for note in lab["layout"]["annotations"])
    assert re.sub(r"\W", "", chart.title)[:8] in re.sub(r"&\w+;|\W", "", said), "the finding is readable in the lab"
    assert "bdata" not in html, "numbers stay readable, not base64"
    assert len(html.encode()) <= MOST_BYTES


@pytest.mark.parametrize("name", CHARTS)
def test_the_languages_differ_in_words_only(name: str) -> None:
    zh, en = CHARTS[name]("zh"), CHARTS[name]("en")
    assert zh.caption != en.caption
    assert [len(t.get("y") or ()) for t in zh.spec()["data"]] == [len(t.get("y") or ()) for t in en.spec()["data"]]


@pytest.mark.parametrize("name", CHARTS)
def test_every_colour_has_a_dark_partner(name: str) -> None:
    from aftersales.charts.theme import LIGHT

    used = set(re.findall(r'"(#[0-9A-Fa-f]{6})"', CHARTS[name]("en").html()))
    assert used <= set(LIGHT.values())


def test_an_empty_frame_gives_a_sentence_and_no_plot() -> None:
    shown = nothing("none", "zh")._repr_mimebundle_()
    assert PLOTLY_TYPE not in shown
    assert 'id="none"' in shown["text/html"]
    assert "plot-data" not in shown["text/html"]


@pytest.mark.parametrize("bad", ["", "Über", "1a", 'a"b', "a b", "<x>"])
def test_an_id_that_could_break_out_is_refused(bad: str) -> None:
    with pytest.raises(UsageError, match="An id is made of"):
        Chart(bad, "t", go.Figure(), pl.DataFrame(), (), language="en")


def test_a_table_says_which_columns_it_lacks() -> None:
    with pytest.raises(UsageError, match="no_such"):
        Table(pl.DataFrame({"a": [1]}), (Column("no_such", "x"),), language="en", id="t")
