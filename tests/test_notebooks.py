"""Notebooks are essays: their shape, and that every one runs on the demo shop (that part: `--nbval-lax`)."""

from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import nbformat
import pytest
from papermill import inspect_notebook

from aftersales.words.language import say
from aftersales_app.reports.contents import SECTIONS, sections_of
from aftersales_app.reports.job import ReportJob

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
BOOKS = sorted(FOLDER.glob("*.ipynb"))
CLOSING = ("Actions", "Limitations", "Definitions")


def cells(book, kind=None):
    return [c for c in nbformat.read(book, 4).cells if kind is None or c.cell_type == kind]


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


@pytest.fixture(params=BOOKS, ids=lambda b: b.stem)
def book(request):
    return request.param


def test_the_only_h1_is_a_question(book):
    heads = re.findall(r"^# (.+)$", "\n".join(c.source for c in cells(book, "markdown")), re.MULTILINE)
    assert len(heads) == 1
    assert "?" in heads[0] or "？" in heads[0]


def test_a_page_bears_the_name_that_sentences_give_it_and_stands_in_a_section(book):
    meta = nbformat.read(book, 4).metadata.aftersales
    if meta.page != "start-here":  # no sentence sends there
        assert meta.title == {lang: say(f"start_here.page.{meta.page}.title", lang) for lang in ("zh", "en")}
    assert meta.section in SECTIONS


def test_the_navigation_has_six_sections_and_one_for_analysts(tmp_path):
    job = ReportJob("s", "2026-W46", ("en",), tuple(BOOKS), None, "1", tmp_path, tmp_path)
    shown = sections_of(job, BOOKS[7], "en")
    assert [s["title"] for s in shown] == [
        "Overview", "Refunds", "Complaints", "Products", "Risk", "Actions and results", "Data and analysis",
    ]  # fmt: skip
    [current] = [s for s in shown if s["current"]]
    assert [(p["title"], p["current"]) for p in current["pages"]] == [
        ("Suspected malicious orders", False), ("Suspected malicious complaints", True), ("Case dossier", False),
    ]  # fmt: skip


def test_blocks_are_given_the_page_s_look_in_the_lab(book):
    first = [c.source for c in cells(book, "code")][:3]
    assert any(source.rstrip().endswith("asa.LabStyle()") for source in first)


def test_who_asks_and_what_hangs_on_it_stand_at_the_top(book):
    assert len(cells(book)[0].source.splitlines()) >= 3
    assert cells(book)[0].cell_type == "markdown"


def test_parameters_are_typed_and_each_has_its_help(book):
    found = inspect_notebook(str(book))
    assert {"shop", "week", "language"} <= set(found)
    for parameter in found.values():
        assert parameter["inferred_type_name"] not in (None, "None"), parameter
        assert parameter["help"], parameter


def test_code_cells_are_short_and_hold_no_machinery(book):
    code = [c for c in cells(book, "code") if "parameters" not in c.metadata.get("tags", [])]
    lengths = [len(lines(c)) for c in code]
    assert median(lengths) <= 2
    assert max(lengths) <= 8
    text = "\n".join(c.source for c in code)
    assert not re.search(
        r"\bdef |^\s*for |\bpl\.|\bpx\.|update_layout|sys\.path|(?<!asa\.)open\(|write", text, re.MULTILINE
    )


def test_code_never_stands_without_words_before_it(book):
    run = 0
    for cell in cells(book):
        run = run + 1 if cell.cell_type == "code" else 0
        assert run <= 3  # parameters, set-up, the answer


def test_headings_alone_tell_the_story_and_the_closing_parts_are_there(book):
    heads = re.findall(r"^## (.+)$", "\n".join(c.source for c in cells(book, "markdown")), re.MULTILINE)
    assert len(heads) >= 4
    if book.stem != "00-start-here":
        for closing in CLOSING:
            assert any(closing in h for h in heads), closing


def test_something_is_promised_and_outputs_are_stripped(book):
    shown = [c for c in cells(book, "code") if "show" in c.metadata.get("tags", [])]
    assert shown
    assert not any(c.get("outputs") for c in cells(book, "code"))


def test_no_number_or_verdict_is_typed_by_hand(book):
    said = "\n".join(c.source for c in cells(book, "markdown"))
    assert not re.search(r"\d+(\.\d+)?\s?%|¥\s?\d", said.replace("90 %", "").replace("90%", ""))
