"""What a rule would have done on this shop's own past: bad orders stopped, good ones hurt, and the money of both.

The threshold is chosen on the older part of the time and reported on the newest. Bad is what was found out by other
means than the score that is tested; of young orders less is known yet, and what is missing is allowed for. Intervals
resample cases and buyers, never weeks: a ring of fifty orders is one piece of evidence. Abusers may go round a rule
once it is there (other accounts, smaller orders): the past is the best case, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from aftersales.advice.known_share import LEAST_SHARE, known_share
from aftersales.advice.order_risk import order_risk
from aftersales.advice.order_rules import ORDER_RULES, OrderRule, order_facts, saved_by_hold, worst_provinces
from aftersales.advice.replay_record import (
    COLUMNS,
    DAYS_A_MONTH,
    MONEY_COLUMNS,
    OLDER_SHARE,
    Replay,
    answer_of,
    with_flat,
)
from aftersales.advice.resampling import FEW, Cases, Drawn, Resampling, resampled_buyers
from aftersales.advice.terms import ASSUMED, Terms
from aftersales.measures.chunks import PART_ROWS
from aftersales.measures.order_evidence import key_number
from aftersales.tables.columns import Frame
from aftersales.words.errors import DataError, UsageError, unknown

# What manual review goes by where no scores are handed in.
OWN_SCORE = "order_risk"
_DAY_US = 86_400e6


def replay(
    orders: Frame | None,
    bad: pl.DataFrame,
    *,
    rule: str,
    terms: Terms = ASSUMED,
    thresholds: tuple[float, ...] | None = None,
    days: int = 7,
    refunds: Frame | None = None,
    facts: pl.DataFrame | None = None,
    scores: Frame | None = None,
    score_source: str | None = None,
    known_until: date | None = None,
    seed: int = 1,
) -> Replay:
    """Replay one of `ORDER_RULES` over the orders.

    ``bad`` has order_id and case_id (orders of one ring or buyer share it); ``loss`` (money an order), ``source`` (what
    found it) and ``known_at`` (when that was known; null: at once) may be there. ``scores`` (order_id, score) are those
    that manual review goes by, and ``score_source`` their name: bad orders found by it are refused; without scores it
    goes by `order_risk`. ``days`` is the window of a purchase limit. ``known_until`` leaves out later orders; of those
    before it the share of bad ones that is known by their age is estimated, and money is divided by it. ``facts`` (of
    `order_facts`) stand for orders, refunds and scores where several rules are replayed.

    ``table``, one row a threshold as tried (mildest first), all of the newest part: threshold, bad_orders (known yet),
    bad_stopped, stopped_share with _low and _high (0..1), good_orders, good_hurt, good_hurt_share, good_hurt_a_month,
    reviews; in money a month (30 days): saved, lost, net, each with _low and _high (90 %); break_even_substitution (0:
    worth it even if no refused good order comes back; null where none is lost or nothing saved), net_older (what the
    choice was made by), known_share (0..1: how much of the bad is known yet), flat (within a tenth of the best net of
    the older part). Of several flat ones the mildest is chosen.

    Orders without a known loss or amount count at the mean of the others (``unpriced``); without any nothing is said.
    Raises `UsageError` for an unknown rule or a score judged by itself, `DataError` for a table that lacks columns.

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
    if facts is None:
        if orders is None:
            raise UsageError("There is nothing to replay the rule on", hint="pass orders, or facts made of them")
        facts = order_facts(orders, refunds, scores=scores)
    if known_until is not None:  # facts go by time: the first rows, and no copy of them
        known_yet = facts.lazy().select((pl.col("created_at").dt.date() <= known_until).sum())
        facts = facts.head(known_yet.collect(engine="streaming").item())
    if facts.is_empty():
        return Replay(rule, "cannot_say", None, 0, pl.DataFrame(schema=COLUMNS | {"flat": pl.Boolean}))
    if chosen.act == "review" and "score" not in facts.columns:
        facts = facts.hstack([order_risk(facts)["score"]])  # as it is cut, so that no column is copied
    known = _bad_rows(facts, bad, terms)
    needed = [known["loss"], *([facts["amount"]] if chosen.act == "refuse" else [])]
    unpriced = max(money.null_count() for money in needed)
    if any(money.len() and not money.count() for money in needed):
        return Replay(rule, "cannot_say", None, 0, with_flat(pl.DataFrame(schema=COLUMNS)), unpriced=unpriced)
    if unpriced:
        known = known.with_columns(pl.col("loss").fill_null(strategy="mean"))
    time = facts["created_at"].dt.epoch("us").to_numpy()
    cut = time[0] + OLDER_SHARE * (time[-1] - time[0])
    older = time <= cut
    parts = _parts(facts, known, time, cut)
    del time
    level = terms.price_level if chosen.money else 1
    tried = thresholds or tuple(t * level if level != 1 else t for t in chosen.thresholds)
    rng = np.random.default_rng(seed)
    new = known.filter(pl.Series(~older[known["row"].to_numpy()]))
    drawn = Resampling(new["case_id"], rng=rng, weight=new["loss"].to_numpy())
    rows = [
        _row(chosen, facts, t, known=known, older=older, parts=parts, terms=terms, days=days, drawn=drawn, rng=rng)
        for t in tried
    ]
    table = with_flat(pl.DataFrame(rows, schema=COLUMNS))
    cases = new["case_id"].n_unique()
    # the mildest of those that are as good as the best
    flat: list[float] = table.filter("flat")["threshold"].to_list()
    threshold = flat[0] if flat else None
    provinces: list[str] = []
    if rule == "region_restriction" and threshold is not None:
        provinces = worst_provinces(facts, int(threshold), bad=_flags(known, facts.height), older=older)
    days_new = facts.select(pl.col("created_at").filter(pl.Series(~older)).dt.date())["created_at"]
    sources = new.group_by("source").len().sort("len", "source", descending=[True, False])
    return Replay(
        rule,
        answer_of(table, threshold, cases),
        threshold,
        cases,
        table,
        tuple(provinces),
        since=days_new.min(),  # type: ignore[arg-type]
        until=days_new.max(),  # type: ignore[arg-type]
        sources=tuple((s, n) for s, n in sources.iter_rows() if s),
        unpriced=unpriced,
    )


@dataclass(frozen=True)
class _Part:
    """A part of the time: its length in months, and the share of its bad orders that is known yet."""

    months: float
    known: float


def _bad_rows(facts: pl.DataFrame, bad: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """The bad orders among the facts: row (in these), case_id, loss, source, known_at; by row."""
    loss = pl.col("loss").cast(pl.Float64) if "loss" in bad.columns else pl.lit(terms.loss_per_bad)
    source = pl.col("source") if "source" in bad.columns else pl.lit(None, dtype=pl.String)
    known_at = (
        pl.col("known_at").cast(pl.Datetime("us"))
        if "known_at" in bad.columns
        else pl.lit(None, dtype=pl.Datetime("us"))
    )
    rows = bad.select(
        key_number(pl.col("order_id")).alias("order_id"), "case_id", loss=loss, source=source, known_at=known_at
    )
    rows = rows.unique("order_id", keep="first", maintain_order=True).drop_nulls("case_id")
    there = facts.lazy().select("order_id").with_row_index("row").join(rows.lazy(), on="order_id")
    return there.drop("order_id").sort("row").collect(engine="streaming")


def _flags(known: pl.DataFrame, orders: int) -> NDArray[np.bool_]:
    flags = np.zeros(orders, bool)
    flags[known["row"].to_numpy()] = True
    return flags


def _parts(facts: pl.DataFrame, known: pl.DataFrame, time: NDArray[np.int64], cut: float) -> tuple[_Part, _Part]:
    """The older and the newest part."""
    of = (time[-1] - time[known["row"].to_numpy()]) / _DAY_US
    created = facts["created_at"].gather(known["row"]).dt.replace_time_zone(None).dt.cast_time_unit("us")
    waited = (known["known_at"] - created).dt.total_seconds().cast(pl.Float64).to_numpy() / 86_400
    told = np.isfinite(waited)
    # a case whose day nobody wrote down was known at once, for all that can be said
    dated = told.sum() / max(known.height, 1)
    sums, sizes = np.zeros(2), np.zeros(2)
    for start in range(0, len(time), PART_ROWS):
        some = time[start : start + PART_ROWS]
        share = 1 - dated * (1 - known_share(waited[told], of[told], (time[-1] - some) / _DAY_US))
        for which, rows in enumerate((some <= cut, some > cut)):
            sums[which] += share[rows].sum()
            sizes[which] += rows.sum()
    older, newest = (
        _Part(max(span / _DAY_US / DAYS_A_MONTH, 1e-9), max(float(total / size) if size else 1.0, LEAST_SHARE))
        for span, total, size in zip((cut - time[0], time[-1] - cut), sums, sizes, strict=True)
    )
    return older, newest


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
    tested = OWN_SCORE if scores is None else score_source
    if "source" in bad.columns and tested is not None and (bad["source"] == tested).any():
        raise UsageError(
            "Orders that a score called bad cannot test that score",
            found=tested,
            hint="pass cases confirmed by people or by the platform",
        )


def _row(
    rule: OrderRule,
    facts: pl.DataFrame,
    threshold: float,
    *,
    known: pl.DataFrame,
    older: NDArray[np.bool_],
    parts: tuple[_Part, _Part],
    terms: Terms,
    days: int,
    drawn: Resampling,
    rng: np.random.Generator,
) -> dict:
    """One threshold: counts and money of the newest part, and the net of the older one."""
    at = known["row"].to_numpy()
    bad = _flags(known, facts.height)
    # an order that was never paid brings no margin: it is neither good nor bad
    good = ~bad & facts["paid"].to_numpy()
    met = rule.met(facts, threshold, days=days, bad=bad, older=older)
    caught = (met if rule.act != "delay" else saved_by_hold(facts, threshold))[at]
    share = terms.review_catches if rule.act == "review" else 1.0
    saved = np.where(caught, known["loss"].to_numpy() * share * rule.spares(threshold), 0.0)
    lost = _lost(rule, facts, met, good, terms)
    past, now = parts
    new = ~older
    late = new[at]
    of_bad = np.column_stack([caught[late] * share, np.ones(late.sum()), saved[late]])
    cases = drawn.of(of_bad)
    buyers = facts.select("buyer_key", "order_id").filter(pl.Series(new)).select(pl.coalesce(pl.all())).to_series()
    hurt = resampled_buyers(buyers, lost[new], rng=rng)
    stopped = cases.drawn(2)
    net = _scaled(stopped, 1 / now.known).less(hurt)
    row: dict = {"threshold": float(threshold), "bad_orders": int((new & bad).sum()), "known_share": now.known}
    row["net_older"] = saved[~late].sum() / past.known / past.months - lost[older].sum() / past.months
    row |= {"bad_stopped": int(caught[late].sum()), "good_orders": int((new & good).sum())}
    row["good_hurt"] = int((met & new & good).sum())
    row["good_hurt_a_month"] = row["good_hurt"] / now.months
    row["good_hurt_share"] = row["good_hurt"] / row["good_orders"] if row["good_orders"] else None
    row["reviews"] = int((met & new).sum()) if rule.act == "review" else 0
    row["stopped_share"] = (caught[late].sum() * share) / row["bad_orders"] if row["bad_orders"] else None
    row["stopped_share_low"], row["stopped_share_high"] = cases.share_interval(0, 1)
    ends = {
        "saved": (stopped.total / now.known, *(x / now.known for x in cases.interval(2))),
        "lost": (hurt.total, *hurt.interval()),
        "net": (net.total, *_net_interval(net, cases, hurt, now.known)),
    }
    for name in MONEY_COLUMNS:
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), (x / now.months for x in ends[name]), strict=True))
    row["break_even_substitution"] = (
        _break_even(ends["saved"][0], _lost(rule, facts, met, good, replace(terms, substitution=0.0))[new].sum())
        if rule.act == "refuse"
        else None
    )
    return row


def _net_interval(net: Drawn, cases: Cases, hurt: Drawn, known: float) -> tuple[float, float]:
    """The net's interval; where few cases are stopped, what they alone leave open is the least that is admitted."""
    if not 0 < (cases.sums[:, 2] > 0).sum() < FEW:
        return net.interval()
    low, high = (x / known - hurt.total for x in cases.interval(2))
    dear, cheap = (net.total + hurt.total - x for x in reversed(hurt.interval()))
    return min(low, dear), max(high, cheap)


def _lost(rule: OrderRule, facts: pl.DataFrame, met: NDArray, good: NDArray, terms: Terms) -> NDArray[np.float64]:
    """What the rule costs on each order it meets: margin of refused good ones, a reviewer's time, or the wait."""
    if rule.act == "refuse":
        lost, hit = np.zeros(facts.height), met & good
        price = facts["amount"]
        value = price.filter(pl.Series(hit)).fill_null(price.mean()).to_numpy()  # type: ignore[arg-type]
        lost[hit] = value * terms.margin_share * (1 - terms.substitution)
        return lost
    if rule.act == "review":
        return np.where(met, terms.cost_per_review, 0.0)
    return np.where(met & good, terms.cost_per_delay, 0.0)


def _scaled(found: Drawn, by: float) -> Drawn:
    return Drawn(found.total * by, found.variance * by**2, found.totals * by, found.variances * by**2)


def _break_even(saved: float, lost: float) -> float | None:
    """The share of refused good orders that must come back for the rule to pay: 1 - saved / lost, at least 0."""
    if lost <= 0 or saved <= 0:
        return None
    return max(0.0, 1 - saved / lost)
