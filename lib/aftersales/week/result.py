"""What an analysis of a shop's week gives: a sentence, a table, a picture; it shows itself in the lab and on a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from IPython.display import display

from aftersales.charts.verdict import Verdict


class Result:
    """An analysis of a shop's week.

    ``table`` is the polars frame it rests on, ``headline`` its sentence, ``definition`` how it is measured, ``caveats``
    what it cannot tell; ``plot()`` draws it. As the last line of a cell it shows its answer and its table or chart.
    """

    table: Any  # pl.DataFrame, in most results a cached property
    definition: Any = ""  # str
    caveats: Any = ()  # tuple[str, ...]

    def answer(self) -> Verdict:
        """The headline, with the conclusions that follow from it."""
        raise NotImplementedError

    @property
    def headline(self) -> str:
        """What was found, as a sentence in the shop's language."""
        return self.answer().headline

    def plot(self) -> Any:
        """The picture, or a sentence where the shop's files do not allow one."""
        raise NotImplementedError

    def shown(self) -> tuple[Any, ...]:
        """The blocks it shows of itself."""
        return self.answer(), self.plot()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.table.height} rows: {self.headline}>"

    def _ipython_display_(self) -> None:
        for block in self.shown():
            display(block)


@dataclass(frozen=True, eq=False, repr=False)
class Drawn(Result):
    """A result with one picture or table: ``draw`` makes it when it is shown first."""

    table: pl.DataFrame
    draw: Callable[[], Any]
    verdict: Callable[[], Verdict] | None = None
    definition: str = field(default="", kw_only=True)
    caveats: tuple[str, ...] = field(default=(), kw_only=True)

    def answer(self) -> Verdict:
        """The headline: the answer of its page, or the title of its picture."""
        if self.verdict is not None:
            return self.verdict()
        block = self.draw()
        said = getattr(block, "title", None) or getattr(block, "text", None) or getattr(block, "caption", "")
        return Verdict(str(said), language=block.language)

    def plot(self) -> Any:
        """The picture, a table, or a sentence where the shop's files do not allow one."""
        return self.draw()

    def shown(self) -> tuple[Any, ...]:
        """The picture, which tells its headline itself; under the answer where there is one of its own."""
        return (self.draw(),) if self.verdict is None else (self.verdict(), self.draw())
