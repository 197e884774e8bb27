"""What the lab adds, without a browser: tables to look around in, the form's values, the page's look in one output."""

from __future__ import annotations

import re

import polars as pl
import pytest

from aftersales.charts.explore import explore
from aftersales.charts.lab_style import LabStyle
from aftersales.charts.table import Column, Table
from aftersales.sources.settings import load_settings
from aftersales.words.errors import UsageError
from aftersales_app.form import form, weeks_of

HOSTILE = "<script>alert(1)</script>"


def test_a_block_is_explored_under_its_own_headings_with_raw_values():
    frame = pl.DataFrame(
        {
            "title": [HOSTILE, "Lamp"],
            "rate": [0.327, 0.08],
            "low": [0.2, 0.05],
            "high": [0.4, 0.1],
            "recent": [[1.0], [2.0]],
            "tone": ["signal", "plain"],
        }
    )
    columns = (
        Column("title", "Product", tone="tone"),
        Column("rate", "Rate", "bar", low="low", high="high"),
        Column("recent", "Weeks", "spark"),
    )
    found = explore(Table(frame, columns, language="en", id="t", total=9))
    assert found.frame.columns == ["Product", "Rate", "low", "high"]
    assert found.frame["Rate"].to_list() == [0.327, 0.08]
    html = found.html()
    assert HOSTILE not in html
    assert "9" in html


def test_two_columns_under_one_heading_stay_apart():
    columns = (Column("a", "Rate"), Column("b", "Rate"))
    found = explore(Table(pl.DataFrame({"a": [1], "b": [2]}), columns, language="en", id="t"))
    assert found.frame.columns == ["Rate", "Rate (2)"]


def test_exploring_leaves_the_page_alone_and_refuses_what_is_no_table():
    assert explore(pl.DataFrame({"a": [1]}))._repr_mimebundle_()[1] == {"aftersales": {"lab_only": True}}
    with pytest.raises(UsageError, match="a row"):
        explore(pl.DataFrame({"a": [1]}), rows=0)


def test_the_style_is_the_page_s_own_and_stays_inside_our_outputs():
    shown, about = LabStyle()._repr_mimebundle_()
    css = shown["text/html"]
    assert about == {"aftersales": {"lab_only": True}}
    for rule in (".as-case .sides", ".tile.signal", ".heat .h5", "svg.spark"):
        assert rule in css
    assert css.count("{") == css.count("}")
    outermost = re.findall(r"(?m)^([.\[][^\n{]*)\{", re.sub(r"(?s)\{[^{}]*\}", "", css.replace("\n", "\n")))
    assert all("as-block" in head or "plotly" in head for head in outermost)
    assert "@media print" not in css


def test_the_form_knows_the_shops_weeks_and_what_a_notebook_takes(demo):
    settings = load_settings(demo / "shops.toml")
    weeks = weeks_of(settings, settings.shop("demo"))
    assert len(weeks) == 60
    assert weeks == sorted(weeks, key=lambda week: week.monday, reverse=True)
    made = form("refund-trends", config=demo / "shops.toml")
    assert made.chosen == "03-refund-trends"
    assert {"shop", "week", "language"} <= set(made.table().frame["name"])
    with pytest.raises(UsageError, match="no notebook 'nothing'"):
        form("nothing", config=demo / "shops.toml")


def test_the_form_refuses_what_a_notebook_does_not_take(demo):
    made = form("start-here", config=demo / "shops.toml")
    with pytest.raises(UsageError, match="colour"):
        made.run(shop="basic", colour="blue")
    with pytest.raises(UsageError, match="no shop"):
        made.run(shop="nobody")
