"""Returns whose parcel number contradicts the records, with how many honest returns would show the same.

How often an honest return shows a contradiction is measured where no buyer could have made it up: on the shop's own
deliveries (numbers that meet again, parcels without a scan, places read wrongly), and on slips of the pen. Of returns
that show the same contradictions the expected honest ones are set against the found ones. Source: Efron 2010,
Large-Scale Inference, chapter 5 (local false discovery rate of two groups).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import combinations
from types import MappingProxyType
from typing import Any

import polars as pl

from aftersales.measures.judging import SUREST
from aftersales.measures.return_records import deliveries, journeys, numbered_returns, with_journey
from aftersales.measures.waybills import SLIPS, odd_forms, slips_apart
from aftersales.tables.columns import Frame, at_latest

# What a return may show, what in an honest return would bring it about alike (checks of one kind count once), and
# whether it can stand alone: without a measure of how often honest returns show it a check only adds to another.
CHECKS: Mapping[str, tuple[str, bool]] = MappingProxyType({
    "several_buyers": ("number", True), "reused": ("number", True), "other_delivery": ("number", True),
    "odd_form": ("slip", True), "never_scanned": ("slip", True), "before_shipping": ("time", True),
    "before_application": ("time", False), "signed_elsewhere": ("signed", True), "from_elsewhere": ("origin", False),
    "paid_unsigned": ("unsigned", False),
})  # fmt: skip
# What each needs beside the return's number, as the tables name it.
NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "several_buyers": ("orders.buyer_key",), "reused": ("orders.buyer_key", "refunds.returned_at"),
    "other_delivery": ("orders.tracking_no",), "odd_form": ("refunds.return_courier",),
    "never_scanned": ("parcels",), "before_shipping": ("refunds.returned_at", "orders.shipped_at"),
    "before_application": ("refunds.returned_at",), "signed_elsewhere": ("parcels.place",),
    "from_elsewhere": ("parcels.place", "orders.province"), "paid_unsigned": ("parcels", "refunds.finished_at"),
})  # fmt: skip
# A buyer has seven days to send back (reference "domain d5"); one parcel is entered for two orders within twice that.
ONE_PARCEL = timedelta(days=15)
# Couriers use a number again after some months (general knowledge of sellers, no source found).
RECYCLED = timedelta(days=90)
# A number may be filled in before the parcel is handed over: within the days that a buyer has for it ("domain d5").
HANDED_OVER = timedelta(days=7)
# Clocks of platform and courier differ.
CLOCKS = timedelta(hours=1)
# A parcel shows in the trace by then; and a shop whose trace knows fewer of a courier's returns has no trace of it.
SCANNED_WITHIN, LEAST_TRACED = timedelta(days=4), 0.5
# A city where fewer of the returns are signed for is not where the shop takes them.
USUAL_SHARE, LEAST_SIGNED = 0.03, 20
# Of those listed no more than this share is expected to be honest.
TARGET = 0.05

_KEYS = ("buyer", "address", "phone")
_RETURNS: dict[str, Any] = {
    "order_id": pl.String, "number": pl.String, "refund_ids": pl.List(pl.String), "courier": pl.String,
    "entered_at": pl.Datetime("us"), "applied_at": pl.Datetime("us"), "shipped_at": pl.Datetime("us"),
    "paid_at": pl.Datetime("us"), "open": pl.Boolean, "amount": pl.Float64, "province": pl.String,
    "other_order": pl.String, "other_at": pl.Datetime("us"), "scanned_at": pl.Datetime("us"), "scanned_in": pl.String,
    "signed_at": pl.Datetime("us"), "signed_in": pl.String, "slip_of": pl.String, "checks": pl.List(pl.String),
    "expected": pl.Float64, "alike": pl.Int64, "probability": pl.Float64, "listed": pl.Boolean,
}  # fmt: skip
_TALLY: dict[str, Any] = {
    "check": pl.String, "assessed": pl.Int64, "shown": pl.Int64, "expected_innocent": pl.Float64, "basis": pl.String,
    "lacking": pl.List(pl.String),
}  # fmt: skip


def return_parcels(
    orders: Frame, refunds: Frame, parcels: Frame | None = None, *, until: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Returns with a number and what they contradict; and, for each contradiction, how it could be assessed.

    Returns, one row an order and number (two refunds of an order come in one parcel), sorted by order_id and number:
    order_id, number (as `waybill` compares it), refund_ids, courier, entered_at (when the buyer filled it in; applied
    for where the file does not say), applied_at, shipped_at, paid_at (null while nothing was paid), open (still to be
    decided), amount, province, other_order and other_at (the earlier use), scanned_at/_in and signed_at/_in (parcel
    events), slip_of (a scanned number that nobody claims, one or two characters apart), checks (of `CHECKS`),
    expected and alike (returns that show them: honest ones to be expected, and found), probability (0..1, of not being
    an honest return; null without a contradiction), listed.

    Checks: check, assessed and shown (returns), expected_innocent (how many honest ones would show it; null where
    nothing measures it), basis (deliveries, slips, own: the returns themselves, which the forged ones are among),
    lacking (what the files lack where nothing could be assessed).

    >>> none = pl.DataFrame(schema={"order_id": pl.String, "refund_id": pl.String})
    >>> [table.height for table in return_parcels(none, none, until=date(2026, 11, 15))]
    [0, 10]
    """
    uses = numbered_returns(orders, refunds, until=until)
    sent = deliveries(orders)
    events = journeys(parcels, until=until)
    rows = uses.with_columns(pl.lit(None, dtype=pl.Boolean).alias(name) for name in CHECKS)
    rates: dict[str, tuple[float, str]] = {}
    rows = with_journey(rows, events, "entered_at")
    for step in (_met, _odd, _timed, _traced):
        rows, found = step(rows, sent, events, until)
        rates |= found
    rows = _judged(rows, rates)
    lacking = _lacking(orders, refunds, parcels)
    return rows.select(pl.col(c).cast(t) for c, t in _RETURNS.items()), _tally(rows, rates, lacking)


def _people(one: str = "", other: str = "_other") -> tuple[pl.Expr, pl.Expr]:
    """Whether two rows are of one household, and whether they are of different ones; neither where it is not known."""
    same = pl.any_horizontal((pl.col(f"{k}{one}") == pl.col(f"{k}{other}")).fill_null(value=False) for k in _KEYS)
    differ = pl.any_horizontal(
        (pl.col(f"{k}{one}") != pl.col(f"{k}{other}")).fill_null(value=False) for k in ("address", "phone", "province")
    )
    return same, ~same & differ


def _pairs(rows: pl.DataFrame, at: str) -> pl.DataFrame:
    """Each use of a number beside the earlier uses by other orders."""
    some = rows.filter(pl.len().over("number") > 1)
    more = [c for c in ("created_at", "shipped_at", "scanned_at") if c in rows.columns]
    keep = ["number", "order_id", at, *_KEYS, "province", *more]
    some = some.select(list(dict.fromkeys(keep)))
    pairs = some.join(some, on="number", suffix="_other").filter(pl.col("order_id") != pl.col("order_id_other"))
    return pairs.filter(
        (pl.col(f"{at}_other") < pl.col(at))
        | ((pl.col(f"{at}_other") == pl.col(at)) & (pl.col("order_id_other") < pl.col("order_id")))
    )


def _met(
    rows: pl.DataFrame, sent: pl.DataFrame, events: pl.DataFrame, until: date
) -> tuple[pl.DataFrame, dict[str, tuple[float, str]]]:
    """Numbers used before: by another household, for goods that one parcel cannot hold, for another's delivery."""
    same, differ = _people()
    pairs = _pairs(rows, "entered_at")
    gap = pl.col("entered_at") - pl.col("entered_at_other")
    # the goods were with the shop still, or not even ordered, when the parcel had left
    left = pl.coalesce(
        at_latest(pl.col("scanned_at_other")) + CLOCKS, at_latest(pl.col("entered_at_other")) + HANDED_OVER
    )
    gone = pl.coalesce("shipped_at", "created_at") > left
    apart = (gap > ONE_PARCEL) | gone.fill_null(value=False)
    strangers = (differ | (~same & apart)) & (gap <= RECYCLED)
    pairs = pairs.with_columns(several_buyers=strangers, reused=same & apart)
    best = pairs.filter("several_buyers").vstack(pairs.filter("reused", ~pl.col("several_buyers")))
    best = (
        best.sort("entered_at_other", "order_id_other")
        .group_by("order_id", "number", maintain_order=True)
        .agg(
            pl.col("several_buyers", "reused").any(),
            other_order=pl.col("order_id_other").first(),
            other_at=pl.col("entered_at_other").first(),
        )
    )
    # other people's deliveries, as far as the shop's own numbers are known
    theirs = (
        rows.filter(~pl.col("number").is_in(pl.col("own")))
        .join(sent.select("number", "order_id", "sent_at", *_KEYS, "province"), on="number", suffix="_other")
        .filter(differ, (pl.col("entered_at") - pl.col("sent_at")).abs() <= RECYCLED)
    )
    theirs = (
        theirs.sort("sent_at", "order_id_other")
        .group_by("order_id", "number", maintain_order=True)
        .agg(
            other_delivery=pl.lit(value=True),
            sent_order=pl.col("order_id_other").first(),
            sent_at=pl.col("sent_at").first(),
        )
    )
    keys = ["order_id", "number"]
    rows = rows.drop("several_buyers", "reused", "other_delivery").join(
        best, on=keys, how="left", maintain_order="left"
    )
    rows = rows.join(theirs, on=keys, how="left", maintain_order="left")
    known = pl.any_horizontal(pl.col(*_KEYS, "province").is_not_null()) & pl.col("entered_at").is_not_null()
    known_person = pl.any_horizontal(pl.col(_KEYS).is_not_null()) & pl.col("entered_at").is_not_null()
    several = pl.any_horizontal(pl.col("order_id").n_unique().over(k) > 1 for k in _KEYS)
    filled = {
        "several_buyers": known, "reused": known_person,
        "other_delivery": known if sent.height else pl.lit(value=False),
    }  # fmt: skip
    rows = rows.with_columns(
        pl.when(ok).then(pl.col(name).fill_null(value=False)).alias(name) for name, ok in filled.items()
    )
    rows = rows.with_columns(
        other_order=pl.coalesce("other_order", "sent_order"), other_at=pl.coalesce("other_at", "sent_at")
    )
    # deliveries meet as numbers do that nobody made up: by the courier's recycling and the packers' slips
    sent = sent.filter(pl.col("sent_at").is_not_null())
    met = _pairs(sent, "sent_at").with_columns(gap=pl.col("sent_at") - pl.col("sent_at_other"))
    met = met.select(
        strangers=(differ & (pl.col("gap") <= RECYCLED)), reused=same & (pl.col("gap") > ONE_PARCEL), number="number"
    )
    clash, again = (met.filter(c)["number"].n_unique() for c in ("strangers", "reused"))
    whole = int(sent["whole"][0]) if sent.height else 1
    share = min(1.0, rows.height / max(sent.height * whole, 1))
    repeat = sent.filter(several)["number"].n_unique() if sent.height else 0
    mine = rows.select(several.mean()).item() or 0.0 if rows.height else 0.0
    basis = "deliveries" if sent.height else "own"
    clashing = (clash + 0.5) / (sent["number"].n_unique() + 1) * share if sent.height else 1.0
    return rows, {
        "several_buyers": (clashing, basis), "other_delivery": (clashing / max(share, 1e-9), basis),
        "reused": ((again + 0.5) / (repeat + 1) * mine if sent.height else 1.0, basis),
    }  # fmt: skip


def _odd(
    rows: pl.DataFrame, sent: pl.DataFrame, events: pl.DataFrame, until: date
) -> tuple[pl.DataFrame, dict[str, tuple[float, str]]]:
    """Numbers whose form is none of the couriers', nor one or two characters away from one."""
    typed = rows.select("number", "courier", own=pl.lit(value=False)).unique(maintain_order=True)
    told = odd_forms(pl.concat([sent.select("number", "courier", own=pl.lit(value=True)).unique(), typed]))
    slips = told.filter(~pl.col("own")).select("number", "courier", "slips").unique(["number", "courier"])
    rows = rows.join(slips, on=["number", "courier"], how="left", nulls_equal=True, maintain_order="left")
    rows = rows.with_columns(odd_form=pl.col("slips") > SLIPS)
    n, one, two = (rows.filter(pl.col("slips") == k).height for k in (0, 1, 2))
    # as two slips are to one, so are three to two
    far = (two + 0.5) ** 2 / (one + 1) / max(n + one + two, 1)
    ours = told.filter("own", pl.col("slips").is_not_null())
    ours_far = ours.filter(pl.col("slips") > SLIPS).height
    return rows, {"odd_form": (min(1.0, far + (ours_far + 0.5) / (ours.height + 1)), "slips")}


def _timed(
    rows: pl.DataFrame, sent: pl.DataFrame, events: pl.DataFrame, until: date
) -> tuple[pl.DataFrame, dict[str, tuple[float, str]]]:
    """Numbers filled in, or first scanned, before the goods had left the shop; filled in before it was applied for."""
    own = pl.col("number").is_in(pl.col("own")).fill_null(value=False)
    first = pl.min_horizontal(at_latest(pl.col("known_at")), at_latest(pl.col("scanned_at")))
    rows = rows.with_columns(
        before_shipping=pl.when(~own).then(first + CLOCKS < pl.col("shipped_at")),
        before_application=pl.when(~own).then(at_latest(pl.col("known_at")) + CLOCKS < pl.col("applied_at")),
    )
    known = sent.drop_nulls(["shipped_at", "delivered_at"])
    wrong = known.filter(at_latest(pl.col("delivered_at")) + CLOCKS < pl.col("shipped_at")).height
    return rows, {
        "before_shipping": ((wrong + 0.5) / (known.height + 1) if known.height else 1.0,
                            "deliveries" if known.height else "own"),
        "before_application": (_share(rows, "before_application"), "own"),
    }  # fmt: skip


def _traced(
    rows: pl.DataFrame, sent: pl.DataFrame, events: pl.DataFrame, until: date
) -> tuple[pl.DataFrame, dict[str, tuple[float, str]]]:
    """What parcel events say: no scan at all, signed for elsewhere, sent from elsewhere, paid without a signature."""
    if events.is_empty():
        return rows.with_columns(slip_of=pl.lit(None, dtype=pl.String)), {}
    own = pl.col("number").is_in(pl.col("own")).fill_null(value=False)
    last = events["scanned_at"].max()
    ripe = pl.col("entered_at") + SCANNED_WITHIN <= pl.lit(last)
    here = pl.col("scanned_at").is_not_null()
    traced = (here & ripe).sum().over("courier") >= LEAST_TRACED * ripe.sum().over("courier")
    rows = rows.with_columns(never_scanned=pl.when(ripe & traced & ~own).then(~here))
    rows = _with_slips(rows, sent, events)
    # a typing error explains the form as well
    rows = rows.with_columns(
        pl.when(pl.col("slip_of").is_null()).then(name).otherwise(pl.lit(value=False)).alias(name)
        for name in ("never_scanned", "odd_form")
    )
    gone = with_journey(sent, events, "sent_at")
    old = gone.filter(pl.col("sent_at").is_between(events["scanned_at"].min(), last - SCANNED_WITHIN))  # type: ignore[operator]
    missing, known = old["scanned_at"].null_count(), old.height
    covered = known > 0 and missing < (1 - LEAST_TRACED) * known
    rates = {
        "never_scanned": ((missing + 0.5) / (known + 1), "deliveries")
        if covered
        else (_share(rows, "never_scanned"), "own")
    }
    # where returns are usually signed for
    signed = (
        rows.filter(~own & pl.col("signed_in").is_not_null())
        .with_columns(city=_city(pl.col("signed_in")))
        .drop_nulls("city")
    )
    usual = signed.group_by("city").agg(n=pl.len()).filter(pl.col("n") >= USUAL_SHARE * signed.height)["city"].sort()
    home = _province(pl.col("signed_in"))
    if signed.height >= LEAST_SIGNED and usual.len():
        city = _city(pl.col("signed_in"))
        rows = rows.with_columns(signed_elsewhere=pl.when(~own & city.is_not_null()).then(~city.is_in(usual.implode())))
        told = gone.filter(home.is_not_null(), pl.col("province").is_not_null())
        wrong = told.filter(home != pl.col("province").str.slice(0, 2)).height
        rates["signed_elsewhere"] = ((wrong + 0.5) / (told.height + 1), "deliveries") if told.height else (1.0, "own")
    start = _province(pl.col("scanned_in"))
    rows = rows.with_columns(
        from_elsewhere=pl.when(~own).then(start != pl.col("province").str.slice(0, 2)),
        paid_unsigned=pl.when(here & ~own).then(
            (pl.col("paid_at") < pl.col("signed_at"))
            | (pl.col("paid_at").is_not_null() & pl.col("signed_at").is_null())
        ),
    )
    return rows, rates | {name: (_share(rows, name), "own") for name in ("from_elsewhere", "paid_unsigned")}


def _with_slips(rows: pl.DataFrame, sent: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """``slip_of``: of a number without a scan the scanned one it is likely a slip of: nobody's, at that time."""
    missing = rows.filter("never_scanned")
    claimed = pl.concat([sent["number"], rows["number"]])
    free = events.filter(~pl.col("number").is_in(claimed.implode()))
    pairs = slips_apart(missing["number"], free["number"]).join(free.select(real="number", at="scanned_at"), on="real")
    at = missing.select("order_id", "number", "entered_at").join(pairs, left_on="number", right_on="typed")
    found = [at.filter((pl.col("at") - pl.col("entered_at")).abs() <= ONE_PARCEL).select("order_id", "number", "real")]
    # or the household's own other number, of a parcel that holds both
    there = rows.filter(pl.col("scanned_at").is_not_null())
    for key in _KEYS:
        both = missing.select("order_id", "number", key).join(there.select(key, real="number"), on=key)
        near = slips_apart(both["number"], both["real"])
        both = both.join(near, left_on=["number", "real"], right_on=["typed", "real"], how="semi")
        found.append(both.select("order_id", "number", "real"))
    slips = pl.concat(found).sort("order_id", "number", "real").group_by("order_id", "number", maintain_order=True)
    slips_of = slips.agg(slip_of=pl.col("real").first())
    return rows.join(slips_of, on=["order_id", "number"], how="left", maintain_order="left")


def _province(place: pl.Expr) -> pl.Expr:
    """The first two characters of a place that names its province; null where it names none."""
    return pl.when(place.str.contains(r"^.{2,8}?(?:省|市|自治区)")).then(place.str.slice(0, 2))


def _city(place: pl.Expr) -> pl.Expr:
    return place.str.extract(r"^(?:.{2,8}?(?:省|自治区))?(.{2,8}?(?:市|自治州|地区|盟))")


def _share(rows: pl.DataFrame, check: str) -> float:
    """Of the returns themselves, the forged ones among them: more than honest ones show."""
    return (int(rows[check].sum() or 0) + 1) / (rows[check].count() + 2)


def _judged(rows: pl.DataFrame, rates: Mapping[str, tuple[float, str]]) -> pl.DataFrame:
    """Rows with checks, probability and listed."""
    shown = pl.concat_list(pl.when(pl.col(n).fill_null(value=False)).then(pl.lit(n)) for n in CHECKS).list.drop_nulls()
    rows = rows.with_columns(checks=shown)
    kinds = rows.filter(pl.col("checks").list.len() > 0).select("checks").unique().sort("checks")["checks"].to_list()
    sure = {tuple(one): min((_expected(rows, some, rates) for some in _subsets(one)), default=None) for one in kinds}
    told = pl.DataFrame(
        [(",".join(one), *found) for one, found in sure.items() if found is not None],
        schema={"shown": pl.String, "share": pl.Float64, "expected": pl.Float64, "alike": pl.Int64},
        orient="row",
    )
    rows = (
        rows.with_columns(shown=pl.col("checks").list.join(","))
        .join(told, on="shown", how="left", maintain_order="left")
        .with_columns(probability=(1 - pl.col("share")).clip(0.0, SUREST))
    )
    steps = rows.drop_nulls("probability").group_by("probability").agg(n=pl.len()).sort("probability", descending=True)
    doubt = ((1 - pl.col("probability")) * pl.col("n")).cum_sum() / pl.col("n").cum_sum()
    least = steps.filter(doubt <= TARGET)["probability"].min()
    return rows.with_columns(listed=(pl.col("probability") >= pl.lit(least, dtype=pl.Float64)).fill_null(value=False))


def _subsets(checks: Iterable[str]) -> list[tuple[str, ...]]:
    every = list(checks)
    some = (c for size in range(1, len(every) + 1) for c in combinations(every, size))
    return [c for c in some if any(CHECKS[name][1] for name in c)]


def _expected(
    rows: pl.DataFrame, checks: tuple[str, ...], rates: Mapping[str, tuple[float, str]]
) -> tuple[float, float, int]:
    """Of the returns that show all of these the share to be expected of honest ones; both counts."""
    by_kind: dict[str, float] = {}
    for name in checks:
        kind, rate = CHECKS[name][0], rates[name][0]
        by_kind[kind] = min(rate, by_kind.get(kind, 1.0))
    assessed, found = rows.select(
        pl.all_horizontal(pl.col(checks).is_not_null()).sum().alias("n"),
        pl.all_horizontal(pl.col(checks)).sum().alias("k"),
    ).row(0)
    expected = float(assessed)
    for rate in by_kind.values():
        expected *= rate
    return min(expected / found, 1.0), expected, found


def _lacking(orders: Frame, refunds: Frame, parcels: Frame | None) -> dict[str, list[str]]:
    """What a check needs and the tables do not hold."""
    empty: set[str] = {"parcels"} if parcels is None else set()
    for name, table in (("orders", orders), ("refunds", refunds), ("parcels", parcels)):
        wanted = [n.split(".")[1] for need in NEEDS.values() for n in need if n.startswith(f"{name}.")]
        if table is None:
            empty |= {f"{name}.{column}" for column in wanted}
            continue
        there = table.collect_schema()
        held = (
            table.lazy()
            .select(pl.len().alias("_rows"), *(pl.col(c).count() for c in dict.fromkeys(wanted) if c in there))
            .collect(engine="streaming")
            .row(0, named=True)
        )
        empty |= {f"{name}.{c}" for c in wanted if not held.get(c)}
        empty |= {name} if not held["_rows"] else set()
    return {check: [need for need in needs if need in empty] for check, needs in NEEDS.items()}


def _tally(
    rows: pl.DataFrame, rates: Mapping[str, tuple[float, str]], lacking: Mapping[str, list[str]]
) -> pl.DataFrame:
    told: list[dict[str, Any]] = []
    for check in CHECKS:
        assessed, rate = rows[check].count(), rates.get(check)
        told.append(
            {
                "check": check,
                "assessed": assessed,
                "shown": int(rows[check].sum() or 0),
                "expected_innocent": rate[0] * assessed if rate and assessed and rate[1] != "own" else None,
                "basis": rate[1] if rate and assessed else None,
                "lacking": []
                if assessed
                else ["refunds.return_tracking_no"]
                if rows.is_empty()
                else lacking[check] or (["parcels.returns"] if "parcels" in "".join(NEEDS[check]) else []),
            }
        )
    return pl.DataFrame(told, schema=_TALLY)
