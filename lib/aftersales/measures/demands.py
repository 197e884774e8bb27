"""What a text demands: the sum, the multiple of the price, and whether something is threatened. Chinese and English.

A threat here is an ultimatum: "do this, or I will do that". To name a consumer's hotline or an article of law is
every buyer's right and no threat; it is told apart. All patterns run in time linear in the text (no backtracking).
Sources of the words: reference "methods" 6 and "domain" b1, b6.
"""

# ruff: noqa: E501 - the alternatives of a pattern stay on one line

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersales.stats.text import ends_of, normal_text

_CONSEQUENCE = r"投诉|举报|曝光|12315|差评|起诉|告你|法院|小红书|抖音|微博|媒体|记者|市场监管|工商|发到?网上|发网上|找平台|报警|没完"
_HARM = (
    r"report|expose|sue|court|lawyer|bad review|negative review|(?:one|1)[- ]star|consumer (?:protection|authority)|"
    r"hotline|12315|chargeback|social media|post (?:it|this) online|go public"
)
ULTIMATUM = (
    rf"(?:不|否则|要不|别怪)[^。!?;\n]{{0,24}}(?:就|将|我会|立刻|马上|别怪|等着|不然|否则)[^。!?;\n]{{0,16}}(?:{_CONSEQUENCE})"
    rf"|(?:否则|不然|要不然)[^。!?;\n]{{0,16}}(?:{_CONSEQUENCE})"
    rf"|(?:\bor\b|otherwise|unless|if you (?:don't|do not|won't|refuse)|if not)[^.!?;\n]{{0,80}}(?:{_HARM})"
)
# Money for silence: a complaint or review to be taken back against payment, or a settlement beside the platform.
SILENCE = (
    r"(?:转|打钱|打款|给我|付我|红包|赔)[^。!?;\n]{0,20}(?:撤诉|撤销|撤回|取消投诉|删评|删差评|删除评价|改好评)"
    r"|私下[^。!?;\n]{0,12}(?:转|给|付|赔|解决|红包)|(?:好评)?返现"
    r"|(?:pay|send|transfer|give)[^.!?;\n]{0,60}(?:withdraw|delete|remove|take down|drop)|off the platform|privately pay"
)
LAW = (
    r"消法|消费者权益保护法|食品安全法|第?五十五条|55条|一百四十八条|148条|欺诈消费者|职业打假|consumer (?:law|rights act)|"
    r"punitive damages"
)
_DIGITS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
           "百": 100, "千": 1000, "double": 2, "twice": 2, "triple": 3, "threefold": 3, "tenfold": 10, "three": 3,
           "four": 4, "five": 5, "ten": 10}  # fmt: skip
_WORDS = "|".join(_DIGITS)
_PLUS = rf"(?:退一|假一|缺一)(?:赔|罚)(\d{{1,4}}|{_WORDS})"
_TIMES = (
    rf"(?:赔|偿|付|要)[^。!?;\n]{{0,8}}?(\d{{1,4}}|{_WORDS})倍|(\d{{1,4}}|three|four|five|ten)(?: ?x| times) (?:the|my)"
    r"|\b(double|twice|triple|threefold|tenfold) (?:the|my|compensation|damages|refund)"
)
_ASKS = r"(?:赔|补偿|转|打|给我?|要求|红包|付|compensat\w*|pay|give|send|transfer|demand|want)"
_SUM = rf"{_ASKS}[^。!?;\n]{{0,12}}?(\d{{1,7}}(?:\.\d{{1,2}})?) ?(?:元|块|rmb|yuan|cny|usd|dollars|euros)"
_SIGNED_SUM = rf"{_ASKS}[^.。!?;\n]{{0,24}}?[¥$€£] ?(\d{{1,7}}(?:\.\d{{1,2}})?)"
_CHINESE_SUM = rf"{_ASKS}[^。!?;\n]{{0,8}}?([一二两三四五六七八九])(百|千)(?:元|块)?"


def demands(texts: Sequence[str | None] | pl.Series) -> pl.DataFrame:
    """What each text demands. One row a text, in order.

    Columns out: threat (an ultimatum), silence (money for taking a complaint or review back, or beside the platform),
    cites_law, sum_asked (the largest sum asked for in the text, in its own currency; null where none), price_multiple
    (how many times the price is asked for in all: 退一赔三 is four, 三倍 is three; null where none).

    >>> demands(["不赔500块就举报到市场监管局", "要求退一赔三", "收到就碎了,花了80元"]).select(
    ...     "threat", "sum_asked", "price_multiple").rows()
    [(True, 500.0, None), (False, None, 4.0), (False, None, None)]
    """
    raw = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
    frame = raw.select(normal_text(ends_of(pl.col("text"))).alias("text"))
    text = pl.col("text")
    multiple = pl.max_horizontal(
        _figure(text.str.extract(_PLUS, 1)) + 1, *(_figure(text.str.extract(_TIMES, part)) for part in (1, 2, 3))
    )
    told_in_words = _figure(text.str.extract(_CHINESE_SUM, 1)) * _figure(text.str.extract(_CHINESE_SUM, 2))
    return frame.select(
        text.str.contains(ULTIMATUM).alias("threat"),
        text.str.contains(SILENCE).alias("silence"),
        text.str.contains(LAW).alias("cites_law"),
        pl.max_horizontal(
            text.str.extract(_SUM, 1).cast(pl.Float64),
            text.str.extract(_SIGNED_SUM, 1).cast(pl.Float64),
            told_in_words,
        ).alias("sum_asked"),
        multiple.alias("price_multiple"),
    )


def _figure(found: pl.Expr) -> pl.Expr:
    """A number in digits or in words."""
    words = found.replace_strict(_DIGITS, default=None, return_dtype=pl.Float64)
    return pl.coalesce(words, found.cast(pl.Float64, strict=False))
