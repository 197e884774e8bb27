"""The mail's picture, kept beside the week's results: what draws it takes half a second to import alone."""

from __future__ import annotations

import hashlib

from aftersales.week.cache import Keeper, cached_bytes
from aftersales.words.language import Language
from aftersales_app.mail.content import Trend

WIDTH, HEIGHT = 320, 140  # CSS pixels: half of the mail's column, so that the whole mail fits one screen


def kept_picture(trend: Trend, language: Language, *, keeper: Keeper) -> bytes:
    """The picture of `pictures.trend_png`; drawn only where none of the same numbers is kept."""

    def drawn() -> bytes:
        from aftersales_app.mail.pictures import trend_png

        return trend_png(trend, language)

    shown = (trend.measure, trend.unit, trend.rows.schema, trend.rows.rows())
    digest = hashlib.blake2b(repr(shown).encode(), digest_size=8).hexdigest()
    return cached_bytes(keeper, f"mail_picture.{language}.{digest}.png", drawn)
