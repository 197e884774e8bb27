"""The frame of lying bars: names at the left, room for a text at each bar's end, on a page and on a phone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import plotly.graph_objects as go

from aftersales.charts.fit import NARROW, WIDE, axis_end, short_names
from aftersales.charts.theme import LIGHT, SIZES, lay_out, word


def set_bar_axes(
    figure: go.Figure,
    names: Sequence[str],
    ends: Sequence[float],
    texts: Sequence[str],
    *,
    low: float = 0.0,
    head: float = 0.75,
) -> None:
    """Set both axes of a figure of lying bars, the first on top: ``ends`` are where the texts begin, in axis units.

    ``head`` is the room over the first bar, in bars. The layout for phones, with shorter names, goes to
    ``meta.narrow``.
    """
    wide, narrow = short_names(names), short_names(names, narrow=True)
    lay_out(
        figure,
        xaxis={"range": [low, axis_end(ends, texts, wide, width=WIDE)], "showticklabels": False},
        yaxis={
            "range": [len(names) - 0.4, -head],
            "tickmode": "array",
            "tickvals": list(range(len(names))),
            "ticktext": wide,
            "showgrid": False,
            "tickfont": {"size": SIZES["small"], "color": LIGHT["ink"]},
        },
        margin={"t": 10, "b": 4},
        meta={
            "narrow": {
                "xaxis": {"range": [low, axis_end(ends, texts, narrow, width=NARROW)]},
                "yaxis": {"ticktext": narrow},
            }
        },
    )


def bar_words(ends: Sequence[float], texts: Sequence[str], *, bold: Collection[int] = ()) -> list[dict[str, Any]]:
    """The text at the end of each bar, as annotations; ``bold`` numbers those that stand out."""
    pairs = enumerate(zip(ends, texts, strict=True))
    return [word(t, x=e, y=i, colour="ink", bold=i in bold, xanchor="left", xshift=6) for i, (e, t) in pairs]
