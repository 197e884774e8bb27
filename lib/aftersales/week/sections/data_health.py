"""The sections of 01-data-health: what was read, what is missing, what each absence costs, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import Any

import polars as pl

from aftersales.charts.calendar import calendar_gaps
from aftersales.charts.figure import Chart
from aftersales.charts.note import Note
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import MOST_CONCLUSIONS, Conclusion, Verdict
from aftersales.sources.account import reason_words
from aftersales.sources.unread_files import kind_words
from aftersales.week.loading import Report
from aftersales.week.result import Result
from aftersales.week.sections.health_told import absences_told, absent_names, gaps_told, layout_words
from aftersales.week.sections.shown import lacking
from aftersales.week.span import HALF_YEAR_WEEKS, WEEKS_BACK

MOST_FILES = 12  # a year of weekly exports is looked at by kind; of single files, those that need a look are enough
MOST_WEEKS = 20
MOST_IMPORTS = 8
_COUNTS = ("rows_read", "rows_taken", "rows_merged", "rows_set_aside")


@dataclass(frozen=True, eq=False, repr=False)
class DataHealth(Result):
    """What was read, and what is missing of the last ``back`` weeks, with the sections of its page."""

    report: Report
    back: int = WEEKS_BACK

    @property
    def table(self) -> pl.DataFrame:
        """A row a file: rows read, taken, merged, set aside, first and last day."""
        return self.report.data.files_account

    @property
    def definition(self) -> str:
        """How rows are counted."""
        return self.report.say("data_health.caption_account")

    @property
    def caveats(self) -> tuple[str, ...]:
        """What is missing, a sentence each."""
        return tuple(fact for fact, _ in (*gaps_told(self.report), *absences_told(self.report)))

    def plot(self) -> Chart | Note:
        """The days covered."""
        return self.days()

    def shown(self) -> tuple[Any, ...]:
        """The answer and the account."""
        return self.answer(), self.account()

    def answer(self) -> Verdict:
        """Whether every row is accounted for, and the first things that are missing, each with what it costs."""
        report = self.report
        account = report.data.files_account
        sums = account.select(pl.col(_COUNTS).sum()).row(0, named=True)
        values = {"files": account.height, "broken": account.filter(~pl.col("balanced")).height}
        values |= {name.removeprefix("rows_"): n for name, n in sums.items()}
        values["aside"] = values.pop("set_aside")
        key = "unbalanced" if values["broken"] else "some_aside" if values["aside"] else "nothing_lost"
        points = _points(report)
        return Verdict(report.say(f"data_health.{key}", **values), tuple(points), language=report.language)

    def account(self) -> Table:
        """What became of the rows, by kind of file, all files first: read = taken + merged + set aside."""
        report = self.report
        rows, word = report.data.files_account, report.say
        sums = [*(pl.col(c).sum() for c in _COUNTS), pl.len().cast(pl.Int64).alias("files"), pl.col("balanced").all()]
        kinds = (
            rows.group_by("layout", maintain_order=True).agg(sums).sort("rows_read", "layout", descending=[True, False])
        )
        whole = rows.select(pl.lit(None, dtype=pl.String).alias("layout"), *sums)
        shown = (
            pl.concat([whole, kinds])
            .with_columns(
                kind=pl.col("layout").map_elements(lambda code: layout_words(report, code), return_dtype=pl.String),
                said=pl.when("balanced")
                .then(pl.lit(word("data_health.adds_up")))
                .otherwise(pl.lit(word("data_health.adds_not"))),
                tone=pl.when("balanced").then(pl.lit("good")).otherwise(pl.lit("signal")),
            )
            .with_columns(pl.col("kind").fill_null(word("data_health.all_files")))
        )
        columns = (
            Column("kind", word("data_health.column.kind"), strong=True),
            Column("files", word("data_health.column.files"), "int"), *_counts(report),
            Column("said", word("data_health.column.account"), "chip", tone="tone"),
        )  # fmt: skip
        return Table(
            shown, columns, language=report.language, id="file-account", caption=word("data_health.caption_account")
        )

    def files(self) -> Table:
        """The account file by file, those with rows set aside first, then the newest."""
        report = self.report
        rows, word = report.data.files_account, report.say
        shown = rows.sort("rows_set_aside", "last_at", "file", descending=[True, True, False], nulls_last=True)
        shown = shown.head(MOST_FILES).with_columns(
            kind=pl.col("layout").map_elements(lambda code: layout_words(report, code), return_dtype=pl.String)
        )
        columns = (
            Column("file", word("data_health.column.file"), below="kind"), *_counts(report),
            Column("first_at", word("data_health.column.first"), "date"),
            Column("last_at", word("data_health.column.last"), "date"),
        )  # fmt: skip
        return Table(shown, columns, language=report.language, id="files", total=rows.height)

    def left_out(self) -> Table:
        """Files that are in no table, and why: the unreadable first, then copies and what is no export."""
        report = self.report
        rows, word = report.data.left_out, report.say
        shown = rows.head(MOST_FILES).with_columns(
            why=pl.struct("state", "code").map_elements(
                lambda r: kind_words(r["state"] if r["state"] == "duplicate" else r["code"], report.language),
                return_dtype=pl.String,
            )
        )
        columns = (
            Column("file", word("data_health.column.file"), strong=True),
            Column("why", word("data_health.column.reason")),
        )
        return Table(
            shown,
            columns,
            language=report.language,
            id="left-out",
            total=rows.height,
            empty=word("data_health.no_left_out"),
            caption=word("data_health.caption_left_out") if rows.height else "",
        )

    def set_aside(self) -> Table:
        """Why rows were set aside: how many, in how many files, and one example of each; no cell is shown."""
        report = self.report
        rows, word = report.data.aside_reasons, report.say
        shown = rows.with_columns(
            pl.col("reason").map_elements(lambda code: reason_words(code, report.language), return_dtype=pl.String),
            place=pl.Series(
                [_place(report, *pair) for pair in rows.select("row", "column").iter_rows()], dtype=pl.String
            ),
        )
        columns = (
            Column("reason", word("data_health.column.reason"), strong=True),
            Column("rows", word("data_health.column.rows"), "int"),
            Column("files", word("data_health.column.files"), "int"),
            Column("file", word("data_health.column.example"), below="place"),
        )
        return Table(
            shown,
            columns,
            language=report.language,
            id="set-aside",
            empty=word("data_health.no_aside"),
            caption=word("data_health.caption_aside") if rows.height else "",
        )

    def days(self) -> Chart | Note:
        """Half a year, day by day, for every kind of data the shop has: covered, or missing."""
        report = self.report
        since = report.data.week.shift(1 - min(self.back, HALF_YEAR_WEEKS)).monday
        rows = report.data.covered_days.filter(pl.col("day") >= since)
        if rows.is_empty():
            return lacking(report, "data_health.no_days")
        return calendar_gaps(
            rows.select("kind", "day", rows=pl.col("covered").cast(pl.Int64)),
            id="days-covered",
            language=report.language,
            first=rows["day"][0],
            last=report.data.until,
            prefix="data_health.table.",
            caption=report.say("data_health.caption_days", weeks=min(self.back, HALF_YEAR_WEEKS)),
        )

    def weeks(self) -> Table:
        """Weeks that lack days, newest first."""
        report = self.report
        rows, word = report.data.weeks_lacking, report.say
        rows = rows.filter(pl.col("week") >= report.data.week.shift(1 - self.back).monday)
        columns = (
            Column("week", word("data_health.column.week"), "date", align="left"),
            Column("kind", word("data_health.column.kind"), "word", prefix="data_health.table."),
            Column("days", word("data_health.column.days"), "int", strong=True),
            Column("first_day", word("data_health.column.first_missing"), "date"),
        )
        return Table(
            rows.head(MOST_WEEKS),
            columns,
            language=report.language,
            id="weeks-lacking",
            total=rows.height,
            empty=word("data_health.no_weeks", weeks=self.back),
            caption=word("data_health.caption_weeks", weeks=self.back) if rows.height else "",
        )

    def held(self) -> Table:
        """What the shop has of every kind of data, and from when to when."""
        report = self.report
        word = report.say
        columns = (
            Column("table", word("data_health.column.kind"), "word", prefix="data_health.table.", strong=True),
            Column("rows", word("data_health.column.rows"), "int"),
            Column("first_day", word("data_health.column.first"), "date"),
            Column("last_day", word("data_health.column.last"), "date"),
        )
        return Table(
            report.data.held, columns, language=report.language, id="held", caption=word("data_health.caption_held")
        )

    def costs(self) -> Table:
        """Everything that is missing or odd, and what it costs."""
        report = self.report
        word = report.say
        found = [*gaps_told(report), *absences_told(report)]
        columns = (
            Column("lacks", word("data_health.column.lacks"), strong=True),
            Column("costs", word("data_health.column.costs")),
        )
        frame = pl.DataFrame(found, schema={"lacks": pl.String, "costs": pl.String}, orient="row")
        return Table(frame, columns, language=report.language, id="missing-costs", empty=word("data_health.no_costs"))

    def unknown_orders(self) -> Table:
        """Refunds and complaints whose order is not in the files."""
        report = self.report
        word = report.say
        columns = (
            Column("table", word("data_health.column.kind"), "word", prefix="data_health.table.", strong=True),
            Column("rows", word("data_health.column.rows"), "int"),
            Column("unknown", word("data_health.column.unknown"), "int"),
            Column("share_unknown", word("data_health.column.share"), "pct"),
        )
        return Table(
            report.data.orders_known,
            columns,
            language=report.language,
            id="unknown-orders",
            empty=word("data_health.no_unknown"),
            caption=word("data_health.caption_unknown"),
        )

    def buyers(self) -> Table:
        """How well buyers can be told apart, and what that allows."""
        report = self.report
        word = report.say
        rows = report.data.buyer_quality.with_columns(meaning="quality")
        columns = (
            Column("quality", word("data_health.column.quality"), "word", prefix="data_health.quality.", strong=True),
            Column("orders", word("data_health.column.orders"), "int"),
            Column("share", word("data_health.column.share"), "pct"),
            Column("meaning", word("data_health.column.meaning"), "word", prefix="data_health.meaning."),
        )
        return Table(rows, columns, language=report.language, id="buyers", caption=word("data_health.caption_buyers"))

    def origins(self) -> Table:
        """From how many files and rows each table was filled."""
        report = self.report
        word = report.say
        columns = (
            Column("table", word("data_health.column.kind"), "word", prefix="data_health.table.", strong=True),
            Column("files", word("data_health.column.files"), "int"),
            Column("rows", word("data_health.column.rows"), "int"),
            Column("merged", word("data_health.column.merged"), "int"),
        )
        return Table(
            report.data.rows_by_origin,
            columns,
            language=report.language,
            id="origins",
            caption=word("data_health.caption_origins"),
        )

    def imports(self) -> Table:
        """The last states of the store: when, what was done, how many files and rows."""
        report = self.report
        rows, word = report.data.imports, report.say
        columns = (
            Column("commit", word("data_health.column.state"), "int", align="left"),
            Column("made_at", word("data_health.column.made_at"), "clock", align="left"),
            Column("action", word("data_health.column.action"), "word", prefix="data_health.action.", strong=True),
            Column("files", word("data_health.column.files"), "int"),
            Column("rows_read", word("data_health.column.read"), "int"),
        )
        return Table(
            rows.head(MOST_IMPORTS),
            columns,
            language=report.language,
            id="imports",
            total=rows.height,
            caption=word("data_health.caption_imports", commit=report.data.tables.commit.number),
        )

    def commands(self) -> Table:
        """The commands that import, take back and repeat."""
        report = self.report
        shop, word = report.data.shop.id, report.say
        day = report.data.imports["made_at"].dt.date()[0]
        said = {
            "import": f"aftersales import {shop}",
            "one_file": f"aftersales import {shop} {_example_file(report)}",
            "undo": f"aftersales import {shop} --undo",
            "status": "aftersales status",
            "as_of": f"aftersales weekly --shop {shop} --as-of {day}",
        }
        frame = pl.DataFrame({"task": [word(f"data_health.task.{t}") for t in said], "command": list(said.values())})
        columns = (
            Column("task", word("data_health.column.task")),
            Column("command", word("data_health.column.command"), "code"),
        )
        return Table(
            frame, columns, language=report.language, id="commands", caption=word("data_health.caption_commands")
        )


def _points(report: Report) -> list[Conclusion]:
    """What is missing: what was found in the files first, then, in one point, the files that were never there."""
    gaps, names = gaps_told(report), absent_names(report)
    if not gaps and not names:
        return [Conclusion(report.say("data_health.complete"))]
    room = MOST_CONCLUSIONS - bool(names)
    points = [Conclusion(fact, detail) for fact, detail in gaps[:room]]
    if len(gaps) > room:
        more = report.say("data_health.more_gaps", more=len(gaps) - room)
        points[-1] = Conclusion(points[-1].fact, points[-1].detail, more)
    if names:
        absent = Conclusion(report.say("data_health.lacks_tables", names=names), report.say("data_health.lacks_cost"))
        points.append(absent)
    return points


def _counts(report: Report) -> tuple[Column, ...]:
    word = report.say
    return tuple(
        Column(name, word(f"data_health.column.{short}"), "int")
        for name, short in zip(_COUNTS, ("read", "taken", "merged", "aside"), strict=True)
    )


def _place(report: Report, row: int, column: str | None) -> str:
    said = report.say("data_health.row_of", row=row)
    return f"{said} · {column}" if column else said


def _example_file(report: Report) -> str:
    """The file with most rows set aside, or any: a command is easier to copy than to make up."""
    names = report.data.files_account["file"]
    return quote(f"{report.data.shop.exports.rstrip('/')}/{names[0] if names.len() else 'FILE.csv'}")
