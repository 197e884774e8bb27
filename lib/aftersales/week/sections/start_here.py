"""The sections of 00-start-here: what the suite answers, where this week should be read, and how to go further."""

from __future__ import annotations

import polars as pl

from aftersales.charts.note import Note
from aftersales.charts.table import Column, Table
from aftersales.charts.tiles import Tiles
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.findings.headline import week_verdict
from aftersales.findings.signals import signal_headline
from aftersales.week.findings import findings
from aftersales.week.loading import Report
from aftersales.week.options import checked
from aftersales.week.sections.health_told import damage_told, gaps_told
from aftersales.week.sections.weekly_overview import SHOWN, outside, tiles
from aftersales.words.language import LANGUAGES, enumerated

# The pages in the order of their notebooks: whom each is for, and the findings file that it lists this week.
PAGES: dict[str, tuple[tuple[str, ...], str | None]] = {
    "data-health": (("analyst",), None), "overview": (("manager",), None),
    "refund-trends": (("manager", "service_lead"), None), "complaint-trends": (("service_lead",), None),
    "problem-products": (("quality",), "problem_products"),
    "malicious-orders": (("service_lead",), "suspicious_orders"),
    "malicious-complaints": (("service_lead",), "suspicious_complaints"),
    "policy-and-service": (("manager",), "suggestions"), "did-it-work": (("manager", "analyst"), "decisions"),
    "case-dossier": (("service",), None),
}  # fmt: skip
# What in the data keeps a page from saying anything (kinds of `findings.health`).
NEEDS = {
    "problem-products": {"no_refunds", "no_products"}, "malicious-orders": {"no_refunds"},
    "malicious-complaints": {"absent_complaints"}, "policy-and-service": {"no_refunds"},
}  # fmt: skip
# What a shop can hand in: where its rows are counted (a table of lineage), and whose last day it shares.
EXPORTS = {
    "orders": ("order_records", "orders"), "items": ("item_records", "orders"),
    "refunds": ("refund_records", "refunds"), "complaints": ("complaint_records", "complaints"),
    "parcels": ("parcels", "parcels"), "messages": ("messages", "messages"), "evidence": ("evidence", "evidence"),
    "traffic": ("traffic", "traffic"), "money": ("money", "money"), "products": ("products", "products"),
}  # fmt: skip
MOST_STEPS = 6


def answer(report: Report) -> Verdict:
    """The week in one sentence, or what damages its data; the shop, whether to rely on its data, where to begin."""
    found = week_verdict(report.data.signals, week=report.data.week)
    orders = report.data.held.row(0, named=True)
    word = report.say
    gaps, signals = len(gaps_told(report)), len(outside(report))
    shop = word(
        "start_here.shop",
        name=report.data.shop.name,
        orders=orders["rows"],
        first=orders["first_day"],
        last=orders["last_day"],
    )
    data = Conclusion(word("start_here.sound"))
    if gaps:
        page = _title(report, "data-health")
        data = Conclusion(word("start_here.gaps", gaps=gaps), do=word("start_here.gaps_do", page=page))
    points = [Conclusion(shop), data]
    if signals:
        page = _title(report, "overview")
        points.append(
            Conclusion(word("start_here.outside", outside=signals), do=word("start_here.outside_do", page=page))
        )
    elif found.values["routine"]:
        points.append(Conclusion(word("start_here.nothing_outside")))
    damage = damage_told(report)
    headline = damage[0][0] if damage else found.headline(report.language, currency=report.data.shop.currency)
    return Verdict(headline, tuple(points), language=report.language)


def _title(report: Report, page: str) -> str:
    return report.say(f"start_here.page.{page}.title")


def glance(report: Report) -> Tiles | Note:
    """The shop's week at a glance: every measure, its last weeks, and whether it is where it usually is."""
    return tiles(report)


def pages(report: Report, *, reader: str = "") -> Table:
    """Which page answers which question, who reads it, and what it has to say this week; of one reader's or of all."""
    checked("start-here", reader=reader)
    word, listed = report.say, findings(report)
    rows = [
        (
            _title(report, page),
            word(f"start_here.page.{page}.question"),
            enumerated((word(f"start_here.reader.{one}") for one in readers), report.language),
            *_state(report, page, listed),
        )
        for page, (readers, _) in PAGES.items()
        if not reader or reader in readers
    ]
    names = ("title", "question", "reader", "now", "tone")
    columns = (
        Column("title", word("start_here.column.page"), strong=True, below="reader"),
        Column("question", word("start_here.column.question")),
        Column("now", word("start_here.column.now"), "chip", tone="tone"),
    )
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return Table(frame, columns, language=report.language, id="pages", caption=word("start_here.caption_pages"))


def _state(report: Report, page: str, listed: dict[str, pl.DataFrame]) -> tuple[str, str]:
    """What a page has to say this week, and its tone."""
    if page == "data-health":
        return _said(report, len(gaps_told(report)), some="gaps", none="sound")
    measures = [m for m, (_, its_page) in SHOWN.items() if page in (its_page, "overview")]
    if measures:
        return _signal_state(report, measures)
    name = PAGES[page][1]
    if name is None:
        return report.say("start_here.state.any"), "plain"
    ids = "case_id" if "case_id" in listed[name].columns else listed[name].columns[0]
    lacking = {f.kind for f in report.data.data_findings} & NEEDS.get(page, set())
    return _said(report, listed[name][ids].n_unique(), some="listed", none="lacking" if lacking else "none_listed")


def _signal_state(report: Report, measures: list[str]) -> tuple[str, str]:
    far = sum(row["measure"] in measures for row in outside(report))
    rows = report.data.signals.filter(
        pl.col("week") == str(report.data.week), pl.col("scope") == "shop", pl.col("measure").is_in(measures)
    )
    routine = rows.filter(pl.col("verdict") == "routine").height
    if far or routine:
        return _said(report, far, some="outside", none="routine", calm=routine)
    return report.say(f"start_here.state.{'no_measure' if rows.is_empty() else 'too_early'}"), "plain"


def _said(report: Report, n: int, *, some: str, none: str, calm: int = 0) -> tuple[str, str]:
    tone = "signal" if n else "plain"
    return report.say(f"start_here.state.{some if n else none}", n=n or calm), tone


def steps(report: Report, *, most: int = MOST_STEPS) -> Table:
    """Where to read on this week: what was seen, and the page it leads to."""
    checked("start-here", steps=most)
    word, currency = report.say, report.data.shop.currency
    seen = [
        (signal_headline(row, report.language, currency=currency), _title(report, SHOWN[row["measure"]][1]))
        for row in outside(report)
    ]
    seen += [(fact, _title(report, "data-health")) for fact, _ in gaps_told(report)]
    frame = pl.DataFrame(seen[:most], schema={"why": pl.String, "page": pl.String}, orient="row")
    columns = (
        Column("why", word("start_here.column.why")), Column("page", word("start_here.column.page"), strong=True),
    )  # fmt: skip
    return Table(
        frame, columns, language=report.language, id="steps", total=len(seen), empty=word("start_here.no_steps")
    )


def exports(report: Report) -> Table:
    """The files a shop can hand in, what each adds, and which of them this shop has."""
    word = report.say
    read = dict(report.data.rows_by_origin.select("table", pl.col("rows") - pl.col("merged")).iter_rows())
    held = {row["table"]: row for row in report.data.held.iter_rows(named=True)}
    rows = []
    for name, (origin, table) in EXPORTS.items():
        said = [word(f"start_here.export.{name}.{part}") for part in ("title", "file", "adds")]
        here = _here(report, read.get(origin, 0), held[table], disputes=name == "complaints")
        rows.append((*said, *here, "good" if read.get(origin) else "plain"))
    names = ("title", "file", "adds", "here", "more", "tone")
    columns = (
        Column("title", word("start_here.column.file"), strong=True, below="file"),
        Column("adds", word("start_here.column.adds")),
        Column("here", word("start_here.column.here"), "chip", tone="tone", below="more"),
    )
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    return Table(frame, columns, language=report.language, id="exports", caption=word("start_here.caption_exports"))


def _here(report: Report, read: int, held: dict, *, disputes: bool) -> tuple[str, str | None]:
    """Whether the shop has a kind of file, and up to when; complaints may also be read off the refund report."""
    if not read:
        off_refunds = report.say("start_here.disputes", rows=held["rows"]) if disputes and held["rows"] else None
        return report.say("start_here.has_not"), off_refunds
    last = report.say("start_here.to", last=held["last_day"]) if held["last_day"] else None
    return report.say("start_here.has", rows=read), last


def switching(report: Report) -> Table:
    """How to open another week, shop or language."""
    shop, week = report.data.shop.id, report.data.week
    other = next(code for code in LANGUAGES if code != report.language)
    first = report.data.held["first_day"][0]
    earlier = week.shift(-1) if first is not None and week.shift(-1).sunday >= first else week
    said = {
        "other_week": f"aftersales weekly --shop {shop} --week {earlier}",
        "latest": f"aftersales weekly --shop {shop}",
        "every": "aftersales weekly",
        "status": "aftersales status",
        "load": f'shop = asa.open("{shop}", week="{week}")',
        "language": f'shop = asa.open("{shop}", week="{week}", language="{other}")',
    }
    return _commands(report, said, id="switching")


def own_files(report: Report) -> Table:
    """How a shop's own exports come in."""
    shop = report.data.shop.id
    said = {
        "init": "aftersales init",
        "import": f"aftersales import {shop}",
        "latest": f"aftersales weekly --shop {shop}",
    }
    return _commands(report, said, id="own-files")


def own_cells(report: Report) -> Table:
    """Where an analyst goes on with cells of their own."""
    said = {
        "names": "dir(shop)",
        "signals": "shop.signals().table",
        "table": 'shop.data.tables["orders"].head().collect()',
        "measure": 'asa.refund_mix(shop.data.tables["refunds"], by="reason", until=shop.data.until)',
    }
    return _commands(report, said, id="own-cells")


def _commands(report: Report, said: dict[str, str], *, id: str) -> Table:
    word = report.say
    frame = pl.DataFrame({"task": [word(f"start_here.task.{t}") for t in said], "command": list(said.values())})
    columns = (
        Column("task", word("start_here.column.task")), Column("command", word("start_here.column.command"), "code"),
    )  # fmt: skip
    return Table(
        frame,
        columns,
        language=report.language,
        id=id,
        caption=word("start_here.caption_commands"),
        label=word(f"start_here.label.{id.replace('-', '_')}"),
    )
