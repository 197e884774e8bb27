"""The sections of 10-case-dossier: one case's facts, records, evidence and doubts, and the commands for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from aftersales.cases.dossier import Dossier
from aftersales.cases.quoting import quoted
from aftersales.cases.rows import place_of
from aftersales.charts.note import Note
from aftersales.charts.stack import Stack
from aftersales.charts.table import Column, Table
from aftersales.charts.verdict import Conclusion, Verdict
from aftersales.tables.columns import known_total
from aftersales.week.dossiers import gathered
from aftersales.week.loading import Report
from aftersales.week.result import Result
from aftersales.week.sections.case_record import past_cases
from aftersales.week.sections.shown import lacking
from aftersales.words.language import run_on

MOST_ROWS = 30
_TEXT_MOST = 160


@dataclass(frozen=True, eq=False, repr=False)
class CaseDossier(Result):
    """One case of the week's lists, or of a number given, with the sections of its page."""

    report: Report
    case_id: str = ""

    @cached_property
    def dossier(self) -> Dossier | None:
        """The dossier of the case, of the most urgent one where none is named; None where no case is open."""
        name = self.case_id.strip() or self.report.data.most_urgent_case
        if not name:
            return None
        held = self.report.data.dossiers
        if (name, self.report.language) not in held:
            held[name, self.report.language] = gathered(self.report, name)
        return held[name, self.report.language]

    @property
    def table(self) -> pl.DataFrame:
        """The timeline: a row a record, with its file and row; without rows where there is no case."""
        return pl.DataFrame() if self.dossier is None else self.dossier.timeline

    @property
    def caveats(self) -> tuple[str, ...]:
        """What speaks for the buyer, and where the shop's own case is weak."""
        found = self.for_buyer()
        return tuple(note.text for note in (found.items if isinstance(found, Stack) else (found,)))

    def plot(self) -> Table | Note:
        """The timeline."""
        return self.timeline()

    def shown(self) -> tuple[Any, ...]:
        """The answer, the timeline and the evidence."""
        return self.answer(), self.timeline(), self.evidence()

    def answer(self) -> Verdict:
        """Which case, until when, what is missing, what to do next."""
        report, told = self.report, self.dossier
        if told is None:
            return Verdict(report.say("case.page.none"), language=report.language)
        headline = report.say(
            "case.page.headline",
            case=told.case.id,
            type=f"dossier.type.{told.kind}",
            orders=told.records.orders["order_id"].n_unique(),
            money=known_total(told.records.orders["amount"]),
            state=f"case.state.{told.state}",
        )
        lacks = [report.say(f"dossier.need.{n.id}") for n in told.needs if n.state == "missing"]
        missing = report.say("case.page.lacks", needs=lacks) if lacks else report.say("case.page.complete")
        step = told.suspicion.next_step or report.say("dossier.page.next_default")
        points = (Conclusion(_deadline(report, told), do=step), Conclusion(missing))
        return Verdict(headline, points, language=report.language)

    def facts(self) -> Note:
        """What happened, from the records alone."""
        report, told = self.report, self.dossier
        if told is None:
            return lacking(report, "case.page.none")
        return Note(told.statement, language=report.language, look="plain")

    def against(self) -> Stack | Note:
        """Each claim beside the record; for suspected orders why they are listed, and how others' orders ended."""
        report, told = self.report, self.dossier
        if told is None:
            return lacking(report, "case.page.none")
        shown: list[Note | Table] = [Note(r, language=report.language, look="plain") for r in told.suspicion.reasons]
        if told.compared is not None and told.compared.others.rate is not None:
            of = told.compared
            shown.append(
                Note(
                    report.say(
                        "dossier.compare.caption",
                        part=of.own.part,
                        whole=of.own.whole,
                        products=of.products,
                        first=of.first,
                        last=of.last,
                        other=of.others.part,
                        others=of.others.whole,
                        low=of.others.low,
                        high=of.others.high,
                    ),
                    language=report.language,
                )
            )
        if told.claims.height:
            columns = (Column("claim", report.say("dossier.column.claim")), Column("record", report.say(
                "dossier.column.record")))  # fmt: skip
            shown.append(
                Table(
                    told.claims.head(MOST_ROWS),
                    columns,
                    language=report.language,
                    id="claims",
                    total=told.claims.height,
                )
            )
        return Stack(shown) if shown else lacking(report, "dossier.page.not_listed")

    def timeline(self) -> Table | Note:
        """The case to the minute, each entry with file and row."""
        report, told = self.report, self.dossier
        if told is None:
            return lacking(report, "case.page.none")
        rows = told.timeline.filter(pl.col("main") | pl.col("said")).head(MOST_ROWS)
        texts = [quoted(t, most=_TEXT_MOST, language=report.language) for t in rows["text"]]
        places = [place_of(told, f, r) for f, r in rows.select("file", "row").iter_rows()]
        sources = [report.say(f"dossier.source.{s}") for s in rows["source"]]
        shown = rows.with_columns(
            text=pl.Series(texts, dtype=pl.String),
            place=pl.Series(places, dtype=pl.String),
            source=pl.Series(sources, dtype=pl.String),
        )
        columns = (
            Column("at", report.say("dossier.column.at"), "clock"),
            Column("source", report.say("dossier.column.source")),
            Column("text", report.say("dossier.column.event"), below="place"),
        )  # fmt: skip
        return Table(shown, columns, language=report.language, id="timeline", total=told.timeline.height)

    def evidence(self) -> Stack | Note:
        """What the case needs and whether it is there; the files kept, with the beginning of each hash."""
        report, told = self.report, self.dossier
        if told is None:
            return lacking(report, "case.page.none")
        word = report.say
        needs = pl.DataFrame(
            [
                (
                    word(f"dossier.need.{n.id}"),
                    word(f"dossier.need_state.{n.state}"),
                    "signal" if n.state == "missing" else "good" if n.state == "file" else "plain",
                    word(f"dossier.where.{n.id}") if n.state != "file" else "",
                )
                for n in told.needs
            ],
            schema={"need": pl.String, "state": pl.String, "tone": pl.String, "where": pl.String},
            orient="row",
        )
        files = pl.DataFrame(
            [
                (f.name, f.kind, f.taken_at, word(f"dossier.file_state.{f.state}"), (f.sha256 or "")[:16])
                for f in told.evidence
            ],
            schema={
                "name": pl.String,
                "kind": pl.String,
                "at": told.timeline.schema["at"],
                "state": pl.String,
                "sha": pl.String,
            },
            orient="row",
        )
        first = Table(
            needs,
            (
                Column("need", word("dossier.column.need"), strong=True),
                Column("state", word("dossier.column.state"), "chip", tone="tone"),
                Column("where", word("dossier.column.where")),
            ),
            language=report.language,
            id="needs",
            total=needs.height,
        )
        second = Table(
            files.head(MOST_ROWS),
            (
                Column("name", word("dossier.column.file"), below="state"),
                Column("kind", word("dossier.column.kind")),
                Column("at", word("dossier.column.taken"), "clock"),
                Column("sha", "SHA-256", "code"),
            ),
            language=report.language,
            id="evidence-files",
            total=files.height,
            empty=word("dossier.column.no_evidence"),
        )
        return Stack([first, second])

    def clauses(self) -> Table | Note:
        """The articles that apply; those that speak for the buyer are marked as internal."""
        report, told = self.report, self.dossier
        if told is None:
            return lacking(report, "case.page.none")
        cited = [*told.clauses, *told.clauses_internal]
        if not cited:
            return lacking(report, "dossier.page.no_clauses")
        rows = pl.DataFrame(
            [
                (
                    report.say(f"clause.name.{c.id}"),
                    report.say(f"clause.rule.{c.rule}"),
                    report.say(f"clause.says.{c.id}"),
                    report.say(f"clause.why.{c.id}"),
                    report.say("case.page.internal_only") if c.internal else "",
                )
                for c in cited
            ],
            schema=dict.fromkeys(("name", "rule", "says", "why", "inner"), pl.String),
            orient="row",
        )
        columns = (
            Column("name", report.say("dossier.column.clause"), strong=True, below="rule"),
            Column("says", report.say("dossier.column.says")),
            Column("why", report.say("dossier.column.why"), below="inner"),
        )
        return Table(rows, columns, language=report.language, id="clauses", total=rows.height)

    def for_buyer(self) -> Stack | Note:
        """What speaks for the buyer, and where the shop's own case is weak."""
        report, told = self.report, self.dossier
        if told is None:
            return lacking(report, "case.page.none")
        weak = report.say("case.page.weak", told=run_on(told.weaknesses, report.language))
        kind = report.say(
            "case.page.for_buyer",
            told=run_on(told.for_buyer, report.language) or report.say("dossier.nothing"),
        )
        return Stack(
            [
                Note(kind, language=report.language, look="plain"),
                Note(weak, language=report.language, look="plain"),
            ]
        )

    def commands(self) -> Table | Note:
        """The commands that write the dossier, check it, and record how the case went; the page writes nothing."""
        report, told = self.report, self.dossier
        if told is None:
            return lacking(report, "case.page.none")
        shop, case = report.data.shop.id, told.case.id
        lines = [
            ("write", f"aftersales case {shop} {case}"),
            ("check", f"aftersales verify reports/{shop}/cases/{case}/*-platform.zip"),
            ("contacted", f'aftersales case {shop} {case} --state contacted --note "…" --by …'),
            ("filed", f"aftersales case {shop} {case} --state filed"),
            ("won", f"aftersales case {shop} {case} --state won"),
            ("innocent", f'aftersales case {shop} {case} --state innocent --note "…"'),
        ]
        rows = pl.DataFrame(
            [(report.say(f"case.page.do_{name}"), line) for name, line in lines],
            schema={"what": pl.String, "line": pl.String},
            orient="row",
        )
        columns = (Column("what", report.say("case.page.column_what")), Column("line", report.say(
            "case.page.column_line"), "code"))  # fmt: skip
        return Table(rows, columns, language=report.language, id="commands", total=rows.height)

    def record(self) -> Stack:
        """How cases ended so far."""
        return past_cases(self.report)


def _deadline(report: Report, told: Dossier) -> str:
    ahead = [d for d in told.deadlines if not d.over]
    if not ahead:
        return report.say("dossier.deadline.none")
    return report.say(f"dossier.deadline.{ahead[0].what}", at=ahead[0].at, of=ahead[0].of)
