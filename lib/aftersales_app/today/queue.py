"""The contact queue of a shop, put together from order and refund files alone; every further file adds to it.

Now is the moment asked for, the clock, or the end of data that are too old for the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl

from aftersales.findings.contacts import batch_buyers, contacts
from aftersales.findings.drafts import with_drafts
from aftersales.measures.deadlines import deadlines
from aftersales.measures.order_evidence import NAMING
from aftersales.sources.importing import import_files
from aftersales.sources.notes import note_lines
from aftersales.sources.settings import Settings, Shop, load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales.tables.columns import Frame
from aftersales.week.shopweek import ShopWeek
from aftersales.week.tables import Tables
from aftersales.words.errors import AftersalesError, UsageError, error_in
from aftersales.words.language import LANGUAGES, Language, say
from aftersales.words.periods import Week, last_whole_week
from aftersales.words.plain import one_line

SOON = timedelta(hours=24)
_SHOWN_NOTES = 5


@dataclass(frozen=True, eq=False)
class Queue:
    """Whom to contact now. ``people`` are rows of `contacts` with drafts, a probability and the case's state."""

    shop: Shop
    language: Language
    moment: Moment
    people: pl.DataFrame
    batches: pl.DataFrame
    batch_buyers: pl.DataFrame
    waiting: int
    to_ship: tuple[int, datetime | None]
    lacking: tuple[str, ...]
    said: tuple[str, ...]
    seconds: float
    import_seconds: float
    store: Folder

    def say(self, key: str, **values: object) -> str:
        """A sentence of the catalogue in the queue's language, the shop's currency and its market's words."""
        return say(key, self.language, currency=self.shop.currency, market=self.shop.market, **values)


def contact_queue(
    shop_id: str,
    *,
    at: str | None = None,
    with_import: bool = True,
    language: str | None = None,
    config: Path | None = None,
    clock: datetime | None = None,
    started: float | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Queue:
    """Import what is new, then say whom to contact, as of now (`moment.moment_of`).

    A file that cannot be read is named and does not keep the others out, and where nothing can be imported (another
    import is running) the queue is made of what is there: most of the files are worth more to the team than none.
    ``started`` (seconds since 1970) is when the program began, to tell how long it took. `UsageError` for an unknown
    shop or language, or where nothing was imported yet.
    """
    begun = time.time() if started is None else started
    settings = load_settings(config)
    shop = settings.shop(shop_id)
    spoken = language or shop.language[0]
    if spoken not in LANGUAGES:
        raise UsageError(f"There is no language '{language}'", found=", ".join(LANGUAGES))
    importing = time.time()
    said = _imported(settings, shop, spoken, progress) if with_import else []
    imported = time.time()
    store = ShopStore(settings.store_path, shop.id, shop.zone)
    tables = Tables(store, store.head())
    until = data_end(tables["orders"], tables["refunds"])
    if until is None:
        raise UsageError(
            f"The shop '{shop.id}' has no orders yet",
            hint=f"run `aftersales import {shop.id}`; `aftersales status` names files that wait for their orders",
        )
    wall = (clock or datetime.now(UTC)).astimezone(shop.tz).replace(tzinfo=None, microsecond=0)
    moment = moment_of(at, clock=wall, data_until=until)
    # what is known of suspects goes by the data, whatever hour the clock shows
    week = ShopWeek(settings, shop, Week.of(max(moment.now.date(), until.date())), tables)
    progress("looking for suspected orders")
    suspected = week.suspicious_orders(spoken)
    progress("judging complaints")
    states = dict(week.case_outcomes.select("case_id", "state").iter_rows())
    told = week.suspicious_complaints(spoken).select("complaint_id", "case_id", "probability", "contradictions")
    judged = week.complaint_judgement.rows.drop("probability").join(told, on="complaint_id", how="left")
    orders, refunds, complaints = (tables[name] for name in ("orders", "refunds", "complaints"))
    progress("putting the queue together")
    clocks = deadlines(orders, refunds, complaints, now=moment.now)
    people = contacts(
        orders, refunds, complaints, now=moment.now, suspected=suspected, judged=judged, states=states, clocks=clocks
    )
    people = _with_cases(
        with_drafts(people, language=spoken, currency=shop.currency, market=shop.market), suspected, told, states
    )
    settled = ShopWeek(settings, shop, last_whole_week(until.date()), tables)
    settled = week if settled.week == week.week else settled
    batches, buyers = batch_buyers(settled.product_views, orders, refunds, complaints, now=moment.now)
    return Queue(
        shop,
        spoken,
        moment,
        people,
        batches,
        buyers,
        waiting=int((clocks["step"] == "wait_for_return").sum()),
        to_ship=_to_ship(clocks, now=moment.now),
        lacking=_lacking(tables, spoken),
        said=tuple(said),
        seconds=time.time() - begun,
        import_seconds=imported - importing,
        store=store.folder,
    )


def _imported(settings: Settings, shop: Shop, language: Language, progress: Callable[[str], None]) -> list[str]:
    """Import what is new; what is to be said of it. Where it cannot be done the queue is made of what is there."""
    try:
        account = import_files(settings, shop, progress=progress)
    except AftersalesError as error:
        return [say("today.head.no_import", language, reason=one_line(error_in(str(error), language), longest=300))]
    read = len(account.files) - len(account.failed)
    said = [say("today.head.imported", language, files=read)] if read else []
    return said + [
        say(
            "today.head.failed_file",
            language,
            file=one_line(f.file),
            reason=one_line(error_in(f.error or "", language), longest=300),
        )
        for f in account.failed
    ]


def _with_cases(
    people: pl.DataFrame, suspected: pl.DataFrame, told: pl.DataFrame, states: dict[str, str]
) -> pl.DataFrame:
    """``case_probability`` and ``case_state`` of each row's case, and ``against``: what stands against a complaint."""
    sure = pl.concat(
        [
            suspected.group_by("case_id").agg(
                pl.col("case_probability").first(), against=pl.lit([], pl.List(pl.String))
            ),
            told.group_by("case_id").agg(
                case_probability=pl.col("probability").max(), against=pl.col("contradictions").first()
            ),
        ]
    )
    joined = people.join(sure, on="case_id", how="left", maintain_order="left")
    state = pl.col("case_id").replace_strict(states, default=None, return_dtype=pl.String)
    return joined.with_columns(case_state=state)


def _to_ship(clocks: pl.DataFrame, *, now: datetime) -> tuple[int, datetime | None]:
    due = clocks.filter(pl.col("step") == "ship", pl.col("due_at").is_between(now, now + SOON))["due_at"]
    first = due.min()
    return due.len(), first if isinstance(first, datetime) else None


def _lacking(tables: Tables, language: Language) -> tuple[str, ...]:
    """What the shop's files cannot tell, and what that costs the queue."""
    found = []
    masked = tables["orders"].select(
        (~(pl.col("buyer_key_quality").is_in(NAMING) & pl.col("buyer_key").is_not_null())).mean()
    )
    share = masked.collect().item() or 0.0
    if share > 0:
        found.append(say("today.lack.masked", language, share=share))
    made_up = tables["orders"].select((pl.col("buyer_key_quality") == "composite").mean()).collect().item() or 0.0
    if made_up > 0:
        found.append(say("today.lack.composite", language, share=made_up))
    own = tables["complaints"].filter(pl.col("source") == "template")
    reported = tables["refunds"].filter(pl.col("source") == "refund_report")
    there = {"refunds": reported, "complaints": own, "parcels": tables["parcels"], "messages": tables["messages"]}
    wordless = pl.col("order_id").filter(pl.col("status").is_null()).n_unique()
    unknown = tables["orders"].select(wordless).collect().item()
    if unknown:
        found.append(say("today.lack.status", language, orders=unknown))
    found += [say(f"today.lack.{name}", language) for name, rows in there.items() if _empty(rows)]
    if _empty(tables["orders"].filter(pl.col("batch").is_not_null())):
        found.append(say("today.batch.unknown", language))
    return (*found, *note_lines(tables["files"].collect(), language, most=_SHOWN_NOTES))


def _empty(rows: pl.LazyFrame) -> bool:
    return rows.head(1).collect().is_empty()


# Shops export once a day. What is older says nothing of this hour: every clock in it would read as passed.
TOO_OLD = timedelta(hours=24)
FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")


@dataclass(frozen=True)
class Moment:
    """The moment taken as now, where it is from, the clock's own, and the end of the data; all local, without zone."""

    now: datetime
    taken_from: Literal["given", "clock", "data"]
    clock: datetime
    data_until: datetime

    @property
    def age_hours(self) -> float:
        """How much older the data are than the clock."""
        return (self.clock - self.data_until).total_seconds() / 3600


def moment_of(at: str | None, *, clock: datetime, data_until: datetime) -> Moment:
    """The moment that counts as now.

    ``at`` is a moment like 2026-11-23 09:30 (a day alone: its first minute), ``now`` for the clock, ``data`` for the
    end of the data; without it the clock, or the end of the data where that lies more than a day before the clock.
    `UsageError` for anything else.

    >>> end, clock = datetime(2026, 11, 22, 23, 50), datetime(2026, 11, 23, 9)
    >>> moment_of(None, clock=clock, data_until=end).taken_from
    'clock'
    >>> moment_of(None, clock=datetime(2027, 1, 1), data_until=end).now
    datetime.datetime(2026, 11, 22, 23, 50)
    """
    if at is None:
        old = clock - data_until > TOO_OLD
        return Moment(data_until, "data", clock, data_until) if old else Moment(clock, "clock", clock, data_until)
    if at.strip().lower() == "now":
        return Moment(clock, "clock", clock, data_until)
    if at.strip().lower() == "data":
        return Moment(data_until, "data", clock, data_until)
    for shape in FORMATS:
        try:
            return Moment(datetime.strptime(at.strip(), shape), "given", clock, data_until)
        except ValueError:
            continue
    raise UsageError("A moment is written like 2026-11-23 09:30, or is now or data", found=f"'{at}'")


def data_end(orders: Frame, refunds: Frame) -> datetime | None:
    """The latest moment at which the files say that something happened (local, no zone); None in an empty shop.

    >>> orders = pl.DataFrame({"created_at": [datetime(2026, 11, 22, 9)], "paid_at": [None]})
    >>> data_end(orders, pl.DataFrame({"applied_at": [datetime(2026, 11, 22, 11)]}))
    datetime.datetime(2026, 11, 22, 11, 0)
    """
    found = []
    for table, columns in ((orders, ("created_at", "paid_at", "shipped_at")), (refunds, ("applied_at", "finished_at"))):
        there = table.collect_schema()
        times = [c for c in columns if isinstance(there.get(c), pl.Datetime)]
        if times:
            ends = table.lazy().select(pl.col(c).dt.replace_time_zone(None).max() for c in times).collect().row(0)
            found += [end for end in ends if end is not None]
    return max(found, default=None)
