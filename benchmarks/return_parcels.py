"""Forged returns: precision and recall by return, with and without parcel events, on shops made for the purpose.

How to run, from the project's root (about two minutes with SEEDS 3):

    .venv/bin/python benchmarks/return_parcels.py [SEEDS]

A generator of its own. Honest returns hold the hard cases: two orders of one buyer, or of one household, in one parcel;
one or two characters mistyped, left out or doubled; the wrong courier picked; a courier's numbers used again after some
months; words, zeros and telephone numbers instead of a number; sent back from another province (a gift, a journey);
fetched by the platform, with the first scan in the hub's city; received at another of the shop's warehouses; a parcel
in a hundred and fifty without any scan; refunds paid at once. Forged returns: another account's number, the own number
of an earlier return, another buyer's delivery, invented numbers of the courier's form and of none, a parcel that never
left, one that went to another city, a bought number of somebody else's parcel that was on its way before the goods.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from aftersales.measures.return_parcels import return_parcels

SEEDS = 6
FIRST_SEED = 950  # worked on with seeds 500 to 501 and 900 to 902
ORDERS, RETURN_SHARE = 20_000, 0.30
END = date(2026, 11, 15)
PROVINCES = ("浙江省", "广东省", "江苏省", "四川省", "河南省", "湖北省", "山东省", "福建省")
CITY = dict(
    zip(PROVINCES, ("杭州市", "广州市", "南京市", "成都市", "郑州市", "武汉市", "济南市", "厦门市"), strict=True)
)
HOME = ("浙江省金华市义乌市仓库", "浙江省嘉兴市海宁市二仓")
# courier: leading letters, digits, share of deliveries, share of returns
COURIERS = {
    "圆通速递": ("YT", 13, 0.35, 0.25), "中通快递": ("7", 13, 0.30, 0.25), "韵达快递": ("4", 14, 0.25, 0.15),
    "顺丰速运": ("SF", 13, 0.10, 0.15), "菜鸟裹裹": ("JD", 12, 0.0, 0.20),
}  # fmt: skip
FORGED = ("other_account", "own_again", "other_delivery", "invented", "no_form", "never_left", "other_city", "bought")
OUT_OF_NUMBER = ("other_account", "own_again", "other_delivery", "no_form", "bought")
TYPED, WRONG_COURIER, NO_NUMBER, ELSEWHERE, UNTRACED, RECYCLED = 0.012, 0.01, 0.02, 0.03, 1 / 150, 0.002
COMPLETE = 1e-4  # of parcels without any scan, in a trace that is nearly complete
DAY = timedelta(days=1)


def made_up(
    *, seed: int, forged: float, orders: int = ORDERS, with_keys: float = 0.9, untraced: float = UNTRACED
) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """Tables orders, refunds, parcels of one shop; and how each forged refund was forged."""
    shop = _Shop(np.random.default_rng(seed), with_keys, untraced)
    for number in range(orders):
        shop.order(number)
    for one in list(shop.orders):
        if shop.rng.random() < RETURN_SHARE:
            shop.back(one, forged=shop.rng.random() < forged)
    return shop.tables(), shop.truth


class _Shop:
    def __init__(self, rng: np.random.Generator, with_keys: float, untraced: float) -> None:
        self.rng, self.with_keys, self.untraced = rng, with_keys, untraced
        self.orders: list[dict[str, Any]] = []
        self.refunds: list[dict[str, Any]] = []
        self.parcels: list[dict[str, Any]] = []
        self.truth: dict[str, str] = {}
        self.of_buyer: dict[int, list[dict[str, Any]]] = {}
        self.sent_back: list[dict[str, Any]] = []
        self.done: set[str] = set()

    def number(self, courier: str) -> str:
        letters, size, *_ = COURIERS[courier]
        digits = size if letters.isalpha() else size - len(letters)
        return letters + "".join(map(str, self.rng.integers(0, 10, digits)))

    def courier(self, which: int) -> str:
        names = list(COURIERS)
        return str(self.rng.choice(names, p=[COURIERS[n][which] for n in names]))

    def order(self, number: int) -> None:
        rng = self.rng
        buyer = int(rng.integers(0, 2_000)) if rng.random() < 0.4 else 2_000 + int(rng.integers(0, 15_000))
        home = buyer if rng.random() < 0.97 else buyer // 3 * 3
        door = buyer // 3 if buyer % 10 == 0 else None
        placed = datetime(2026, 3, 1) + timedelta(days=float(rng.uniform(0, 240)))
        shipped = placed + timedelta(hours=float(rng.uniform(5, 47)))
        delivered = shipped + timedelta(days=float(rng.uniform(1, 5)))
        courier = self.courier(2)
        tracking = self.number(courier)
        if rng.random() < RECYCLED:
            old = [o for o in self.orders[-200:] if abs(o["shipped_at"] - shipped) > 95 * DAY]
            tracking, courier = (old[0]["tracking_no"], old[0]["courier"]) if old else (tracking, courier)
        known = rng.random() < self.with_keys
        one = {
            "order_id": f"3{seed_id(number)}", "buyer_key": f"b{buyer}", "buyer_key_quality": "full",
            "address_key": (f"door{door}" if door is not None else f"a{home}") if known else None,
            "phone_key": f"p{buyer}" if known else None,
            "province": PROVINCES[(door if door is not None else buyer) % 8],
            "tracking_no": tracking, "courier": courier, "created_at": placed, "shipped_at": shipped,
            "delivered_at": delivered, "amount": round(float(rng.uniform(20, 300)), 2),
        }  # fmt: skip
        self.orders.append(one)
        self.of_buyer.setdefault(buyer if door is None else -1 - door, []).append(one)
        one["_who"] = buyer if door is None else -1 - door
        if rng.random() > self.untraced:
            home_place = one["province"] + CITY[one["province"]]
            self.trace(tracking, shipped, HOME[0], delivered, home_place if rng.random() > 0.004 else "上海市浦东新区")

    def trace(self, number: str, start: datetime, from_: str, end: datetime | None, to: str) -> None:
        self.parcels.append({"tracking_no": number, "at": start, "event": "picked_up", "place": from_})
        if end is not None:
            self.parcels.append({"tracking_no": number, "at": end, "event": "signed", "place": to})

    def back(self, one: dict[str, Any], *, forged: bool) -> None:
        rng = self.rng
        if one["order_id"] in self.done:
            return
        applied = one["delivered_at"] + timedelta(days=float(rng.uniform(0.1, 6)))
        entered = applied + timedelta(days=float(rng.uniform(0.1, 5)))
        courier = self.courier(3)
        way = str(rng.choice(FORGED)) if forged else ""
        if forged:
            way, number, entered = self.forge(way, one, courier, applied, entered)
        else:
            number, courier, entered = self.honest(one, courier, applied, entered)
        self.refund(one, number, courier, applied, entered, way)

    def refund(
        self, one: dict[str, Any], number: str | None, courier: str, applied: datetime, entered: datetime, way: str
    ) -> None:
        rng = self.rng
        self.done.add(one["order_id"])
        refund = f"9{one['order_id']}"
        paid = applied + 0.3 * DAY if rng.random() < 0.25 else entered + timedelta(days=float(rng.uniform(2, 9)))
        if way:
            self.truth[refund] = way
        self.refunds.append({
            "refund_id": refund, "order_id": one["order_id"], "kind": "return_refund", "phase": "after_receipt",
            "status": "succeeded" if rng.random() < 0.9 else "returned", "amount": one["amount"], "applied_at": applied,
            "returned_at": entered, "finished_at": paid, "return_courier": courier, "return_tracking_no": number,
        })  # fmt: skip

    def honest(
        self, one: dict[str, Any], courier: str, applied: datetime, entered: datetime
    ) -> tuple[str | None, str, datetime]:
        rng = self.rng
        number = self.number(courier)
        if rng.random() < RECYCLED and self.sent_back:
            old = self.sent_back[int(rng.integers(len(self.sent_back)))]
            if abs(old["at"] - entered) > 95 * DAY:
                number, courier = old["number"], old["courier"]
        away = rng.random() < ELSEWHERE
        province = str(rng.choice(PROVINCES)) if away else one["province"]
        fetched = courier == "菜鸟裹裹"
        start = province + (str(rng.choice(["转运中心", CITY[province]])) if fetched else CITY[province])
        if fetched:
            entered = applied + timedelta(minutes=float(rng.uniform(1, 30)))
        # one parcel for two orders of one buyer or household
        near = [
            o for o in self.of_buyer[one["_who"]]
            if o is not one and o["order_id"] not in self.done
            and abs(o["delivered_at"] - one["delivered_at"]) < 4 * DAY
        ]  # fmt: skip
        leaves = max(
            [entered + timedelta(hours=float(rng.uniform(0, 30)))] + [o["delivered_at"] + 0.1 * DAY for o in near[:1]]
        )
        if rng.random() > self.untraced:
            place = HOME[0] if rng.random() < 0.8 else HOME[1]
            if rng.random() < 0.003:
                place = "浙江省杭州市余杭区退货驿站"
            self.trace(number, leaves, start, leaves + timedelta(days=float(rng.uniform(1, 4))), place)
        self.sent_back.append({"number": number, "courier": courier, "at": entered, "order": one})
        written = number
        if near and rng.random() < 0.6:
            other = near[0]
            later = max(leaves, other["delivered_at"]) + timedelta(days=float(rng.uniform(-0.5, 4)))
            late_applied = max(other["delivered_at"] + 0.1 * DAY, later - timedelta(days=float(rng.uniform(0.1, 2))))
            self.refund(other, self.typed(number), courier, late_applied, max(later, late_applied), "")
        dice = rng.random()
        if dice < NO_NUMBER:
            written = str(rng.choice(["无", "自送", "0000000000", "13800138000", "没有单号", "11111111111"]))
        elif dice < NO_NUMBER + WRONG_COURIER:
            courier = str(rng.choice([n for n in COURIERS if n != courier]))
        elif not fetched:
            written = self.typed(written)
        return written, courier, entered

    def typed(self, number: str) -> str:
        """The number as people type it: mostly right, with blanks or small letters, sometimes one or two slips."""
        rng = self.rng
        if rng.random() < TYPED:
            for _ in range(1 if rng.random() < 0.8 else 2):
                at = int(rng.integers(2, len(number)))
                kind = rng.random()
                if kind < 0.6:
                    number = number[:at] + str(rng.integers(0, 10)) + number[at + 1 :]
                elif kind < 0.8:
                    number = number[:at] + number[at + 1 :]
                else:
                    number = number[:at] + number[at - 1] + number[at:]
        dice = rng.random()
        return number.lower() if dice < 0.03 else f" {number[:4]} {number[4:]}" if dice < 0.06 else number

    def forge(
        self, way: str, one: dict[str, Any], courier: str, applied: datetime, entered: datetime
    ) -> tuple[str, str, datetime]:
        rng = self.rng
        number = self.number(courier)
        if way == "other_account":
            near = [
                s
                for s in self.sent_back[-400:]
                if 0.2 * DAY < entered - s["at"] < 30 * DAY and s["order"]["_who"] != one["_who"]
            ]
            if not near:
                return self.forge("invented", one, courier, applied, entered)
            number = near[int(rng.integers(len(near)))]["number"]
        elif way == "own_again":
            mine = [
                s for s in self.sent_back if s["order"]["_who"] == one["_who"] and one["shipped_at"] - s["at"] > 2 * DAY
            ]
            if not mine:
                return self.forge("no_form", one, courier, applied, entered)
            number = mine[-1]["number"]
        elif way == "other_delivery":
            near = [
                o for o in self.orders[:2_000] if abs(o["shipped_at"] - entered) < 20 * DAY and o["_who"] != one["_who"]
            ]
            number = near[int(rng.integers(len(near)))]["tracking_no"] if near else number
        elif way == "no_form":
            size = int(rng.choice([8, 9, 10, 11, 12, 16, 17, 18]))
            number = (
                "".join(map(str, rng.integers(0, 10, size)))
                if rng.random() < 0.8
                else "1234567890" + str(rng.integers(10, 99))
            )
        elif way == "other_city":
            self.trace(
                number,
                entered,
                one["province"] + CITY[one["province"]],
                entered + 2 * DAY,
                str(rng.choice(["河北省保定市", "安徽省阜阳市", "湖南省邵阳市", "江西省上饶市"])),
            )
        elif way == "bought":
            start = one["shipped_at"] - timedelta(days=float(rng.uniform(1, 10)))
            self.trace(number, start, "河北省保定市", start + 3 * DAY, HOME[0])
            if rng.random() < 0.5:
                entered = one["shipped_at"] - timedelta(hours=float(rng.uniform(2, 40)))
        return way, number, entered

    def tables(self) -> dict[str, pl.DataFrame]:
        lines = pl.DataFrame(
            [{k: v for k, v in o.items() if not k.startswith("_")} for o in self.orders], infer_schema_length=None
        )
        return {
            "orders": lines,
            "refunds": pl.DataFrame(self.refunds, infer_schema_length=None),
            "parcels": pl.DataFrame(self.parcels),
        }


def seed_id(number: int) -> str:
    """An order's number of sixteen digits."""
    return f"{(number * 7_919_317 + 1_000_003) % 10**15:016d}"


def result(
    *, seed: int, forged: float, events: bool, orders: int = ORDERS, untraced: float = UNTRACED
) -> dict[str, Any]:
    """Counts of one shop: listed, forged, both, cases, honest ones expected among those listed, and found by way."""
    tables, truth = made_up(seed=seed, forged=forged, orders=orders, untraced=untraced)
    found, _ = return_parcels(tables["orders"], tables["refunds"], tables["parcels"] if events else None, until=END)
    listed = set(found.filter("listed").explode("refund_ids")["refund_ids"])
    ways = {
        w: (sum(1 for r, x in truth.items() if x == w and r in listed), sum(1 for x in truth.values() if x == w))
        for w in FORGED
    }
    cases = found.filter("listed")["number"].n_unique()
    due = float((1 - found.filter("listed")["probability"]).sum())
    return {
        "listed": len(listed),
        "forged": len(truth),
        "both": len(listed & set(truth)),
        "ways": ways,
        "cases": cases,
        "due": due,
    }


def main() -> None:
    """Print the figures over the seeds."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    for events, untraced in ((False, UNTRACED), (True, UNTRACED), (True, COMPLETE)):
        for share in (0.01, 0.003, 0.0):
            told = [result(seed=FIRST_SEED + n, forged=share, events=events, untraced=untraced) for n in range(seeds)]
            total = {k: sum(t[k] for t in told) for k in ("listed", "forged", "both", "cases", "due")}
            ways = {w: tuple(sum(t["ways"][w][i] for t in told) for i in (0, 1)) for w in FORGED}
            precision = total["both"] / total["listed"] if total["listed"] else float("nan")
            recall = total["both"] / total["forged"] if total["forged"] else float("nan")
            of_number = [sum(ways[w][i] for w in OUT_OF_NUMBER) for i in (0, 1)]
            trace = f"events, 1 parcel in {1 / untraced:.0f} without" if events else "no events"
            print(
                f"{trace}; forged {share:.1%}: precision {precision:.3f}, recall {recall:.3f}, of those that the "
                f"number alone can show {of_number[0]}/{of_number[1]}; "
                f"{total['cases'] / seeds / ORDERS * 10_000:.2f} cases in 10,000 orders; "
                f"honest among listed {total['listed'] - total['both']}, expected {total['due']:.1f}",
                flush=True,
            )
            print("   ", ", ".join(f"{w} {a}/{b}" for w, (a, b) in ways.items() if b))


if __name__ == "__main__":
    main()
