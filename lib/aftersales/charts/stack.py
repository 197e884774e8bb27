"""Several things to look at, one below the other, from one cell: as many as there are findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from IPython.display import display


@dataclass(frozen=True)
class Stack:
    """Items that each show themselves; an empty stack shows nothing.

    >>> Stack(("a", "b")).items
    ('a', 'b')
    """

    items: Sequence[Any]

    def _ipython_display_(self) -> None:
        for item in self.items:
            display(item)
