"""Tiles: a number, a word for its state, its last weeks, and what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aftersales.charts.markup import escaped, lang_of
from aftersales.charts.svg import sparkline
from aftersales.words.language import Language, say

State = Literal["signal_up", "signal_down", "better", "routine", "not_enough_data"]
# symbol, tone: the word beside them says the same, so that colour is never the only carrier
LOOKS: dict[str, tuple[str, str]] = {
    "signal_up": ("▲", "signal"),
    "signal_down": ("▼", "signal"),
    "better": ("▼", "good"),
    "better_up": ("▲", "good"),
    "routine": ("●", "plain"),
    "not_enough_data": ("○", "plain"),
    "maturing": ("○", "plain"),  # still coming in: no verdict yet
    "counted": ("■", "plain"),  # a sum that moves with sales: shown, not judged
}


def tile_state(verdict: str, *, higher_is_worse: bool | None = True) -> str:
    """The state of a tile from a signal's verdict (above, below, routine, not_enough_data).

    ``higher_is_worse=None`` is for measures of which neither way is better: both are signals.

    >>> tile_state("above"), tile_state("below"), tile_state("below", higher_is_worse=False)
    ('signal_up', 'better', 'signal_down')
    """
    if verdict == "above":
        return "better_up" if higher_is_worse is False else "signal_up"
    if verdict == "below":
        return "better" if higher_is_worse is True else "signal_down"
    return "routine" if verdict == "routine" else "not_enough_data"


@dataclass(frozen=True)
class Tile:
    """One tile: ``value`` is already written; ``comparisons`` are label and difference; ``notes`` small print.

    ``state`` is one of `tile_state`'s, ``maturing`` (still coming in) or ``counted`` (shown, not judged).
    """

    label: str
    value: str
    state: str
    comparisons: tuple[tuple[str, str], ...] = ()
    recent: Sequence[float | None] = ()
    normal: tuple[float | None, float | None] = (None, None)
    notes: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The first of the notes, for where there is room for one: what the value was counted from."""
        return self.notes[0] if self.notes else ""


@dataclass(frozen=True)
class Tiles:
    """A row of tiles that wraps.

    >>> tiles = Tiles((Tile("Refund rate", "18.7%", "signal_up", (("vs last week", "+4.9 pp"),)),), language="en")
    >>> "▲" in tiles.html(), "above its normal range" in tiles.html()
    (True, True)
    """

    tiles: tuple[Tile, ...]
    language: Language = field(kw_only=True)

    def html(self) -> str:
        """A list, one item a tile."""
        items = "".join(_tile(tile, self.language) for tile in self.tiles)
        return f'<ul class="as-block as-tiles" lang="{lang_of(self.language)}">{items}</ul>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": "; ".join(f"{t.label}: {t.value}" for t in self.tiles)}


def _tile(tile: Tile, language: Language) -> str:
    symbol, tone = LOOKS[tile.state]
    state = say(f"charts.tile.{tile.state}", language)
    lines = "".join(f"<span>{escaped(label)} <b>{escaped(value)}</b></span> " for label, value in tile.comparisons)
    notes = "".join(f'<p class="note">{escaped(note)}</p>' for note in tile.notes)
    spark = sparkline(tile.recent, normal=tile.normal, signal=tone == "signal", width=120, height=34)
    return (
        f'<li class="tile {tone}"><p class="label">{escaped(tile.label)}</p>'
        f'<div class="now"><p class="value"><strong>{escaped(tile.value)}</strong></p>{spark}</div>'
        f'<p class="state"><span aria-hidden="true">{symbol}</span> {escaped(state)}</p>'
        f'<p class="versus">{lines}</p>{notes}</li>'
    )
