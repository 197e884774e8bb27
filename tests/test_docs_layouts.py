"""docs/layouts.md: every example is run, and every key is described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aftersales.sources.layout import Computed, Emit, Layout, load_layouts
from aftersales.sources.read import read_export

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "layouts.md").read_text("utf-8")
_EXAMPLE = re.compile(r"`(.+?)`.*?```toml\n(.*?)```\n```csv\n(.*?)```\n```text\n(.*?)\n```", re.DOTALL)
EXAMPLES = [found.groups() for part in PAGE.split("\n## ") if (found := _EXAMPLE.match(part))]


@pytest.mark.parametrize(("title", "toml", "csv", "expected"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_an_example_is_read_as_the_page_says(tmp_path, title, toml, csv, expected):
    (tmp_path / "own.toml").write_text(toml, "utf-8")
    layouts = load_layouts([tmp_path / "own.toml"])
    readings = read_export("own.csv", layouts=layouts, currency="CNY", content=csv.encode())
    rows = [row for r in readings for row in r.frame.select("order_id", "created_at", "paid_net").iter_rows()]
    shown = [" | ".join((a, f"{b:%Y-%m-%d %H:%M}", "–" if c is None else str(c))) for a, b, c in rows]
    assert shown == expected.split("\n")


def test_every_key_is_described():
    keys = {*Layout.model_fields, *Computed.model_fields, *Emit.model_fields} - {"maps", "origin"}
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE and key not in PAGE] == []
    assert len(EXAMPLES) > 10
