"""Contrast is computed, colours stand once, and every word the charts use is in the catalogue."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import plotly
import pytest

from aftersales.charts.theme import DARK, LIGHT, SIZES, TEXT_COLOURS, contrast
from aftersales.words.language import catalogue

CHARTS = Path(__file__).parents[2] / "lib" / "aftersales" / "charts"
TEMPLATE = CHARTS.parents[1] / "aftersales_app" / "reports" / "template"
AA_TEXT, AA_GRAPHICS = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("colour", TEXT_COLOURS)
@pytest.mark.parametrize("ground", ["card", "page"])
def test_text_can_be_read(palette: dict[str, str], colour: str, ground: str) -> None:
    assert contrast(palette[colour], palette[ground]) >= AA_TEXT


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_marks_can_be_seen(palette: dict[str, str]) -> None:
    assert contrast(palette["muted"], palette["band"]) >= AA_TEXT, "labels stand on the normal range"
    for colour in ("blue", "orange", "grey"):
        assert contrast(palette[colour], palette["card"]) >= AA_GRAPHICS


def test_ink_stays_readable_on_the_darkest_shade_of_a_heat_table() -> None:
    for palette in (LIGHT, DARK):
        mixed = "#" + "".join(
            f"{round(0.4 * int(palette['blue'][i : i + 2], 16) + 0.6 * int(palette['card'][i : i + 2], 16)):02X}"
            for i in (1, 3, 5)
        )
        assert contrast(palette["ink"], mixed) >= AA_TEXT


def test_palettes_have_the_same_names_and_no_colour_twice() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert len(set(LIGHT.values())) == len(LIGHT), "the script exchanges colours by value"


def test_style_sheet_and_script_hold_the_same_colours() -> None:
    css = (CHARTS / "page.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", css, re.S)
    for palette, block in zip((LIGHT, DARK), blocks, strict=True):
        said = dict(re.findall(r"--([a-z-]+): (#[0-9A-F]{6})", block))
        assert said == {name.replace("_", "-"): value for name, value in palette.items()}
    script = (TEMPLATE / "assets" / "aftersales.js").read_text("utf-8")
    pairs = dict(re.findall(r'"(#[0-9A-F]{6})": "(#[0-9A-F]{6})"', script))
    assert pairs == {LIGHT[name]: DARK[name] for name in LIGHT}


def test_the_page_uses_no_size_beside_the_scale() -> None:
    css = (CHARTS / "page.css").read_text("utf-8")
    sizes = {float(s) for s in re.findall(r"font(?:-size)?: ([\d.]+)px", css)}
    assert sizes <= set(SIZES.values())


def test_colours_stand_in_the_theme_only() -> None:
    for file in CHARTS.glob("*.py"):
        if file.name != "theme.py":
            assert not re.findall(r"#[0-9A-Fa-f]{6}\b", file.read_text("utf-8")), file.name


def test_every_sentence_asked_for_is_in_the_catalogue() -> None:
    words = catalogue()
    asked = {key for file in CHARTS.glob("*.py") for key in re.findall(r'"(charts\.[a-z0-9_.]+)"', file.read_text())}
    assert asked
    assert asked <= words.keys()
    for key in (k for k in words if k.startswith("charts.")):
        assert not re.search(r"[\u4e00-\u9fff]", words[key]["en"]), key


def test_the_policy_allows_what_plotly_puts_into_every_page_and_no_more() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', (TEMPLATE / "page.html.j2").read_text("utf-8"))
    assert policy
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]
    script = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_text("utf-8")
    style = re.search(
        r"createElement\(\"style\"\);\w+\.id=\"[0-9a-f]{64}\",\w+\.textContent='(.*?)',document", script, re.S
    )
    assert style
    digest = hashlib.sha256(style[1].encode("utf-8").decode("unicode_escape").encode()).digest()
    assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy[1]
