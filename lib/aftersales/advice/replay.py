"""What a rule would have done on this shop's own past: bad orders stopped, good ones hurt, and the money of both.

The threshold is chosen on the older part of the time and reported on the newest. Bad is what was found out by other
means than the score that is tested. Intervals resample cases and buyers, never weeks: a ring of fifty orders is one
piece of evidence. Abusers may go round a rule once it is there (other accounts, smaller orders): the past is the best
case, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.advice.order_rules import ORDER_RULES, OrderRule, order_facts, saved_by_hold, worst_provinces
from aftersales.advice.resampling import good_draws, interval, resampled_cases
from aftersales.tables.columns import Frame
from aftersales.words.errors import DataError, QuestionError, unknown
from aftersales.words.language import Language, say

Answer = Literal["worth", "not_worth", "cannot_say"]

# The older share of the time that thresholds are chosen on; the rest is what is reported.
OLDER_SHARE = 0.7
# Fewer cases than this resample into an interval that means nothing.
LEAST_CASES = 20
# Thresholds within a tenth of the best net on the older part are equally good; among them the mildest is taken.
FLAT_WITHIN = 0.1
DAYS_A_MONTH = 30.0


@dataclass(frozen=True)
class Terms:
    """The money of a replay, in the shop's currency: each a plain assumption that the reader may change.

    ``loss_per_bad`` what a bad order costs (where ``bad`` has no ``loss``) · ``margin_share`` of a good order's value
    is lost when it is refused · ``substitution``: the share of refused good orders that come back within the rule ·
    ``cost_per_review`` · ``review_catches``: the share of bad orders that a reviewer recognises · ``cost_per_delay`` of
    a good order kept waiting. Good orders that were never paid lose nothing.
    """

    loss_per_bad: float = 15.0
    margin_share: float = 0.3
    substitution: float = 0.0
    cost_per_review: float = 2.0
    review_catches: float = 0.7
    cost_per_delay: float = 0.5


@dataclass(frozen=True, eq=False)
class Replay:
    """A rule's replay: its curve over the thresholds (``table``), the one chosen, and whether it is worth it.

    ``answer``: worth (the net's whole 90 % interval above zero), not_worth (net not above zero), cannot_say (the
    interval holds zero, or under twenty bad cases in the newest part). ``row`` is the chosen threshold's row;
    ``provinces`` are those that a restriction of regions names at it.
    """

    rule: str
    answer: Answer
    threshold: float | None
    bad_cases: int
    table: pl.DataFrame = field(repr=False)
    provinces: tuple[str, ...] = ()

    @property
    def row(self) -> dict:
        """The row of the chosen threshold; empty where none was chosen."""
        rows = (
            self.table.filter(pl.col("threshold") == self.threshold)
            if self.threshold is not None
            else self.table.clear()
        )
        return rows.row(0, named=True) if rows.height else {}

    def headline(self, language: Language, *, currency: str = "CNY") -> str:
        """What the rule would have done, and that abusers may go round it."""
        if self.bad_cases < LEAST_CASES:
            return say("advice.replay.too_few", language, cases=self.bad_cases, needed=LEAST_CASES)
        if not self.row:
            return say("advice.replay.no_threshold", language)
        said = say(f"advice.replay.{self.answer}", language, currency=currency, **self.row)
        return said + say("advice.replay.evasion", language)


def replay(
    orders: Frame,
    bad: pl.DataFrame,
    *,
    rule: str,
    terms: Terms = Terms(),
    thresholds: tuple[float, ...] | None = None,
    days: int = 7,
    refunds: Frame | None = None,
    scores: Frame | None = None,
    score_source: str | None = None,
    known_until: date | None = None,
    seed: int = 1,
) -> Replay:
    """Replay one of `ORDER_RULES` over the orders.

    ``bad`` has order_id and case_id (orders of one ring or buyer share it); ``loss`` (money an order) and ``source``
    (what found it) may be there. ``scores`` (order_id, score) are those that manual review goes by, and
    ``score_source`` their name: bad orders found by it are refused. ``days`` is the window of a purchase limit.
    ``known_until`` leaves out orders too young for the bad among them to be known.

    ``table``, one row a threshold as tried (mildest first), all of the newest part: threshold, bad_orders, bad_stopped,
    stopped_share with _low and _high (0..1), good_orders, good_hurt, good_hurt_share, good_hurt_a_month, reviews; in
    money a month (30 days): saved, lost, net, each with _low and _high (90 %); break_even_substitution (0: worth it
    even if no refused good order comes back; null where none is lost or nothing saved), net_older (what the choice was
    made by), flat (within a tenth of the best there).

    Raises `QuestionError` for an unknown rule or a score judged by itself, `DataError` for a table that lacks columns.

    >>> from datetime import datetime, timedelta
    >>> at = [datetime(2026, 9, 1) + timedelta(hours=3 * k) for k in range(400)]
    >>> orders = pl.DataFrame({"order_id": [str(k) for k in range(400)], "created_at": at, "amount": [20.0] * 400,
    ...     "buyer_key": [f"ring{k // 8}" if k % 2 else f"b{k}" for k in range(400)]})
    >>> bad = orders.filter(pl.col("buyer_key").str.starts_with("ring")).select("order_id", case_id="buyer_key")
    >>> found = replay(orders, bad, rule="purchase_limit", thresholds=(3, 2, 1))
    >>> found.answer, found.threshold, found.bad_cases
    ('cannot_say', 1.0, 15)
    """
    chosen = _rule(rule)
    _check(bad, score_source, chosen, scores)
    facts = order_facts(orders, refunds, scores=scores)
    if known_until is not None:
        facts = facts.filter(pl.col("created_at").dt.date() <= known_until)
    if facts.is_empty():
        return Replay(rule, "cannot_say", None, 0, pl.DataFrame(schema=COLUMNS))
    loss = pl.col("loss").cast(pl.Float64) if "loss" in bad.columns else pl.lit(terms.loss_per_bad)
    known = bad.select("order_id", "case_id", loss=loss).unique("order_id", keep="first", maintain_order=True)
    facts = facts.join(known, on="order_id", how="left", maintain_order="left")
    time = facts["created_at"].dt.epoch("us").to_numpy()
    cut = time[0] + OLDER_SHARE * (time[-1] - time[0])
    older = time <= cut
    months = (time[-1] - cut) / 86_400e6 / DAYS_A_MONTH, (cut - time[0]) / 86_400e6 / DAYS_A_MONTH
    tried = thresholds or chosen.thresholds
    rng = np.random.default_rng(seed)
    rows = [_row(chosen, facts, t, older=older, months=months, terms=terms, days=days, rng=rng) for t in tried]
    table = _with_flat(pl.DataFrame(rows, schema=COLUMNS))
    cases = facts.filter(pl.Series(~older))["case_id"].drop_nulls().n_unique()
    # the mildest of those that are as good as the best
    flat: list[float] = table.filter("flat")["threshold"].to_list()
    threshold = flat[0] if flat else None
    provinces: list[str] = []
    if rule == "region_restriction" and threshold is not None:
        bad_flags = facts["case_id"].is_not_null().to_numpy()
        provinces = worst_provinces(facts, int(threshold), bad=bad_flags, older=older)
    return Replay(rule, _answer(table, threshold, cases), threshold, cases, table, tuple(provinces))


_MONEY = ("saved", "lost", "net")
COLUMNS = {
    "threshold": pl.Float64, "bad_orders": pl.Int64, "bad_stopped": pl.Int64, "stopped_share": pl.Float64,
    "stopped_share_low": pl.Float64, "stopped_share_high": pl.Float64, "good_orders": pl.Int64,
    "good_hurt": pl.Int64, "good_hurt_share": pl.Float64, "good_hurt_a_month": pl.Float64, "reviews": pl.Int64,
    **{f"{name}{end}": pl.Float64 for name in _MONEY for end in ("", "_low", "_high")},
    "break_even_substitution": pl.Float64, "net_older": pl.Float64,
}  # fmt: skip


def _rule(name: str) -> OrderRule:
    if name not in ORDER_RULES:
        raise unknown("order rule", name, ORDER_RULES)
    return ORDER_RULES[name]


def _check(bad: pl.DataFrame, score_source: str | None, rule: OrderRule, scores: Frame | None) -> None:
    absent = [c for c in ("order_id", "case_id") if c not in bad.columns]
    if absent:
        raise DataError(f"The bad orders lack {', '.join(absent)}", found=", ".join(bad.columns) or "no columns")
    if rule.act != "review":
        return
    if scores is None:
        raise QuestionError("Manual review needs scores to go by", hint="pass scores with order_id and score")
    if "source" in bad.columns and score_source is not None and (bad["source"] == score_source).any():
        raise QuestionError(
            "Orders that a score called bad cannot test that score", found=score_source,
            hint="pass cases confirmed by people or by the platform",
        )  # fmt: skip


def _row(
    rule: OrderRule, facts: pl.DataFrame, threshold: float, *, older: NDArray[np.bool_],
    months: tuple[float, float], terms: Terms, days: int, rng: np.random.Generator,
) -> dict:  # fmt: skip
    """One threshold: counts and money of the newest part, and the net of the older one."""
    bad = facts["case_id"].is_not_null().to_numpy()
    # an order that was never paid brings no margin: it is neither good nor bad
    good = ~bad & facts["paid"].to_numpy()
    met = rule.met(facts, threshold, days=days, bad=bad, older=older)
    caught = (met if rule.act != "delay" else saved_by_hold(facts, threshold)) & bad
    loss = facts["loss"].fill_null(0.0).to_numpy()
    value = facts["amount"].fill_null(0.0).to_numpy()
    share = terms.review_catches if rule.act == "review" else 1.0
    saved = np.where(caught, loss * share, 0.0)
    if rule.act == "refuse":
        lost = np.where(met & good, value * terms.margin_share, 0.0)
    else:
        each = terms.cost_per_review if rule.act == "review" else terms.cost_per_delay
        lost = np.where(met & (good | (rule.act == "review")), each, 0.0)
    stays = 1 - terms.substitution if rule.act == "refuse" else 1.0
    past = ((saved - stays * lost)[older]).sum() / max(months[1], 1e-9)
    new = ~older
    drawn = resampled_cases(facts.filter(pl.Series(new & bad))["case_id"], np.column_stack(
        [caught[new & bad] * share, np.ones((new & bad).sum()), saved[new & bad]]), rng=rng)  # fmt: skip
    kept_from = facts["buyer_key"].fill_null(facts["order_id"]).filter(pl.Series(new))
    lost_drawn = good_draws(kept_from, lost[new], rng=rng)
    a_month = 1 / max(months[0], 1e-9)
    totals = {"saved": saved[new].sum(), "lost": stays * lost[new].sum()}
    totals["net"] = totals["saved"] - totals["lost"]
    drawn_money = {"saved": drawn.draws[:, 2], "lost": stays * lost_drawn}
    drawn_money["net"] = drawn_money["saved"] - drawn_money["lost"]
    row: dict = {"threshold": float(threshold), "bad_orders": int((new & bad).sum()), "net_older": past}
    row |= {"bad_stopped": int((caught & new).sum()), "good_orders": int((new & good).sum())}
    row["good_hurt"] = int((met & new & good).sum())
    row["good_hurt_a_month"] = row["good_hurt"] * a_month
    row["good_hurt_share"] = row["good_hurt"] / row["good_orders"] if row["good_orders"] else None
    row["reviews"] = int((met & new).sum()) if rule.act == "review" else 0
    stopped = (caught[new] * share).sum() / row["bad_orders"] if row["bad_orders"] else None
    low, high = drawn.share_interval(0, 1)
    row |= {"stopped_share": stopped, "stopped_share_low": low, "stopped_share_high": high}
    for name in _MONEY:
        ends = interval(totals[name], drawn_money[name], cases=drawn.cases)
        row |= dict(
            zip((name, f"{name}_low", f"{name}_high"), (x * a_month for x in (totals[name], *ends)), strict=True)
        )
    row["break_even_substitution"] = _break_even(totals["saved"], lost[new].sum()) if rule.act == "refuse" else None
    return row


def _break_even(saved: float, lost: float) -> float | None:
    """The share of refused good orders that must come back for the rule to pay: 1 - saved / lost, at least 0."""
    if lost <= 0 or saved <= 0:
        return None
    return max(0.0, 1 - saved / lost)


def _with_flat(table: pl.DataFrame) -> pl.DataFrame:
    best = table["net_older"].max()
    if best is None or best <= 0:  # type: ignore[operator]
        return table.with_columns(flat=pl.lit(value=False))
    return table.with_columns(flat=pl.col("net_older") >= (1 - FLAT_WITHIN) * pl.lit(best))


def _answer(table: pl.DataFrame, threshold: float | None, cases: int) -> Answer:
    if cases < LEAST_CASES:
        return "cannot_say"
    if threshold is None:
        return "not_worth"
    row = table.filter(pl.col("threshold") == threshold).row(0, named=True)
    if row["net_low"] > 0:
        return "worth"
    return "not_worth" if row["net"] <= 0 else "cannot_say"
