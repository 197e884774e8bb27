"""Pictures the size of a word: a sparkline with its normal band, and a bar with its interval and the usual value.

They carry classes and plain attributes only, no style: the page's policy forbids inline styles, and JupyterLab shows
them from the attributes alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from aftersales.charts.markup import escaped
from aftersales.charts.theme import LIGHT

_PAD = 4.0


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def sparkline(
    values: Sequence[float | None],
    *,
    normal: tuple[float | None, float | None] = (None, None),
    signal: bool = False,
    label: str = "",
    width: int = 96,
    height: int = 26,
) -> str:
    """The last values as a line with its end marked; a missing value is a gap, the normal range a grey band.

    >>> sparkline([1, None, 2]).count("<path")
    1
    """
    known = [v for v in (*values, *normal) if v is not None]
    if not any(v is not None for v in values):
        return ""
    low, high = min(known), max(known)
    tall = (high - low) or 1.0
    step = (width - 2 * _PAD) / max(len(values) - 1, 1)

    def x(i: int) -> float:
        return _PAD + i * step

    def y(value: float) -> float:
        return _PAD + (height - 2 * _PAD) * (1 - (value - low) / tall)

    path, pen_up = [], True
    for i, value in enumerate(values):
        if value is not None:
            path.append(f"{'M' if pen_up else 'L'}{_n(x(i))} {_n(y(value))}")
        pen_up = value is None
    last = max(i for i, v in enumerate(values) if v is not None)
    band = ""
    if normal[0] is not None and normal[1] is not None:
        top = y(normal[1])
        band = (
            f'<rect class="s-band" x="0" y="{_n(top)}" width="{width}" height="{_n(max(y(normal[0]) - top, 1))}" '
            f'fill="{LIGHT["band"]}"/>'
        )
    tone = "orange" if signal else "blue"
    return (
        _open("spark", width, height, label)
        + band
        + f'<path class="s-line" d="{"".join(path)}" fill="none" stroke="{LIGHT["grey"]}" stroke-width="1.4"/>'
        + f'<circle class="s-{tone}" cx="{_n(x(last))}" cy="{_n(y(values[last] or 0.0))}" r="2.6" '
        f'fill="{LIGHT[tone]}"/></svg>'
    )


def interval_bar(
    value: float | None,
    *,
    top: float,
    low: float | None = None,
    high: float | None = None,
    usual: float | None = None,
    signal: bool = False,
    label: str = "",
    width: int = 190,
    height: int = 20,
) -> str:
    """A bar from nought to ``value`` on a scale ending at ``top``; its interval a thin line, the usual value a tick."""
    if value is None or top <= 0:
        return ""

    def x(v: float) -> str:
        return _n(max(0.0, min(v, top)) / top * width)

    middle = height / 2
    tone = "orange" if signal else "pale"
    parts = [
        f'<rect class="s-{tone}" x="0" y="{_n(middle - 5)}" width="{x(value)}" height="10" rx="1.5" '
        f'fill="{LIGHT[tone]}"/>'
    ]
    ink = LIGHT["ink"]
    if low is not None and high is not None:
        # edged in the card's colour, so that the line is seen on the bar too
        for name, colour, thick in (("s-edge", LIGHT["card"], "4"), ("s-ink", ink, "1.4")):
            parts.append(
                f'<path class="{name}" d="M{x(low)} {_n(middle)}H{x(high)}" stroke="{colour}" stroke-width="{thick}" '
                'fill="none"/>'
            )
    if usual is not None:
        parts.append(
            f'<path class="s-ink" d="M{x(usual)} {_n(middle - 8)}V{_n(middle + 8)}" stroke="{ink}" stroke-width="2" '
            'fill="none"/>'
        )
    return _open("ibar", width, height, label) + "".join(parts) + "</svg>"


def _open(name: str, width: int, height: int, label: str) -> str:
    said = f'role="img" aria-label="{escaped(label)}"' if label else 'aria-hidden="true"'
    return f'<svg class="{name}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {said}>'
