"""Patient attackers and rings whose addresses are written differently, found in shops of another make than `abuse`.

.venv/bin/python benchmarks/patient_abuse.py [seeds] [--first 100]

Three kinds of goods with their own return rates, 180 days with weekends, buyers whose return odds differ by person
(one in thirty sends back far more than others, lawfully), families, offices, dormitories, a bad batch. Addresses are
text and pass through the reader's own keys. Each kind of attacker is put into a shop of its own, few and many of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date, datetime
from functools import partial

import numpy as np
import polars as pl

from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.suspects import suspects
from aftersales.sources.identity import with_person_keys

FIRST, DAYS = datetime(2026, 1, 5), 180
UNTIL = date(2026, 7, 20)
KEY = b"benchmark key of thirty-two bytes"
# dress, shoe, snack: how often each is sent back, and how much is sold of it
KINDS = ((0.30, 0.3), (0.16, 0.3), (0.02, 0.4))
PRODUCTS = 150
PHASES = ("after_receipt", "before_shipping")
REASONS = ("no_reason", "size", "quality", "damaged", "not_as_described", "not_received")
UNITS = ("栋", "号楼", "幢", "座")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


class Shop:
    """Orders of one shop, gathered group by group."""

    def __init__(self, seed: int, *, more_returns: float = 0.0) -> None:
        self.draw = draw = np.random.default_rng(seed)
        self.kind = draw.choice(3, PRODUCTS, p=[share for _, share in KINDS])
        odds = np.log([rate / (1 - rate) for rate, _ in KINDS])[self.kind] + draw.normal(0, 0.25, PRODUCTS)
        self.odds = odds + more_returns
        self.popular = draw.dirichlet(np.full(PRODUCTS, 0.5))
        self.people = 0
        self.rows: list[pl.DataFrame] = []

    def accounts(self, n: int) -> np.ndarray:
        self.people += n
        return np.arange(self.people - n, self.people)

    def home(self) -> tuple[int, int, int]:
        return tuple(self.draw.integers(1, (400, 40, 2500)).tolist())  # type: ignore[return-value]

    def spelt(self, home: tuple[int, int, int], way: int = 0) -> str:
        """An address of this home: as most write it, with full-width digits, another unit word, or a door behind."""
        road, house, flat = home
        text = f"浙江省杭州市余杭区长河街道第{road}路{house}栋{flat}室"
        if way == 1:
            return text.translate(FULL_WIDTH)
        if way == 2:
            return text.replace("栋", UNITS[self.draw.integers(1, 4)])
        return text + ("-" + str(self.draw.integers(1, 5)) if way == 3 else "")

    def add(self, kind: str, buyer: np.ndarray, day: np.ndarray, address: list[str], *, phone: list[str] | None = None,
            product: np.ndarray | None = None, asked: np.ndarray | float | None = None, phase: np.ndarray | int = 0,
            person: np.ndarray | float = 0.0, reason: np.ndarray | None = None,
            keeps: float | None = None) -> None:  # fmt: skip
        n, draw = len(buyer), self.draw
        reason = draw.choice(len(REASONS), n, p=[0.35, 0.3, 0.15, 0.1, 0.08, 0.02]) if reason is None else reason
        # what does not fit or please is sent back; of the rest every second is settled without sending it back
        keeping = draw.random(n) < np.where(reason >= 2, 0.5, 0.05) if keeps is None else draw.random(n) < keeps
        product = draw.choice(PRODUCTS, n, p=self.popular) if product is None else product
        if asked is None:
            asked = 1 / (1 + np.exp(-(self.odds[product] + person)))
        self.rows.append(pl.DataFrame({
            "buyer": buyer, "day": np.clip(day, 0, DAYS - 0.01), "address": address,
            "phone": phone or [f"1{b:010d}" for b in buyer], "product": product, "asked": draw.random(n) < asked,
            "phase": np.broadcast_to(phase, n),
            "reason": reason, "keeps": keeping, "kind": [kind] * n,
        }))  # fmt: skip

    def tables(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Orders and refunds as the reader gives them, and what each order is in truth."""
        rows = pl.concat(self.rows).sort("day").with_row_index("order_id").cast({"order_id": pl.String})
        whole = pl.col("keeps") | (pl.col("phase") == 1)
        at = pl.lit(FIRST) + pl.duration(seconds=(pl.col("day") * 86_400).cast(pl.Int64))
        people = with_person_keys(rows.select(
            "order_id", "address", "phone", buyer=pl.format("tb{}", "buyer"), receiver=pl.lit(None, dtype=pl.String),
            mobile=pl.lit(None, dtype=pl.String),
        ), key=KEY)  # fmt: skip
        orders = people.join(rows.select(
            "order_id", created_at=at, shipped_at=at.dt.offset_by("1d"), product_id=pl.format("p{}", "product"),
            sku=pl.lit("均码"), province=pl.lit("浙江省"), amount=pl.lit(80.0),
            status=pl.when("asked").then(pl.lit("closed_refunded")).otherwise(pl.lit("finished")),
        ), on="order_id")  # fmt: skip
        refunds = rows.filter("asked").select(
            "order_id", refund_id=pl.format("r{}", "order_id"), applied_at=at.dt.offset_by("3d"),
            phase=pl.col("phase").replace_strict(dict(enumerate(PHASES)), return_dtype=pl.String),
            reason=pl.col("reason").replace_strict(dict(enumerate(REASONS)), return_dtype=pl.String),
            kind=pl.when(whole).then(pl.lit("refund_only")).otherwise(pl.lit("return_refund")),
            status=pl.lit("succeeded"),
        )  # fmt: skip
        return orders, refunds, rows.select("order_id", "kind")


def honest(shop: Shop, buyers: int) -> None:
    """Buyers alone and in families, steady ones, offices, dormitories, and a bad batch that its buyers send back."""
    draw = shop.draw
    who = shop.accounts(buyers)
    leaning = draw.normal(0, 0.5, buyers) + np.where(draw.random(buyers) < 1 / 30, 1.2, 0)
    homes = [shop.spelt(shop.home(), int(draw.integers(0, 4))) for _ in range(int(buyers * 0.8))]
    # one in three hundred orders twice a week
    often = draw.lognormal(-0.1, 1.0, buyers) + np.where(draw.random(buyers) < 1 / 300, 40.0, 0)
    buyer = np.repeat(np.arange(buyers), draw.poisson(often))
    lives = draw.integers(0, len(homes), buyers)
    leaning, lives = leaning + draw.normal(0, 0.3, len(homes))[lives], lives[buyer]
    day = np.floor(draw.integers(0, DAYS, len(buyer)) + np.clip(draw.normal(0.6, 0.2, len(buyer)), 0, 0.99))
    day = day + draw.beta(3, 2, len(buyer))
    # one household in five gives one telephone for all
    both = zip(lives.tolist(), who[buyer].tolist(), strict=True)
    phone = [f"137{i:08d}" if i % 5 == 0 else f"1{b:010d}" for i, b in both]
    shop.add("honest", who[buyer], day, [homes[i] for i in lives], phone=phone, person=leaning[buyer])
    for name, groups, low, high in (("office", 8, 5, 25), ("dormitory", 4, 20, 80)):
        for _ in range(groups):
            n, place = int(draw.integers(low, high)), shop.home()
            each = np.repeat(np.arange(n), draw.integers(1, 6, n))
            person = draw.normal(0, 0.3) + draw.normal(0, 0.5, n)[each]
            address = [shop.spelt(place, int(w)) for w in draw.integers(0, 4, len(each))]
            shop.add(name, shop.accounts(n)[each], draw.uniform(0, DAYS, len(each)), address, person=person)
    n, product = 150, int(draw.choice(PRODUCTS, p=shop.popular))
    place = [homes[i] for i in draw.integers(0, len(homes), n)]
    shop.add("bad batch", draw.choice(who, n), draw.uniform(90, 118, n), place,
             product=np.full(n, product), asked=0.65, reason=np.full(n, 2))  # fmt: skip


def daily(shop: Shop, number: int) -> None:
    """One account, an order a day for two weeks, none of which comes to anything."""
    n, start, place = 14, shop.draw.uniform(0, DAYS - 15), shop.spelt(shop.home())
    day = start + np.arange(n) + shop.draw.uniform(0, 0.5, n)
    shop.add("daily", np.repeat(shop.accounts(1), n), day, [place] * n, asked=1.0, phase=1)


def drip(shop: Shop, number: int) -> None:
    """One account, an order every few days for months; of seven in ten the money is asked back without the goods."""
    n, draw, place = int(shop.draw.integers(12, 25)), shop.draw, shop.spelt(shop.home())
    day = draw.uniform(0, DAYS, n)
    shop.add("drip", np.repeat(shop.accounts(1), n), day, [place] * n, asked=0.7, keeps=1.0,
             reason=draw.choice([3, 5], n))  # fmt: skip


def spread(shop: Shop, number: int, *, by: str, way: int | None = None) -> None:
    """Eight to fourteen accounts with an order or two each, over four months, at one address or of one telephone."""
    draw, n = shop.draw, int(shop.draw.integers(8, 15))
    each = np.repeat(np.arange(n), draw.integers(1, 3, n))
    place = shop.home()
    ways = draw.integers(0, 4, len(each)) if way is None else np.full(len(each), way)
    one = [shop.spelt(place, int(w)) for w in ways]
    several = [shop.spelt(shop.home()) for _ in each]
    accounts = shop.accounts(n)[each]
    day = draw.uniform(0, 60) + draw.uniform(0, 119, len(each))
    phone = [f"139{number:08d}"] * len(each) if by == "phone" else None
    shop.add("spread", accounts, day, one if by == "address" else several, phone=phone, asked=0.8,
             reason=draw.choice(len(REASONS), len(each)), keeps=0.9 if by == "address" else None)  # fmt: skip


def among_neighbours(shop: Shop, number: int) -> None:
    """A ring of five accounts in two days at a door where fifteen others live, half of whom order in those days too."""
    draw, place, start = shop.draw, shop.home(), float(shop.draw.uniform(5, DAYS - 5))
    each = np.repeat(np.arange(5), draw.integers(3, 6, 5))
    shop.add("ring", shop.accounts(5)[each], start + draw.uniform(0, 2, len(each)), [shop.spelt(place)] * len(each),
             product=draw.choice(draw.choice(PRODUCTS, 3), len(each)), asked=0.85)  # fmt: skip
    day = np.r_[draw.uniform(0, DAYS, 30), start + draw.uniform(0, 2, 8)]
    who = shop.accounts(15)[np.r_[draw.integers(0, 15, 30), np.arange(8)]]
    shop.add("neighbour", who, day, [shop.spelt(place)] * 38, person=draw.normal(0, 0.5, 38))


def ring(shop: Shop, number: int, *, way: int) -> None:
    """Four to nine accounts in two days at one door; every second order writes it in the given way."""
    draw, n = shop.draw, int(shop.draw.integers(4, 10))
    each = np.repeat(np.arange(n), draw.integers(2, 6, n))
    place = shop.home()
    address = [shop.spelt(place, int(w)) for w in np.where(draw.random(len(each)) < 0.5, way, 0)]
    shop.add("ring", shop.accounts(n)[each], draw.uniform(5, DAYS - 5) + draw.uniform(0, 2, len(each)), address,
             product=draw.choice(draw.choice(PRODUCTS, 3), len(each)), asked=0.85,
             phase=draw.integers(0, 2))  # fmt: skip


ATTACKS: dict[str, Callable[[Shop, int], None]] = {
    "ring, full-width digits": partial(ring, way=1), "ring, other unit words": partial(ring, way=2),
    "ring, a door behind": partial(ring, way=3), "ring among neighbours": among_neighbours,
    "one order a day": daily, "an order every few days": drip,
    "many accounts, one address": partial(spread, by="address"),
    "many accounts, one telephone": partial(spread, by="phone"),
}  # fmt: skip


QUIET = (("as above", 0, 6_000), ("where two in five come back", 1.6, 6_000), ("small", 0, 900))


def score(shop: Shop) -> tuple[int, int, int]:
    """Orders rightly listed, wrongly listed, and of attackers."""
    orders, refunds, truth = shop.tables()
    listed = suspects(order_evidence(orders, refunds, until=UNTIL))[1]["order_id"].unique()
    bad = truth.filter(pl.col("kind").is_in(["daily", "drip", "spread", "ring"]))["order_id"]
    hit = int(listed.is_in(bad.implode()).sum())
    return hit, len(listed) - hit, len(bad)


def tell(name: str, scores: list[tuple[int, int, int]]) -> None:
    hit, wrong, bad = np.sum(scores, axis=0).tolist()
    print(f"{name:44} precision {hit / max(hit + wrong, 1):.3f}  recall {hit / max(bad, 1):.3f}  "
          f"({hit} of {bad}, {wrong} wrong)", flush=True)  # fmt: skip


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("seeds", type=int, nargs="?", default=3, help="how many shops of each kind")
    given.add_argument("--first", type=int, default=100, help="the first seed")
    given.add_argument("--only", default="", help="only what is named so")
    asked = given.parse_args()
    for name, attack in ATTACKS.items():
        if asked.only not in name:
            continue
        for many in (4, 36):
            scores = []
            for seed in range(asked.first, asked.first + asked.seeds):
                shop = Shop(seed)
                honest(shop, 6_000)
                for number in range(many):
                    attack(shop, number)
                scores.append(score(shop))
            tell(f"{name}, {many} of them", scores)
    for name, more_returns, buyers in QUIET:
        scores = []
        for seed in range(asked.first, asked.first + asked.seeds):
            shop = Shop(seed + 1000, more_returns=more_returns)
            honest(shop, buyers)
            scores.append(score(shop))
        tell(f"no attackers, {name}", scores)


if __name__ == "__main__":
    main()
