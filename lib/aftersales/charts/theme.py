"""The look, once: two palettes, one type scale, and the quiet layout every figure starts from.

Blue is the measure, orange a signal, grey everything ordinary. Red and green are never used: in China red also means
"up", and to one man in twelve the two look alike. Colour never stands alone; a word or a symbol says the same.
The dark palette is not written into figures: the page's script exchanges each light colour for its dark partner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import plotly.graph_objects as go

from aftersales.words.language import Language

# Computed contrast stands in tests/charts/test_theme.py: text colours reach 4.5 : 1 on card and page (WCAG 2.2 AA).
LIGHT: Final[Mapping[str, str]] = {
    "ink": "#1F2933", "muted": "#56626B", "blue": "#0B63A5", "orange": "#B24A00", "grey": "#8A96A1",
    "pale": "#B5BFC9", "rule": "#E4E9EE", "band": "#E1E8ED", "card": "#FFFFFF", "page": "#F5F7F9",
    "blue_soft": "#A9CBE6", "orange_soft": "#F0C9A8",
}  # fmt: skip
DARK: Final[Mapping[str, str]] = {
    "ink": "#E6EAEE", "muted": "#A9B4BF", "blue": "#6CB2EE", "orange": "#F2994A", "grey": "#7B8794",
    "pale": "#56616D", "rule": "#323B45", "band": "#2A343E", "card": "#1B2229", "page": "#12171C",
    "blue_soft": "#2F5573", "orange_soft": "#6B4423",
}  # fmt: skip
TEXT_COLOURS: Final = ("ink", "muted", "blue", "orange")

# One scale, in CSS pixels, page and charts alike.
SIZES: Final[Mapping[str, float]] = {
    "title": 30, "value": 27, "section": 20, "card": 17.5, "body": 15, "small": 13, "tiny": 12.5,
}  # fmt: skip

_LATIN = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial'
_HAN = '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC"'
# Chinese and Latin share the code points of quotes, dash and middle dot; page.css gives "ZH punct" those alone.
FONTS: Final[Mapping[Language, str]] = {
    "zh": f'"ZH punct", {_LATIN}, {_HAN}, sans-serif',
    "en": f"{_LATIN}, {_HAN}, sans-serif",
}

_AXIS: Final[Mapping[str, Any]] = {
    "fixedrange": True, "zeroline": False, "showline": False, "automargin": True, "tickangle": 0,
    "tickfont": {"size": SIZES["tiny"], "color": LIGHT["muted"]}, "ticklabelstandoff": 5,
}  # fmt: skip


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21. Formula: WCAG 2.2, relative luminance.

    >>> round(contrast("#000000", "#FFFFFF"))
    21
    """
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def quiet_figure(language: Language, *, height: int, narrow: Mapping[str, Any] | None = None) -> go.Figure:
    """An empty figure in the house's look: no legend, no zoom, faint horizontal lines, words in the page's font.

    ``narrow`` is the part of the layout that the page's script lays over it where the plot is under 520 px wide.
    """
    # one dictionary at once: each change on top of it would take plotly twenty times as long
    return go.Figure(
        layout={
            "template": "none",
            "height": height,
            "paper_bgcolor": LIGHT["card"],
            "plot_bgcolor": LIGHT["card"],
            "font": {"family": FONTS[language], "size": SIZES["small"], "color": LIGHT["ink"]},
            "margin": {"l": 8, "r": 12, "t": 26, "b": 8},
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
            "meta": {"narrow": dict(narrow or {})},
            "hoverlabel": {"bgcolor": LIGHT["card"], "bordercolor": LIGHT["grey"], "font": {"color": LIGHT["ink"]}},
            "xaxis": {"showgrid": False, "ticklabeloverflow": "allow", **_AXIS},
            "yaxis": {"showgrid": True, "gridcolor": LIGHT["rule"], **_AXIS},
        }
    )


def lay_out(figure: go.Figure, **layout: Any) -> None:
    """Lay this over the figure's layout, as plotly's ``update_layout`` does, which takes three times as long.

    >>> figure = quiet_figure("en", height=200)
    >>> lay_out(figure, yaxis={"range": [0, 1]}, bargap=0.3)
    >>> figure.layout.yaxis.range, figure.layout.yaxis.showgrid, figure.layout.bargap
    ((0, 1), True, 0.3)
    """
    figure.layout = _over(figure.layout.to_plotly_json(), layout)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {k: _over(below[k], v) for k, v in above.items() if isinstance(v, dict) and isinstance(below.get(k), dict)}
    return {**below, **above, **both}


def word(text: str, *, x: float, y: float, colour: str = "muted", bold: bool = False, **place: Any) -> dict[str, Any]:
    """A label written straight into the plot, as a layout annotation. ``place`` goes to plotly as it is."""
    font = {"size": SIZES["small"] if bold else SIZES["tiny"], "color": LIGHT[colour]}
    if bold:
        font["weight"] = 700
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": font, **place}
