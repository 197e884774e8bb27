"""Tables of actions: what to do, by whom, until when, measured how, worth what; and whether last week's worked."""

from __future__ import annotations

import polars as pl

from aftersales.charts.table import Column, Table
from aftersales.words.errors import UsageError
from aftersales.words.language import Language, say

MOST_OPEN = 8  # lines of the plan that stand open: with the tiles they fill four screens of a phone
_EFFECT_TONE = {"worked": "good", "did_not": "plain", "harmed": "signal", "too_early": "plain", "cannot_tell": "plain"}
_EFFECT_SIGN = {"worked": "✓", "did_not": "✕", "harmed": "▲", "too_early": "○", "cannot_tell": "○"}


def action_table(frame: pl.DataFrame, *, id: str, language: Language, title: str = "", so_what: str = "") -> Table:
    """What to do now.

    Columns in: ``action``, ``owner``, ``due`` (Date), ``measure``, ``worth`` (text); nulls are dashes.
    """
    head = {n: say(f"charts.action.{n}", language) for n in ("action", "owner", "due", "measure", "worth")}
    columns = (
        Column("action", head["action"], strong=True), Column("owner", head["owner"]),
        Column("due", head["due"], "day", align="left"), Column("measure", head["measure"]),
        Column("worth", head["worth"], align="right"),
    )  # fmt: skip
    empty = say("charts.action.none", language)
    return Table(frame, columns, language=language, id=id, title=title, so_what=so_what, empty=empty)


def plan_table(frame: pl.DataFrame, *, id: str, language: Language, title: str) -> Table:
    """The week's plan. Columns in: urgency (today, week, watch), what, href, why, owner, due (Date), tell."""
    tone = pl.when(urgency="today").then(pl.lit("signal")).otherwise(pl.lit("plain"))
    said = {u: say(f"plan.urgency.{u}", language) for u in ("today", "week", "watch")}
    shown = frame.with_columns(tone=tone, when=pl.col("urgency").replace_strict(said, return_dtype=pl.String))
    told = [[row["why"], say("plan.told_by", language, tell=row["tell"])] for row in frame.iter_rows(named=True)]
    shown = shown.with_columns(reason=pl.Series(told, dtype=pl.List(pl.String)))
    head = {name: say(f"plan.column.{name}", language) for name in ("when", "what", "owner", "due", "reason")}
    columns = (
        Column("when", head["when"], "chip", tone="tone"), Column("due", head["due"], "day", align="left"),
        Column("owner", head["owner"]),
        Column("what", head["what"], strong=True, below="reason", fold=head["reason"], href="href"),
    )  # fmt: skip
    return Table(shown, columns, language=language, id=id, title=title, empty=title, open_rows=MOST_OPEN)


def effect_table(frame: pl.DataFrame, *, id: str, language: Language, title: str = "", so_what: str = "") -> Table:
    """Whether actions worked. Columns in: ``action``, ``measure``, ``before``, ``after`` (written), ``verdict``.

    ``verdict`` is one of too_early, worked, did_not, harmed, cannot_tell, as in findings/decisions.parquet; another
    raises `UsageError`.
    """
    unknown = sorted(set(frame["verdict"].drop_nulls()) - set(_EFFECT_TONE))
    if unknown:
        raise UsageError("A verdict on an action is not known", found=", ".join(unknown), hint=", ".join(_EFFECT_TONE))
    said = {v: f"{_EFFECT_SIGN[v]} {say(f'charts.effect.{v}', language)}" for v in _EFFECT_TONE}
    shown = frame.with_columns(
        pl.format("{} → {}", pl.col("before").fill_null("–"), pl.col("after").fill_null("–")).alias("change"),
        pl.col("verdict").replace_strict(said, default=None).alias("said"),
        pl.col("verdict").replace_strict(_EFFECT_TONE, default="plain").alias("tone"),
    )
    columns = (
        Column("action", say("charts.action.action", language), strong=True),
        Column("measure", say("charts.action.measure", language)),
        Column("change", say("charts.effect.change", language), align="right"),
        Column("said", say("charts.effect.verdict", language), "chip", tone="tone"),
    )
    empty = say("charts.effect.none", language)
    return Table(shown, columns, language=language, id=id, title=title, so_what=so_what, empty=empty)
