"""What the offline explorer counts from: order lines, refund requests and complaints as numbered columns in one file.

A page opened from a disk can fetch nothing, but it may load a script that lies beside it: the file is one, and holds
the packed columns as text. Erasing a buyer rewrites it (`without`).
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from aftersales.measures.cohorts import paid_lines
from aftersales.measures.order_evidence import named_buyer
from aftersales.measures.requests import FURTHEST_FIRST, refund_requests, touched_lines
from aftersales.measures.service import filed_complaints
from aftersales.sources.clean import mapped
from aftersales.sources.layout import load_layouts
from aftersales.week.shopweek import ShopWeek
from aftersales.words.periods import Week

# A page in a browser answers within a tenth of a second on so many lines, and holds some 20 bytes of each.
MOST_LINES = 200_000
LINE_DIMENSIONS = {
    "product": "product_id", "category": "category", "courier": "courier", "province": "province", "channel": "channel",
}  # fmt: skip
# Whether a week's figures may be shown as settled: the measures of `ShopWeek.signals` that the explorer's rest on.
JUDGED = ("refund_rate_orders", "refund_rate_money", "complaint_rate")
SETTLED, YOUNG, NOT_RECORDED = range(3)
_SHOWN_OF_KEY = 8  # as all lists of buyers show them
_TEXTS = ("order_ids", "buyers")
_NAME = "AFTERSALES_EXPLORER"
_PACKED = re.compile(rb'"([A-Za-z0-9+/=]+)"')
_LEVEL = 6


class Explored(NamedTuple):
    """The columns by name (whole numbers, floats with NaN, or texts), and a header that JSON can hold.

    ``header``: week, day0 (the day that is numbered 0), first (number of the first week's Monday), weeks (how many),
    left_out (whether older weeks did not fit), dimensions (by name the values of codes 1, 2 …; code 0 is not known),
    titles (of products), settled (by measure and week).
    """

    header: dict[str, Any]
    columns: dict[str, np.ndarray | list[str]]


def explored(data: ShopWeek, *, most_lines: int = MOST_LINES) -> Explored:
    """The paid order lines of the last sixty weeks, or as many as hold ``most_lines``, with requests and complaints.

    A request or complaint counts in its own week or in that of its order's payment; orders paid before the weeks stand
    there for the requests made within them. What each row means is told in `template/assets/explorer.js`.
    """
    since = _first_week(data, most_lines)
    lines, since = _lines(data, since, most_lines)
    requests, complaints = _requests(data, lines, since), _complaints(data, lines, since)
    lines = pl.concat([lines, _older_lines(data, lines, requests, complaints)])
    orders = _orders(lines, requests, complaints)
    lines = lines.join(orders.select("order_id", "order"), on="order_id").sort("order", "line_id")
    lines = lines.with_columns(at=pl.int_range(pl.len()).over("order"))
    requests, complaints = (_numbered(rows, orders) for rows in (requests, complaints))
    touched = _touched(requests, lines)
    days = pl.concat([frame["day"] for frame in (orders, requests, complaints)])
    day0 = min(days.drop_nulls().append(pl.Series([since])).to_list())
    values = {name: _values(lines[column]) for name, column in LINE_DIMENSIONS.items()}
    values |= {"reason": _values(pl.concat([requests["reason"], complaints["reason"]]))}
    values |= {"filed": _values(complaints["channel"]), "sku": _values(lines["sku"])}
    buyers = orders["buyer"].drop_nulls().unique(maintain_order=True)
    columns: dict[str, np.ndarray | list[str]] = {
        "order_lines": _small(orders["lines"]), "order_day": _days(orders["day"], day0),
        "order_buyer": _codes(orders["buyer"], buyers.to_list()), "buyers": buyers.to_list(),
        "order_ids": [one.replace("\n", " ") for one in orders["order_id"].to_list()],
        **{f"line_{n}": _codes(lines[c], values[n]) for n, c in LINE_DIMENSIONS.items()},
        "line_sku": _codes(lines["sku"], values["sku"]), "line_quantity": _known(lines["quantity"]),
        "line_paid": _known(_cents(lines["paid"])),
        "request_order": _small(requests["order"]), "request_day": _days(requests["day"], day0),
        "request_reason": _codes(requests["reason"], values["reason"]),
        "request_state": _codes(requests["state"], list(FURTHEST_FIRST)),
        "request_amount": _known(_cents(requests["amount"])),
        "pair_request": _small(touched["request"]), "pair_line": _small(touched["line"]),
        "pair_cents": _known(touched["cents"]),
        "complaint_order": _small(complaints["order"]), "complaint_day": _days(complaints["day"], day0),
        "complaint_reason": _codes(complaints["reason"], values["reason"]),
        "complaint_filed": _codes(complaints["channel"], values["filed"]),
        "complaint_paid": _known(_cents(complaints["compensation"])),
    }  # fmt: skip
    weeks = max((data.week.monday - since).days // 7 + 1, 0)
    header = {
        "week": str(data.week), "day0": day0.isoformat(), "first": (since - day0).days, "weeks": weeks,
        "left_out": since > _all_from(data), "states": list(FURTHEST_FIRST), "dimensions": values,
        "titles": [data.titles.get(p, p) for p in values["product"]],
        "settled": {measure: _settled(data, measure, since, weeks) for measure in JUDGED},
    }  # fmt: skip
    return Explored(header, columns)


def _all_from(data: ShopWeek) -> date:
    """The first week that pages look back to and that has a paid order."""
    weeks = data.refund_rate_weekly
    return data.week.monday if weeks.is_empty() else weeks["cohort"][0]


def _first_week(data: ShopWeek, most: int) -> date:
    """The Monday from which on the shop's paid orders are not too many; one after the week where its own are."""
    newest_first = data.refund_rate_weekly.sort("cohort", descending=True)
    fits = newest_first.filter(pl.col("paid_orders").cum_sum() <= most)
    if newest_first.is_empty():
        return data.week.monday
    return fits["cohort"][-1] if fits.height else data.week.shift(1).monday


def _paid(data: ShopWeek, *, since: date | None) -> list[pl.LazyFrame]:
    columns = ["product_id", "sku", "category", "province", "courier", "channel", "buyer_key", "buyer_key_quality"]
    return [paid_lines(part, until=data.until, since=since, columns=columns) for part in data.tables.parts("orders")]


def _collected(parts: Sequence[pl.LazyFrame]) -> pl.DataFrame:
    return pl.concat(pl.collect_all([part.with_columns(buyer=named_buyer()) for part in parts])).drop(
        "buyer_key", "buyer_key_quality"
    )


def _lines(data: ShopWeek, since: date, most: int) -> tuple[pl.DataFrame, date]:
    """The lines of whole weeks that are not more than ``most``, and the Monday of the first of them."""
    lines = _collected(_paid(data, since=since))
    days = lines.group_by("day").len().sort("day", descending=True).with_columns(pl.col("len").cum_sum())
    over = days.filter(pl.col("len") > most)
    if over.is_empty():
        return lines, since
    since = Week.of(over["day"][0]).shift(1).monday
    return lines.filter(pl.col("day") >= since), since


def _requests(data: ShopWeek, lines: pl.DataFrame, since: date) -> pl.DataFrame:
    """Requests made in the weeks, and all on orders paid in them."""
    day = pl.col("applied_at").dt.date()
    asked = refund_requests(data.tables["refunds"], until=data.until).with_columns(day=day)
    ours = pl.col("order_id").is_in(lines["order_id"].unique().implode()).fill_null(value=False)
    return asked.filter((pl.col("day") >= since).fill_null(value=False) | ours).collect()


def _complaints(data: ShopWeek, lines: pl.DataFrame, since: date) -> pl.DataFrame:
    filed = filed_complaints(
        data.tables["complaints"], until=data.until, columns=["order_id", "kind", "channel", "compensation"]
    ).with_columns(day=pl.col("filed_at").dt.date())
    ours = pl.col("order_id").is_in(lines["order_id"].unique().implode()).fill_null(value=False)
    rows = filed.filter((pl.col("day") >= since).fill_null(value=False) | ours).collect()
    named = mapped(rows["kind"], values=load_layouts()[0].maps["reason"])
    return rows.with_columns(reason=pl.when(named != "other").then(named).otherwise("kind"))


def _older_lines(data: ShopWeek, lines: pl.DataFrame, *events: pl.DataFrame) -> pl.DataFrame:
    """The lines of orders paid before the weeks that something happened to within them."""
    wanted = pl.concat([rows.select("order_id") for rows in events]).unique().drop_nulls()
    wanted = wanted.join(lines.select("order_id"), on="order_id", how="anti")
    if wanted.is_empty():
        return lines.clear()
    return _collected([part.join(wanted.lazy(), on="order_id", how="semi") for part in _paid(data, since=None)])


def _orders(lines: pl.DataFrame, *events: pl.DataFrame) -> pl.DataFrame:
    """All orders, numbered by day: with their lines, and without any those that only requests or complaints name."""
    own = lines.group_by("order_id").agg(
        pl.col("day").min(), pl.col("buyer").drop_nulls().first().str.head(_SHOWN_OF_KEY), lines=pl.len()
    )
    named = pl.concat([rows.select(pl.col("order_id").fill_null("")) for rows in events]).unique()
    every = pl.concat([own, named.join(own, on="order_id", how="anti")], how="diagonal")
    every = every.with_columns(pl.col("lines").fill_null(0))
    return every.sort("day", "order_id", nulls_last=True).with_row_index("order")


def _numbered(events: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """Requests or complaints with the number of their order, and in the order of it."""
    known = events.with_columns(pl.col("order_id").fill_null(""))
    known = known.join(orders.select("order_id", "order"), on="order_id", how="left")
    return known.sort("order", "day", events.columns[0], nulls_last=True)


def _touched(requests: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row a request and line that it touches: their numbers (the line's within its order, from 1), its cents."""
    wanted = ["order_id", "line_id", "product_id", "quantity", "paid"]
    pairs = touched_lines(requests.lazy().drop("order", "day"), lines.lazy().select(wanted))
    found = pairs.select("refund_id", "line_id", "cents").collect()
    found = found.join(lines.select("line_id", line=pl.col("at") + 1), on="line_id")
    numbered = requests.select("refund_id").with_row_index("request")
    every = numbered.join(found, on="refund_id", how="left")  # one without a line stands with line 0
    return every.with_columns(pl.col("line").fill_null(0)).sort("request", "line")


def _settled(data: ShopWeek, measure: str, since: date, weeks: int) -> list[int]:
    rows = data.signals.filter(pl.col("measure") == measure)
    state = (
        pl.when(pl.col("seen").is_null() & (pl.col("whole") > 0))
        .then(NOT_RECORDED)
        .when(pl.col("mature").fill_null(value=True))
        .then(SETTLED)
        .otherwise(YOUNG)
    )
    known = dict(rows.select("week", state).iter_rows())
    return [known.get(str(Week(since + timedelta(weeks=n))), SETTLED) for n in range(weeks)]


def _values(column: pl.Series) -> list[str]:
    """The values of a column, the most frequent first; reasons of our own stand by their codes."""
    counts = column.drop_nulls().value_counts(name="n")
    return counts.sort(["n", column.name], descending=[True, False])[column.name].to_list()


def _cents(money: pl.Series) -> pl.Series:
    return (money * 100).cast(pl.Int64)


def _codes(column: pl.Series, values: Sequence[str]) -> np.ndarray:
    """Numbers of values from 1; 0 is not known."""
    if not values:
        return np.zeros(len(column), dtype=np.uint8)
    found = column.replace_strict(list(values), range(1, len(values) + 1), default=0, return_dtype=pl.UInt32)
    return _small(found.fill_null(0))


def _days(column: pl.Series, day0: date) -> np.ndarray:
    return _known((column - day0).dt.total_days())


def _known(column: pl.Series) -> np.ndarray:
    """Whole numbers shifted by one, 0 is not known."""
    return _small((column.cast(pl.Int64) + 1).fill_null(0))


def _small(column: pl.Series) -> np.ndarray:
    """Whole numbers from 0 in as few bytes as hold the largest."""
    top = int(column.max() or 0)  # type: ignore[arg-type]
    kind = next((k for k in (np.uint8, np.uint16, np.uint32) if top <= np.iinfo(k).max), np.float64)
    return column.to_numpy().astype(kind)


# The file: a script that a page loads from beside it, its content deflated and written as text.


def packed(found: Explored) -> bytes:
    """The columns and their header as the script that the page loads.

    >>> small = Explored({"week": "2026-W47"}, {"order_ids": ["a", "b"], "order_lines": np.array([1, 2], np.uint8)})
    >>> again = unpacked(packed(small))
    >>> again.header["week"], again.columns["order_ids"], again.columns["order_lines"].tolist()
    ('2026-W47', ['a', 'b'], [1, 2])
    """
    kept, blocks, at = [], [], 0
    for name, column in found.columns.items():
        texts = isinstance(column, list)
        block = "\n".join(column).encode() if isinstance(column, list) else column.tobytes()
        block += b"\0" * (-len(block) % 8)
        kept.append([name, "text" if texts else str(getattr(column, "dtype", "")), len(column), at, len(block)])
        blocks.append(block)
        at += len(block)
    header = json.dumps({**found.header, "columns": kept}, ensure_ascii=False).encode()
    header += b" " * (-(len(header) + 4) % 8)
    raw = len(header).to_bytes(4, "little") + header + b"".join(blocks)
    text = base64.b64encode(zlib.compress(raw, _LEVEL))
    return f"window.{_NAME} = ".encode() + b'"' + text + b'";\n'


def unpacked(content: bytes) -> Explored:
    """What `packed` wrote."""
    written = _PACKED.search(content)
    raw = zlib.decompress(base64.b64decode(written[1])) if written else b"\2\0\0\0{}"
    length = int.from_bytes(raw[:4], "little")
    header = json.loads(raw[4 : 4 + length])
    columns: dict[str, np.ndarray | list[str]] = {}
    for name, kind, count, at, size in header.pop("columns", []):
        block = raw[4 + length + at : 4 + length + at + size]
        if kind == "text":
            columns[name] = block.rstrip(b"\0").decode().split("\n") if count else []
        else:
            columns[name] = np.frombuffer(block, dtype=kind, count=count)
    return Explored(header, columns)


def texts_of(content: bytes) -> list[str]:
    """All that can be read in the file as text."""
    found = unpacked(content)
    texts = [text for column in found.columns.values() if isinstance(column, list) for text in column]
    return [json.dumps(found.header, ensure_ascii=False), *texts]


def without(content: bytes, words: Sequence[str]) -> bytes:
    """The file without the order numbers and buyers' keys that hold one of the words; their sales stay, unnamed.

    >>> small = Explored({}, {"order_ids": ["37", "38"], "buyers": ["f00d"]})
    >>> unpacked(without(packed(small), ["38", "f00d"])).columns
    {'order_ids': ['37', ''], 'buyers': ['']}
    """
    found = unpacked(content)
    columns: Mapping[str, Any] = found.columns
    kept = {
        name: ["" if any(word in text for word in words) else text for text in column] if name in _TEXTS else column
        for name, column in columns.items()
    }
    return packed(Explored(found.header, kept))
