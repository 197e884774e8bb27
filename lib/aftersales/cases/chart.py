"""The one small chart of a dossier: the share of these orders beside other buyers', as plain SVG."""

from __future__ import annotations

from html import escape

from aftersales.cases.comparison import Comparison, Share
from aftersales.words.language import percent

_WIDTH, _ROW, _LEFT, _RIGHT = 700, 30, 110, 150
_INK, _GREY, _BLUE = "#1f2933", "#8a96a1", "#0b63a5"


def shares_chart(found: Comparison, *, names: tuple[str, str], label: str) -> str:
    """Two bars on one axis from 0 to 100 %, each with its counts; the interval is a thin line over its bar.

    >>> one = Share(1, 2, 0.5, 0.2, 0.8)
    >>> from datetime import date
    >>> drawn = shares_chart(Comparison(one, one, 1, date(2026, 1, 1), date(2026, 2, 1)), names=("a", "<b>"), label="x")
    >>> drawn.count("<rect"), "&lt;b&gt;" in drawn
    (2, True)
    """
    rows = [_row(share, name, colour, at) for at, (share, name, colour) in enumerate(
        ((found.own, names[0], _BLUE), (found.others, names[1], _GREY)))]  # fmt: skip
    return (
        f'<svg viewBox="0 0 {_WIDTH} {2 * _ROW + 4}" role="img" aria-label="{escape(label)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(rows)}</svg>'
    )


def _row(share: Share, name: str, colour: str, at: int) -> str:
    top, reach = at * _ROW + 4, _WIDTH - _LEFT - _RIGHT
    middle = top + _ROW / 2 - 3
    value, low, high = (reach * (x or 0.0) for x in (share.rate, share.low, share.high))
    text = f"{percent(share.rate)} ({share.part}/{share.whole})"
    end = _LEFT + max(value, high) + 8
    return (
        f'<text x="0" y="{middle + 4:.0f}" font-size="12" fill="{_INK}">{escape(name)}</text>'
        f'<rect x="{_LEFT}" y="{middle - 7:.0f}" width="{value:.1f}" height="14" fill="{colour}"/>'
        f'<path d="M{_LEFT + low:.1f} {middle:.0f}H{_LEFT + high:.1f}" stroke="{_INK}" stroke-width="1.4"/>'
        f'<text x="{end:.0f}" y="{middle + 4:.0f}" font-size="12" fill="{_INK}">{escape(text)}</text>'
    )
