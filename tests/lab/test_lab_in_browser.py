"""Notebooks in a real JupyterLab in a real browser: every cell runs, charts are drawn, tables searched, the form works."""

from __future__ import annotations

import re
import shutil

import pytest
from lab_server import LAB, running_lab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LAB.is_file(), reason="JupyterLab is not here: make .venv-lab/.lab"),
]
SECONDS = 1_000  # milliseconds
AT_WORK = "window.jupyterapp?.shell?.currentWidget"
KERNEL = f"{AT_WORK}?.sessionContext?.session?.kernel?.status"
OUTPUTS = f"""{AT_WORK}.content.widgets.map(cell => cell.model.toJSON()).filter(cell => cell.cell_type === 'code')
    .map(cell => cell.outputs)"""


@pytest.fixture(scope="module")
def lab(demo, root, chromium, tmp_path_factory):
    """A page of the lab on the demo shop, and what it asked of anybody else."""
    shutil.copytree(root / "notebooks", demo / "notebooks", dirs_exist_ok=True)
    with running_lab(demo, tmp_path_factory.mktemp("lab"), config=demo / "shops.toml") as (address, token):
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(120 * SECONDS)
        page.outside = []
        own = re.compile(rf"(http|ws)://{re.escape(address.partition('://')[2])}|data:|blob:")
        page.on("request", lambda request: None if own.match(request.url) else page.outside.append(request.url))
        page.lab = lambda path: page.goto(f"{address}/lab/tree/{path}?token={token}&reset")
        yield page
        page.close()
    shutil.rmtree(demo / "notebooks")


def run_all(page, name):
    """Open a notebook and run all its cells; the outputs of each code cell."""
    page.lab(f"notebooks/{name}.ipynb")
    page.wait_for_function(f"{KERNEL} === 'idle'")
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(
        f"{AT_WORK}.content.widgets.filter(c => c.model.type === 'code').every(c => c.model.executionCount)"
    )
    page.wait_for_function(f"{KERNEL} === 'idle'")
    return page.evaluate(OUTPUTS)


def no_error(outputs):
    assert [o for cell in outputs for o in cell if o["output_type"] == "error"] == []


def test_charts_and_tables_show_as_richly_as_on_the_page(lab):
    outputs = run_all(lab, "03-refund-trends")
    no_error(outputs)
    figures = sum("application/vnd.plotly.v1+json" in o.get("data", {}) for cell in outputs for o in cell)
    assert figures >= 4
    drawn = "[...document.querySelectorAll('.js-plotly-plot')].filter(plot => plot.querySelector('.main-svg .trace'))"
    lab.wait_for_function(f"{drawn}.length === {figures}")
    assert lab.locator(".jp-RenderedHTML .as-block table").count() > 0
    text, number = (
        lab.locator(f".as-block td{kind}").first.evaluate("cell => getComputedStyle(cell).textAlign")
        for kind in (":not(.num, .pic)", ".num")
    )
    assert (text, number) == ("left", "right")
    assert lab.outside == []


def test_by_night_the_blocks_are_dark_too(lab):
    def ground():
        colour = lab.locator(".as-verdict").first.evaluate("block => getComputedStyle(block).backgroundColor")
        return sum(int(n) for n in re.findall(r"\d+", colour)[:3])

    assert ground() > 600
    lab.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    lab.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    assert ground() < 150
    lab.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    lab.wait_for_selector("body[data-jp-theme-light=true]", state="attached")


def test_the_tour_runs_and_its_form_and_its_searchable_table_work(lab, demo):
    no_error(run_all(lab, "00-start-here"))
    # the table: searching leaves what was searched for, and the buttons for export are there
    table = lab.locator(".jp-OutputArea-output .dt-container").first
    table.wait_for()
    rows = table.locator("tbody tr")
    title = rows.first.locator("td").first.inner_text()
    table.locator("input[type=search]").fill(title)
    lab.wait_for_function("one => one.querySelectorAll('tbody tr').length === 1", arg=table.element_handle())
    assert rows.first.locator("td").first.inner_text() == title
    assert {"CSV", "Excel"} <= set(table.locator(".dt-buttons button").all_inner_texts())
    # the form: another shop has other weeks; running shows the answer and the page
    form = lab.locator(".jp-OutputArea-output .widget-vbox").first
    chosen = form.locator("select")
    assert chosen.count() >= 4
    chosen.nth(1).select_option(label="晴野女装店 (basic)")
    week = chosen.nth(2).locator("option").first.inner_text()[:8]
    assert re.fullmatch(r"\d{4}-W\d\d", week)
    form.locator("button").click()
    link = form.locator("a[href*='_lab']")
    link.wait_for(timeout=240 * SECONDS)
    assert form.locator(".as-verdict").count() == 1
    page = demo / "reports" / "_lab" / "basic" / week / "02-weekly-overview" / "index.html"
    assert "晴野女装店" in page.read_text("utf-8")
    assert not (demo / "reports" / "basic" / week / "_lab").exists()
    assert lab.outside == []
