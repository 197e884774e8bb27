"""The pages in a real browser: nothing asked of the network, every chart drawn, nothing cut, and readable by all."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from aftersales_app.reports.single_file import single_file
from once import made_once

pytestmark = pytest.mark.slow
WIDTHS = (1280, 768, 390)  # a desk, a tablet, a phone
PAPER = 688  # CSS pixels between the margins of an A4 page: 210 mm - 2 x 14 mm
PATIENCE = 180_000  # ms: a busy machine reads plotly's five megabytes slowly
HEAVIEST = 150_000  # bytes of a page beside the shared script (issue 6, 3)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")

DRAWN = """() => [...document.querySelectorAll('figure.chart')].filter(f => f.querySelector('.plot-data')).map(f => {
  const box = f.querySelector('.plot'), svg = box.querySelector('svg.main-svg');
  const marks = box.querySelectorAll('.plot path, .barlayer path, .scatterlayer path, .heatmaplayer image, .shapelayer path');
  return {id: f.id, drawn: !!svg && marks.length > 0 && svg.getBoundingClientRect().height > 60};
})"""
# Words of a chart that leave its picture, and blocks that leave the page. What scrolls by itself may be wider.
CUT = """width => {
  const found = [];
  for (const box of document.querySelectorAll('figure.chart .plot')) {
    const frame = box.getBoundingClientRect();
    for (const text of box.querySelectorAll('svg text')) {
      const r = text.getBoundingClientRect();
      if (!text.textContent.trim() || !r.width) continue;
      if (r.left < frame.left - 2 || r.right > frame.right + 2 || r.top < frame.top - 2 || r.bottom > frame.bottom + 2)
        found.push(box.id + ': ' + text.textContent.slice(0, 40));
    }
  }
  for (const each of document.querySelectorAll('main *, header *, footer *')) {
    if (each.closest('.scroll, .plot, .pages, .skip') && !each.matches('.scroll, .plot')) continue;
    const r = each.getBoundingClientRect();
    if (r.width && r.height && r.right > width + 1) found.push(each.tagName + '.' + each.className + ' ends at ' + Math.round(r.right));
  }
  return found;
}"""
OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('figure.chart .plot')) {
    const words = [...svg.querySelectorAll('.annotation text, .xtick text, .ytick text')]
      .filter(t => t.textContent.trim()).map(t => [t.textContent.trim().slice(0, 30), t.getBoundingClientRect()]);
    for (let i = 0; i < words.length; i++) for (let j = i + 1; j < words.length; j++) {
      const [a, p] = words[i], [b, q] = words[j];
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left), tall = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (wide > 4 && tall > 5) found.push(svg.id + ': "' + a + '" on "' + b + '"');
    }
  }
  return found;
}"""

TABLES_CUT = """() => [...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => 'table cut: ' + e.getAttribute('aria-label'))"""


@dataclass
class Visit:
    """What was seen of one page."""

    name: str
    weight: int
    faults: list[str] = field(default_factory=list)  # console errors, page errors
    asked: set[str] = field(default_factory=set)  # every address the page asked for
    charts: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    cut: dict[str, list[str]] = field(default_factory=dict)
    overlaps: dict[str, list[str]] = field(default_factory=dict)
    axe: list[str] = field(default_factory=list)
    dead_links: list[str] = field(default_factory=list)


def watched(page: Any, current: Callable[[], Visit]) -> None:
    """Note what the page says and asks for, in the visit that is current when it does."""
    page.on("console", lambda m: current().faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: current().faults.append(str(error)))
    page.on("request", lambda request: current().asked.add(request.url))


def settled(page: Any) -> None:
    """Two frames after whatever was done, so that a chart drawn anew at another width is there."""
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20))))"
    )


def violations(page: Any) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false})", RULES
    )
    return [f"{v['id']} ({v['impact']}): {n['target']}" for v in found["violations"] for n in v["nodes"]]


def opened(page: Any, path: Path) -> None:
    page.goto(path.as_uri(), timeout=PATIENCE)
    page.wait_for_function("() => (document.getElementById('explorer') || {dataset: {answers: 1}}).dataset.answers")


@pytest.fixture(scope="module")
def visits(chromium: Any, pages: list[Path], reports: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Visit]:
    """Every page opened once: at three widths and on paper; the whole shop's looked at by axe-core, but for those that
    differ in language alone, and its overview drawn.

    Once for all workers. The pictures stay in the test's folder, for whoever wants to look.
    """
    folder = made_once(tmp_path_factory, "visits", lambda pictures: _visit(chromium, pages, reports, pictures))
    return pickle.loads((folder / "visits").read_bytes())


def _visit(chromium: Any, pages: list[Path], reports: Path, pictures: Path) -> None:
    found = list[Visit]()
    with chromium.new_context(viewport={"width": WIDTHS[0], "height": 900}, offline=True) as context:
        page = context.new_page()  # one for all: the browser then reads plotly's five megabytes once
        watched(page, lambda: found[-1])
        for path in pages:
            name = "_".join(path.relative_to(reports).with_suffix("").parts)
            visit = Visit(name, path.stat().st_size)
            found.append(visit)
            page.emulate_media(media="screen")
            page.set_viewport_size({"width": WIDTHS[0], "height": 900})
            opened(page, path)
            page.evaluate("() => document.querySelectorAll('.fold, .rest').forEach(fold => (fold.open = true))")
            links = page.evaluate("() => [...document.querySelectorAll('a[href]')].map(a => a.href.split('#')[0])")
            visit.dead_links = [a for a in set(links) if not Path(a.removeprefix("file://")).is_file()]
            overview = path.name.startswith("index")
            if overview or (path.is_relative_to(reports / "demo") and not path.match("*.en.html")):
                visit.axe = violations(page)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                settled(page)
                visit.charts[width] = page.evaluate(DRAWN)
                visit.cut[f"{width}"] = page.evaluate(CUT, width)
                visit.overlaps[f"{width}"] = page.evaluate(OVERLAPS)
                if overview and path.is_relative_to(reports / "demo"):
                    page.screenshot(path=pictures / f"{name}_{width}.png", full_page=True)
            page.set_viewport_size({"width": PAPER, "height": 900})
            page.emulate_media(media="print")
            page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
            settled(page)
            visit.cut["paper"] = page.evaluate(CUT, PAPER) + page.evaluate(TABLES_CUT)
    (pictures / "visits").write_bytes(pickle.dumps(found))


def test_no_page_asks_for_anything_but_its_own_files(visits, reports):
    own = reports.as_uri()
    assert {v.name: [a for a in v.asked if not a.startswith((own, "data:", "blob:"))] for v in visits} == {
        v.name: [] for v in visits
    }


def test_no_error_and_no_warning_on_the_console(visits):
    assert {v.name: v.faults for v in visits if v.faults} == {}


def test_every_chart_is_drawn_at_every_width(visits):
    lost = [
        (v.name, width, c["id"]) for v in visits for width, charts in v.charts.items() for c in charts if not c["drawn"]
    ]
    assert lost == []
    assert sum(len(v.charts[WIDTHS[0]]) for v in visits) > 30


def test_nothing_is_cut_at_any_width_nor_on_paper(visits):
    assert {f"{v.name} {where}": cut for v in visits for where, cut in v.cut.items() if cut} == {}


def test_no_words_of_a_chart_lie_on_one_another(visits):
    assert {f"{v.name} {where}": lie for v in visits for where, lie in v.overlaps.items() if lie} == {}


def test_axe_finds_nothing_in_either_language(visits):
    assert {v.name: v.axe for v in visits if v.axe} == {}


def test_every_link_leads_to_a_page_that_is_there(visits):
    assert {v.name: v.dead_links for v in visits if v.dead_links} == {}


def test_pages_are_light_beside_the_shared_script(visits):
    assert {v.name: v.weight for v in visits if v.weight > HEAVIEST} == {}


def test_night_has_enough_contrast_too(chromium, reports):
    with chromium.new_context(color_scheme="dark", viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        for name in ("index.html", "problem-products.en.html"):
            [path] = reports.glob(f"demo/*/{name}")
            opened(page, path)
            assert violations(page) == []
            background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
            assert sum(json.loads(background.removeprefix("rgb").replace("(", "[").replace(")", "]"))) < 120


def test_the_whole_page_can_be_walked_by_keyboard(chromium, reports):
    """Tab reaches every link, summary and scrolling table in the order they stand in; the first one skips to the answer."""
    [path] = reports.glob("demo/*/index.html")
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        opened(page, path)
        want = page.evaluate(
            "() => [...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')]"
            ".filter(e => e.checkVisibility()).map((e, i) => (e.dataset.stop = i))"
        )
        got = []
        for _ in want:
            page.keyboard.press("Tab")
            got.append(page.evaluate("() => Number(document.activeElement.dataset.stop)"))
            ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert ring != "none", page.evaluate("() => document.activeElement.outerHTML.slice(0, 100)")
        assert got == list(want)
        opened(page, path)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("() => location.hash") == "#main"
        page.locator(".fold > summary").press("Enter")
        summary = page.locator("figure.chart summary").first
        summary.focus()
        page.keyboard.press("Enter")
        assert page.locator("figure.chart details[open] table").first.is_visible()


def test_without_script_the_tables_are_open_and_a_sentence_says_so(chromium, reports):
    [path] = reports.glob("demo/*/index.en.html")
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        opened(page, path)
        assert page.locator("noscript p").first.is_visible()
        page.locator(".fold > summary").click()
        assert page.locator("figure.chart details table").first.is_visible()
        assert not page.locator("figure.chart .plot").first.is_visible()


@pytest.mark.parametrize("name", ["index.html", "refund-trends.en.html"])
def test_the_single_file_opens_alone(chromium, reports, tmp_path, name):
    [path] = reports.glob(f"demo/*/{name}")
    alone = tmp_path / "alone" / "report.html"
    alone.parent.mkdir()
    alone.write_bytes(single_file(path))
    visit = Visit(name, alone.stat().st_size)
    with chromium.new_context(offline=True) as context:
        page = context.new_page()
        watched(page, lambda: visit)
        opened(page, alone)
        charts = page.evaluate(DRAWN)
        assert charts
        assert all(c["drawn"] for c in charts)
        assert visit.asked == {alone.as_uri()}
        assert visit.faults == []
        assert violations(page) == []


def test_the_overview_prints_to_a_few_whole_pages(chromium, reports, tmp_path):
    [path] = reports.glob("demo/*/index.html")
    with chromium.new_context() as context:
        page = context.new_page()
        opened(page, path)
        printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert 2 <= printed.count(b"/Type /Page\n") <= 8
