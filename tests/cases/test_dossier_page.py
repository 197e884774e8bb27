"""The page of a dossier: hostile text neither runs nor breaks it, all evidence is printed, each copy says its own."""

from __future__ import annotations

import csv
import io
import re

import hostile_shop as hostile
import polars as pl
import pytest

from aftersales.words.language import LANGUAGES, say
from aftersales_app.cases.bundle import packed
from aftersales_app.cases.page import CHARACTERS, filing, page

# What a paper for the platform must not say: a score, or a word of suspicion.
SUSPICION = re.compile(
    r"疑似|可疑|嫌疑|可能性|恶意|欺诈|骗|刷单|弱点|suspect|suspic|probab|malicious|fraud|weakness|likel", re.IGNORECASE
)
PEOPLE = pl.DataFrame(
    [(o, hostile.text(n)[:300], hostile.text(n + 1)[:300], hostile.text(n + 3)[:300], None, hostile.text(n + 2)[:300],
      hostile.text(n)[:80] + ".csv", n) for n, o in enumerate(hostile.ORDERS)],
    schema=dict.fromkeys(("order_id", "buyer", "receiver", "mobile", "phone", "address", "file"), pl.String) | {"row": pl.Int64},
    orient="row",
)  # fmt: skip
OWN = pl.DataFrame(
    [(o, "甲", "乙", "13900000000", None, "丙路", "a.csv", 2) for o in hostile.ORDERS],
    schema=PEOPLE.schema,
    orient="row",
)


def copies(fullest, language):
    told = fullest[language]
    annex = {f"{n}.csv": "0" * 64 for n in range(7)}
    return {
        "platform": page(told, copy="platform", version="1", annex=annex, buyers=PEOPLE),
        "internal": page(told, copy="internal", version="1", annex=annex),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_text_is_shown_and_neither_runs_nor_breaks_the_page(fullest, chromium, tmp_path, language):
    for copy, html in copies(fullest, language).items():
        file = tmp_path / f"{copy}.html"
        file.write_text(html, "utf-8")
        window, asked = chromium.new_page(), []
        window.on("request", lambda request, asked=asked: asked.append(request.url))
        window.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert window.evaluate("window.ran") is None
        assert window.locator("script, iframe, object, img, link, form, [onload], [onerror], [style]").count() == 0
        shown = window.inner_text("body")
        assert "<script>window.ran=1</script>" in shown
        assert "{{7*7}}" in shown
        assert "[U+202E]" in shown
        assert "\u202e" not in shown
        # nothing sticks out of the sheet, on paper's width and on a phone
        for width in (794, 390):
            window.set_viewport_size({"width": width, "height": 900})
            assert window.evaluate("document.documentElement.scrollWidth") <= width
        printed = window.pdf(format="A4", prefer_css_page_size=True)
        assert re.search(rb"/Type\s*/Page\b", printed)
        window.close()


def test_the_platforms_copy_has_no_score_and_no_word_of_suspicion(demo_dossiers):
    for told in demo_dossiers:
        html = page(told, copy="platform", version="1", annex={}, buyers=OWN.clear())
        said = re.sub(r"<[^>]+>", " ", html)
        own_words = " ".join(
            [*told.records.messages["text"].drop_nulls(), *told.records.complaints["text"].drop_nulls()]
        )
        found = [m for m in SUSPICION.findall(said) if m not in own_words]
        assert not found, (told.case.id, found)
        for reason in (*told.suspicion.reasons, *told.suspicion.explanations, *told.weaknesses):
            assert reason not in said


def test_the_internal_copy_holds_doubts_weaknesses_and_what_speaks_for_the_buyer(demo_dossiers):
    for told in demo_dossiers:
        said = page(told, copy="internal", version="1", annex={})
        for line in (*told.suspicion.explanations, *told.weaknesses, *told.for_buyer):
            assert line.replace("'", "&#39;") in said


def test_the_internal_copy_takes_no_clear_names(fullest):
    with pytest.raises(ValueError, match="clear"):
        page(fullest["zh"], copy="internal", version="1", annex={}, buyers=OWN)


def test_every_row_of_evidence_is_printed_and_a_cut_is_marked(fullest, monkeypatch):
    told = fullest["zh"]
    html = page(told, copy="platform", version="1", annex={}, buyers=OWN)
    rows = {
        "orders": told.records.orders["order_id"].n_unique(), "messages": told.records.messages.height,
        "evidence": len([f for f in told.evidence if f.sha256]),
        "timeline": told.timeline.filter(~pl.col("source").is_in(["chat", "case"])).height,
    }  # fmt: skip
    assert min(rows.values()) > 2
    assert html.count("<tr>") >= sum(rows.values())
    monkeypatch.setattr("aftersales_app.cases.page._ROWS_MOST", 2)
    cut = page(told, copy="platform", version="1", annex={}, buyers=OWN)
    for file in ("timeline.csv", "messages.csv", "evidence.csv", "orders.csv"):
        assert re.search(rf"(中间|其余|全部) \d+ 条[^<]*{file}", cut), file


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_statement_to_paste_fits_the_platforms_form(demo_dossiers, fullest, language):
    for told in (*demo_dossiers, fullest[language]):
        text = filing(told)
        assert len(text) <= CHARACTERS
        assert text.endswith(say(f"dossier.ask.{told.kind}", told.language, market=told.market))
        against = told.claims.filter(~pl.col("check").is_in(["none", "demand"]))["record"]
        if against.len() and len(against[0]) < 200:
            assert against[0] in text
        assert not SUSPICION.search(text.replace(told.statement, ""))


@pytest.mark.parametrize("copy", ["platform", "internal"])
def test_no_cell_of_an_annex_runs_in_a_spreadsheet(fullest, hostile_parts, copy):
    import zipfile

    buyers = PEOPLE if copy == "platform" else None
    _, content, _ = packed(fullest["zh"], copy=copy, version="1", evidence_folder=hostile_parts[2], buyers=buyers)
    archive = zipfile.ZipFile(io.BytesIO(content))
    tables = [n for n in archive.namelist() if n.endswith(".csv")]
    assert len(tables) >= 5
    for name in tables:
        rows = list(csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1
        for cell in (cell for row in rows for cell in row):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")), (name, cell[:40])
            assert len(cell) < 32_767
            assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", cell)
            assert not (cell.isdigit() and len(cell) > 15)
