"""Names beside points: to the right or the left of each where there is room, none where one would cover another."""

from __future__ import annotations

from collections.abc import Sequence

from aftersales.charts.fit import text_width

SHIFT = 9  # pixels from a point's middle to its name
_HALF_LINE = 8  # half the height of a name
_DOT = 5  # half the width of a point


def sides(
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    *,
    width: float,
    height: float,
    others: Sequence[tuple[float, float]] = (),
) -> list[str | None]:
    """On which side of its point each name is written: "right", "left", or None where there is no room.

    The first names are placed first. Points lie from (0, 0), bottom left, to (1, 1) in a plot of so many pixels;
    ``others`` are points without a name that no name may cover either.

    >>> sides([(0.5, 0.5), (0.52, 0.5), (0.51, 0.5)], ["pillow", "mug", "lamp"], width=400, height=200)
    ['left', 'right', None]
    """
    middles = [(x * width, y * height) for x, y in (*points, *others)]
    taken = [(x - _DOT, x + _DOT, y - _DOT, y + _DOT) for x, y in middles]
    found: list[str | None] = []
    for at, ((x, y), name) in enumerate(zip(middles, names, strict=False)):
        own, long = taken[at], text_width(name)
        boxes = {
            "right": (x + SHIFT, x + SHIFT + long, y - _HALF_LINE, y + _HALF_LINE),
            "left": (x - SHIFT - long, x - SHIFT, y - _HALF_LINE, y + _HALF_LINE),
        }
        free = (
            side
            for side, box in boxes.items()
            if box[0] >= 0 and box[1] <= width and not any(_touch(box, one) for one in taken if one is not own)
        )
        side = next(free, None)
        if side:
            taken.append(boxes[side])
        found.append(side)
    return found


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
